// Runs a fixed set of scenarios, each with several seeds and each twice, and prints one line "scenario seed digest" for
// each. Fails if the two runs of one pair differ. compare.sh puts the lines of two builds (g++ and clang) beside each
// other.
//
//   p2pml_determinism [seeds]      seeds per scenario, 3 without

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/sim/swarm.hpp"

namespace p2pml::sim {
namespace {

using base::milliseconds;
using base::seconds;

StreamOptions smallStream() {
  StreamOptions stream;
  stream.segmentBytes = 150'000;
  stream.segmentDuration = seconds(2);
  return stream;
}

/// Six viewers of a VOD who come one after the other.
std::string vod(std::uint64_t seed) {
  Swarm swarm(seed, smallStream());
  swarm.joinAll(6, milliseconds(700));
  swarm.runToEnd(seconds(120));
  return swarm.world.digest();
}

/// A live stream on lossy home lines, with coming and going.
std::string live(std::uint64_t seed) {
  StreamOptions stream = smallStream();
  stream.live = true;
  stream.liveBack = 6;
  Swarm swarm(seed, stream);
  swarm.world.run(seconds(30));
  for (int i = 0; i < 8; ++i) {
    const auto latency = milliseconds(swarm.world.rng().between(5, 60));
    const auto up = static_cast<std::uint64_t>(swarm.world.rng().between(100'000, 2'000'000));
    swarm.join(NodeOptions{
        .settings = swarm.world.settings(),
        .line = {.upBytesPerSecond = up, .downBytesPerSecond = 3'000'000, .latency = latency, .loss = 0.001}});
    swarm.world.run(milliseconds(swarm.world.rng().between(100, 2000)));
  }
  swarm.world.run(seconds(20));
  swarm.viewers[0]->leave();
  swarm.viewers[1]->node().crash();
  swarm.world.run(seconds(30));
  return swarm.world.digest();
}

/// Errors, stalls and truncation of the origin, a tracker that comes and goes, a peer that talks garbage.
std::string faults(std::uint64_t seed) {
  Swarm swarm(seed, smallStream());
  SimOrigin& origin = swarm.world.origin();
  origin.addFault({.share = 0.1, .change = [](HttpReply& reply) { reply.status = 503; }});
  origin.addFault({.share = 0.1, .change = [](HttpReply& reply) { reply.stallAfter = 40'000; }});
  origin.addFault({.share = 0.1, .change = [](HttpReply& reply) { reply.cutAfter = 70'000; }});
  swarm.joinAll(5, milliseconds(900));
  swarm.world.run(seconds(3));
  swarm.world.tracker().setUp(false);
  swarm.world.fabric().tamper(swarm.viewers[2]->node().id(), [](const base::Bytes& message) {
    return message.size() > 100 ? message : base::Bytes::copyOf("{\"c\":2,\"m\":[]}");
  });
  swarm.world.run(seconds(10));
  swarm.world.tracker().setUp(true);
  swarm.runToEnd(seconds(120));
  return swarm.world.digest();
}

/// Viewers who change between two streams.
std::string streams(std::uint64_t seed) {
  Swarm swarm(seed, smallStream());
  swarm.world.origin().serveSegments("/low/", ".bin", swarm.stream.name, swarm.stream.segmentBytes);
  swarm.joinAll(4, milliseconds(500));
  for (int i = 0; i < 8; ++i) {
    swarm.world.run(seconds(2));
    const auto who = static_cast<std::size_t>(swarm.world.rng().below(4));
    const bool low = swarm.world.rng().below(2) == 0;
    swarm.viewers[who]->switchTo(low ? "low" : swarm.stream.swarm, low ? "/low/" : swarm.stream.path);
  }
  swarm.runToEnd(seconds(120));
  return swarm.world.digest();
}

struct Scenario {
  const char* name;
  std::string (*run)(std::uint64_t seed);
};
constexpr Scenario kScenarios[] = {{"vod", vod}, {"live", live}, {"faults", faults}, {"streams", streams}};

int runAll(std::uint64_t seeds) {
  int differences = 0;
  for (const Scenario& scenario : kScenarios) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const std::string first = scenario.run(seed);
      const std::string second = scenario.run(seed);
      std::printf("%s %llu %s\n", scenario.name, static_cast<unsigned long long>(seed), first.c_str());
      if (first == second) continue;
      ++differences;
      std::fprintf(stderr, "%s, seed %llu: two runs differ: %s and %s\n", scenario.name,
                   static_cast<unsigned long long>(seed), first.c_str(), second.c_str());
    }
  }
  return differences == 0 ? 0 : 1;
}

}  // namespace
}  // namespace p2pml::sim

int main(int argc, char** argv) {
  const unsigned long long seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 3;
  return p2pml::sim::runAll(seeds == 0 ? 3 : seeds);
}
