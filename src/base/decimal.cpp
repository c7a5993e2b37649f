#include "base/decimal.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <compare>
#include <cstddef>
#include <limits>
#include <vector>

#include "base/assert.hpp"

namespace p2pml::base {

namespace {

/// More digits than it takes to tell any number from the middle between two doubles.
constexpr std::size_t kMaxDigits = 800;
constexpr int kFractionBits = 52;
constexpr int kExponentBias = 1075;  // of the fraction read as an integer

/// A whole number, not negative. The lowest word first, no zero words at the end.
class Natural {
 public:
  explicit Natural(std::uint64_t value = 0) {
    for (; value != 0; value >>= 32) words_.push_back(static_cast<std::uint32_t>(value));
  }

  void multiplyAdd(std::uint32_t factor, std::uint32_t addend) {
    std::uint64_t carry = addend;
    for (std::uint32_t& word : words_) {
      carry += std::uint64_t{word} * factor;
      word = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words_.push_back(static_cast<std::uint32_t>(carry));
  }
  void multiplyByPowerOf10(std::int64_t exponent) {
    for (; exponent >= 9; exponent -= 9) multiplyAdd(1'000'000'000, 0);
    for (; exponent > 0; --exponent) multiplyAdd(10, 0);
  }
  void shiftLeft(std::size_t bits) {
    if (words_.empty()) return;
    multiplyAdd(std::uint32_t{1} << (bits % 32), 0);
    words_.insert(words_.begin(), bits / 32, 0);
  }
  void add(const Natural& other) {
    words_.resize(std::max(words_.size(), other.words_.size()) + 1);
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      carry += std::uint64_t{words_[i]} + (i < other.words_.size() ? other.words_[i] : 0);
      words_[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    trim();
  }
  /// Precondition: other <= this.
  void subtract(const Natural& other) {
    std::int64_t borrow = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      borrow += std::int64_t{words_[i]} - (i < other.words_.size() ? other.words_[i] : 0);
      words_[i] = static_cast<std::uint32_t>(borrow);
      borrow >>= 32;
    }
    P2PML_ASSERT(borrow == 0);
    trim();
  }
  [[nodiscard]] bool isZero() const { return words_.empty(); }
  [[nodiscard]] std::size_t bitLength() const {
    return words_.empty() ? 0 : 32 * words_.size() - static_cast<std::size_t>(std::countl_zero(words_.back()));
  }
  friend std::strong_ordering operator<=>(const Natural& a, const Natural& b) {
    if (a.words_.size() != b.words_.size()) return a.words_.size() <=> b.words_.size();
    for (std::size_t i = a.words_.size(); i-- > 0;) {
      if (a.words_[i] != b.words_[i]) return a.words_[i] <=> b.words_[i];
    }
    return std::strong_ordering::equal;
  }
  friend bool operator==(const Natural&, const Natural&) = default;

 private:
  void trim() {
    while (!words_.empty() && words_.back() == 0) words_.pop_back();
  }

  std::vector<std::uint32_t> words_;
};

std::size_t sizeOf(std::int64_t difference) { return static_cast<std::size_t>(std::max<std::int64_t>(difference, 0)); }

}  // namespace

// Steele and White, "How to print floating-point numbers accurately" (1990): the value and half the distances to its
// neighbours as fractions of one denominator; digits are taken off until what is left is nearer than these.
Decimal shortestDecimal(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto biased = static_cast<std::int64_t>((bits >> kFractionBits) & 0x7ff);
  std::uint64_t fraction = bits & ((std::uint64_t{1} << kFractionBits) - 1);
  P2PML_ASSERT(biased != 0x7ff);
  if (biased == 0 && fraction == 0) return {};
  // Below a power of two the neighbour is half as far away.
  const bool nearerBelow = fraction == 0 && biased > 1;
  if (biased != 0) fraction |= std::uint64_t{1} << kFractionBits;
  const std::int64_t exponent = std::max<std::int64_t>(biased, 1) - kExponentBias;
  const bool even = fraction % 2 == 0;

  const std::size_t scale = nearerBelow ? 2 : 1;
  Natural rest(fraction);
  rest.shiftLeft(sizeOf(exponent) + scale);
  Natural denominator(1);
  denominator.shiftLeft(sizeOf(-exponent) + scale);
  Natural below(1);
  below.shiftLeft(sizeOf(exponent));
  Natural above = below;
  if (nearerBelow) above.shiftLeft(1);

  Decimal result;
  // At most one too small.
  result.point = static_cast<std::int64_t>(std::ceil(std::log10(std::fabs(value)) - 1e-10));
  if (result.point >= 0) {
    denominator.multiplyByPowerOf10(result.point);
  } else {
    for (Natural* number : {&rest, &below, &above}) number->multiplyByPowerOf10(-result.point);
  }
  const auto reachesUp = [&] {
    Natural sum = rest;
    sum.add(above);
    return even ? sum >= denominator : sum > denominator;
  };
  if (reachesUp()) {
    ++result.point;
    denominator.multiplyAdd(10, 0);
  }
  for (;;) {
    for (Natural* number : {&rest, &below, &above}) number->multiplyAdd(10, 0);
    char digit = '0';
    for (; rest >= denominator; ++digit) rest.subtract(denominator);
    const bool low = even ? rest <= below : rest < below;
    const bool high = reachesUp();
    if (low || high) {
      Natural twice = rest;
      twice.shiftLeft(1);
      const bool up = low && high ? twice > denominator || (twice == denominator && digit % 2 != 0) : high;
      result.digits.push_back(up ? static_cast<char>(digit + 1) : digit);
      return result;
    }
    result.digits.push_back(digit);
  }
}

double toDouble(const Decimal& decimal) {
  const std::string_view all = decimal.digits;
  const std::string_view digits = all.substr(0, kMaxDigits);
  if (digits.empty() || decimal.point < -330) return 0;
  if (decimal.point > 310) return std::numeric_limits<double>::infinity();
  std::int64_t exponent = decimal.point - static_cast<std::int64_t>(digits.size());

  if (digits.size() <= 15 && exponent >= -22 && exponent <= 22) {
    // Both are doubles, so that their product or quotient is rounded once.
    double value = 0;
    for (const char digit : digits) value = value * 10 + (digit - '0');
    double power = 1;
    for (std::int64_t i = std::abs(exponent); i > 0; --i) power *= 10;
    return exponent < 0 ? value / power : value * power;
  }

  Natural numerator;
  for (const char digit : digits) {
    if (numerator.isZero()) {
      numerator = Natural(static_cast<std::uint64_t>(digit - '0'));
    } else {
      numerator.multiplyAdd(10, static_cast<std::uint32_t>(digit - '0'));
    }
  }
  if (digits.size() < all.size()) {
    // Something not zero follows.
    numerator.multiplyAdd(10, 1);
    --exponent;
  }
  Natural denominator(1);
  (exponent < 0 ? denominator : numerator).multiplyByPowerOf10(std::abs(exponent));

  // numerator / denominator = quotient * 2^power with 1 <= quotient < 2.
  auto power = static_cast<std::int64_t>(numerator.bitLength()) - static_cast<std::int64_t>(denominator.bitLength());
  numerator.shiftLeft(sizeOf(-power));
  denominator.shiftLeft(sizeOf(power));
  if (numerator < denominator) {
    numerator.shiftLeft(1);
    --power;
  }
  // One bit more than a double has, to round by.
  std::uint64_t quotient = 0;
  for (int bit = 0; bit < kFractionBits + 2; ++bit) {
    quotient <<= 1;
    if (numerator >= denominator) {
      numerator.subtract(denominator);
      quotient |= 1;
    }
    numerator.shiftLeft(1);
  }
  const bool half = quotient % 2 != 0;
  quotient >>= 1;
  if (half && (!numerator.isZero() || quotient % 2 != 0)) ++quotient;
  const double value = std::ldexp(static_cast<double>(quotient), static_cast<int>(power) - kFractionBits);
  return value < std::numeric_limits<double>::min() ? 0 : value;
}

Decimal readDecimal(std::string_view text) {
  constexpr std::int64_t kHuge = 1'000'000'000;
  Decimal result;
  std::size_t at = 0;
  bool pastPoint = false;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      pastPoint = true;
      continue;
    }
    if (!result.digits.empty() || text[at] != '0') {
      result.digits.push_back(text[at]);
      if (!pastPoint) ++result.point;
    } else if (pastPoint) {
      --result.point;
    }
  }
  while (!result.digits.empty() && result.digits.back() == '0') result.digits.pop_back();
  if (result.digits.empty()) return {};
  if (at == text.size()) return result;
  ++at;
  const bool negative = text[at] == '-';
  if (negative || text[at] == '+') ++at;
  std::int64_t exponent = 0;
  for (; at < text.size(); ++at) exponent = std::min(exponent * 10 + (text[at] - '0'), kHuge);
  result.point += negative ? -exponent : exponent;
  return result;
}

}  // namespace p2pml::base
