#include "engine/loader_core.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "engine/own_availability.hpp"
#include "engine/peers/node_mark.hpp"
#include "engine/scheduling/moments.hpp"
#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

using base::Error;
using base::ErrorCode;

namespace {

/// A generator of its own: what else is drawn does not depend on whether there is a name.
/// The setting's 0 leaves it to the policy.
std::int64_t uploadSlots(const Settings& settings) {
  constexpr std::int64_t kCooperative = 1;
  if (settings.simultaneousUploads > 0 || settings.schedulingPolicy == Scheduling::classic) {
    return settings.simultaneousUploads;
  }
  return kCooperative;
}

std::string nodeName(std::uint64_t seed) { return base::Rng(~seed).alphanumeric(kNodeNameLength); }

}  // namespace

/// The peers, as the policy sees them: by place in the queue.
class LoaderCore::QueuePeers final : public PeerView {
 public:
  QueuePeers(const LoaderCore& core, base::TimePoint now) : core_(core), now_(now) {}

  [[nodiscard]] std::size_t peerCount() const override { return core_.peers_.peerCount(); }
  [[nodiscard]] Availability availability(std::size_t index) const override {
    const auto& name = core_.queue_[index].name;
    return name ? core_.peers_.availability(index, *name) : Availability::none;
  }
  void idleHolders(std::size_t index, std::vector<base::ConnectionId>& holders) const override {
    const auto& name = core_.queue_[index].name;
    if (name) core_.peers_.idleHolders(now_, index, *name, holders);
  }
  [[nodiscard]] base::ConnectionId source(std::size_t index) const override {
    return core_.peers_.downloadSource(core_.queue_[index].segment.id);
  }
  [[nodiscard]] bool holds(base::ConnectionId connection, std::size_t index) const override {
    const auto& name = core_.queue_[index].name;
    return name && core_.peers_.holds(connection, *name);
  }
  // The seed's rules ask neither of these.
  void holders(std::size_t index, std::vector<Holder>& holders) const override {
    if (kOnlyG0) return;
    const auto& name = core_.queue_[index].name;
    const std::string& id = core_.queue_[index].segment.id;
    if (name) core_.peers_.holders(now_, id, index, *name, core_.relays_.limit(id), holders);
  }
  void neighbours(std::vector<Neighbour>& neighbours) const override {
    if (!kOnlyG0) core_.peers_.neighbours(neighbours);
  }

 private:
  const LoaderCore& core_;
  const base::TimePoint now_;
};

LoaderCore::LoaderCore(Options options)
    : options_(std::move(options)),
      rng_(options_.seed),
      meter_(stats_, options_.settings.uploadBandwidthLimit),
      store_(options_.settings, options_.capabilities.customStorage, ids_),
      http_(options_.settings, timers_, ids_, meter_),
      peers_(options_.settings, timers_, ids_, rng_, meter_, nodeName(options_.seed)),
      uploads_(uploadSlots(options_.settings)),
      policy_(makePolicy(options_.settings)) {}

// --------------------------------------------------------------------------------------------------------------- step

void LoaderCore::step(base::TimePoint now, const Input& input, Outputs& outputs) {
  P2PML_ASSERT(now >= now_);
  now_ = now;
  StepIo io{now, outputs, events_};
  if (destroyed_) {
    if (const auto* get = std::get_if<input::GetSegment>(&input)) {
      outputs.push_back(output::GetSegmentResult{get->token, std::nullopt});
    }
    return;
  }
  fireTimers(io);
  std::visit([&](const auto& what) { on(io, what); }, input);
  if (destroyed_) return;
  settle(io);
  tellFollowed(io);
  relay(io);
  settle(io);
  flushAvailability(io);
  stats_.storedSegments = store_.count();
}

void LoaderCore::tellFollowed(StepIo& io) {
  if (kOnlyG0 || options_.capabilities.segmentValidator) return;
  for (const auto& [id, told] : following_.all()) {
    std::optional<PartialBody> received = http_.received(id);
    if (!received) received = peers_.received(id);
    if (received) following_.tell(io, id, *received);
  }
}

void LoaderCore::settle(StepIo& io) {
  do {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      InternalEvent event = std::move(events_[i]);
      std::visit([&](auto& what) { handle(io, what); }, event);
    }
    events_.clear();
    if (std::exchange(queueChanged_, false)) {
      processQueue(io);
      peers_.shareOut(io);
    }
    serveWaiting(io);
  } while (!events_.empty() || queueChanged_);
}

