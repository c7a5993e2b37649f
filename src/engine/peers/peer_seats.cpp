// PeerManager's answers to the scheduler about all peers at once: each usable session has a seat, so that none of the
// maps is searched for them.
#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/peers/peer_manager.hpp"
#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

using base::ConnectionId;

void PeerManager::setQueue(std::size_t queued) {
  queued_ = queued;
  says_.reset(seats_.size(), queued_);
}

void PeerManager::seatPeers() {
  for (const Seat& seat : seats_) connections_.find(seat.connection)->second.seat = kNoSeat;
  seats_.clear();
  for (const auto& [who, usable] : peers_.members()) {
    Connection& connection = connections_.find(usable.connection)->second;
    connection.seat = seats_.size();
    seats_.push_back({usable.connection, connection.session.get()});
  }
  says_.reset(seats_.size(), queued_);
}

void PeerManager::unseat(const Connection& gone) {
  if (gone.seat == kNoSeat) return;
  seats_.erase(seats_.begin() + static_cast<std::ptrdiff_t>(gone.seat));
  for (std::size_t i = gone.seat; i < seats_.size(); ++i) connections_.find(seats_[i].connection)->second.seat = i;
  says_.reset(seats_.size(), queued_);
}

Availability PeerManager::saysOf(std::size_t seat, std::size_t place, const WireName& name) const {
  return says_.get(seat, place, [&] { return seats_[seat].session->availability(name); });
}

Availability PeerManager::availability(std::size_t place, const WireName& name) const {
  Availability best = Availability::none;
  for (std::size_t seat = 0; seat < seats_.size(); ++seat) {
    best = std::max(best, saysOf(seat, place, name));
    if (best == Availability::loaded) break;
  }
  return best;
}

void PeerManager::idleHolders(base::TimePoint now, std::size_t place, const WireName& name,
                              std::vector<ConnectionId>& holders) const {
  for (std::size_t seat = 0; seat < seats_.size(); ++seat) {
    if (saysOf(seat, place, name) != Availability::loaded || !seats_[seat].session->idle(now)) continue;
    holders.push_back(seats_[seat].connection);
  }
}

void PeerManager::holders(base::TimePoint now, const std::string& segmentId, std::size_t place, const WireName& name,
                          std::uint32_t relayLimit, std::vector<Holder>& holders) const {
  for (std::size_t seat = 0; seat < seats_.size(); ++seat) {
    Availability state = saysOf(seat, place, name);
    if (state == Availability::none) continue;
    const PeerSession& session = *seats_[seat].session;
    const std::uint32_t depth = state == Availability::relaying ? session.relayDepth(name) : 0;
    if (state == Availability::relaying && (depth >= relayLimit || (extended() && nodes_.distrusted(segmentId)))) {
      state = Availability::loadingByHttp;
    }
    holders.push_back({seats_[seat].connection, state, session.idle(now), session.resumes(), session.bytesPerSecond(),
                       static_cast<std::uint8_t>(depth)});
  }
}

void PeerManager::neighbours(std::vector<Neighbour>& neighbours) const {
  for (const auto& [who, usable] : peers_.members()) {
    const Connection& connection = connections_.find(usable.connection)->second;
    const std::string& node = connection.remoteNode;
    // A mark is asked for where nodes elect; who does not write it takes no part, nor does who says so.
    const NodePeerSession* session = nodeAt(usable.connection);
    const bool cooperative = electing() && !node.empty() && (session == nullptr || session->cooperative());
    neighbours.push_back({usable.connection, node.empty() ? 0 : hashOf(node), cooperative, usable.since});
  }
}

}  // namespace p2pml::engine
