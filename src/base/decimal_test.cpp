#include "base/decimal.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/rng.hpp"

namespace p2pml::base {
namespace {

/// What the standard library prints, as a Decimal.
Decimal reference(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  return readDecimal(std::string_view(buffer, static_cast<std::size_t>(end - buffer)));
}

TEST(Decimal, ReadsDigitsPointAndExponent) {
  EXPECT_EQ(readDecimal("0"), (Decimal{"", 0}));
  EXPECT_EQ(readDecimal("0.000e5"), (Decimal{"", 0}));
  EXPECT_EQ(readDecimal("1"), (Decimal{"1", 1}));
  EXPECT_EQ(readDecimal("1200"), (Decimal{"12", 4}));
  EXPECT_EQ(readDecimal("12.50"), (Decimal{"125", 2}));
  EXPECT_EQ(readDecimal("0.00125"), (Decimal{"125", -2}));
  EXPECT_EQ(readDecimal(".5"), (Decimal{"5", 0}));
  EXPECT_EQ(readDecimal("5."), (Decimal{"5", 1}));
  EXPECT_EQ(readDecimal("1.5E+3"), (Decimal{"15", 4}));
  EXPECT_EQ(readDecimal("1e-3"), (Decimal{"1", -2}));
  EXPECT_EQ(readDecimal("1e99999999999999999999").point, 1'000'000'001);
}

TEST(Decimal, KnownHardOnes) {
  for (const double value :
       {0.1, 0.06, 1.0, 9007199254740993.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 4503599627370496.5,
        1e23, 9.5367431640625e-7, 2.0, 1024.0, 0.3, 123456789012345680.0}) {
    EXPECT_EQ(shortestDecimal(value), reference(value)) << value;
    EXPECT_EQ(shortestDecimal(-value), reference(value)) << value;
    if (value >= std::numeric_limits<double>::min()) {
      EXPECT_EQ(toDouble(shortestDecimal(value)), value);
    }
  }
  EXPECT_EQ(shortestDecimal(0), Decimal());
  EXPECT_EQ(shortestDecimal(-0.0), Decimal());
  EXPECT_EQ(toDouble({}), 0);
}

TEST(Decimal, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(toDouble(readDecimal("9007199254740993")), 9007199254740992.0);
  EXPECT_EQ(toDouble(readDecimal("9007199254740995")), 9007199254740996.0);
  const std::string zeros(900, '0');
  EXPECT_EQ(toDouble(readDecimal("9007199254740993." + zeros + "1")), 9007199254740994.0);
  EXPECT_EQ(toDouble(readDecimal("9007199254740993." + zeros + "e0")), 9007199254740992.0);
  EXPECT_EQ(toDouble(readDecimal("1.7976931348623158e308")), std::numeric_limits<double>::max());
  EXPECT_EQ(toDouble(readDecimal("1.7976931348623159e308")), INFINITY);
  EXPECT_EQ(toDouble(readDecimal("1e400")), INFINITY);
  EXPECT_EQ(toDouble(readDecimal("1e999999999999")), INFINITY);
  EXPECT_EQ(toDouble(readDecimal("1e-400")), 0);
  EXPECT_EQ(toDouble(readDecimal("1e-310")), 0);
  EXPECT_EQ(toDouble(readDecimal("2.2250738585072014e-308")), std::numeric_limits<double>::min());
}

TEST(Decimal, AgreesWithTheStandardLibraryOnAnyBits) {
  Rng rng(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::fabs(std::bit_cast<double>(rng.next()));
    if (!std::isnormal(value)) continue;
    const Decimal decimal = shortestDecimal(value);
    ASSERT_EQ(decimal, reference(value)) << value;
    ASSERT_EQ(toDouble(decimal), value);
  }
}

TEST(Decimal, AgreesWithTheStandardLibraryOnShortAndLongText) {
  Rng rng(8);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = "1";
    const auto digits = rng.below(25);
    for (std::uint64_t d = 0; d < digits; ++d) text.push_back(static_cast<char>('0' + rng.below(10)));
    if (rng.below(2) == 0) text.insert(static_cast<std::size_t>(1 + rng.below(text.size())), ".");
    const auto exponent = rng.between(-300, 280);
    if (rng.below(2) == 0) text += "e" + std::to_string(exponent);
    double expected = 0;
    std::from_chars(text.data(), text.data() + text.size(), expected);
    ASSERT_EQ(toDouble(readDecimal(text)), expected) << text;
  }
}

}  // namespace
}  // namespace p2pml::base