void LoaderCore::fireTimers(StepIo& io) {
  while (const auto key = timers_.takeDue(io.now)) {
    fire(io, *key);
    settle(io);
  }
  if (peers_.deadline() <= io.now) peers_.onTick(io);
}

void LoaderCore::fire(StepIo& io, TimerKey key) {
  const Settings& settings = options_.settings;
  switch (key.kind) {
    case TimerKind::randomHttp:
      timers_.set(key, io.now + base::milliseconds(settings.httpDownloadProbabilityInterval));
      drawRandomHttp(io);
      break;
    case TimerKind::initialHttp:
      queueChanged_ = true;
      settle(io);
      if (policy_->holdingHttp()) {
        timers_.set(key, io.now + base::milliseconds(settings.httpDownloadInitialTimeoutPerSegment));
      }
      break;
    case TimerKind::httpSilence: http_.onSilence(io, base::RequestId(key.id)); break;
    case TimerKind::httpRetry:
      http_.forgetOldFailures(io.now);
      queueChanged_ = true;
      break;
    case TimerKind::policy: queueChanged_ = true; break;
    case TimerKind::connectionHandshake:
    case TimerKind::connectionRetire:
    case TimerKind::uploadLimit:
    case TimerKind::peerDownload: peers_.onTimer(io, key); break;
    case TimerKind::mapBroadcast: broadcastAvailability(io); break;
  }
}

base::TimePoint LoaderCore::deadline() const {
  if (destroyed_) return base::kNever;
  const base::TimePoint next = std::min(timers_.next(), peers_.deadline());
  return next == base::kNever ? next : std::max(next, now_ + base::Duration(1));
}

// --------------------------------------------------------------------------------------------------- the seed's
// methods

void LoaderCore::startOnce(StepIo& io) {
  if (started_) return;
  started_ = true;
  const Settings& settings = options_.settings;
  timers_.set({TimerKind::randomHttp, 0}, io.now + base::milliseconds(settings.httpDownloadProbabilityInterval));
  policy_->start(io.now);
  // Without peers to wait for, waiting only harms.
  if (!p2pOn()) policy_->swarmSize(0);
  if (policy_->holdingHttp()) {
    timers_.set({TimerKind::initialHttp, 0},
                io.now + base::milliseconds(settings.httpDownloadInitialTimeoutPerSegment + 100));
  }
}

std::vector<LoaderCore::Queued> LoaderCore::acceptQueue(StepIo& io, const input::Load& load) {
  std::vector<Queued> next;
  next.reserve(std::min(load.segments.size(), kMaxQueue));
  std::set<std::string_view> ids;
  for (const Segment& given : load.segments) {
    const auto refuse = [&](std::string detail) {
      io.out.push_back(output::SegmentError{given, {ErrorCode::invalidArgument, std::move(detail)}, std::nullopt});
    };
    if (given.id.empty()) {
      refuse("segment.id: is empty, expected a unique name");
    } else if (given.url.empty()) {
      refuse("segment.url: is empty, expected the segment's URL");
    } else if (given.priority < 0) {
      refuse("segment.priority: is " + std::to_string(given.priority) + ", expected a non-negative integer");
    } else if (given.range && !isSaneRangeHeader(*given.range)) {
      refuse("segment.range: expected a valid HTTP Range header value such as bytes=0-1023");
    } else if (next.size() >= kMaxQueue) {
      refuse("load: more than " + std::to_string(kMaxQueue) + " segments");
    } else if (!ids.insert(given.id).second) {
      refuse("segment.id: " + given.id + " is twice in one load");
    } else {
      Queued queued{given, std::nullopt};
      queued.segment.data.reset();
      queued.segment.masterSwarmId = masterSwarmOf(given, load.streamSwarmId);
      queued.name = wireNameOf(queued.segment, load.streamSwarmId);
      if (!kOnlyG0 && queued.name) queued.key = segmentKey(queued.name->stream.value, queued.name->entry);
      next.push_back(std::move(queued));
    }
  }
  return next;
}

