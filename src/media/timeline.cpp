#include "media/timeline.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace p2pml::media {
namespace {

bool isThere(const TimelineSegment& segment, std::optional<WallTime> now) {
  return !now || !segment.availableFrom || *segment.availableFrom <= *now;
}

std::size_t firstAfter(const TimelineStream& stream, base::Duration time) {
  const auto found = std::ranges::upper_bound(stream.segments, time, {}, &TimelineSegment::start);
  return static_cast<std::size_t>(found - stream.segments.begin());
}

/// The place of what equals `value` in `list`, where it is put if it is not there.
template <class Value>
std::uint32_t placeOf(std::vector<Value>& list, const Value& value) {
  const auto found = std::ranges::find(list, value);
  if (found != list.end()) return static_cast<std::uint32_t>(found - list.begin());
  list.push_back(value);
  return static_cast<std::uint32_t>(list.size() - 1);
}

/// Puts what segments of `from` refer to into `to`, each once.
class Carrier {
 public:
  Carrier(const TimelineStream& from, TimelineStream& to)
      : from_(from), to_(to), keys_(from.keys.size()), inits_(from.inits.size()) {}

  void carry(TimelineSegment& segment) {
    carryKeys(segment.keys);
    if (!segment.init) return;
    std::optional<std::uint32_t>& known = inits_[*segment.init];
    if (!known) {
      InitSection init = from_.inits[*segment.init];
      carryKeys(init.keys);
      known = placeOf(to_.inits, init);
    }
    segment.init = known;
  }

 private:
  void carryKeys(std::vector<std::uint32_t>& places) {
    for (std::uint32_t& place : places) {
      std::optional<std::uint32_t>& known = keys_[place];
      if (!known) known = placeOf(to_.keys, from_.keys[place]);
      place = *known;
    }
  }

  const TimelineStream& from_;
  TimelineStream& to_;
  std::vector<std::optional<std::uint32_t>> keys_;
  std::vector<std::optional<std::uint32_t>> inits_;
};

/// HLS: what `next` is to be shifted by so that it goes on where `previous` was.
base::Duration shiftOf(const TimelineStream& previous, const TimelineStream& next) {
  const TimelineSegment& first = next.segments.front();
  const TimelineSegment& last = previous.segments.back();
  const auto same = std::ranges::lower_bound(previous.segments, first.number, {}, &TimelineSegment::number);
  if (same != previous.segments.end() && same->number == first.number) return same->start - first.start;
  if (first.number < last.number) return {};  // it began anew: a timeline of its own
  if (last.dateTime && first.dateTime && *first.dateTime >= *last.dateTime) {
    return last.start + (*first.dateTime - *last.dateTime) - first.start;
  }
  // As many segments as were missed, each as long as the longest may be.
  const std::uint64_t missed = std::min<std::uint64_t>(first.number - last.number - 1, kMaxTimelineSegments);
  return last.end() + next.targetDuration * static_cast<std::int64_t>(missed) - first.start;
}

}  // namespace

const char* toString(TrackKind kind) {
  switch (kind) {
    case TrackKind::video: return "video";
    case TrackKind::audio: return "audio";
    case TrackKind::subtitles: return "subtitles";
    case TrackKind::iFrames: return "iFrames";
    case TrackKind::other: return "other";
  }
  return "other";
}

std::optional<base::Duration> liveEdgeOf(const TimelineStream& stream, std::optional<WallTime> now) {
  for (auto segment = stream.segments.rbegin(); segment != stream.segments.rend(); ++segment) {
    if (isThere(*segment, now)) return segment->end();
  }
  return std::nullopt;
}

std::optional<std::size_t> segmentAt(const TimelineStream& stream, base::Duration time) {
  const std::size_t after = firstAfter(stream, time);
  if (after == 0) return std::nullopt;
  if (after == stream.segments.size() && time >= stream.segments.back().end()) return std::nullopt;
  return after - 1;
}

