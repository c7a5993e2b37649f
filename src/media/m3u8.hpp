// The HLS playlist reader (RFC 8216, with EXT-X-DEFINE, EXT-X-GAP and further attributes of its second edition).
//
// The playlist's text and URL in, a whole value or one error out; the text whole, or in pieces as it arrives. Unknown
// tags are kept, unknown attributes and comments ignored; what hurts nobody is tolerated (CRLF, byte order mark, white
// space, an EXTINF without comma or as an integer, quotes missing or too many); what would leave a segment without
// name, place or duration is an error that names line, tag and what was expected. Cost: linear in the text and in the
// bytes produced, which are limited.
//
// Where to add a tag: one row in the table and one function in m3u8_media.cpp (m3u8_media_extras.cpp for tags that are
// not of segments), m3u8_multivariant.cpp, or m3u8.cpp for tags of both kinds. If it has a URI, a row in
// m3u8_rewrite.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "media/playlist.hpp"

namespace p2pml::media {

inline constexpr std::size_t kMaxPlaylistBytes = 8 * 1024 * 1024;
/// Of one line, as written and with its variables substituted.
inline constexpr std::size_t kMaxPlaylistLineBytes = 64 * 1024;
inline constexpr std::size_t kMaxPlaylistSegments = 200'000;
/// Of variants, of I-frame variants and of renditions, each.
inline constexpr std::size_t kMaxPlaylistVariants = 1'000;
inline constexpr std::size_t kMaxPlaylistVariables = 1'000;
/// Further ones are dropped.
inline constexpr std::size_t kMaxUnknownTags = 10'000;
inline constexpr std::size_t kMaxDateRanges = 10'000;
/// Rendition reports, preload hints, session data and session keys, each.
inline constexpr std::size_t kMaxPlaylistExtras = 1'000;
/// KEYFORMATs that one segment can have keys of.
inline constexpr std::size_t kMaxKeysPerSegment = 8;
/// Resolved URIs and substituted text together: a long base URL or variable must not blow a small playlist up.
inline constexpr std::size_t kMaxPlaylistProducedBytes = 128 * 1024 * 1024;
/// Of one segment, and of the target duration.
inline constexpr base::Duration kMaxSegmentDuration = base::seconds(1'000'000);

struct M3u8Options {
  /// Values for EXT-X-DEFINE:IMPORT: MultivariantPlaylist::variables of the playlist that named this one.
  PlaylistVariables imports;
  /// Whether EXT-X-SKIP is understood. Otherwise it is an error, as the playlist is not whole.
  bool allowDelta = false;
  /// If given, grows by the bytes looked at and produced: a measure of cost that does not depend on the machine.
  std::uint64_t* work = nullptr;
};

/// `text`: the whole playlist. `baseUrl`: the URL it came from after redirects; empty if it has none, then relative
/// URIs stay relative. Errors: malformed ("line 12: EXT-X-KEY: METHOD is missing, expected ..."), limitExceeded (naming
/// the limit).
base::Result<Playlist> parseM3u8(std::string_view text, std::string_view baseUrl, const M3u8Options& options = {});

/// The same for a text that comes in pieces: only a line that is cut through by two pieces is kept, nothing else of the
/// text. However the text is cut, the result is the same. After an error it must not be used again.
class M3u8Reader {
 public:
  static base::Result<M3u8Reader> make(std::string baseUrl, M3u8Options options = {});
  M3u8Reader(M3u8Reader&&) noexcept;
  M3u8Reader& operator=(M3u8Reader&&) noexcept;
  ~M3u8Reader();

  base::Result<void> feed(std::string_view piece);
  /// The text is over.
  base::Result<Playlist> finish();

 private:
  class Impl;
  explicit M3u8Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace p2pml::media