void LoaderCore::setTimes(base::TimePoint now, std::vector<Queued>& next) {
  if (kOnlyG0) return;  // the seed's rules know of priorities alone
  std::map<std::string_view, base::TimePoint> before;
  for (const Queued& queued : queue_) before[queued.segment.id] = queued.since;
  std::vector<const Segment*> list;
  list.reserve(next.size());
  for (const Queued& queued : next) list.push_back(&queued.segment);
  const std::vector<Deadlines::Need> needs = deadlines_.update(now, list);
  for (std::size_t i = 0; i < next.size(); ++i) {
    next[i].need = needs[i];
    const auto known = before.find(next[i].segment.id);
    next[i].since = known == before.end() ? now : known->second;
  }
}

void LoaderCore::shiftTimes(base::TimePoint now, const std::string& id) {
  if (kOnlyG0) return;
  const auto here = std::find_if(queue_.begin(), queue_.end(), [&](const Queued& q) { return q.segment.id == id; });
  if (here == queue_.end() || here->need.at >= now) return;
  // In a mesh those who come are few, and the origin may as well bring their second segment.
  const std::int64_t viewers = peers_.viewers().value_or(0);
  if (static_cast<std::int64_t>(peers_.peerCount() + 1) * 5 >= viewers * 4) return;
  const base::TimePoint needed = here->need.at;
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    // The player waits for another one.
    if (queue_[i].need.at < needed && !listed_[i].stored) return;
  }
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    if (queue_[i].need.at <= needed) continue;
    queue_[i].need.at += now - needed;
    listed_[i].need.at = queue_[i].need.at;
  }
}

void LoaderCore::abortDownloads(StepIo& io, const std::string& id) {
  if (http_.abort(io, id)) {
    availabilityChanged_ = true;
  } else {
    peers_.cancelDownload(io, id);
  }
  std::erase_if(validations_, [&](const auto& entry) { return entry.second.segment.id == id; });
}

void LoaderCore::abortMissing(StepIo& io, const std::vector<Queued>& next) {
  std::set<std::string_view> urls;
  std::set<std::string_view> ids;
  for (const Queued& queued : next) {
    urls.insert(queued.segment.url);
    ids.insert(queued.segment.id);
  }
  for (const Queued& queued : queue_) {
    if (urls.contains(queued.segment.url)) continue;
    abortDownloads(io, queued.segment.id);
    io.out.push_back(output::SegmentAbort{queued.segment});
  }
  std::erase_if(partials_, [&](const auto& entry) { return !ids.contains(entry.first); });
  std::erase_if(deliveredOnly_, [&](const std::string& id) { return !ids.contains(id); });
}

const StreamIdentity& LoaderCore::identify(const input::Load& load, const std::vector<Queued>& queue) {
  StreamIdentity told{load.streamSwarmId, store_.masterSwarmId(), std::nullopt, load.stream};
  if (!queue.empty()) told.streamId = queue.front().segment.streamId;
  // An empty queue, or a load() that does not repeat what the stream is, is no other stream.
  if (told.streamSwarmId == identity_.streamSwarmId && told.masterSwarmId == identity_.masterSwarmId) {
    if (!told.streamId) told.streamId = identity_.streamId;
    if (!told.properties) told.properties = identity_.properties;
  }
  identity_ = std::move(told);
  return identity_;
}

void LoaderCore::on(StepIo& io, const input::Load& load) {
  startOnce(io);
  std::vector<Queued> next = acceptQueue(io, load);
  if (!next.empty()) {
    store_.open(io, next.front().segment.masterSwarmId);
  } else if (store_.masterSwarmId().empty()) {
    store_.open(io, load.streamSwarmId);
  }
  const auto named = std::find_if(next.begin(), next.end(), [](const Queued& queued) { return queued.name; });
  stream_ = named == next.end() ? load.streamSwarmId : named->name->stream.value;
  for (Queued& queued : next) {
    // Binary peers count within the current stream.
    if (!queued.name || queued.name->stream.value == stream_) continue;
    queued.name->number.reset();
    queued.name->sequence.reset();
  }
  if (p2pOn()) peers_.setStream(io, identify(load, next));
  abortMissing(io, next);
  setTimes(io.now, next);
  queue_ = std::move(next);
  listQueue();
  http_.forgetOldFailures(io.now);
  queueChanged_ = true;
  settle(io);
  clean(io);
}

void LoaderCore::clean(StepIo& io) {
  std::set<std::string> locked;
  for (const Queued& queued : queue_) locked.insert(queued.segment.id);
  store_.clean(io, std::move(locked));
}

void LoaderCore::on(StepIo& io, const input::GetSegment& get) { store_.fetchForApplication(io, get.id, get.token); }

