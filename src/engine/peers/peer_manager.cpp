#include "engine/peers/peer_manager.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/assert.hpp"
#include "base/encoding.hpp"

namespace p2pml::engine {

using base::ConnectionId;
using base::Error;
using base::ErrorCode;

PeerManager::PeerManager(const Settings& settings, Timers& timers, IdCounters& ids, base::Rng& rng,
                         TransferMeter& meter)
    : settings_(settings),
      timers_(timers),
      ids_(ids),
      rng_(rng),
      meter_(meter),
      trackers_({settings.trackerAnnounce, settings.peerRequestsPerAnnounce}, rng, ids.lastSocket) {}

// ---------------------------------------------------------------------------------------------------------- swarms

void PeerManager::setStream(StepIo& io, const std::string& streamSwarmId) {
  const base::InfoHash infoHash = infoHashOf(base::StreamSwarmId(streamSwarmId));
  if (joined_ && swarm_.infoHash == infoHash) return;
  auto own = ownIds_.find(infoHash);
  if (own == ownIds_.end()) own = ownIds_.emplace(infoHash, makePeerId(rng_)).first;
  TrackerClient::Events events;
  // The new swarm first, so that a tracker's socket is never without one.
  const auto joined = trackers_.join(io.now, infoHash, own->second, io.out, events);
  if (joined_) leave(io);
  if (!joined) {
    io.out.push_back(output::TrackerError{"", joined.error()});
    return;
  }
  joined_ = true;
  swarm_ = {streamSwarmId, infoHash, own->second};
  peerSetChanged();
  work(io, events);
}

void PeerManager::leave(StepIo& io) {
  joined_ = false;
  trackers_.leave(io.now, swarm_.infoHash, io.out);
  while (!connections_.empty()) drop(io, connections_.begin(), /*tellPort=*/true);
  batches_.clear();
}

void PeerManager::shutdown(StepIo& io) {
  if (joined_) leave(io);
  trackers_.shutdown(io.now, io.out);
}

void PeerManager::peerSetChanged() { trackers_.wantPeers(!full()); }

bool PeerManager::full() const { return static_cast<std::int64_t>(usable_.size()) >= settings_.maxPeers; }

// --------------------------------------------------------------------------------------------- what the scheduler asks

Availability PeerManager::availability(const base::SegmentId& wireId) const {
  Availability best = Availability::none;
  for (const auto& [id, connection] : usable_) {
    best = std::max(best, connections_.find(connection)->second.session->availability(wireId));
    if (best == Availability::loaded) break;
  }
  return best;
}

void PeerManager::idleHolders(base::TimePoint now, const base::SegmentId& wireId,
                              std::vector<ConnectionId>& holders) const {
  for (const auto& [id, connection] : usable_) {
    const PeerSession& session = *connections_.find(connection)->second.session;
    if (session.idle(now) && session.availability(wireId) == Availability::loaded) holders.push_back(connection);
  }
}

ConnectionId PeerManager::downloadSource(const std::string& segmentId) const {
  const auto named = downloads_.find(segmentId);
  if (named == downloads_.end()) return {};
  const auto at = connections_.find(named->second);
  if (at == connections_.end() || !at->second.session) return {};
  const std::string* current = at->second.session->downloading();
  return current != nullptr && *current == segmentId ? named->second : ConnectionId{};
}

bool PeerManager::holds(ConnectionId connection, const base::SegmentId& wireId) const {
  const auto at = connections_.find(connection);
  return at != connections_.end() && at->second.session && !at->second.retiring &&
         at->second.session->availability(wireId) == Availability::loaded;
}

void PeerManager::request(StepIo& io, ConnectionId connection, const Segment& segment, const base::SegmentId& wireId) {
  const auto at = connections_.find(connection);
  P2PML_ASSERT(at != connections_.end() && at->second.session != nullptr);
  downloads_[segment.id] = connection;
  at->second.session->request(io, segment, wireId);
  settle(io, at);
}

std::optional<PartialBody> PeerManager::cancelDownload(StepIo& io, const std::string& segmentId) {
  const auto named = downloads_.find(segmentId);
  if (named == downloads_.end()) return std::nullopt;
  const auto at = connections_.find(named->second);
  downloads_.erase(named);
  if (at == connections_.end()) return std::nullopt;
  PeerSession& session = *at->second.session;
  // Complete already and only waiting for its validation: nothing is left to cancel.
  if (session.downloading() == nullptr || *session.downloading() != segmentId) return std::nullopt;
  auto partial = session.cancelDownload(io);
  settle(io, at);
  return partial;
}

// ------------------------------------------------------------------------------------------------------------ sending

PeerSession* PeerManager::sessionOf(ConnectionId connection) {
  const auto at = connections_.find(connection);
  return at == connections_.end() ? nullptr : at->second.session.get();
}

void PeerManager::sendMap(StepIo& io, ConnectionId connection, const base::Bytes& map) {
  if (PeerSession* session = sessionOf(connection)) session->sendMap(io, map);
}

void PeerManager::sendMapToAll(StepIo& io, const base::Bytes& map) {
  for (auto& [id, connection] : connections_) {
    if (connection.session) connection.session->sendMap(io, map);
  }
}

void PeerManager::sendSegment(StepIo& io, ConnectionId connection, const base::SegmentId& id, const base::Bytes& data) {
  const auto at = connections_.find(connection);
  if (at == connections_.end() || !at->second.session) return;
  at->second.session->sendSegment(io, id, data);
  settle(io, at);
}

void PeerManager::sendAbsent(StepIo& io, ConnectionId connection, const base::SegmentId& id) {
  const auto at = connections_.find(connection);
  if (at == connections_.end() || !at->second.session) return;
  at->second.session->sendAbsent(io, id);
  settle(io, at);
}

void PeerManager::expel(StepIo& io, ConnectionId connection, Error why) {
  const auto at = connections_.find(connection);
  if (at == connections_.end()) return;
  ++meter_.stats().peerFaults;
  io.out.push_back(output::PeerError{at->second.remote, std::move(why)});
  drop(io, at, /*tellPort=*/true);
}

void PeerManager::settle(StepIo& io, Connections::iterator at) {
  if (!at->second.session || !at->second.session->mustClose()) return;
  io.out.push_back(output::PeerError{at->second.remote, *at->second.session->mustClose()});
  drop(io, at, /*tellPort=*/true);
}

// --------------------------------------------------------------------------------------------- connections, trackers

void PeerManager::setHandshakeTimer(StepIo& io, ConnectionId connection, base::Duration after) {
  timers_.set({TimerKind::connectionHandshake, connection.value}, io.now + after);
}

void PeerManager::work(StepIo& io, TrackerClient::Events& events) {
  // Handlers may append further events.
  for (std::size_t i = 0; i < events.size(); ++i) {
    const TrackerEvent event = std::move(events[i]);
    std::visit([&](const auto& what) { onTrackerEvent(io, what); }, event);
  }
  events.clear();
}

void PeerManager::onTrackerEvent(StepIo& io, const tracker_event::OffersWanted& wanted) {
  const std::int64_t room = settings_.maxPeers - static_cast<std::int64_t>(usable_.size());
  const bool ours = joined_ && wanted.infoHash == swarm_.infoHash;
  const auto count =
      ours ? std::min<std::int64_t>(static_cast<std::int64_t>(wanted.count), std::max<std::int64_t>(room, 0)) : 0;
  Batch& batch = batches_[wanted.batch];
  batch.waiting = static_cast<std::size_t>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const ConnectionId id = ids_.nextConnection();
    Connection& connection = connections_[id];
    connection.batch = wanted.batch;
    connection.offerId.value = rng_.bytes20();
    offers_[connection.offerId] = id;
    batch.connections.push_back(id);
    const auto label = rng_.bytes20();
    io.out.push_back(output::CreateOffer{id, base::toHex(label)});
    setHandshakeTimer(io, id, kGatherTimeout);
  }
  if (count == 0) offerDone(io, wanted.batch, std::nullopt);
}

