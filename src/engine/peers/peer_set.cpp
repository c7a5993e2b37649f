#include "engine/peers/peer_set.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace p2pml::engine {

const PeerSet::Member* PeerSet::find(const RemoteKey& who) const {
  const auto at = members_.find(who);
  return at == members_.end() ? nullptr : &at->second;
}

void PeerSet::add(const RemoteKey& who, const Member& member) {
  const bool added = members_.emplace(who, member).second;
  P2PML_ASSERT(added);
  ++countOf(member.generation);
}

void PeerSet::use(const RemoteKey& who, base::ConnectionId connection, Generation generation) {
  const auto at = members_.find(who);
  P2PML_ASSERT(at != members_.end());
  --countOf(at->second.generation);
  ++countOf(generation);
  at->second.connection = connection;
  at->second.generation = generation;
}

void PeerSet::remove(const RemoteKey& who) {
  const auto at = members_.find(who);
  P2PML_ASSERT(at != members_.end());
  --countOf(at->second.generation);
  members_.erase(at);
}

std::int64_t PeerSet::room(Generation generation) const {
  const std::int64_t room = swarms_.room(generation, counts_);
  if (room > 0 || !swarms_.belowShare(generation, counts_)) return room;
  const auto& joined = swarms_.joined();
  return std::count_if(joined.begin(), joined.end(),
                       [&](const Swarm& swarm) { return swarms_.aboveShare(swarm.generation, counts_); });
}

}  // namespace p2pml::engine
