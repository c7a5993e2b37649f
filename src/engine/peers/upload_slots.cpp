#include "engine/peers/upload_slots.hpp"

#include <algorithm>

namespace p2pml::engine {

bool UploadSlots::admit(const event::SegmentRequested& requested) {
  if (limit_ == 0) return true;
  // A session ends a peer that asks for too much: it must get to see that.
  if (waitingOf(requested.connection) >= kMaxWaitingPerPeer) return true;
  waiting_.push_back(requested);
  return false;
}

void UploadSlots::cancel(base::ConnectionId connection, const PeerRequest& request) {
  const auto at = std::find_if(waiting_.begin(), waiting_.end(), [&](const event::SegmentRequested& one) {
    return one.connection == connection && one.request == request;
  });
  if (at != waiting_.end()) waiting_.erase(at);
}

void UploadSlots::answered(base::ConnectionId connection) {
  for (Active& active : active_) {
    if (active.connection == connection) active.answered = true;
  }
}

bool UploadSlots::serving(base::ConnectionId connection) const {
  return std::any_of(active_.begin(), active_.end(),
                     [&](const Active& active) { return active.connection == connection; });
}

std::size_t UploadSlots::waitingOf(base::ConnectionId connection) const {
  return static_cast<std::size_t>(
      std::count_if(waiting_.begin(), waiting_.end(),
                    [&](const event::SegmentRequested& one) { return one.connection == connection; }));
}

std::optional<event::SegmentRequested> UploadSlots::takeNext(base::TimePoint now) {
  if (active_.size() >= limit_) return std::nullopt;
  const auto at = std::find_if(waiting_.begin(), waiting_.end(),
                               [&](const event::SegmentRequested& one) { return !serving(one.connection); });
  if (at == waiting_.end()) return std::nullopt;
  event::SegmentRequested taken = *at;
  waiting_.erase(at);
  active_.push_back({taken.connection, now, false});
  return taken;
}

}  // namespace p2pml::engine
