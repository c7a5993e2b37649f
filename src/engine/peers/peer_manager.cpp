#include "engine/peers/peer_manager.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "engine/peers/node_mark.hpp"
#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

using base::ConnectionId;
using base::Error;
using base::ErrorCode;

PeerManager::PeerManager(const Settings& settings, Timers& timers, IdCounters& ids, base::Rng& rng,
                         TransferMeter& meter, std::string node)
    : settings_(settings),
      timers_(timers),
      ids_(ids),
      rng_(rng),
      meter_(meter),
      node_(settings.peerProtocols.size() > 1 || settings.schedulingPolicy == Scheduling::cooperative ? std::move(node)
                                                                                                      : std::string()),
      ownId_(named() ? hashOf(node_) : 0),
      extension_(!kOnlyG0 && settings.peerExtension && settings.schedulingPolicy == Scheduling::cooperative
                     ? wire::kNodeVersion
                     : 0),
      trackers_({settings.trackerAnnounce, settings.peerRequestsPerAnnounce, electing()}, rng, ids.lastSocket),
      swarms_(settings, rng),
      turnover_(base::milliseconds(electing() ? settings.peerTurnoverInterval : 0)) {}

// ---------------------------------------------------------------------------------------------------------- swarms

void PeerManager::setStream(StepIo& io, const StreamIdentity& stream) {
  if (stream_ == stream) return;
  stream_ = stream;
  std::vector<Generation> missing;
  std::vector<Swarm> next;
  TrackerClient::Events events;
  // The new swarms first, so that a tracker's socket is never without one.
  for (Swarm& swarm : swarms_.of(stream, missing)) {
    if (const Swarm* same = swarms_.find(swarm.infoHash)) {
      next.push_back(*same);
      continue;
    }
    const auto joined = trackers_.join(io.now, swarm.infoHash, swarm.ownId, io.out, events);
    if (joined) {
      next.push_back(std::move(swarm));
    } else {
      io.out.push_back(output::TrackerError{"", joined.error()});
    }
  }
  for (const Generation generation : missing) {
    io.out.push_back(output::TrackerError{
        "",
        {ErrorCode::invalidArgument, "peerProtocols: " + std::string(infoOf(generation).name) +
                                         " is left out, as load() was not told the stream's properties"}});
  }
  const std::vector<Swarm> before = swarms_.joined();
  swarms_.set(std::move(next));
  for (const Swarm& swarm : before) {
    if (swarms_.find(swarm.infoHash) == nullptr) leave(io, swarm);
  }
  peerSetChanged();
  work(io, events);
}

void PeerManager::leave(StepIo& io, const Swarm& swarm) {
  trackers_.leave(io.now, swarm.infoHash, io.out);
  std::vector<ConnectionId> gone;
  for (const auto& [id, connection] : connections_) {
    if (connection.generation == swarm.generation) gone.push_back(id);
  }
  for (const ConnectionId id : gone) {
    auto* const at = connections_.find(id);
    if (at != nullptr) drop(io, at, /*tellPort=*/true);
  }
  batches_.forget(swarm.generation);
}

void PeerManager::shutdown(StepIo& io) {
  const std::vector<Swarm> before = swarms_.joined();
  swarms_.set({});
  for (const Swarm& swarm : before) leave(io, swarm);
  trackers_.shutdown(io.now, io.out);
}

void PeerManager::peerSetChanged() {
  seatPeers();
  const auto& joined = swarms_.joined();
  trackers_.wantPeers(
      std::any_of(joined.begin(), joined.end(), [this](const Swarm& swarm) { return !peers_.full(swarm.generation); }));
}

const PeerSet::Members::value_type* PeerManager::leaver(base::TimePoint now, Generation generation) const {
  return turnover_.leaver(now, peers_, generation, [this](const auto& member) {
    const PeerSession& session = *connections_.find(member.second.connection)->second.session;
    return PeerTurnover::Use{member.second.since, session.usedAt(), transferring(member.first), session.failing()};
  });
}

