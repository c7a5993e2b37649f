// What a simulated viewer costs, in time and in memory, and whether that stays flat as the swarm grows.
//
//   p2pml_bench_sim_scale --viewers 1000 --peers 15 --warm 60 --measure 30
//
// N viewers watch one live stream (segments of 4 s and 1 MiB, playlists of 8, playback 7 behind the edge) on lines of
// 50/20 Mbit/s with 20 ms to the middle of the network. They come spread over the first `--arrivals` seconds; then
// `--churn` percent of them a minute leave and are replaced. Measured is the last `--measure` virtual seconds.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/sim/sim_viewer.hpp"
#include "platform/sim/world.hpp"

namespace {

using namespace p2pml;

struct Config {
  std::size_t viewers = 1000;
  std::int64_t peers = 15;
  std::int64_t arrivals = 40;  ///< virtual seconds
  std::int64_t warm = 60;      ///< virtual seconds before the measured ones
  std::int64_t measure = 20;   ///< virtual seconds
  std::int64_t churn = 20;     ///< percent of the viewers a minute
  std::uint32_t chunk = 16 * 1024;
  sim::Bodies bodies = sim::Bodies::named;
  std::string protocol = "G0";
  std::uint64_t seed = 1;
};

std::uint64_t residentBytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

double processorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<Config> parse(int argc, char** argv) {
  Config config;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return std::nullopt;
    const std::string_view name = argv[i];
    const std::int64_t value = std::atoll(argv[i + 1]);
    if (name == "--viewers") {
      config.viewers = static_cast<std::size_t>(value);
    } else if (name == "--peers") {
      config.peers = value;
    } else if (name == "--arrivals") {
      config.arrivals = value;
    } else if (name == "--warm") {
      config.warm = value;
    } else if (name == "--measure") {
      config.measure = value;
    } else if (name == "--churn") {
      config.churn = value;
    } else if (name == "--chunk") {
      config.chunk = static_cast<std::uint32_t>(value);
    } else if (name == "--real-bodies") {
      config.bodies = value != 0 ? sim::Bodies::real : sim::Bodies::named;
    } else if (name == "--protocol") {
      config.protocol = argv[i + 1];
    } else if (name == "--seed") {
      config.seed = static_cast<std::uint64_t>(value);
    } else {
      return std::nullopt;
    }
  }
  const bool sane = config.viewers > 0 && config.peers > 0 && config.arrivals > 0 && config.warm > 0 &&
                    config.measure > 0 && config.churn >= 0 && config.chunk > 0 &&
                    engine::generationNamed(config.protocol);
  return sane ? std::optional(config) : std::nullopt;
}

class Audience {
 public:
  explicit Audience(const Config& config) : config_(config), world_(config.seed, worldOptions(config)) {
    stream_.live = true;
    stream_.liveBack = 7;
    stream_.window = 8;
    sim::serveStream(world_, stream_);
    viewers_.reserve(config.viewers * 2);
    // The stream runs already.
    world_.run(stream_.segmentDuration * 8);
    const base::Duration step = base::seconds(config.arrivals) / static_cast<std::int64_t>(config.viewers);
    for (std::size_t i = 0; i < config.viewers; ++i) {
      world_.queue().after(step * static_cast<std::int64_t>(i), [this] { enter(); });
    }
    if (config.churn > 0) scheduleChurn(base::seconds(config.arrivals));
  }

  sim::World& world() { return world_; }

  struct Totals {
    std::uint64_t steps = 0;
    std::uint64_t events = 0;
    std::uint64_t peers = 0;
    std::uint64_t http = 0;
    std::uint64_t p2p = 0;
    std::uint64_t bad = 0;
    std::int64_t stallMs = 0;
    std::size_t there = 0;
  };
  Totals totals() {
    Totals all;
    all.events = world_.queue().executed();
    for (const auto& viewer : viewers_) {
      all.steps += viewer->node().driverStats().steps;
      all.http += viewer->node().stats().httpBytes;
      all.p2p += viewer->node().stats().p2pBytes;
      all.bad += viewer->badSegments();
      all.stallMs += base::toMilliseconds(viewer->stallTime());
      const std::size_t peers = viewer->node().peers();
      all.peers += peers;
      if (peers > 0) ++all.there;
    }
    return all;
  }