void LoaderCore::on(StepIo&, const input::Follow& follow) {
  if (!kOnlyG0) following_.follow(follow.ids);
}

void LoaderCore::on(StepIo& io, const input::Destroy&) {
  http_.abortAll(io);
  validations_.clear();
  queue_.clear();
  listQueue();
  // What the parts would have told of their end nobody wants to hear any more: of all outputs only orders stay, and the
  // answers to getSegment() that are still owed.
  Outputs farewell;
  StepIo last{io.now, farewell, events_};
  peers_.shutdown(last);
  store_.destroy(last);
  for (Output& output : farewell) {
    const bool order =
        std::holds_alternative<output::ClosePeer>(output) || std::holds_alternative<output::SendSocket>(output) ||
        std::holds_alternative<output::CloseSocket>(output) || std::holds_alternative<output::StorageDestroy>(output) ||
        std::holds_alternative<output::GetSegmentResult>(output);
    if (order) io.out.push_back(std::move(output));
  }
  events_.clear();
  timers_.clear();
  destroyed_ = true;
}

Details LoaderCore::getDetails() const {
  Details details;
  if (p2pOn()) details.peerId = base::toHex(peers_.firstId().view());
  const Swarms::Counts counts = peers_.peerCounts();
  for (const Swarm& swarm : peers_.swarms()) {
    details.swarms.push_back({swarm.generation, swarm.swarmId, swarm.infoHash, swarm.ownId,
                              counts[static_cast<std::size_t>(swarm.generation)]});
  }
  peers_.forEachPeer([&](const PeerSession& peer) {
    details.peers.push_back({peer.id(), peer.generation(), peer.remoteAddress(), peer.bytesDownloaded(),
                             peer.bytesUploaded(), peer.segmentCount(), peer.connection()});
  });
  return details;
}

// ------------------------------------------------------------------------------------------------------ other inputs

// Answers for what is not open any more are dropped and counted.
#define P2PML_COUNT_STALE(known) \
  if (!(known)) ++stats_.staleInputs

void LoaderCore::on(StepIo&, const input::Tick&) {}
void LoaderCore::on(StepIo& io, const input::HttpHead& head) { P2PML_COUNT_STALE(http_.onHead(io, head)); }
void LoaderCore::on(StepIo& io, const input::HttpData& data) { P2PML_COUNT_STALE(http_.onData(io, data)); }
void LoaderCore::on(StepIo& io, const input::HttpDone& done) { P2PML_COUNT_STALE(http_.onDone(io, done.request)); }
void LoaderCore::on(StepIo& io, const input::HttpFailed& failed) { P2PML_COUNT_STALE(http_.onFailed(io, failed)); }
void LoaderCore::on(StepIo& io, const input::SocketOpened& opened) {
  P2PML_COUNT_STALE(peers_.onSocketOpened(io, opened.socket));
}
void LoaderCore::on(StepIo& io, const input::SocketMessage& message) {
  P2PML_COUNT_STALE(peers_.onSocketMessage(io, message.socket, message.text));
}
void LoaderCore::on(StepIo& io, const input::SocketClosed& closed) {
  P2PML_COUNT_STALE(peers_.onSocketClosed(io, closed.socket, closed.reason));
}
void LoaderCore::on(StepIo& io, const input::OfferCreated& created) {
  P2PML_COUNT_STALE(peers_.onOfferCreated(io, created));
}
void LoaderCore::on(StepIo& io, const input::AnswerCreated& created) {
  P2PML_COUNT_STALE(peers_.onAnswerCreated(io, created));
}
void LoaderCore::on(StepIo& io, const input::PeerOpened& opened) { P2PML_COUNT_STALE(peers_.onOpened(io, opened)); }
void LoaderCore::on(StepIo& io, const input::PeerMessage& message) { P2PML_COUNT_STALE(peers_.onMessage(io, message)); }
void LoaderCore::on(StepIo& io, const input::PeerDrained& drained) { P2PML_COUNT_STALE(peers_.onDrained(io, drained)); }
void LoaderCore::on(StepIo& io, const input::PeerClosed& closed) { P2PML_COUNT_STALE(peers_.onClosed(io, closed)); }
void LoaderCore::on(StepIo& io, const input::StorageStored& stored) { P2PML_COUNT_STALE(store_.onStored(io, stored)); }
void LoaderCore::on(StepIo& io, const input::StorageMapResult& map) { P2PML_COUNT_STALE(store_.onMap(io, map)); }
void LoaderCore::on(StepIo& io, const input::StorageSegmentResult& segment) {
  P2PML_COUNT_STALE(store_.onSegment(io, segment));
}
void LoaderCore::on(StepIo& io, const input::StorageCleaned& cleaned) {
  P2PML_COUNT_STALE(store_.onCleaned(io, cleaned));
}

