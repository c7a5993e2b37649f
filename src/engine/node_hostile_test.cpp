// P2pml nodes that lie about how far they are from a complete source, or go on sending what nobody wants any more
// (docs/protocol/node.md, "Relaying"): the segment comes in time all the same, and right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/testing/node_peer.hpp"

namespace p2pml::engine {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Status = wire::NodeEnd::Status;

Settings cooperative() {
  Settings settings = LoaderHarness::quietSettings();
  settings.schedulingPolicy = Scheduling::cooperative;
  return settings;
}

class NodeHostileTest : public testing::Test {
 protected:
  void load(const std::vector<int>& numbers, std::int64_t neededIn = 60'000) {
    std::vector<Segment> segments;
    for (const int number : numbers) {
      Segment segment = LoaderHarness::segment(number, static_cast<std::int64_t>(segments.size()));
      segment.duration = 4000;
      segment.neededIn = neededIn + 4000 * static_cast<std::int64_t>(segments.size());
      segments.push_back(std::move(segment));
    }
    world.loadSegments(std::move(segments));
  }
  /// HTTP sends the rest of a segment of 60,000 bytes, of which 20,000 are there.
  void restOverHttp() {
    input::HttpHead head;
    head.status = 206;
    head.rangeStart = 20'000;
    head.rangeTotal = 60'000;
    head.contentLength = 40'000;
    world.head("m+1", head);
    world.data("m+1", std::string(40'000, 'h'));
    world.done("m+1");
  }

  LoaderHarness world{cooperative()};
};

TEST_F(NodeHostileTest, WhoSaysThatItRelaysAndSendsNothingDelaysNobodyBeyondTheLatestMoment) {
  load({1}, 10'000);
  NodePeer alice = NodePeer::connect(world, "alice");
  alice.relays(1, 0);
  EXPECT_THAT(alice.received(), Contains("request 1 of 1 from 0 to 0"));
  world.advance(9000);
  ASSERT_TRUE(world.httpRunning("m+1"));
  world.respond("m+1", "whole");
  EXPECT_THAT(world.takeNews(), Contains("loaded m+1 5 http"));
  EXPECT_TRUE(alice.isOpen());
}

TEST_F(NodeHostileTest, ADepthThatWasToldDoesNotRiseWhateverTheSourceSaysLater) {
  load({1});
  NodePeer alice = NodePeer::connect(world, "alice");
  NodePeer bob = NodePeer::connect(world, "bob");
  alice.relays(1, 1);
  bob.received();
  alice.data(1, 0, std::string(20'000, 'a'), 60'000);
  world.advance(60);
  EXPECT_THAT(bob.received(), ElementsAre("have 1 relaying2"));
  for (const std::uint32_t depth : {29U, wire::kMaxRelayDepth, 7U}) {
    alice.relays(1, depth);
    world.advance(60);
    EXPECT_THAT(bob.received(), Not(Contains(HasSubstr("relaying"))));
    // Nor may one that says it is as far as we are become the source.
    bob.relays(1, 2);
    EXPECT_THAT(bob.received(), Not(Contains(HasSubstr("request"))));
  }
}

TEST_F(NodeHostileTest, ACircleMadeByAFalseDepthEndsAndTheSegmentComesFromTheOrigin) {
  load({1}, 12'000);
  NodePeer alice = NodePeer::connect(world, "alice");
  NodePeer bob = NodePeer::connect(world, "bob");
  alice.relays(1, 1);
  alice.data(1, 0, std::string(20'000, 'a'), 60'000);
  world.advance(60);
  bob.received();
  bob.requests(1, 1);
  EXPECT_THAT(bob.received(), ElementsAre("data 1 at 0 of 60000", "[20000 bytes]"));
  // Bob has it from us and says that he has it from the origin: now each waits for the other.
  bob.relays(1, 0);
  alice.ends(1, Status::failed);
  world.advance(60);
  EXPECT_THAT(bob.received(), Contains(HasSubstr("of 1 from 20000")));
  world.advance(11'000);
  ASSERT_TRUE(world.httpRunning("m+1"));
  world.takeNews();
  restOverHttp();
  EXPECT_THAT(world.takeNews(), Contains("loaded m+1 60000 http"));
  const std::string text(world.getSegment("m+1")->data->text());
  EXPECT_EQ(text, std::string(20'000, 'a') + std::string(40'000, 'h'));
}

TEST_F(NodeHostileTest, TheTailOfACancelledAnswerIsNotTakenForTheNextOnes) {
  load({1, 2});
  NodePeer alice = NodePeer::connect(world, "alice");
  alice.has(1);
  alice.has(2);
  EXPECT_THAT(alice.received(), Contains("request 1 of 1 from 0 to 0"));
  // In the middle of a frame's payload the segment is no longer wanted, and the next request goes out at once.
  alice.sends(wire::NodeData{1, 0, 6, 20});
  alice.sendsBytes("abc");
  load({2});
  EXPECT_THAT(alice.received(), ElementsAre("cancel 1 from 0", "request 2 of 2 from 0 to 0"));
  alice.sendsBytes("def");
  // What was under way before the cancelling reached her.
  alice.data(1, 6, "ghi", 20);
  alice.ends(1, Status::complete, 20);
  EXPECT_TRUE(alice.isOpen());
  alice.data(2, 0, "xy", 3);
  alice.data(2, 2, "z", 3);
  alice.ends(2, Status::complete, 3);
  EXPECT_EQ(world.getSegment("m+2")->data->text(), "xyz");
  EXPECT_FALSE(world.getSegment("m+1"));
  EXPECT_TRUE(alice.isOpen());
}

TEST_F(NodeHostileTest, AFrameForTheCancelledRequestThatNeverEndsBlocksOnlyItself) {
  load({1, 2}, 10'000);
  NodePeer alice = NodePeer::connect(world, "alice");
  alice.has(1);
  alice.has(2);
  alice.received();
  // A gigantic frame is announced, and the rest of the connection is its payload.
  alice.sends(wire::NodeData{1, 0, wire::kMaxNodePayload, 2 * wire::kMaxNodePayload});
  alice.sendsBytes("abc");
  load({2}, 10'000);
  for (int i = 0; i < 90; ++i) {
    alice.sendsBytes("more of it");
    world.advance(100);
  }
  ASSERT_TRUE(world.httpRunning("m+2"));
  world.respond("m+2", "two");
  EXPECT_EQ(world.getSegment("m+2")->data->text(), "two");
}

}  // namespace
}  // namespace p2pml::engine
