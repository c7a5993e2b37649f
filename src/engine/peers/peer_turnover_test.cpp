#include "engine/peers/peer_turnover.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/testing/loader_harness.hpp"

namespace p2pml::engine {
namespace {

using base::ConnectionId;
using base::milliseconds;
using base::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// ------------------------------------------------------------------------------------------------------ the decision

class PeerTurnoverTest : public testing::Test {
 protected:
  static base::TimePoint at(std::int64_t ms) { return base::TimePoint(milliseconds(ms)); }
  static RemoteKey remote(const std::string& node) { return {node, {}, {}}; }
  PeerTurnover::Use& add(const std::string& node, Generation generation = Generation::g0) {
    peers.add(remote(node), {ConnectionId(peers.size() + 1), generation, {}, {}});
    return uses[node] = {.since = at(0), .usedAt = base::TimePoint::min(), .busy = false, .failing = false};
  }
  std::string leaver(std::int64_t ms, Generation generation = Generation::g0) {
    const auto* member =
        turnover.leaver(at(ms), peers, generation, [&](const auto& entry) { return uses.at(entry.first.node); });
    return member == nullptr ? "nobody" : member->first.node;
  }

  Settings settings;
  base::Rng rng{7};
  Swarms swarms{settings, rng};
  PeerSet peers{swarms};
  std::map<std::string, PeerTurnover::Use> uses;
  PeerTurnover turnover{seconds(15)};
};

TEST_F(PeerTurnoverTest, WhoMovedNothingFor30SecondsMayGo) {
  PeerTurnover::Use& a = add("a");
  EXPECT_EQ(leaver(29'999), "nobody");
  EXPECT_EQ(leaver(30'000), "a");
  a.usedAt = at(5'000);
  EXPECT_EQ(leaver(34'999), "nobody");
  EXPECT_EQ(leaver(35'000), "a");
  EXPECT_EQ(leaver(35'000, Generation::g3), "nobody") << "it is not of that generation";
}

TEST_F(PeerTurnoverTest, WhoIsBusyStays) {
  PeerTurnover::Use& a = add("a");
  a.busy = true;
  EXPECT_EQ(leaver(100'000), "nobody");
  a.failing = true;
  EXPECT_EQ(leaver(100'000), "nobody");
}

TEST_F(PeerTurnoverTest, WhoFailedGoesFirstAndSoon) {
  add("idle");
  PeerTurnover::Use& young = add("young");
  young.usedAt = at(35'000);
  EXPECT_EQ(leaver(40'000), "idle");
  young.failing = true;
  EXPECT_EQ(leaver(39'999), "idle");
  EXPECT_EQ(leaver(40'000), "young");
}

TEST_F(PeerTurnoverTest, TheOneUnusedForLongestGoes) {
  add("a").usedAt = at(2'000);
  add("b").usedAt = at(1'000);
  add("c").since = at(3'000);
  EXPECT_EQ(leaver(40'000), "b");
  uses["b"].usedAt = at(39'000);
  EXPECT_EQ(leaver(40'000), "a");
}

TEST_F(PeerTurnoverTest, OneAtATime) {
  EXPECT_TRUE(turnover.due(at(0), remote("x")));
  turnover.left(at(0), remote("a"));
  EXPECT_FALSE(turnover.due(at(14'999), remote("x")));
  EXPECT_TRUE(turnover.due(at(15'000), remote("x")));
}

TEST_F(PeerTurnoverTest, NobodyGoesIfItIsOff) { EXPECT_FALSE(PeerTurnover(seconds(0)).due(at(0), remote("x"))); }

TEST_F(PeerTurnoverTest, WhoWentIsNotLetInForAnotherForFiveMinutes) {
  turnover.left(at(0), remote("a"));
  EXPECT_TRUE(turnover.due(at(20'000), remote("b")));
  EXPECT_FALSE(turnover.due(at(20'000), remote("a")));
  EXPECT_FALSE(turnover.due(at(299'999), remote("a")));
  EXPECT_TRUE(turnover.due(at(300'000), remote("a")));
}

TEST_F(PeerTurnoverTest, TheLast64AreRemembered) {
  PeerTurnover quick(milliseconds(1));
  for (std::size_t i = 0; i < PeerTurnover::kMaxRemembered; ++i) {
    quick.left(at(static_cast<std::int64_t>(i)), remote("n" + std::to_string(i)));
  }
  EXPECT_FALSE(quick.due(at(1'000), remote("n0")));
  quick.left(at(100), remote("one more"));
  EXPECT_TRUE(quick.due(at(1'000), remote("n0")));
  EXPECT_FALSE(quick.due(at(1'000), remote("n1")));
}

// -------------------------------------------------------------------------------------------------------- in a loader

Settings fullOfTwo() {
  Settings settings = LoaderHarness::quietSettings();
  settings.schedulingPolicy = Scheduling::cooperative;
  settings.simultaneousHttpDownloads = 0;
  settings.maxPeers = 2;
  settings.peerTurnoverInterval = 15'000;
  return settings;
}

class FullLoaderTest : public testing::Test {
 protected:
  explicit FullLoaderTest(Settings settings = fullOfTwo()) : world(std::move(settings)) {
    world.load({1, 2});
    a = world.connectPeer("a");
    world.advanceTo(1'000);
    b = world.connectPeer("b");
    world.takeNews();
  }

  LoaderHarness world;
  FakePeer a{world, {}};
  FakePeer b{world, {}};
};

TEST_F(FullLoaderTest, AnIdlePeerMakesRoomForANewcomer) {
  world.advanceTo(29'999);
  EXPECT_FALSE(world.relayOffer("c", "too early"));
  world.advanceTo(30'000);
  const auto c = world.relayOffer("c", "in time");
  ASSERT_TRUE(c);
  EXPECT_THAT(world.takeNews(), IsEmpty()) << "nobody goes before the newcomer is there";
  EXPECT_FALSE(world.relayOffer("d", "one at a time"));
  world.opened(*c);
  EXPECT_THAT(world.takeNews(), ElementsAre("close a", "connect c 192.0.2.1"));
  EXPECT_FALSE(a.isOpen());
  world.advanceTo(44'999);
  EXPECT_FALSE(world.relayOffer("d", "within the interval"));
  world.advanceTo(45'000);
  EXPECT_FALSE(world.relayOffer("a", "who has just gone"));
  world.connectPeer("d");
  EXPECT_THAT(world.takeNews(), ElementsAre("close b", "connect d 192.0.2.1"));
  EXPECT_THAT(world.loader().getDetails().peers, SizeIs(2));
}

TEST_F(FullLoaderTest, WhoWentComesBackWhereThereIsAPlace) {
  world.advanceTo(30'000);
  world.connectPeer("c");
  world.takeNews();
  b.close();
  world.connectPeer("a");
  EXPECT_THAT(world.takeNews(), ElementsAre("close b", "connect a 192.0.2.1"));
}

TEST_F(FullLoaderTest, WhoIsSendingOrWasUsedLatelyStays) {
  world.advanceTo(20'000);
  a.has({1});
  EXPECT_THAT(a.receivedNoMaps(), SizeIs(1)) << "it is asked for the segment";
  a.delivers(1, "12345");
  world.advanceTo(48'900);
  b.has({2});
  b.announces(2, 10);  // it is sending
  world.advanceTo(49'999);
  EXPECT_FALSE(world.relayOffer("c", "c"));
  world.advanceTo(50'000);
  world.takeNews();
  world.connectPeer("c");
  EXPECT_THAT(world.takeNews(), ElementsAre("close a", "connect c 192.0.2.1"));
  EXPECT_TRUE(b.isOpen());
}

TEST_F(FullLoaderTest, WhoIsBeingSentToStays) {
  world.advanceTo(20'000);
  a.has({1});
  a.delivers(1, "12345");
  world.advanceTo(25'000);
  b.requests(1);
  world.advanceTo(54'999);
  world.takeNews();
  world.connectPeer("c");
  EXPECT_THAT(world.takeNews(), ElementsAre("close a", "connect c 192.0.2.1"));
}

TEST_F(FullLoaderTest, ANewcomerWhoNeverComesCostsNobodyHisPlace) {
  world.advanceTo(30'000);
  const auto c = world.relayOffer("c", "c");
  ASSERT_TRUE(c);
  world.closed(*c);
  EXPECT_THAT(world.takeNews(), IsEmpty());
  EXPECT_TRUE(a.isOpen());
  EXPECT_TRUE(world.relayOffer("d", "d")) << "and does not use up the turn";
}

TEST_F(FullLoaderTest, WhoHasBecomeUsefulMeanwhileStays) {
  world.advanceTo(30'000);
  const auto c = world.relayOffer("c", "c");
  ASSERT_TRUE(c);
  a.has({1});
  a.announces(1, 10);
  b.has({2});
  b.announces(2, 10);
  world.opened(*c);
  EXPECT_THAT(world.takeNews(), IsEmpty());
  EXPECT_FALSE(world.open().exists(*c));
}

TEST(FullClassicLoader, DeclinesEverybodyForEver) {
  Settings settings = fullOfTwo();
  settings.schedulingPolicy = Scheduling::classic;
  LoaderHarness world(settings);
  world.load({1});
  world.connectPeer("a");
  world.connectPeer("b");
  world.advanceTo(3'600'000);
  EXPECT_FALSE(world.relayOffer("c", "c"));
}

TEST(FullLoader, DeclinesEverybodyIfTurnoverIsOff) {
  Settings settings = fullOfTwo();
  settings.peerTurnoverInterval = 0;
  LoaderHarness world(settings);
  world.load({1});
  world.connectPeer("a");
  world.connectPeer("b");
  world.advanceTo(3'600'000);
  EXPECT_FALSE(world.relayOffer("c", "c"));
}

}  // namespace
}  // namespace p2pml::engine
