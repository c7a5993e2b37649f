// Numbers as JavaScript and JSON write them. The browser's module has JavaScript itself do it
// (platform/web/wasm/number_text.cpp); everywhere else it is decimal.hpp's, with the same results.
#pragma once

#include <string>
#include <string_view>

namespace p2pml::base {

/// The double nearest to what is written as decimal.hpp's readDecimal reads it. Infinity above the range; 0 below the
/// smallest normal double.
double readNumber(std::string_view text);

/// Appends ECMA-262's Number::toString: the fewest digits that read back the same. Precondition: finite.
void appendNumber(std::string& out, double value);

}  // namespace p2pml::base
