#include "engine/trackers/tracker_client.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/assert.hpp"

namespace p2pml::engine {

namespace {

using base::Duration;
using base::ErrorCode;
using base::InfoHash;
using base::PeerId;
using base::TimePoint;

/// The beginning of a tracker's text: at most kMaxRemoteText bytes, no code point cut in two.
std::string shortened(std::string_view text) {
  if (text.size() <= TrackerClient::kMaxRemoteText) return std::string(text);
  std::size_t length = TrackerClient::kMaxRemoteText;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  return std::string(text.substr(0, length));
}

/// One tracker per different URL, in the order configured. A trailing slash is no difference (5c.3).
std::vector<std::string> differentUrls(std::vector<std::string> urls) {
  std::vector<std::string> result;
  std::set<std::string> seen;
  for (std::string& url : urls) {
    if (!url.empty() && url.back() == '/') url.pop_back();
    if (url.empty() || !seen.insert(url).second) continue;
    result.push_back(std::move(url));
  }
  return result;
}

/// Seconds a tracker tells, bounded. 0 and below tell nothing.
std::optional<Duration> boundedInterval(const wire::AnnounceResponse& response) {
  const std::int64_t told = response.interval.value_or(0) > 0 ? *response.interval : response.minInterval.value_or(0);
  if (told <= 0) return std::nullopt;
  const std::int64_t most = TrackerClient::kMaxInterval / base::seconds(1);
  return std::max(base::seconds(std::min(told, most)), TrackerClient::kMinInterval);
}

}  // namespace

TrackerClient::TrackerClient(Config config, base::Rng& rng, std::uint64_t& lastSocketId)
    : peerRequests_(static_cast<std::size_t>(std::max<std::int64_t>(config.peerRequestsPerAnnounce, 0))),
      recount_(config.recount),
      rng_(rng),
      lastSocketId_(lastSocketId) {
  std::vector<std::string> urls = differentUrls(std::move(config.urls));
  trackers_.resize(urls.size());
  for (std::size_t i = 0; i < urls.size(); ++i) {
    trackers_[i].index = TrackerIndex{static_cast<std::uint32_t>(i)};
    trackers_[i].url = std::move(urls[i]);
  }
}

// ------------------------------------------------------------------------------------------------------ owner's calls

base::Result<void> TrackerClient::join(TimePoint now, const InfoHash& infoHash, const PeerId& peerId, Outputs& out,
                                       Events& events) {
  deadline_.reset();
  if (shutDown_ || joined_.contains(infoHash)) return {};
  if (joined_.size() >= kMaxSwarms) {
    return base::fail(ErrorCode::limitExceeded,
                      "trackers: a loader can be in " + std::to_string(kMaxSwarms) + " swarms at most");
  }
  joined_.insert(infoHash);
  Step step{now, out, events};
  for (Tracker& tracker : trackers_) joinOn(tracker, infoHash, peerId, step);
  return {};
}

void TrackerClient::leave(TimePoint now, const InfoHash& infoHash, Outputs& /*out*/) {
  deadline_.reset();
  if (joined_.erase(infoHash) == 0) return;
  for (Tracker& tracker : trackers_) leaveOn(tracker, infoHash, now);
}

void TrackerClient::shutdown(TimePoint now, Outputs& out) {
  deadline_.reset();
  if (shutDown_) return;
  for (Tracker& tracker : trackers_) {
    if (tracker.link == Link::open) {
      for (auto& [infoHash, swarm] : tracker.swarms) {
        if (swarm.known == Known::yes) sendStopped(tracker, infoHash, swarm, now, out);
      }
    }
    if (tracker.socket) out.emplace_back(output::CloseSocket{tracker.socket});
    tracker.socket = {};
    tracker.link = Link::closed;
    tracker.linkTimer = base::kNever;
    tracker.active = 0;
    tracker.swarms.clear();
    tracker.timers.clear();
    tracker.left.clear();
  }
  sockets_.clear();
  joined_.clear();
  batches_.clear();
  shutDown_ = true;
}

bool TrackerClient::offersReady(TimePoint now, std::uint64_t batch, std::vector<wire::TrackerOffer> offers,
                                Outputs& out, Events& events) {
  deadline_.reset();
  const auto found = batches_.find(batch);
  if (found == batches_.end()) return false;
  Tracker& tracker = at(found->second.tracker);
  const InfoHash infoHash = found->second.infoHash;
  Swarm* swarm = joinedSwarm(tracker, infoHash);
  P2PML_ASSERT(swarm != nullptr && swarm->phase == Phase::collecting && swarm->batch == batch);
  dropBatch(*swarm);
  swarm->phase = Phase::ready;
  swarm->offers = std::move(offers);
  swarm->offersSince = now;
  Step step{now, out, events};
  advance(tracker, infoHash, *swarm, step);
  return true;
}

bool TrackerClient::sendAnswer(TimePoint /*now*/, TrackerIndex index, const InfoHash& infoHash, const PeerId& toPeer,
                               const base::OfferId& offerId, std::string sdp, Outputs& out) {
  if (shutDown_) return false;
  Tracker& tracker = at(index);
  const Swarm* swarm = joinedSwarm(tracker, infoHash);
  if (swarm == nullptr || tracker.link != Link::open) return false;
  std::string text = wire::encode(wire::AnswerRequest{infoHash, swarm->peerId, toPeer, offerId, std::move(sdp)});
  if (text.size() > kMaxMessageBytes) {
    out.emplace_back(output::TrackerWarning{tracker.url, "an answer of " + std::to_string(text.size()) +
                                                             " bytes was not sent: trackers take " +
                                                             std::to_string(kMaxMessageBytes)});
    return false;
  }
  out.emplace_back(output::SendSocket{tracker.socket, std::move(text)});
  return true;
}

void TrackerClient::setTransfer(const InfoHash& infoHash, std::int64_t uploaded, std::int64_t downloaded) {
  for (Tracker& tracker : trackers_) {
    Swarm* swarm = joinedSwarm(tracker, infoHash);
    if (swarm == nullptr) continue;
    swarm->uploaded = uploaded;
    swarm->downloaded = downloaded;
  }
}

const std::string& TrackerClient::url(TrackerIndex tracker) const {
  const auto index = static_cast<std::size_t>(tracker);
  P2PML_ASSERT(index < trackers_.size());
  return trackers_[index].url;
}

void TrackerClient::onTick(TimePoint now, Outputs& out, Events& events) {
  deadline_.reset();
  Step step{now, out, events};
  for (Tracker& tracker : trackers_) {
    if (tracker.link != Link::closed && tracker.linkTimer <= now) onLinkTimer(tracker, step);
    while (!tracker.timers.empty() && tracker.timers.begin()->first <= now) {
      const InfoHash infoHash = tracker.timers.begin()->second;
      advance(tracker, infoHash, tracker.swarms.at(infoHash), step);
    }
  }
}

TimePoint TrackerClient::deadline() const {
  if (deadline_) return *deadline_;
  TimePoint earliest = base::kNever;
  for (const Tracker& tracker : trackers_) {
    if (tracker.link != Link::closed) earliest = std::min(earliest, tracker.linkTimer);
    if (!tracker.timers.empty()) earliest = std::min(earliest, tracker.timers.begin()->first);
  }
  deadline_ = earliest;
  return earliest;
}

// ------------------------------------------------------------------------------------------------------------ swarms

TrackerClient::Tracker& TrackerClient::at(TrackerIndex index) {
  const auto i = static_cast<std::size_t>(index);
  P2PML_ASSERT(i < trackers_.size());
  return trackers_[i];
}

TrackerClient::Tracker* TrackerClient::bySocket(base::SocketId socket) {
  const auto found = sockets_.find(socket);
  return found == sockets_.end() ? nullptr : &at(found->second);
}

TrackerClient::Swarm* TrackerClient::joinedSwarm(Tracker& tracker, const InfoHash& infoHash) {
  const auto found = tracker.swarms.find(infoHash);
  return found == tracker.swarms.end() || !found->second.joined ? nullptr : &found->second;
}

void TrackerClient::joinOn(Tracker& tracker, const InfoHash& infoHash, const PeerId& peerId, Step& step) {
  const auto [position, created] = tracker.swarms.try_emplace(infoHash);
  Swarm& swarm = position->second;
  const bool lingered = swarm.stopAt != base::kNever;
  if (lingered && swarm.peerId == peerId) {
    // Both the tracker and its members still know us: new offers are all that is needed, and not at once if some went
    // out a moment ago (PeerTube's limit, 5c.4).
    swarm.due = std::max(step.now, std::min(swarm.due, swarm.lastAnnounce + kMinInterval));
  } else {
    if (lingered) sendStopped(tracker, infoHash, swarm, step.now, step.out);
    if (!created && !lingered) tracker.left.erase({swarm.keptUntil, infoHash});
    if (!lingered) ++tracker.active;
    // What an earlier id left behind on a connection that broke is not ours to end any more.
    if (swarm.peerId != peerId) swarm.known = Known::no;
    swarm.peerId = peerId;
    swarm.due = step.now;
    swarm.responded = false;
    swarm.failures = 0;
    swarm.uploaded = 0;
    swarm.downloaded = 0;
  }
  swarm.joined = true;
  swarm.stopAt = base::kNever;

  if (tracker.link == Link::closed) {
    if (tracker.linkTimer == base::kNever || tracker.linkTimer <= step.now) {
      openLink(tracker, step.now, step.out);
    } else {
      tracker.link = Link::waiting;
    }
  } else if (tracker.link == Link::open) {
    tracker.linkTimer = base::kNever;
  }
  advance(tracker, infoHash, swarm, step);
}

void TrackerClient::leaveOn(Tracker& tracker, const InfoHash& infoHash, TimePoint now) {
  Swarm* swarm = joinedSwarm(tracker, infoHash);
  if (swarm == nullptr) return;
  swarm->joined = false;
  dropBatch(*swarm);
  if (swarm->known != Known::yes) {
    forget(tracker, infoHash, *swarm, now);
    return;
  }
  swarm->stopAt = now + kLinger;
  setTimer(tracker, infoHash, *swarm, swarm->stopAt);
}

void TrackerClient::dropBatch(Swarm& swarm) {
  if (swarm.phase == Phase::collecting) batches_.erase(swarm.batch);
  swarm.phase = Phase::idle;
  swarm.offers.clear();
}

void TrackerClient::forget(Tracker& tracker, const InfoHash& infoHash, Swarm& swarm, TimePoint now) {
  setTimer(tracker, infoHash, swarm, base::kNever);
  swarm.joined = false;
  swarm.stopAt = base::kNever;
  swarm.trackerId.reset();
  P2PML_ASSERT(tracker.active > 0);
  if (--tracker.active == 0 && tracker.link == Link::open) tracker.linkTimer = now + kIdle;

  if (swarm.known != Known::lost && swarm.announces.recent(now) == 0) {
    tracker.swarms.erase(infoHash);
    return;
  }
  swarm.keptUntil = now + kAnnounceWindow;
  tracker.left.emplace(swarm.keptUntil, infoHash);
  while (tracker.left.begin()->first <= now || tracker.left.size() > kMaxSwarms) {
    tracker.swarms.erase(tracker.left.begin()->second);
    tracker.left.erase(tracker.left.begin());
  }
}

void TrackerClient::setTimer(Tracker& tracker, const InfoHash& infoHash, Swarm& swarm, TimePoint time) {
  if (swarm.timer == time) return;
  if (swarm.timer != base::kNever) tracker.timers.erase({swarm.timer, infoHash});
  swarm.timer = time;
  if (time != base::kNever) tracker.timers.emplace(time, infoHash);
}

void TrackerClient::advance(Tracker& tracker, const InfoHash& infoHash, Swarm& swarm, Step& step) {
  const bool open = tracker.link == Link::open;
  if (!swarm.joined) {
    if (step.now < swarm.stopAt) return;
    sendStopped(tracker, infoHash, swarm, step.now, step.out);
    forget(tracker, infoHash, swarm, step.now);
    return;
  }
  if (open && swarm.phase == Phase::collecting && swarm.batchDeadline <= step.now) {
    dropBatch(swarm);
    sendAnnounce(tracker, infoHash, swarm, {}, step.now, step.out);
  } else if (open && swarm.phase == Phase::ready) {
    const bool usable = step.now - swarm.offersSince <= kOffersUsable;
    std::vector<wire::TrackerOffer> offers = std::move(swarm.offers);
    dropBatch(swarm);
    swarm.due = step.now;
    if (usable) sendAnnounce(tracker, infoHash, swarm, std::move(offers), step.now, step.out);
  }
  if (swarm.phase == Phase::idle && swarm.due <= step.now) {
    if (open && tracker.unansweredSince != base::kNever && step.now - tracker.unansweredSince >= kSilence) {
      linkLost(tracker, {ErrorCode::timeout, "the tracker answers no announce"}, true, step);
      return;
    }
    beginAnnounce(tracker, infoHash, swarm, step);
  }
  TimePoint timer = base::kNever;
  if (tracker.link == Link::open) {
    if (swarm.phase == Phase::idle) timer = swarm.due;
    if (swarm.phase == Phase::collecting) timer = swarm.batchDeadline;
    P2PML_ASSERT(timer > step.now);
  }
  setTimer(tracker, infoHash, swarm, timer);
}

// --------------------------------------------------------------------------------------------------------- announces

std::size_t TrackerClient::announcesTold(const Swarm& swarm) {
  static_assert(kAnnounceWindow / kMinInterval + 3 <= RecentLog::kCapacity);
  return swarm.interval ? static_cast<std::size_t>(kAnnounceWindow / *swarm.interval) : 0;
}

std::size_t TrackerClient::announceLimit(const Swarm& swarm) {
  // Besides those of the interval: `started`, one message of further offers with it, and `stopped`.
  return std::max(kAnnouncesPerWindow, announcesTold(swarm) + 3);
}

std::size_t TrackerClient::messagesAllowed(Tracker& tracker, Swarm& swarm, TimePoint now) {
  const std::size_t first = swarm.known == Known::lost ? 2 : 1;  // `stopped` before it
  const std::size_t limit = announceLimit(swarm);
  const std::size_t ofSwarm =
      swarm.announces.recent(now) + first + std::max(kAnnounceReserve, announcesTold(swarm) + 1);
  const std::size_t ofTracker = tracker.announces.recent(now) + first;
  if (ofSwarm >= limit || ofTracker >= kTrackerAnnouncesPerWindow) return 1;
  return 1 + std::min(limit - ofSwarm, kTrackerAnnouncesPerWindow - ofTracker);
}

void TrackerClient::beginAnnounce(Tracker& tracker, const InfoHash& infoHash, Swarm& swarm, Step& step) {
  const bool open = tracker.link == Link::open;
  // Offers are made while a tracker's first connection opens; for one that just failed, not before it is there again.
  if (!open && (tracker.link != Link::opening || tracker.backoff > 0)) return;

  const std::size_t needed = swarm.known == Known::lost ? 3 : 2;  // (`stopped`,) this one, and the `stopped` at the end
  const TimePoint free = swarm.announces.freeAt(step.now, needed, announceLimit(swarm));
  if (free > step.now) {
    swarm.due = free;
    return;
  }
  const TimePoint regular = swarm.lastAnnounce + nextInterval(tracker, swarm);
  const bool recounting = swarm.known == Known::yes && swarm.due == swarm.recountAt && step.now < regular;
  const std::size_t count = wantPeers_ && !recounting ? std::min(peerRequests_, kOffersPerMessage) : 0;
  if (count == 0) {
    if (!open) return;
    sendAnnounce(tracker, infoHash, swarm, {}, step.now, step.out);
    // It is one more: offers go out when they would have.
    swarm.recounting = recounting;
    if (recounting) swarm.due = regular;
    return;
  }
  swarm.phase = Phase::collecting;
  swarm.batch = nextBatch_++;
  swarm.batchDeadline = step.now + kOffersTimeout;
  batches_.emplace(swarm.batch, Batch{tracker.index, infoHash});
  step.events.emplace_back(tracker_event::OffersWanted{tracker.index, infoHash, count, swarm.batch});
}

wire::AnnounceRequest TrackerClient::makeRequest(const InfoHash& infoHash, const Swarm& swarm) {
  wire::AnnounceRequest request;
  request.infoHash = infoHash;
  request.peerId = swarm.peerId;
  request.uploaded = swarm.uploaded;
  request.downloaded = swarm.downloaded;
  request.trackerId = swarm.trackerId;
  return request;
}

void TrackerClient::sendCounted(Tracker& tracker, Swarm& swarm, std::string text, TimePoint now, Outputs& out) {
  P2PML_ASSERT(tracker.link == Link::open);
  out.emplace_back(output::SendSocket{tracker.socket, std::move(text)});
  swarm.announces.add(now);
  tracker.announces.add(now);
}

void TrackerClient::sendAnnounce(Tracker& tracker, const InfoHash& infoHash, Swarm& swarm,
                                 std::vector<wire::TrackerOffer> offers, TimePoint now, Outputs& out) {
  const std::size_t allowed = messagesAllowed(tracker, swarm, now);
  // After a broken connection bittorrent-tracker would keep relaying to the dead socket (5c.4, peer-id policy).
  if (swarm.known == Known::lost) sendStopped(tracker, infoHash, swarm, now, out);

  wire::AnnounceRequest request = makeRequest(infoHash, swarm);
  request.event = swarm.known == Known::yes ? wire::AnnounceEvent::none : wire::AnnounceEvent::started;
  const auto encoded = [&request] {
    request.numwant = static_cast<std::int64_t>(request.offers.size());
    return wire::encode(request);
  };
  // An offer that fits in no message would keep the others from being sent.
  std::erase_if(offers, [&](wire::TrackerOffer& offer) {
    request.offers.assign(1, offer);
    const std::size_t size = encoded().size();
    if (size <= kMaxMessageBytes) return false;
    out.emplace_back(output::TrackerWarning{tracker.url, "an offer was not sent: its announce has " +
                                                             std::to_string(size) + " bytes, trackers take " +
                                                             std::to_string(kMaxMessageBytes)});
    return true;
  });

  std::size_t next = 0;
  for (std::size_t message = 0; message == 0 || (message < allowed && next < offers.size()); ++message) {
    const std::size_t most = std::min(kOffersPerMessage, offers.size() - next);
    const auto from = offers.begin() + static_cast<std::ptrdiff_t>(next);
    request.offers.assign(from, from + static_cast<std::ptrdiff_t>(most));
    std::string text = encoded();
    while (text.size() > kMaxMessageBytes && request.offers.size() > 1) {
      request.offers.pop_back();
      text = encoded();
    }
    next += request.offers.size();
    sendCounted(tracker, swarm, std::move(text), now, out);
    request.event = wire::AnnounceEvent::none;
  }

  swarm.known = Known::yes;
  swarm.lastAnnounce = now;
  swarm.due = dueAfter(tracker, swarm, now);
  tracker.unansweredSince = std::min(tracker.unansweredSince, now);
}

void TrackerClient::sendStopped(Tracker& tracker, const InfoHash& infoHash, Swarm& swarm, TimePoint now, Outputs& out) {
  wire::AnnounceRequest request = makeRequest(infoHash, swarm);
  request.event = wire::AnnounceEvent::stopped;
  sendCounted(tracker, swarm, wire::encode(request), now, out);
  swarm.known = Known::no;
}

TimePoint TrackerClient::dueAfter(const Tracker& tracker, const Swarm& swarm, TimePoint now) const {
  const TimePoint due = now + nextInterval(tracker, swarm);
  return now < swarm.recountAt ? std::min(due, swarm.recountAt) : due;
}

Duration TrackerClient::nextInterval(const Tracker& tracker, const Swarm& swarm) {
  if (swarm.responded) return swarm.interval.value_or(kFallbackInterval);
  const std::uint32_t doublings = std::min(swarm.failures + tracker.bareFailures, 4U);
  return std::min(kRetryInterval * (1 << doublings), kMaxRetryInterval);
}

// -------------------------------------------------------------------------------------------------------- connection

void TrackerClient::openLink(Tracker& tracker, TimePoint now, Outputs& out) {
  tracker.socket = base::SocketId(++lastSocketId_);
  tracker.link = Link::opening;
  tracker.linkTimer = now + kOpenTimeout;
  sockets_.emplace(tracker.socket, tracker.index);
  out.emplace_back(output::OpenSocket{tracker.socket, tracker.url});
}

bool TrackerClient::onSocketOpened(TimePoint now, base::SocketId socket, Outputs& out, Events& events) {
  deadline_.reset();
  Tracker* tracker = bySocket(socket);
  if (tracker == nullptr || tracker->link != Link::opening) return false;
  tracker->link = Link::open;
  tracker->openedAt = now;
  tracker->linkTimer = tracker->active == 0 ? now + kIdle : base::kNever;
  Step step{now, out, events};
  for (auto& [infoHash, swarm] : tracker->swarms) {
    if (swarm.joined) advance(*tracker, infoHash, swarm, step);
  }
  return true;
}

bool TrackerClient::onSocketClosed(TimePoint now, base::SocketId socket, const base::Error& reason, Outputs& out,
                                   Events& events) {
  deadline_.reset();
  Tracker* tracker = bySocket(socket);
  if (tracker == nullptr) return false;
  Step step{now, out, events};
  linkLost(*tracker, reason, false, step);
  return true;
}

void TrackerClient::linkLost(Tracker& tracker, const base::Error& reason, bool close, Step& step) {
  if (close) step.out.emplace_back(output::CloseSocket{tracker.socket});
  step.out.emplace_back(output::TrackerError{tracker.url, reason});
  const bool lasted = !close && tracker.link == Link::open && step.now - tracker.openedAt >= kLasted;
  if (lasted || tracker.heardValid) tracker.backoff = 0;

  const Duration exact = std::min(kFirstBackoff * (std::int64_t{1} << std::min(tracker.backoff, 5U)), kMaxBackoff);
  const std::int64_t fifth = exact.count() / 5;
  ++tracker.backoff;
  tracker.linkTimer = step.now + exact + Duration(rng_.between(-fifth, fifth));
  tracker.link = Link::waiting;
  sockets_.erase(tracker.socket);
  tracker.socket = {};
  tracker.heardValid = false;
  tracker.unansweredSince = base::kNever;
  tracker.bareFailures = 0;

  std::vector<InfoHash> leaving;
  for (auto& [infoHash, swarm] : tracker.swarms) {
    if (swarm.known == Known::yes) swarm.known = Known::lost;
    swarm.responded = false;
    if (swarm.stopAt != base::kNever) leaving.push_back(infoHash);
    if (!swarm.joined) continue;
    if (swarm.phase == Phase::idle) swarm.due = step.now;
    setTimer(tracker, infoHash, swarm, base::kNever);
  }
  for (const InfoHash& infoHash : leaving) forget(tracker, infoHash, tracker.swarms.at(infoHash), step.now);
  if (tracker.active == 0) tracker.link = Link::closed;
}

void TrackerClient::onLinkTimer(Tracker& tracker, Step& step) {
  switch (tracker.link) {
    case Link::closed: break;
    case Link::waiting:
      if (tracker.active == 0) {
        tracker.link = Link::closed;
      } else {
        openLink(tracker, step.now, step.out);
      }
      break;
    case Link::opening:
      linkLost(tracker, {ErrorCode::timeout, "the connection to the tracker did not open"}, true, step);
      break;
    case Link::open:
      step.out.emplace_back(output::CloseSocket{tracker.socket});
      sockets_.erase(tracker.socket);
      tracker.socket = {};
      tracker.link = Link::closed;
      tracker.linkTimer = base::kNever;
      tracker.backoff = 0;
      tracker.heardValid = false;
      tracker.unansweredSince = base::kNever;
      tracker.bareFailures = 0;
      break;
  }
}

// ---------------------------------------------------------------------------------------------------------- messages

bool TrackerClient::onSocketMessage(TimePoint now, base::SocketId socket, std::string_view text, Outputs& out,
                                    Events& events) {
  deadline_.reset();
  Tracker* const found = bySocket(socket);
  if (found == nullptr || found->link != Link::open) return false;
  Tracker& tracker = *found;
  Step step{now, out, events};
  tracker.unansweredSince = base::kNever;

  base::Result<wire::TrackerResponse> decoded = wire::decodeTrackerResponse(text);
  if (!decoded) {
    out.emplace_back(output::TrackerWarning{tracker.url, "not understood: " + shortened(decoded.error().detail)});
    if (!tracker.garbageLimit.take(now)) {
      tracker.heardValid = false;  // what misbehaves so is not to be asked again every second
      linkLost(tracker, {ErrorCode::malformed, "the tracker sends what is not of the protocol"}, true, step);
    }
    return true;
  }
  if (auto* failure = std::get_if<wire::TrackerFailure>(&*decoded)) {
    onFailure(tracker, *failure, step);
    return true;
  }
  tracker.heardValid = true;
  tracker.bareFailures = 0;
  if (auto* response = std::get_if<wire::AnnounceResponse>(&*decoded)) {
    onResponse(tracker, *response, step);
  } else if (auto* offer = std::get_if<wire::RelayedOffer>(&*decoded)) {
    onOffer(tracker, *offer, step);
  } else if (auto* answer = std::get_if<wire::RelayedAnswer>(&*decoded)) {
    onAnswer(tracker, *answer, step);
  }
  return true;
}

void TrackerClient::onResponse(Tracker& tracker, wire::AnnounceResponse& response, Step& step) {
  if (response.warning) step.out.emplace_back(output::TrackerWarning{tracker.url, shortened(*response.warning)});
  Swarm* swarm = joinedSwarm(tracker, response.infoHash);
  if (swarm == nullptr || swarm->known != Known::yes) return;
  if (recount_ && swarm->recountAt == base::kNever) {
    const std::int64_t least =
        std::clamp<std::int64_t>(response.minInterval.value_or(0), 0, kMaxInterval / base::seconds(1));
    swarm->recountAt = step.now + std::max(kRecount, base::seconds(least));
  }
  swarm->responded = true;
  swarm->failures = 0;
  const std::optional<Duration> told = boundedInterval(response);
  if (told) swarm->interval = told;
  if (response.trackerId && response.trackerId->size() <= kMaxTrackerIdBytes)
    swarm->trackerId = std::move(response.trackerId);
  if (swarm->phase == Phase::idle) {
    if (!swarm->recounting) swarm->due = dueAfter(tracker, *swarm, step.now);
    swarm->recounting = false;
    setTimer(tracker, response.infoHash, *swarm, swarm->due);
  }
  if (!response.complete) return;
  step.out.emplace_back(
      output::TrackerUpdate{tracker.url, response.complete, response.incomplete, nextInterval(tracker, *swarm)});
  step.events.emplace_back(
      tracker_event::Update{tracker.index, response.infoHash, *response.complete, response.incomplete});
}

void TrackerClient::onOffer(Tracker& tracker, wire::RelayedOffer& offer, Step& step) {
  const Swarm* swarm = joinedSwarm(tracker, offer.infoHash);
  if (swarm == nullptr || offer.peerId == swarm->peerId) return;
  if (!tracker.offerLimit.take(step.now)) {
    if (!tracker.offersLimited) {
      step.out.emplace_back(output::TrackerWarning{
          tracker.url, "more than " + std::to_string(kOffersPerMinute) + " offers in a minute: the rest is dropped"});
    }
    tracker.offersLimited = true;
    return;
  }
  tracker.offersLimited = false;
  step.events.emplace_back(
      tracker_event::OfferReceived{tracker.index, offer.infoHash, offer.peerId, offer.offerId, std::move(offer.sdp)});
}

void TrackerClient::onAnswer(Tracker& tracker, wire::RelayedAnswer& answer, Step& step) {
  const Swarm* swarm = joinedSwarm(tracker, answer.infoHash);
  if (swarm == nullptr || answer.peerId == swarm->peerId) return;
  step.events.emplace_back(tracker_event::AnswerReceived{tracker.index, answer.infoHash, answer.peerId, answer.offerId,
                                                         std::move(answer.sdp)});
}

void TrackerClient::onFailure(Tracker& tracker, const wire::TrackerFailure& failure, Step& step) {
  step.out.emplace_back(output::TrackerWarning{tracker.url, shortened(failure.reason)});
  Swarm* swarm = failure.infoHash ? joinedSwarm(tracker, *failure.infoHash) : nullptr;
  if (swarm != nullptr && swarm->known == Known::yes) {
    swarm->failures = std::min(swarm->failures + 1, 4U);
    if (swarm->phase == Phase::idle) {
      const Duration pause = std::min(kRetryInterval * (1 << swarm->failures), kMaxRetryInterval);
      swarm->due = std::max(swarm->due, step.now + pause);
      setTimer(tracker, *failure.infoHash, *swarm, swarm->due);
    }
  }
  if (failure.withAction) return;
  // JavaScript clients drop the socket at the first one (5c.3). That only hurts: the tracker is there and talks.
  if (++tracker.bareFailures > kMaxFailures) {
    tracker.heardValid = false;
    linkLost(tracker, {ErrorCode::unavailable, "the tracker only fails: " + shortened(failure.reason)}, true, step);
  }
}

}  // namespace p2pml::engine