#undef P2PML_COUNT_STALE

void LoaderCore::on(StepIo& io, const input::SegmentValidated& validated) {
  const auto at = validations_.find(validated.request);
  if (at == validations_.end()) {
    ++stats_.staleInputs;
    return;
  }
  Validation validation = std::move(at->second);
  validations_.erase(at);
  if (validated.error) {
    refuse(io, std::move(validation), *validated.error);
  } else {
    accept(io, std::move(validation.segment), validation.peerId, validation.method);
  }
}

// -------------------------------------------------------------------------------------------------- events of the
// parts

void LoaderCore::handle(StepIo& io, event::Downloaded& downloaded) {
  if (!options_.capabilities.segmentValidator) {
    accept(io, std::move(downloaded.segment), downloaded.peerId, downloaded.method);
    return;
  }
  const base::RequestId request = ids_.nextRequest();
  io.out.push_back(output::ValidateSegment{request, downloaded.segment, downloaded.method, downloaded.peerId});
  validations_[request] = {std::move(downloaded.segment), downloaded.method, downloaded.peerId, downloaded.connection,
                           downloaded.fromSeveral};
}

void LoaderCore::accept(StepIo& io, Segment segment, std::optional<base::PeerId> peerId, Method method) {
  ++(method == Method::http ? stats_.segmentsOverHttp : stats_.segmentsOverP2p);
  segment.downloadBandwidth = meter_.bytesPerMillisecond(io.now);
  segment.downloadSpeed = segment.downloadBandwidth;
  segmentBytes_.add(segment.data->size());
  if (method == Method::http) {
    http_.release(segment.id);
  } else {
    peers_.release(segment.id);
  }
  partials_.erase(segment.id);
  finishRelays(io, segment.id, *segment.data);
  store_.store(io, std::move(segment), peerId);
}

void LoaderCore::refuse(StepIo& io, Validation validation, Error error) {
  validation.segment.data.reset();
  if (validation.method == Method::http) {
    http_.refuse(io.now, validation.segment.id);
    availabilityChanged_ = true;
  } else {
    peers_.release(validation.segment.id);
    refusedAt_ = io.now;
    availabilityChanged_ = true;
  }
  io.out.push_back(output::SegmentError{validation.segment, error, validation.peerId});
  // Of several peers any may have sent what is wrong: the segment is loaded anew, from its first byte, and the blame
  // falls on whoever sends all of it.
  if (validation.method == Method::p2p && !validation.fromSeveral) {
    peers_.expel(io, validation.connection,
                 {ErrorCode::malformed, "segment refused by segmentValidator: " + error.detail});
  } else if (validation.method == Method::p2p) {
    peers_.distrust(validation.segment.id);
  }
  queueChanged_ = true;
}

void LoaderCore::handle(StepIo& io, event::DownloadFailed& failed) {
  queueChanged_ = true;
  if (failed.method == Method::http) {
    availabilityChanged_ = true;
    keepPartial(failed.segment.id, std::move(failed.partial));
    const bool elsewhere = peerHas(io.now, failed.segment.id);
    io.out.push_back(output::SegmentError{std::move(failed.segment), std::move(failed.error), std::nullopt, elsewhere});
    return;
  }
  peers_.release(failed.segment.id);
  keepPartial(failed.segment.id, std::move(failed.partial));
  // A player waits for the segment and must not be told of a failure that another source makes good: what the seed's
  // library reports as SegmentError is a peer that sent something wrong; silence is the peer's error; absence and the
  // peer's end have their own events.
  if (failed.error.code == ErrorCode::malformed) {
    io.out.push_back(output::SegmentError{std::move(failed.segment), std::move(failed.error), failed.peerId});
  } else if (failed.error.code == ErrorCode::timeout) {
    io.out.push_back(output::PeerError{failed.peerId, std::move(failed.error)});
  }
}

