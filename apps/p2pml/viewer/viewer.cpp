#include "p2pml/viewer/viewer.hpp"

#include <algorithm>
#include <utility>

namespace p2pml::app {

Viewer::Viewer(std::string name, std::shared_ptr<Runtime> runtime, HybridLoader loader, Stream stream,
               media::PlayerOptions player)
    : name_(std::move(name)),
      runtime_(std::move(runtime)),
      loader_(std::move(loader)),
      stream_(std::move(stream)),
      player_(std::move(player)),
      clock_(std::make_unique<native::NativeClockPort>(runtime_->loop())),
      startedAt_(clock_->now()) {
  clock_->wake = [this] {
    player_.onTick(now(), actions_);
    perform();
  };
  listen();
}

Viewer::~Viewer() {
  *alive_ = false;
  loader_.destroy();
}

double Viewer::sinceStartMs() const { return static_cast<double>((now() - startedAt_).count()) / 1000.0; }

void Viewer::note(std::string event, std::string detail, OptionalPeerId peer) {
  if (events_.size() >= kMaxEvents) return;
  const auto connected = peer ? peers_.find(*peer) : peers_.end();
  std::string protocol = connected == peers_.end() ? "" : connected->second;
  events_.push_back({sinceStartMs(), std::move(event), std::move(detail), std::move(peer), std::move(protocol)});
}

void Viewer::listen() {
  loader_.on(Events::SegmentLoaded, [this](const Segment& segment, const OptionalPeerId& peer) {
    const auto number = numbers_.find(segment.id);
    if (number == numbers_.end()) return;
    SegmentRecord record;
    record.number = number->second;
    record.method = peer ? Method::p2p : Method::http;
    record.bytes = segment.data->size();
    record.atMs = sinceStartMs();
    record.peer = peer;
    if (stream_.digest) record.digest = stream_.digest(*segment.data);
    loads_.push_back(record);
    lastLoads_[record.number] = record;
    if (record.number == player_.next()) deliver(record.number, segment);
  });
  loader_.on(Events::SegmentError, [this](const Segment& segment, const Error& error, const OptionalPeerId& peer) {
    ++errors_;
    note("segment_error", segment.id + ": " + error.detail, peer);
    const auto number = numbers_.find(segment.id);
    if (number == numbers_.end()) return;
    player_.onFailed(now(), number->second, actions_);
    perform();
  });
  loader_.on(Events::SegmentAbort, [this](const Segment& segment) {
    const auto number = numbers_.find(segment.id);
    if (number == numbers_.end()) return;
    player_.onAborted(now(), number->second, actions_);
    perform();
  });
  loader_.on(Events::PeerConnect, [this](const Peer& peer) {
    peers_[peer.id] = peer.protocol;
    peersMax_ = std::max(peersMax_, peers_.size());
    note("peer_connect", peer.remoteAddress, peer.id);
  });
  loader_.on(Events::PeerClose, [this](const PeerId& peer) {
    note("peer_close", "", peer);
    peers_.erase(peer);
  });
  loader_.on(Events::PieceBytesDownloaded,
             [this](const Method& method, const std::uint64_t& bytes, const OptionalPeerId&) {
               (method == Method::http ? bytes_.http : bytes_.p2p) += bytes;
             });
  loader_.on(Events::PieceBytesUploaded,
             [this](const Method&, const std::uint64_t& bytes, const OptionalPeerId&) { bytes_.uploaded += bytes; });
  loader_.on(Events::TrackerWarning, [this](const std::string& url, const std::string& message) {
    note("tracker_warning", url + ": " + message);
  });
  loader_.on(Events::TrackerError,
             [this](const std::string& url, const Error& error) { note("tracker_error", url + ": " + error.detail); });
  loader_.on(Events::PeerError,
             [this](const OptionalPeerId& peer, const Error& error) { note("peer_error", error.detail, peer); });
}

void Viewer::setAvailable(std::int64_t end, bool complete) {
  player_.setAvailable(now(), end, complete, actions_);
  perform();
}

void Viewer::perform() {
  if (performing_) return;
  performing_ = true;
  while (!actions_.empty()) {
    for (const media::PlayerAction& action : std::exchange(actions_, {})) {
      if (action.kind == media::PlayerAction::Kind::request) {
        request(action);
      } else {
        loadList(action);
      }
    }
  }
  performing_ = false;
  clock_->wakeAt(player_.deadline());
  if (player_.done() && onProgress) onProgress();
}

void Viewer::loadList(const media::PlayerAction& action) {
  std::vector<Segment> list;
  for (std::int64_t i = 0; i < action.count; ++i) {
    Segment segment = stream_.segment(action.first + i);
    segment.priority = action.priority(action.first + i);
    segment.duration = base::toMilliseconds(player_.durationOf(action.first + i));
    segment.neededIn = base::toMilliseconds(player_.neededIn(now(), action.first + i));
    numbers_[segment.id] = action.first + i;
    list.push_back(std::move(segment));
  }
  loader_.load(std::move(list), stream_.streamSwarmId, stream_.properties);
}

void Viewer::request(const media::PlayerAction& action) {
  requestedAt_ = now();
  loadList(action);
  const std::int64_t number = action.first;
  loader_.getSegment(stream_.segment(number).id, [this, alive = alive_, number](std::optional<Segment> segment) {
    if (*alive && segment && segment->data) deliver(number, *segment);
  });
}

void Viewer::deliver(std::int64_t number, const Segment& segment) {
  if (number != player_.next()) return;
  SegmentRecord record;
  const auto load = lastLoads_.find(number);
  if (load != lastLoads_.end()) record = load->second;
  record.number = number;
  record.bytes = segment.data->size();
  record.atMs = sinceStartMs();
  record.tookMs = static_cast<double>((now() - requestedAt_).count()) / 1000.0;
  record.bad = stream_.check && !stream_.check(number, *segment.data);
  if (record.bad) ++bad_;
  bytes_.delivered += record.bytes;
  delivered_.push_back(std::move(record));
  player_.onDelivered(now(), number, actions_);
  perform();
  if (onProgress) onProgress();
}

}  // namespace p2pml::app
