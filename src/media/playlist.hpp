// What an HLS playlist says, as values: made by parseM3u8 (m3u8.hpp), read by everybody who plays, shares or seeds.
//
// URIs are resolved against the playlist's own URL, variables are substituted, byte ranges have their offsets, and what
// a playlist says once for many segments (keys, initialisation sections) is kept once and referred to by index.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "media/iso8601.hpp"

namespace p2pml::media {

/// EXT-X-DEFINE: name to value.
using PlaylistVariables = std::map<std::string, std::string, std::less<>>;

/// EXT-X-START: where playing should begin; negative offsets count from the end.
struct StartPoint {
  base::Duration timeOffset{};
  bool precise = false;

  friend bool operator==(const StartPoint&, const StartPoint&) = default;
};

/// A tag that this reader has no rule for: `#NAME` or `#NAME:VALUE`, as written.
struct UnknownTag {
  std::size_t line = 0;  ///< counted from 1
  std::string name;      ///< without the '#'
  std::string value;

  friend bool operator==(const UnknownTag&, const UnknownTag&) = default;
};

/// What both kinds of playlist can say.
struct PlaylistHeader {
  std::uint64_t version = 1;
  bool independentSegments = false;
  std::optional<StartPoint> start;
  /// In the order written; the first kMaxUnknownTags of them.
  std::vector<UnknownTag> unknownTags;
  /// All that were defined; a media playlist imports those of its multivariant playlist (M3u8Options::imports).
  PlaylistVariables variables;

  friend bool operator==(const PlaylistHeader&, const PlaylistHeader&) = default;
};

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< at least 1; offset + length fits 63 bits

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// The HTTP Range header's value for those bytes, "bytes=0-1023": the last position is inclusive (RFC 9110
/// section 14.1.2).
std::string rangeHeader(const ByteRange& range);

/// EXT-X-KEY (RFC 8216 section 4.3.2.4); METHOD=NONE leaves no key at all.
struct SegmentKey {
  std::string method;  ///< "AES-128", "SAMPLE-AES", "SAMPLE-AES-CTR", or a later one's name
  std::string uri;
  std::optional<std::array<std::uint8_t, 16>> iv;  ///< absent: the media sequence number as a big-endian number
  std::string keyFormat = "identity";
  std::string keyFormatVersions;  ///< empty: "1"

  friend bool operator==(const SegmentKey&, const SegmentKey&) = default;
};

/// EXT-X-MAP: the initialisation section of the segments that refer to it.
struct SegmentMap {
  std::string uri;
  std::optional<ByteRange> byteRange;
  std::vector<std::uint32_t> keys;  ///< places in MediaPlaylist::keys: how this section is encrypted

  friend bool operator==(const SegmentMap&, const SegmentMap&) = default;
};

/// EXT-X-PART (RFC 8216 second edition, section 4.4.4.9): a piece of a segment that is published before the whole is.
struct PartialSegment {
  std::string uri;
  base::Duration duration{};
  std::optional<ByteRange> byteRange;
  bool independent = false;
  bool gap = false;

  friend bool operator==(const PartialSegment&, const PartialSegment&) = default;
};

struct MediaSegment {
  std::string uri;
  base::Duration duration{};
  std::string title;
  std::uint64_t sequence = 0;               ///< media sequence number
  std::uint64_t discontinuitySequence = 0;  ///< of the timeline it belongs to
  bool discontinuity = false;               ///< EXT-X-DISCONTINUITY stands right before it
  bool gap = false;                         ///< EXT-X-GAP: it is missing and must not be requested
  std::optional<ByteRange> byteRange;
  std::optional<std::uint32_t> map;  ///< place in MediaPlaylist::maps
  std::vector<std::uint32_t> keys;   ///< places in MediaPlaylist::keys, one per KEYFORMAT: any of them decrypts it
  std::string programDateTime;       ///< as written; empty if the tag is absent
  /// When its first sample is of: its own EXT-X-PROGRAM-DATE-TIME, else reckoned from the nearest one before it, else
  /// after it, by durations (second edition, section 4.4.4.6). Nothing if no segment has one.
  std::optional<WallTime> dateTime;
  std::optional<std::uint64_t> bitrate;  ///< EXT-X-BITRATE, bits a second
  std::vector<PartialSegment> parts;

  friend bool operator==(const MediaSegment&, const MediaSegment&) = default;
};

enum class PlaylistType : std::uint8_t { none, event, vod };

/// EXT-X-DATERANGE (second edition, section 4.4.5.1). Absent text attributes are empty.
struct DateRange {
  std::string id;
  std::string className;
  std::string startDate;  ///< as written
  std::optional<WallTime> start;
  std::string endDate;  ///< as written
  std::optional<base::Duration> duration;
  std::optional<base::Duration> plannedDuration;
  std::string cue;
  std::string scte35Command;
  std::string scte35Out;
  std::string scte35In;
  bool endOnNext = false;
  /// X-... and whatever else it has, in the order written.
  std::vector<std::pair<std::string, std::string>> otherAttributes;

  friend bool operator==(const DateRange&, const DateRange&) = default;
};

/// EXT-X-SERVER-CONTROL (section 4.4.3.8).
struct ServerControl {
  bool canBlockReload = false;
  bool canSkipDateRanges = false;
  std::optional<base::Duration> canSkipUntil;
  std::optional<base::Duration> holdBack;
  std::optional<base::Duration> partHoldBack;