std::vector<PlannedSegment> segmentsAhead(const TimelineStream& stream, base::Duration playhead, base::Duration ahead,
                                          std::size_t limit, std::optional<WallTime> now) {
  std::vector<PlannedSegment> plan;
  if (stream.segments.empty() || playhead >= stream.segments.back().end()) return plan;
  const std::size_t after = firstAfter(stream, playhead);
  for (std::size_t i = after == 0 ? 0 : after - 1; i < stream.segments.size() && plan.size() < limit; ++i) {
    const TimelineSegment& segment = stream.segments[i];
    if (!plan.empty() && segment.start >= playhead + ahead) break;
    if (segment.gap || !isThere(segment, now)) continue;
    plan.push_back({i, static_cast<std::int64_t>(plan.size())});
  }
  return plan;
}

SegmentFinder::SegmentFinder(const Presentation& presentation) {
  for (std::size_t s = 0; s < presentation.streams.size(); ++s) {
    const std::vector<TimelineSegment>& segments = presentation.streams[s].segments;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const auto& range = segments[i].range;
      const std::uint64_t end = range ? range->offset + range->length : ~std::uint64_t{0};
      entries_.push_back({segments[i].url, range ? range->offset : 0, end, {s, i}});
    }
  }
  // Of equal ones the first stream's comes first.
  std::ranges::sort(entries_, {}, [](const Entry& entry) {
    return std::tuple(entry.url, entry.offset, entry.place.stream, entry.place.segment);
  });
}

std::optional<SegmentFinder::Place> SegmentFinder::find(std::string_view url,
                                                        const std::optional<ByteRange>& range) const {
  const std::uint64_t offset = range ? range->offset : 0;
  // The last one that begins at or before the first byte, and of equal ones the first.
  auto found = std::ranges::upper_bound(entries_, std::pair(url, offset), {},
                                        [](const Entry& entry) { return std::pair(entry.url, entry.offset); });
  if (found == entries_.begin()) return std::nullopt;
  --found;
  if (found->url != url || offset >= found->end) return std::nullopt;
  const auto first = std::ranges::lower_bound(entries_, std::pair(found->url, found->offset), {},
                                              [](const Entry& entry) { return std::pair(entry.url, entry.offset); });
  return first->place;
}

void carryOver(const TimelineStream& previous, TimelineStream& next, base::Duration keep) {
  if (previous.segments.empty()) return;
  if (next.segments.empty()) {
    // An index that was applied is not asked for again.
    if (!next.indexes.empty() || next.live.value_or(true)) {
      next.segments = previous.segments;
      next.inits = previous.inits;
      next.keys = previous.keys;
      next.indexes = previous.indexes;
    }
    return;
  }
  const bool hls = !next.url.empty();
  if (hls) {
    const base::Duration shift = shiftOf(previous, next);
    for (TimelineSegment& segment : next.segments) segment.start += shift;
    // It began anew: nothing of before belongs to it.
    if (next.segments.front().number < previous.segments.front().number) return;
  }
  const TimelineSegment& first = next.segments.front();
  const auto isBefore = [&](const TimelineSegment& segment) {
    return hls ? segment.number < first.number : segment.start < first.start;
  };
  const auto begin = std::ranges::find_if(previous.segments, [&](const TimelineSegment& segment) {
    return segment.end() + keep > first.start || !isBefore(segment);
  });
  const auto end = std::ranges::find_if_not(previous.segments, isBefore);
  if (begin >= end) return;
  std::vector<TimelineSegment> kept(begin, end);
  if (kept.size() + next.segments.size() > kMaxTimelineSegments) return;
  Carrier carrier(previous, next);
  for (TimelineSegment& segment : kept) carrier.carry(segment);
  kept.insert(kept.end(), std::make_move_iterator(next.segments.begin()), std::make_move_iterator(next.segments.end()));
  next.segments = std::move(kept);
}

void carryOver(const Presentation& previous, Presentation& next, base::Duration keep) {
  std::map<std::pair<TrackKind, std::string_view>, const TimelineStream*> known;
  for (const TimelineStream& stream : previous.streams)
    known.emplace(std::pair(stream.kind, std::string_view(stream.id)), &stream);
  for (TimelineStream& stream : next.streams) {
    const auto found = known.find(std::pair(stream.kind, std::string_view(stream.id)));
    if (found != known.end()) carryOver(*found->second, stream, keep);
  }
}

}  // namespace p2pml::media
