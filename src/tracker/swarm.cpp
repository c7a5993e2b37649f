#include "tracker/swarm.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace p2pml::tracker {

Peer* Swarm::find(const base::PeerId& id) {
  const auto found = byId_.find(id);
  return found == byId_.end() ? nullptr : &found->second;
}

Peer& Swarm::add(const base::PeerId& id) {
  const auto [place, isNew] = byId_.try_emplace(id);
  P2PML_ASSERT(isNew);
  Peer& peer = place->second;
  peer.id = id;
  peer.swarm = this;
  peer.indexInSwarm = dense_.size();
  dense_.push_back(&peer);
  return peer;
}

void Swarm::remove(Peer& peer) {
  P2PML_ASSERT(peer.swarm == this && dense_[peer.indexInSwarm] == &peer);
  setComplete(peer, false);
  Peer* last = dense_.back();
  dense_[peer.indexInSwarm] = last;
  last->indexInSwarm = peer.indexInSwarm;
  dense_.pop_back();
  byId_.erase(base::PeerId(peer.id));  // a copy: erase must not compare with the key it destroys
}

void Swarm::setComplete(Peer& peer, bool complete) {
  if (peer.complete == complete) return;
  peer.complete = complete;
  if (complete) {
    ++complete_;
  } else {
    --complete_;
  }
}

void Swarm::pickOthers(base::Rng& rng, const Peer& except, std::size_t count, std::vector<Peer*>& out) const {
  P2PML_ASSERT(except.swarm == this);
  out.clear();
  const std::size_t others = dense_.size() - 1;
  count = std::min(count, others);
  // Floyd's sampling without replacement (Bentley, Floyd 1987) over the indices 0..others-1; the index of `except` is
  // stepped over. Step j draws from 0..j; a number drawn before stands for j itself, which cannot have been drawn yet.
  const auto peerAt = [&](std::size_t index) { return dense_[index < except.indexInSwarm ? index : index + 1]; };
  for (std::size_t j = others - count; j < others; ++j) {
    Peer* drawn = peerAt(static_cast<std::size_t>(rng.below(j + 1)));
    if (std::find(out.begin(), out.end(), drawn) != out.end()) drawn = peerAt(j);
    out.push_back(drawn);
  }
}

}  // namespace p2pml::tracker
