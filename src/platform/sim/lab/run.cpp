#include "platform/sim/lab/run.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/settings.hpp"
#include "platform/sim/lab/faults.hpp"
#include "platform/sim/lab/watch.hpp"
#include "platform/sim/sim_viewer.hpp"
#include "platform/sim/world.hpp"

namespace p2pml::sim::lab {

namespace {

using base::Json;

constexpr std::uint32_t kNobody = ~std::uint32_t{0};
constexpr const char* kSwarm = "lab";
/// How long a loader that was destroyed is watched before it is freed.
constexpr base::Duration kWatchAfterEnd = base::seconds(5);

void put(Json::Object& settings, std::string_view name, Json value) {
  for (auto& [known, old] : settings) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  settings.emplace_back(name, std::move(value));
}

struct SegmentKey {
  std::size_t quality = 0;
  std::int64_t number = -1;
};

/// Of "...V{quality}+{number}", a segment's id.
SegmentKey keyOfId(std::string_view id) {
  SegmentKey key;
  const auto plus = id.rfind('+');
  if (plus == std::string_view::npos) return key;
  const auto v = id.rfind('V', plus);
  if (v == std::string_view::npos) return key;
  std::from_chars(id.data() + v + 1, id.data() + plus, key.quality);
  std::from_chars(id.data() + plus + 1, id.data() + id.size(), key.number);
  return key;
}

/// Of ".../q{quality}/{number}.bin", a segment's URL.
SegmentKey keyOfUrl(std::string_view url) {
  SegmentKey key;
  const auto slash = url.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return key;
  const auto q = url.rfind('q', slash);
  if (q == std::string_view::npos) return key;
  std::from_chars(url.data() + q + 1, url.data() + slash, key.quality);
  std::from_chars(url.data() + slash + 1, url.data() + url.size(), key.number);
  return key;
}

class Run final : public ViewerObserver {
 public:
  Run(const Scenario& scenario, const RunOptions& options, std::vector<engine::Settings> settings)
      : scenario_(scenario),
        options_(options),
        settings_(std::move(settings)),
        plan_(planViewers(scenario, options.seed, options.viewers)),
        invariants_(scenario.limits, violations_),
        watch_(options.onWatched),
        world_(options.seed, worldOptions()),
        faults_(world_, scenario, options.seed) {}

  Records run();

  void onEvent(SimViewer& viewer, const engine::Output& event) override;
  void onDelivered(SimViewer& viewer, std::int64_t number, std::uint64_t bytes, bool correct) override;

 private:
  enum Habits : std::size_t { kPauses, kSeeks, kSwitches, kHabits };
  /// A viewer who is there, or was until a moment ago.
  struct Seat {
    Node* node = nullptr;
    std::unique_ptr<SimViewer> viewer;
    std::int64_t peers = 0;
    std::int64_t firstSegment = -1;
    std::size_t quality = 0;
    base::TimePoint left = base::kNever;
    std::map<std::int64_t, std::int64_t> failures;  ///< of the origin, by segment
    std::vector<base::Rng> habits;
  };

  WorldOptions worldOptions();
  [[nodiscard]] base::TimePoint now() const { return base::TimePoint(world_.now() - start_); }
  [[nodiscard]] std::uint32_t indexOf(NodeId node) const {
    return node.value < byNode_.size() ? byNode_[node.value] : kNobody;
  }
  [[nodiscard]] bool watched(std::uint32_t index) const { return index + 1 == options_.watched && options_.onWatched; }
  [[nodiscard]] StreamOptions streamOf(std::size_t quality) const;
  SegmentRecord* segmentOf(const SegmentKey& key);
  SecondRecord& second() { return records_.seconds.back(); }

  void watchOrigin();
  void scheduleArrival();
  void arrive(std::uint32_t index);
  void leave(std::uint32_t index, bool crash);
  void settle(std::uint32_t index);
  void forget(std::uint32_t index);
  void planHabit(std::uint32_t index, Habits habit);
  void doHabit(std::uint32_t index, Habits habit);
  void onSecond();
  void checkpoint();
  void endAll();

