#include "gateway/stream.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "media/dash_timeline.hpp"

namespace p2pml::gateway {

using media::TimelineSegment;

namespace {

std::string_view withoutQuery(std::string_view url) { return url.substr(0, url.find('?')); }
std::string_view folderOf(std::string_view url) {
  url = withoutQuery(url);
  return url.substr(0, url.rfind('/') + 1);
}

/// As the playlist writes it: hosts, and what a redirect puts before it, may be others each time.
std::string_view nameIn(std::string_view playlist, std::string_view url) {
  const std::string_view folder = folderOf(playlist);
  url = withoutQuery(url);
  return url.substr(!folder.empty() && url.starts_with(folder) ? folder.size() : url.rfind('/') + 1);
}

/// As far as two versions of a manifest tell: of one name and position.
bool isSame(const TimelineSegment& a, std::string_view nameOfA, const TimelineSegment& b, std::string_view nameOfB) {
  constexpr base::Duration kRounding = base::milliseconds(1);
  constexpr base::Duration kReckoning = base::seconds(1);
  const auto apart = [](base::Duration x, base::Duration y) { return std::max(x, y) - std::min(x, y); };
  if (nameOfA != nameOfB || a.range != b.range || apart(a.duration, b.duration) > kRounding) return false;
  return !a.dateTime || !b.dateTime ||
         apart(base::Duration(a.dateTime->time_since_epoch()), base::Duration(b.dateTime->time_since_epoch())) <=
             kReckoning;
}

/// What tells qualities apart. Their places in the manifest do not: peers' names for them go by those.
bool isSameStream(const media::StreamProperties& a, const media::StreamProperties& b) {
  return a.bitrate == b.bitrate && a.width == b.width && a.height == b.height && a.codecs == b.codecs &&
         a.language == b.language && a.name == b.name;
}

}  // namespace

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
  return known != timeline_.segments.end() && positionOf(*known) == position && shared(*known) ? &*known : nullptr;
}

/// Something is there, and peers mean the same by its name.
bool Stream::shared(const TimelineSegment& segment) const {
  const std::int64_t position = positionOf(segment);
  return !segment.gap && !(taken_ && position >= taken_->first && position <= taken_->last);
}

/// Of a version whose last segment is not the newest known: whether it is one that a cache has kept, and not another
/// beginning.
bool Stream::isOlder(base::TimePoint now, const media::TimelineStream& next) {
  for (const TimelineSegment& segment : next.segments) {
    const auto known = from(positionOf(segment));
    if (positionOf(*known) != positionOf(segment)) continue;
    if (!isSame(*known, nameIn(timeline_.url, known->url), segment, nameIn(next.url, segment.url))) return false;
  }
  // By a clock that was set right an MPD has fewer segments than before.
  if (dash_) return true;
  const std::int64_t newest = positionOf(next.segments.back());
  if (newest < positionOf(timeline_.segments.front())) return false;
  if (timeline_.segments.back().start - from(newest)->start > kMostBehind) return false;
  // Caches do not stay behind: they get the newest version in the end.
  if (!olderSince_) olderSince_ = now;
  return now - *olderSince_ <= timeline_.targetDuration * 3;
}

/// `otherStream`: whatever number it has, peers mean another segment by it.
void Stream::beginAnew(base::TimePoint now, bool otherStream) {
  ++beginnings_;
  taken_ = Taken{positionOf(timeline_.segments.front()), positionOf(timeline_.segments.back()), now + kKept};
  if (otherStream) taken_ = Taken{INT64_MIN, INT64_MAX, now + kKept};
  timeline_.segments.clear();
  timeline_.inits.clear();
  timeline_.keys.clear();
  timeline_.indexes.clear();
  players_ = {};
  olderSince_.reset();
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
  // With EXT-X-ENDLIST binary peers would count from the first segment that is listed, and mean others by the numbers
  // that were given before.
  wasLive_ = wasLive_ || next.live.value_or(false);
  if (wasLive_ && !dash_) {
    for (TimelineSegment& segment : next.segments) segment.externalId = static_cast<std::int64_t>(segment.number);
  }
  const auto place = [this](const TimelineSegment& segment) { return positionOf(segment); };
  // Two at one place cannot be told apart.
  const auto twice = std::ranges::unique(next.segments, {}, place);
  next.segments.erase(twice.begin(), twice.end());

  if (taken_ && now >= taken_->until) taken_.reset();
  const bool otherStream = !isSameStream(timeline_.names.properties, next.names.properties);
  bool older = false;
  if (!timeline_.segments.empty() && !next.segments.empty()) {
    const bool behind = place(next.segments.back()) < place(timeline_.segments.back());
    const bool overlaps = place(next.segments.back()) >= place(timeline_.segments.front());
    const bool old = behind && !otherStream && isOlder(now, next);
    if (otherStream || (behind && !old)) beginAnew(now, otherStream);
    if (!old) olderSince_.reset();
    older = old && overlaps;
  }
  timeline_.names.properties = next.names.properties;

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
    while (next != timeline_.segments.end() && !shared(*next)) ++next;
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
      if (!shared(*next)) continue;
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
    if (shared(segment)) there.push_back(&segment);
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
