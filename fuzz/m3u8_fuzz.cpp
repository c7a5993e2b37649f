// Any text is a playlist or an error; what comes out keeps the promises of media/playlist.hpp, and at a cost linear in
// the text. In pieces it reads the same, and with its URIs exchanged for themselves too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "media/m3u8.hpp"
#include "media/m3u8_rewrite.hpp"
#include "media/stream_segments.hpp"

using namespace p2pml;

namespace {

constexpr std::string_view kBase = "https://cdn.example/live/index.m3u8?token=t";

void check(const media::MediaPlaylist& playlist) {
  std::uint64_t sequence = playlist.mediaSequence + (playlist.skipped ? playlist.skipped->count : 0);
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

void checkPieces(std::string_view text, const base::Result<media::Playlist>& whole, media::M3u8Options options) {
  options.work = nullptr;
  auto reader = media::M3u8Reader::make(std::string(kBase), options);
  P2PML_ASSERT(reader);
  for (std::size_t size = 1; !text.empty(); size = size % 61 + 7) {
    const auto fed = reader->feed(text.substr(0, size));
    if (!fed) {
      P2PML_ASSERT(!whole);
      return;
    }
    text.remove_prefix(std::min(size, text.size()));
  }
  P2PML_ASSERT(reader->finish() == whole);
}

void checkRewritten(std::string_view text, const media::Playlist& playlist, const media::M3u8Options& options) {
  media::M3u8RewriteOptions rewriting;
  rewriting.imports = options.imports;
  const auto same = media::rewriteUris(
      text, kBase, [](const media::ManifestUri&) { return std::nullopt; }, rewriting);
  P2PML_ASSERT(same && *same == text);
  const auto absolute = media::rewriteUris(
      text, kBase,
      [](const media::ManifestUri& uri) {
        // What is no text for a line must not be written into one.
        const bool safe = !uri.url.empty() && uri.url.front() != '#' && uri.url.find("{$") == std::string_view::npos;
        return safe ? std::optional(std::string(uri.url)) : std::nullopt;
      },
      rewriting);
  P2PML_ASSERT(absolute);
  media::M3u8Options reading = options;
  reading.work = nullptr;
  const auto again = media::parseM3u8(*absolute, kBase, reading);
  // A long base URL before every segment can pass a limit.
  P2PML_ASSERT(again ? *again == playlist : again.error().code == base::ErrorCode::limitExceeded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::uint64_t work = 0;
  media::M3u8Options options;
  options.imports["imported"] = "value";
  options.work = &work;
  options.allowDelta = true;
  const auto result = media::parseM3u8(text, kBase, options);
  P2PML_ASSERT(work <= size * 3 + media::kMaxPlaylistProducedBytes + media::kMaxPlaylistLineBytes);
  if (result) {
    std::visit([](const auto& playlist) { check(playlist); }, *result);
    checkRewritten(text, *result, options);
  } else {
    P2PML_ASSERT(!result.error().detail.empty() && result.error().code != base::ErrorCode::internal);
  }
  checkPieces(text, result, options);
  return 0;
}
