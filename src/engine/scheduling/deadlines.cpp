#include "engine/scheduling/deadlines.hpp"

#include <algorithm>
#include <optional>

namespace p2pml::engine {

namespace {

/// Whatever an application tells is kept within a day: sums of it stay far from overflow.
constexpr std::int64_t kMostMilliseconds = 24LL * 3600 * 1000;

base::Duration bounded(std::int64_t milliseconds) {
  return base::milliseconds(std::clamp<std::int64_t>(milliseconds, 0, kMostMilliseconds));
}

}  // namespace

std::vector<Deadlines::Need> Deadlines::update(base::TimePoint now, const std::vector<const Segment*>& list) {
  std::optional<std::int64_t> fell;
  bool known = false;
  bool rose = false;
  for (const Segment* segment : list) {
    const auto before = priorities_.find(segment->id);
    if (before == priorities_.end()) continue;
    known = true;
    rose = rose || segment->priority > before->second;
    if (segment->priority < before->second) fell = std::max(fell.value_or(0), before->second - segment->priority);
  }
  const bool enteredNow = entered_ == base::TimePoint::min() || !known || rose || fell;
  if (enteredNow) {
    if (fell == 1 && !rose && entered_ != base::TimePoint::min()) {
      pace_ = std::clamp(now - entered_, base::milliseconds(500), base::seconds(30));
    }
    entered_ = now;
  }
  priorities_.clear();

  std::vector<Need> needs;
  needs.reserve(list.size());
  for (const Segment* segment : list) {
    priorities_[segment->id] = segment->priority;
    Need need;
    need.duration = segment->duration.value_or(0) > 0 ? bounded(*segment->duration) : defaultDuration();
    if (segment->neededIn) {
      need.at = now + bounded(*segment->neededIn);
    } else {
      need.at = std::max(now, entered_ + need.duration * std::min<std::int64_t>(segment->priority, 10'000));
    }
    needs.push_back(need);
  }
  return needs;
}

}  // namespace p2pml::engine