void PeerManager::offerDone(StepIo& io, std::uint64_t batchId, std::optional<wire::TrackerOffer> offer) {
  const auto found = batches_.find(batchId);
  if (found == batches_.end()) return;
  Batch& batch = found->second;
  if (offer) batch.offers.push_back(std::move(*offer));
  if (batch.waiting > 0) --batch.waiting;
  if (batch.waiting > 0) return;
  const Batch done = std::move(batch);
  batches_.erase(found);
  TrackerClient::Events events;
  const bool wanted = trackers_.offersReady(io.now, batchId, done.offers, io.out, events);
  for (const ConnectionId id : done.connections) {
    const auto at = connections_.find(id);
    if (at == connections_.end() || at->second.state != State::offered) continue;
    if (wanted) {
      setHandshakeTimer(io, id, kOfferLifetime);
    } else {
      drop(io, at, /*tellPort=*/true);
    }
  }
  work(io, events);
}

bool PeerManager::onOfferCreated(StepIo& io, const input::OfferCreated& created) {
  const auto at = connections_.find(created.connection);
  if (at == connections_.end() || at->second.state != State::creatingOffer) return false;
  at->second.state = State::offered;
  // Gathered; it may have to wait for the others of its batch.
  setHandshakeTimer(io, created.connection, kOfferLifetime);
  offerDone(io, at->second.batch, wire::TrackerOffer{at->second.offerId, created.sdp});
  return true;
}

