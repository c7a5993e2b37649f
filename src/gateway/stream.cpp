#include "gateway/stream.hpp"

#include <algorithm>
#include <map>

namespace p2pml::gateway {

bool Stream::update(base::TimePoint now, ManifestStream&& told) {
  live_ = told.live;
  targetDuration_ = told.targetDuration;
  if (told.segments.empty()) return false;
  // The origin counts anew (it was restarted): what was known means something else now.
  const bool anew = !segments_.empty() && position(told.segments.back()) < position(segments_.front());
  if (anew) segments_.clear();
  const std::int64_t first = position(told.segments.front());
  bool any = false;
  for (media::StreamSegment& segment : told.segments) {
    const std::int64_t place = position(segment);
    if (segments_.empty() || place > position(segments_.back())) {
      segments_.push_back(std::move(segment));
      any = true;
      continue;
    }
    const auto known = std::ranges::lower_bound(segments_, place, {}, &position);
    if (known == segments_.end() || position(*known) != place) continue;  // listed late: its place is gone
    known->url = std::move(segment.url);
    known->range = std::move(segment.range);
  }
  std::size_t old = 0;
  while (old < segments_.size() && position(segments_[old]) < first) ++old;
  if (old > kMaxKept)
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(old - kMaxKept));
  if (any) changedAt_ = now;
  return any;
}

const media::StreamSegment* Stream::at(std::int64_t place) const {
  const auto known = std::ranges::lower_bound(segments_, place, {}, &position);
  return known != segments_.end() && position(*known) == place ? &*known : nullptr;
}

std::vector<QueuedSegment> Stream::plan(base::TimePoint now, const PlanLimits& limits) const {
  struct Need {
    std::int64_t priority;
    base::Duration in;
    const media::StreamSegment* segment;
  };
  std::map<std::int64_t, Need> needs;
  for (const auto& [name, player] : players_.all()) {
    if (!player.active(now)) continue;
    auto next = std::ranges::lower_bound(segments_, player.next(), {}, &position);
    base::Duration in = player.waiting ? base::Duration::zero() : player.buffer(now);
    const base::Duration horizon = in + limits.time;
    for (std::size_t i = 0; i < limits.segments && next != segments_.end() && in < horizon; ++i, ++next) {
      const Need need{static_cast<std::int64_t>(i), in, &*next};
      const auto [entry, isNew] = needs.emplace(position(*next), need);
      if (!isNew && need.in < entry->second.in) entry->second = need;
      in += next->duration;
    }
  }
  std::vector<QueuedSegment> queue;
  queue.reserve(needs.size());
  for (const auto& [place, need] : needs) queue.push_back({*need.segment, need.priority, need.in});
  std::ranges::stable_sort(queue, {}, &QueuedSegment::neededIn);
  return queue;
}

std::vector<QueuedSegment> Stream::seedPlan(std::size_t count, const std::set<std::string>& loaded) const {
  std::vector<QueuedSegment> queue;
  const std::size_t begin = live_ && segments_.size() > count ? segments_.size() - count : 0;
  const std::size_t end = std::min(segments_.size(), begin + count);
  std::int64_t priority = 0;
  base::Duration in{};
  for (std::size_t i = begin; i < end; ++i) {
    const bool missing = !loaded.contains(segments_[i].id);
    // Nobody waits for it: other viewers may fetch it as well as this one.
    if (missing) in += segments_[i].duration;
    queue.push_back({segments_[i], missing ? priority++ : 0, in});
  }
  return queue;
}

}  // namespace p2pml::gateway
