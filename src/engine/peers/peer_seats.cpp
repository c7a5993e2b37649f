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
    PeerSession* session = connection.session.get();
    seats_.push_back({usable.connection, session, kOnlyG0 ? nullptr : session->node(), session->resumes(),
                      kOnlyG0 || who.node.empty() ? 0 : hashOf(who.node), usable.since});
  }
  says_.reset(seats_.size(), queued_);
}

void PeerManager::unseat(const Connection& gone) {
  if (gone.seat == kNoSeat) return;
  seats_.erase(seats_.begin() + static_cast<std::ptrdiff_t>(gone.seat));
  for (std::size_t i = gone.seat; i < seats_.size(); ++i) connections_.find(seats_[i].connection)->second.seat = i;
  says_.reset(seats_.size(), queued_);
}

Said PeerManager::saysOf(std::size_t seat, std::size_t place, const WireName& name) const {
  return says_.get(seat, place, [&] { return ask(seat, name); });
}

Said PeerManager::ask(std::size_t seat, const WireName& name) const {
  const PeerSession& session = *seats_[seat].session;
  const Availability state = session.availability(name);
  if (state != Availability::relaying) return {state};
  return {state, static_cast<std::uint8_t>(session.relayDepth(name))};
}

Availability PeerManager::availability(std::size_t place, const WireName& name) const {
  Availability best = Availability::none;
  for (std::size_t seat = 0; seat < seats_.size(); ++seat) {
    best = std::max(best, saysOf(seat, place, name).state);
    if (best == Availability::loaded) break;
  }
  return best;
}

void PeerManager::idleHolders(base::TimePoint now, std::size_t place, const WireName& name,
                              std::vector<ConnectionId>& holders) const {
  for (std::size_t seat = 0; seat < seats_.size(); ++seat) {
    if (saysOf(seat, place, name).state != Availability::loaded || !seats_[seat].session->idle(now)) continue;
    holders.push_back(seats_[seat].connection);
  }
}

void PeerManager::holders(base::TimePoint now, const std::string& segmentId, std::size_t place, const WireName& name,
                          std::uint32_t relayLimit, std::vector<Holder>& holders) const {
  for (std::size_t i = 0; const Seat& seat : seats_) {
    // Asked most often of all: as saysOf(), in place.
    const Said said = says_.get(i, place, [&] { return ask(i, name); });
    ++i;
    if (said.state == Availability::none) continue;
    if (holders.empty()) holders.reserve(seats_.size());
    const bool useless = said.state == Availability::relaying &&
                         (said.depth >= relayLimit || (extended() && nodes_.distrusted(segmentId)));
    const Availability state = useless ? Availability::loadingByHttp : said.state;
    const PeerSession& session = *seat.session;
    holders.push_back({seat.connection, state, session.idle(now), seat.resumes, session.bytesPerSecond(), said.depth});
  }
}

void PeerManager::neighbours(std::vector<Neighbour>& neighbours) const {
  neighbours.reserve(neighbours.size() + seats_.size());
  for (const Seat& seat : seats_) {
    // A mark is asked for where nodes elect; who does not write it takes no part, nor does who says so.
    const bool cooperative = electing() && seat.id != 0 && (seat.node == nullptr || seat.node->cooperative());
    const base::TimePoint trouble = seat.node == nullptr ? base::TimePoint::min() : seat.node->troubleAt();
    neighbours.push_back({seat.connection, seat.id, cooperative, seat.since, trouble});
  }
}

}  // namespace p2pml::engine