void PeerManager::onTrackerEvent(StepIo& io, const tracker_event::OfferReceived& offer) {
  if (!joined_ || offer.infoHash != swarm_.infoHash || offer.from == swarm_.ownId) return;
  if (usable_.contains(offer.from)) return;  // connected already, as JavaScript peers do (5a.4 clause 13)
  if (full()) return;
  const auto pending = handshakes_.find(offer.from);
  if (pending != handshakes_.end() && pending->second >= kMaxHandshakesPerPeer) return;
  if (incomingHandshakes_ >= kMaxIncomingHandshakes) return;
  const ConnectionId id = ids_.nextConnection();
  Connection& connection = connections_[id];
  connection.state = State::creatingAnswer;
  connection.offeredByUs = false;
  connection.offerId = offer.offerId;
  connection.tracker = offer.tracker;
  connection.remote = offer.from;
  ++incomingHandshakes_;
  ++handshakes_[offer.from];
  io.out.push_back(output::CreateAnswer{id, offer.sdp});
  setHandshakeTimer(io, id, kGatherTimeout);
}

bool PeerManager::onAnswerCreated(StepIo& io, const input::AnswerCreated& created) {
  const auto at = connections_.find(created.connection);
  if (at == connections_.end() || at->second.state != State::creatingAnswer) return false;
  Connection& connection = at->second;
  connection.state = State::connecting;
  setHandshakeTimer(io, created.connection, kConnectTimeout);
  const bool sent = trackers_.sendAnswer(io.now, connection.tracker, swarm_.infoHash, *connection.remote,
                                         connection.offerId, created.sdp, io.out);
  if (!sent) drop(io, at, /*tellPort=*/true);
  return true;
}

PeerManager::Connections::iterator PeerManager::findOffer(const base::OfferId& id) {
  const auto named = offers_.find(id);
  return named == offers_.end() ? connections_.end() : connections_.find(named->second);
}

void PeerManager::onTrackerEvent(StepIo& io, const tracker_event::AnswerReceived& answer) {
  const auto at = findOffer(answer.offerId);
  if (at == connections_.end() || at->second.state != State::offered) return;
  if (usable_.contains(answer.from) || answer.from == swarm_.ownId || full()) {
    drop(io, at, /*tellPort=*/true);
    return;
  }
  Connection& connection = at->second;
  connection.state = State::connecting;
  connection.remote = answer.from;
  ++handshakes_[answer.from];
  io.out.push_back(output::SetAnswer{at->first, answer.sdp});
  setHandshakeTimer(io, at->first, kConnectTimeout);
}

