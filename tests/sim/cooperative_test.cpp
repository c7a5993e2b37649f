// The cooperative policy in whole swarms: what it must reach, and that nobody pays for it.

#include <gtest/gtest.h>

#include <string>

#include "tests/sim/swarm.hpp"

namespace p2pml::sim {
namespace {

using base::milliseconds;
using base::seconds;

NodeOptions cooperative(const World& world, engine::Startup startup = engine::Startup::fast) {
  NodeOptions options{.settings = world.settings()};
  options.settings.schedulingPolicy = engine::Scheduling::cooperative;
  options.settings.startupPolicy = startup;
  return options;
}

/// `count` viewers of a VOD of 16 x 4 s, 2 s apart.
double offloadOfVod(int count, engine::Startup startup, std::uint64_t seed) {
  Swarm swarm(seed);
  for (int i = 0; i < count; ++i) {
    if (i > 0) swarm.world.run(seconds(2));
    swarm.join(cooperative(swarm.world, startup));
  }
  EXPECT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
  EXPECT_EQ(swarm.badSegments(), 0U);
  EXPECT_EQ(swarm.skippedSegments(), 0);
  return swarm.offload();
}

// One copy of each segment and the first one of each who joins: 1 - (16 + 5) / 96.
TEST(Cooperative, SixViewersOfAVod) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    EXPECT_GE(offloadOfVod(6, engine::Startup::fast, seed), 0.78) << "seed " << seed;
    EXPECT_GE(offloadOfVod(6, engine::Startup::p2pFirst, seed), 0.82) << "seed " << seed;
  }
}

TEST(Cooperative, SixteenViewersOfAVod) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    EXPECT_GE(offloadOfVod(16, engine::Startup::fast, seed), 0.875) << "seed " << seed;
    EXPECT_GE(offloadOfVod(16, engine::Startup::p2pFirst, seed), 0.93) << "seed " << seed;
  }
}

}  // namespace
}  // namespace p2pml::sim
