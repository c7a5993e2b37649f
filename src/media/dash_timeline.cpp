#include "media/dash_timeline.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "media/dash_names.hpp"
#include "media/dash_template.hpp"
#include "media/dash_time.hpp"
#include "media/uri.hpp"

namespace p2pml::media {
namespace {

using base::Duration;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::size_t kMaxProducedBytes = 128 * 1024 * 1024;

/// What all Representations of one Period have in common.
struct PeriodContext {
  std::uint32_t number = 0;
  const MpdPeriod* period = nullptr;
  std::optional<WallTime> wallStart;  ///< dynamic: when the Period plays at the live edge
};

/// One segment before it is put on the stream.
struct Place {
  std::uint64_t number = 0;
  WideInteger units = 0;     ///< from the Period's start
  WideInteger time = 0;      ///< $Time$
  std::uint64_t length = 0;  ///< in units
  std::uint64_t index = 0;   ///< of those with @duration
  bool byDuration = false;
};

std::int64_t inUnits(WideInteger units) {
  using Limits = std::numeric_limits<std::int64_t>;
  return static_cast<std::int64_t>(std::clamp<WideInteger>(units, Limits::min(), Limits::max()));
}

/// Makes streams of Representations, Period after Period.
class Builder {
 public:
  Builder(const Mpd& mpd, Presentation& presentation, std::optional<WallTime> now)
      : mpd_(mpd), presentation_(presentation), now_(now) {}

  Result<void> add(const PeriodContext& context, const MpdAdaptationSet& set, const MpdRepresentation& representation) {
    TimelineStream& stream = streamOf(context, set, representation);
    Target target{stream, context, representation, {}, {}};
    auto resolver = UriResolver::forBase(representation.baseUrl);
    if (!resolver) return std::unexpected(resolver.error());
    target.resolver = std::move(*resolver);
    if (const auto status = addProtection(target, set); !status) return status;
    if (const auto status = addInit(target); !status) return status;
    const std::size_t before = stream.segments.size();
    const auto status = addSegments(target);
    if (status && before > 0 && before < stream.segments.size()) stream.segments[before].discontinuity = true;
    return status;
  }

  // G0's player, Shaka 2, gives numbers from 1 to everything that it makes of a manifest, in this order: the
  // Representations of a set; the set, if it has no id of its own; when the Period is read, every pair of video and
  // audio.
  void endSet(const MpdAdaptationSet& set) {
    if (set.id.empty() && isPlayedByShaka2(set)) ++shakaId_;
  }
  void endPeriod() {
    shakaId_ += videos_ == 0 || audios_ == 0 ? videos_ + audios_ : videos_ * audios_;
    videos_ = audios_ = 0;
  }

  /// Those that streams were made of, first in the order of presentation_.streams.
  [[nodiscard]] const auto& sources() const { return sources_; }

 private:
  struct Target {
    TimelineStream& stream;
    const PeriodContext& context;
    const MpdRepresentation& representation;
    UriResolver resolver;
    std::vector<std::uint32_t> keys;
    std::optional<std::uint32_t> init = std::nullopt;
  };