bool PeerManager::mayCome(base::TimePoint now, const RemoteKey& who, Generation generation) const {
  if (!peers_.full(generation)) return true;
  // One at a time: of several who came only the first would stay.
  return !kOnlyG0 && incomingHandshakes_ == 0 && turnover_.due(now, who) && leaver(now, generation) != nullptr;
}

bool PeerManager::makeRoom(StepIo& io, const RemoteKey& who, Generation generation) {
  if (peers_.hasPlace(generation)) return true;
  const auto busy = [this](const RemoteKey& peer) { return transferring(peer); };
  if (const PeerSet::Member* above = peers_.aboveShare(generation, busy)) {
    dropRemote(io, connections_.find(above->connection));
    return true;
  }
  if (kOnlyG0 || !turnover_.due(io.now, who)) return false;
  const PeerSet::Members::value_type* idle = leaver(io.now, generation);
  if (idle == nullptr) return false;
  turnover_.left(io.now, idle->first);
  dropRemote(io, connections_.find(idle->second.connection));
  return true;
}

bool PeerManager::transferring(const RemoteKey& who) const {
  return std::any_of(connections_.begin(), connections_.end(), [&](const auto& entry) {
    const Connection& connection = entry.second;
    return connection.session && connection.session->transferring() && keyOf(connection) == who;
  });
}

RemoteKey PeerManager::keyOf(const Connection& connection) {
  if (!kOnlyG0 && !connection.remoteNode.empty()) return {connection.remoteNode, {}, {}};
  return {"", connection.generation, *connection.remote};
}

std::string PeerManager::marked(const std::string& sdp) const {
  std::string text = named() ? withNodeMark(sdp, node_) : sdp;
  return extended() ? withExtension(std::move(text), extension_) : text;
}

void PeerManager::readMarks(Connection& connection, std::string_view sdp) const {
  if (named()) connection.remoteNode = nodeMarkOf(sdp).value_or("");
  connection.extension = std::min(extension_, extended() ? extensionOf(sdp) : 0);
}

// --------------------------------------------------------------------------------------------- what the scheduler asks

const PeerSession* PeerManager::downloadOf(const std::string& segmentId, ConnectionId connection) const {
  auto* const at = connections_.find(connection);
  if (at == nullptr || !at->second.session) return nullptr;
  const std::string* current = at->second.session->downloading();
  return current != nullptr && *current == segmentId ? at->second.session.get() : nullptr;
}

ConnectionId PeerManager::downloadSource(const std::string& segmentId) const {
  if (fromNodes(segmentId)) return nodes_.source(segmentId);
  const auto named = downloads_.find(segmentId);
  if (named == downloads_.end()) return {};
  return downloadOf(segmentId, named->second) == nullptr ? ConnectionId{} : named->second;
}

bool PeerManager::holds(ConnectionId connection, const WireName& name) const {
  auto* const at = connections_.find(connection);
  return at != nullptr && at->second.session && !at->second.retiring &&
         at->second.session->availability(name) == Availability::loaded;
}

bool PeerManager::uploading(ConnectionId connection) const {
  auto* const at = connections_.find(connection);
  return at != nullptr && at->second.session && at->second.session->uploading();
}

Progress PeerManager::progress(base::TimePoint now, const std::string& segmentId) const {
  if (fromNodes(segmentId)) return nodes_.progress(now, segmentId);
  const ConnectionId source = downloadSource(segmentId);
  return source ? connections_.find(source)->second.session->progress(now) : Progress{};
}

bool PeerManager::electing() const { return !kOnlyG0 && settings_.schedulingPolicy == Scheduling::cooperative; }

bool PeerManager::resumes(ConnectionId connection) const {
  auto* const at = connections_.find(connection);
  return at != nullptr && at->second.session && at->second.session->resumes();
}

