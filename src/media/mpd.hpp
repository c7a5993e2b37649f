// What an MPEG-DASH manifest says (ISO/IEC 23009-1), as values: made by dash::parseMpd (dash/mpd_reader.hpp), turned
// into a timeline by dash_timeline.hpp.
//
// What elements inherit from those around them is already put together, and base URLs are resolved: a Representation
// says all that counts for it. Lists that many Representations inherit are shared, not copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "media/iso8601.hpp"
#include "media/playlist.hpp"

namespace p2pml::media {

/// DescriptorType: Role, EssentialProperty, AudioChannelConfiguration, UTCTiming, ...
struct MpdDescriptor {
  std::string schemeIdUri;
  std::string value;

  friend bool operator==(const MpdDescriptor&, const MpdDescriptor&) = default;
};

struct MpdProtection {
  std::string schemeIdUri;
  std::string value;
  std::string defaultKeyId;  ///< @cenc:default_KID

  friend bool operator==(const MpdProtection&, const MpdProtection&) = default;
};

/// S of a SegmentTimeline (section 5.3.9.6).
struct MpdTimelineEntry {
  std::optional<std::uint64_t> time;    ///< @t; absent: where the entry before it ends
  std::uint64_t duration = 0;           ///< @d
  std::int64_t repeat = 0;              ///< @r: further segments; negative: up to the next entry or the end
  std::optional<std::uint64_t> number;  ///< @n

  friend bool operator==(const MpdTimelineEntry&, const MpdTimelineEntry&) = default;
};

/// SegmentURL of a SegmentList.
struct MpdSegmentUrl {
  std::string media;  ///< as written; empty: the base URL itself
  std::optional<ByteRange> range;

  friend bool operator==(const MpdSegmentUrl&, const MpdSegmentUrl&) = default;
};

enum class MpdAddressing : std::uint8_t { none, base, list, byTemplate };

/// SegmentBase, SegmentList or SegmentTemplate with all that it inherits (section 5.3.9).
struct MpdSegments {
  MpdAddressing addressing = MpdAddressing::none;
  std::uint32_t timescale = 1;
  std::uint64_t presentationTimeOffset = 0;
  std::optional<std::uint64_t> duration;
  std::uint64_t startNumber = 1;
  std::optional<std::uint64_t> endNumber;
  /// How much earlier than whole a segment is there; absent for "INF".
  std::optional<base::Duration> availabilityTimeOffset = base::Duration();
  std::optional<ByteRange> indexRange;
  std::string indexUrl;                       ///< RepresentationIndex@sourceURL, as written
  std::optional<std::string> initialization;  ///< URL or template, as written; empty: the base URL itself
  std::optional<ByteRange> initializationRange;
  std::string media;  ///< template, as written
  std::shared_ptr<const std::vector<MpdTimelineEntry>> timeline;
  std::shared_ptr<const std::vector<MpdSegmentUrl>> urls;
};

/// What can stand on an AdaptationSet and on a Representation. The first kMaxMpdDescriptors of each kind.
struct MpdDescriptors {
  std::vector<MpdDescriptor> channels;      ///< AudioChannelConfiguration
  std::vector<MpdDescriptor> essential;     ///< EssentialProperty: who does not know it must not play what it is on
  std::vector<MpdDescriptor> supplemental;  ///< SupplementalProperty
  std::vector<MpdProtection> protections;
};
inline constexpr std::size_t kMaxMpdDescriptors = 32;

struct MpdRepresentation {
  std::string id;
  std::uint64_t bandwidth = 0;
  std::string mimeType;
  std::string codecs;
  std::string frameRate;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::string baseUrl;  ///< absolute
  MpdDescriptors own;   ///< the AdaptationSet's apply too
  MpdSegments segments;
};

struct MpdAdaptationSet {
  std::string id;
  std::string contentType;
  std::string mimeType;
  std::string language;
  std::string label;
  std::vector<MpdDescriptor> roles;
  MpdDescriptors own;
  std::vector<MpdRepresentation> representations;
};

struct MpdPeriod {
  std::string id;
  base::Duration start{};
  std::optional<base::Duration> duration;  ///< absent: still open
  std::vector<MpdAdaptationSet> adaptationSets;
};

struct Mpd {
  bool dynamic = false;
  std::string profiles;
  std::optional<WallTime> availabilityStart;
  std::optional<WallTime> availabilityEnd;
  std::optional<WallTime> publishTime;
  std::optional<base::Duration> duration;  ///< @mediaPresentationDuration
  std::optional<base::Duration> minimumUpdatePeriod;
  std::optional<base::Duration> timeShiftBufferDepth;
  std::optional<base::Duration> suggestedPresentationDelay;
  std::optional<base::Duration> maxSegmentDuration;
  std::vector<std::string> locations;  ///< absolute
  std::vector<MpdDescriptor> timing;   ///< UTCTiming
  std::vector<MpdPeriod> periods;
  /// What was left out, for people.
  std::vector<std::string> notes;
};

}  // namespace p2pml::media