  TimelineStream& streamOf(const PeriodContext& context, const MpdAdaptationSet& set,
                           const MpdRepresentation& representation) {
    const TrackKind kind = kindOf(set, representation);
    // Shaka 2 takes no Representation that does not say where its segments are, but subtitles.
    const bool counted = isPlayedByShaka2(set) &&
                         (representation.segments.addressing != MpdAddressing::none || kind == TrackKind::subtitles);
    const std::uint64_t number = counted ? ++shakaId_ : 0;
    std::string streamId;
    if (counted && kind == TrackKind::video) {
      streamId = "V" + std::to_string(number);
      ++videos_;
    }
    if (counted && kind == TrackKind::audio) {
      streamId = "A" + std::to_string(number);
      ++audios_;
    }
    // Without an id each Representation is a stream of its own.
    const std::string key = representation.id.empty() ? "#" + std::to_string(sources_.size()) : representation.id;
    // A stream has one Representation in each Period: where an id comes twice in one they are two streams.
    const auto [known, isNew] =
        places_.try_emplace({kind, key, idsInPeriod_[{context.number, kind, key}]++}, presentation_.streams.size());
    if (!isNew) {
      TimelineStream& stream = presentation_.streams[known->second];
      if (!streamId.empty()) stream.streamIdsByPeriod[context.number] = streamId;
      return stream;
    }
    TimelineStream stream;
    stream.kind = kind;
    stream.id = representation.id;
    if (!streamId.empty()) stream.names.streamId = streamId;
    stream.language = set.language;
    stream.label = set.label;
    stream.codecs = representation.codecs;
    stream.mimeType = representation.mimeType;
    stream.frameRate = representation.frameRate;
    stream.group = set.id;
    stream.bandwidth = representation.bandwidth;
    for (const MpdDescriptors* own : {&representation.own, &set.own}) {
      if (stream.channels.empty() && !own->channels.empty()) stream.channels = own->channels.front().value;
    }
    for (const MpdDescriptor& role : set.roles) {
      if (stream.roles.size() < kMaxStreamKeys) stream.roles.push_back(role.value);
    }
    if (representation.width != 0 && representation.height != 0) {
      stream.resolution = Resolution{representation.width, representation.height};
    }
    stream.live = mpd_.dynamic;
    stream.refreshInterval = presentation_.refreshInterval;
    presentation_.streams.push_back(std::move(stream));
    sources_.emplace_back(&set, &representation);
    return presentation_.streams.back();
  }

  Result<void> addProtection(Target& target, const MpdAdaptationSet& set) {
    for (const MpdDescriptors* own : {&target.representation.own, &set.own}) {
      for (const MpdProtection& protection : own->protections) {
        const TimelineKey key{protection.schemeIdUri, {}, protection.value, protection.defaultKeyId, std::nullopt};
        auto& keys = target.stream.keys;
        const auto found = std::ranges::find(keys, key);
        const auto place = static_cast<std::uint32_t>(found - keys.begin());
        if (found == keys.end()) {
          if (keys.size() == kMaxStreamKeys) break;
          keys.push_back(key);
        }
        target.keys.push_back(place);
      }
    }
    return {};
  }

  UrlTemplate::Values valuesOf(const Target& target) const {
    return {target.representation.id, target.representation.bandwidth, 0, 0};
  }

  Result<std::string> resolve(const Target& target, const std::string& reference) {
    auto url =
        reference.empty() ? Result<std::string>(target.representation.baseUrl) : target.resolver.resolve(reference);
    if (!url) return url;
    if (!isHttpUrl(*url)) {
      return fail(ErrorCode::malformed, "\"" + url->substr(0, 100) + "\": expected a URL of http or https");
    }
    produced_ += url->size();
    if (produced_ > kMaxProducedBytes) {
      return fail(ErrorCode::limitExceeded, "the MPD's URLs are longer than 134217728 bytes together");
    }
    return url;
  }

  Result<void> addInit(Target& target) {
    const MpdSegments& segments = target.representation.segments;
    if (!segments.initialization) return {};
    const auto text = UrlTemplate::parse(*segments.initialization);
    if (!text) return std::unexpected(text.error());
    auto url = resolve(target, text->fill(valuesOf(target)));
    if (!url) return std::unexpected(url.error());
    InitSection init{std::move(*url), segments.initializationRange, target.keys};
    // The whole resource would be the media itself.
    if (!init.range && init.url == target.representation.baseUrl && segments.addressing != MpdAddressing::byTemplate) {
      return {};
    }
    const auto found = std::ranges::find(target.stream.inits, init);
    target.init = static_cast<std::uint32_t>(found - target.stream.inits.begin());
    if (found == target.stream.inits.end()) target.stream.inits.push_back(std::move(init));
    return {};
  }