void PeerManager::request(StepIo& io, ConnectionId connection, const Segment& segment, const WireName& name,
                          const PartialBody* start) {
  auto* const at = connections_.find(connection);
  P2PML_ASSERT(at != nullptr && at->second.session != nullptr);
  downloads_[segment.id] = connection;
  if (NodePeerSession* node = nodeAt(connection)) {
    nodes_.start(io, *node, segment, name, start);
    settleNodes(io);
    return;
  }
  at->second.session->request(io, segment, name, start);
  settle(io, at);
}

std::optional<PartialBody> PeerManager::received(const std::string& segmentId) {
  if (fromNodes(segmentId)) return nodes_.beginning(segmentId);
  const ConnectionId source = downloadSource(segmentId);
  if (!source) return std::nullopt;
  return connections_.find(source)->second.session->received();
}

std::optional<PartialBody> PeerManager::cancelDownload(StepIo& io, const std::string& segmentId) {
  const auto named = downloads_.find(segmentId);
  if (named == downloads_.end()) return std::nullopt;
  auto* const at = connections_.find(named->second);
  downloads_.erase(named);
  if (fromNodes(segmentId)) {
    auto partial = nodes_.cancel(io, segmentId);
    settleNodes(io);
    return partial;
  }
  if (at == nullptr) return std::nullopt;
  PeerSession& session = *at->second.session;
  // Complete already and only waiting for its validation: nothing is left to cancel.
  if (session.downloading() == nullptr || *session.downloading() != segmentId) return std::nullopt;
  auto partial = session.cancelDownload(io);
  settle(io, at);
  return partial;
}

// ------------------------------------------------------------------------------------------------------- p2pml nodes

NodePeerSession* PeerManager::nodeAt(ConnectionId connection) {
  if (kOnlyG0) return nullptr;
  PeerSession* session = sessionOf(connection);
  NodePeerSession* node = session == nullptr ? nullptr : session->node();
  if (node != nullptr) touched_.push_back(connection);
  return node;
}

const NodePeerSession* PeerManager::nodeAt(ConnectionId connection) const {
  if (kOnlyG0) return nullptr;
  auto* const at = connections_.find(connection);
  return at == nullptr || !at->second.session ? nullptr : at->second.session->node();
}

void PeerManager::idleNodes(base::TimePoint now, const WireName& name, std::vector<ConnectionId>& nodes) const {
  for (const Seat& seat : seats_) {
    if (seat.node == nullptr || !seat.node->idle(now)) continue;
    if (seat.node->availability(name) == Availability::loaded) nodes.push_back(seat.connection);
  }
}

void PeerManager::settleNodes(StepIo& io) {
  if (kOnlyG0) return;
  while (!touched_.empty()) {
    auto* const at = connections_.find(touched_.back());
    touched_.pop_back();
    if (at != nullptr) settle(io, at);
  }
}

void PeerManager::shareOut(StepIo& io) {
  if (!extended()) return;
  nodes_.shareOut(io);
  settleNodes(io);
}

base::Bytes PeerManager::receivedAt(const std::string& segmentId, std::uint64_t offset) const {
  if (const SegmentBody* body = kOnlyG0 ? nullptr : nodes_.body(segmentId)) return body->at(offset);
  const auto named = downloads_.find(segmentId);
  const PeerSession* session = named == downloads_.end() ? nullptr : downloadOf(segmentId, named->second);
  return session == nullptr ? base::Bytes() : session->receivedAt(offset);
}

std::uint64_t PeerManager::incomingTotal(const std::string& segmentId) const {
  if (const SegmentBody* body = kOnlyG0 ? nullptr : nodes_.body(segmentId)) return body->total();
  const auto named = downloads_.find(segmentId);
  const PeerSession* session = named == downloads_.end() ? nullptr : downloadOf(segmentId, named->second);
  return session == nullptr ? 0 : session->downloadTotal();
}