  const Scenario& scenario_;
  const RunOptions& options_;
  std::vector<engine::Settings> settings_;  ///< of each group
  std::vector<ViewerPlan> plan_;
  Records records_;
  Violations violations_;
  Invariants invariants_;
  Watch watch_;
  World world_;
  Faults faults_;
  base::TimePoint start_{};
  std::vector<std::unique_ptr<Seat>> seats_;  ///< null before and after
  std::vector<std::uint32_t> present_;
  std::vector<std::uint32_t> byNode_;
  std::size_t nextArrival_ = 0;
  base::TimePoint nextCheckpoint_{};
};

WorldOptions Run::worldOptions() {
  WorldOptions world;
  world.bodies = Bodies::named;
  world.chunkBytes = scenario_.grainBytes;
  world.originLine = scenario_.originLine;
  world.trackerLine = scenario_.trackerLine;
  world.tracker.maxSockets = std::max<std::size_t>(world.tracker.maxSockets, 4 * plan_.size());
  world.tracker.maxPeersPerSwarm = std::max<std::size_t>(world.tracker.maxPeersPerSwarm, 4 * plan_.size());
  world.fabric.handshakeTimeout = scenario_.handshakeTimeout;
  world.fabric.connects = [this](NodeId a, NodeId b) {
    const std::uint32_t one = indexOf(a);
    const std::uint32_t other = indexOf(b);
    if (one == kNobody || other == kNobody) return true;
    return natsMeet(plan_[one].nat, plan_[other].nat) && !chance(options_.seed, one, other, scenario_.pairsBlocked);
  };
  if (options_.makeEngine) world.makeEngine = options_.makeEngine;
  return world;
}

StreamOptions Run::streamOf(std::size_t quality) const {
  const Stream& from = scenario_.stream;
  StreamOptions stream;
  stream.swarm = kSwarm;
  stream.name = "lab" + std::to_string(quality);
  stream.segmentBytes = from.qualities[quality].segmentBytes;
  stream.count = from.count;
  stream.segmentDuration = from.segmentDuration;
  stream.live = from.live;
  stream.liveBack = from.liveBack;
  stream.window = from.window;
  stream.path = "/q" + std::to_string(quality) + "/";
  stream.streamId = "V" + std::to_string(quality);
  // Peers of later generations tell renditions apart by their bit rates.
  stream.properties->bitrate += quality;
  return stream;
}

SegmentRecord* Run::segmentOf(const SegmentKey& key) {
  const std::int64_t offset = key.number - records_.firstSegment;
  if (offset < 0 || offset > 10'000'000 || key.quality >= records_.segments.size()) return nullptr;
  auto& list = records_.segments[key.quality];
  const auto index = static_cast<std::size_t>(offset);
  if (list.size() <= index) list.resize(index + 1);
  return &list[index];
}

Records Run::run() {
  const Stream& stream = scenario_.stream;
  if (stream.live) {
    // Before the first viewer comes, there is a whole playlist.
    const std::int64_t before = std::max(stream.window, stream.liveBack + 1) + 1;
    start_ = base::TimePoint(before * stream.segmentDuration);
    records_.firstSegment = std::max<std::int64_t>(0, before - 2 - stream.liveBack);
  }
  for (std::size_t i = 0; i < stream.qualities.size(); ++i) serveStream(world_, streamOf(i));
  records_.segments.resize(stream.qualities.size());
  records_.viewers.resize(plan_.size());
  seats_.resize(plan_.size());
  for (std::size_t i = 0; i < plan_.size(); ++i) records_.viewers[i].plan = plan_[i];
  watchOrigin();
  faults_.schedule(start_);
  records_.seconds.emplace_back();
  scheduleArrival();

  const base::Duration longest = longestRun(scenario_, plan_);
  for (base::Duration at{}; at < longest;) {
    at = std::min(at + base::seconds(1), longest);
    world_.runUntil(start_ + at);
    onSecond();
    Progress progress{at, longest, present_.size(), world_.queue().executed()};
    if (options_.onSecond && !options_.onSecond(progress)) {
      records_.stopped = true;
      break;
    }
    const bool over = nextArrival_ == plan_.size() && std::ranges::all_of(present_, [this](std::uint32_t index) {
                        return seats_[index]->viewer->done();
                      });
    if (over && !scenario_.duration) break;
    if (at < longest) records_.seconds.emplace_back();
  }
  records_.ran = now().time_since_epoch();
  checkpoint();
  records_.digest = world_.digest();
  records_.events = world_.queue().executed();
  records_.originBytes = world_.origin().total().bytes;
  records_.originGets = world_.origin().total().gets;
  for (const std::uint32_t index : present_) settle(index);
  endAll();
  records_.violations = violations_.list();
  records_.violationCount = violations_.count();
  return std::move(records_);
}

void Run::watchOrigin() {
  world_.origin().onAsk = [this](const HttpAsk& ask) {
    const std::uint32_t index = indexOf(ask.client);
    const SegmentKey key = keyOfUrl(ask.path);
    ++second().gets;
    if (index == kNobody) return;
    ++records_.viewers[index].gets;
    if (SegmentRecord* segment = segmentOf(key)) ++segment->gets;
    invariants_.asked(index, now(), key.quality, key.number);
  };
  world_.origin().onBytes = [this](const std::string& url, NodeId client, std::uint64_t bytes) {
    second().originBytes += bytes;
    const std::uint32_t index = indexOf(client);
    if (index == kNobody) return;
    const SegmentKey key = keyOfUrl(url);
    SegmentRecord* segment = segmentOf(key);
    const bool first = seats_[index] && seats_[index]->firstSegment == key.number;
    records_.viewers[index].originBytes += bytes;
    if (segment != nullptr) segment->originBytes += bytes;
    if (!first) return;
    records_.viewers[index].firstSegmentBytes += bytes;
    if (segment != nullptr) segment->firstSegmentBytes += bytes;
  };
}

// ------------------------------------------------------------------------------------------------------ coming, going

/// One arrival at a time stands in the queue.
void Run::scheduleArrival() {
  if (nextArrival_ == plan_.size()) return;
  world_.queue().at(base::TimePoint(start_ + plan_[nextArrival_].arrive.time_since_epoch()), [this] {
    const auto index = static_cast<std::uint32_t>(nextArrival_++);
    arrive(index);
    scheduleArrival();
  });
}

void Run::arrive(std::uint32_t index) {
  const ViewerPlan& plan = plan_[index];
  const Group& group = scenario_.groups[plan.group];
  NodeOptions node;
  node.settings = settings_[plan.group];
  node.settings.consumeOnly = node.settings.consumeOnly || plan.behaviour == Behaviour::leech;
  node.capabilities.segmentValidator = group.validate;
  node.line = group.line[plan.line].value;
  if (plan.behaviour == Behaviour::slow) {
    const std::uint64_t up = node.line.upBytesPerSecond;
    node.line.upBytesPerSecond = up == 0 ? scenario_.slowUp : std::min(up, scenario_.slowUp);
  }
  node.keepEvents = false;

  auto seat = std::make_unique<Seat>();
  seat->node = &world_.addNode(std::move(node));
  const NodeId id = seat->node->id();
  byNode_.resize(id.value + 1, kNobody);
  byNode_[id.value] = index;
  for (std::uint64_t habit = 0; habit < kHabits; ++habit) seat->habits.emplace_back(plan.seed + habit);
  if (watched(index)) {
    seat->node->outputTap = [this](base::TimePoint, const engine::Outputs& outputs) {
      for (const engine::Output& output : outputs) watch_.onOutput(now(), output);
    };
  }
  if (group.validate) seat->node->validator = faults_.validator(scenario_.stream.qualities);
  faults_.onArrival(id, index, plan.behaviour);
  invariants_.arrived(index);
  present_.push_back(index);
  Seat& kept = *seat;
  seats_[index] = std::move(seat);

  media::PlayerOptions player;
  player.ahead = scenario_.player.ahead;
  player.forward = scenario_.player.forward;
  player.requestTimeout = scenario_.player.requestTimeout;
  kept.viewer = std::make_unique<SimViewer>(world_, *kept.node, streamOf(0), player, this);
  kept.firstSegment = kept.viewer->player().next();

  if (plan.leave != base::kNever) {
    world_.queue().at(base::TimePoint(start_ + plan.leave.time_since_epoch()),
                      [this, index] { leave(index, plan_[index].crash); });
  }
  if (group.pauses.every > base::Duration(0)) planHabit(index, kPauses);
  if (group.seeks.every > base::Duration(0)) planHabit(index, kSeeks);
  if (group.switches.every > base::Duration(0) && scenario_.stream.qualities.size() > 1) planHabit(index, kSwitches);
}

void Run::leave(std::uint32_t index, bool crash) {
  Seat* seat = seats_[index].get();
  if (seat == nullptr || seat->left != base::kNever) return;
  settle(index);
  seat->left = now();
  records_.viewers[index].left = seat->left;
  std::erase(present_, index);
  if (crash) {
    seat->node->crash();
    world_.queue().soon([this, index] { forget(index); });
    return;
  }
  seat->node->outputTap = [this, index](base::TimePoint, const engine::Outputs& outputs) {
    if (!outputs.empty() && now() > seats_[index]->left) invariants_.spoke(index, now(), "an output");
  };
  seat->viewer->leave();
  world_.queue().after(kWatchAfterEnd, [this, index] { forget(index); });
}

/// Writes down what the viewer saw.
void Run::settle(std::uint32_t index) {
  const Seat& seat = *seats_[index];
  ViewerRecord& record = records_.viewers[index];
  const media::Player& player = seat.viewer->player();
  const engine::Settings& settings = settings_[plan_[index].group];
  const bool classic = settings.schedulingPolicy == engine::Scheduling::classic;
  if (classic) record.ruledLate = scenario_.stream.segmentDuration / 4;
  const auto note = [&](base::TimePoint at, std::int64_t segment, base::Duration length) {
    const StallRecord stall{index, segment, base::TimePoint(at - start_), length};
    records_.stalls.push_back(stall);
    record.stallTime += length;
    ++record.stalls;
    base::Duration ruled{};
    if (const auto failed = seat.failures.find(segment); classic && failed != seat.failures.end()) {
      ruled = std::min(length, base::milliseconds(settings.httpFailedSegmentTimeout) * failed->second);
    }
    record.ruledStall += ruled;
    if (length - ruled > scenario_.limits.extraStall + record.ruledLate) ++record.longStalls;
  };
  const bool started = player.playing() || player.done() || player.stalled() || record.delivered > 0;
  if (started) record.startup = player.startup();
  for (const auto& stall : player.stalls()) note(stall.at, stall.segment, stall.length);
  if (player.stalled()) note(player.waitingSince(), player.next(), world_.now() - player.waitingSince());
  record.seekWait = player.seekWait();
  record.skipped = static_cast<std::uint32_t>(player.skipped());
  record.jumps = static_cast<std::uint32_t>(seat.viewer->jumps());
  record.badSegments = static_cast<std::uint32_t>(seat.viewer->badSegments());
  record.deliveredBytes = seat.viewer->deliveredBytes();
  record.done = player.done();
  if (!seat.node->running()) return;
  const engine::Stats& stats = seat.node->stats();
  record.p2pBytes = stats.p2pBytes;
  record.uploadedBytes = stats.uploadedBytes;
  invariants_.spun(index, now(), seat.node->driverStats().longestHotRun);
}

void Run::forget(std::uint32_t index) {
  Seat& seat = *seats_[index];
  faults_.onGone(seat.node->id());
  seat.viewer.reset();
  seat.node->retire();
  invariants_.gone(index);
  seats_[index].reset();
}

/// After the end of the run everybody leaves, and nothing may be left over.
void Run::endAll() {
  world_.origin().onAsk = [this](const HttpAsk& ask) {
    const std::uint32_t index = indexOf(ask.client);
    if (index != kNobody) invariants_.spoke(index, now(), "a request to the origin");
  };
  world_.origin().onBytes = nullptr;
  const std::vector<std::uint32_t> all = present_;
  for (const std::uint32_t index : all) {
    Seat& seat = *seats_[index];
    seat.left = now();
    seat.viewer->leave();
    seat.node->outputTap = [this, index](base::TimePoint, const engine::Outputs& outputs) {
      if (!outputs.empty() && now() > seats_[index]->left) invariants_.spoke(index, now(), "an output");
    };
  }
  // Requests under way reach the origin yet, and goodbyes the peers.
  world_.run(base::seconds(1));
  const std::size_t open = world_.fabric().openConnections();
  if (open == 0) return;
  violations_.add(
      {kSilentAfterEnd, 0, now(), std::to_string(open) + " connections were left open by loaders that ended"});
}

// ------------------------------------------------------------------------------------------------------------- habits

void Run::planHabit(std::uint32_t index, Habits habit) {
  const Group& group = scenario_.groups[plan_[index].group];
  const Habit& how = habit == kPauses ? group.pauses : habit == kSeeks ? group.seeks : group.switches;
  const base::Duration pause = exponential(seats_[index]->habits[habit], how.every);
  world_.queue().after(pause, [this, index, habit] {
    Seat* seat = seats_[index].get();
    if (seat == nullptr || seat->left != base::kNever) return;
    if (!seat->viewer->done()) doHabit(index, habit);
    planHabit(index, habit);
  });
}

void Run::doHabit(std::uint32_t index, Habits habit) {
  Seat& seat = *seats_[index];
  base::Rng& rng = seat.habits[habit];
  invariants_.restarted(index);
  if (habit == kPauses) {
    seat.viewer->pause();
    const base::Duration length = exponential(rng, scenario_.groups[plan_[index].group].pauses.length);
    world_.queue().after(length, [this, index] {
      Seat* still = seats_[index].get();
      if (still != nullptr && still->left == base::kNever) still->viewer->resume();
    });
  } else if (habit == kSeeks) {
    seat.viewer->seek(rng.between(0, scenario_.stream.count - 1));
  } else {
    const auto others = static_cast<std::int64_t>(scenario_.stream.qualities.size()) - 1;
    const auto next = static_cast<std::size_t>(rng.between(0, others - 1));
    seat.quality = next < seat.quality ? next : next + 1;
    seat.viewer->switchTo(streamOf(seat.quality));
  }
}

// ------------------------------------------------------------------------------------------------------------ watching

void Run::onEvent(SimViewer& viewer, const engine::Output& event) {
  const std::uint32_t index = indexOf(viewer.node().id());
  Seat* seat = seats_[index].get();
  if (seat == nullptr) return;
  if (seat->left != base::kNever) {
    if (now() > seat->left) invariants_.spoke(index, now(), "an event");
    return;
  }
  ViewerRecord& record = records_.viewers[index];
  if (const auto* loaded = std::get_if<engine::output::SegmentLoaded>(&event)) {
    ++(loaded->peerId ? record.overP2p : record.overHttp);
    const SegmentKey key = keyOfId(loaded->segment.id);
    invariants_.loaded(index, now(), key.quality, key.number);
    if (!scenario_.stream.live) return;
    const base::TimePoint available(scenario_.stream.segmentDuration * (key.number + 1));
    if (base::TimePoint(available - start_) < plan_[index].arrive) return;
    if (SegmentRecord* segment = segmentOf(key)) {
      segment->latencies.push_back(static_cast<std::uint32_t>(base::toMilliseconds(world_.now() - available)));
    }
  } else if (const auto* failed = std::get_if<engine::output::SegmentError>(&event)) {
    if (!failed->peerId) ++seat->failures[keyOfId(failed->segment.id).number];
  } else if (std::holds_alternative<engine::output::PeerConnect>(event)) {
    ++seat->peers;
    record.mostPeers = static_cast<std::uint16_t>(std::max<std::int64_t>(record.mostPeers, seat->peers));
    if (seat->peers == 3 && record.thirdPeer < base::Duration(0)) {
      record.thirdPeer = now() - plan_[index].arrive;
    }
    invariants_.peers(index, now(), seat->peers, settings_[plan_[index].group].maxPeers);
  } else if (std::holds_alternative<engine::output::PeerClose>(event)) {
    --seat->peers;
  } else if (const auto* bytes = std::get_if<engine::output::PieceBytesDownloaded>(&event)) {
    if (bytes->method == engine::Method::p2p) second().p2pBytes += bytes->bytes;
  }
}

void Run::onDelivered(SimViewer& viewer, std::int64_t number, std::uint64_t bytes, bool correct) {
  const std::uint32_t index = indexOf(viewer.node().id());
  ++records_.viewers[index].delivered;
  if (watched(index)) {
    watch_.note(now(), "the player takes " + std::to_string(number) + ", had " +
                           std::to_string(base::toMilliseconds(viewer.player().buffered(world_.now()))) +
                           " ms in store");
  }
  second().deliveredBytes += bytes;
  SegmentRecord* segment = segmentOf({seats_[index]->quality, number});
  if (segment != nullptr) ++segment->delivered;
  invariants_.delivered(index, now(), number, correct);
}

void Run::onSecond() {
  SecondRecord& record = second();
  record.viewers = static_cast<std::uint32_t>(present_.size());
  record.connections = static_cast<std::uint32_t>(world_.fabric().openConnections());
  records_.mostConnections = std::max<std::uint64_t>(records_.mostConnections, record.connections);
  std::vector<std::uint32_t> ready;
  for (const std::uint32_t index : present_) {
    const Seat& seat = *seats_[index];
    if (seat.viewer->player().waiting()) ++record.waiting;
    if (seat.viewer->done() && plan_[index].untilDone) ready.push_back(index);
    const auto kept = static_cast<std::uint64_t>(settings_[plan_[index].group].cachedSegmentsCount);
    const auto listed = static_cast<std::uint64_t>(scenario_.player.forward);
    invariants_.stored(index, now(), seat.node->stats().storedSegments, kept + listed);
  }
  for (const std::uint32_t index : ready) leave(index, plan_[index].crash);
  if (now() >= nextCheckpoint_) checkpoint();
}

void Run::checkpoint() {
  nextCheckpoint_ = now() + options_.checkpointEvery;
  Checkpoint point{now(), world_.digest(), world_.queue().executed()};
  if (records_.checkpoints.empty() || records_.checkpoints.back() != point) records_.checkpoints.push_back(point);
}

}  // namespace

base::Result<engine::Settings> settingsOf(const Scenario& scenario, const Group& group, const RunOptions& options) {
  Json::Object all;
  put(all, "trackerAnnounce", Json(Json::Array{Json(World::kTrackerUrl)}));
  put(all, "rtcConfig", Json(Json::Object{{"iceServers", Json(Json::Array{})}}));
  for (const auto* layer : {&scenario.settings, &group.settings, &options.settings}) {
    for (const auto& [name, value] : *layer) put(all, name, value);
  }
  if (options.httpOnly) put(all, "useP2P", Json(false));
  auto settings = engine::settingsFromJson(Json(std::move(all)));
  if (!settings) return base::fail(settings.error().code, "group " + group.name + ": " + settings.error().detail);
  return settings;
}

base::Result<Records> runScenario(const Scenario& scenario, const RunOptions& options) {
  std::vector<engine::Settings> settings;
  for (const Group& group : scenario.groups) {
    auto one = settingsOf(scenario, group, options);
    if (!one) return std::unexpected(one.error());
    settings.push_back(*std::move(one));
  }
  return std::make_unique<Run>(scenario, options, std::move(settings))->run();
}

}  // namespace p2pml::sim::lab
