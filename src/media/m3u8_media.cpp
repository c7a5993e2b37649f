#include "media/m3u8_media.hpp"

#include <limits>

#include "media/m3u8_delta.hpp"

namespace p2pml::media {

using base::Result;

struct MediaPlaylistReader::Rules {
  using R = MediaPlaylistReader;
  static constexpr std::array kTable = std::to_array<Rule>({
      {"EXT-X-BITRATE", &R::onBitrate},
      {"EXT-X-BYTERANGE", &R::onByteRange},
      {"EXT-X-DATERANGE", &R::onDateRange},
      {"EXT-X-DISCONTINUITY", &R::onDiscontinuity},
      {"EXT-X-DISCONTINUITY-SEQUENCE", &R::onDiscontinuitySequence},
      {"EXT-X-ENDLIST", &R::onEndList},
      {"EXT-X-GAP", &R::onGap},
      {"EXT-X-I-FRAMES-ONLY", &R::onIFramesOnly},
      {"EXT-X-KEY", &R::onKey},
      {"EXT-X-MAP", &R::onMap},
      {"EXT-X-MEDIA-SEQUENCE", &R::onMediaSequence},
      {"EXT-X-PART", &R::onPart},
      {"EXT-X-PART-INF", &R::onPartInf},
      {"EXT-X-PLAYLIST-TYPE", &R::onPlaylistType},
      {"EXT-X-PRELOAD-HINT", &R::onPreloadHint},
      {"EXT-X-PROGRAM-DATE-TIME", &R::onProgramDateTime},
      {"EXT-X-RENDITION-REPORT", &R::onRenditionReport},
      {"EXT-X-SERVER-CONTROL", &R::onServerControl},
      {"EXT-X-SKIP", &R::onSkip},
      {"EXT-X-TARGETDURATION", &R::onTargetDuration},
      {"EXTINF", &R::onInf},
  });
  static_assert(std::ranges::is_sorted(kTable, {}, &Rule::name));
};

const MediaPlaylistReader::Rule* MediaPlaylistReader::ruleOf(std::string_view tagName) {
  return findTagRule(Rules::kTable, tagName);
}

Result<std::uint64_t> MediaPlaylistReader::singleInteger(std::string_view value, bool& seen) {
  // "There MUST NOT be more than one Media Playlist tag of each type" (section 4.3.3).
  if (seen) return context_.malformed("appears twice, expected once");
  seen = true;
  // Every segment's number must fit as well.
  constexpr std::uint64_t kRoom = 16 * 1024 * 1024;
  static_assert(kRoom >= kMaxPlaylistBytes + kMaxPlaylistSegments);
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max() - kRoom;
  const auto number = parseDecimalInteger(value);
  if (!number || *number > kMax) {
    return context_.malformed("expected a whole number from 0 to " + std::to_string(kMax) + ", found \"" +
                              std::string(value.substr(0, 60)) + "\"");
  }
  return *number;
}

Result<base::Duration> MediaPlaylistReader::durationOf(std::string_view text) {
  const auto microseconds = parseDecimal(text, 6);
  if (!microseconds || base::Duration(*microseconds) > kMaxSegmentDuration) {
    return context_.malformed("expected a duration from 0 to 1000000 seconds, found \"" +
                              std::string(text.substr(0, 60)) + "\"");
  }
  return base::Duration(*microseconds);
}

M3u8Status MediaPlaylistReader::onTargetDuration(std::string_view value) {
  if (targetDurationSeen_) return context_.malformed("appears twice, expected once");
  targetDurationSeen_ = true;
  // An integer by section 4.3.3.1; packagers that write a decimal mean it.
  const auto duration = durationOf(value);
  if (!duration) return std::unexpected(duration.error());
  playlist_.targetDuration = *duration;
  return {};
}

M3u8Status MediaPlaylistReader::onMediaSequence(std::string_view value) {
  // "MUST appear before the first Media Segment" (section 4.3.3.2): later it would rename segments already numbered.
  if (!playlist_.segments.empty()) return context_.malformed("expected before the first segment");
  const auto number = singleInteger(value, mediaSequenceSeen_);
  if (!number) return std::unexpected(number.error());
  playlist_.mediaSequence = *number;
  return {};
}

M3u8Status MediaPlaylistReader::onDiscontinuitySequence(std::string_view value) {
  // Section 4.3.3.3.
  if (!playlist_.segments.empty() || discontinuities_ != 0) {
    return context_.malformed("expected before the first segment and before any EXT-X-DISCONTINUITY");
  }
  const auto number = singleInteger(value, discontinuitySequenceSeen_);
  if (!number) return std::unexpected(number.error());
  playlist_.discontinuitySequence = *number;
  return {};
}

M3u8Status MediaPlaylistReader::onPlaylistType(std::string_view value) {
  if (typeSeen_) return context_.malformed("appears twice, expected once");
  typeSeen_ = true;
  if (value == "VOD") {
    playlist_.type = PlaylistType::vod;
  } else if (value == "EVENT") {
    playlist_.type = PlaylistType::event;
  } else {
    return context_.malformed("expected VOD or EVENT, found \"" + std::string(value.substr(0, 60)) + "\"");
  }
  return {};
}

M3u8Status MediaPlaylistReader::onEndList(std::string_view) {
  playlist_.endList = true;
  return {};
}

M3u8Status MediaPlaylistReader::onIFramesOnly(std::string_view) {
  playlist_.iFramesOnly = true;
  return {};
}

std::uint64_t MediaPlaylistReader::nextSequence() const {
  return playlist_.mediaSequence + (playlist_.skipped ? playlist_.skipped->count : 0) + playlist_.segments.size();
}

M3u8Status MediaPlaylistReader::onBitrate(std::string_view value) {
  const auto kilobits = parseDecimalInteger(value);
  // A hint (second edition, section 4.4.4.8): of a broken one nothing follows.
  constexpr std::uint64_t kMaxKilobits = 1'000'000'000;
  bitrate_ = kilobits && *kilobits <= kMaxKilobits ? std::optional(*kilobits * 1000) : std::nullopt;
  return {};
}

M3u8Status MediaPlaylistReader::onInf(std::string_view value) {
  if (pending_.duration) {
    return context_.malformed("expected the URI line of the EXTINF in line " + std::to_string(pending_.durationLine) +
                              " before it");
  }
  const std::size_t comma = std::min(value.find(','), value.size());
  std::string_view number = value.substr(0, comma);
  number = number.substr(0, number.find_last_not_of(" \t") + 1);
  const auto duration = durationOf(number);
  if (!duration) return std::unexpected(duration.error());
  pending_.duration = *duration;
  pending_.durationLine = context_.line();
  pending_.title = value.substr(std::min(comma + 1, value.size()));
  return {};
}

M3u8Status MediaPlaylistReader::onByteRange(std::string_view value) {
  if (pending_.byteRange) return context_.malformed("appears twice before one segment, expected once");
  const auto range = parseByteRange(value);
  if (!range) {
    return context_.malformed("expected LENGTH or LENGTH@OFFSET with a length of at least 1, found \"" +
                              std::string(value.substr(0, 60)) + "\"");
  }
  pending_.byteRange = *range;
  return {};
}

M3u8Status MediaPlaylistReader::onDiscontinuity(std::string_view) {
  pending_.discontinuity = true;
  ++discontinuities_;
  return {};
}

M3u8Status MediaPlaylistReader::onGap(std::string_view) {
  pending_.gap = true;
  return {};
}

Result<std::optional<SegmentKey>> readSegmentKey(M3u8Context& context, std::string_view value) {
  M3u8AttributeReader attributes(context, value);
  SegmentKey key;
  key.method = attributes.requiredText("METHOD", "NONE, AES-128, SAMPLE-AES or another method");
  if (attributes.status() && key.method == "NONE") return std::optional<SegmentKey>();
  key.uri = attributes.requiredUri("URI");
  key.iv = attributes.hex128("IV");
  if (auto format = attributes.optionalText("KEYFORMAT")) key.keyFormat = std::move(*format);
  key.keyFormatVersions = attributes.text("KEYFORMATVERSIONS");
  if (!attributes.status()) return std::unexpected(attributes.status().error());
  return std::optional(std::move(key));
}

M3u8Status MediaPlaylistReader::onKey(std::string_view value) {
  auto read = readSegmentKey(context_, value);
  if (!read) return std::unexpected(read.error());
  keySeen_ = true;
  if (!*read) {
    keys_.clear();
    return {};
  }
  SegmentKey& key = **read;

  // "It applies to every Media Segment and to every Media Initialization Section ... between it and the next EXT-X-KEY
  // tag in the Playlist file with the same KEYFORMAT attribute" (section 4.3.2.4).
  std::erase_if(keys_, [&](std::uint32_t place) { return playlist_.keys[place].keyFormat == key.keyFormat; });
  if (keys_.size() == kMaxKeysPerSegment) return context_.limitExceeded("more than 8 KEYFORMATs for one segment");
  keys_.push_back(static_cast<std::uint32_t>(playlist_.keys.size()));
  playlist_.keys.push_back(std::move(key));
  return {};
}

M3u8Status MediaPlaylistReader::onMap(std::string_view value) {
  M3u8AttributeReader attributes(context_, value);
  SegmentMap map;
  map.uri = attributes.requiredUri("URI");
  if (const auto range = attributes.byteRange("BYTERANGE"))
    map.byteRange = ByteRange{range->offset.value_or(0), range->length};
  if (!attributes.status()) return attributes.status();
  map.keys = keys_;
  map_ = static_cast<std::uint32_t>(playlist_.maps.size());
  playlist_.maps.push_back(std::move(map));
  return {};
}

M3u8Status MediaPlaylistReader::onProgramDateTime(std::string_view value) {
  if (value.empty()) return context_.malformed("expected a date and time as of ISO 8601");
  pending_.programDateTime = value;
  return {};
}

M3u8Status MediaPlaylistReader::onUri(std::string_view uri) {
  if (!pending_.duration) return context_.malformed("expected an EXTINF before the segment's URI line");
  if (playlist_.segments.size() == kMaxPlaylistSegments) return context_.limitExceeded("more than 200000 segments");
  auto resolved = context_.resolve(uri);
  if (!resolved) return std::unexpected(resolved.error());

  MediaSegment segment;
  segment.uri = std::move(*resolved);
  segment.duration = *pending_.duration;
  segment.title = std::move(pending_.title);
  segment.sequence = nextSequence();
  segment.discontinuitySequence = playlist_.discontinuitySequence + discontinuities_;
  segment.discontinuity = pending_.discontinuity;
  segment.gap = pending_.gap;
  segment.map = map_;
  segment.keys = keys_;
  segment.programDateTime = std::move(pending_.programDateTime);
  segment.parts = std::move(pending_.parts);
  if (pending_.byteRange) {
    ByteRange range{pending_.byteRange->offset.value_or(0), pending_.byteRange->length};
    if (!pending_.byteRange->offset) {
      // "If o is not present, a previous Media Segment MUST appear in the Playlist file and MUST be a sub-range of the
      // same media resource, or the Media Segment is undefined and the client MUST fail to parse the Playlist"
      // (section 4.3.2.2).
      const MediaSegment* previous = playlist_.segments.empty() ? nullptr : &playlist_.segments.back();
      if (previous == nullptr || !previous->byteRange || previous->uri != segment.uri) {
        return context_.malformed(
            "EXT-X-BYTERANGE without an offset, expected the segment before it to be a range of the same URI");
      }
      range.offset = previous->byteRange->offset + previous->byteRange->length;
      if (range.offset > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - range.length) {
        return context_.malformed("EXT-X-BYTERANGE ends past 2^63 - 1");
      }
    }
    segment.byteRange = range;
  } else {
    // "It applies to every segment that follows it ... that does not have an EXT-X-BYTERANGE."
    segment.bitrate = bitrate_;
  }
  if (playlist_.skipped) {
    if (!keySeen_) ++playlist_.skipped->segmentsBeforeKey;
    if (!map_) ++playlist_.skipped->segmentsBeforeMap;
  }
  playlist_.segments.push_back(std::move(segment));
  pending_ = {};
  return {};
}

Result<MediaPlaylist> MediaPlaylistReader::finish(PlaylistHeader header) {
  if (pending_.duration) {
    return context_.malformed("expected a URI line after the EXTINF in line " + std::to_string(pending_.durationLine) +
                              ", found the end: the playlist is cut off");
  }
  if (!targetDurationSeen_) return context_.malformed("expected an EXT-X-TARGETDURATION in this media playlist");
  playlist_.trailingParts = std::move(pending_.parts);
  setDateTimes(playlist_.segments);
  static_cast<PlaylistHeader&>(playlist_) = std::move(header);
  return std::move(playlist_);
}

}  // namespace p2pml::media