std::optional<BodyRange> PeerManager::wanted(ConnectionId connection, const PeerRequest& request) const {
  const NodePeerSession* node = nodeAt(connection);
  return node == nullptr ? std::nullopt : node->wanted(request);
}

void PeerManager::relay(StepIo& io, ConnectionId connection, const PeerRequest& request, std::uint64_t total,
                        const base::Bytes& bytes) {
  if (NodePeerSession* node = nodeAt(connection)) node->relay(io, request, total, bytes);
  settleNodes(io);
}

void PeerManager::endAnswer(StepIo& io, ConnectionId connection, const PeerRequest& request,
                            wire::NodeEnd::Status status) {
  if (NodePeerSession* node = nodeAt(connection)) node->end(io, request, status);
  settleNodes(io);
}

// ------------------------------------------------------------------------------------------------------------ sending

PeerSession* PeerManager::sessionOf(ConnectionId connection) {
  auto* const at = connections_.find(connection);
  return at == nullptr ? nullptr : at->second.session.get();
}

void PeerManager::sendAvailability(StepIo& io, ConnectionId connection, const OwnAvailability& own) {
  if (PeerSession* session = sessionOf(connection)) session->sendAvailability(io, own);
}

void PeerManager::sendAvailabilityToAll(StepIo& io, const OwnAvailability& own) {
  for (auto& [id, connection] : connections_) {
    if (connection.session) connection.session->sendAvailability(io, own);
  }
}

void PeerManager::sendSegment(StepIo& io, ConnectionId connection, const PeerRequest& request,
                              const base::Bytes& data) {
  auto* const at = connections_.find(connection);
  if (at == nullptr || !at->second.session) return;
  at->second.session->sendSegment(io, request, data);
  settle(io, at);
}

void PeerManager::sendAbsent(StepIo& io, ConnectionId connection, const PeerRequest& request) {
  auto* const at = connections_.find(connection);
  if (at == nullptr || !at->second.session) return;
  at->second.session->sendAbsent(io, request);
  settle(io, at);
}

void PeerManager::expel(StepIo& io, ConnectionId connection, Error why) {
  auto* const at = connections_.find(connection);
  if (at == nullptr) return;
  ++meter_.stats().peerFaults;
  io.out.push_back(output::PeerError{at->second.session->id(), std::move(why)});
  dropRemote(io, at);
}

void PeerManager::settle(StepIo& io, Connections::Entry* at) {
  if (!at->second.session) return;
  // Without a seat nothing is remembered.
  if (at->second.session->takeSaysChanged() && at->second.seat != kNoSeat) says_.forget(at->second.seat);
  if (NodePeerSession* node = kOnlyG0 ? nullptr : at->second.session->node()) {
    const ConnectionId id = at->first;
    if (auto end = node->takeRangeEnd()) {
      nodes_.onRangeEnd(io, id, node->id(), std::move(*end));
      settleNodes(io);
      at = connections_.find(id);
      if (at == nullptr) return;
    }
  }
  if (!at->second.session->mustClose()) return;
  io.out.push_back(output::PeerError{at->second.session->id(), *at->second.session->mustClose()});
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
  const Swarm* swarm = swarms_.find(wanted.infoHash);
  const std::int64_t count =
      swarm == nullptr ? 0 : std::min(static_cast<std::int64_t>(wanted.count), peers_.room(swarm->generation));
  std::vector<ConnectionId> made;
  for (std::int64_t i = 0; i < count; ++i) {
    const ConnectionId id = ids_.nextConnection();
    Connection& connection = connections_[id];
    connection.generation = swarm->generation;
    connection.batch = wanted.batch;
    connection.offerId.value = rng_.bytes20();
    offers_[connection.offerId] = id;
    made.push_back(id);
    const auto label = rng_.bytes20();
    io.out.push_back(output::CreateOffer{id, base::toHex(label)});
    setHandshakeTimer(io, id, kGatherTimeout);
  }
  batches_.begin(wanted.batch, swarm == nullptr ? Generation{} : swarm->generation, std::move(made));
  if (count == 0) offerDone(io, wanted.batch, std::nullopt);
}

