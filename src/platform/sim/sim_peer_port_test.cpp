#include "platform/sim/sim_peer_port.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/contract/peer_port_contract.hpp"

namespace p2pml::contract {
namespace {

class SimPeerWorld final : public PeerWorld {
 public:
  SimPeerWorld() {
    for (const Side side : {A, B}) {
      nodes[side] = network.addNode({.upBytesPerSecond = 4'000'000, .downBytesPerSecond = 8'000'000});
      ports[side] = std::make_unique<sim::SimPeerPort>(fabric, nodes[side], sink(side));
    }
  }
  driver::PeerPort& port(Side side) override { return *ports[side]; }
  void destroyPort(Side side) override { ports[side].reset(); }
  bool runUntil(const std::function<bool()>& done) override {
    const base::TimePoint end = queue.now() + base::seconds(60);
    while (!done()) {
      if (queue.nextTime() > end || !queue.step()) return done();
    }
    return true;
  }
  void settle() override { queue.runUntil(queue.now() + base::seconds(5)); }
  std::string withOtherFingerprint(std::string sdp) override {
    const std::string key = "a=fingerprint:sim ";
    return sdp.insert(sdp.find(key) + key.size(), "9");
  }

  sim::EventQueue queue;
  sim::Network network{queue};
  sim::PeerFabric fabric{network};
  sim::NodeId nodes[2];
  std::unique_ptr<sim::SimPeerPort> ports[2];
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sim, PeerPortContract, SimPeerWorld);

class SimPeerPortTest : public ::testing::Test {
 protected:
  /// Milliseconds now.
  std::int64_t now() { return base::toMilliseconds(world.queue.now()); }
  void connect() {
    world.port(PeerWorld::A).createOffer(kOffer, "label");
    ASSERT_TRUE(world.runUntil([&] { return offerer().descriptions.size() == 1; }));
    world.port(PeerWorld::B).createAnswer(kAnswer, offerer().descriptions[0]);
    ASSERT_TRUE(world.runUntil([&] { return answerer().descriptions.size() == 1; }));
    world.port(PeerWorld::A).setAnswer(kOffer, answerer().descriptions[0]);
  }
  PeerStory offerer() { return storyOf(world.events[0], kOffer); }
  PeerStory answerer() { return storyOf(world.events[1], kAnswer); }

  static constexpr base::ConnectionId kOffer{1};
  static constexpr base::ConnectionId kAnswer{2};
  SimPeerWorld world;
};

TEST_F(SimPeerPortTest, TheHandshakeTakesGatheringTwiceAndFourRoundTrips) {
  connect();
  ASSERT_TRUE(world.runUntil([&] { return offerer().opens == 1; }));
  EXPECT_EQ(now(), 20 + 20 + 4 * 20);
  EXPECT_EQ(offerer().remoteAddress, "10.0.0.2");
  EXPECT_EQ(world.fabric.openConnections(), 1U);
}

TEST_F(SimPeerPortTest, APoliteCloseIsNoticedAfterTheLatency) {
  connect();
  ASSERT_TRUE(world.runUntil([&] { return answerer().opens == 1; }));
  const auto before = now();
  world.port(PeerWorld::A).close(kOffer);
  ASSERT_TRUE(world.runUntil([&] { return answerer().closes.size() == 1; }));
  EXPECT_EQ(now() - before, 10);
  EXPECT_EQ(answerer().closes[0].code, base::ErrorCode::aborted);
  EXPECT_EQ(world.fabric.openConnections(), 0U);
}

TEST_F(SimPeerPortTest, AKilledPeerIsNoticedAfterTheSilenceLimit) {
  connect();
  ASSERT_TRUE(world.runUntil([&] { return answerer().opens == 1; }));
  const auto before = now();
  world.network.kill(world.nodes[0]);
  world.destroyPort(PeerWorld::A);
  ASSERT_TRUE(world.runUntil([&] { return answerer().closes.size() == 1; }));
  EXPECT_EQ(now() - before, 10000);
  EXPECT_EQ(answerer().closes[0].code, base::ErrorCode::timeout);
}

TEST_F(SimPeerPortTest, AShortBreakOfThePathIsSurvived) {
  connect();
  ASSERT_TRUE(world.runUntil([&] { return answerer().opens == 1; }));
  world.network.setGroup(world.nodes[0], 1);
  world.port(PeerWorld::A).send(kOffer, numberedMessage(10, 1));
  world.queue.runUntil(world.queue.now() + base::seconds(7));
  EXPECT_TRUE(answerer().messages.empty());
  world.network.setGroup(world.nodes[0], 0);
  world.queue.runUntil(world.queue.now() + base::seconds(20));
  EXPECT_EQ(answerer().messages.size(), 1U);
  EXPECT_TRUE(answerer().closes.empty());
  EXPECT_TRUE(offerer().closes.empty());
}

TEST_F(SimPeerPortTest, AForbiddenPairGivesUpAfterTheHandshakeTimeout) {
  world.network.forbid(world.nodes[0], world.nodes[1]);
  connect();
  ASSERT_TRUE(world.runUntil([&] { return offerer().closes.size() == 1 && answerer().closes.size() == 1; }));
  EXPECT_EQ(now(), 20 + 20 + 80 + 15'000);
  EXPECT_EQ(offerer().opens, 0);
}

TEST_F(SimPeerPortTest, TamperedMessagesArriveChanged) {
  connect();
  ASSERT_TRUE(world.runUntil([&] { return answerer().opens == 1; }));
  world.fabric.tamper(world.nodes[0], [](const base::Bytes&) { return base::Bytes::copyOf("garbage"); });
  for (int i = 0; i < 3; ++i) world.port(PeerWorld::A).send(kOffer, numberedMessage(60'000, 1));
  ASSERT_TRUE(world.runUntil([&] { return answerer().messages.size() == 3; }));
  world.settle();
  EXPECT_EQ(answerer().messages[0].text(), "garbage");
  EXPECT_GE(offerer().drained + 65'536, 180'000U);
}

TEST_F(SimPeerPortTest, AConnectionWhoseMessageIsTamperedAwayStaysSilent) {
  connect();
  ASSERT_TRUE(world.runUntil([&] { return answerer().opens == 1; }));
  world.fabric.tamper(world.nodes[0], [](const base::Bytes&) { return base::Bytes(); });
  world.port(PeerWorld::A).send(kOffer, numberedMessage(60'000, 1));
  world.settle();
  EXPECT_TRUE(answerer().messages.empty());
  world.fabric.tamper(world.nodes[0], {});
  world.port(PeerWorld::A).send(kOffer, numberedMessage(10, 2));
  world.settle();
  EXPECT_TRUE(answerer().messages.empty());
  EXPECT_TRUE(answerer().closes.empty());
  EXPECT_EQ(world.fabric.openConnections(), 1U);
}

}  // namespace
}  // namespace p2pml::contract
