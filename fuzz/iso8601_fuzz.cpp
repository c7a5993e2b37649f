// Any text is a date, a duration or neither; a date reads back from its own text as the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "media/iso8601.hpp"

using namespace p2pml;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = media::parseDateTime(text)) {
    // A zone can take a date out of the years that have four digits.
    const auto again = media::parseDateTime(media::dateTimeText(*time));
    const bool inside =
        *time >= *media::parseDateTime("0000-01-01T00:00:00Z") && *time < *media::parseDateTime("9999-12-31T24:00:00Z");
    P2PML_ASSERT(!inside || again == time);
  }
  if (const auto duration = media::parseIsoDuration(text)) {
    P2PML_ASSERT(*duration <= media::kMaxManifestTime && *duration >= -media::kMaxManifestTime);
  }
  return 0;
}