void PeerManager::offerDone(StepIo& io, std::uint64_t batchId, std::optional<wire::TrackerOffer> offer) {
  const auto done = batches_.done(batchId, std::move(offer));
  if (!done) return;
  TrackerClient::Events events;
  const bool wanted = trackers_.offersReady(io.now, batchId, done->offers, io.out, events);
  for (const ConnectionId id : done->connections) {
    auto* const at = connections_.find(id);
    if (at == nullptr || at->second.state != State::offered) continue;
    if (wanted) {
      setHandshakeTimer(io, id, kOfferLifetime);
    } else {
      drop(io, at, /*tellPort=*/true);
    }
  }
  work(io, events);
}

bool PeerManager::onOfferCreated(StepIo& io, const input::OfferCreated& created) {
  auto* const at = connections_.find(created.connection);
  if (at == nullptr || at->second.state != State::creatingOffer) return false;
  at->second.state = State::offered;
  // Gathered; it may have to wait for the others of its batch.
  setHandshakeTimer(io, created.connection, kOfferLifetime);
  offerDone(io, at->second.batch, wire::TrackerOffer{at->second.offerId, marked(created.sdp)});
  return true;
}

void PeerManager::onTrackerEvent(StepIo& io, const tracker_event::OfferReceived& offer) {
  const Swarm* swarm = swarms_.find(offer.infoHash);
  if (swarm == nullptr || offer.from == swarm->ownId) return;
  Connection fresh;
  fresh.state = State::creatingAnswer;
  fresh.generation = swarm->generation;
  fresh.offeredByUs = false;
  fresh.offerId = offer.offerId;
  fresh.tracker = offer.tracker;
  fresh.remote = offer.from;
  readMarks(fresh, offer.sdp);
  if (named() && fresh.remoteNode == node_) return;  // our own offer of another swarm
  const RemoteKey who = keyOf(fresh);
  if (peers_.contains(who)) return;  // connected already, as JavaScript peers do (5a.4 clause 13)
  if (!mayCome(io.now, who, fresh.generation)) return;
  const auto pending = handshakes_.find(who);
  if (pending != handshakes_.end() && pending->second >= kMaxHandshakesPerPeer) return;
  if (incomingHandshakes_ >= kMaxIncomingHandshakes) return;
  const ConnectionId id = ids_.nextConnection();
  connections_[id] = std::move(fresh);
  ++incomingHandshakes_;
  ++handshakes_[who];
  io.out.push_back(output::CreateAnswer{id, offer.sdp});
  setHandshakeTimer(io, id, kGatherTimeout);
}

bool PeerManager::onAnswerCreated(StepIo& io, const input::AnswerCreated& created) {
  auto* const at = connections_.find(created.connection);
  if (at == nullptr || at->second.state != State::creatingAnswer) return false;
  Connection& connection = at->second;
  connection.state = State::connecting;
  setHandshakeTimer(io, created.connection, kConnectTimeout);
  const Swarm* swarm = swarms_.find(connection.generation);
  const bool sent =
      swarm != nullptr && trackers_.sendAnswer(io.now, connection.tracker, swarm->infoHash, *connection.remote,
                                               connection.offerId, marked(created.sdp), io.out);
  if (!sent) drop(io, at, /*tellPort=*/true);
  return true;
}

PeerManager::Connections::Entry* PeerManager::findOffer(const base::OfferId& id) {
  const auto named = offers_.find(id);
  return named == offers_.end() ? nullptr : connections_.find(named->second);
}

