// The loader's queue: load(), aborts, priorities, HTTP and P2P downloads, random HTTP, the initial timeout; at exact
// times.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/loader_core.hpp"
#include "engine/testing/loader_harness.hpp"

namespace p2pml::engine {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Settings quiet() { return LoaderHarness::quietSettings(); }

TEST(LoaderQueue, RequiredSegmentsGoOverHttpTheRestWaitsForPeers) {
  LoaderHarness world(quiet());
  world.load({1, 2, 3, 4});
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1", "m+2"));
  world.respond("m+1", "one");
  world.respond("m+2", "two");
  EXPECT_THAT(world.takeNews(), ElementsAre("loaded m+1 3 http", "loaded m+2 3 http"));
  world.advance(100'000);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
}

TEST(LoaderQueue, NothingHappensBeforeLoad) {
  LoaderHarness world(quiet());
  EXPECT_EQ(world.deadlineMs(), -1);
  world.advance(100'000);
  EXPECT_EQ(world.outputCount(), 0U);
}

TEST(LoaderQueue, LoadedSegmentsAreNotLoadedAgain) {
  LoaderHarness world(quiet());
  world.load({1});
  world.respond("m+1", "one");
  world.take<output::StartHttp>();
  world.load({1});
  world.load({2});
  world.load({1});
  EXPECT_THAT(world.take<output::StartHttp>(), SizeIs(1));  // of m+2
  EXPECT_EQ(world.getSegment("m+1")->data->text(), "one");
}

TEST(LoaderQueue, MissingSegmentsAreAbortedByUrl) {
  LoaderHarness world(quiet());
  world.load({1, 2, 3});
  world.head("m+1", 10);
  world.data("m+1", "12345");
  world.takeEvents();
  world.load({2, 4});
  // 0.6.2 tells it of every segment that is no longer in the queue, also of those that only waited.
  EXPECT_THAT(world.takeNews(), ElementsAre("abort m+1", "abort m+3"));
  EXPECT_THAT(world.take<output::CancelHttp>(), SizeIs(1));
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+2", "m+4"));
}

TEST(LoaderQueue, ANewIdUnderTheSameUrlIsNoAbort) {
  LoaderHarness world(quiet());
  world.load({1});
  Segment renamed = LoaderHarness::segment(1);
  renamed.id = "renamed";
  world.loadSegments({renamed});
  EXPECT_THAT(world.takeNews(), IsEmpty());
  EXPECT_TRUE(world.httpRunning("m+1"));
}

TEST(LoaderQueue, AP2pDownloadThatIsNotWantedAnyMoreIsCancelled) {
  LoaderHarness world(quiet());
  world.load({7}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({7});
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+7"})"));
  alice.announces(7, 10);
  alice.sendsRaw("abc");
  world.takeEvents();
  world.load({8}, 5);
  EXPECT_THAT(world.takeEvents(), ElementsAre("abort m+7"));
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":4,"i":"m+7"})"));
  alice.sendsRaw("defghij");
  EXPECT_THAT(world.takeEvents(), IsEmpty());
  EXPECT_FALSE(world.getSegment("m+7"));
}

TEST(LoaderQueue, AMoreImportantSegmentDisplacesTheLastHttpDownload) {
  Settings settings = quiet();
  settings.requiredSegmentsPriority = 3;
  LoaderHarness world(settings);
  world.load({1, 2, 3});
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1", "m+2"));
  world.load({4, 1, 2, 3});
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1", "m+4"));
  EXPECT_THAT(world.takeNews(), IsEmpty());  // it is still queued: no abort is told
  world.respond("m+4", "x");
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1", "m+2"));
}

TEST(LoaderQueue, ARequiredSegmentTakesItsP2pDownloadOverToHttp) {
  LoaderHarness world(quiet());
  world.load({7}, 2);
  FakePeer alice = world.connectPeer("alice");
  alice.has({7});
  alice.announces(7, 10);
  alice.sendsRaw("abc");
  alice.received();
  world.load({7}, 1);
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":4,"i":"m+7"})"));
  const auto starts = world.take<output::StartHttp>();
  ASSERT_EQ(starts.size(), 1U);
  EXPECT_EQ(starts[0].range, std::nullopt);  // httpUseRanges is off
}

