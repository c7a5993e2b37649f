#include "platform/sim/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace p2pml::sim {
namespace {

using base::milliseconds;
using base::seconds;
using ::testing::ElementsAre;

base::Bytes bytes(std::size_t size) { return base::Bytes::copyOf(std::string(size, 'x')); }

class NetworkTest : public ::testing::Test {
 protected:
  /// A pipe that notes "<milliseconds> <tag>" for every message.
  std::shared_ptr<Pipe> pipe(NodeId from, NodeId to) {
    return network.openPipe(
        from, to,
        {[this](Pipe::Message message) { note(message.tag); }, [this](std::uint64_t total) { leftTotal = total; }});
  }
  void note(std::uint32_t tag) {
    const auto now = base::toMilliseconds(events.now());
    log.push_back(std::to_string(now) + " " + std::to_string(tag));
  }
  void run(base::Duration duration) { events.runUntil(events.now() + duration); }

  EventQueue events;
  Network network{events};
  std::vector<std::string> log;
  std::uint64_t leftTotal = 0;
};

TEST_F(NetworkTest, WithoutLimitsAMessageTakesTheLatency) {
  const NodeId a = network.addNode({.latency = milliseconds(10)});
  const NodeId b = network.addNode({.latency = milliseconds(30)});
  const auto line = pipe(a, b);
  line->send({1, bytes(500'000)});
  line->send({2, {}});
  EXPECT_TRUE(log.empty());
  run(seconds(1));
  EXPECT_THAT(log, ElementsAre("40 1", "40 2"));
  EXPECT_EQ(leftTotal, 500'000U);
}

TEST_F(NetworkTest, TheUpRateIsExact) {
  const NodeId a = network.addNode({.upBytesPerSecond = 1'000'000, .latency = {}});
  const NodeId b = network.addNode({.latency = {}});
  const auto line = pipe(a, b);
  line->send({1, bytes(300'000)});
  line->send({2, bytes(700'000)});
  run(seconds(2));
  EXPECT_THAT(log, ElementsAre("300 1", "1000 2"));
}

TEST_F(NetworkTest, TheDownRateIsSharedFairlyByItsPipes) {
  const NodeId a = network.addNode({.latency = {}});
  const NodeId b = network.addNode({.latency = {}});
  const NodeId c = network.addNode({.downBytesPerSecond = 1'638'400, .latency = {}});
  const auto big = pipe(a, c);
  const auto small = pipe(b, c);
  big->send({1, bytes(819'200)});
  small->send({2, bytes(81'920)});
  run(seconds(2));
  // In turns of 16384 bytes (10 ms): the small one is through after ten turns of two.
  EXPECT_THAT(log, ElementsAre("100 2", "550 1"));
}

// In turns of 16 KiB a viewer of 0.1 Mbit/s asked its peers seconds too late for what it needed.
TEST_F(NetworkTest, ASlowLineIsSharedInSmallerTurns) {
  const NodeId a = network.addNode({.upBytesPerSecond = 12'500, .latency = {}});
  const NodeId b = network.addNode({.latency = {}});
  const NodeId c = network.addNode({.latency = {}});
  const auto big = pipe(a, b);
  const auto small = pipe(a, c);
  big->send({1, bytes(125'000)});
  run(milliseconds(100));
  small->send({2, bytes(125)});
  run(seconds(20));
  // A fifth of a second for each turn of the big one; the rate stays exact.
  EXPECT_THAT(log, ElementsAre("210 2", "10010 1"));
}

TEST_F(NetworkTest, ASmallMessageOfAnotherPipeDoesNotWaitForABigOne) {
  const NodeId a = network.addNode({.upBytesPerSecond = 1'638'400, .latency = {}});
  const NodeId b = network.addNode({.latency = {}});
  const auto big = pipe(a, b);
  const auto small = pipe(a, b);
  big->send({1, bytes(1'638'400)});
  small->send({2, bytes(0)});
  run(seconds(2));
  EXPECT_THAT(log, ElementsAre("10 2", "1000 1"));
}

TEST_F(NetworkTest, TheWindowBoundsTheRateByTheRoundTrip) {
  network.window = 65'536;
  const NodeId a = network.addNode({.latency = milliseconds(25)});
  const NodeId b = network.addNode({.latency = milliseconds(25)});
  const auto line = pipe(a, b);
  for (std::uint32_t i = 0; i < 4; ++i) line->send({i, bytes(65'536)});
  run(seconds(2));
  EXPECT_THAT(log, ElementsAre("50 0", "150 1", "250 2", "350 3"));
}

TEST_F(NetworkTest, LossBoundsTheRate) {
  // Chunks enter 56.9 ms apart: the eighteenth, the last of the first message, after 967 ms.
  // 1.2 x 1200 / (0.05 x sqrt(0.01)) = 288000 bytes a second, about the 2 Mbit/s that real stacks showed on such a
  // path.
  const NodeId a = network.addNode({.latency = milliseconds(25), .loss = 0.01});
  const NodeId b = network.addNode({.latency = {}});
  const auto line = pipe(a, b);
  line->send({1, bytes(288'000)});
  line->send({2, {}});
  run(seconds(5));
  ASSERT_EQ(log.size(), 2U);
  EXPECT_THAT(log, ElementsAre("992 1", "1025 2"));
}

TEST_F(NetworkTest, ABrokenPathHoldsEverythingUntilItWorksAgain) {
  const NodeId a = network.addNode({.latency = milliseconds(5)});
  const NodeId b = network.addNode({.latency = milliseconds(5)});
  const auto line = pipe(a, b);
  line->send({1, bytes(10)});
  network.setGroup(b, 1);
  line->send({2, bytes(10)});
  run(milliseconds(100));
  EXPECT_TRUE(log.empty());
  network.setGroup(b, 0);
  line->send({3, bytes(10)});
  run(milliseconds(100));
  EXPECT_THAT(log, ElementsAre("100 1", "100 2", "110 3"));
}

TEST_F(NetworkTest, SidesAreApartButReachTheMiddle) {
  const NodeId server = network.addNode({});
  const NodeId a = network.addNode({});
  const NodeId b = network.addNode({});
  const NodeId c = network.addNode({});
  network.setSides({{a, 1}, {b, 2}, {c, 2}});
  EXPECT_FALSE(network.reaches(a, b));
  EXPECT_FALSE(network.reaches(c, a));
  EXPECT_TRUE(network.reaches(b, c));
  for (const NodeId node : {a, b, c}) EXPECT_TRUE(network.reaches(node, server) && network.reaches(server, node));
  const auto line = pipe(a, b);
  line->send({1, bytes(10)});
  run(milliseconds(100));
  EXPECT_TRUE(log.empty());
  network.setSides({{a, 0}, {b, 0}, {c, 0}});
  run(milliseconds(100));
  EXPECT_THAT(log, ElementsAre("100 1"));
}

TEST_F(NetworkTest, NothingReachesOrLeavesADeadNode) {
  const NodeId a = network.addNode({});
  const NodeId b = network.addNode({});
  const auto line = pipe(a, b);
  line->send({1, bytes(10)});
  network.signal(b, a, [this] { note(7); });
  network.kill(a);
  run(seconds(10));
  EXPECT_TRUE(log.empty());
  EXPECT_FALSE(network.reaches(b, a));
}

TEST_F(NetworkTest, AClosedPipeIsSilentAlsoWhenClosedByItsOwnHandler) {
  const NodeId a = network.addNode({});
  const NodeId b = network.addNode({});
  std::shared_ptr<Pipe> line;
  line = network.openPipe(a, b,
                          {[&](Pipe::Message message) {
                             note(message.tag);
                             line->close();
                             line.reset();
                           },
                           {}});
  line->send({1, bytes(10)});
  line->send({2, bytes(10)});
  run(seconds(1));
  EXPECT_THAT(log, ElementsAre("10 1"));
}

TEST_F(NetworkTest, ForbiddenPairsReachOthers) {
  const NodeId a = network.addNode({});
  const NodeId b = network.addNode({});
  const NodeId c = network.addNode({});
  network.forbid(b, a);
  EXPECT_FALSE(network.reaches(a, b));
  EXPECT_TRUE(network.reaches(a, c));
  network.allow(a, b);
  EXPECT_TRUE(network.reaches(a, b));
}

}  // namespace
}  // namespace p2pml::sim
