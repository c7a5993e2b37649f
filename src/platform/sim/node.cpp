#include "platform/sim/node.hpp"

#include <utility>
#include <variant>

#include "base/assert.hpp"
#include "platform/sim/world.hpp"

namespace p2pml::sim {

namespace {

/// Seconds with three decimals, cut, not rounded.
std::string secondsText(base::TimePoint now) {
  const std::int64_t ms = base::toMilliseconds(now);
  const std::string fraction = std::to_string(1000 + ms % 1000);
  return std::to_string(ms / 1000) + "." + fraction.substr(1);
}

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

const char* methodOf(const std::optional<base::PeerId>& peer) { return peer ? "p2p" : "http"; }

}  // namespace

Node::Node(World& world, std::string name, NodeId id, NodeOptions options, std::uint64_t seed)
    : world_(world),
      name_(std::move(name)),
      id_(id),
      keepEvents_(options.keepEvents),
      clock_(world.queue()),
      http_(world.network(), world.web(), id, inbox_.sink()),
      sockets_(world.network(), world.web(), id, inbox_.sink()),
      peers_(world.fabric(), id, inbox_.sink()) {
  auto engine = world.makeEngine({std::move(options.settings), options.capabilities, seed});
  P2PML_ASSERT(engine.has_value());  // settings of a simulation are the test's own
  driver_ = std::make_unique<driver::Driver>(std::move(*engine), inbox_, driver::Ports{http_, sockets_, peers_, clock_},
                                             *this, this);
  world_.network().setNear(id,
                           {{{driver_.get(), 4}, {driver_->engineMemory(), driver::Engine::kMemoryLines}, {this, 6}}});
}

Node::~Node() {
  // The end of the driver is not part of the run, and those who listened may be gone.
  listener = nullptr;
  inputTap = nullptr;
  outputTap = nullptr;
}

void Node::load(std::vector<engine::Segment> segments, std::string streamSwarmId,
                std::optional<media::StreamProperties> stream) {
  if (driver_) driver_->load(std::move(segments), std::move(streamSwarmId), std::move(stream));
}

void Node::getSegment(std::string id, driver::Driver::GetSegmentCallback callback) {
  if (driver_) driver_->getSegment(std::move(id), std::move(callback));
}

void Node::destroy() {
  if (driver_) driver_->destroy();
}

void Node::crash() {
  if (!driver_) return;
  note("crash");
  // First the network: what the driver does at its end must not get out.
  world_.network().kill(id_);
  driver_.reset();
}

void Node::retire() {
  driver_.reset();
  listener = nullptr;
  validator = nullptr;
  inputTap = nullptr;
  outputTap = nullptr;
}

std::vector<std::string> Node::eventsWith(std::string_view part) const {
  std::vector<std::string> result;
  for (const auto& event : events_) {
    if (event.find(part) != std::string::npos) result.push_back(event);
  }
  return result;
}

void Node::note(const std::string& text) {
  if (keepEvents_) events_.push_back(secondsText(world_.now()) + " " + text);
}

std::string Node::segmentUrl(const engine::Segment& segment) { return urlBuilder ? urlBuilder(segment) : segment.url; }

void Node::validate(engine::output::ValidateSegment what, Done done) {
  done(validator ? validator(what) : std::nullopt);
}

void Node::onEvent(const engine::Output& event) {
  namespace out = engine::output;
  std::visit(
      Overloaded{
          [&](const out::SegmentLoaded& e) {
            if (!keepEvents_) return;
            Loaded how;
            how.at = world_.now();
            how.method = e.peerId ? engine::Method::p2p : engine::Method::http;
            how.peer = e.peerId;
            how.bytes = e.segment.data ? e.segment.data->size() : 0;
            loaded_.insert_or_assign(e.segment.id, how);
            note("loaded " + e.segment.id + " " + methodOf(e.peerId));
          },
          [&](const out::SegmentError& e) {
            note("error " + e.segment.id + " " + methodOf(e.peerId) + " " + std::string(base::toString(e.error.code)));
          },
          [&](const out::SegmentAbort& e) { note("abort " + e.segment.id); },
          [&](const out::SegmentStart& e) { note("start " + e.segment.id + " " + engine::toString(e.method)); },
          [&](const out::PeerConnect&) { note("peer_connect"); },
          [&](const out::PeerClose&) { note("peer_close"); },
          [&](const out::PeerError& e) { note("peer_error " + std::string(base::toString(e.error.code))); },
          [&](const out::TrackerUpdate& e) { note("tracker_update " + e.url); },
          [&](const out::TrackerWarning& e) { note("tracker_warning " + e.url); },
          [&](const out::TrackerError& e) { note("tracker_error " + e.url); },
          [](const auto&) {},
      },
      event);
  if (listener) listener(event);
}

void Node::onInput(base::TimePoint now, const engine::Input& input) {
  world_.digestOf().add(id_.value);
  world_.digestOf().add(now, input);
  if (inputTap) inputTap(now, input);
}

void Node::onOutputs(base::TimePoint now, const engine::Outputs& outputs) {
  for (const auto& output : outputs) world_.digestOf().add(now, output);
  if (outputTap) outputTap(now, outputs);
}

}  // namespace p2pml::sim