TEST(LoaderQueue, HttpUseRangesContinuesAnAbortedP2pDownload) {
  Settings settings = quiet();
  settings.httpUseRanges = true;
  LoaderHarness world(settings);
  world.load({7}, 2);
  FakePeer alice = world.connectPeer("alice");
  alice.has({7});
  alice.announces(7, 10);
  alice.sendsRaw("abcd");
  world.load({7}, 1);
  const auto starts = world.take<output::StartHttp>();
  ASSERT_EQ(starts.size(), 1U);
  EXPECT_EQ(starts[0].range, "bytes=4-");
  world.head("m+7", {.status = 206, .contentLength = 6, .rangeStart = 4, .rangeTotal = 10});
  world.data("m+7", "efghij");
  world.done("m+7");
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "loaded m+7 10 http"));
  EXPECT_EQ(world.getSegment("m+7")->data->text(), "abcdefghij");
}

// Refused for what a peer has sent, the origin would count as failed.
TEST(LoaderQueue, WhereAValidatorDecidesHttpDoesNotGoOnWithWhatAPeerHasSent) {
  Settings settings = quiet();
  settings.httpUseRanges = true;
  LoaderHarness world(settings, {.segmentValidator = true});
  world.load({7}, 2);
  FakePeer alice = world.connectPeer("alice");
  alice.has({7});
  alice.announces(7, 10);
  alice.sendsRaw("abcd");
  world.load({7}, 1);
  const auto starts = world.take<output::StartHttp>();
  ASSERT_EQ(starts.size(), 1U);
  EXPECT_EQ(starts[0].range, std::nullopt);
}

TEST(LoaderQueue, HttpUseRangesAlsoContinuesWhatALostPeerHadSent) {
  Settings settings = quiet();
  settings.httpUseRanges = true;
  LoaderHarness world(settings);
  world.load({7}, 2);
  FakePeer alice = world.connectPeer("alice");
  alice.has({7});
  alice.announces(7, 10);
  alice.sendsRaw("abcd");
  alice.close();
  world.load({7}, 1);
  const auto starts = world.take<output::StartHttp>();
  ASSERT_EQ(starts.size(), 1U);
  EXPECT_EQ(starts[0].range, "bytes=4-");
}

TEST(LoaderQueue, BadInputsAreRefusedOneByOne) {
  LoaderHarness world(quiet());
  Segment noUrl("b", "");
  Segment noId("", "http://origin/c");
  Segment negative = LoaderHarness::segment(4, -1);
  Segment badRange = LoaderHarness::segment(5);
  badRange.range = "bytes=0-\r\nX: y";
  world.loadSegments({LoaderHarness::segment(1), noUrl, noId, negative, badRange, LoaderHarness::segment(1, 7)});
  EXPECT_THAT(world.takeNews(),
              ElementsAre("error b segment.url: is empty, expected the segment's URL",
                          "error  segment.id: is empty, expected a unique name",
                          "error m+4 segment.priority: is -1, expected a non-negative integer",
                          "error m+5 segment.range: expected a valid HTTP Range header value such as bytes=0-1023",
                          "error m+1 segment.id: m+1 is twice in one load"));
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1"));
}

TEST(LoaderQueue, AQueueHasALimit) {
  LoaderHarness world(quiet());
  std::vector<Segment> segments;
  for (int i = 0; i <= static_cast<int>(LoaderCore::kMaxQueue); ++i) segments.push_back(LoaderHarness::segment(i, 50));
  world.loadSegments(std::move(segments));
  EXPECT_THAT(world.takeNews(), ElementsAre("error m+100000 load: more than 100000 segments"));
}

TEST(LoaderQueue, AnEmptyLoadAbortsEverything) {
  LoaderHarness world(quiet());
  world.load({1, 2});
  world.load({});
  EXPECT_THAT(world.takeNews(), ElementsAre("abort m+1", "abort m+2"));
  EXPECT_THAT(world.httpRunning(), IsEmpty());
}

TEST(LoaderQueue, SegmentsOfAnotherMasterSwarmAreDeliveredOnce) {
  LoaderHarness world(quiet());
  Segment foreign = LoaderHarness::segment(2, 1);
  foreign.masterSwarmId = "other";
  world.loadSegments({LoaderHarness::segment(1), foreign});
  world.respond("m+1", "one");
  world.respond("m+2", "two");
  EXPECT_THAT(world.takeNews(), ElementsAre("loaded m+1 3 http", "loaded m+2 3 http"));
  EXPECT_THAT(world.httpRunning(), IsEmpty());
}

