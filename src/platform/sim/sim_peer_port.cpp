#include "platform/sim/sim_peer_port.hpp"

#include <algorithm>
#include <charconv>

#include "base/assert.hpp"

namespace p2pml::sim {

namespace {

/// So many drained bytes at most stay untold: the contract allows 64 KiB (engine/io.hpp, PeerDrained). With a coarse
/// grain of sharing nothing is gained by telling more often.
constexpr std::uint64_t kMinDrainedStep = 24 * 1024;
constexpr std::uint64_t kMaxDrainedStep = 64 * 1024;

struct Description {
  NodeId node;
  base::ConnectionId connection;
  std::uint64_t fingerprint = 0;
};

std::string describe(bool offer, NodeId node, base::ConnectionId connection, std::uint64_t fingerprint) {
  const std::string id = std::to_string(node.value) + " " + std::to_string(connection.value);
  return "v=0\r\no=- " + id + " IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=setup:" + (offer ? "actpass" : "active") +
         "\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\na=fingerprint:sim " +
         std::to_string(fingerprint) + "\r\n";
}

/// The whole number right after `prefix` and up to `end`.
std::optional<std::uint64_t> numberAfter(std::string_view& text, std::string_view prefix, std::string_view end) {
  const auto at = text.find(prefix);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + prefix.size());
  const auto stop = text.find(end);
  if (stop == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + stop, value);
  if (failure != std::errc() || rest != text.data() + stop || value == 0) return std::nullopt;
  text.remove_prefix(stop);
  return value;
}

std::optional<Description> parseDescription(std::string_view sdp) {
  if (!sdp.starts_with("v=0\r\n")) return std::nullopt;
  const auto node = numberAfter(sdp, "o=- ", " ");
  if (!node) return std::nullopt;
  const auto connection = numberAfter(sdp, " ", " ");
  if (!connection) return std::nullopt;
  const auto fingerprint = numberAfter(sdp, "a=fingerprint:sim ", "\r\n");
  if (!fingerprint) return std::nullopt;
  return Description{NodeId(*node), base::ConnectionId(*connection), *fingerprint};
}

std::string addressOf(NodeId node) {
  return "10." + std::to_string(node.value >> 16 & 255) + "." + std::to_string(node.value >> 8 & 255) + "." +
         std::to_string(node.value & 255);
}

base::Error malformed(const char* what) {
  return {base::ErrorCode::malformed, std::string(what) + ": no session description of this world"};
}

}  // namespace

PeerFabric::PeerFabric(Network& network, PeerFabricOptions options)
    : network_(network),
      options_(std::move(options)),
      drainedStep_(std::clamp<std::uint64_t>(network.chunkBytes(), kMinDrainedStep, kMaxDrainedStep)) {
  network_.onPathsChanged.emplace_back(
      [this](NodeId node, std::optional<NodeId> other) { onPathsChanged(node, other); });
}

void PeerFabric::tamper(NodeId from, Tamper change) {
  if (change) {
    tampers_[from] = std::move(change);
  } else {
    tampers_.erase(from);
  }
}

PeerFabric::NodeEnds& PeerFabric::nodeEnds(NodeId node) {
  if (byNode_.size() < node.value) byNode_.resize(node.value);
  return byNode_[node.value - 1];
}

PeerFabric::End& PeerFabric::add(SimPeerPort& port, base::ConnectionId id) {
  auto& own = nodeEnds(port.node_).own;
  const auto place = std::lower_bound(own.begin(), own.end(), std::pair(id, std::uint32_t{0}));
  P2PML_ASSERT(place == own.end() || place->first != id);  // connection ids are never used again
  std::uint32_t index = 0;
  if (freeEnds_.empty()) {
    index = static_cast<std::uint32_t>(ends_.size());
    ends_.emplace_back();
  } else {
    index = freeEnds_.back();
    freeEnds_.pop_back();
  }
  own.emplace(place, id, index);
  End& end = ends_[index];
  const std::uint32_t use = end.use + 1;
  end = End();
  end.use = use;
  end.key = {port.node_, id};
  end.port = &port;
  end.fingerprint = ++lastFingerprint_;
  return end;
}

PeerFabric::End* PeerFabric::find(const Key& key) {
  if (key.first.value == 0 || key.first.value > byNode_.size()) return nullptr;
  const auto& own = byNode_[key.first.value - 1].own;
  const auto found = std::lower_bound(own.begin(), own.end(), std::pair(key.second, std::uint32_t{0}));
  return found == own.end() || found->first != key.second ? nullptr : &ends_[found->second];
}

PeerFabric::End* PeerFabric::at(Place place) {
  End& end = ends_[place.index];
  return end.port != nullptr && end.use == place.use ? &end : nullptr;
}

