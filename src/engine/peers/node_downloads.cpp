#include "engine/peers/node_downloads.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

using base::ConnectionId;
using base::Error;
using base::ErrorCode;

namespace {

/// Parts end where no payload message is cut in two.
constexpr std::uint64_t kGrain = 16 * 1024;

}  // namespace

void NodeDownloads::start(StepIo& io, NodePeerSession& from, const Segment& segment, const WireName& name,
                          const PartialBody* start) {
  P2PML_ASSERT(!has(segment.id));
  const auto at = downloads_.emplace(segment.id, Download{}).first;
  Download& download = at->second;
  download.segment = segment;
  download.segment.data.reset();
  download.name = name;
  download.sign = hashOf(segment.id);
  download.body = std::make_shared<SegmentBody>();
  if (start != nullptr && !distrusted(segment.id)) {
    download.several = true;
    if (start->total == 0 || download.body->setTotal(start->total)) download.body->add(0, start->data);
  }
  if (download.body->complete()) {
    complete(io, at, from.connection(), from.id());
    return;
  }
  ask(io, download, from, *download.body->hole());
}

void NodeDownloads::ask(StepIo& io, Download& download, NodePeerSession& node, BodyRange range) {
  const bool relayed = node.availability(download.name) == Availability::relaying;
  if (relayed) download.depth = std::max(download.depth, node.relayDepth(download.name) + 1);
  download.several = download.several || relayed || !download.sources.empty();
  download.sources.push_back(node.connection());
  node.requestRange(io, download.segment, download.name, download.body, range);
}

std::optional<PartialBody> NodeDownloads::cancel(StepIo& io, const std::string& segmentId) {
  const auto at = downloads_.find(segmentId);
  P2PML_ASSERT(at != downloads_.end());
  for (const ConnectionId source : at->second.sources) {
    if (NodePeerSession* node = peers_.nodeAt(source)) node->abandon(io);
  }
  auto partial = at->second.body->beginning();
  downloads_.erase(at);
  return partial;
}

void NodeDownloads::complete(StepIo& io, Downloads::iterator at, ConnectionId from, const base::PeerId& who) {
  Download download = std::move(at->second);
  downloads_.erase(at);
  for (const ConnectionId source : download.sources) {
    if (NodePeerSession* node = peers_.nodeAt(source)) node->abandon(io);
  }
  Segment segment = std::move(download.segment);
  segment.data = download.body->finish();
  io.events.push_back(event::Downloaded{std::move(segment), Method::p2p, who, from, download.several});
}

void NodeDownloads::onRangeEnd(StepIo& io, ConnectionId from, const base::PeerId& who, RangeEnd end) {
  const auto at = downloads_.find(end.segmentId);
  if (at == downloads_.end()) return;
  Download& download = at->second;
  std::erase(download.sources, from);
  if (download.body->complete()) {
    complete(io, at, from, who);
    return;
  }
  io.events.push_back(event::PeersChanged{});
  const bool useless = end.error && end.error->code == ErrorCode::malformed;
  if (!useless) {
    if (!download.sources.empty()) return;
    // A part is here, and others are missing: whoever has them goes on.
    const auto rest = unasked(download);
    NodePeerSession* same = end.error ? nullptr : peers_.nodeAt(from);
    if (rest && same != nullptr && same->availability(download.name) == Availability::loaded) {
      ask(io, download, *same, *rest);
      return;
    }
  }
  Error error = end.error.value_or(Error{ErrorCode::aborted, "a part of the segment was not sent"});
  for (const ConnectionId source : download.sources) {
    if (NodePeerSession* node = peers_.nodeAt(source)) node->abandon(io);
  }
  event::DownloadFailed failed{std::move(download.segment), Method::p2p, std::move(error), who, std::nullopt};
  if (useless) {
    distrust(end.segmentId);
  } else {
    failed.partial = download.body->beginning();
  }
  downloads_.erase(at);
  io.events.push_back(std::move(failed));
}

void NodeDownloads::distrust(const std::string& segmentId) {
  if (distrusted_.size() >= kMaxDistrusted) distrusted_.clear();
  distrusted_.insert(segmentId);
}

// --------------------------------------------------------------------------------------------------------- sharing out

const NodePeerSession* NodeDownloads::sender(ConnectionId connection) const {
  const NodePeerSession* node = std::as_const(peers_).nodeAt(connection);
  return node != nullptr && node->downloading() != nullptr ? node : nullptr;
}

