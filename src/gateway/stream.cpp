#include "gateway/stream.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "media/dash_timeline.hpp"

namespace p2pml::gateway {

using media::TimelineSegment;

Stream::Stream(const ManifestStream& told) : label_(told.label), dash_(told.kind == media::PresentationKind::dash) {
  timeline_.names = told.timeline.names;
  timeline_.kind = told.timeline.kind;
  timeline_.id = told.timeline.id;
  timeline_.mimeType = told.timeline.mimeType;
}

std::int64_t Stream::positionOf(const TimelineSegment& segment) const {
  return dash_ ? segment.start.count() : static_cast<std::int64_t>(segment.number);
}

Stream::Segments::const_iterator Stream::from(std::int64_t position) const {
  return std::ranges::lower_bound(timeline_.segments, position, {},
                                  [this](const TimelineSegment& segment) { return positionOf(segment); });
}

const TimelineSegment* Stream::at(std::int64_t position) const {
  const auto known = from(position);
  return known != timeline_.segments.end() && positionOf(*known) == position && !known->gap ? &*known : nullptr;
}

/// Gives the Periods of a new version the numbers that they had.
void Stream::numberPeriods(ManifestStream& told) {
  std::map<std::uint32_t, std::uint32_t> ours;
  const auto renumber = [&](std::uint32_t& period) {
    const auto [number, isNew] = ours.try_emplace(period, 0);
    if (isNew) {
      const base::Duration start = period < told.periods.size() ? told.periods[period] : base::Duration::zero();
      const auto known = std::ranges::find_if(periods_, [&](const auto& item) { return item.second.start == start; });
      number->second = known != periods_.end() ? known->first : ++lastPeriod_;
      if (known == periods_.end()) {
        const auto named = told.timeline.streamIdsByPeriod.find(period);
        const bool own = named != told.timeline.streamIdsByPeriod.end();
        periods_[lastPeriod_] = {start, own ? named->second : told.timeline.names.streamId};
      }
    }
    period = number->second;
  };
  for (TimelineSegment& segment : told.timeline.segments) renumber(segment.period);
  for (media::IndexSource& index : told.timeline.indexes) renumber(index.period);
}

bool Stream::update(base::TimePoint now, ManifestStream&& told) {
  media::TimelineStream& next = told.timeline;
  wallAtZero_ = told.wallAtZero;
  timeline_.live = next.live;
  if (next.segments.empty() && next.indexes.empty()) return false;
  timeline_.targetDuration = std::max(next.targetDuration, base::Duration(1));
  if (dash_) numberPeriods(told);
  const auto place = [this](const TimelineSegment& segment) { return positionOf(segment); };
  // Two at one place cannot be told apart.
  const auto twice = std::ranges::unique(next.segments, {}, place);
  next.segments.erase(twice.begin(), twice.end());

  const bool hadAny = !timeline_.segments.empty();
  const std::int64_t first = hadAny ? place(timeline_.segments.front()) : 0;
  const std::int64_t last = hadAny ? place(timeline_.segments.back()) : 0;
  for (TimelineSegment& segment : next.segments) {
    const auto known = timeline_.segments.begin() + (from(place(segment)) - timeline_.segments.cbegin());
    if (known == timeline_.segments.end() || place(*known) != place(segment)) continue;
    known->url = segment.url;
    known->range = segment.range;
    segment.sequence = known->sequence;
    segment.externalId = known->externalId;
    segment.externalIdOfG4 = known->externalIdOfG4;
    segment.period = known->period;
  }
  const bool older =
      hadAny && !next.segments.empty() && place(next.segments.back()) >= first && place(next.segments.back()) < last;
  if (older) return false;
  const std::int64_t firstListed = next.segments.empty() ? first : place(next.segments.front());
  media::carryOver(timeline_, next, kKept);
  next.names = std::move(timeline_.names);
  next.targetDuration = timeline_.targetDuration;
  timeline_ = std::move(next);
  forgetOld(firstListed);
  const bool any = !timeline_.segments.empty() && (!hadAny || place(timeline_.segments.back()) != last);
  if (any) changedAt_ = now;
  return any;
}

/// Of what stands before `first`, which is listed, only so much is kept.
void Stream::forgetOld(std::int64_t first) {
  const auto old = from(first) - timeline_.segments.begin();
  const auto most = static_cast<std::ptrdiff_t>(kMaxKept);
  if (old > most) timeline_.segments.erase(timeline_.segments.begin(), timeline_.segments.begin() + (old - most));
  if (periods_.size() < 2) return;
  std::set<std::uint32_t> used;
  for (const TimelineSegment& segment : timeline_.segments) used.insert(segment.period);
  for (const media::IndexSource& index : timeline_.indexes) used.insert(index.period);
  std::erase_if(periods_, [&](const auto& period) { return !used.contains(period.first); });
}

base::Result<void> Stream::applyIndex(base::TimePoint now, const media::IndexSource& index,
                                      const media::SegmentIndexBox& box) {
  const auto found = std::ranges::find(timeline_.indexes, index);
  const auto place = static_cast<std::size_t>(found - timeline_.indexes.begin());
  const std::size_t before = timeline_.segments.size();
  if (auto status = media::applyIndex(timeline_, place, box); !status) return status;
  if (timeline_.segments.size() > before) changedAt_ = now;
  return {};
}

media::StreamSegment Stream::named(const TimelineSegment& segment) const {
  media::StreamSegment named;
  const media::StreamNames& names = timeline_.names;
  named.url = segment.url;
  if (segment.range) named.range = media::rangeHeader(*segment.range);
  named.sequence = segment.sequence;
  named.externalId = segment.externalId;
  named.externalIdOfG4 = segment.externalIdOfG4;
  named.masterSwarmId = names.masterSwarmId;
  named.streamId = names.streamId;
  named.streamSwarmId = names.streamSwarmId;
  const auto period = periods_.find(segment.period);
  if (period != periods_.end() && period->second.streamId && period->second.streamId != names.streamId) {
    named.streamId = period->second.streamId;
    named.streamSwarmId = names.masterSwarmId + "+" + *named.streamId;
  }
  named.id = named.streamSwarmId + "+" + named.sequence;
  named.duration = segment.duration;
  return named;
}

base::TimePoint Stream::availableAt(const TimelineSegment& segment) const {
  if (!segment.availableFrom || !wallAtZero_) return base::TimePoint::min();
  return base::TimePoint(*segment.availableFrom - *wallAtZero_);
}

void Stream::asked(base::TimePoint now, const std::string& player, std::int64_t position) {
  const auto known = players_.all().find(player);
  bool goesOn = false;
  if (known != players_.all().end()) {
    auto next = from(known->second.at + 1);
    while (next != timeline_.segments.end() && next->gap) ++next;
    goesOn = position == known->second.at || (next != timeline_.segments.end() && positionOf(*next) == position);
  }
  players_.asked(now, player, position, goesOn);
}

Stream::Plan Stream::plan(base::TimePoint now, const PlanLimits& limits) const {
  struct Need {
    std::int64_t priority;
    base::Duration in;
    const TimelineSegment* segment;
  };
  Plan plan;
  std::map<std::int64_t, Need> needs;
  for (const auto& [name, player] : players_.all()) {
    if (!player.active(now)) continue;
    base::Duration in = player.waiting ? base::Duration::zero() : player.buffer(now);
    const base::Duration horizon = in + limits.time;
    std::size_t count = 0;
    for (auto next = from(player.next()); count < limits.segments && next != timeline_.segments.end() && in < horizon;
         ++next) {
      if (next->gap) continue;
      // What a player asks for is there, whatever the clocks say.
      const bool isAsked = player.waiting && positionOf(*next) == player.at;
      if (const base::TimePoint available = availableAt(*next); !isAsked && available > now) {
        plan.more = std::min(plan.more, available);
        break;
      }
      const Need need{static_cast<std::int64_t>(count++), in, &*next};
      const auto [entry, isNew] = needs.emplace(positionOf(*next), need);
      if (!isNew && need.in < entry->second.in) entry->second = need;
      in += next->duration;
    }
  }
  plan.queue.reserve(needs.size());
  for (const auto& [place, need] : needs) plan.queue.push_back({named(*need.segment), need.priority, need.in});
  std::ranges::stable_sort(plan.queue, {}, &QueuedSegment::neededIn);
  return plan;
}

Stream::Plan Stream::seedPlan(base::TimePoint now, std::size_t count, const std::set<std::string>& loaded) const {
  Plan plan;
  std::vector<const TimelineSegment*> there;
  for (const TimelineSegment& segment : timeline_.segments) {
    if (const base::TimePoint available = availableAt(segment); available > now) {
      plan.more = available;
      break;
    }
    if (!segment.gap) there.push_back(&segment);
    if (!live() && there.size() == count) break;
  }
  std::int64_t priority = 0;
  base::Duration in = kSeedTime;
  for (std::size_t i = there.size() > count ? there.size() - count : 0; i < there.size(); ++i) {
    media::StreamSegment segment = named(*there[i]);
    const bool missing = !loaded.contains(segment.id);
    // Nobody waits for it: other viewers may fetch it as well as this one.
    if (missing) in += segment.duration;
    plan.queue.push_back({std::move(segment), missing ? priority++ : 0, in});
  }
  return plan;
}

}  // namespace p2pml::gateway
