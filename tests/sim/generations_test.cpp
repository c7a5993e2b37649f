// Viewers of several generations in one world: each sees its own swarm alone, bridges join them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/swarm.hpp"

namespace p2pml::sim {
namespace {

using base::seconds;
using engine::Generation;

std::string segmentOf(std::uint64_t n) { return World::segmentId("bench", n); }

NodeOptions speaking(const World& world, std::vector<Generation> generations) {
  NodeOptions options{.settings = world.settings()};
  options.settings.peerProtocols = std::move(generations);
  return options;
}

/// What only peers may serve.
NodeOptions withoutHttp(NodeOptions options) {
  options.settings.requiredSegmentsPriority = -1;
  options.settings.httpDownloadProbability = 0;
  return options;
}

std::vector<std::size_t> peersBySwarm(const Node& node) {
  std::vector<std::size_t> result;
  for (const auto& swarm : node.details().swarms) result.push_back(swarm.peers);
  return result;
}

constexpr std::uint64_t kCount = 12;

void loadAll(Node& node) {
  node.load(World::segments("bench", 0, kCount - 1), World::streamSwarmId("bench"), World::streamProperties());
}

bool hasAll(const Node& node) {
  for (std::uint64_t n = 0; n < kCount; ++n) {
    if (!node.hasLoaded(segmentOf(n))) return false;
  }
  return true;
}

TEST(Generations, OneBridgeFeedsTwoGenerationsWithOneDownloadEach) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    World world(seed);
    world.origin().serveSegments("/s/", ".ts", "bench", 100'000);
    std::vector<Node*> viewers;
    for (const Generation generation : {Generation::g0, Generation::g3}) {
      for (int i = 0; i < 3; ++i) viewers.push_back(&world.addNode(withoutHttp(speaking(world, {generation}))));
    }
    NodeOptions options = speaking(world, {Generation::g0, Generation::g3});
    options.settings.requiredSegmentsPriority = static_cast<std::int64_t>(kCount);
    Node& bridge = world.addNode(std::move(options));
    for (Node* viewer : viewers) loadAll(*viewer);
    world.run(seconds(1));
    loadAll(bridge);
    ASSERT_TRUE(
        world.runUntil([&] { return std::ranges::all_of(viewers, [](Node* v) { return hasAll(*v); }); }, seconds(60)))
        << "seed " << seed;
    EXPECT_TRUE(hasAll(bridge));
    EXPECT_EQ(world.origin().total().gets, kCount) << "seed " << seed;
    EXPECT_EQ(world.origin().total().bytes, kCount * 100'000) << "seed " << seed;
    for (Node* viewer : viewers) {
      EXPECT_EQ(viewer->stats().segmentsOverHttp, 0U);
      EXPECT_EQ(viewer->stats().peerFaults, 0U) << viewer->name() << " seed " << seed;
    }
    EXPECT_EQ(bridge.stats().peerFaults, 0U);
    // Everybody knows his own kind and the bridge; the bridge knows all.
    for (Node* viewer : viewers) EXPECT_EQ(viewer->peers(), 3U) << viewer->name() << " seed " << seed;
    EXPECT_EQ(peersBySwarm(bridge), (std::vector<std::size_t>{3, 3})) << "seed " << seed;
  }
}

TEST(Generations, ViewersOfTwoGenerationsPlayTheWholeStreamThroughABridge) {
  Swarm swarm(4);
  swarm.join(speaking(swarm.world, {Generation::g0, Generation::g3}));
  for (int i = 0; i < 4; ++i) {
    swarm.world.run(seconds(2));
    swarm.join(speaking(swarm.world, {i % 2 == 0 ? Generation::g0 : Generation::g3}));
  }
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  RecordProperty("offload", std::to_string(swarm.offload()));
  EXPECT_GE(swarm.offload(), 0.60);
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
  EXPECT_EQ(swarm.badSegments(), 0U);
  EXPECT_EQ(swarm.skippedSegments(), 0);
}

TEST(Generations, TwoBridgesInThreeSwarmsKeepOneConnection) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    World world(seed);
    world.origin().serveSegments("/s/", ".ts", "bench", 100'000);
    const std::vector<Generation> all{Generation::g0, Generation::g2, Generation::g3};
    Node& a = world.addNode(withoutHttp(speaking(world, all)));
    Node& b = world.addNode(withoutHttp(speaking(world, all)));
    loadAll(a);
    // Half of the time both come at one moment, so that offers cross in all three swarms.
    if (seed % 2 == 0) world.run(seconds(2));
    loadAll(b);
    std::size_t most = 0;
    for (int i = 0; i < 1000; ++i) {
      world.run(base::milliseconds(10));
      most = std::max<std::size_t>(most, world.fabric().openConnections());
    }
    EXPECT_GT(most, 1U) << "seed " << seed << ": they met only once, which shows nothing";
    EXPECT_EQ(world.fabric().openConnections(), 1U) << "seed " << seed;
    for (const Node* node : {&a, &b}) {
      EXPECT_EQ(node->peers(), 1U) << node->name() << " seed " << seed;
      const std::vector<std::size_t> bySwarm = peersBySwarm(*node);
      ASSERT_EQ(bySwarm.size(), 3U) << node->name() << " seed " << seed;
      EXPECT_EQ(bySwarm[0] + bySwarm[1] + bySwarm[2], 1U) << node->name() << " seed " << seed;
    }
    // Announcing again makes no further one that stays.
    world.run(seconds(300));
    EXPECT_EQ(world.fabric().openConnections(), 1U) << "seed " << seed;
    EXPECT_EQ(a.peers(), 1U) << "seed " << seed;
    EXPECT_EQ(b.peers(), 1U) << "seed " << seed;
  }
}

TEST(Generations, PlacesForPeersAreSharedFairly) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    World world(seed);
    world.origin().serveSegments("/s/", ".ts", "bench", 10'000);
    NodeOptions options = withoutHttp(speaking(world, {Generation::g0, Generation::g3}));
    options.settings.maxPeers = 4;
    Node& bridge = world.addNode(std::move(options));
    loadAll(bridge);
    const auto join = [&](Generation generation) {
      loadAll(world.addNode(withoutHttp(speaking(world, {generation}))));
      world.run(seconds(2));
    };
    // The first swarm is crowded before anybody of the second is there: they may have all places...
    for (int i = 0; i < 8; ++i) join(Generation::g0);
    world.run(seconds(60));
    EXPECT_EQ(peersBySwarm(bridge), (std::vector<std::size_t>{4, 0})) << "seed " << seed;
    // ... until they are wanted by the others, who get their half and not more.
    for (int i = 0; i < 8; ++i) join(Generation::g3);
    world.run(seconds(300));
    EXPECT_EQ(peersBySwarm(bridge), (std::vector<std::size_t>{2, 2})) << "seed " << seed;
    EXPECT_EQ(bridge.peers(), 4U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace p2pml::sim
