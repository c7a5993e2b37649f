#include "platform/sim/lab/faults.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "media/synthetic.hpp"
#include "platform/sim/world.hpp"

namespace p2pml::sim::lab {
namespace {

using base::seconds;
using base::TimePoint;

class FaultsTest : public ::testing::Test {
 protected:
  static Span between(std::int64_t from, std::int64_t to) { return {TimePoint(seconds(from)), TimePoint(seconds(to))}; }
  World world{1};
  Scenario scenario;
};

TEST_F(FaultsTest, OutagesOfTheOriginMayOverlap) {
  scenario.originFaults = {{OriginFault::Kind::outage, between(1, 3)}, {OriginFault::Kind::outage, between(2, 5)}};
  Faults faults(world, scenario, 1);
  world.run(seconds(10));
  faults.schedule(world.now());
  EXPECT_TRUE(world.origin().up);
  for (const bool up : {true, false, false, false, false, true}) {
    EXPECT_EQ(world.origin().up, up) << world.now().time_since_epoch().count();
    world.run(seconds(1));
  }
}

TEST_F(FaultsTest, TheFateOfARequestDoesNotDependOnTheOthers) {
  scenario.originFaults = {{OriginFault::Kind::error, {}, 0.5}};
  const auto fates = [&](std::size_t others) {
    World other(1);
    other.origin().serveSegments("/s/", ".ts", "demo", 1000);
    Faults faults(other, scenario, 1);
    faults.schedule(other.now());
    NodeOptions options{.settings = other.settings()};
    options.settings.useP2P = false;
    std::vector<Node*> nodes;
    for (std::size_t i = 0; i < 1 + others; ++i) nodes.push_back(&other.addNode(NodeOptions(options)));
    for (std::size_t i = nodes.size(); i > 0; --i) {
      nodes[i - 1]->load(World::segments("s", 0, 9), World::streamSwarmId("s"));
    }
    other.run(seconds(5));
    return nodes[0]->events();
  };
  EXPECT_EQ(fates(0), fates(3));
  EXPECT_NE(fates(0).size(), 0U);
}

TEST_F(FaultsTest, TheTrackerGoesDownAndIsMute) {
  TrackerFault mute{between(3, 4), true};
  scenario.trackerFaults = {{between(1, 2), false}, mute};
  Faults faults(world, scenario, 1);
  faults.schedule(world.now());
  world.run(base::milliseconds(1500));
  EXPECT_FALSE(world.tracker().server().up);
  world.run(seconds(1));
  EXPECT_TRUE(world.tracker().server().up);
  EXPECT_FALSE(world.tracker().mute);
  world.run(seconds(1));
  EXPECT_TRUE(world.tracker().mute);
  world.run(seconds(1));
  EXPECT_FALSE(world.tracker().mute);
}

TEST_F(FaultsTest, APartitionAlsoTakesThoseWhoComeLater) {
  scenario.partitions = {{between(1, 5), 0.5}};
  Faults faults(world, scenario, 1);
  std::vector<NodeId> nodes;
  const auto join = [&](std::uint32_t viewer) {
    nodes.push_back(world.addNode().id());
    faults.onArrival(nodes.back(), viewer, Behaviour::honest);
  };
  const auto apart = [&] {
    int count = 0;
    for (const NodeId a : nodes) {
      EXPECT_TRUE(world.network().reaches(a, world.origin().node()));
      for (const NodeId b : nodes) count += world.network().reaches(a, b) ? 0 : 1;
    }
    return count;
  };
  for (std::uint32_t i = 0; i < 10; ++i) join(i);
  faults.schedule(world.now());
  world.run(base::milliseconds(500));
  EXPECT_EQ(apart(), 0);
  world.run(seconds(1));
  const int some = apart();
  EXPECT_GT(some, 0);
  for (std::uint32_t i = 10; i < 20; ++i) join(i);
  EXPECT_GT(apart(), 2 * some);
  faults.onGone(nodes.back());
  nodes.pop_back();
  world.run(seconds(5));
  EXPECT_EQ(apart(), 0);
}

TEST_F(FaultsTest, TheValidatorKnowsTheRightBytes) {
  const std::vector<Quality> qualities{{"high", 500}, {"low", 200}};
  Faults faults(world, scenario, 1);
  const auto validate = faults.validator(qualities);
  engine::output::ValidateSegment what;
  what.segment.streamId = "V1";
  what.segment.sequence = "7";
  EXPECT_TRUE(validate(what).has_value()) << "no data";
  what.segment.data = media::syntheticBody("lab1", 7, 200);
  EXPECT_FALSE(validate(what).has_value());
  what.segment.data = media::syntheticBody("lab0", 7, 200);
  EXPECT_TRUE(validate(what).has_value());
  what.segment.streamId = "V2";
  EXPECT_TRUE(validate(what).has_value()) << "no such quality";
}

}  // namespace
}  // namespace p2pml::sim::lab