void PeerManager::onTrackerEvent(StepIo& io, const tracker_event::Update& update) {
  if (joined_ && update.infoHash == swarm_.infoHash) io.events.push_back(event::SwarmUpdate{update.incomplete});
}

void PeerManager::handshakeEnded(const Connection& connection) {
  if (!connection.remote) return;
  if (!connection.offeredByUs) --incomingHandshakes_;
  const auto count = handshakes_.find(*connection.remote);
  if (count != handshakes_.end() && --count->second == 0) handshakes_.erase(count);
}

bool PeerManager::onOpened(StepIo& io, const input::PeerOpened& opened) {
  const auto at = connections_.find(opened.connection);
  // A channel may open a moment before the answer is known to be delivered, but never before there is a remote.
  if (at == connections_.end() || at->second.session || !at->second.remote) return false;
  Connection& connection = at->second;
  if (full() && !usable_.contains(*connection.remote)) {
    // Several handshakes were under way for the last place.
    drop(io, at, /*tellPort=*/true);
    return true;
  }
  handshakeEnded(connection);
  timers_.cancel({TimerKind::connectionHandshake, at->first.value});
  connection.state = State::open;
  connection.session =
      std::make_unique<PeerSession>(at->first, *connection.remote, opened.remoteAddress, settings_, timers_, meter_);
  const auto existing = usable_.find(*connection.remote);
  if (existing == usable_.end()) {
    usable_[*connection.remote] = at->first;
    peerSetChanged();
    io.events.push_back(event::PeerConnected{*connection.remote, opened.remoteAddress});
  } else {
    settleDuplicate(io, at, connections_.find(existing->second));
  }
  // Also on the one that may not stay: the other end may keep it.
  io.events.push_back(event::ChannelOpened{opened.connection});
  return true;
}

bool PeerManager::preferred(const Connection& a, const Connection& b) const {
  const auto rank = [this](const Connection& c) {
    return std::tuple(c.offeredByUs ? swarm_.ownId : *c.remote, c.offerId);
  };
  return rank(a) < rank(b);
}

void PeerManager::settleDuplicate(StepIo& io, Connections::iterator fresh, Connections::iterator old) {
  if (preferred(fresh->second, old->second) && !old->second.session->transferring()) {
    usable_[*fresh->second.remote] = fresh->first;
    retire(io, old);
  } else {
    retire(io, fresh);
  }
}

void PeerManager::onRetireTimer(StepIo& io, Connections::iterator at) {
  const auto kept = connections_.find(usable_.find(*at->second.remote)->second);
  const bool better = preferred(at->second, kept->second);
  if (at->second.session->transferring() || (better && kept->second.session->transferring())) {
    retire(io, at);
    return;
  }
  if (!better) {
    drop(io, at, /*tellPort=*/true);
    return;
  }
  // The other one stayed for its transfer only. The other end may have seen none and be about to close it: if each end
  // closed what the other keeps, both would be lost.
  at->second.retiring = false;
  kept->second.retiring = true;
  usable_[*at->second.remote] = at->first;
  retire(io, kept);
  io.events.push_back(event::PeersChanged{});
}

void PeerManager::retire(StepIo& io, Connections::iterator at) {
  at->second.retiring = true;
  timers_.set({TimerKind::connectionRetire, at->first.value}, io.now + kRetireTime);
}

