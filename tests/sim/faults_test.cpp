// Swarms under faults: of the tracker, the origin, the network and of peers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "media/synthetic.hpp"
#include "tests/sim/swarm.hpp"

namespace p2pml::sim {
namespace {

using base::milliseconds;
using base::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Faults, ATrackerThatIsDownAtTheStartIsFoundWhenItComesBack) {
  StreamOptions stream;
  stream.count = 40;
  Swarm swarm(1, stream);
  swarm.world.tracker().setUp(false);
  swarm.joinAll(3, seconds(1));
  swarm.world.run(seconds(30));
  for (const auto& viewer : swarm.viewers) EXPECT_EQ(viewer->node().peers(), 0U);
  swarm.world.tracker().setUp(true);
  // The longest pause between two tries is 30 s + 20 % (docs/protocol/tracker-websocket.md 5c.3).
  swarm.world.run(seconds(40));
  for (const auto& viewer : swarm.viewers) EXPECT_EQ(viewer->node().peers(), 2U) << viewer->node().name();
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
}

TEST(Faults, ATrackerThatGoesAwayDoesNotDisturbThoseWhoAreConnected) {
  Swarm swarm(2);
  swarm.joinAll(4, seconds(1));
  swarm.world.run(seconds(5));
  swarm.world.tracker().setUp(false);
  swarm.world.run(seconds(20));
  for (const auto& viewer : swarm.viewers) EXPECT_EQ(viewer->node().peers(), 3U);
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
  EXPECT_GE(swarm.offload(), 0.5);
}

TEST(Faults, AMuteTrackerOnlyCostsTheSharing) {
  Swarm swarm(3);
  swarm.world.tracker().mute = true;
  swarm.joinAll(2, seconds(1));
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
  EXPECT_EQ(swarm.world.origin().total().gets, 32U);
}

TEST(Faults, ThirtyPercentOfTheOriginsAnswersAreErrors) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    Swarm swarm(seed);
    swarm.world.origin().addFault({.share = 0.3, .change = [](HttpReply& reply) {
                                     reply.status = 500;
                                     reply.body = base::Bytes::copyOf("sorry");
                                   }});
    swarm.joinAll(3, seconds(1));
    ASSERT_TRUE(swarm.runToEnd(seconds(300))) << "seed " << seed;
    EXPECT_EQ(swarm.badSegments(), 0U) << "seed " << seed;
    EXPECT_EQ(swarm.skippedSegments(), 0) << "seed " << seed;
    RecordProperty("stalls" + std::to_string(seed), std::to_string(base::toMilliseconds(swarm.stallTime())));
  }
}

