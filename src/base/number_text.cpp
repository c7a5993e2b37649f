#include "base/number_text.hpp"

#include <cstdint>

#include "base/decimal.hpp"

namespace p2pml::base {

double readNumber(std::string_view text) { return toDouble(readDecimal(text)); }

void appendNumber(std::string& out, double value) {
  if (value == 0) {  // also -0
    out.push_back('0');
    return;
  }
  // Where the point goes is ECMA-262's Number::toString, so that the text is JavaScript's.
  if (value < 0) out.push_back('-');
  const Decimal decimal = shortestDecimal(value);
  const std::string& digits = decimal.digits;
  const auto count = static_cast<std::int32_t>(digits.size());
  const auto point = static_cast<std::int32_t>(decimal.point);  // digits before the decimal point
  const std::int32_t exponent = point - 1;
  if (count <= point && point <= 21) {
    out += digits;
    out.append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out.append(digits, 0, static_cast<std::size_t>(point));
    out.push_back('.');
    out.append(digits, static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += digits;
  } else {
    out.push_back(digits.front());
    if (count > 1) {
      out.push_back('.');
      out.append(digits, 1);
    }
    out += exponent < 0 ? "e-" : "e+";
    out += std::to_string(exponent < 0 ? -exponent : exponent);
  }
}

}  // namespace p2pml::base