void PeerFabric::failLater(const Key& key, base::Duration delay, base::Error error) {
  End* end = find(key);
  P2PML_ASSERT(end != nullptr);
  network_.events().cancel(end->timer);
  end->timer = network_.events().after(delay, [this, key, error = std::move(error)] { lose(key, error); });
}

void PeerFabric::createOffer(SimPeerPort& port, base::ConnectionId id) {
  End& end = add(port, id);
  end.offerer = true;
  const Key key{port.node_, id};
  end.timer = network_.events().after(options_.gathering, [this, key] {
    if (End* found = find(key)) {
      found->port->deliver(
          engine::input::OfferCreated{key.second, describe(true, key.first, key.second, found->fingerprint)});
    }
  });
}

void PeerFabric::createAnswer(SimPeerPort& port, base::ConnectionId id, std::string_view offerSdp) {
  End& end = add(port, id);
  const Key key{port.node_, id};
  const auto offer = parseDescription(offerSdp);
  if (!offer) {
    failLater(key, base::Duration(0), malformed("offer"));
    return;
  }
  end.remote = Key{offer->node, offer->connection};
  end.remoteFingerprint = offer->fingerprint;
  end.timer = network_.events().after(options_.gathering, [this, key] {
    End* found = find(key);
    if (found == nullptr) return;
    failLater(key, options_.handshakeTimeout, {base::ErrorCode::timeout, "handshake: the offerer did not come"});
    found->port->deliver(
        engine::input::AnswerCreated{key.second, describe(false, key.first, key.second, found->fingerprint)});
  });
}

void PeerFabric::setAnswer(NodeId node, base::ConnectionId id, std::string_view sdp) {
  const Key key{node, id};
  End* end = find(key);
  if (end == nullptr || !end->offerer || end->answered) return;
  end->answered = true;
  const auto answer = parseDescription(sdp);
  if (!answer || answer->node.value > network_.nodeCount()) {
    failLater(key, base::Duration(0), malformed("answer"));
    return;
  }
  end->remote = Key{answer->node, answer->connection};
  end->remoteFingerprint = answer->fingerprint;
  network_.events().cancel(end->timer);
  end->timer = network_.events().after(options_.handshakeRoundTrips * network_.roundTrip(node, answer->node),
                                       [this, key] { finishHandshake(key); });
}

void PeerFabric::finishHandshake(const Key& offererKey) {
  End* offerer = find(offererKey);
  P2PML_ASSERT(offerer != nullptr);
  const Key answererKey = *offerer->remote;
  End* answerer = find(answererKey);
  const base::Duration rest = options_.handshakeTimeout;
  if (answerer == nullptr || answerer->offerer || answerer->remote != offererKey ||
      !network_.reaches(offererKey.first, answererKey.first) ||
      (options_.connects && !options_.connects(offererKey.first, answererKey.first))) {
    failLater(offererKey, rest, {base::ErrorCode::timeout, "handshake: no candidate pair works"});
    return;
  }
  if (offerer->remoteFingerprint != answerer->fingerprint || answerer->remoteFingerprint != offerer->fingerprint) {
    const base::Error error{base::ErrorCode::unavailable,
                            "handshake: the certificate is not the one of the description"};
    failLater(answererKey, base::Duration(0), error);
    failLater(offererKey, base::Duration(0), error);
    return;
  }
  open(offererKey, answererKey);
  open(answererKey, offererKey);
  ++openConnections_;
  // Each in an event of its own: either may close the other.
  for (const Key& key : {offererKey, answererKey}) {
    network_.events().soon([this, key] {
      if (End* end = find(key))
        end->port->deliver(engine::input::PeerOpened{key.second, addressOf(end->remote->first)});
    });
  }
}

void PeerFabric::open(const Key& key, const Key& remote) {
  End& end = *find(key);
  const auto placeOf = [this](const Key& of) {
    const auto& own = nodeEnds(of.first).own;
    const auto found = std::lower_bound(own.begin(), own.end(), std::pair(of.second, std::uint32_t{0}));
    return Place{found->second, ends_[found->second].use};
  };
  const Place here = placeOf(key);
  const Place there = placeOf(remote);
  network_.events().cancel(end.timer);
  end.open = true;
  nodeEnds(remote.first).facing.push_back(here.index);
  end.out = network_.openPipe(key.first, remote.first,
                              {[this, there](Pipe::Message message) { arrived(there, std::move(message.data)); },
                               [this, here](std::uint64_t total) { drained(here, total); }});
}

void PeerFabric::arrived(Place receiver, base::Bytes data) {
  End* end = at(receiver);
  if (end != nullptr) end->port->deliver(engine::input::PeerMessage{end->key.second, std::move(data)});
}