  Result<void> addSegments(Target& target) {
    const MpdSegments& segments = target.representation.segments;
    switch (segments.addressing) {
      case MpdAddressing::none: return addWhole(target);
      case MpdAddressing::base: return segments.indexRange ? addIndex(target) : addWhole(target);
      case MpdAddressing::list: return addList(target);
      case MpdAddressing::byTemplate: break;
    }
    auto media = UrlTemplate::parse(segments.media);
    if (!media) return std::unexpected(media.error());
    if (!segments.timeline && !segments.duration && !media->varies()) {
      // "if neither ... the Representation contains one Media Segment" (section 5.3.9.2.1).
      auto values = valuesOf(target);
      values.number = segments.startNumber;
      return addOne(target, media->fill(values), std::nullopt);
    }
    media_ = std::move(*media);
    return addPlaces(target);
  }

  Result<void> addList(Target& target) {
    const MpdSegments& segments = target.representation.segments;
    if (!segments.urls || segments.urls->empty()) return {};
    if (!segments.timeline && !segments.duration) {
      if (segments.urls->size() > 1) {
        return fail(ErrorCode::malformed, "SegmentList: several SegmentURLs, expected a duration or a SegmentTimeline");
      }
      const MpdSegmentUrl& only = segments.urls->front();
      return addOne(target, only.media, only.range);
    }
    return addPlaces(target);
  }

  /// The segment at `place`, the one of that number counted from 0 in a SegmentList.
  Result<void> addNext(Target& target, const Place& place, std::uint64_t which) {
    const MpdSegments& segments = target.representation.segments;
    if (segments.addressing == MpdAddressing::list) {
      const MpdSegmentUrl& url = (*segments.urls)[static_cast<std::size_t>(which)];
      return addPlace(target, place, url.media, url.range);
    }
    auto values = valuesOf(target);
    values.number = place.number;
    values.time = static_cast<std::uint64_t>(std::max<WideInteger>(place.time, 0));
    return addPlace(target, place, media_.fill(values), std::nullopt);
  }

  Result<void> addWhole(Target& target) { return addOne(target, {}, std::nullopt); }

  /// One segment as long as the Period.
  Result<void> addOne(Target& target, const std::string& reference, const std::optional<ByteRange>& range) {
    const Duration length = target.context.period->duration.value_or(Duration());
    Place place;
    place.number = target.representation.segments.startNumber;
    place.units = 0;
    place.length = 0;
    auto status = addPlace(target, place, reference, range);
    if (!status) return status;
    TimelineSegment& segment = target.stream.segments.back();
    segment.duration = length;
    target.stream.targetDuration = std::max(target.stream.targetDuration, length);
    return {};
  }

  Result<void> addIndex(Target& target) {
    const MpdSegments& segments = target.representation.segments;
    auto url = resolve(target, segments.indexUrl);
    if (!url) return std::unexpected(url.error());
    IndexSource index;
    index.url = std::move(*url);
    index.range = segments.indexRange;
    index.period = target.context.number;
    index.periodStart = target.context.period->start;
    if (target.context.period->duration) index.periodEnd = index.periodStart + *target.context.period->duration;
    index.timescale = segments.timescale;
    index.presentationTimeOffset = segments.presentationTimeOffset;
    index.init = target.init;
    index.keys = target.keys;
    target.stream.indexes.push_back(std::move(index));
    return {};
  }

  Result<void> addPlaces(Target& target) {
    return target.representation.segments.timeline ? addTimeline(target) : addByDuration(target);
  }

