// How long it takes until the last viewer has a new segment of a live stream: the seed's rules, the cooperative policy
// among peers that store and forward, and the same with nodes that relay.
//
//   p2pml_bench_sim_relay --viewers 1000 --peers 12 --segments 8
//
// N viewers on lines of 50/20 Mbit/s with 20 ms to the middle of the network; segments of 1 MiB and 4 s, which all of
// them need three segment durations after they can be had. Every viewer learns of a new segment within 200 ms. Printed:
// the time from then until half of the viewers, 95 % of them and the last one had it, copies from the origin, and bytes
// that came twice.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/sim/world.hpp"

namespace {

using namespace p2pml;
using base::milliseconds;
using base::seconds;

struct Config {
  std::size_t viewers = 200;
  std::int64_t peers = 12;
  std::int64_t segments = 8;  ///< measured
  std::int64_t seed = 1;
  std::int64_t kilobytes = 1024;
  std::int64_t behind = 3;  ///< segment durations
};

constexpr std::int64_t kDuration = 4000;
constexpr std::int64_t kWindow = 8;
constexpr std::int64_t kWarm = 6;  ///< segments that are not measured: peers are being met

struct Outcome {
  double half = 0;
  double most = 0;
  double last = 0;
  double copies = 0;
  double surplus = 0;
};

/// The classic policy, the cooperative one without and with the nodes' protocol.
enum class Kind { classic, forwarding, relaying };

Outcome run(const Config& config, Kind kind) {
  sim::World world(static_cast<std::uint64_t>(config.seed));
  const auto size = static_cast<std::size_t>(config.kilobytes) * 1024;
  world.origin().handle("/live/", [&](const sim::HttpAsk& ask) {
    sim::HttpReply reply;
    const std::int64_t number = std::atoll(ask.path.c_str() + std::string_view("/live/").size());
    if ((number + 1) * kDuration > base::toMilliseconds(ask.now)) {
      reply.status = 404;
      return reply;
    }
    reply.body = world.bodies().get("relay", static_cast<std::uint64_t>(number), size);
    return reply;
  });
  sim::NodeOptions options{.settings = world.settings()};
  options.keepEvents = false;
  options.line = {20'000'000 / 8, 50'000'000 / 8, milliseconds(20), 0};
  options.settings.maxPeers = config.peers;
  options.settings.peerRequestsPerAnnounce = std::min<std::int64_t>(config.peers, 10);
  if (kind != Kind::classic) options.settings.schedulingPolicy = engine::Scheduling::cooperative;
  options.settings.peerExtension = kind == Kind::relaying;

  const std::int64_t total = kWarm + config.segments;
  std::vector<std::vector<double>> delays(static_cast<std::size_t>(total));
  for (std::size_t i = 0; i < config.viewers; ++i) {
    sim::Node& node = world.addNode(options);
    node.listener = [&world, &delays](const engine::Output& event) {
      const auto* loaded = std::get_if<engine::output::SegmentLoaded>(&event);
      if (loaded == nullptr) return;
      const std::int64_t number = std::atoll(loaded->segment.sequence.c_str());
      if (number < 0 || number >= static_cast<std::int64_t>(delays.size())) return;
      const std::int64_t ms = base::toMilliseconds(world.now()) - (number + 1) * kDuration;
      delays[static_cast<std::size_t>(number)].push_back(static_cast<double>(ms) / 1000);
    };
    // A tick of the player: it looks into the playlist soon after each new segment.
    const std::int64_t phase = static_cast<std::int64_t>(world.rng().below(200));
    for (std::int64_t newest = 0; newest < total + 4; ++newest) {
      const auto when = base::TimePoint(milliseconds((newest + 1) * kDuration + phase));
      world.queue().at(when, [&node, newest, &config, phase, total] {
        const std::int64_t playing = std::max<std::int64_t>(0, newest - config.behind);
        const std::int64_t last = std::min(newest, total - 1);
        if (last < playing) return;
        auto list = sim::World::segments("relay", static_cast<std::uint64_t>(playing), static_cast<std::uint64_t>(last),
                                         "/live/", ".ts");
        for (std::size_t k = 0; k < list.size(); ++k) {
          list[k].duration = kDuration;
          list[k].neededIn = static_cast<std::int64_t>(k + 1) * kDuration - phase;
        }
        node.load(std::move(list), sim::World::streamSwarmId("relay"), sim::World::streamProperties());
      });
    }
  }
  const auto before = [&] { return world.origin().total().bytes; };
  world.runUntil(base::TimePoint(milliseconds((kWarm + 1) * kDuration)));
  const std::uint64_t warmBytes = before();
  world.runUntil(base::TimePoint(milliseconds((total + 4) * kDuration)));

  Outcome outcome;
  outcome.copies =
      static_cast<double>(before() - warmBytes) / static_cast<double>(size) / static_cast<double>(config.segments);
  std::uint64_t received = 0;
  for (const auto& node : world.nodes()) received += node->stats().httpBytes + node->stats().p2pBytes;
  outcome.surplus = static_cast<double>(received) / static_cast<double>(size) / static_cast<double>(total) /
                        static_cast<double>(config.viewers) -
                    1;
  for (std::int64_t n = kWarm; n < total; ++n) {
    auto& list = delays[static_cast<std::size_t>(n)];
    std::sort(list.begin(), list.end());
    if (list.size() < config.viewers) std::printf("  segment %d: %zu viewers only\n", static_cast<int>(n), list.size());
    if (list.empty()) continue;
    const auto share = 1 / static_cast<double>(config.segments);
    outcome.half += list[list.size() / 2] * share;
    outcome.most += list[list.size() * 95 / 100] * share;
    outcome.last += list.back() * share;
  }
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  Config config;
  std::string only;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::int64_t value = std::atoll(argv[i + 1]);
    if (name == "--viewers") config.viewers = static_cast<std::size_t>(value);
    if (name == "--peers") config.peers = value;
    if (name == "--segments") config.segments = value;
    if (name == "--seed") config.seed = value;
    if (name == "--kilobytes") config.kilobytes = value;
    if (name == "--behind") config.behind = value;
    if (name == "--only") only = argv[i + 1];
  }
  std::printf("%zu viewers, at most %d peers each, %d segments of %d KiB\n", config.viewers,
              static_cast<int>(config.peers), static_cast<int>(config.segments), static_cast<int>(config.kilobytes));
  std::printf("%-11s %8s %8s %8s %8s %8s\n", "", "half/s", "95%/s", "last/s", "copies", "surplus");
  const std::pair<const char*, Kind> kinds[] = {
      {"classic", Kind::classic}, {"forwarding", Kind::forwarding}, {"relaying", Kind::relaying}};
  for (const auto& [name, kind] : kinds) {
    if (!only.empty() && only != name) continue;
    const Outcome outcome = run(config, kind);
    std::printf("%-11s %8.2f %8.2f %8.2f %8.1f %7.1f%%\n", name, outcome.half, outcome.most, outcome.last,
                outcome.copies, outcome.surplus * 100);
    std::fflush(stdout);
  }
}
