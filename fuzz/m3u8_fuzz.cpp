// Any text is a playlist or an error; what comes out keeps the promises of media/playlist.hpp, and at a cost linear in
// the text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "media/m3u8.hpp"
#include "media/stream_segments.hpp"

using namespace p2pml;

namespace {

void check(const media::MediaPlaylist& playlist) {
  std::uint64_t sequence = playlist.mediaSequence;
  for (const media::MediaSegment& segment : playlist.segments) {
    P2PML_ASSERT(segment.sequence == sequence++);
    P2PML_ASSERT(segment.duration >= base::Duration(0) && segment.duration <= media::kMaxSegmentDuration);
    P2PML_ASSERT(!segment.map || *segment.map < playlist.maps.size());
    for (const std::uint32_t key : segment.keys) P2PML_ASSERT(key < playlist.keys.size());
    if (segment.byteRange) {
      P2PML_ASSERT(segment.byteRange->length > 0);
      P2PML_ASSERT(segment.byteRange->offset + segment.byteRange->length <= ~std::uint64_t{0} >> 1);
    }
  }
  P2PML_ASSERT(media::streamSegments(playlist, media::streamNamesWithoutMaster("http://a/b")).size() <=
               playlist.segments.size());
}

void check(const media::MultivariantPlaylist& playlist) {
  for (const media::Variant& variant : playlist.variants) {
    const auto index = media::variantIndexOf(playlist, variant.uri);
    P2PML_ASSERT(index && playlist.variants[*index].uri == variant.uri);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::uint64_t work = 0;
  media::M3u8Options options;
  options.imports["imported"] = "value";
  options.work = &work;
  const auto result = media::parseM3u8(text, "https://cdn.example/live/index.m3u8?token=t", options);
  P2PML_ASSERT(work <= size * 3 + media::kMaxPlaylistProducedBytes + media::kMaxPlaylistLineBytes);
  if (result) {
    std::visit([](const auto& playlist) { check(playlist); }, *result);
  } else {
    P2PML_ASSERT(!result.error().detail.empty() && result.error().code != base::ErrorCode::internal);
  }
  return 0;
}
