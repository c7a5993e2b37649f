// The nodes' own protocol between whole viewers: segments that are passed on while they come, and everybody else
// unaffected (docs/protocol/node.md).

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/swarm.hpp"

namespace p2pml::sim {
namespace {

using base::milliseconds;
using base::seconds;

NodeOptions cooperative(const World& world, bool extension) {
  NodeOptions options{.settings = world.settings()};
  options.settings.schedulingPolicy = engine::Scheduling::cooperative;
  options.settings.peerExtension = extension;
  return options;
}

/// All are to have these segments in time; the first one fetches at once.
void loadAll(const std::vector<Node*>& nodes, std::uint64_t from, std::uint64_t to) {
  for (Node* node : nodes) {
    auto list = World::segments("row", from, to);
    for (engine::Segment& segment : list) {
      segment.duration = 4000;
      segment.neededIn = 20'000 + segment.priority * 4000;
    }
    if (node == nodes[0]) list.back().neededIn = 0;
    node->load(std::move(list), World::streamSwarmId("row"));
  }
}

/// Four in a row, each of whom reaches its neighbours only and sends a segment of 1 MB in a second; only the first may
/// fetch. How much later than the first the last one has it.
base::Duration lag(bool extension) {
  World world(5);
  world.origin().serveSegments("/s/", ".ts", "row", 1'000'000);
  std::vector<Node*> row;
  for (int i = 0; i < 4; ++i) {
    NodeOptions options = cooperative(world, extension);
    options.line = {1'000'000, 0, milliseconds(5), 0};
    if (i > 0) options.settings.simultaneousHttpDownloads = 0;
    row.push_back(&world.addNode(options));
  }
  for (std::size_t a = 0; a < row.size(); ++a) {
    for (std::size_t b = a + 2; b < row.size(); ++b) world.network().forbid(row[a]->id(), row[b]->id());
  }
  loadAll(row, 0, 0);
  world.run(seconds(20));
  loadAll(row, 1, 1);
  world.run(seconds(20));
  const std::string id = World::segmentId("row", 1);
  for (const Node* node : row) EXPECT_TRUE(node->hasLoaded(id)) << node->name();
  if (!row[0]->hasLoaded(id) || !row[3]->hasLoaded(id)) return {};
  EXPECT_EQ(row[3]->loaded().at(id).method, engine::Method::p2p);
  return row[3]->loaded().at(id).at - row[0]->loaded().at(id).at;
}

TEST(Relay, ARowOfNodesHasASegmentInLittleMoreThanTheTimeOfOneHop) {
  const base::Duration relayed = lag(true);
  const base::Duration stored = lag(false);
  EXPECT_GE(stored, seconds(3));
  EXPECT_LE(relayed, milliseconds(1300));
}

/// A line of 3 Mbit/s brings a segment of 1 MB to one neighbour in 2.7 s, who passes it on to all as it comes. Shared
/// by three, it would take 8 s to each of them, and to all others.
TEST(Relay, ASlowLineServesOneAndHoldsNobodyUp) {
  World world(5);
  world.origin().serveSegments("/s/", ".ts", "row", 1'000'000);
  std::vector<Node*> nodes;
  for (int i = 0; i < 8; ++i) {
    NodeOptions options = cooperative(world, true);
    options.line = {i == 0 ? 375'000U : 5'000'000U, 0, milliseconds(5), 0};
    if (i > 0) options.settings.simultaneousHttpDownloads = 0;
    nodes.push_back(&world.addNode(options));
  }
  // The first one shows what its line can do.
  for (std::uint64_t number : {0U, 1U}) {
    loadAll(nodes, number, number);
    world.run(seconds(20));
  }
  const std::string id = World::segmentId("row", 1);
  for (const Node* node : nodes) {
    ASSERT_TRUE(node->hasLoaded(id)) << node->name();
    EXPECT_LE(node->loaded().at(id).at - nodes[0]->loaded().at(id).at, seconds(5)) << node->name();
  }
}

/// Some speak it, some do not: all get the same stream.
TEST(Relay, MixedSwarms) {
  for (const std::uint64_t seed : {1U, 2U}) {
    Swarm swarm(seed);
    for (int i = 0; i < 8; ++i) {
      NodeOptions options = cooperative(swarm.world, i % 2 == 0);
      if (i % 4 == 3) options.settings.schedulingPolicy = engine::Scheduling::classic;
      if (i > 0) swarm.world.run(seconds(1));
      swarm.join(options);
    }
    ASSERT_TRUE(swarm.runToEnd(seconds(300)));
    EXPECT_EQ(swarm.badSegments(), 0U);
    EXPECT_EQ(swarm.skippedSegments(), 0);
    EXPECT_EQ(swarm.stallTime(), base::Duration(0));
    EXPECT_GE(swarm.offload(), 0.75);
    for (const auto& viewer : swarm.viewers) EXPECT_EQ(viewer->node().stats().peerFaults, 0U);
  }
}

/// Nodes that meet in two swarms keep one connection, and it speaks the nodes' protocol.
TEST(Relay, Bridges) {
  Swarm swarm(3);
  for (int i = 0; i < 4; ++i) {
    NodeOptions options = cooperative(swarm.world, true);
    options.settings.peerProtocols = {engine::Generation::g0, engine::Generation::g3};
    if (i > 0) swarm.world.run(seconds(2));
    swarm.join(options);
  }
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.badSegments(), 0U);
  EXPECT_GE(swarm.offload(), 0.7);
  for (const auto& viewer : swarm.viewers) {
    EXPECT_EQ(viewer->node().peers(), 3U);
    EXPECT_EQ(viewer->node().stats().peerFaults, 0U);
  }
}

TEST(Relay, TheSameSeedGivesTheSameRun) {
  std::vector<std::string> digests;
  for (int run = 0; run < 2; ++run) {
    Swarm swarm(9);
    for (int i = 0; i < 5; ++i) {
      if (i > 0) swarm.world.run(milliseconds(700));
      swarm.join(cooperative(swarm.world, true));
    }
    swarm.world.run(seconds(20));
    digests.push_back(swarm.world.digest());
  }
  EXPECT_EQ(digests[0], digests[1]);
}

}  // namespace
}  // namespace p2pml::sim