  friend bool operator==(const ServerControl&, const ServerControl&) = default;
};

/// EXT-X-PRELOAD-HINT (section 4.4.5.3): what will be there next.
struct PreloadHint {
  std::string type;  ///< "PART" or "MAP"
  std::string uri;
  std::uint64_t start = 0;
  std::optional<std::uint64_t> length;  ///< absent: up to the end

  friend bool operator==(const PreloadHint&, const PreloadHint&) = default;
};

/// EXT-X-RENDITION-REPORT (section 4.4.5.4): how far another playlist of the same presentation is.
struct RenditionReport {
  std::string uri;
  std::optional<std::uint64_t> lastSequence;
  std::optional<std::uint64_t> lastPart;

  friend bool operator==(const RenditionReport&, const RenditionReport&) = default;
};

/// EXT-X-SKIP (section 4.4.5.2): the playlist is a delta update, see mergeDelta() in m3u8_delta.hpp.
struct SkippedSegments {
  std::uint64_t count = 0;
  std::vector<std::string> removedDateRanges;
  /// How many of the segments here stand before any EXT-X-KEY or EXT-X-MAP: what applied to the skipped ones goes on.
  std::size_t segmentsBeforeKey = 0;
  std::size_t segmentsBeforeMap = 0;

  friend bool operator==(const SkippedSegments&, const SkippedSegments&) = default;
};

/// One stream's segments. Live and still growing unless `endList`.
struct MediaPlaylist : PlaylistHeader {
  base::Duration targetDuration{};
  std::uint64_t mediaSequence = 0;
  std::uint64_t discontinuitySequence = 0;
  PlaylistType type = PlaylistType::none;
  bool endList = false;
  bool iFramesOnly = false;
  std::vector<MediaSegment> segments;
  std::vector<SegmentMap> maps;
  std::vector<SegmentKey> keys;
  std::vector<DateRange> dateRanges;

  std::optional<base::Duration> partTarget;  ///< EXT-X-PART-INF
  std::optional<ServerControl> serverControl;
  std::vector<PartialSegment> trailingParts;  ///< of the segment that is not whole yet
  std::vector<PreloadHint> preloadHints;
  std::vector<RenditionReport> renditionReports;
  /// Only with M3u8Options::allowDelta.
  std::optional<SkippedSegments> skipped;

  /// The sum of all segments' durations.
  [[nodiscard]] base::Duration duration() const;

  friend bool operator==(const MediaPlaylist&, const MediaPlaylist&) = default;
};

struct Resolution {
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  friend bool operator==(const Resolution&, const Resolution&) = default;
};

/// EXT-X-STREAM-INF and its URI line, or EXT-X-I-FRAME-STREAM-INF. Absent text attributes are empty.
struct Variant {
  std::string uri;
  std::uint64_t bandwidth = 0;  ///< bits a second, peak
  std::optional<std::uint64_t> averageBandwidth;
  std::string codecs;
  std::string supplementalCodecs;
  std::optional<Resolution> resolution;
  std::optional<std::uint32_t> frameRateMilliHertz;  ///< FRAME-RATE has three decimals: 29.970 is 29970
  std::string frameRate;                             ///< FRAME-RATE as written: peers hash every digit
  std::string hdcpLevel;
  std::string videoRange;  ///< "SDR", "HLG", "PQ"; empty means SDR
  std::string stableVariantId;
  std::string pathwayId;
  std::string name;  ///< NAME, which is of no standard but common
  std::string audioGroup;
  std::string videoGroup;
  std::string subtitlesGroup;
  std::string closedCaptionsGroup;
  bool closedCaptionsNone = false;  ///< CLOSED-CAPTIONS=NONE: no variant has any

  friend bool operator==(const Variant&, const Variant&) = default;
};

enum class RenditionType : std::uint8_t { audio, video, subtitles, closedCaptions };

/// EXT-X-MEDIA: an alternative of one group. Absent text attributes are empty.
struct Rendition {
  RenditionType type = RenditionType::audio;
  std::string groupId;
  std::string name;
  std::optional<std::string> uri;  ///< absent: it is part of the variants' own media
  std::string language;
  std::string associatedLanguage;
  std::string channels;
  std::string characteristics;
  std::string instreamId;
  std::string stableRenditionId;
  bool isDefault = false;
  bool autoselect = false;
  bool forced = false;

  friend bool operator==(const Rendition&, const Rendition&) = default;
};

/// EXT-X-SESSION-DATA: value or URI.
struct SessionData {
  std::string id;
  std::string value;
  std::optional<std::string> uri;
  std::string format;  ///< of what the URI gives: "JSON" or "RAW"; empty means JSON
  std::string language;

  friend bool operator==(const SessionData&, const SessionData&) = default;
};

/// EXT-X-CONTENT-STEERING (second edition, section 4.4.6.6).
struct ContentSteering {
  std::string serverUri;
  std::string pathwayId;  ///< to begin with; empty: the first variant's

  friend bool operator==(const ContentSteering&, const ContentSteering&) = default;
};

/// The streams to choose from ("Master Playlist" in RFC 8216).
struct MultivariantPlaylist : PlaylistHeader {
  std::vector<Variant> variants;  ///< in the order written, which names them for peers
  std::vector<Variant> iFrameVariants;
  std::vector<Rendition> renditions;
  std::vector<SessionData> sessionData;
  std::vector<SegmentKey> sessionKeys;
  std::optional<ContentSteering> contentSteering;

  friend bool operator==(const MultivariantPlaylist&, const MultivariantPlaylist&) = default;
};

using Playlist = std::variant<MultivariantPlaylist, MediaPlaylist>;

}  // namespace p2pml::media
