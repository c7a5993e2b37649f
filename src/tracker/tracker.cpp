#include "tracker/tracker.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"

namespace p2pml::tracker {

namespace {

constexpr std::uint64_t kWholeToken = 1'000'000;

void send(const base::SocketId socket, std::string text, Outputs& outputs) {
  outputs.push_back(SendText{socket, std::move(text)});
}

/// 5c.4: errors found after an announce was understood carry its action and infohash, earlier ones carry neither. With
/// them a JavaScript client warns; without, it reconnects (5c.3), so they are given wherever the text has them.
wire::TrackerFailure failureOfUndecodable(std::string_view text, std::string reason) {
  wire::TrackerFailure failure{.reason = std::move(reason)};
  const auto json = base::parseJson(text, {.bytes = wire::kMaxTrackerMessageBytes});
  if (!json) return failure;
  const base::Json* action = json->find("action");
  const base::Json* infoHash = json->find("info_hash");
  if (action == nullptr || action->string() == nullptr || *action->string() != "announce") return failure;
  if (infoHash == nullptr || infoHash->string() == nullptr) return failure;
  const auto raw = base::utf8ToLatin1(*infoHash->string());
  if (!raw || raw->size() != 20) return failure;
  failure.infoHash = base::InfoHash::fromRaw(*raw);
  failure.withAction = true;
  return failure;
}

}  // namespace

std::string_view toString(CloseReason reason) {
  switch (reason) {
    case CloseReason::idle: return "idle";
    case CloseReason::messageTooBig: return "message too big";
    case CloseReason::tooManyMessages: return "too many messages";
  }
  return "unknown";
}

std::string_view toString(Admission admission) {
  switch (admission) {
    case Admission::admitted: return "admitted";
    case Admission::originNotAllowed: return "origin not allowed";
    case Admission::tooManySockets: return "too many connections";
    case Admission::tooManySocketsFromAddress: return "too many connections from this address";
  }
  return "unknown";
}

Tracker::Tracker(Options options)
    : options_(std::move(options)),
      peerTimeout_(options_.peerTimeout.value_or(2 * options_.interval)),
      socketTimeout_(options_.socketTimeout.value_or(2 * options_.interval)),
      allowedInfoHashes_(options_.allowedInfoHashes.begin(), options_.allowedInfoHashes.end()),
      rng_(options_.seed) {
  P2PML_ASSERT(options_.interval > base::Duration::zero());
  P2PML_ASSERT(peerTimeout_ > base::Duration::zero());
  P2PML_ASSERT(socketTimeout_ > base::Duration::zero());
  P2PML_ASSERT(options_.maxPeersPerSwarm > 0);
}

Tracker::~Tracker() = default;

// ---------------------------------------------------------------------------------------------------------- sockets

Admission Tracker::onOpen(base::TimePoint now, base::SocketId id, std::string_view remoteAddress,
                          std::string_view origin) {
  const auto refused = [&](Admission why) {
    ++counts_.refusedSockets;
    return why;
  };
  if (origin.empty()) {
    if (options_.denyEmptyOrigin) return refused(Admission::originNotAllowed);
  } else if (!options_.allowedOrigins.empty() &&
             std::find(options_.allowedOrigins.begin(), options_.allowedOrigins.end(), origin) ==
                 options_.allowedOrigins.end()) {
    return refused(Admission::originNotAllowed);
  }
  if (sockets_.size() >= options_.maxSockets) return refused(Admission::tooManySockets);
  if (options_.maxSocketsPerAddress != 0) {
    const auto place = socketsByAddress_.try_emplace(std::string(remoteAddress), 0).first;
    if (place->second >= options_.maxSocketsPerAddress) return refused(Admission::tooManySocketsFromAddress);
    ++place->second;
  }

  const auto [place, isNew] = sockets_.try_emplace(id, std::make_unique<Socket>());
  P2PML_ASSERT(isNew);
  Socket& socket = *place->second;
  socket.id = id;
  if (options_.maxSocketsPerAddress != 0) socket.remoteAddress = remoteAddress;
  socket.lastHeard = now;
  socket.placeInSilence = socketsBySilence_.insert(socketsBySilence_.end(), &socket);
  if (options_.messageRate) socket.tokens = options_.messageRate->burst * kWholeToken;
  socket.tokensAt = now;
  return Admission::admitted;
}

void Tracker::onClose(base::TimePoint /*now*/, base::SocketId id) {
  const auto found = sockets_.find(id);
  if (found != sockets_.end()) removeSocket(*found->second);
}

void Tracker::removeSocket(Socket& socket) {
  while (!socket.registrations.empty()) removePeer(*socket.registrations.back());
  socketsBySilence_.erase(socket.placeInSilence);
  if (options_.maxSocketsPerAddress != 0) {
    const auto address = socketsByAddress_.find(socket.remoteAddress);
    P2PML_ASSERT(address != socketsByAddress_.end());
    if (--address->second == 0) socketsByAddress_.erase(address);
  }
  sockets_.erase(base::SocketId(socket.id));
}

void Tracker::heardFrom(base::TimePoint now, Socket& socket) {
  socket.lastHeard = now;
  socketsBySilence_.splice(socketsBySilence_.end(), socketsBySilence_, socket.placeInSilence);
}

bool Tracker::takeToken(base::TimePoint now, Socket& socket) const {
  if (!options_.messageRate) return true;
  const MessageRate rate = *options_.messageRate;
  const std::uint64_t full = rate.burst * kWholeToken;
  // Microseconds times messages per second are millionths of a message. A day fills any bucket that matters.
  const base::Duration elapsed = std::min(now - socket.tokensAt, base::seconds(86'400));
  const std::uint64_t gained = static_cast<std::uint64_t>(elapsed.count()) * rate.perSecond;
  socket.tokens = std::min(full, socket.tokens + gained);
  socket.tokensAt = now;
  if (socket.tokens < kWholeToken) return false;
  socket.tokens -= kWholeToken;
  return true;
}

void Tracker::onTick(base::TimePoint now, Outputs& outputs) {
  while (!peersBySilence_.empty()) {
    Peer& peer = *peersBySilence_.front();
    ++counts_.peersVisited;
    if (now - peer.lastHeard < peerTimeout_) break;
    ++counts_.expiredPeers;
    removePeer(peer);
  }
  while (!socketsBySilence_.empty()) {
    Socket& socket = *socketsBySilence_.front();
    if (now - socket.lastHeard < socketTimeout_) break;
    ++counts_.expiredSockets;
    outputs.push_back(CloseSocket{socket.id, CloseReason::idle});
    removeSocket(socket);
  }
}

base::TimePoint Tracker::deadline() const {
  base::TimePoint next = base::kNever;
  if (!peersBySilence_.empty()) next = std::min(next, peersBySilence_.front()->lastHeard + peerTimeout_);
  if (!socketsBySilence_.empty()) next = std::min(next, socketsBySilence_.front()->lastHeard + socketTimeout_);
  return next;
}

// --------------------------------------------------------------------------------------------------------- requests

void Tracker::onMessage(base::TimePoint now, base::SocketId id, std::string_view text, Outputs& outputs) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  Socket& socket = *found->second;
  ++counts_.messages;
  if (text.size() > options_.maxMessageBytes) {
    ++counts_.oversizedMessages;
    outputs.push_back(CloseSocket{id, CloseReason::messageTooBig});
    removeSocket(socket);
    return;
  }
  if (!takeToken(now, socket)) {
    ++counts_.overRateSockets;
    outputs.push_back(CloseSocket{id, CloseReason::tooManyMessages});
    removeSocket(socket);
    return;
  }
  auto request = wire::decodeTrackerRequest(text);
  if (!request) {
    refuse(socket, failureOfUndecodable(text, std::move(request.error().detail)), outputs);
    return;
  }
  heardFrom(now, socket);
  if (const auto* announce = std::get_if<wire::AnnounceRequest>(&*request)) {
    onAnnounce(now, socket, *announce, outputs);
  } else if (const auto* answer = std::get_if<wire::AnswerRequest>(&*request)) {
    onAnswer(now, socket, *answer, outputs);
  } else {
    onScrape(socket, std::get<wire::ScrapeRequest>(*request), outputs);
  }
}

void Tracker::onAnnounce(base::TimePoint now, Socket& socket, const wire::AnnounceRequest& request, Outputs& outputs) {
  if (!allowedInfoHashes_.empty() && !allowedInfoHashes_.contains(request.infoHash)) {
    refuseAnnounce(socket, request.infoHash, "disallowed info_hash", outputs);
    return;
  }
  if (request.event == wire::AnnounceEvent::stopped) {
    ++counts_.announces;
    // From whichever socket: after a reconnect clients say stopped, then started, to get rid of the dead one (5c.4).
    Swarm* swarm = findSwarm(request.infoHash);
    if (swarm != nullptr) {
      ++swarm->announces;
      if (Peer* peer = swarm->find(request.peerId)) removePeer(*peer);
    }
    respond(socket, request.infoHash, findSwarm(request.infoHash), outputs);
    return;
  }
  for (const wire::TrackerOffer& offer : request.offers) {
    if (offer.sdp.size() > options_.maxSdpBytes) {
      refuseAnnounce(socket, request.infoHash,
                     "offer too long: " + std::to_string(offer.sdp.size()) + " bytes, at most " +
                         std::to_string(options_.maxSdpBytes),
                     outputs);
      return;
    }
  }
  const auto registered = registerPeer(now, socket, request);
  if (!registered) {
    refuseAnnounce(socket, request.infoHash, registered.error().detail, outputs);
    return;
  }
  ++counts_.announces;
  Peer& peer = **registered;
  Swarm& swarm = *peer.swarm;
  ++swarm.announces;
  if (request.event == wire::AnnounceEvent::completed) {
    if (!peer.complete) ++swarm.downloaded;
    swarm.setComplete(peer, true);
  } else if (request.left) {
    swarm.setComplete(peer, *request.left == 0);
  } else if (request.event == wire::AnnounceEvent::started) {
    swarm.setComplete(peer, false);
  }
  respond(socket, request.infoHash, &swarm, outputs);
  relayOffers(peer, request, outputs);
}

base::Result<Peer*> Tracker::registerPeer(base::TimePoint now, Socket& socket, const wire::AnnounceRequest& request) {
  Swarm* swarm = findSwarm(request.infoHash);
  Peer* peer = swarm == nullptr ? nullptr : swarm->find(request.peerId);
  if (peer != nullptr && peer->socket == socket.id) {
    heardFrom(now, *peer);
    return peer;
  }
  if (socket.registrations.size() >= options_.maxRegistrationsPerSocket) {
    return base::fail(base::ErrorCode::limitExceeded, "too many info_hashes on one connection, at most " +
                                                          std::to_string(options_.maxRegistrationsPerSocket));
  }
  if (peer != nullptr) {
    ++counts_.replacedPeers;
    detach(*peer);
    attach(*peer, socket);
    heardFrom(now, *peer);
    return peer;
  }
  if (swarm == nullptr) {
    if (swarms_.size() >= options_.maxSwarms) {
      return base::fail(base::ErrorCode::limitExceeded,
                        "too many swarms on this tracker, at most " + std::to_string(options_.maxSwarms));
    }
    swarm = swarms_.try_emplace(request.infoHash, std::make_unique<Swarm>(request.infoHash)).first->second.get();
  }
  if (swarm->size() >= options_.maxPeersPerSwarm) {
    return base::fail(base::ErrorCode::limitExceeded,
                      "too many peers in this swarm, at most " + std::to_string(options_.maxPeersPerSwarm));
  }
  peer = &swarm->add(request.peerId);
  peer->lastHeard = now;
  peer->placeInSilence = peersBySilence_.insert(peersBySilence_.end(), peer);
  attach(*peer, socket);
  ++counts_.peers;
  return peer;
}

void Tracker::relayOffers(const Peer& from, const wire::AnnounceRequest& request, Outputs& outputs) {
  if (request.offers.empty()) return;
  const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(0, request.numwant));
  const std::size_t count = std::min({request.offers.size(), wanted, options_.maxOffersPerAnnounce});
  Swarm& swarm = *from.swarm;
  swarm.pickOthers(rng_, from, count, picked_);
  counts_.peersVisited += picked_.size();
  for (std::size_t i = 0; i < picked_.size(); ++i) {
    const wire::TrackerOffer& offer = request.offers[i];
    send(picked_[i]->socket,
         wire::encode(wire::RelayedOffer{
             .infoHash = request.infoHash, .peerId = request.peerId, .offerId = offer.offerId, .sdp = offer.sdp}),
         outputs);
  }
  swarm.offersRelayed += picked_.size();
  counts_.offersRelayed += picked_.size();
  counts_.offersUnplaced += request.offers.size() - picked_.size();
}

void Tracker::onAnswer(base::TimePoint now, Socket& socket, const wire::AnswerRequest& request, Outputs& outputs) {
  // Only a registered peer can have been offered something; this also keeps one from answering in another's name.
  Swarm* swarm = findSwarm(request.infoHash);
  Peer* from = swarm == nullptr ? nullptr : swarm->find(request.peerId);
  if (from == nullptr || from->socket != socket.id) {
    ++counts_.answersFromUnknown;
    return;
  }
  heardFrom(now, *from);
  if (request.sdp.size() > options_.maxSdpBytes) {
    refuseAnnounce(socket, request.infoHash,
                   "answer too long: " + std::to_string(request.sdp.size()) + " bytes, at most " +
                       std::to_string(options_.maxSdpBytes),
                   outputs);
    return;
  }
  const Peer* to = swarm->find(request.toPeerId);
  if (to == nullptr) {
    // The offerer left meanwhile: nobody's fault, nothing is said (5c.4: wt-tracker hangs up here, which is a trap).
    ++counts_.answersToUnknown;
    return;
  }
  ++swarm->answersRelayed;
  ++counts_.answersRelayed;
  send(to->socket,
       wire::encode(wire::RelayedAnswer{
           .infoHash = request.infoHash, .peerId = request.peerId, .offerId = request.offerId, .sdp = request.sdp}),
       outputs);
}

void Tracker::onScrape(const Socket& socket, const wire::ScrapeRequest& request, Outputs& outputs) {
  if (request.infoHashes.empty() && !options_.allowFullScrape) {
    // With an action, so that a JavaScript client warns instead of dropping the socket (5c.3).
    refuse(socket, {.reason = "Full scrapes are not allowed", .withAction = true}, outputs);
    return;
  }
  if (request.infoHashes.size() > options_.maxScrapeEntries) {
    refuse(socket,
           {.reason = "too many info_hashes in one scrape, at most " + std::to_string(options_.maxScrapeEntries),
            .withAction = true},
           outputs);
    return;
  }
  ++counts_.scrapes;
  wire::ScrapeResponse response;
  const auto add = [&](const base::InfoHash& infoHash, const Swarm* swarm) {
    wire::ScrapeEntry& entry = response.files.emplace_back();
    entry.infoHash = infoHash;
    if (swarm == nullptr) return;
    entry.complete = static_cast<std::int64_t>(swarm->complete());
    entry.incomplete = static_cast<std::int64_t>(swarm->incomplete());
    entry.downloaded = static_cast<std::int64_t>(swarm->downloaded);
  };
  if (request.infoHashes.empty()) {
    for (const auto& [infoHash, swarm] : swarms_) {
      if (response.files.size() == options_.maxScrapeEntries) break;
      add(infoHash, swarm.get());
    }
  } else {
    for (const base::InfoHash& infoHash : request.infoHashes) add(infoHash, findSwarm(infoHash));
  }
  response.minRequestInterval = options_.interval / base::seconds(1);
  send(socket.id, wire::encode(response), outputs);
}

void Tracker::respond(const Socket& socket, const base::InfoHash& infoHash, const Swarm* swarm, Outputs& outputs) {
  wire::AnnounceResponse response;
  response.infoHash = infoHash;
  response.complete = swarm == nullptr ? 0 : static_cast<std::int64_t>(swarm->complete());
  response.incomplete = swarm == nullptr ? 0 : static_cast<std::int64_t>(swarm->incomplete());
  response.interval = std::max<std::int64_t>(1, options_.interval / base::seconds(1));
  send(socket.id, wire::encode(response), outputs);
}

void Tracker::refuse(const Socket& socket, const wire::TrackerFailure& failure, Outputs& outputs) {
  ++counts_.failures;
  send(socket.id, wire::encode(failure), outputs);
}

void Tracker::refuseAnnounce(const Socket& socket, const base::InfoHash& infoHash, std::string reason,
                             Outputs& outputs) {
  refuse(socket, {.reason = std::move(reason), .infoHash = infoHash, .withAction = true}, outputs);
}

// ---------------------------------------------------------------------------------------------------- registrations

Swarm* Tracker::findSwarm(const base::InfoHash& infoHash) {
  const auto found = swarms_.find(infoHash);
  return found == swarms_.end() ? nullptr : found->second.get();
}

void Tracker::attach(Peer& peer, Socket& socket) {
  peer.socket = socket.id;
  peer.indexInSocket = socket.registrations.size();
  socket.registrations.push_back(&peer);
}

void Tracker::detach(Peer& peer) {
  const auto found = sockets_.find(peer.socket);
  P2PML_ASSERT(found != sockets_.end());
  auto& registrations = found->second->registrations;
  P2PML_ASSERT(registrations[peer.indexInSocket] == &peer);
  Peer* last = registrations.back();
  registrations[peer.indexInSocket] = last;
  last->indexInSocket = peer.indexInSocket;
  registrations.pop_back();
}

void Tracker::removePeer(Peer& peer) {
  detach(peer);
  peersBySilence_.erase(peer.placeInSilence);
  Swarm& swarm = *peer.swarm;
  swarm.remove(peer);
  --counts_.peers;
  if (swarm.size() == 0) swarms_.erase(base::InfoHash(swarm.infoHash()));
}

void Tracker::heardFrom(base::TimePoint now, Peer& peer) {
  peer.lastHeard = now;
  peersBySilence_.splice(peersBySilence_.end(), peersBySilence_, peer.placeInSilence);
}

// ------------------------------------------------------------------------------------------------------- statistics

Statistics Tracker::statistics() const {
  Statistics result = counts_;
  result.sockets = sockets_.size();
  result.swarms = swarms_.size();
  for (const auto& [infoHash, swarm] : swarms_) result.complete += swarm->complete();
  return result;
}

std::vector<SwarmStatistics> Tracker::swarms(std::size_t limit) const {
  std::vector<SwarmStatistics> result;
  result.reserve(std::min(limit, swarms_.size()));
  for (const auto& [infoHash, swarm] : swarms_) {
    if (result.size() == limit) break;
    result.push_back({.infoHash = infoHash,
                      .complete = swarm->complete(),
                      .incomplete = swarm->incomplete(),
                      .downloaded = swarm->downloaded,
                      .announces = swarm->announces,
                      .offersRelayed = swarm->offersRelayed,
                      .answersRelayed = swarm->answersRelayed});
  }
  return result;
}

}  // namespace p2pml::tracker
