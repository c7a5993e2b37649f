#include "platform/sim/sim_viewer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace p2pml::sim {
namespace {

using base::milliseconds;
using base::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SimViewerTest : public ::testing::Test {
 protected:
  NodeOptions withoutP2p() {
    NodeOptions options{.settings = world.settings()};
    options.settings.useP2P = false;
    return options;
  }
  static StreamOptions small() {
    StreamOptions stream;
    stream.segmentBytes = 50'000;
    stream.count = 5;
    stream.segmentDuration = seconds(2);
    return stream;
  }

  World world{1};
};

TEST_F(SimViewerTest, PlaysAVodToItsEndInItsTime) {
  serveStream(world, small());
  SimViewer viewer(world, world.addNode(withoutP2p()), small());
  ASSERT_TRUE(world.runUntil([&] { return viewer.done(); }, seconds(60)));
  // The first segment is there after one round trip of 20 ms, then five of 2 s are played.
  EXPECT_EQ(viewer.player().startup(), milliseconds(20));
  EXPECT_EQ(base::toMilliseconds(world.now()), 10'020);
  EXPECT_EQ(viewer.deliveredBytes(), 250'000U);
  EXPECT_EQ(viewer.badSegments(), 0U);
  EXPECT_THAT(viewer.player().stalls(), IsEmpty());
}

TEST_F(SimViewerTest, StaysBehindTheEdgeOfALiveStream) {
  StreamOptions stream = small();
  stream.live = true;
  serveStream(world, stream);
  world.run(seconds(60));
  SimViewer viewer(world, world.addNode(withoutP2p()), stream);
  world.run(seconds(60));
  // Segments 0 to 29 existed: playback starts three behind the last, and 60 s are 30 segments.
  EXPECT_NEAR(viewer.player().position(world.now()), 26 + 30, 0.1);
  EXPECT_THAT(viewer.player().stalls(), IsEmpty());
}

TEST_F(SimViewerTest, AnOriginThatIsTooSlowIsSeenAsStalls) {
  serveStream(world, small());
  world.network().setLine(world.origin().node(), {.upBytesPerSecond = 20'000, .latency = milliseconds(5)});
  SimViewer viewer(world, world.addNode(withoutP2p()), small());
  ASSERT_TRUE(world.runUntil([&] { return viewer.done(); }, seconds(120)));
  EXPECT_GT(viewer.stallTime(), seconds(1));
  EXPECT_EQ(viewer.deliveredBytes(), 250'000U);
}

TEST_F(SimViewerTest, WrongBytesAreCounted) {
  serveStream(world, small());
  world.origin().addFault({.urlContains = "/2.bin", .change = [](HttpReply& reply) {
                             reply.body = base::Bytes::adopt(std::string(reply.body.size(), 'x'));
                           }});
  SimViewer viewer(world, world.addNode(withoutP2p()), small());
  ASSERT_TRUE(world.runUntil([&] { return viewer.done(); }, seconds(60)));
  EXPECT_EQ(viewer.badSegments(), 1U);
}

TEST_F(SimViewerTest, LeavingEndsEverything) {
  serveStream(world, small());
  SimViewer viewer(world, world.addNode(), small());
  world.run(seconds(1));
  viewer.leave();
  const auto gets = world.origin().total().gets;
  world.run(seconds(60));
  EXPECT_EQ(world.origin().total().gets, gets);
  EXPECT_EQ(world.tracker().server().openSockets(), 0U);
}

TEST_F(SimViewerTest, AChangeOfStreamPlaysOn) {
  serveStream(world, small());
  world.origin().serveSegments("/low/", ".bin", "bench", 50'000);
  media::PlayerOptions player;
  player.ahead = 1;
  SimViewer viewer(world, world.addNode(withoutP2p()), small(), player);
  world.run(seconds(3));
  viewer.switchTo("low", "/low/");
  ASSERT_TRUE(world.runUntil([&] { return viewer.done(); }, seconds(60)));
  EXPECT_GT(world.origin().of("http://origin/low/4.bin").gets, 0U);
  EXPECT_EQ(viewer.badSegments(), 0U);
  EXPECT_THAT(viewer.player().stalls(), IsEmpty());
}

}  // namespace
}  // namespace p2pml::sim
