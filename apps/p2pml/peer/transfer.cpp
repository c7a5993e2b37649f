#include "p2pml/peer/transfer.hpp"

#include <algorithm>
#include <utility>

namespace p2pml::app {

Transfer::Transfer(HybridLoader loader, const PeerConfig& config, const PeerStream& stream,
                   std::function<double()> sinceStartMs)
    : loader_(std::move(loader)), config_(config), stream_(stream), sinceStartMs_(std::move(sinceStartMs)) {
  listen();
}

void Transfer::note(std::string event, std::string detail, const OptionalPeerId& peer) {
  if (events_.size() >= Viewer::kMaxEvents) return;
  const auto connected = peer ? peers_.find(*peer) : peers_.end();
  events_.push_back(
      {sinceStartMs_(), std::move(event), std::move(detail), peer, connected == peers_.end() ? "" : connected->second});
}

void Transfer::onLoaded(const Segment& segment, const OptionalPeerId& peer) {
  const auto place = places_.find(segment.id);
  if (place == places_.end() || !have_.insert(place->second).second) return;
  lastAtMs_ = sinceStartMs_();
  SegmentRecord record;
  record.number = place->second;
  record.method = peer ? Method::p2p : Method::http;
  record.bytes = segment.data->size();
  record.atMs = lastAtMs_;
  record.peer = peer;
  record.bad = !stream_.isRight(record.number, *segment.data);
  record.digest = stream_.digest(*segment.data);
  if (record.bad) ++bad_;
  bytes_.delivered += record.bytes;
  loads_.push_back(std::move(record));
  // The seeder's queue keeps all its segments locked in the cache; the leecher drops what it has.
  if (config_.role == PeerConfig::Role::leech) reload();
}

void Transfer::listen() {
  loader_.on(Events::SegmentLoaded,
             [this](const Segment& segment, const OptionalPeerId& peer) { onLoaded(segment, peer); });
  loader_.on(Events::SegmentError, [this](const Segment& segment, const Error& error, const OptionalPeerId& peer) {
    ++errors_;
    note("segment_error", segment.id + ": " + error.detail, peer);
  });
  loader_.on(Events::PieceBytesDownloaded,
             [this](const Method& method, const std::uint64_t& bytes, const OptionalPeerId&) {
               (method == Method::http ? bytes_.http : bytes_.p2p) += bytes;
               if (method == Method::p2p && firstP2pMs_ < 0) firstP2pMs_ = sinceStartMs_();
             });
  loader_.on(Events::PieceBytesUploaded,
             [this](const Method&, const std::uint64_t& bytes, const OptionalPeerId&) { bytes_.uploaded += bytes; });
  loader_.on(Events::PeerConnect, [this](const Peer& peer) {
    peers_[peer.id] = peer.protocol;
    peersMax_ = std::max(peersMax_, peers_.size());
    note("peer_connect", peer.remoteAddress, peer.id);
  });
  loader_.on(Events::PeerClose, [this](const PeerId& peer) {
    note("peer_close", "", peer);
    peers_.erase(peer);
  });
  loader_.on(Events::TrackerWarning, [this](const std::string& url, const std::string& message) {
    note("tracker_warning", url + ": " + message);
  });
  loader_.on(Events::TrackerError,
             [this](const std::string& url, const Error& error) { note("tracker_error", url + ": " + error.detail); });
  loader_.on(Events::PeerError,
             [this](const OptionalPeerId& peer, const Error& error) { note("peer_error", error.detail, peer); });
}

void Transfer::reload() {
  const StreamWindow window = stream_.window();
  const bool leech = config_.role == PeerConfig::Role::leech;
  std::vector<Segment> list;
  for (std::int64_t place = window.begin; place < window.end; ++place) {
    if (leech && have_.contains(place)) continue;
    if (leech && static_cast<std::int64_t>(list.size()) >= config_.forward) break;
    list.push_back(stream_.segment(place));
    places_[list.back().id] = place;
  }
  if (!leech && stream_.live()) std::ranges::reverse(list);
  std::int64_t priority = 0;
  for (Segment& segment : list) segment.priority = priority++;
  loader_.load(std::move(list), stream_.streamSwarmId(), stream_.properties());
}

bool Transfer::done() const {
  const StreamWindow window = stream_.window();
  if (!window.complete) return false;
  // Of a live stream the segments before the window cannot be had any more.
  const auto from = have_.lower_bound(window.begin);
  return std::distance(from, have_.end()) == window.end - window.begin;
}

}  // namespace p2pml::app
