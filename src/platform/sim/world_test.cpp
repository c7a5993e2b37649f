#include "platform/sim/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace p2pml::sim {
namespace {

using base::milliseconds;
using base::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(World, NothingHappensBeforeItRuns) {
  World world(1);
  Node& node = world.addNode();
  node.load(World::segments("s", 0, 3), World::streamSwarmId("s"));
  EXPECT_EQ(world.origin().total().gets, 0U);
  EXPECT_THAT(node.events(), IsEmpty());
}

TEST(World, ALonelyLoaderFetchesFromTheOriginAtExactTimes) {
  WorldOptions options;
  options.originLine = {.upBytesPerSecond = 1'000'000, .latency = milliseconds(15)};
  World world(1, std::move(options));
  world.origin().serveSegments("/s/", ".ts", "demo", 100'000);
  NodeOptions nodeOptions{.settings = world.settings()};
  nodeOptions.settings.useP2P = false;
  nodeOptions.settings.simultaneousHttpDownloads = 1;
  nodeOptions.settings.httpDownloadProbability = 0;
  Node& node = world.addNode(std::move(nodeOptions));
  node.load(World::segments("s", 0, 1), World::streamSwarmId("s"));
  world.run(seconds(3));
  // Request 20 ms there, 100 ms at the origin's rate, 20 ms back; the second after the first.
  EXPECT_THAT(node.eventsWith("loaded"), ElementsAre("0.140 loaded s+V0+0 http", "0.280 loaded s+V0+1 http"));
  EXPECT_EQ(world.origin().total(), (SimOrigin::Count{2, 200'000}));
  EXPECT_EQ(world.tracker().statistics().sockets, 0U);
}

TEST(World, ACrashIsSilent) {
  World world(1);
  Node& node = world.addNode();
  node.load(World::segments("s", 0, 1), World::streamSwarmId("s"));
  world.run(seconds(1));
  EXPECT_EQ(world.tracker().statistics().peers, 1U);
  node.crash();
  EXPECT_FALSE(node.running());
  world.run(seconds(1));
  EXPECT_EQ(world.tracker().statistics().peers, 1U) << "the tracker has not heard anything";
}

TEST(World, APoliteLeaverIsForgottenByTheTracker) {
  World world(1);
  Node& node = world.addNode();
  node.load(World::segments("s", 0, 1), World::streamSwarmId("s"));
  world.run(seconds(1));
  node.destroy();
  world.run(seconds(1));
  EXPECT_EQ(world.tracker().statistics().peers, 0U);
}

}  // namespace
}  // namespace p2pml::sim
