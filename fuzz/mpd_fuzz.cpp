// Any text is an MPD or an error, within limits; a timeline of it keeps the promises of media/timeline.hpp, and with
// its URIs made absolute it is still one.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "media/dash/mpd_reader.hpp"
#include "media/dash/mpd_rewrite.hpp"
#include "media/dash_timeline.hpp"
#include "media/uri.hpp"

using namespace p2pml;

namespace {

constexpr std::string_view kUrl = "https://cdn.example/live/manifest.mpd?token=t";

void check(const media::Presentation& presentation) {
  std::size_t segments = 0;
  for (const media::TimelineStream& stream : presentation.streams) {
    segments += stream.segments.size();
    for (const media::InitSection& init : stream.inits) P2PML_ASSERT(media::isHttpUrl(init.url));
    for (const media::TimelineSegment& segment : stream.segments) {
      P2PML_ASSERT(media::isHttpUrl(segment.url));
      P2PML_ASSERT(!segment.init || *segment.init < stream.inits.size());
      for (const std::uint32_t key : segment.keys) P2PML_ASSERT(key < stream.keys.size());
      P2PML_ASSERT(!segment.sequence.empty());
    }
  }
  P2PML_ASSERT(segments <= media::kMaxTimelineSegments);
  const media::SegmentFinder finder(presentation);
  P2PML_ASSERT(!finder.find("https://elsewhere/", std::nullopt));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto mpd = media::dash::parseMpd(text, kUrl);
  if (!mpd) {
    P2PML_ASSERT(!mpd.error().detail.empty() && mpd.error().code != base::ErrorCode::internal);
    return 0;
  }
  const media::WallTime now = *media::parseDateTime("2026-01-01T00:10:00Z");
  const auto presentation = media::presentationOf(*mpd, kUrl, kUrl, now);
  if (presentation) {
    check(*presentation);
  } else {
    P2PML_ASSERT(presentation.error().code != base::ErrorCode::internal);
  }
  const auto absolute = media::dash::rewriteUris(text, kUrl, [](const media::ManifestUri&) { return std::nullopt; });
  if (absolute) {
    P2PML_ASSERT(media::dash::parseMpd(*absolute, kUrl) || absolute->size() > size);
  }
  return 0;
}