// ------------------------------------------------------------------------------------------------- HTTP failures

TEST(LoaderQueue, AFailedSegmentIsTriedAgainAfterItsTimeout) {
  LoaderHarness world(quiet());
  world.advanceTo(1000);
  world.load({1});
  world.head("m+1", 0, 500);
  EXPECT_THAT(world.takeNews(), ElementsAre("error m+1 HTTP status 500"));
  world.advanceTo(10'999);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.advanceTo(11'000);
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1"));
}

TEST(LoaderQueue, AFailedSegmentComesFromAPeerMeanwhile) {
  LoaderHarness world(quiet());
  world.load({1});
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  EXPECT_THAT(alice.receivedNoMaps(), IsEmpty());
  world.fail("m+1");
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
  alice.delivers(1, "data");
  EXPECT_THAT(world.takeNews(),
              ElementsAre("connect alice 192.0.2.1", "error m+1 connection refused", "loaded m+1 4 p2p alice"));
  world.advance(20'000);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
}

TEST(LoaderQueue, AStallIsNoError) {
  LoaderHarness world(quiet());
  world.load({1});
  world.head("m+1", 10);
  world.data("m+1", "abc");
  world.take<output::StartHttp>();
  world.advance(3000);
  EXPECT_THAT(world.take<output::StartHttp>(), SizeIs(1));
  EXPECT_THAT(world.takeNews(), IsEmpty());
}

// --------------------------------------------------------------------------------------------------- random HTTP

Settings always(std::int64_t interval) {
  Settings settings = quiet();
  settings.httpDownloadProbability = 1;
  settings.httpDownloadProbabilityInterval = interval;
  settings.requiredSegmentsPriority = -1;
  return settings;
}

TEST(LoaderRandomHttp, ComesAtExactIntervalsFromTheFirstLoad) {
  LoaderHarness world(always(700));
  world.advanceTo(300);
  world.load({1, 2, 3});
  world.advanceTo(999);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.advanceTo(1000);
  EXPECT_THAT(world.httpRunning(), SizeIs(1));
  world.load({1, 2, 3});  // does not start the interval anew
  world.advanceTo(1699);
  EXPECT_THAT(world.httpRunning(), SizeIs(1));
  world.advanceTo(1700);
  EXPECT_THAT(world.httpRunning(), SizeIs(2));
  world.advanceTo(2400);
  EXPECT_THAT(world.httpRunning(), SizeIs(2));  // all slots are taken
}

TEST(LoaderRandomHttp, TakesWhatNoPeerHas) {
  LoaderHarness world(always(1000));
  world.load({1, 2, 3}, 2);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});  // is being fetched from her
  FakePeer bob = world.connectPeer("bob");
  bob.has({2}, wire::SegmentStatus::loadingByHttp);
  world.advance(5000);
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+3"));
}

TEST(LoaderRandomHttp, IsSeldomWithASmallProbability) {
  Settings settings = always(1000);
  settings.httpDownloadProbability = 0.01;
  int started = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    LoaderHarness world(settings, {}, seed);
    world.load({1, 2, 3}, 2);
    world.advance(1000);
    started += static_cast<int>(world.httpRunning().size());
  }
  EXPECT_GT(started, 0);  // 3 candidates x 0.01 x 100
  EXPECT_LT(started, 12);
}

TEST(LoaderRandomHttp, TellsPeersWhatIsBeingLoaded) {
  LoaderHarness world(always(1000));
  world.load({5}, 2);
  FakePeer alice = world.connectPeer("alice");
  EXPECT_THAT(alice.receivedMaps(), ElementsAre(R"({"c":2,"m":{}})"));
  world.advance(1000);
  EXPECT_THAT(alice.receivedMaps(), ElementsAre(R"({"c":2,"m":{"m":["5",[1]]}})"));
}

// ----------------------------------------------------------------------------------------------- initial timeout

Settings held() {
  Settings settings = quiet();
  settings.httpDownloadInitialTimeout = 20'000;
  settings.httpDownloadInitialTimeoutPerSegment = 4000;
  return settings;
}

