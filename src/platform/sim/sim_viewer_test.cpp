#include "platform/sim/sim_viewer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>
#include <vector>

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

TEST_F(SimViewerTest, AChangeOfRenditionBringsItsOwnBytes) {
  StreamOptions low = small();
  low.segmentBytes = 10'000;
  low.name = "low";
  low.path = "/low/";
  low.streamId = "V1";
  serveStream(world, small());
  serveStream(world, low);
  media::PlayerOptions player;
  player.ahead = 1;
  SimViewer viewer(world, world.addNode(withoutP2p()), small(), player);
  world.run(seconds(3));
  viewer.switchTo(low);
  ASSERT_TRUE(world.runUntil([&] { return viewer.done(); }, seconds(60)));
  EXPECT_EQ(viewer.deliveredBytes(), 3U * 50'000 + 2 * 10'000);
  EXPECT_EQ(viewer.badSegments(), 0U);
}

TEST_F(SimViewerTest, PausesAndSeeksReachThePlayer) {
  serveStream(world, small());
  SimViewer viewer(world, world.addNode(withoutP2p()), small());
  world.run(seconds(1));
  viewer.pause();
  world.run(seconds(30));
  EXPECT_NEAR(viewer.player().position(world.now()), 0.49, 0.001);
  viewer.resume();
  viewer.seek(3);
  world.run(seconds(1));
  EXPECT_NEAR(viewer.player().position(world.now()), 3.5, 0.001);
  ASSERT_TRUE(world.runUntil([&] { return viewer.done(); }, seconds(60)));
  viewer.seek(4);
  EXPECT_FALSE(viewer.done());
  ASSERT_TRUE(world.runUntil([&] { return viewer.done(); }, seconds(60)));
}

TEST_F(SimViewerTest, ALiveViewerWhoPausedForLongGoesOnNearTheEdge) {
  StreamOptions stream = small();
  stream.live = true;
  stream.window = 4;
  serveStream(world, stream);
  world.run(seconds(60));
  media::PlayerOptions player;
  player.ahead = 2;
  SimViewer viewer(world, world.addNode(withoutP2p()), stream, player);
  world.run(seconds(1));
  viewer.pause();
  world.run(seconds(40));
  EXPECT_GE(viewer.jumps(), 1U);
  viewer.resume();
  world.run(seconds(1));
  // 101 s: segments up to 49 exist.
  EXPECT_GT(viewer.player().position(world.now()), 49 - 3 - 2 * 4);
}

class Notes final : public ViewerObserver {
 public:
  void onEvent(SimViewer&, const engine::Output& event) override {
    if (std::holds_alternative<engine::output::SegmentLoaded>(event)) ++loaded;
  }
  void onDelivered(SimViewer&, std::int64_t number, std::uint64_t bytes, bool correct) override {
    delivered.push_back(number);
    good = good && correct && bytes == 50'000;
  }
  int loaded = 0;
  bool good = true;
  std::vector<std::int64_t> delivered;
};

TEST_F(SimViewerTest, WhoObservesIsToldOfEverything) {
  serveStream(world, small());
  std::uint64_t asked = 0;
  std::uint64_t sent = 0;
  world.origin().onAsk = [&](const HttpAsk& ask) { asked += ask.path.starts_with("/synth/") ? 1 : 0; };
  world.origin().onBytes = [&](const std::string&, NodeId, std::uint64_t bytes) { sent += bytes; };
  Notes notes;
  SimViewer viewer(world, world.addNode(withoutP2p()), small(), {}, &notes);
  ASSERT_TRUE(world.runUntil([&] { return viewer.done(); }, seconds(60)));
  EXPECT_EQ(notes.loaded, 5);
  EXPECT_THAT(notes.delivered, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_TRUE(notes.good);
  EXPECT_EQ(asked, 5U);
  EXPECT_EQ(sent, 250'000U);
}

}  // namespace
}  // namespace p2pml::sim
