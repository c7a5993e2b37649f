// The Range header values a Segment may carry and the ones a resumed download sends (RFC 9110 section 14.1.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace p2pml::engine {

/// "bytes=first-last" or "bytes=first-", one range only.
struct ByteRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;  ///< included

  /// Bytes in the range, if it has an end.
  [[nodiscard]] std::optional<std::uint64_t> length() const;
  [[nodiscard]] std::string text() const;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// None for anything else: several ranges, suffix ranges, other units, an end before the start.
std::optional<ByteRange> parseByteRange(std::string_view text);

/// True if the text can stand in a header line at all: printable ASCII, "unit=...".
bool isSaneRangeHeader(std::string_view text);

}  // namespace p2pml::engine
