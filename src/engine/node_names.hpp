// How p2pml nodes name segments to each other: as numbers where the swarm they met in does, else by the entry of the G0
// map, which is mostly a number too (docs/protocol/node.md).
#pragma once

#include <optional>

#include "engine/generation.hpp"
#include "engine/identity.hpp"
#include "wire/peer_node.hpp"

namespace p2pml::engine {

/// As a node that was met in a swarm of that generation is told of the segment; none if it cannot be.
std::optional<wire::NodeSegmentName> nodeNameOf(const WireName& name, Generation generation);

/// What is told of it in `map`, which is of that generation: the same as of nodeNameOf(), without a copy of the name.
wire::NodeStatus nodeStatusOf(const wire::NodeMap& map, const WireName& name, Generation generation);

/// What such a node means. A text in a swarm of numbers is a name that no segment has.
PeerSegmentName peerNameOf(wire::NodeSegmentName name, Generation generation);

}  // namespace p2pml::engine
