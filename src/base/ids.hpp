// The ids that travel between rooms.
#pragma once

#include "base/strong.hpp"

namespace p2pml::base {

struct SegmentIdTag;
struct StreamSwarmIdTag;
struct MasterSwarmIdTag;
struct PeerIdTag;
struct InfoHashTag;
struct OfferIdTag;
struct RequestIdTag;
struct ConnectionIdTag;
struct SocketIdTag;

/// The seed's Segment.id: names a segment across peers.
using SegmentId = StrongString<SegmentIdTag>;
/// The stream's swarm, the second argument of HybridLoader.load().
using StreamSwarmId = StrongString<StreamSwarmIdTag>;
/// The swarm of the whole manifest; several streams share one.
using MasterSwarmId = StrongString<MasterSwarmIdTag>;

using PeerId = StrongBytes20<PeerIdTag>;
using InfoHash = StrongBytes20<InfoHashTag>;
using OfferId = StrongBytes20<OfferIdTag>;

/// One request the engine made of the world and that will be answered once: HTTP, storage, validation.
using RequestId = StrongId<RequestIdTag>;
/// One WebRTC connection attempt, from offer to close. Never reused within an engine.
using ConnectionId = StrongId<ConnectionIdTag>;
/// One WebSocket to a tracker. Never reused within an engine.
using SocketId = StrongId<SocketIdTag>;

}  // namespace p2pml::base