bool LoaderCore::peerHas(base::TimePoint now, const std::string& id) const {
  if (kOnlyG0) return false;
  const auto queued = std::find_if(queue_.begin(), queue_.end(), [&](const Queued& q) { return q.segment.id == id; });
  if (queued == queue_.end()) return false;
  return QueuePeers(*this, now).availability(static_cast<std::size_t>(queued - queue_.begin())) >=
         Availability::relaying;
}

void LoaderCore::keepPartial(const std::string& id, std::optional<PartialBody> partial) {
  // Who would go on with it: HTTP, or peers of whom a part of a segment can be asked.
  const auto& protocols = options_.settings.peerProtocols;
  const bool resumable =
      std::any_of(protocols.begin(), protocols.end(), [](Generation g) { return infoOf(g).codec == Codec::binary; });
  if (!partial || !(resumesOverHttp(options_.settings) || resumable)) return;
  const bool queued = std::any_of(queue_.begin(), queue_.end(), [&](const Queued& q) { return q.segment.id == id; });
  if (!queued) return;
  PartialBody& kept = partials_[id];
  // A source that could not go on with it may have come less far.
  if (partial->data.size() > kept.data.size()) kept = std::move(*partial);
}

void LoaderCore::handle(StepIo&, event::PeersChanged&) { queueChanged_ = true; }

void LoaderCore::handle(StepIo& io, event::ChannelOpened& opened) {
  if (!sharing()) return;
  ++stats_.mapsSent;
  const OwnAvailability own = ownAvailability(io.now);
  peers_.sendAvailability(io, opened.connection, own);
  // This peer knows more than the last broadcast told: going back to that one must be told again.
  if (announced_ && *announced_ != own) announced_.reset();
}

void LoaderCore::handle(StepIo& io, event::PeerConnected& connected) {
  io.out.push_back(output::PeerConnect{connected.id, std::move(connected.remoteAddress), connected.generation});
}

void LoaderCore::handle(StepIo& io, event::PeerClosed& closed) {
  io.out.push_back(output::PeerClose{closed.id});
  queueChanged_ = true;
}

void LoaderCore::handle(StepIo& io, event::SegmentRequested& requested) {
  if (!sharing()) {
    peers_.sendAbsent(io, requested.connection, requested.request);
  } else if (peers_.wanted(requested.connection, requested.request)) {
    answerNode(io, requested);
  } else if (kOnlyG0 || uploads_.admit(requested)) {
    answer(io, requested);
  }
}

void LoaderCore::answer(StepIo& io, const event::SegmentRequested& requested) {
  const Numbering numbering = infoOf(requested.generation).numbering;
  const auto id = store_.idOf(requested.request.segment, stream_, numbering);
  store_.fetchForPeer(io, requested.connection, requested.request, id);
}

void LoaderCore::handle(StepIo&, event::RequestCancelled& cancelled) {
  if (!kOnlyG0) uploads_.cancel(cancelled.connection, cancelled.request);
}

void LoaderCore::serveWaiting(StepIo& io) {
  if (kOnlyG0) return;
  const auto uploading = [this](base::ConnectionId connection) { return peers_.uploading(connection); };
  while (const auto next = uploads_.next(io.now, uploading)) {
    if (peers_.connected(next->connection)) {
      answer(io, *next);
    } else {
      uploads_.answered(next->connection);
    }
  }
}

void LoaderCore::handle(StepIo& io, event::FetchedForPeer& fetched) {
  if (!kOnlyG0) uploads_.answered(fetched.connection);
  if (fetched.segment && fetched.segment->data) {
    peers_.sendSegment(io, fetched.connection, fetched.request, *fetched.segment->data);
  } else {
    peers_.sendAbsent(io, fetched.connection, fetched.request);
  }
}

void LoaderCore::handle(StepIo&, event::SwarmUpdate& update) {
  if (update.incomplete && policy_->swarmSize(*update.incomplete)) queueChanged_ = true;
}

void LoaderCore::handle(StepIo& io, event::Stored& stored) {
  // Not there although it was delivered: loading it again would help nobody. Also where its master swarm is not the
  // one that the store is open for.
  const bool queued =
      std::any_of(queue_.begin(), queue_.end(), [&](const Queued& q) { return q.segment.id == stored.segment.id; });
  if (queued && !store_.has(stored.segment.id)) deliveredOnly_.insert(stored.segment.id);
  shiftTimes(io.now, stored.segment.id);
  if (!kOnlyG0 && stored.segment.data) following_.complete(io, stored.segment.id, *stored.segment.data);
  io.out.push_back(output::SegmentLoaded{std::move(stored.segment), stored.peerId});
  queueChanged_ = true;
  availabilityChanged_ = true;
}