TEST(LoaderInitialTimeout, FirstCheckIsAtPerSegmentPlus100) {
  LoaderHarness world(held());
  world.advanceTo(1000);
  world.load({1, 2});
  world.advanceTo(5099);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.advanceTo(5100);  // the first missing segment has priority 0 and is late
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1", "m+2"));
}

TEST(LoaderInitialTimeout, EndsAtItsTimeWhereTheFirstMissingIsNotUrgent) {
  LoaderHarness world(held());
  world.load({1, 2}, 1);
  world.advanceTo(20'099);  // checks at 4100, 8100, ..., 16100, 20100
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.advanceTo(20'100);
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1"));
}

TEST(LoaderInitialTimeout, AnyLookAtTheQueueEndsItWhenItsTimeHasCome) {
  LoaderHarness world(held());
  world.load({1, 2}, 1);
  world.advanceTo(20'000);
  world.load({1, 2}, 1);
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1"));
}

TEST(LoaderInitialTimeout, PeersAreAskedMeanwhile) {
  LoaderHarness world(held());
  world.load({1, 2});
  FakePeer alice = world.connectPeer("alice");
  alice.has({1, 2});
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
  alice.delivers(1, "one");
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+2"})"));
  alice.delivers(2, "two");
  world.load({2, 3}, 0);
  world.advanceTo(8100);  // 3 has priority 1
  EXPECT_THAT(world.httpRunning(), IsEmpty());
}

TEST(LoaderInitialTimeout, ATrackerWithoutOthersEndsIt) {
  LoaderHarness world(held());
  world.load({1, 2});
  world.advanceTo(100);
  world.trackerCounts(2);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.trackerCounts(1);
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1", "m+2"));
}

TEST(LoaderInitialTimeout, ThereIsNoneWithoutP2p) {
  Settings settings = held();
  settings.useP2P = false;
  LoaderHarness off(settings);
  off.load({1});
  EXPECT_THAT(off.httpRunning(), ElementsAre("m+1"));
  LoaderHarness unsupported(held(), {.webRtc = false});
  unsupported.load({1});
  EXPECT_THAT(unsupported.httpRunning(), ElementsAre("m+1"));
}

// ------------------------------------------------------------------------------------------------ a long window

TEST(LoaderQueue, TenHoursOfALiveStreamEndAsTheyBegan) {
  Settings settings = quiet();
  settings.httpDownloadProbability = 0.1;
  LoaderHarness world(settings);
  // A segment every 4 s, a window of six; one peer that has every third.
  std::vector<std::uint64_t> outputsPerHour;
  FakePeer alice = world.peerAt({});
  for (int step = 0; step < 9000; ++step) {
    if (step % 900 == 0) outputsPerHour.push_back(0);
    const std::uint64_t before = world.outputCount();
    world.load({step, step + 1, step + 2, step + 3, step + 4, step + 5});
    if (step == 0) alice = world.connectPeer("alice");
    alice.has({(step + 5) / 3 * 3});
    for (int second = 0; second < 4; ++second) {
      for (const std::string& text : alice.receivedNoMaps()) {
        if (!text.starts_with(R"({"c":3)")) continue;
        const std::string number = text.substr(text.find('+') + 1);
        alice.delivers(std::stoi(number), "from alice");
      }
      for (const std::string& running : world.httpRunning()) world.respond(running, "from the origin");
      if (second == 0 && step % 15 == 0) world.trackerCounts(2, 60);
      world.advance(1000);
    }
    outputsPerHour.back() += world.outputCount() - before;
    world.clear();
  }
  ASSERT_EQ(outputsPerHour.size(), 10U);
  EXPECT_GT(world.stats().segmentsOverP2p, 2000U);
  // Every segment once; of the last window those that were not urgent yet may be missing.
  EXPECT_GE(world.stats().segmentsOverHttp + world.stats().segmentsOverP2p, 9001U);
  EXPECT_LE(world.stats().segmentsOverHttp + world.stats().segmentsOverP2p, 9005U);
  // Of one hour to the next only the random draws differ.
  const double first = static_cast<double>(outputsPerHour[1]);
  EXPECT_NEAR(static_cast<double>(outputsPerHour[9]), first, first * 0.02);
  EXPECT_TRUE(alice.isOpen());
  EXPECT_LE(world.loader().getDetails().peers.size(), 1U);
}

}  // namespace
}  // namespace p2pml::engine
