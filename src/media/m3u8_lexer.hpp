// The lexical layer of an HLS playlist (RFC 8216 section 4.1, 4.2): lines, tags, attribute lists and the values in
// them.
//
// Everything here is a view of the playlist's text, which must outlive it. Nothing here knows what a tag means.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace p2pml::media {

/// More attributes in one tag are refused: looking one up is a linear search.
inline constexpr std::size_t kMaxAttributes = 128;

struct M3u8Line {
  std::size_t number = 0;  ///< counted from 1, blank lines and comments included
  std::string_view text;   ///< without line end and without white space around it
};

/// Hands out a text's lines one after the other. LF and CRLF both end a line; a byte order mark is skipped.
class M3u8LineReader {
 public:
  explicit M3u8LineReader(std::string_view text);
  std::optional<M3u8Line> next();

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

/// `line` without spaces and tabs around it.
std::string_view trimLine(std::string_view line);

enum class M3u8LineKind : std::uint8_t { blank, comment, tag, uri };

/// `#EXT...` is a tag, any other `#` a comment (RFC 8216 section 4.1).
M3u8LineKind classify(std::string_view line);

/// A tag line `#NAME` or `#NAME:VALUE`.
struct M3u8Tag {
  std::string_view name;   ///< without the '#', e.g. "EXT-X-KEY"
  std::string_view value;  ///< what follows the first ':', without white space around it
};
M3u8Tag splitTag(std::string_view line);

/// decimal-integer: digits only, at most 2^64 - 1.
std::optional<std::uint64_t> parseDecimalInteger(std::string_view text);

/// decimal-floating-point in units of 10^-decimals, rounded to the nearest (half up) from the digits, never through a
/// double: `parseDecimal("9.0094999", 3)` is 9009. Nothing if it is no such number or more than 10^15 units.
std::optional<std::int64_t> parseDecimal(std::string_view text, int decimals);
/// The same with an optional sign (signed-decimal-floating-point).
std::optional<std::int64_t> parseSignedDecimal(std::string_view text, int decimals);

/// hexadecimal-sequence `0x...` of at most 128 bits, as the 16 bytes of a big-endian number (section 4.3.2.4, attribute
/// IV).
std::optional<std::array<std::uint8_t, 16>> parseHex128(std::string_view text);

/// byte-range `n[@o]` (section 4.3.2.2).
struct ByteRangeText {
  std::uint64_t length = 0;
  std::optional<std::uint64_t> offset;
};
/// Nothing if it is no byte range, the length is 0 or the end passes 2^63 - 1.
std::optional<ByteRangeText> parseByteRange(std::string_view text);

/// One attribute-list (section 4.2). Written leniently by others, so white space around names and values is skipped, a
/// stray comma too, and every value may come quoted or bare.
class M3u8AttributeList {
 public:
  struct Attribute {
    std::string_view name;
    std::string_view value;  ///< without the quotes
    bool quoted = false;
  };

  /// Errors: malformed (no name, no '=', an open quote, a name twice), limitExceeded. The detail names the attribute.
  static base::Result<M3u8AttributeList> parse(std::string_view text);

  [[nodiscard]] const Attribute* find(std::string_view name) const;
  [[nodiscard]] const std::vector<Attribute>& all() const { return attributes_; }

 private:
  std::vector<Attribute> attributes_;
};

}  // namespace p2pml::media