void LoaderCore::handle(StepIo&, event::StoreChanged&) {
  queueChanged_ = true;
  availabilityChanged_ = true;
}

// ------------------------------------------------------------------------------------------------------------
// scheduling

template <class Decide>
void LoaderCore::schedule(StepIo& io, Decide decide) {
  if (!started_ || !store_.ready()) return;
  // Complete and with the application's validator: nothing is to be started for it or taken from it.
  std::set<std::string_view> validating;
  for (const auto& [request, validation] : validations_) validating.insert(validation.segment.id);
  // What is stored changes seldom; it is looked at after nearly every message of a peer.
  if (std::exchange(storeSeen_, store_.changes()) != store_.changes()) noteStored();
  const std::uint64_t busy = busyMarks();
  std::vector<QueueItem> items(listed_.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Listed& listed = listed_[i];
    QueueItem& item = items[i];
    item.priority = listed.priority;
    item.stored = listed.stored;
    item.key = listed.key;
    item.neededAt = listed.need.at;
    item.duration = listed.need.duration;
    item.queuedAt = listed.since;
    if ((busy >> listed.mark & 1) == 0) continue;
    const Queued& queued = queue_[i];
    fillIn(io.now, queued, !validating.empty() && validating.contains(queued.segment.id), item);
  }
  const QueuePeers peers(*this, io.now);
  const SchedulerView view{io.now,        options_.settings,      items,       peers,
                           http_.count(), peers_.downloadCount(), estimates(), options_.capabilities.segmentValidator};
  std::vector<Action> actions;
  decide(view, actions);
  for (const Action& action : actions) carryOut(io, action);
}

void LoaderCore::listQueue() {
  listed_.clear();
  listed_.reserve(queue_.size());
  for (const Queued& queued : queue_) {
    listed_.push_back(
        {queued.segment.priority, queued.key, queued.need, queued.since, markOf(queued.segment.id), false});
  }
  noteStored();
  peers_.setQueue(queue_.size());
}

void LoaderCore::noteStored() {
  for (std::size_t i = 0; i < listed_.size(); ++i) listed_[i].stored = store_.has(queue_[i].segment.id);
}

std::uint8_t LoaderCore::markOf(const std::string& id) {
  // Ids mostly end in the segment's number.
  unsigned mark = 0;
  for (std::size_t i = id.size() - std::min<std::size_t>(id.size(), 2); i < id.size(); ++i) {
    mark = mark * 10 + static_cast<unsigned char>(id[i]);
  }
  return mark % 64;
}

std::uint64_t LoaderCore::busyMarks() const {
  std::uint64_t busy = 0;
  const auto add = [&busy](const std::string& id) { busy |= std::uint64_t{1} << markOf(id); };
  for (const auto& [id, request] : http_.all()) add(id);
  http_.forEachFailed(add);
  peers_.forEachDownload(add);
  for (const auto& [id, partial] : partials_) add(id);
  for (const std::string& id : deliveredOnly_) add(id);
  for (const auto& [request, validation] : validations_) add(validation.segment.id);
  return busy;
}

void LoaderCore::fillIn(base::TimePoint now, const Queued& queued, bool validating, QueueItem& item) const {
  const std::string& id = queued.segment.id;
  item.stored = item.stored || validating || deliveredOnly_.contains(id);
  item.http = !item.stored && http_.active(id);
  item.p2p = !item.stored && peers_.downloading(id);
  item.httpFailed = http_.failedRecently(now, id);
  if (kOnlyG0) return;  // the seed's rules ask no more
  if (item.httpFailed) item.httpRetryAt = http_.retryAt(id);
  if (item.http) {
    item.progress = http_.progress(now, id);
  } else if (item.p2p) {
    item.progress = peers_.progress(now, id);
  } else if (const auto partial = partials_.find(id); partial != partials_.end()) {
    item.progress.received = partial->second.data.size();
    item.progress.total = partial->second.total;
  }
}

Estimates LoaderCore::estimates() const {
  if (kOnlyG0) return {};
  return {http_.bytesPerSecond(), http_.latency(),  segmentBytes_.get(), peers_.viewers(),
          peers_.ownId(),         http_.failedAt(), refusedAt_,          http_.failures()};
}