TEST(Faults, ABodyThatStallsIsAskedForAgainAtOnce) {
  World world(1);
  world.origin().serveSegments("/s/", ".ts", "demo", 100'000);
  world.origin().addFault(
      {.urlContains = "/0.ts", .times = 1, .change = [](HttpReply& reply) { reply.stallAfter = 30'000; }});
  NodeOptions options{.settings = world.settings()};
  options.settings.useP2P = false;
  options.settings.httpDownloadProbability = 0;
  Node& node = world.addNode(std::move(options));
  node.load(World::segments("s", 0, 0), World::streamSwarmId("s"));
  world.run(seconds(20));
  // Last bytes at 20 ms, silence of 3000 ms (httpNotReceivingBytesTimeout), then 20 ms for the second try.
  EXPECT_THAT(node.eventsWith("loaded"), ::testing::ElementsAre("3.040 loaded s+V0+0 http"));
  EXPECT_EQ(world.origin().total().gets, 2U);
}

TEST(Faults, StallsOfTheOriginAreNotSeenByViewers) {
  Swarm swarm(4);
  swarm.world.origin().addFault(
      {.urlContains = "/5.bin", .times = 3, .change = [](HttpReply& reply) { reply.stallAfter = 300'000; }});
  swarm.joinAll(3, seconds(2));
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
  EXPECT_EQ(swarm.badSegments(), 0U);
}

TEST(Faults, ATruncatedBodyIsNeverDeliveredOrShared) {
  Swarm swarm(5);
  swarm.world.origin().addFault({.share = 0.2, .change = [](HttpReply& reply) { reply.cutAfter = 500'000; }});
  swarm.joinAll(4, seconds(1));
  ASSERT_TRUE(swarm.runToEnd(seconds(400)));
  EXPECT_EQ(swarm.badSegments(), 0U);
  EXPECT_EQ(swarm.skippedSegments(), 0);
}

TEST(Faults, APeerKilledInTheMiddleOfASegmentCostsNoStall) {
  Swarm swarm(6);
  // Slow enough that a segment takes seconds, so that there is a middle.
  const Line slow{.upBytesPerSecond = 700'000, .latency = milliseconds(10)};
  for (int i = 0; i < 4; ++i) {
    swarm.join(NodeOptions{.settings = swarm.world.settings(), .line = slow});
    swarm.world.run(seconds(2));
  }
  Node& victim = swarm.viewers[0]->node();
  ASSERT_TRUE(swarm.world.runUntil([&] { return victim.stats().uploadedBytes > 3'000'000; }, seconds(60)));
  const base::TimePoint killed = swarm.world.now();
  victim.crash();
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  for (std::size_t i = 1; i < swarm.viewers.size(); ++i) {
    EXPECT_THAT(swarm.viewers[i]->player().stalls(), IsEmpty()) << i;
    EXPECT_THAT(swarm.viewers[i]->node().eventsWith("peer_close"), SizeIs(::testing::Ge(1U))) << i;
  }
  EXPECT_EQ(swarm.badSegments(), 0U);
  EXPECT_GT(swarm.world.now(), killed);
}

TEST(Faults, GarbageFromAPeerHarmsNobody) {
  for (const std::string& garbage : {std::string("{\"c\":2,\"m\":5}"), std::string("{\"c\":0,\"i\":7}"),
                                     std::string("{\"c\":99}"), std::string(70'000, '\xff'), std::string("{\"")}) {
    Swarm swarm(7);
    swarm.joinAll(3, seconds(1));
    Node& liar = swarm.viewers[0]->node();
    swarm.world.run(seconds(3));
    swarm.world.fabric().tamper(liar.id(), [&](const base::Bytes&) { return base::Bytes::copyOf(garbage); });
    ASSERT_TRUE(swarm.runToEnd(seconds(300))) << garbage.substr(0, 20);
    EXPECT_EQ(swarm.badSegments(), 0U) << garbage.substr(0, 20);
    EXPECT_EQ(swarm.skippedSegments(), 0) << garbage.substr(0, 20);
  }
}

TEST(Faults, WithAValidatorSpoiltBodiesAreNeitherDeliveredNorShared) {
  Swarm swarm(8);
  const auto validate = [&swarm](const engine::output::ValidateSegment& what) -> std::optional<base::Error> {
    const std::string prefix = World::streamSwarmId(swarm.stream.swarm) + "+";
    const auto number = std::stoull(what.segment.id.substr(prefix.size()));
    if (media::isSyntheticBody(*what.segment.data, swarm.stream.name, number, swarm.stream.segmentBytes)) return {};
    return base::Error{base::ErrorCode::malformed, "not the origin's bytes"};
  };
  for (int i = 0; i < 3; ++i) {
    NodeOptions options{.settings = swarm.world.settings()};
    options.capabilities.segmentValidator = true;
    SimViewer& viewer = swarm.join(std::move(options));
    viewer.node().validator = validate;
    swarm.world.run(seconds(1));
  }
  // All big messages of the first viewer carry wrong bytes: right lengths, wrong content.
  swarm.world.fabric().tamper(swarm.viewers[0]->node().id(), [](const base::Bytes& message) {
    return message.size() < 1000 ? message : base::Bytes::adopt(std::string(message.size(), 'x'));
  });
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.badSegments(), 0U);
  EXPECT_EQ(swarm.skippedSegments(), 0);
}

TEST(Faults, PairsThatCannotReachEachOtherStillShareThroughOthers) {
  Swarm apart(9);
  Node& a = apart.join().node();
  Node& b = apart.join().node();
  apart.world.network().forbid(a.id(), b.id());
  apart.world.run(seconds(2));
  apart.join();
  ASSERT_TRUE(apart.runToEnd(seconds(300)));
  EXPECT_EQ(a.peers(), 1U);
  EXPECT_EQ(b.peers(), 1U);
  EXPECT_EQ(apart.stallTime(), base::Duration(0));
  EXPECT_EQ(apart.badSegments(), 0U);
}

TEST(Faults, APartitionLeavesTwoSwarmsThatBothWork) {
  StreamOptions stream;
  stream.count = 30;
  Swarm swarm(10, stream);
  swarm.joinAll(4, seconds(1));
  swarm.world.run(seconds(10));
  // Two and two, who do not reach each other any more; origin and tracker are there for all.
  Network& network = swarm.world.network();
  network.forbid(swarm.viewers[0]->node().id(), swarm.viewers[2]->node().id());
  network.forbid(swarm.viewers[0]->node().id(), swarm.viewers[3]->node().id());
  network.forbid(swarm.viewers[1]->node().id(), swarm.viewers[2]->node().id());
  network.forbid(swarm.viewers[1]->node().id(), swarm.viewers[3]->node().id());
  swarm.world.run(seconds(20));
  EXPECT_EQ(swarm.viewers[0]->node().peers(), 1U);
  EXPECT_EQ(swarm.viewers[3]->node().peers(), 1U);
  ASSERT_TRUE(swarm.runToEnd(seconds(300)));
  EXPECT_EQ(swarm.stallTime(), base::Duration(0));
}

TEST(Faults, LeaversAreForgottenPolitely) {
  Swarm swarm(11);
  swarm.joinAll(3, seconds(1));
  swarm.world.run(seconds(5));
  swarm.viewers[1]->leave();
  swarm.world.run(seconds(1));
  EXPECT_EQ(swarm.world.tracker().statistics().peers, 2U);
  EXPECT_EQ(swarm.viewers[0]->node().peers(), 1U);
  EXPECT_EQ(swarm.viewers[2]->node().peers(), 1U);
}

}  // namespace
}  // namespace p2pml::sim
