// Doubles to decimal digits and back, exactly, without tables: std::to_chars and std::from_chars bring 130 KB of them
// into the browser's module. The same results on every platform.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace p2pml::base {

/// `digits` as 0.digits * 10^point. No zeros at either end; empty: zero.
struct Decimal {
  std::string digits;
  std::int64_t point = 0;

  friend bool operator==(const Decimal&, const Decimal&) = default;
};

/// The fewest digits that read back as `value`, and of these the closest. Precondition: finite. The sign is left out.
Decimal shortestDecimal(double value);

/// The double nearest to it, ties to even. Infinity above the range; 0 below the smallest normal double.
double toDouble(const Decimal& decimal);

/// Reads digits, a point and an exponent, as in JSON but without a sign: "12", "1.5", ".5", "1.", "1e-3".
/// Precondition: it is of that form.
Decimal readDecimal(std::string_view text);

}  // namespace p2pml::base