  /// Section 5.3.9.6.
  Result<void> addTimeline(Target& target) {
    const MpdSegments& segments = target.representation.segments;
    const std::vector<MpdTimelineEntry>& entries = *segments.timeline;
    const WideInteger offset = segments.presentationTimeOffset;
    const std::optional<Duration>& duration = target.context.period->duration;
    const bool list = segments.addressing == MpdAddressing::list;
    WideInteger time = 0;
    std::uint64_t count = 0;  // of segments so far: the place in a SegmentList
    std::uint64_t number = segments.startNumber;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const MpdTimelineEntry& entry = entries[i];
      if (entry.time) time = *entry.time;
      if (entry.number) number = *entry.number;
      WideInteger repeats = entry.repeat;
      if (repeats < 0) {
        WideInteger end = time + entry.duration;
        if (i + 1 < entries.size()) {
          if (!entries[i + 1].time) {
            return fail(ErrorCode::malformed, "S@r is negative, expected a time at the S after it");
          }
          end = *entries[i + 1].time;
        } else if (duration) {
          end = offset + unitsIn(*duration, segments.timescale);
        } else if (target.context.wallStart) {
          end = offset + unitsIn(*now_ - *target.context.wallStart, segments.timescale);
        }
        repeats = ceilDivide(end - time, entry.duration) - 1;
      }
      for (WideInteger r = 0; r <= repeats; ++r) {
        if (list && count >= segments.urls->size()) return {};
        if (segments.endNumber && number > *segments.endNumber) return {};
        const WideInteger units = time - offset;
        // What begins after the Period's end, or ends before its start, is not played in it.
        if (duration && durationOfUnits(units, segments.timescale) >= *duration) return {};
        const Place place{number, units, time, entry.duration, 0, false};
        if (units + entry.duration > 0) {
          if (const auto status = addNext(target, place, count); !status) return status;
        } else if (++skipped_ > kMaxTimelineSegments) {
          return fail(ErrorCode::limitExceeded, "more than 400000 segments");
        }
        time += entry.duration;
        ++number;
        ++count;
      }
    }
    return {};
  }

  /// Section 5.3.9.5.3: segment k starts k durations after the Period's start.
  Result<void> addByDuration(Target& target) {
    const MpdSegments& segments = target.representation.segments;
    if (!segments.duration) {
      return fail(ErrorCode::malformed, "SegmentTemplate: expected a duration or a SegmentTimeline");
    }
    const WideInteger length = *segments.duration;
    const WideInteger none = -1;
    WideInteger first = 0;
    WideInteger end = none;  // one after the last
    const std::optional<Duration>& duration = target.context.period->duration;
    if (duration) {
      end = ceilDivide(WideInteger{duration->count()} * segments.timescale, length * 1'000'000);
    }
    const bool list = segments.addressing == MpdAddressing::list;
    if (list) {
      // All that is listed is there.
      const auto listed = static_cast<WideInteger>(segments.urls->size());
      end = end < 0 ? listed : std::min(end, listed);
    } else if (target.context.wallStart) {
      const Duration elapsed = *now_ - *target.context.wallStart;
      const Duration early = segments.availabilityTimeOffset.value_or(Duration());
      const WideInteger whole = floorDivide(unitsIn(elapsed + early, segments.timescale), length);
      end = end < 0 ? whole : std::min(end, whole);
      if (presentation_.timeShiftBufferDepth) {
        first = floorDivide(unitsIn(elapsed - *presentation_.timeShiftBufferDepth, segments.timescale), length);
      } else if (end - first > static_cast<WideInteger>(kMaxOpenWindow)) {
        first = end - static_cast<WideInteger>(kMaxOpenWindow);
        if (!windowNoted_)
          presentation_.notes.emplace_back("no timeShiftBufferDepth: the newest 10000 segments of each stream");
        windowNoted_ = true;
      }
      first = std::max(first, WideInteger{0});
    } else if (end < 0) {
      return fail(ErrorCode::malformed, "expected the Period's duration or mediaPresentationDuration");
    }
    if (segments.endNumber) {
      end = std::min(end, WideInteger{*segments.endNumber} - WideInteger{segments.startNumber} + 1);
    }
    constexpr WideInteger kMaxUnits = std::numeric_limits<std::int64_t>::max() / 2;
    if (end > kMaxUnits / length) return fail(ErrorCode::malformed, "duration is too short for the time it is to fill");
    for (WideInteger k = first; k < end; ++k) {
      const auto index = static_cast<std::uint64_t>(k);
      const Place place{segments.startNumber + index, k * length, k * length + segments.presentationTimeOffset,
                        *segments.duration,           index,      true};
      if (const auto status = addNext(target, place, index); !status) return status;
    }
    return {};
  }

