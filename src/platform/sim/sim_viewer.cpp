#include "platform/sim/sim_viewer.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <string_view>
#include <utility>
#include <variant>

namespace p2pml::sim {

namespace {

constexpr const char* kSuffix = ".bin";

/// Segments of a live stream that exist at `now`: 0 .. result - 1.
std::int64_t liveEnd(base::TimePoint now, base::Duration segmentDuration) {
  return now.time_since_epoch() / segmentDuration;
}

media::PlayerOptions startingAt(media::PlayerOptions options, const StreamOptions& stream, base::TimePoint now) {
  options.segmentDuration = stream.segmentDuration;
  if (stream.live) {
    options.first = std::max<std::int64_t>(0, liveEnd(now, stream.segmentDuration) - 1 - stream.liveBack);
  }
  return options;
}

}  // namespace

void serveStream(World& world, const StreamOptions& stream) {
  if (!stream.live) {
    world.origin().serveSegments(stream.path, kSuffix, stream.name, stream.segmentBytes);
    return;
  }
  const base::Duration duration = stream.segmentDuration;
  world.origin().handle(stream.path, [&world, stream, duration](const HttpAsk& ask) {
    HttpReply reply;
    const char* from = ask.path.data() + stream.path.size();
    std::int64_t number = -1;
    std::from_chars(from, ask.path.data() + ask.path.size(), number);
    if (number < 0 || number >= liveEnd(ask.now, duration)) {
      reply.status = 404;
      return reply;
    }
    reply.body = world.bodies().get(stream.name, static_cast<std::uint64_t>(number), stream.segmentBytes);
    return reply;
  });
}

SimViewer::SimViewer(World& world, Node& node, StreamOptions stream, media::PlayerOptions player,
                     ViewerObserver* observer)
    : world_(world),
      node_(node),
      stream_(std::move(stream)),
      playerOptions_(startingAt(std::move(player), stream_, world.now())),
      player_(playerOptions_),
      observer_(observer),
      life_(std::make_shared<SimViewer*>(this)) {
  node_.listener = [this](const engine::Output& event) { onEvent(event); };
  poll();
}

SimViewer::~SimViewer() {
  *life_ = nullptr;
  node_.listener = nullptr;
  world_.queue().cancel(timer_);
  world_.queue().cancel(pollTimer_);
}

void SimViewer::leave() {
  gone_ = true;
  world_.queue().cancel(timer_);
  world_.queue().cancel(pollTimer_);
  node_.destroy();
}

void SimViewer::switchTo(const std::string& swarm, const std::string& path) {
  stream_.swarm = swarm;
  stream_.path = path;
  askAgain();
}

void SimViewer::switchTo(StreamOptions stream) {
  stream_ = std::move(stream);
  askAgain();
}

void SimViewer::askAgain() {
  media::Player::Actions actions;
  player_.onAborted(world_.now(), player_.next(), actions);
  act(actions);
}

void SimViewer::pause() {
  media::Player::Actions actions;
  player_.pause(world_.now(), actions);
  act(actions);
}

void SimViewer::resume() {
  media::Player::Actions actions;
  player_.resume(world_.now(), actions);
  act(actions);
}

void SimViewer::seek(std::int64_t segment) {
  media::Player::Actions actions;
  player_.seek(world_.now(), segment, actions);
  act(actions);
}

base::Duration SimViewer::stallTime() const {
  base::Duration total{};
  for (const auto& stall : player_.stalls()) total += stall.length;
  return total;
}

std::int64_t SimViewer::numberOf(const std::string& segmentId) const {
  // {swarm}+{streamId}+{n}, without making that text for every event.
  std::string_view rest = segmentId;
  for (const std::string& part : {std::cref(stream_.swarm), std::cref(stream_.streamId)}) {
    if (!rest.starts_with(part)) return -1;
    rest.remove_prefix(part.size());
    if (!rest.starts_with('+')) return -1;
    rest.remove_prefix(1);
  }
  std::int64_t number = -1;
  std::from_chars(rest.data(), rest.data() + rest.size(), number);
  return number;
}

/// Looks into the playlist: a VOD's is whole, a live one is looked at once a segment duration.
void SimViewer::poll() {
  media::Player::Actions actions;
  if (stream_.live) {
    const std::int64_t end = liveEnd(world_.now(), stream_.segmentDuration);
    player_.setAvailable(world_.now(), end, false, actions);
    // An origin keeps what has left the playlist for the playlist's length (RFC 8216 section 6.2.2).
    if (player_.next() + 2 * stream_.window < end) {
      ++jumps_;
      player_.seek(world_.now(), std::max<std::int64_t>(0, end - 1 - stream_.liveBack), actions);
    }
    pollTimer_ = world_.queue().after(stream_.segmentDuration, [this] { poll(); });
  } else {
    player_.setAvailable(world_.now(), stream_.count, true, actions);
  }
  act(actions);
}

void SimViewer::onEvent(const engine::Output& event) {
  if (observer_ != nullptr) observer_->onEvent(*this, event);
  if (gone_) return;
  media::Player::Actions actions;
  if (const auto* loaded = std::get_if<engine::output::SegmentLoaded>(&event)) {
    deliver(numberOf(loaded->segment.id), loaded->segment);
    return;
  }
  if (const auto* failed = std::get_if<engine::output::SegmentError>(&event)) {
    player_.onFailed(world_.now(), numberOf(failed->segment.id), actions);
  } else if (const auto* aborted = std::get_if<engine::output::SegmentAbort>(&event)) {
    player_.onAborted(world_.now(), numberOf(aborted->segment.id), actions);
  }
  act(actions);
}

void SimViewer::deliver(std::int64_t number, const engine::Segment& segment) {
  if (number < 0 || number != player_.next() || !segment.data) return;
  deliveredBytes_ += segment.data->size();
  const bool correct =
      world_.bodies().matches(*segment.data, stream_.name, static_cast<std::uint64_t>(number), stream_.segmentBytes);
  if (!correct) ++badSegments_;
  if (observer_ != nullptr) observer_->onDelivered(*this, number, segment.data->size(), correct);
  media::Player::Actions actions;
  player_.onDelivered(world_.now(), number, actions);
  act(actions);
}

void SimViewer::act(const media::Player::Actions& actions) {
  for (const auto& action : actions) {
    if (action.count <= 0) continue;
    const auto first = static_cast<std::uint64_t>(action.first);
    auto segments = World::segments(stream_.swarm, first, first + static_cast<std::uint64_t>(action.count) - 1,
                                    stream_.path, kSuffix, stream_.streamId);
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const std::int64_t number = action.first + static_cast<std::int64_t>(i);
      segments[i].priority = action.priority(number);
      segments[i].duration = base::toMilliseconds(player_.durationOf(number));
      segments[i].neededIn = base::toMilliseconds(player_.neededIn(world_.now(), number));
    }
    node_.load(std::move(segments), World::streamSwarmId(stream_.swarm, stream_.streamId), stream_.properties);
    if (action.kind != media::PlayerAction::Kind::request) continue;
    node_.getSegment(World::segmentId(stream_.swarm, first, stream_.streamId),
                     [life = life_](std::optional<engine::Segment> segment) {
                       if (*life != nullptr && segment) (*life)->deliver((*life)->numberOf(segment->id), *segment);
                     });
  }
  arm();
}

void SimViewer::arm() {
  const base::TimePoint deadline = player_.deadline();
  if (deadline == armed_ || gone_) return;
  world_.queue().cancel(timer_);
  timer_ = {};
  armed_ = deadline;
  if (deadline == base::kNever) return;
  timer_ = world_.queue().at(deadline, [this] {
    armed_ = base::kNever;
    media::Player::Actions actions;
    player_.onTick(world_.now(), actions);
    act(actions);
  });
}

}  // namespace p2pml::sim
