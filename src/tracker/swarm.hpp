// The peers of one infohash. Owned by Tracker; it knows nothing of sockets' lives or of time.
//
// Always: a peer id is here once; complete() + incomplete() == size(); Peer addresses are stable while the peer is
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "base/ids.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"

namespace p2pml::tracker {

class Swarm;

/// One registration: a peer id in a swarm, reached through a socket.
struct Peer {
  base::PeerId id;
  base::SocketId socket;
  Swarm* swarm = nullptr;
  bool complete = false;
  base::TimePoint lastHeard;

  std::size_t indexInSwarm = 0;               ///< kept by Swarm
  std::size_t indexInSocket = 0;              ///< kept by Tracker
  std::list<Peer*>::iterator placeInSilence;  ///< kept by Tracker
};

class Swarm {
 public:
  explicit Swarm(base::InfoHash infoHash) : infoHash_(infoHash) {}
  Swarm(const Swarm&) = delete;
  Swarm& operator=(const Swarm&) = delete;

  [[nodiscard]] const base::InfoHash& infoHash() const { return infoHash_; }
  [[nodiscard]] std::size_t size() const { return dense_.size(); }
  [[nodiscard]] std::size_t complete() const { return complete_; }
  [[nodiscard]] std::size_t incomplete() const { return dense_.size() - complete_; }

  /// Null if not here.
  [[nodiscard]] Peer* find(const base::PeerId& id);
  /// Precondition: not here yet. The new peer is incomplete.
  Peer& add(const base::PeerId& id);
  /// The reference is dead afterwards.
  void remove(Peer& peer);
  void setComplete(Peer& peer, bool complete);

  /// Replaces `out` by min(count, size() - 1) different peers other than `except` (a member), every set equally likely.
  /// Costs O(count^2) in the small count, whatever the size of the swarm.
  void pickOthers(base::Rng& rng, const Peer& except, std::size_t count, std::vector<Peer*>& out) const;

  std::uint64_t downloaded = 0;
  std::uint64_t announces = 0;
  std::uint64_t offersRelayed = 0;
  std::uint64_t answersRelayed = 0;

 private:
  base::InfoHash infoHash_;
  // An ordered map: peer ids are chosen by remotes, and a hash table would let them choose collisions.
  std::map<base::PeerId, Peer> byId_;
  std::vector<Peer*> dense_;  // the same peers without holes, for drawing by index
  std::size_t complete_ = 0;
};

}  // namespace p2pml::tracker