  Result<void> addPlace(Target& target, const Place& place, const std::string& reference,
                        const std::optional<ByteRange>& range) {
    if (++segments_ > kMaxTimelineSegments) return fail(ErrorCode::limitExceeded, "more than 400000 segments");
    auto url = resolve(target, reference);
    if (!url) return std::unexpected(url.error());
    const MpdSegments& segments = target.representation.segments;
    const MpdPeriod& period = *target.context.period;
    TimelineSegment segment;
    segment.url = std::move(*url);
    segment.range = range;
    const Duration start = durationOfUnits(place.units, segments.timescale);
    segment.start = period.start + start;
    // By the ends, so that rounding does not add up.
    segment.duration = durationOfUnits(place.units + place.length, segments.timescale) - start;
    // The last one by @duration is as long as the Period has left.
    if (place.byDuration && period.duration) segment.duration = std::min(segment.duration, *period.duration - start);
    segment.number = place.number;
    segment.period = target.context.number;
    segment.init = target.init;
    segment.keys = target.keys;
    DashTime time{period.start, inUnits(place.units), segments.timescale, 0, 0};
    if (place.byDuration) {
      time.segmentUnits = *segments.duration;
      time.index = place.index;
    }
    nameSegment(segment, time);
    if (target.context.wallStart) {
      segment.dateTime = *target.context.wallStart + start;
      if (segments.availabilityTimeOffset) {
        segment.availableFrom = *segment.dateTime + segment.duration - *segments.availabilityTimeOffset;
      }
    }
    target.stream.targetDuration = std::max(target.stream.targetDuration, segment.duration);
    target.stream.segments.push_back(std::move(segment));
    return {};
  }

  const Mpd& mpd_;
  Presentation& presentation_;
  std::optional<WallTime> now_;
  std::map<std::tuple<TrackKind, std::string, std::uint32_t>, std::size_t> places_;
  std::map<std::tuple<std::uint32_t, TrackKind, std::string>, std::uint32_t> idsInPeriod_;
  std::vector<std::pair<const MpdAdaptationSet*, const MpdRepresentation*>> sources_;
  UrlTemplate media_;
  std::uint64_t shakaId_ = 0;
  std::uint64_t videos_ = 0;  // of the Period
  std::uint64_t audios_ = 0;
  std::size_t segments_ = 0;
  std::size_t skipped_ = 0;
  std::size_t produced_ = 0;
  bool windowNoted_ = false;
};

Presentation headOf(const Mpd& mpd, std::string_view url) {
  Presentation presentation;
  presentation.kind = PresentationKind::dash;
  presentation.url = url;
  presentation.live = mpd.dynamic;
  presentation.duration = mpd.duration;
  presentation.timeShiftBufferDepth = mpd.timeShiftBufferDepth;
  presentation.suggestedDelay = mpd.suggestedPresentationDelay;
  if (mpd.dynamic) presentation.availabilityStart = mpd.availabilityStart;
  if (mpd.dynamic && mpd.minimumUpdatePeriod) {
    // 0 asks for a fetch before every segment; a second is as often as that can be.
    presentation.refreshInterval = std::max(*mpd.minimumUpdatePeriod, base::seconds(1));
  }
  for (const MpdDescriptor& timing : mpd.timing) presentation.timing.push_back({timing.schemeIdUri, timing.value});
  presentation.locations = mpd.locations;
  presentation.notes = mpd.notes;
  for (const MpdPeriod& period : mpd.periods) {
    presentation.periods.push_back({period.id, period.start, period.duration});
  }
  // Without the whole one, the end of the last Period of a static MPD.
  const MpdPeriod& last = mpd.periods.back();
  if (!mpd.dynamic && !presentation.duration && last.duration) presentation.duration = last.start + *last.duration;
  return presentation;
}

}  // namespace

