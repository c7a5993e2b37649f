// base/number_text.hpp for the module: by the page's JavaScript, which has the reading and the writing of numbers built
// in (imports numberOf and numberText of interface.hpp).

#include "base/number_text.hpp"

#include <cstddef>
#include <limits>

extern "C" {
__attribute__((import_module("env"), import_name("numberOf"))) double numberOf(const char* text, std::size_t length);
__attribute__((import_module("env"), import_name("numberText"))) std::size_t numberText(double value, char* place);
}

namespace p2pml::base {

double readNumber(std::string_view text) {
  const double value = numberOf(text.data(), text.size());
  return value < std::numeric_limits<double>::min() ? 0 : value;
}

void appendNumber(std::string& out, double value) {
  char text[32];
  out.append(text, numberText(value, text));
}

}  // namespace p2pml::base