void LoaderCore::processQueue(StepIo& io) {
  schedule(io, [this](const SchedulerView& view, std::vector<Action>& actions) {
    policy_->processQueue(view, rng_, actions);
  });
  if (policy_->wakeAt() == base::kNever) {
    timers_.cancel({TimerKind::policy, 0});
  } else {
    timers_.set({TimerKind::policy, 0}, std::max(policy_->wakeAt(), io.now + base::milliseconds(1)));
  }
}

void LoaderCore::drawRandomHttp(StepIo& io) {
  schedule(io, [this](const SchedulerView& view, std::vector<Action>& actions) {
    policy_->randomHttp(view, rng_, actions);
  });
}

void LoaderCore::carryOut(StepIo& io, const Action& action) {
  const Queued& queued = queue_[action.index];
  const std::string& id = queued.segment.id;
  switch (action.kind) {
    case Action::Kind::askAgainHttp:
      http_.noteSilence(io.now);
      keepPartial(id, http_.pause(io, id));
      [[fallthrough]];
    case Action::Kind::startHttp: {
      // Without ranges HTTP starts over; a peer may still go on with the beginning if HTTP fails. So it does where a
      // validator decides: refused for what a peer has sent, the origin would count as failed.
      const auto known = partials_.find(id);
      const bool resumes = known != partials_.end() && resumesOverHttp(options_.settings) &&
                           !(options_.capabilities.segmentValidator && known->second.fromPeers);
      const auto partial = resumes ? partials_.extract(known) : decltype(partials_)::node_type();
      http_.start(io, queued.segment, partial ? &partial.mapped() : nullptr);
      availabilityChanged_ = true;
      break;
    }
    case Action::Kind::abortHttp: abortDownloads(io, id); break;
    case Action::Kind::pauseHttp: {
      auto partial = http_.pause(io, id);
      std::erase_if(validations_, [&](const auto& entry) { return entry.second.segment.id == id; });
      keepPartial(id, std::move(partial));
      availabilityChanged_ = true;
      break;
    }
    case Action::Kind::startP2p: {
      // A session of an earlier action may have ended the peer meanwhile.
      if (!peers_.connected(action.connection)) break;
      const auto partial = peers_.resumes(action.connection) ? partials_.extract(id) : decltype(partials_)::node_type();
      peers_.request(io, action.connection, queued.segment, *queued.name, partial ? &partial.mapped() : nullptr);
      break;
    }
    case Action::Kind::abortP2p: {
      auto partial = peers_.cancelDownload(io, id);
      std::erase_if(validations_, [&](const auto& entry) { return entry.second.segment.id == id; });
      keepPartial(id, std::move(partial));
      break;
    }
  }
}

// ------------------------------------------------------------------------------------------------------ what peers
// know

void LoaderCore::flushAvailability(StepIo& io) {
  if (!availabilityChanged_) return;
  availabilityChanged_ = false;
  if (timers_.active({TimerKind::mapBroadcast, 0})) return;
  if (announcedAt_ != base::TimePoint::min() && io.now - announcedAt_ < kAnnounceInterval) {
    timers_.set({TimerKind::mapBroadcast, 0}, announcedAt_ + kAnnounceInterval);
    return;
  }
  broadcastAvailability(io);
}

void LoaderCore::broadcastAvailability(StepIo& io) {
  if (!sharing() || peers_.peerCount() == 0) {
    announced_.reset();
    return;
  }
  OwnAvailability own = ownAvailability(io.now);
  if (announced_ && *announced_ == own) return;
  announcedAt_ = io.now;
  stats_.mapsSent += peers_.peerCount();
  peers_.sendAvailabilityToAll(io, own);
  announced_ = std::move(own);
}

OwnAvailability LoaderCore::ownAvailability(base::TimePoint now) {
  store_.unshareLost();
  OwnAvailability own = makeOwnAvailability(store_, http_, stream_, options_.settings);
  if (!peers_.extended()) return own;
  const base::TimePoint failed = std::max(http_.failedAt(), refusedAt_);
  const bool trouble = options_.settings.schedulingPolicy == Scheduling::cooperative &&
                       failed != base::TimePoint::min() && now - failed < Moments::kTroubleTime;
  addNodeForms(own, store_, receiving(), stream_, trouble, options_.settings, ids_);
  return own;
}

}  // namespace p2pml::engine
