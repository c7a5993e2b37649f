#include "media/m3u8_lexer.hpp"

#include <algorithm>
#include <utility>

namespace p2pml::media {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr bool isDigit(char c) { return c >= '0' && c <= '9'; }

constexpr std::string_view kSpace = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string shown(std::string_view text) { return "\"" + std::string(text.substr(0, 60)) + "\""; }

}  // namespace

M3u8LineReader::M3u8LineReader(std::string_view text) : rest_(text) {
  if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
}

std::optional<M3u8Line> M3u8LineReader::next() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t end = std::min(rest_.find('\n'), rest_.size());
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return M3u8Line{++number_, trimmed(line)};
}

std::string_view trimLine(std::string_view line) { return trimmed(line); }

M3u8LineKind classify(std::string_view line) {
  if (line.empty()) return M3u8LineKind::blank;
  if (line.front() != '#') return M3u8LineKind::uri;
  return line.starts_with("#EXT") ? M3u8LineKind::tag : M3u8LineKind::comment;
}

M3u8Tag splitTag(std::string_view line) {
  line.remove_prefix(1);
  const std::size_t colon = std::min(line.find(':'), line.size());
  return {trimmed(line.substr(0, colon)), trimmed(line.substr(std::min(colon + 1, line.size())))};
}

std::optional<std::uint64_t> parseDecimalInteger(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr std::uint64_t kMax = ~std::uint64_t{0};
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!isDigit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

std::optional<std::int64_t> parseDecimal(std::string_view text, int decimals) {
  constexpr std::int64_t kMaxUnits = 1'000'000'000'000'000;
  std::int64_t units = 0;
  bool anyDigit = false;
  bool inFraction = false;
  bool rounded = false;
  int missing = decimals;  // fraction digits still to come
  for (const char c : text) {
    if (c == '.') {
      if (inFraction) return std::nullopt;
      inFraction = true;
      continue;
    }
    if (!isDigit(c)) return std::nullopt;
    anyDigit = true;
    const std::int64_t digit = c - '0';
    if (!inFraction || missing > 0) {
      units = units * 10 + digit;
      if (inFraction) --missing;
      if (units > kMaxUnits) return std::nullopt;
    } else if (!rounded) {
      // The first digit that has no place decides; those after it cannot change "half up".
      rounded = true;
      if (digit >= 5) ++units;
    }
  }
  if (!anyDigit) return std::nullopt;
  for (; missing > 0; --missing) {
    units *= 10;
    if (units > kMaxUnits) return std::nullopt;
  }
  if (units > kMaxUnits) return std::nullopt;
  return units;
}

std::optional<std::int64_t> parseSignedDecimal(std::string_view text, int decimals) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto value = parseDecimal(text, decimals);
  return value && negative ? std::optional(-*value) : value;
}

std::optional<std::array<std::uint8_t, 16>> parseHex128(std::string_view text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return std::nullopt;
  text.remove_prefix(2);
  if (text.empty() || text.size() > 32) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[text.size() - 1 - i];
    int digit = 0;
    if (isDigit(c)) {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return std::nullopt;
    }
    bytes[15 - i / 2] = static_cast<std::uint8_t>(bytes[15 - i / 2] | (i % 2 == 0 ? digit : digit << 4));
  }
  return bytes;
}

std::optional<ByteRangeText> parseByteRange(std::string_view text) {
  constexpr std::uint64_t kMaxEnd = ~std::uint64_t{0} >> 1;
  const std::size_t at = std::min(text.find('@'), text.size());
  const auto length = parseDecimalInteger(trimmed(text.substr(0, at)));
  if (!length || *length == 0 || *length > kMaxEnd) return std::nullopt;
  if (at == text.size()) return ByteRangeText{*length, std::nullopt};
  const auto offset = parseDecimalInteger(trimmed(text.substr(at + 1)));
  if (!offset || *offset > kMaxEnd - *length) return std::nullopt;
  return ByteRangeText{*length, offset};
}

Result<M3u8AttributeList> M3u8AttributeList::parse(std::string_view text) {
  M3u8AttributeList list;
  while (true) {
    const std::size_t start = text.find_first_not_of(" \t,");
    if (start == std::string_view::npos) return list;
    text.remove_prefix(start);
    const std::size_t equals = text.find_first_of("=,\"");
    if (equals == std::string_view::npos || text[equals] != '=') {
      return fail(ErrorCode::malformed, "expected NAME=value, found " + shown(text));
    }
    Attribute attribute;
    attribute.name = trimmed(text.substr(0, equals));
    if (attribute.name.empty()) return fail(ErrorCode::malformed, "expected an attribute name before " + shown(text));
    text.remove_prefix(equals + 1);
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    if (text.starts_with('"')) {
      const std::size_t close = text.find('"', 1);
      if (close == std::string_view::npos) {
        return fail(ErrorCode::malformed, std::string(attribute.name.substr(0, 60)) + ": expected a closing quote");
      }
      attribute.quoted = true;
      attribute.value = text.substr(1, close - 1);
      text.remove_prefix(close + 1);
      text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
      if (!text.empty() && text.front() != ',') {
        return fail(ErrorCode::malformed, std::string(attribute.name.substr(0, 60)) +
                                              ": expected a comma after the closing quote, found " + shown(text));
      }
    } else {
      const std::size_t end = std::min(text.find(','), text.size());
      attribute.value = trimmed(text.substr(0, end));
      text.remove_prefix(end);
    }
    // "A given AttributeName MUST NOT appear more than once in a given attribute-list." (RFC 8216 section 4.2)
    if (list.find(attribute.name) != nullptr) {
      return fail(ErrorCode::malformed, "attribute " + shown(attribute.name) + " appears twice, expected once");
    }
    if (list.attributes_.size() == kMaxAttributes) {
      return fail(ErrorCode::limitExceeded, "more than 128 attributes");
    }
    list.attributes_.push_back(attribute);
  }
}

const M3u8AttributeList::Attribute* M3u8AttributeList::find(std::string_view name) const {
  const auto found = std::ranges::find(attributes_, name, &Attribute::name);
  return found == attributes_.end() ? nullptr : &*found;
}

}  // namespace p2pml::media
