#include "media/m3u8_delta.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace p2pml::media {
namespace {

using base::ErrorCode;
using base::fail;

/// Moves values of `from` into `to` as they are asked for, each once.
template <class Value>
class Carrier {
 public:
  Carrier(const std::vector<Value>& from, std::vector<Value>& to) : from_(from), to_(to), places_(from.size()) {}

  /// The place in `to` of what stands at `place` in `from`; `adapt` may change a copy before it is put there.
  template <class Adapt>
  std::uint32_t carry(std::uint32_t place, Adapt adapt) {
    std::optional<std::uint32_t>& known = places_[place];
    if (!known) {
      Value value = from_[place];
      adapt(value);
      known = static_cast<std::uint32_t>(to_.size());
      to_.push_back(std::move(value));
    }
    return *known;
  }

 private:
  const std::vector<Value>& from_;
  std::vector<Value>& to_;
  std::vector<std::optional<std::uint32_t>> places_;
};

void mergeDateRanges(const MediaPlaylist& previous, MediaPlaylist& delta) {
  std::set<std::string_view> left(delta.skipped->removedDateRanges.begin(), delta.skipped->removedDateRanges.end());
  for (const DateRange& range : delta.dateRanges) left.insert(range.id);
  std::vector<DateRange> all;
  for (const DateRange& range : previous.dateRanges) {
    if (!left.contains(range.id)) all.push_back(range);
  }
  all.insert(all.end(), delta.dateRanges.begin(), delta.dateRanges.end());
  delta.dateRanges = std::move(all);
}

}  // namespace

void setDateTimes(std::vector<MediaSegment>& segments, std::optional<WallTime> first) {
  std::optional<WallTime> next = first;
  std::size_t undated = 0;  // those before the first date
  for (MediaSegment& segment : segments) {
    if (!segment.programDateTime.empty()) {
      if (const auto own = parseDateTime(segment.programDateTime)) next = own;
    }
    segment.dateTime = next;
    if (next) {
      *next += segment.duration;
    } else {
      ++undated;
    }
  }
  if (undated == segments.size()) return;
  for (std::size_t i = undated; i > 0; --i) {
    segments[i - 1].dateTime = *segments[i].dateTime - segments[i - 1].duration;
  }
}

base::Result<MediaPlaylist> mergeDelta(const MediaPlaylist& previous, MediaPlaylist delta) {
  if (!delta.skipped) return delta;
  const std::uint64_t first = delta.mediaSequence;
  const std::uint64_t count = delta.skipped->count;
  const std::uint64_t known = previous.mediaSequence + previous.segments.size();
  if (previous.skipped || first < previous.mediaSequence || first + count > known) {
    return fail(ErrorCode::notFound, "delta update: it skips segments " + std::to_string(first) + " to " +
                                         std::to_string(first + count) + ", expected to have them all");
  }

  std::vector<MediaSegment> segments;
  segments.reserve(static_cast<std::size_t>(count) + delta.segments.size());
  Carrier<SegmentKey> keys(previous.keys, delta.keys);
  Carrier<SegmentMap> maps(previous.maps, delta.maps);
  const auto carryKeys = [&](std::vector<std::uint32_t>& places) {
    for (std::uint32_t& place : places) place = keys.carry(place, [](SegmentKey&) {});
  };
  const auto start = static_cast<std::size_t>(first - previous.mediaSequence);
  for (std::size_t i = start; i < start + count; ++i) {
    MediaSegment segment = previous.segments[i];
    carryKeys(segment.keys);
    if (segment.map) segment.map = maps.carry(*segment.map, [&](SegmentMap& map) { carryKeys(map.keys); });
    segments.push_back(std::move(segment));
  }
  std::uint64_t discontinuity = segments.empty() ? delta.discontinuitySequence : segments.back().discontinuitySequence;
  for (std::size_t i = 0; i < delta.segments.size(); ++i) {
    MediaSegment& segment = delta.segments[i];
    if (!segments.empty() && i < delta.skipped->segmentsBeforeKey) segment.keys = segments.back().keys;
    if (!segments.empty() && i < delta.skipped->segmentsBeforeMap) segment.map = segments.back().map;
    if (segment.discontinuity) ++discontinuity;
    segment.discontinuitySequence = discontinuity;
    segments.push_back(std::move(segment));
  }
  delta.segments = std::move(segments);
  setDateTimes(delta.segments, delta.segments.empty() ? std::nullopt : delta.segments.front().dateTime);
  mergeDateRanges(previous, delta);
  delta.skipped.reset();
  return delta;
}

}  // namespace p2pml::media
