#include "engine/peers/peer_turnover.hpp"

#include <algorithm>

namespace p2pml::engine {

bool PeerTurnover::due(base::TimePoint now, const RemoteKey& newcomer) const {
  if (interval_ <= base::Duration(0) || now < dueAt_) return false;
  return std::none_of(gone_.begin(), gone_.end(),
                      [&](const Gone& gone) { return gone.at + kMemory > now && gone.who == newcomer; });
}

void PeerTurnover::left(base::TimePoint now, const RemoteKey& who) {
  dueAt_ = now + interval_;
  std::erase_if(gone_, [&](const Gone& gone) { return gone.at + kMemory <= now || gone.who == who; });
  if (gone_.size() >= kMaxRemembered) gone_.erase(gone_.begin());
  gone_.push_back({who, now});
}

bool PeerTurnover::mayGo(base::TimePoint now, const Use& use) {
  if (use.busy) return false;
  return std::max(use.since, use.usedAt) + (use.failing ? kFailingIdle : kIdle) <= now;
}

bool PeerTurnover::goesBefore(const Use& a, const Use& b) {
  if (a.failing != b.failing) return a.failing;
  return std::max(a.since, a.usedAt) < std::max(b.since, b.usedAt);
}

}  // namespace p2pml::engine