void PeerFabric::drained(Place sender, std::uint64_t total) {
  End* end = at(sender);
  if (end == nullptr) return;
  total += end->tampered;
  if (total - end->told < drainedStep_) return;
  end->told = total;
  end->port->deliver(engine::input::PeerDrained{end->key.second, total});
}

void PeerFabric::send(NodeId node, base::ConnectionId id, base::Bytes data) {
  End* end = find({node, id});
  if (end == nullptr || !end->open) return;
  if (const auto tamper = tampers_.find(node); tamper != tampers_.end()) {
    base::Bytes changed = tamper->second(data);
    // The sender counts what it handed over.
    end->tampered += data.size() - changed.size();
    data = std::move(changed);
    end->silent = end->silent || data.empty();
  }
  if (end->silent) {
    end->tampered += data.size();
    return;
  }
  end->out->send({0, std::move(data)});
}

void PeerFabric::remove(const Key& key) {
  if (find(key) == nullptr) return;
  auto& own = nodeEnds(key.first).own;
  const auto found = std::lower_bound(own.begin(), own.end(), std::pair(key.second, std::uint32_t{0}));
  const std::uint32_t index = found->second;
  own.erase(found);
  End& end = ends_[index];
  network_.events().cancel(end.timer);
  if (end.open) {
    std::erase(nodeEnds(end.remote->first).facing, index);
    if (end.offerer) --openConnections_;
  }
  const auto out = std::move(end.out);
  end.port = nullptr;
  freeEnds_.push_back(index);
  if (out) out->close();
}

void PeerFabric::close(NodeId node, base::ConnectionId id) {
  const Key key{node, id};
  End* end = find(key);
  if (end == nullptr) return;
  const std::optional<Key> remote = end->open ? end->remote : std::nullopt;
  remove(key);
  if (!remote) return;
  network_.signal(node, remote->first, [this, remote = *remote, key] {
    const End* other = find(remote);
    if (other != nullptr && other->remote == key) lose(remote, {base::ErrorCode::aborted, "closed by the peer"});
  });
}

void PeerFabric::closeAll(NodeId node) {
  const auto own = nodeEnds(node).own;
  for (const auto& [id, index] : own) close(node, id);
}

void PeerFabric::lose(const Key& key, base::Error error) {
  End* end = find(key);
  if (end == nullptr) return;
  SimPeerPort* port = end->port;
  remove(key);
  port->deliver(engine::input::PeerClosed{key.second, std::move(error)});
}

/// Consent runs out for ends whose path is broken and stays so.
void PeerFabric::onPathsChanged(NodeId node, std::optional<NodeId> other) {
  std::vector<End*> ends;
  const auto consider = [&](std::uint32_t index) {
    End& end = ends_[index];
    if (!end.open || end.losing || network_.reaches(end.key.first, end.remote->first)) return;
    ends.push_back(&end);
  };
  for (const auto& [id, index] : nodeEnds(node).own) consider(index);
  for (const std::uint32_t index : nodeEnds(node).facing) consider(index);
  std::sort(ends.begin(), ends.end(), [](const End* a, const End* b) { return a->key < b->key; });
  for (End* end : ends) {
    const Key key = end->key;
    if (other && key.first != *other && end->remote->first != *other) continue;
    end->losing = true;
    end->timer = network_.events().after(options_.silenceLimit, [this, key] {
      End* found = find(key);
      if (found == nullptr) return;
      found->losing = false;
      if (network_.reaches(key.first, found->remote->first)) return;
      lose(key, {base::ErrorCode::timeout, "the remote gives no sign of life any more"});
    });
  }
}

// -----------------------------------------------------------------------------------------------------------
// SimPeerPort

SimPeerPort::SimPeerPort(PeerFabric& fabric, NodeId node, driver::EventSink sink)
    : fabric_(fabric), node_(node), sink_(std::make_shared<driver::EventSink>(std::move(sink))) {}

SimPeerPort::~SimPeerPort() { fabric_.closeAll(node_); }

void SimPeerPort::createOffer(base::ConnectionId connection, std::string /*label*/) {
  fabric_.createOffer(*this, connection);
}
void SimPeerPort::createAnswer(base::ConnectionId connection, std::string offerSdp) {
  fabric_.createAnswer(*this, connection, offerSdp);
}
void SimPeerPort::setAnswer(base::ConnectionId connection, std::string sdp) {
  fabric_.setAnswer(node_, connection, sdp);
}
void SimPeerPort::send(base::ConnectionId connection, base::Bytes data) {
  fabric_.send(node_, connection, std::move(data));
}
void SimPeerPort::close(base::ConnectionId connection) { fabric_.close(node_, connection); }

}  // namespace p2pml::sim
