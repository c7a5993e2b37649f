// How viewers share: who gets what from whom, and when.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <variant>

#include "tests/sim/swarm.hpp"

namespace p2pml::sim {
namespace {

using base::milliseconds;
using base::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Settings under which nothing is left to chance.
NodeOptions quiet(const World& world) {
  NodeOptions options{.settings = world.settings()};
  options.settings.httpDownloadProbability = 0;
  return options;
}

TEST(Sharing, TwoViewersConnectAtTheTimeTheStepsTake) {
  World world(1);
  world.origin().serveSegments("/s/", ".ts", "demo", 10'000);
  Node& a = world.addNode(quiet(world));
  a.load(World::segments("s", 0, 3), World::streamSwarmId("s"));
  world.run(seconds(2));
  Node& b = world.addNode(quiet(world));
  b.load(World::segments("s", 0, 3), World::streamSwarmId("s"));
  world.run(seconds(1));
  // All latencies are 10 ms. Socket open 20 ms (its offers are gathered meanwhile, 20 ms), announce and relay 20 ms,
  // answer gathered 20 ms, answer back 20 ms, handshake 80 ms.
  ASSERT_THAT(b.eventsWith("peer_connect"), SizeIs(1));
  EXPECT_EQ(b.eventsWith("peer_connect")[0], "2.160 peer_connect");
  EXPECT_THAT(a.eventsWith("peer_connect"), ElementsAre("2.160 peer_connect"));
  // One announce carried all ten offers, and the tracker gave one of them to the only other viewer.
  EXPECT_EQ(world.fabric().openConnections(), 1U);
  EXPECT_EQ(a.peers(), 1U);
  EXPECT_EQ(b.peers(), 1U);
  world.run(seconds(600));
  EXPECT_EQ(world.fabric().openConnections(), 1U) << "re-announcing makes no further one";
  EXPECT_THAT(a.eventsWith("peer_close"), IsEmpty());
}

TEST(Sharing, WhatAPeerHasIsNotFetchedFromTheOriginAgain) {
  World world(1);
  world.origin().serveSegments("/s/", ".ts", "demo", 10'000);
  NodeOptions seed = quiet(world);
  seed.settings.requiredSegmentsPriority = 10;
  Node& a = world.addNode(std::move(seed));
  a.load(World::segments("s", 0, 9), World::streamSwarmId("s"));
  world.run(seconds(3));
  ASSERT_THAT(a.loaded(), SizeIs(10));
  ASSERT_EQ(world.origin().total().gets, 10U);

  Node& b = world.addNode(quiet(world));
  b.load(World::segments("s", 0, 9), World::streamSwarmId("s"));
  world.run(seconds(3));
  ASSERT_THAT(b.loaded(), SizeIs(10));
  // Priorities 0 and 1 are required at once, when there is no peer yet.
  EXPECT_EQ(world.origin().total().gets, 12U);
  EXPECT_EQ(b.stats().segmentsOverHttp, 2U);
  EXPECT_EQ(b.stats().segmentsOverP2p, 8U);
  EXPECT_EQ(a.stats().uploadedBytes, 80'000U);
  EXPECT_EQ(b.stats().p2pBytes, 80'000U);
  EXPECT_EQ(a.stats().peerFaults, 0U);
  EXPECT_EQ(b.stats().peerFaults, 0U);
}

TEST(Sharing, SixViewersOfAVodWithDefaultSettings) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    Swarm swarm(seed);
    swarm.joinAll(6, seconds(2));
    ASSERT_TRUE(swarm.runToEnd(seconds(300))) << "seed " << seed;
    RecordProperty("offload" + std::to_string(seed), std::to_string(swarm.offload()));
    EXPECT_GE(swarm.offload(), 0.70) << "seed " << seed;
    EXPECT_EQ(swarm.stallTime(), base::Duration(0)) << "seed " << seed;
    EXPECT_EQ(swarm.badSegments(), 0U);
    EXPECT_EQ(swarm.skippedSegments(), 0);
  }
}

TEST(Sharing, SixViewersOnHomeLines) {
  // 20 Mbit/s down and 8 up for a stream of 2 Mbit/s.
  Swarm swarm(4);
  for (int i = 0; i < 6; ++i) {
    swarm.join(NodeOptions{
        .settings = swarm.world.settings(),
        .line = {.upBytesPerSecond = 1'000'000, .downBytesPerSecond = 2'500'000, .latency = milliseconds(15)}});
    swarm.world.run(seconds(2));
  }
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  RecordProperty("offload", std::to_string(swarm.offload()));
  EXPECT_GE(swarm.offload(), 0.55);
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
  EXPECT_EQ(swarm.badSegments(), 0U);
}

TEST(Sharing, SixViewersOfALiveStream) {
  StreamOptions stream;
  stream.live = true;
  stream.liveBack = 7;
  stream.segmentBytes = 250'000;
  stream.segmentDuration = seconds(2);
  Swarm swarm(5, stream);
  swarm.world.run(seconds(40));
  swarm.joinAll(6, seconds(1));
  swarm.world.run(seconds(120));
  RecordProperty("offload", std::to_string(swarm.offload()));
  EXPECT_GE(swarm.offload(), 0.60);
  EXPECT_EQ(swarm.badSegments(), 0U);
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
}

TEST(Sharing, WithoutP2PNothingButTheOriginIsTouched) {
  Swarm swarm(1);
  for (int i = 0; i < 2; ++i) {
    NodeOptions options{.settings = swarm.world.settings()};
    options.settings.useP2P = false;
    swarm.join(std::move(options));
  }
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.world.tracker().statistics().messages, 0U);
  EXPECT_EQ(swarm.world.tracker().server().openSockets(), 0U);
  EXPECT_EQ(swarm.world.fabric().openConnections(), 0U);
  EXPECT_EQ(swarm.world.origin().total().gets, 32U);
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
}

TEST(Sharing, WithoutWebRtcEverythingComesOverHttp) {
  Swarm swarm(1);
  NodeOptions options{.settings = swarm.world.settings()};
  options.capabilities.webRtc = false;
  swarm.join(std::move(options));
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.world.tracker().statistics().messages, 0U);
  EXPECT_EQ(swarm.world.origin().total().gets, 16U);
}

TEST(Sharing, WhoOnlyConsumesUploadsNothing) {
  Swarm swarm(2);
  swarm.join();
  swarm.world.run(seconds(2));
  NodeOptions options{.settings = swarm.world.settings()};
  options.settings.consumeOnly = true;
  SimViewer& consumer = swarm.join(std::move(options));
  swarm.world.run(seconds(2));
  swarm.join();
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(consumer.node().stats().uploadedBytes, 0U);
  EXPECT_GT(consumer.node().stats().p2pBytes, 0U);
  EXPECT_EQ(swarm.badSegments(), 0U);
}

TEST(Sharing, AStreamChangeLeavesTheOldSwarmAndJoinsTheNew) {
  StreamOptions stream;
  stream.count = 30;
  Swarm swarm(3, stream);
  swarm.world.origin().serveSegments("/low/", ".bin", stream.name, stream.segmentBytes);
  swarm.joinAll(3, seconds(2));
  swarm.world.run(seconds(20));
  SimViewer& changing = *swarm.viewers[1];
  EXPECT_EQ(changing.node().peers(), 2U);
  changing.switchTo("low", "/low/");
  swarm.world.run(seconds(10));
  // Both swarms are as they should be at the tracker: two old viewers, one new.
  std::multiset<std::uint64_t> sizes;
  for (const auto& one : swarm.world.tracker().core().swarms(10)) sizes.insert(one.complete + one.incomplete);
  EXPECT_EQ(sizes, (std::multiset<std::uint64_t>{1, 2}));
  EXPECT_EQ(swarm.viewers[0]->node().peers(), 1U);
  EXPECT_EQ(changing.node().peers(), 0U);
  // Another follows, and they meet.
  swarm.viewers[2]->switchTo("low", "/low/");
  swarm.world.run(seconds(10));
  EXPECT_EQ(changing.node().peers(), 1U);
  EXPECT_EQ(swarm.viewers[2]->node().peers(), 1U);
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
  EXPECT_EQ(swarm.badSegments(), 0U);
}

// docs/protocol/tracker-websocket.md 5c.5: both sides' offers cross, yet one connection remains and nobody loses a
// segment.
TEST(Sharing, OffersThatCrossEndInOneConnection) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed);
    world.origin().serveSegments("/s/", ".ts", "demo", 200'000);
    // Both come at the same moment, so offers may go both ways.
    Node& a = world.addNode(quiet(world));
    Node& b = world.addNode(quiet(world));
    a.load(World::segments("s", 0, 9), World::streamSwarmId("s"));
    b.load(World::segments("s", 0, 9), World::streamSwarmId("s"));
    world.run(seconds(30));
    EXPECT_GE(world.tracker().statistics().answersRelayed, 1U) << "seed " << seed;
    EXPECT_EQ(world.fabric().openConnections(), 1U) << "seed " << seed;
    EXPECT_EQ(a.peers(), 1U) << "seed " << seed;
    EXPECT_EQ(b.peers(), 1U) << "seed " << seed;
    EXPECT_EQ(a.eventsWith("error").size() + b.eventsWith("error").size(), 0U) << "seed " << seed;
  }
}

TEST(Sharing, TheSameSeedGivesTheSameDigest) {
  const auto digestOf = [](std::uint64_t seed) {
    StreamOptions stream;
    stream.count = 8;
    stream.segmentBytes = 200'000;
    Swarm swarm(seed, stream);
    swarm.joinAll(4, seconds(1));
    swarm.runToEnd(seconds(120));
    return swarm.world.digest();
  };
  EXPECT_EQ(digestOf(1), digestOf(1));
  EXPECT_NE(digestOf(1), digestOf(2));
}

TEST(Sharing, NobodySpins) {
  Swarm swarm(6);
  swarm.joinAll(6, seconds(1));
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  for (const auto& viewer : swarm.viewers) {
    const auto& stats = viewer->node().driverStats();
    EXPECT_LT(stats.longestHotRun, 3U) << viewer->node().name();
    EXPECT_LT(stats.ticks, 60U * 70U) << viewer->node().name();
  }
}

}  // namespace
}  // namespace p2pml::sim
