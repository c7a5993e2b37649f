// The loader's part in relaying: what is coming is shown to p2pml nodes and passed on (docs/protocol/node.md).
#include <optional>
#include <utility>

#include "engine/loader_core.hpp"
#include "engine/node_names.hpp"

namespace p2pml::engine {

using State = wire::NodeStatus::State;

base::Bytes LoaderCore::comingAt(const std::string& segmentId, std::uint64_t offset) const {
  return http_.active(segmentId) ? http_.receivedAt(segmentId, offset) : peers_.receivedAt(segmentId, offset);
}

std::vector<Receiving> LoaderCore::receiving() {
  std::vector<Receiving> all;
  const bool passingOn = relaying();
  const auto add = [&](const std::string& id, const WireName& name, std::uint32_t depth, bool fromOrigin) {
    if (store_.has(id)) return;
    if (passingOn && !comingAt(id, 0).empty()) {
      if (const auto told = relays_.tell(id, depth)) {
        all.push_back({name, {State::relaying, *told}});
        return;
      }
    }
    if (fromOrigin) all.push_back({name, {State::loading, 0}});
  };
  for (const auto& [id, request] : http_.all()) {
    const auto name = wireNameOf(*http_.find(id), store_.masterSwarmId());
    if (name) add(id, *name, 0, true);
  }
  peers_.forEachIncoming(
      [&](const PeerManager::Incoming& incoming) { add(incoming.segmentId, incoming.name, incoming.depth, false); });
  return all;
}

std::optional<std::string> LoaderCore::comingAs(const event::SegmentRequested& requested) const {
  // Only p2pml nodes have answers that may begin before all is here.
  if (!relaying() || !peers_.wanted(requested.connection, requested.request)) return std::nullopt;
  std::optional<std::string> found;
  const auto look = [&](const std::string& id, const WireName& name) {
    if (found || name.stream.value != stream_) return;
    auto called = nodeNameOf(name, requested.generation);
    if (called && peerNameOf(std::move(*called), requested.generation) == requested.request.segment) found = id;
  };
  for (const auto& [id, request] : http_.all()) {
    const auto name = wireNameOf(*http_.find(id), store_.masterSwarmId());
    if (name) look(id, *name);
  }
  peers_.forEachIncoming([&](const PeerManager::Incoming& incoming) { look(incoming.segmentId, incoming.name); });
  return found;
}

void LoaderCore::answerNode(StepIo& io, const event::SegmentRequested& requested) {
  if (!uploadSlot()) {
    peers_.endAnswer(io, requested.connection, requested.request, wire::NodeEnd::Status::busy);
    return;
  }
  const Numbering numbering = infoOf(requested.generation).numbering;
  const auto id = store_.idOf(requested.request.segment, stream_, numbering);
  const auto coming = id ? std::nullopt : comingAs(requested);
  if (!coming) {
    store_.fetchForPeer(io, requested.connection, requested.request, id);
  } else if (peers_.downloadSource(*coming) == requested.connection) {
    // Each would wait for the other.
    peers_.endAnswer(io, requested.connection, requested.request, wire::NodeEnd::Status::busy);
  } else {
    relays_.add(*coming, {requested.connection, requested.request});
  }
}

bool LoaderCore::uploadSlot() const {
  if (!peers_.extended()) return true;
  std::size_t open = 0;
  peers_.forEachPeer([&](const PeerSession& peer) {
    if (const NodePeerSession* node = peer.node()) open += node->uploads();
  });
  const base::Duration duration = queue_.empty() ? base::Duration() : queue_.front().need.duration;
  return open <= meter_.uplink().answersAtATime(segmentBytes_.get(), duration);
}

void LoaderCore::relay(StepIo& io) {
  if (!peers_.extended()) return;
  // Of what is coming, and how far from a complete source.
  std::uint64_t sign = 0;
  const auto count = [&](std::uint64_t id, bool begun, std::uint64_t depth) {
    sign += id * (2 * depth + (begun ? 2 : 1));
  };
  http_.forEachSign([&](std::uint64_t id, bool begun) { count(id, begun, 0); });
  peers_.forEachIncoming([&](const PeerManager::Incoming& incoming) {
    count(incoming.sign, incoming.begun, std::uint64_t{incoming.depth} + 1);
  });
  if (std::exchange(receivingSign_, sign) != sign) availabilityChanged_ = true;

  const auto comes = [&](const std::string& id) { return http_.active(id) || peers_.downloading(id); };
  relays_.forgetUnless([&](const std::string& id) { return comes(id) || partials_.contains(id); });
  if (relays_.empty()) return;
  struct Source {
    bool http = false;
    bool peers = false;
    std::uint64_t total = 0;
  };
  const auto look = [&](const std::string& id) {
    if (http_.active(id)) return Source{.http = true, .total = http_.total(id)};
    return Source{.peers = peers_.downloading(id), .total = peers_.incomingTotal(id)};
  };
  relays_.forEach(look, [&](const std::string& id, const Source& source, const Relays::Waiting& who) {
    if (!source.http && !source.peers) {
      peers_.endAnswer(io, who.connection, who.request, wire::NodeEnd::Status::failed);
      return false;
    }
    const auto at = [&](std::uint64_t offset) {
      return source.http ? http_.receivedAt(id, offset) : peers_.receivedAt(id, offset);
    };
    for (;;) {
      const auto wanted = peers_.wanted(who.connection, who.request);
      if (!wanted) return false;  // it has all that it wanted, or is gone
      const base::Bytes bytes = at(wanted->from);
      const std::uint64_t end = wanted->from + bytes.size();
      const bool last = end == source.total || (wanted->to != 0 && end >= wanted->to);
      const bool few = bytes.size() < Relays::kLeastBytes && !last && at(end).empty();
      if (bytes.empty() || few) return true;
      peers_.relay(io, who.connection, who.request, source.total, bytes);
    }
  });
}

void LoaderCore::finishRelays(StepIo& io, const std::string& segmentId, const base::Bytes& data) {
  if (!peers_.extended()) return;
  for (const Relays::Waiting& who : relays_.take(segmentId)) {
    peers_.sendSegment(io, who.connection, who.request, data);
  }
}

}  // namespace p2pml::engine