void PeerManager::drop(StepIo& io, Connections::iterator at, bool tellPort) {
  const ConnectionId id = at->first;
  Connection connection = std::move(at->second);
  connections_.erase(at);
  if (connection.offeredByUs) offers_.erase(connection.offerId);
  timers_.cancel({TimerKind::connectionHandshake, id.value});
  timers_.cancel({TimerKind::connectionRetire, id.value});
  if (tellPort) io.out.push_back(output::ClosePeer{id});
  if (!connection.session) {
    handshakeEnded(connection);
    if (connection.state == State::creatingOffer) offerDone(io, connection.batch, std::nullopt);
    if (connection.state == State::offered) withdrawOffer(connection);
    return;
  }
  connection.session->onClosed(io);
  const auto named = usable_.find(*connection.remote);
  if (named == usable_.end() || named->second != id) return;  // the retiring one of two
  usable_.erase(named);
  const auto other = std::find_if(connections_.begin(), connections_.end(), [&](const auto& entry) {
    return entry.second.retiring && entry.second.remote == connection.remote;
  });
  if (other != connections_.end()) {
    other->second.retiring = false;
    timers_.cancel({TimerKind::connectionRetire, other->first.value});
    usable_[*connection.remote] = other->first;
    io.events.push_back(event::PeersChanged{});
    return;
  }
  peerSetChanged();
  io.events.push_back(event::PeerClosed{*connection.remote});
}

void PeerManager::withdrawOffer(const Connection& connection) {
  const auto batch = batches_.find(connection.batch);
  if (batch == batches_.end()) return;
  std::erase_if(batch->second.offers,
                [&](const wire::TrackerOffer& offer) { return offer.offerId == connection.offerId; });
}

bool PeerManager::onMessage(StepIo& io, const input::PeerMessage& message) {
  const auto at = connections_.find(message.connection);
  if (at == connections_.end() || !at->second.session) return false;
  at->second.session->onMessage(io, message.data);
  settle(io, at);
  return true;
}

bool PeerManager::onDrained(StepIo& io, const input::PeerDrained& drained) {
  PeerSession* session = sessionOf(drained.connection);
  if (session == nullptr) return false;
  session->onDrained(io, drained.drained);
  return true;
}

bool PeerManager::onClosed(StepIo& io, const input::PeerClosed& closed) {
  const auto at = connections_.find(closed.connection);
  if (at == connections_.end()) return false;
  // The end of a connected peer is PeerClose; only a failed handshake needs telling why.
  if (!at->second.session) io.out.push_back(output::PeerError{at->second.remote, closed.reason});
  drop(io, at, /*tellPort=*/false);
  return true;
}

// ------------------------------------------------------------------------------------------------------ sockets, time

bool PeerManager::onSocketOpened(StepIo& io, base::SocketId socket) {
  TrackerClient::Events events;
  const bool known = trackers_.onSocketOpened(io.now, socket, io.out, events);
  work(io, events);
  return known;
}

bool PeerManager::onSocketMessage(StepIo& io, base::SocketId socket, std::string_view text) {
  TrackerClient::Events events;
  const bool known = trackers_.onSocketMessage(io.now, socket, text, io.out, events);
  work(io, events);
  return known;
}

bool PeerManager::onSocketClosed(StepIo& io, base::SocketId socket, const Error& reason) {
  TrackerClient::Events events;
  const bool known = trackers_.onSocketClosed(io.now, socket, reason, io.out, events);
  work(io, events);
  return known;
}

void PeerManager::onTimer(StepIo& io, TimerKey key) {
  const auto at = connections_.find(ConnectionId(key.id));
  if (at == connections_.end()) return;
  if (key.kind == TimerKind::peerDownload) {
    at->second.session->onDownloadTimer(io);
    io.events.push_back(event::PeersChanged{});
    settle(io, at);
    return;
  }
  if (key.kind == TimerKind::connectionRetire) {
    onRetireTimer(io, at);
    return;
  }
  // An offer that nobody takes is nothing to tell of; a handshake that does not end is.
  if (at->second.state == State::connecting) {
    io.out.push_back(output::PeerError{at->second.remote, {ErrorCode::timeout, "peer did not connect within 15 s"}});
  }
  drop(io, at, /*tellPort=*/true);
}

void PeerManager::onTick(StepIo& io) {
  TrackerClient::Events events;
  if (joined_) {
    trackers_.setTransfer(swarm_.infoHash, static_cast<std::int64_t>(meter_.stats().uploadedBytes),
                          static_cast<std::int64_t>(meter_.stats().p2pBytes));
  }
  trackers_.onTick(io.now, io.out, events);
  work(io, events);
}

}  // namespace p2pml::engine