std::optional<BodyRange> NodeDownloads::unasked(const Download& download) const {
  std::vector<BodyRange> asked;
  for (const ConnectionId source : download.sources) {
    if (const NodePeerSession* node = sender(source)) asked.push_back(node->openRange());
  }
  for (std::optional<BodyRange> hole = download.body->hole(); hole;) {
    // The first of it that nobody sends.
    BodyRange rest = *hole;
    bool covered = false;
    for (bool again = true; again && !covered;) {
      again = false;
      for (const BodyRange& range : asked) {
        const bool holds = range.from <= rest.from && (range.to == 0 || range.to > rest.from);
        if (holds && (range.to == 0 || (rest.to != 0 && range.to >= rest.to))) covered = true;
        if (!holds || covered) continue;
        rest.from = range.to;
        again = true;
      }
    }
    if (!covered) {
      for (const BodyRange& range : asked) {
        if (range.from > rest.from && (rest.to == 0 || range.from < rest.to)) rest.to = range.from;
      }
      return rest;
    }
    if (hole->to == 0) break;
    hole = download.body->hole(hole->to);
  }
  return std::nullopt;
}

std::optional<NodeDownloads::Slowest> NodeDownloads::slowest(base::TimePoint now, const Download& download) const {
  std::optional<Slowest> slowest;
  base::Duration longest = kSoon;
  for (const ConnectionId source : download.sources) {
    const NodePeerSession* node = sender(source);
    if (node == nullptr) continue;
    BodyRange range = node->openRange();
    if (range.to == 0) range.to = download.body->total();
    const std::uint64_t speed = node->runningRate(now);
    if (range.to < range.from + 2 * kLeastPart || speed == 0) continue;
    const auto left = base::Duration(static_cast<std::int64_t>(range.size() * 1'000'000 / speed));
    if (left <= longest) continue;
    longest = left;
    slowest = {source, range, speed};
  }
  return slowest;
}

void NodeDownloads::split(StepIo& io, Download& download, const Slowest& slowest, ConnectionId helper) {
  NodePeerSession& fresh = *peers_.nodeAt(helper);
  const BodyRange& open = slowest.open;
  const std::uint64_t rate = slowest.bytesPerSecond;
  // By what both have shown; one that has shown nothing counts as just as fast.
  const std::uint64_t other = fresh.bytesPerSecond() > 0 ? fresh.bytesPerSecond() : rate;
  const std::uint64_t most = 1ULL << 32;
  std::uint64_t keep = open.size() * std::min(rate, most) / (std::min(rate, most) + std::min(other, most));
  keep = std::clamp(keep / kGrain * kGrain, kLeastPart, open.size() - kLeastPart);
  peers_.nodeAt(slowest.connection)->shorten(io, open.from + keep);
  ask(io, download, fresh, {open.from + keep, open.to});
}

void NodeDownloads::shareOut(StepIo& io) {
  std::vector<ConnectionId> idle;
  for (auto& [id, download] : downloads_) {
    if (download.body->total() == 0 || distrusted(id)) continue;
    // Seldom is there anything to share out; then nobody need be asked.
    for (std::size_t next = 0; download.sources.size() < kMaxSources; ++next) {
      const auto rest = unasked(download);
      const auto from = rest ? std::nullopt : slowest(io.now, download);
      if (!rest && !from) break;
      if (next == 0) {
        idle.clear();
        peers_.idleNodes(io.now, download.name, idle);
      }
      if (next >= idle.size()) break;
      if (rest) {
        ask(io, download, *peers_.nodeAt(idle[next]), *rest);
      } else {
        split(io, download, *from, idle[next]);
      }
    }
  }
}

// ------------------------------------------------------------------------------------------------------- what is here

const SegmentBody* NodeDownloads::body(const std::string& segmentId) const {
  const auto at = downloads_.find(segmentId);
  return at == downloads_.end() ? nullptr : at->second.body.get();
}

std::uint32_t NodeDownloads::depth(const std::string& segmentId) const {
  return downloads_.find(segmentId)->second.depth;
}

ConnectionId NodeDownloads::source(const std::string& segmentId) const {
  const auto& sources = downloads_.find(segmentId)->second.sources;
  return sources.empty() ? ConnectionId{} : sources.front();
}

Progress NodeDownloads::progress(base::TimePoint now, const std::string& segmentId) const {
  const Download& download = downloads_.find(segmentId)->second;
  Progress progress{
      .received = download.body->size(), .total = download.body->total(), .startedAt = now, .byteAt = now};
  progress.behindHole = progress.received - download.body->prefix();
  for (const ConnectionId source : download.sources) {
    const NodePeerSession* node = sender(source);
    if (node == nullptr) continue;
    const std::uint64_t speed = node->runningRate(now);
    progress.bytesPerSecond += speed;
    progress.startedAt = std::min(progress.startedAt, node->askedAt());
    progress.byteAt = std::min(progress.byteAt, node->byteAt());
    BodyRange part = node->openRange();
    if (part.to == 0) part.to = progress.total;
    if (speed == 0 || part.to <= part.from) continue;
    const std::uint64_t size = std::min<std::uint64_t>(part.size(), 1ULL << 40);
    progress.rest = std::max(progress.rest, base::Duration(static_cast<std::int64_t>(size * 1'000'000 / speed)));
  }
  return progress;
}

}  // namespace p2pml::engine
