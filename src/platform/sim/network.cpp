#include "platform/sim/network.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"

namespace p2pml::sim {

namespace {
constexpr std::uint64_t kMicrosecondsPerSecond = 1'000'000;
/// Payload of one packet, for the rate under loss.
constexpr double kPacketBytes = 1200;
/// A slow line is shared in smaller parts, so that a short message need not wait for seconds; none below a packet.
constexpr std::uint64_t kChunksPerSecond = 5;
constexpr std::uint64_t kLeastChunk = 1200;
/// Cache lines of a pipe, and of a link, that an event touches.
constexpr int kPipeLines = 7;
constexpr int kLinkLines = 2;
}  // namespace

// ------------------------------------------------------------------------------------------------------------------
// Pipe

Pipe::Pipe(Network& network, NodeId from, NodeId to, Handlers handlers)
    : network_(network), from_(from), to_(to), handlers_(std::move(handlers)) {}

template <class Call>
void Pipe::call(Call handler) {
  calling_ = true;
  handler();
  calling_ = false;
  if (closed_) handlers_ = {};
}

void Pipe::send(Message message) {
  if (closed_) return;
  messages_.push(std::move(message));
  offerToUpLink();
}

void Pipe::close() {
  closed_ = true;
  messages_.clear();
  atDownLink_.clear();
  held_.clear();
  // One of the handlers may be what closes.
  if (!calling_) handlers_ = {};
}

/// Stands in line at the sender's link, or waits for what it needs before.
void Pipe::offerToUpLink() {
  if (closed_ || inUpRing_ || waiting_ || passingUp_ || entering_ >= messages_.size()) return;
  const base::TimePoint now = network_.events().now();
  while (!acknowledgements_.empty() && acknowledgements_.front().first <= now) {
    unacknowledged_ -= acknowledgements_.takeFront().second;
  }
  base::TimePoint when = nextEntry_;
  if (unacknowledged_ >= network_.window) {
    // With nothing acknowledged yet, delivery of a chunk will ask again.
    if (acknowledgements_.empty()) return;
    when = std::max(when, acknowledgements_.front().first);
  }
  if (when > now) {
    waiting_ = true;
    network_.events().at(when, [self = shared_from_this()] {
      self->waiting_ = false;
      self->offerToUpLink();
    });
    return;
  }
  inUpRing_ = true;
  network_.at(from_).up.add(shared_from_this());
}

std::optional<Pipe::Chunk> Pipe::takeAtUpLink() {
  inUpRing_ = false;
  if (closed_) return std::nullopt;
  passingUp_ = true;
  const Message& message = messages_[entering_];
  const std::uint64_t rest = message.data.size() - entered_;
  Chunk chunk;
  chunk.bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(rest, network_.at(from_).up.grain()));
  chunk.last = chunk.bytes == rest;
  entered_ += chunk.bytes;
  if (chunk.last) {
    ++entering_;
    entered_ = 0;
  }
  unacknowledged_ += chunk.bytes;
  std::uint64_t rate = lossRate_;
  if (ownRate_ != 0 && (rate == 0 || ownRate_ < rate)) rate = ownRate_;
  if (rate != 0) {
    const base::Duration pause(static_cast<std::int64_t>(chunk.bytes * kMicrosecondsPerSecond / rate));
    nextEntry_ = std::max(nextEntry_, network_.events().now()) + pause;
  }
  return chunk;
}

void Pipe::left(Chunk chunk) {
  if (closed_) return;
  leftTotal_ += chunk.bytes;
  if (handlers_.onLeft && !leftPending_) {
    leftPending_ = true;
    network_.events().soon([self = shared_from_this()] {
      self->leftPending_ = false;
      if (!self->closed_) self->call([&] { self->handlers_.onLeft(self->leftTotal_); });
    });
  }
  network_.events().after(network_.latency(from_, to_), Arrival{shared_from_this(), chunk});
}

void Pipe::arrive(Chunk chunk) {
  if (closed_) return;
  if (!held_.empty() || !network_.reaches(from_, to_)) {
    // The dead stay dead: nobody will ever ask for it.
    if (!network_.alive(from_) || !network_.alive(to_)) return;
    if (held_.empty()) network_.holding_.push_back(weak_from_this());
    held_.push(chunk);
    return;
  }
  atDownLink_.push(chunk);
  offerToDownLink();
}

void Pipe::Arrival::prefetch(int stage) const {
  if (stage == 0) {
    prefetchLines(pipe.get(), kPipeLines);
  } else if (!pipe->closed_) {
    prefetchLines(&pipe->network_.at(pipe->to_).down, kLinkLines);
  }
}

void Link::Passage::prefetch(int stage) const {
  if (stage == 0) {
    prefetchLines(link, kLinkLines);
    prefetchLines(pipe.get(), kPipeLines);
  } else if (!link->up_ && chunk.last) {
    for (const NearMemory& near : pipe->near_) prefetchLines(near.at, near.lines);
  }
}

void Pipe::offerToDownLink() {
  if (inDownRing_ || passingDown_ || atDownLink_.empty()) return;
  inDownRing_ = true;
  network_.at(to_).down.add(shared_from_this());
}

std::optional<Pipe::Chunk> Pipe::takeAtDownLink() {
  inDownRing_ = false;
  if (atDownLink_.empty()) return std::nullopt;  // closed meanwhile
  passingDown_ = true;
  return atDownLink_.takeFront();
}

void Pipe::deliver(Chunk chunk) {
  if (closed_) return;
  network_.bytesDelivered_ += chunk.bytes;
  acknowledgements_.push({network_.events().now() + network_.latency(from_, to_), chunk.bytes});
  offerToUpLink();
  if (!chunk.last) return;
  P2PML_ASSERT(entering_ > 0);
  Message message = messages_.takeFront();
  --entering_;
  call([&] { handlers_.onMessage(std::move(message)); });
}