void PeerManager::onTrackerEvent(StepIo& io, const tracker_event::AnswerReceived& answer) {
  const auto at = findOffer(answer.offerId);
  if (at == nullptr || at->second.state != State::offered) return;
  Connection& connection = at->second;
  const Swarm* swarm = swarms_.find(connection.generation);
  // A tracker may relay it in the name of another swarm.
  if (swarm == nullptr || swarm->infoHash != answer.infoHash) return;
  connection.remote = answer.from;
  readMarks(connection, answer.sdp);
  const RemoteKey who = keyOf(connection);
  const bool ourselves = answer.from == swarm->ownId || (named() && connection.remoteNode == node_);
  if (peers_.contains(who) || ourselves || peers_.full(connection.generation)) {
    connection.remote.reset();  // no handshake has begun
    drop(io, at, /*tellPort=*/true);
    return;
  }
  connection.state = State::connecting;
  ++handshakes_[who];
  io.out.push_back(output::SetAnswer{at->first, answer.sdp});
  setHandshakeTimer(io, at->first, kConnectTimeout);
}

void PeerManager::onTrackerEvent(StepIo& io, const tracker_event::Update& update) {
  if (swarms_.find(update.infoHash) == nullptr) return;
  if (update.incomplete) {
    swarms_.setIncomplete(update.infoHash, *update.incomplete);
    peerSetChanged();
  }
  swarms_.setComplete(update.infoHash, update.complete);
  io.events.push_back(event::SwarmUpdate{swarms_.incomplete()});
}

void PeerManager::handshakeEnded(const Connection& connection) {
  if (!connection.remote) return;
  if (!connection.offeredByUs) --incomingHandshakes_;
  const auto count = handshakes_.find(keyOf(connection));
  if (count != handshakes_.end() && --count->second == 0) handshakes_.erase(count);
}

bool PeerManager::onOpened(StepIo& io, const input::PeerOpened& opened) {
  auto* const at = connections_.find(opened.connection);
  // A channel may open a moment before the answer is known to be delivered, but never before there is a remote.
  if (at == nullptr || at->second.session || !at->second.remote) return false;
  Connection& connection = at->second;
  const RemoteKey who = keyOf(connection);
  if (!peers_.contains(who) && !makeRoom(io, who, connection.generation)) {
    // Several handshakes were under way for the last place.
    drop(io, at, /*tellPort=*/true);
    return true;
  }
  handshakeEnded(connection);
  timers_.cancel({TimerKind::connectionHandshake, at->first.value});
  connection.state = State::open;
  const PeerSet::Member* existing = peers_.find(who);
  const base::PeerId told = existing == nullptr ? *connection.remote : existing->told;
  connection.session = PeerSession::make(
      {at->first, told, connection.generation, opened.remoteAddress, connection.extension}, settings_, timers_, meter_);
  connection.session->onOpened(io);
  if (existing == nullptr) {
    peers_.add(who, {at->first, connection.generation, told, io.now});
    peerSetChanged();
    io.events.push_back(event::PeerConnected{told, opened.remoteAddress, connection.generation});
  } else {
    settleDuplicate(io, at, connections_.find(existing->connection));
  }
  // Also on the one that may not stay: the other end may keep it.
  io.events.push_back(event::ChannelOpened{opened.connection});
  return true;
}

bool PeerManager::preferred(const Connection& a, const Connection& b) const {
  if (a.generation != b.generation) return a.generation > b.generation;
  const base::PeerId own = swarms_.find(a.generation)->ownId;
  const auto rank = [&](const Connection& c) { return std::tuple(c.offeredByUs ? own : *c.remote, c.offerId); };
  return rank(a) < rank(b);
}

void PeerManager::settleDuplicate(StepIo& io, Connections::Entry* fresh, Connections::Entry* old) {
  if (preferred(fresh->second, old->second) && !old->second.session->transferring()) {
    peers_.use(keyOf(fresh->second), fresh->first, fresh->second.generation);
    retire(io, old);
    peerSetChanged();  // it may count for another generation now
  } else {
    retire(io, fresh);
  }
}

