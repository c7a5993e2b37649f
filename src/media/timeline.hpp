// One model of what a manifest says, HLS or DASH: streams, and on each a line of segments with URLs, ranges, times and
// the names that peers know them by. Made by hls_timeline.hpp and dash_timeline.hpp; the gateway and `p2pml probe` are
// built on it.
//
// Values only. What always holds: a stream's segments are in the order of their start, places in `inits` and `keys` are
// valid, and every count is limited (kMaxTimelineSegments).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "media/iso8601.hpp"
#include "media/playlist.hpp"
#include "media/stream_segments.hpp"

namespace p2pml::media {

/// Of all streams of a presentation together.
inline constexpr std::size_t kMaxTimelineSegments = 400'000;

enum class PresentationKind : std::uint8_t { hls, dash };
constexpr const char* toString(PresentationKind kind) { return kind == PresentationKind::hls ? "hls" : "dash"; }

/// video: with or without audio in it; audio: a main stream too where there is no video; iFrames: HLS I-frame playlists
/// and DASH trick modes; other: thumbnails, events and whatever a manifest invents.
enum class TrackKind : std::uint8_t { video, audio, subtitles, iFrames, other };
const char* toString(TrackKind kind);

/// What must come before a segment's own bytes.
struct InitSection {
  std::string url;
  std::optional<ByteRange> range;
  std::vector<std::uint32_t> keys;  ///< places in TimelineStream::keys

  friend bool operator==(const InitSection&, const InitSection&) = default;
};

/// How segments are protected. HLS: EXT-X-KEY as it stands. DASH: method is ContentProtection@schemeIdUri, keyFormat
/// its @value, the key id is known where @cenc:default_KID is there; uri stays empty.
struct TimelineKey {
  std::string method;
  std::string uri;
  std::string keyFormat;
  std::string keyId;
  std::optional<std::array<std::uint8_t, 16>> iv;

  friend bool operator==(const TimelineKey&, const TimelineKey&) = default;
};

struct TimelineSegment {
  std::string url;
  std::optional<ByteRange> range;
  /// On the presentation's timeline. HLS: of a VOD from 0; of a live stream from the first segment that was seen.
  base::Duration start{};
  base::Duration duration{};
  /// HLS: media sequence number. DASH: $Number$, or the place counted from startNumber.
  std::uint64_t number = 0;
  /// Names among peers: of G0; of G2 and G3; of G4 (stream_segments.hpp, dash_names.hpp).
  std::string sequence;
  std::int64_t externalId = 0;
  std::int64_t externalIdOfG4 = 0;
  /// HLS: EXT-X-PROGRAM-DATE-TIME, also reckoned. DASH, dynamic: when it plays at the live edge.
  std::optional<WallTime> dateTime;
  /// DASH, dynamic: from when on the server has it.
  std::optional<WallTime> availableFrom;
  std::uint32_t period = 0;  ///< HLS: how many discontinuities before it, from 0; DASH: the Period's place
  bool discontinuity = false;
  bool gap = false;  ///< nothing is there to load
  std::optional<std::uint32_t> init;
  std::vector<std::uint32_t> keys;

  [[nodiscard]] base::Duration end() const { return start + duration; }
  friend bool operator==(const TimelineSegment&, const TimelineSegment&) = default;
};

/// A segment index that must be loaded before its segments are known (applyIndex() in dash_timeline.hpp).
struct IndexSource {
  std::string url;
  std::optional<ByteRange> range;
  std::uint32_t period = 0;
  base::Duration periodStart{};
  std::optional<base::Duration> periodEnd;
  std::uint32_t timescale = 1;  ///< of the offset
  std::uint64_t presentationTimeOffset = 0;
  std::optional<std::uint32_t> init;
  std::vector<std::uint32_t> keys;

  friend bool operator==(const IndexSource&, const IndexSource&) = default;
};

struct TimelineStream {
  TrackKind kind = TrackKind::video;
  /// HLS: its playlist's URL. DASH: Representation@id.
  std::string id;
  /// HLS: its playlist, from which the segments come. DASH: empty.
  std::string url;

  /// Which generations share it and under which names: G0 if `sharedInG0`, the binary ones if `sharedInBinary`. Names
  /// are set for all streams, so that an engine can keep them apart.
  StreamNames names;
  bool sharedInG0 = false;
  bool sharedInBinary = false;
  /// G0, DASH of several Periods: the stream ids by Period, where they are not names.streamId.
  std::map<std::uint32_t, std::string> streamIdsByPeriod;