 private:
  static sim::WorldOptions worldOptions(const Config& config) {
    sim::WorldOptions options;
    options.chunkBytes = config.chunk;
    options.bodies = config.bodies;
    options.tracker.maxSockets = config.viewers * 4;
    return options;
  }

  void enter() {
    sim::NodeOptions options;
    options.settings = world_.settings();
    options.settings.maxPeers = config_.peers;
    options.settings.peerProtocols = {*engine::generationNamed(config_.protocol)};
    options.line = {20'000'000 / 8, 50'000'000 / 8, base::milliseconds(20), 0};
    options.keepEvents = false;
    sim::Node& node = world_.addNode(std::move(options));
    viewers_.push_back(std::make_unique<sim::SimViewer>(world_, node, stream_));
    present_.push_back(viewers_.size() - 1);
  }

  void scheduleChurn(base::Duration after) {
    const base::Duration pause = base::seconds(6000) / (config_.churn * static_cast<std::int64_t>(config_.viewers));
    world_.queue().after(after, [this, pause] {
      const auto place = static_cast<std::size_t>(world_.rng().below(present_.size()));
      viewers_[present_[place]]->leave();
      present_[place] = present_.back();
      present_.pop_back();
      enter();
      scheduleChurn(pause);
    });
  }

  Config config_;
  sim::StreamOptions stream_;
  sim::World world_;
  std::vector<std::unique_ptr<sim::SimViewer>> viewers_;
  std::vector<std::size_t> present_;
};

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

int main(int argc, char** argv) {
  const auto config = parse(argc, argv);
  if (!config) {
    std::fputs(
        "usage: p2pml_bench_sim_scale [--viewers N] [--peers N] [--arrivals s] [--warm s] [--measure s] [--churn %]\n"
        "                             [--chunk bytes] [--real-bodies 0|1] [--protocol G0|G2|G3|G4] [--seed N]\n",
        stderr);
    return 2;
  }
  const std::uint64_t emptyBytes = residentBytes();
  const double begun = processorSeconds();
  Audience audience(*config);
  audience.world().run(base::seconds(config->warm));
  const double warmed = processorSeconds();
  const auto before = audience.totals();
  const double from = processorSeconds();
  audience.world().run(base::seconds(config->measure));
  const double spent = processorSeconds() - from;
  const auto after = audience.totals();
  const std::uint64_t bytes = residentBytes() - emptyBytes;

  const auto viewers = static_cast<double>(config->viewers);
  const auto seconds = static_cast<double>(config->measure);
  const auto steps = static_cast<double>(after.steps - before.steps);
  const auto events = static_cast<double>(after.events - before.events);
  std::printf("viewers %zu, at most %lld peers, %s, grain %u, churn %lld %%/min, seed %llu\n", config->viewers,
              static_cast<long long>(config->peers), config->protocol.c_str(), config->chunk,
              static_cast<long long>(config->churn), static_cast<unsigned long long>(config->seed));
  std::printf("  warm-up                %10.2f CPU s for %lld s\n", warmed - begun,
              static_cast<long long>(config->warm));
  std::printf("  CPU s a virtual s      %10.4f  (%.2f us a viewer)\n", spent / seconds,
              1e6 * spent / seconds / viewers);
  std::printf("  events a virtual s     %10.0f  (%.1f a viewer)\n", events / seconds, events / seconds / viewers);
  std::printf("  steps a virtual s      %10.0f  (%.1f a viewer)\n", steps / seconds, steps / seconds / viewers);
  std::printf("  ns a step, all in      %10.0f\n", 1e9 * spent / steps);
  std::printf("  memory                 %10.1f MiB  (%.1f KiB a viewer)\n", mib(bytes),
              static_cast<double>(bytes) / 1024 / viewers);
  std::printf("  peers a viewer         %10.2f\n", static_cast<double>(after.peers) / viewers);
  std::printf("  offload                %10.4f  bad segments %llu, stalled %.1f ms a viewer\n",
              static_cast<double>(after.p2p - before.p2p) /
                  static_cast<double>(after.p2p - before.p2p + after.http - before.http),
              static_cast<unsigned long long>(after.bad), static_cast<double>(after.stallMs) / viewers);
  std::printf("  digest                 %s\n", audience.world().digest().c_str());
  return after.bad == 0 ? 0 : 1;
}
