// Reads the tags and URI lines of an HLS media playlist (RFC 8216 section 4.3.2, 4.3.3). Internal to the playlist
// reader.
//
// Feed it line by line in order; finish() gives the playlist. After an error it must not be used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/m3u8_context.hpp"

namespace p2pml::media {

class MediaPlaylistReader {
 public:
  using Rule = M3u8TagRule<MediaPlaylistReader>;

  /// `context` must outlive this.
  explicit MediaPlaylistReader(M3u8Context& context) : context_(context) {}

  /// Null if the tag is none of a media playlist.
  static const Rule* ruleOf(std::string_view tagName);

  M3u8Status onUri(std::string_view uri);
  base::Result<MediaPlaylist> finish(PlaylistHeader header);

 private:
  struct Rules;

  /// What stands before a segment's URI line and belongs to that segment alone.
  struct Pending {
    std::optional<base::Duration> duration;
    std::size_t durationLine = 0;
    std::string title;
    std::optional<ByteRangeText> byteRange;
    std::string programDateTime;
    std::vector<PartialSegment> parts;
    bool discontinuity = false;
    bool gap = false;
  };

  M3u8Status onTargetDuration(std::string_view value);
  M3u8Status onMediaSequence(std::string_view value);
  M3u8Status onDiscontinuitySequence(std::string_view value);
  M3u8Status onPlaylistType(std::string_view value);
  M3u8Status onEndList(std::string_view value);
  M3u8Status onIFramesOnly(std::string_view value);

  // m3u8_media_extras.cpp
  M3u8Status onDateRange(std::string_view value);
  M3u8Status onPart(std::string_view value);
  M3u8Status onPartInf(std::string_view value);
  M3u8Status onPreloadHint(std::string_view value);
  M3u8Status onRenditionReport(std::string_view value);
  M3u8Status onServerControl(std::string_view value);
  M3u8Status onSkip(std::string_view value);

  M3u8Status onBitrate(std::string_view value);
  M3u8Status onInf(std::string_view value);
  M3u8Status onByteRange(std::string_view value);
  M3u8Status onDiscontinuity(std::string_view value);
  M3u8Status onGap(std::string_view value);
  M3u8Status onKey(std::string_view value);
  M3u8Status onMap(std::string_view value);
  M3u8Status onProgramDateTime(std::string_view value);

  /// The value of a tag that may appear once: refuses the second.
  base::Result<std::uint64_t> singleInteger(std::string_view value, bool& seen);
  base::Result<base::Duration> durationOf(std::string_view text);
  /// The sequence number of the segment that comes next.
  [[nodiscard]] std::uint64_t nextSequence() const;

  M3u8Context& context_;
  MediaPlaylist playlist_;
  Pending pending_;
  bool targetDurationSeen_ = false;
  bool mediaSequenceSeen_ = false;
  bool discontinuitySequenceSeen_ = false;
  bool typeSeen_ = false;
  std::uint64_t discontinuities_ = 0;
  std::optional<std::uint32_t> map_;
  std::vector<std::uint32_t> keys_;
  bool keySeen_ = false;
  std::optional<std::uint64_t> bitrate_;
};

/// EXT-X-KEY and EXT-X-SESSION-KEY; nothing for METHOD=NONE.
base::Result<std::optional<SegmentKey>> readSegmentKey(M3u8Context& context, std::string_view value);

}  // namespace p2pml::media
