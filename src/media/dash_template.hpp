// URL templates of DASH: $Number$, $Time$, $RepresentationID$, $Bandwidth$ and $$, with widths (ISO/IEC 23009-1 section
// 5.3.9.4.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace p2pml::media {

/// A template that was read once, to be filled in many times. What stands between two `$` and is no identifier stays as
/// it is written, as does a `$` alone.
class UrlTemplate {
 public:
  struct Values {
    std::string_view representationId;
    std::uint64_t bandwidth = 0;
    std::uint64_t number = 0;
    std::uint64_t time = 0;
  };

  /// Errors: malformed (a width above 32, a width of $RepresentationID$).
  static base::Result<UrlTemplate> parse(std::string_view text);

  [[nodiscard]] std::string fill(const Values& values) const;
  /// Whether the text differs from segment to segment.
  [[nodiscard]] bool varies() const;

 private:
  enum class Field : std::uint8_t { text, representationId, bandwidth, number, time };
  struct Part {
    Field field = Field::text;
    std::size_t width = 0;
    std::string text;
  };
  std::vector<Part> parts_;
};

}  // namespace p2pml::media