  std::string language;
  std::string label;
  std::string codecs;
  std::string mimeType;
  std::string frameRate;  ///< as written
  std::string channels;   ///< as written
  std::vector<std::string> roles;
  std::string group;  ///< HLS: GROUP-ID; DASH: AdaptationSet@id
  std::uint64_t bandwidth = 0;
  std::optional<Resolution> resolution;

  /// Segments come in the order of their start; without any the stream is not loaded yet.
  std::vector<TimelineSegment> segments;
  std::vector<InitSection> inits;
  std::vector<TimelineKey> keys;
  std::vector<IndexSource> indexes;

  /// Whether segments will still come. Nothing: an HLS stream whose playlist was not read yet.
  std::optional<bool> live;
  /// When to ask for the playlist or MPD again, counted from the last change; nothing: never.
  std::optional<base::Duration> refreshInterval;
  base::Duration targetDuration{};  ///< the longest segment that is to be expected

  friend bool operator==(const TimelineStream&, const TimelineStream&) = default;
};

struct TimelinePeriod {
  std::string id;
  base::Duration start{};
  std::optional<base::Duration> duration;

  friend bool operator==(const TimelinePeriod&, const TimelinePeriod&) = default;
};

/// A UTCTiming element: how to learn the server's time.
struct TimingSource {
  std::string scheme;
  std::string value;

  friend bool operator==(const TimingSource&, const TimingSource&) = default;
};

struct Presentation {
  PresentationKind kind = PresentationKind::hls;
  std::string url;  ///< the manifest's, after redirects
  std::optional<bool> live;
  std::optional<base::Duration> duration;  ///< where it is known
  std::optional<base::Duration> refreshInterval;
  std::optional<base::Duration> timeShiftBufferDepth;
  std::optional<base::Duration> suggestedDelay;  ///< how far behind the live edge to play
  std::optional<WallTime> availabilityStart;
  std::vector<TimelineStream> streams;
  std::vector<TimelinePeriod> periods;
  std::vector<TimingSource> timing;
  std::vector<std::string> locations;  ///< where to ask for the next version
  /// What was left out or read otherwise than it stands, for people.
  std::vector<std::string> notes;

  friend bool operator==(const Presentation&, const Presentation&) = default;
};

/// The end of the last segment that is there: of `now` for DASH, whose segments may be announced ahead. Nothing if
/// there is none.
std::optional<base::Duration> liveEdgeOf(const TimelineStream& stream, std::optional<WallTime> now = std::nullopt);

/// The segment that plays at `time`: the last that starts at or before it; nothing before the first and after the end
/// of the last. Logarithmic.
std::optional<std::size_t> segmentAt(const TimelineStream& stream, base::Duration time);

/// One segment of a plan: which, and how soon it is needed (0: now).
struct PlannedSegment {
  std::size_t segment = 0;  ///< place in TimelineStream::segments
  std::int64_t priority = 0;

  friend bool operator==(const PlannedSegment&, const PlannedSegment&) = default;
};

/// What a player at `playhead` needs: the segment that plays there with priority 0, those after it that start before
/// `playhead + ahead` with 1, 2, ... At most `limit`. Gaps and what is not available at `now` are left out. A playhead
/// before the first segment begins with that, one after the last gives nothing.
std::vector<PlannedSegment> segmentsAhead(const TimelineStream& stream, base::Duration playhead, base::Duration ahead,
                                          std::size_t limit, std::optional<WallTime> now = std::nullopt);

/// Finds segments by what a player asks for. Holds views of the presentation, which must outlive it unchanged.
class SegmentFinder {
 public:
  struct Place {
    std::size_t stream = 0;
    std::size_t segment = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };

  /// O(n log n) for n segments.
  explicit SegmentFinder(const Presentation& presentation);
  /// `range`: as the request has it. The exact segment, else, for a request within a segment's range or without a range
  /// at all, the one that contains its first byte. Nothing for what is no segment. Logarithmic.
  [[nodiscard]] std::optional<Place> find(std::string_view url, const std::optional<ByteRange>& range) const;

 private:
  struct Entry {
    std::string_view url;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
    Place place;
  };
  std::vector<Entry> entries_;  // by url, then offset
};

/// `next` with the segments that `previous` had and `next` has not any more, as long as they end no longer than `keep`
/// before the first one of `next`: what a player that lags behind still asks for, and what is stored under its names.
/// Streams are known by kind and id. Of HLS the start times of `next` are shifted so that segments of both keep theirs.
void carryOver(const TimelineStream& previous, TimelineStream& next, base::Duration keep);
void carryOver(const Presentation& previous, Presentation& next, base::Duration keep);

}  // namespace p2pml::media
