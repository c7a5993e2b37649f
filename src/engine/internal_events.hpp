// What the parts of the engine tell the loader. Parts never call each other back: they append events, and the loader
// works them off in order within the same step, so that no part is entered while another is on the stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "engine/identity.hpp"
#include "engine/io.hpp"

namespace p2pml::engine {

/// A peer's wish for a segment, as the answer must repeat it.
struct PeerRequest {
  PeerSegmentName segment;
  std::optional<std::uint64_t> request;  ///< the peer's number for it (docs/protocol/peer-binary.md 5b.5)
  std::uint64_t from = 0;                ///< first byte wanted

  friend bool operator==(const PeerRequest&, const PeerRequest&) = default;
};

/// The start of a segment that somebody already has: an aborted P2P download that HTTP may continue.
struct PartialBody {
  base::Bytes data;
  std::uint64_t total = 0;  ///< 0: not known
  bool fromPeers = true;    ///< some of it, or all; else the origin sent it
};

namespace event {

/// All bytes of a segment are here, not validated yet. Its slot stays taken until the loader releases it.
struct Downloaded {
  Segment segment;  ///< with data, requestUrl, responseUrl
  Method method = Method::http;
  std::optional<base::PeerId> peerId;
  base::ConnectionId connection;  ///< of a P2P download
  bool fromSeveral = false;       ///< another peer had sent the beginning
};
/// A download ended without its segment.
struct DownloadFailed {
  Segment segment;
  Method method = Method::http;
  base::Error error;
  std::optional<base::PeerId> peerId;
  /// What had come when the source left or stopped sending: nothing is wrong with it.
  std::optional<PartialBody> partial;
};
/// What peers have, or which of them are idle, has changed: look at the queue again.
struct PeersChanged {};
/// A data channel is open: tell its other end what we have.
struct ChannelOpened {
  base::ConnectionId connection;
};
/// The first of them to that peer.
struct PeerConnected {
  base::PeerId id;
  std::string remoteAddress;
  Generation generation{};
};
struct PeerClosed {
  base::PeerId id;
};
/// A peer asks for a segment.
struct SegmentRequested {
  base::ConnectionId connection;
  Generation generation{};
  PeerRequest request;
};
/// A peer does not want what it has asked for and has not got yet.
struct RequestCancelled {
  base::ConnectionId connection;
  PeerRequest request;
};
/// Trackers told how many are in our swarms.
struct SwarmUpdate {
  std::optional<std::int64_t> incomplete;  ///< in all of them, ourselves counted once
};

/// The store took the segment (or failed to, then it is delivered but not shared).
struct Stored {
  Segment segment;
  std::optional<base::PeerId> peerId;
  std::optional<base::Error> error;
};
/// A segment was read for a peer's request.
struct FetchedForPeer {
  base::ConnectionId connection;
  PeerRequest request;
  std::optional<Segment> segment;
};
/// What is stored is known (first map of a master swarm) or has changed.
struct StoreChanged {};

}  // namespace event

using InternalEvent =
    std::variant<event::Downloaded, event::DownloadFailed, event::PeersChanged, event::ChannelOpened,
                 event::PeerConnected, event::PeerClosed, event::SegmentRequested, event::RequestCancelled,
                 event::SwarmUpdate, event::Stored, event::FetchedForPeer, event::StoreChanged>;

/// What a part gets to work with during one step.
struct StepIo {
  base::TimePoint now;
  Outputs& out;
  std::vector<InternalEvent>& events;
};

/// Ids are handed out from one counter per kind, 1 first.
struct IdCounters {
  std::uint64_t lastRequest = 0;
  std::uint64_t lastConnection = 0;
  std::uint64_t lastSocket = 0;    ///< TrackerClient counts on
  std::uint64_t lastNodeForm = 0;  ///< own_availability.hpp

  base::RequestId nextRequest() { return base::RequestId(++lastRequest); }
  base::ConnectionId nextConnection() { return base::ConnectionId(++lastConnection); }
};

}  // namespace p2pml::engine