Result<Presentation> presentationOf(const Mpd& mpd, std::string_view url, std::string_view requestUrl,
                                    std::optional<WallTime> now, std::string_view swarmId) {
  if (mpd.periods.empty()) return fail(ErrorCode::malformed, "MPD: expected at least one Period");
  if (mpd.dynamic && !now) return fail(ErrorCode::invalidArgument, "MPD: it is dynamic, expected the present time");
  Presentation presentation = headOf(mpd, url);
  Builder builder(mpd, presentation, now);
  for (std::size_t p = 0; p < mpd.periods.size(); ++p) {
    PeriodContext context{static_cast<std::uint32_t>(p), &mpd.periods[p], std::nullopt};
    if (mpd.dynamic) context.wallStart = *mpd.availabilityStart + mpd.periods[p].start;
    for (const MpdAdaptationSet& set : mpd.periods[p].adaptationSets) {
      for (const MpdRepresentation& representation : set.representations) {
        if (const auto status = builder.add(context, set, representation); !status) {
          return fail(status.error().code, "MPD: Period " + std::to_string(p + 1) + ": Representation \"" +
                                               representation.id.substr(0, 60) + "\": " + status.error().detail);
        }
      }
      builder.endSet(set);
    }
    builder.endPeriod();
  }
  nameStreams(presentation, builder.sources(), requestUrl, swarmId);
  return presentation;
}

Result<void> applyIndex(TimelineStream& stream, std::size_t index, const SegmentIndexBox& box) {
  if (index >= stream.indexes.size()) return fail(ErrorCode::invalidArgument, "segment index: no such index");
  if (stream.segments.size() + box.references.size() > kMaxTimelineSegments) {
    return fail(ErrorCode::limitExceeded, "segment index: more than 400000 segments");
  }
  const IndexSource source = stream.indexes[index];
  stream.indexes.erase(stream.indexes.begin() + static_cast<std::ptrdiff_t>(index));
  // In units of the box.
  const WideInteger offset =
      floorDivide(WideInteger{source.presentationTimeOffset} * box.timescale, WideInteger{source.timescale});
  const std::uint64_t first = box.references.empty() ? 0 : box.references.front().start;
  std::uint64_t number = 1;
  std::vector<TimelineSegment> segments;
  for (const SidxReference& reference : box.references) {
    if (reference.isIndex) {
      IndexSource further = source;
      further.range = reference.range;
      stream.indexes.push_back(std::move(further));
      continue;
    }
    const WideInteger units = WideInteger{reference.start} - offset;
    TimelineSegment segment;
    segment.url = source.url;
    segment.range = reference.range;
    const Duration start = durationOfUnits(units, box.timescale);
    segment.start = source.periodStart + start;
    segment.duration = durationOfUnits(units + reference.duration, box.timescale) - start;
    segment.number = number++;
    segment.period = source.period;
    segment.init = source.init;
    segment.keys = source.keys;
    nameSegment(segment, {source.periodStart, inUnits(units), box.timescale, 0, 0});
    // G4 counts from the Period's start, whatever the box and the offset say.
    TimelineSegment counted;
    nameSegment(counted, {source.periodStart, static_cast<std::int64_t>(reference.start - first), box.timescale, 0, 0});
    segment.externalIdOfG4 = counted.externalIdOfG4;
    if (source.periodEnd && segment.start >= *source.periodEnd) break;
    stream.targetDuration = std::max(stream.targetDuration, segment.duration);
    segments.push_back(std::move(segment));
  }
  stream.segments.insert(stream.segments.end(), segments.begin(), segments.end());
  std::ranges::sort(stream.segments, {}, [](const TimelineSegment& segment) {
    return std::tuple(segment.start, segment.period, segment.range ? segment.range->offset : 0);
  });
  return {};
}

}  // namespace p2pml::media
