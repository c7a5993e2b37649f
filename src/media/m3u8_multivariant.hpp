// Reads the tags and URI lines of an HLS multivariant playlist (RFC 8216 section 4.3.4, "Master Playlist"). Internal to
// the playlist reader.
//
// Feed it line by line in order; finish() gives the playlist. After an error it must not be used again.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "media/m3u8_context.hpp"

namespace p2pml::media {

class MultivariantPlaylistReader {
 public:
  using Rule = M3u8TagRule<MultivariantPlaylistReader>;

  /// `context` must outlive this.
  explicit MultivariantPlaylistReader(M3u8Context& context) : context_(context) {}

  /// Null if the tag is none of a multivariant playlist.
  static const Rule* ruleOf(std::string_view tagName);

  M3u8Status onUri(std::string_view uri);
  base::Result<MultivariantPlaylist> finish(PlaylistHeader header);

 private:
  struct Rules;

  M3u8Status onStreamInf(std::string_view value);
  M3u8Status onIFrameStreamInf(std::string_view value);
  M3u8Status onMedia(std::string_view value);
  M3u8Status onContentSteering(std::string_view value);
  M3u8Status onSessionData(std::string_view value);
  M3u8Status onSessionKey(std::string_view value);

  M3u8Context& context_;
  MultivariantPlaylist playlist_;
  std::optional<Variant> pending_;  // an EXT-X-STREAM-INF that waits for its URI line
  std::size_t pendingLine_ = 0;
};

}  // namespace p2pml::media