void PeerManager::onRetireTimer(StepIo& io, Connections::Entry* at) {
  const auto kept = connections_.find(peers_.find(keyOf(at->second))->connection);
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
  peers_.use(keyOf(at->second), at->first, at->second.generation);
  retire(io, kept);
  peerSetChanged();
  io.events.push_back(event::PeersChanged{});
}

void PeerManager::retire(StepIo& io, Connections::Entry* at) {
  at->second.retiring = true;
  timers_.set({TimerKind::connectionRetire, at->first.value}, io.now + kRetireTime);
}

void PeerManager::drop(StepIo& io, Connections::Entry* at, bool tellPort) {
  const ConnectionId id = at->first;
  Connection connection = std::move(at->second);
  connections_.erase(at);
  unseat(connection);
  if (connection.offeredByUs) offers_.erase(connection.offerId);
  timers_.cancel({TimerKind::connectionHandshake, id.value});
  timers_.cancel({TimerKind::connectionRetire, id.value});
  if (tellPort) io.out.push_back(output::ClosePeer{id});
  if (!connection.session) {
    handshakeEnded(connection);
    if (connection.state == State::creatingOffer) offerDone(io, connection.batch, std::nullopt);
    if (connection.state == State::offered) batches_.withdraw(connection.batch, connection.offerId);
    return;
  }
  connection.session->onClosed(io);
  if (NodePeerSession* node = kOnlyG0 ? nullptr : connection.session->node()) {
    if (auto end = node->takeRangeEnd()) nodes_.onRangeEnd(io, id, node->id(), std::move(*end));
  }
  const RemoteKey who = keyOf(connection);
  const PeerSet::Member* member = peers_.find(who);
  if (member == nullptr || member->connection != id) return;  // the retiring one of two
  const auto other = std::find_if(connections_.begin(), connections_.end(), [&](const auto& entry) {
    return entry.second.retiring && keyOf(entry.second) == who;
  });
  if (other != connections_.end()) {
    auto& [otherId, kept] = *other;
    kept.retiring = false;
    timers_.cancel({TimerKind::connectionRetire, otherId.value});
    peers_.use(who, otherId, kept.generation);
    peerSetChanged();
    io.events.push_back(event::PeersChanged{});
    return;
  }
  const base::PeerId told = member->told;
  peers_.remove(who);
  peerSetChanged();
  io.events.push_back(event::PeerClosed{told});
}

void PeerManager::dropRemote(StepIo& io, Connections::Entry* at) {
  const RemoteKey who = keyOf(at->second);
  std::vector<ConnectionId> all;
  // The retiring ones first: none must take the place of the one in use.
  for (const bool retiring : {true, false}) {
    for (const auto& [id, connection] : connections_) {
      if (connection.session && connection.retiring == retiring && keyOf(connection) == who) all.push_back(id);
    }
  }
  for (const ConnectionId id : all) drop(io, connections_.find(id), /*tellPort=*/true);
}

bool PeerManager::onMessage(StepIo& io, const input::PeerMessage& message) {
  auto* const at = connections_.find(message.connection);
  if (at == nullptr || !at->second.session) return false;
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
  auto* const at = connections_.find(closed.connection);
  if (at == nullptr) return false;
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
  auto* const at = connections_.find(ConnectionId(key.id));
  if (at == nullptr) return;
  if (key.kind == TimerKind::peerDownload) {
    at->second.session->onDownloadTimer(io);
    io.events.push_back(event::PeersChanged{});
    settle(io, at);
    return;
  }
  if (key.kind == TimerKind::uploadLimit) {
    at->second.session->onUploadAllowed(io);
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
  for (const Swarm& swarm : swarms_.joined()) {
    trackers_.setTransfer(swarm.infoHash, static_cast<std::int64_t>(meter_.stats().uploadedBytes),
                          static_cast<std::int64_t>(meter_.stats().p2pBytes));
  }
  trackers_.onTick(io.now, io.out, events);
  work(io, events);
}

}  // namespace p2pml::engine