// ------------------------------------------------------------------------------------------------------------------
// Link

void Link::add(std::shared_ptr<Pipe> pipe) {
  ring_.push(std::move(pipe));
  if (!busy_) serve();
}

std::uint64_t Link::grain() const {
  const std::uint64_t most = network_.chunkBytes_;
  if (bytesPerSecond_ == 0) return most;
  return std::min(most, std::max<std::uint64_t>(bytesPerSecond_ / kChunksPerSecond, kLeastChunk));
}

base::Duration Link::timeFor(std::uint32_t bytes) {
  if (bytesPerSecond_ == 0) return base::Duration(0);
  const std::uint64_t scaled = bytes * kMicrosecondsPerSecond + remainder_;
  remainder_ = scaled % bytesPerSecond_;
  return base::Duration(static_cast<std::int64_t>(scaled / bytesPerSecond_));
}

/// One chunk of the pipe whose turn it is, then the next pipe's. A pipe with more stands at the end again when its
/// chunk has passed.
void Link::serve() {
  // Also while chunks pass without taking time: what they set off may call add().
  busy_ = true;
  while (!ring_.empty()) {
    std::shared_ptr<Pipe> pipe = ring_.takeFront();
    const std::optional<Pipe::Chunk> chunk = up_ ? pipe->takeAtUpLink() : pipe->takeAtDownLink();
    if (!chunk) continue;
    const base::Duration time = timeFor(chunk->bytes);
    if (time > base::Duration(0)) {
      network_.events().after(time, Passage{this, std::move(pipe), *chunk});
      return;
    }
    pass(*pipe, *chunk);
  }
  busy_ = false;
  remainder_ = 0;
}

void Link::pass(Pipe& pipe, Pipe::Chunk chunk) {
  if (up_) {
    pipe.passingUp_ = false;
    pipe.offerToUpLink();
    pipe.left(chunk);
  } else {
    pipe.passingDown_ = false;
    pipe.offerToDownLink();
    pipe.deliver(chunk);
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Network

Network::Network(EventQueue& events, std::uint32_t chunkBytes) : events_(events), chunkBytes_(chunkBytes) {}

NodeId Network::addNode(Line line) {
  nodes_.emplace_back(*this, line);
  places_.push_back({.latency = line.latency});
  return NodeId(nodes_.size());
}

void Network::setLine(NodeId node, Line line) {
  at(node).loss = line.loss;
  placeOf(node).latency = line.latency;
  at(node).up.setRate(line.upBytesPerSecond);
  at(node).down.setRate(line.downBytesPerSecond);
}

base::Duration Network::latency(NodeId a, NodeId b) const { return placeOf(a).latency + placeOf(b).latency; }

std::uint64_t Network::grain(NodeId from, NodeId to) const {
  return std::min(at(from).up.grain(), at(to).down.grain());
}

std::uint64_t Network::rateUnderLoss(NodeId a, NodeId b) const {
  const double loss = 1 - (1 - at(a).loss) * (1 - at(b).loss);
  if (loss <= 0) return 0;
  // Square root and division are exactly rounded everywhere (IEEE 754), so this is the same number with every compiler.
  const double rtt = std::max(1e-3, static_cast<double>(roundTrip(a, b).count()) / 1e6);
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(1.2 * kPacketBytes / (rtt * std::sqrt(loss))));
}

std::shared_ptr<Pipe> Network::openPipe(NodeId from, NodeId to, Pipe::Handlers handlers) {
  auto pipe = std::make_shared<Pipe>(*this, from, to, std::move(handlers));
  pipe->lossRate_ = rateUnderLoss(from, to);
  pipe->near_ = at(to).near;
  return pipe;
}

void Network::signal(NodeId from, NodeId to, EventQueue::Action action) {
  if (!alive(from)) return;
  events_.after(latency(from, to), [this, from, to, action = std::move(action)]() mutable {
    if (reaches(from, to)) action();
  });
}

void Network::kill(NodeId node) {
  placeOf(node).alive = false;
  pathsChanged(node);
}

void Network::setGroup(NodeId node, int group) {
  placeOf(node).group = group;
  pathsChanged(node);
}

void Network::setSides(const std::vector<std::pair<NodeId, int>>& sides) {
  for (const auto& [node, side] : sides) placeOf(node).side = side;
  for (const auto& [node, side] : sides) pathsChanged(node);
}

void Network::forbid(NodeId a, NodeId b) {
  forbidden_.insert(std::minmax(a, b));
  pathsChanged(a, b);
}

void Network::allow(NodeId a, NodeId b) {
  forbidden_.erase(std::minmax(a, b));
  pathsChanged(a, b);
}

bool Network::reaches(NodeId a, NodeId b) const {
  const Place& from = placeOf(a);
  const Place& to = placeOf(b);
  if (!from.alive || !to.alive || from.group != to.group) return false;
  if (from.side != to.side && from.side != 0 && to.side != 0) return false;
  return forbidden_.empty() || !forbidden_.contains(std::minmax(a, b));
}

void Network::pathsChanged(NodeId node, std::optional<NodeId> other) {
  std::vector<std::weak_ptr<Pipe>> holding;
  holding.swap(holding_);
  for (const auto& weak : holding) {
    const auto pipe = weak.lock();
    if (!pipe || pipe->closed_) continue;
    if (!reaches(pipe->from_, pipe->to_)) {
      holding_.push_back(weak);
      continue;
    }
    Ring<Pipe::Chunk> held;
    held.swap(pipe->held_);
    while (!held.empty()) pipe->arrive(held.takeFront());
  }
  for (const auto& listener : onPathsChanged) listener(node, other);
}

}  // namespace p2pml::sim
