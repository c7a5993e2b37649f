// The seed's events and methods with their arguments, maps to peers, and the seed's Usage Example.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/testing/loader_harness.hpp"

namespace p2pml::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Settings quiet() { return LoaderHarness::quietSettings(); }

// --------------------------------------------------------------------------------------------------------- events

TEST(LoaderEvents, SegmentLoadedCarriesTheWholeSegment) {
  LoaderHarness world(quiet());
  Segment segment = LoaderHarness::segment(1);
  segment.masterManifestUri = "http://origin/master.m3u8";
  segment.streamId = "V0";
  world.loadSegments({segment});
  world.head(
      "m+1",
      {.status = 200, .contentLength = 5000, .requestUrl = "http://origin/1?key=7", .responseUrl = "http://cdn/1"});
  world.data("m+1", std::string(5000, 'x'));
  world.done("m+1");
  const auto loaded = world.take<output::SegmentLoaded>();
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(loaded[0].peerId, std::nullopt);
  const Segment& got = loaded[0].segment;
  EXPECT_EQ(got.id, segment.id);
  EXPECT_EQ(got.url, segment.url);
  EXPECT_EQ(got.range, std::nullopt);
  EXPECT_EQ(got.priority, 0);
  EXPECT_EQ(got.masterSwarmId, "m");
  EXPECT_EQ(got.masterManifestUri, segment.masterManifestUri);
  EXPECT_EQ(got.streamId, "V0");
  EXPECT_EQ(got.sequence, "1");
  EXPECT_EQ(got.data->size(), 5000U);
  EXPECT_EQ(got.requestUrl, "http://origin/1?key=7");
  EXPECT_EQ(got.responseUrl, "http://cdn/1");
  EXPECT_EQ(got.downloadBandwidth, 5);  // 5000 bytes within one second
  EXPECT_EQ(got.downloadSpeed, 5);
}

TEST(LoaderEvents, SegmentLoadedFromAPeer) {
  LoaderHarness world(quiet());
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.delivers(1, "one");
  const auto loaded = world.take<output::SegmentLoaded>();
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(loaded[0].peerId, LoaderHarness::peerId("alice"));
  EXPECT_EQ(loaded[0].segment.data->text(), "one");
  EXPECT_EQ(loaded[0].segment.requestUrl, std::nullopt);
  const Details details = world.loader().getDetails();
  EXPECT_EQ(details.peers.at(0).bytesDownloaded, 3U);
  EXPECT_EQ(details.peers.at(0).segments, 1U);
}

TEST(LoaderEvents, SegmentErrorNamesThePeer) {
  LoaderHarness world(quiet());
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.announces(1, 2);
  alice.sendsRaw("abc");
  EXPECT_THAT(world.takeNews(),
              ElementsAre("connect alice 192.0.2.1", "error m+1 too many bytes received for segment alice"));
  world.load({2});
  world.fail("m+2");
  EXPECT_THAT(world.takeNews(), ElementsAre("abort m+1", "error m+2 connection refused"));
}

TEST(LoaderEvents, QuietEndsOfP2pDownloadsAreNoSegmentErrors) {
  LoaderHarness world(quiet());
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.sends(wire::SegmentAbsent{base::SegmentId("m+1")});
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1"));
  alice.has({1});
  alice.close();
  EXPECT_THAT(world.takeNews(), ElementsAre("close alice"));
}

TEST(LoaderEvents, PieceBytes) {
  LoaderHarness world(quiet());
  world.load({1, 2, 3});
  world.respond("m+1", "12345");
  FakePeer alice = world.connectPeer("alice");
  alice.has({3});
  alice.delivers(3, "123");
  alice.requests(1);
  EXPECT_THAT(world.takeEvents(), ElementsAre("down http 5", "loaded m+1 5 http", "connect alice 192.0.2.1",
                                              "down p2p 3 alice", "loaded m+3 3 p2p alice", "up p2p 5 alice"));
  EXPECT_EQ(world.stats().httpBytes, 5U);
  EXPECT_EQ(world.stats().p2pBytes, 3U);
  EXPECT_EQ(world.stats().uploadedBytes, 5U);
}

TEST(LoaderEvents, PeerConnectAndPeerCloseComeInPairs) {
  LoaderHarness world(quiet());
  world.load({1});
  FakePeer alice = world.connectPeer("alice");
  world.connectPeer("bob");
  alice.close();
  world.connectPeer("alice");
  world.load({});
  world.loadSegments({LoaderHarness::segment(1)}, "other stream");
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "connect bob 192.0.2.1", "close alice",
                                            "connect alice 192.0.2.1", "abort m+1", "close bob", "close alice"));
}

// --------------------------------------------------------------------------------------------------------- methods

TEST(LoaderMethods, GetSegment) {
  LoaderHarness world(quiet());
  EXPECT_FALSE(world.getSegment("m+1"));
  world.load({1});
  EXPECT_FALSE(world.getSegment("m+1"));
  world.respond("m+1", "one");
  EXPECT_EQ(world.getSegment("m+1")->data->text(), "one");
  EXPECT_FALSE(world.getSegment("m+2"));
}

TEST(LoaderMethods, GetSettings) {
  Settings settings = quiet();
  settings.maxPeers = 17;
  LoaderHarness world(settings);
  EXPECT_EQ(world.loader().getSettings(), settings);
}

TEST(LoaderMethods, GetDetails) {
  LoaderHarness world(quiet());
  const std::string told = world.loader().getDetails().peerId;
  world.load({1});
  const Details details = world.loader().getDetails();
  EXPECT_EQ(details.peerId, told);
  ASSERT_EQ(details.swarms.size(), 1U);
  EXPECT_EQ(details.swarms[0].streamSwarmId, "m");
  EXPECT_EQ(details.peerId.size(), 40U);
  EXPECT_EQ(details.peerId, base::toHex(details.swarms[0].peerId.view()));
  EXPECT_TRUE(details.swarms[0].peerId.view().starts_with("-WW0006-"));
}

TEST(LoaderMethods, DestroyEndsEverythingAndIsSilent) {
  LoaderHarness world(quiet(), {.segmentValidator = true});
  world.load({1, 2, 3});
  world.respond("m+1", "one");
  FakePeer alice = world.connectPeer("alice");
  alice.has({3});
  const auto bob = world.relayOffer("bob", "offer");
  world.clear();
  world.takeTrackerRequests();
  world.input(input::Destroy{});
  EXPECT_TRUE(world.loader().destroyed());
  EXPECT_THAT(world.take<output::CancelHttp>(), SizeIs(1));
  EXPECT_FALSE(alice.isOpen());
  EXPECT_FALSE(world.open().isOpen(*bob));
  EXPECT_EQ(world.open().connections(), 0U);
  EXPECT_THAT(world.take<output::CloseSocket>(), SizeIs(1));
  const auto requests = world.takeTrackerRequests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(std::get<wire::AnnounceRequest>(requests[0]).event, wire::AnnounceEvent::stopped);
  EXPECT_THAT(world.takeEvents(), IsEmpty());
  EXPECT_EQ(world.deadlineMs(), -1);

  const std::uint64_t before = world.outputCount();
  world.load({5});
  alice.sendsRaw("late");
  world.input(input::SegmentValidated{base::RequestId(3), {}});
  world.input(input::Destroy{});
  world.advance(100'000);
  EXPECT_EQ(world.outputCount(), before);
  EXPECT_FALSE(world.getSegment("m+1"));  // still answered: nobody is left waiting
}

TEST(LoaderMethods, DestroyAnswersGetSegmentsThatWait) {
  LoaderHarness world(quiet(), {.customStorage = true});
  world.load({1});
  world.input(input::GetSegment{"m+1", 77});
  world.input(input::Destroy{});
  const auto results = world.take<output::GetSegmentResult>();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].token, 77U);
  EXPECT_FALSE(results[0].segment);
  EXPECT_THAT(world.take<output::StorageDestroy>(), SizeIs(1));
}

TEST(LoaderMethods, DestroyBeforeLoad) {
  LoaderHarness world(quiet());
  world.input(input::Destroy{});
  EXPECT_EQ(world.outputCount(), 0U);
}

// ------------------------------------------------------------------------------------------------------------ maps

class LoaderMaps : public testing::Test {
 protected:
  LoaderMaps() {
    world.load({1, 2, 3});
    alice = world.connectPeer("alice");
  }
  LoaderHarness world{quiet()};
  FakePeer alice = world.peerAt({});
};

TEST_F(LoaderMaps, ANewPeerGetsTheMapAtOnce) {
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["1|2",[1,1]]}})"));
}

TEST_F(LoaderMaps, ChangesWithin50MillisecondsAreOneMap) {
  alice.received();
  world.advance(1000);
  world.respond("m+1", "one");  // the first goes out at once
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["1|2",[0,1]]}})"));
  world.respond("m+2", "two");
  world.load({3, 4});
  world.advance(49);
  EXPECT_THAT(alice.received(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["1|2|3|4",[0,0,1,1]]}})"));
  world.advance(10'000);
  EXPECT_THAT(alice.received(), IsEmpty());
}

// 0.6.2 does not act on a map that comes before its own 'connect' event, right after which it sends its map.
TEST_F(LoaderMaps, TheFirstMapIsAnsweredWithOursOnceMore) {
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["1|2",[1,1]]}})"));
  alice.has({});
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["1|2",[1,1]]}})"));
  alice.has({});
  alice.has({9});
  EXPECT_THAT(alice.received(), IsEmpty());
}

TEST_F(LoaderMaps, NoMapWhenNothingChanged) {
  alice.has({});
  alice.received();
  world.advance(1000);
  world.load({1, 2, 3});
  world.load({1, 2, 3});
  alice.has({});
  world.advance(1000);
  EXPECT_THAT(alice.received(), IsEmpty());
}

TEST_F(LoaderMaps, NoMapWhenAChangeWasUndone) {
  alice.received();
  world.advance(1000);
  world.respond("m+1", "one");
  alice.received();
  world.load({1, 3});  // 2 is aborted: 3 takes its place
  world.load({1, 2});
  world.advance(1000);
  EXPECT_THAT(alice.received(), IsEmpty());
}

TEST_F(LoaderMaps, EveryPeerGetsTheSameMapOnce) {
  FakePeer bob = world.connectPeer("bob");
  alice.received();
  bob.received();
  world.respond("m+1", "one");
  world.advance(50);
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["1|2",[0,1]]}})"));
  EXPECT_THAT(bob.received(), ElementsAre(R"({"c":2,"m":{"m":["1|2",[0,1]]}})"));
}

TEST_F(LoaderMaps, NoMapInsideABody) {
  world.respond("m+1", std::string(1'000'000, 'x'));
  world.advance(1000);
  alice.received();
  world.drains = false;
  alice.requests(1);
  std::size_t got = 0;
  for (const base::Bytes& message : alice.takeMessages()) got += message.size();
  EXPECT_LT(got, Outbox::kHighWater + 65'535);
  world.respond("m+2", "two");
  world.advance(100);
  EXPECT_THAT(alice.received(), IsEmpty());
  world.drains = true;
  world.input(input::PeerDrained{alice.connection(), 400'000});
  std::vector<std::string> rest = alice.received();
  ASSERT_GT(rest.size(), 2U);
  for (std::size_t i = 0; i + 1 < rest.size(); ++i) EXPECT_THAT(rest[i], HasSubstr(" bytes]"));
  EXPECT_EQ(rest.back(), R"({"c":2,"m":{"m":["1|2",[0,0]]}})");
}

TEST_F(LoaderMaps, ExpiredSegmentsAreTakenBack) {
  world.respond("m+1", "one");
  world.respond("m+2", "two");
  world.advanceTo(300'001);
  alice.received();
  world.load({2});
  EXPECT_THAT(alice.receivedMaps(), ElementsAre(R"({"c":2,"m":{"m":["2",[0]]}})"));
}

// --------------------------------------------------------------------------------------------------- two loaders

/// The seed's Usage Example: segments without masterSwarmId and sequence.
std::vector<Segment> usageExample() {
  return {Segment("segment-1", "//url/to/segment/1", std::nullopt, 0),
          Segment("segment-2", "//url/to/segment/2", std::nullopt, 1),
          Segment("segment-3", "//url/to/segment/3", std::nullopt, 2)};
}

TEST(LoaderUsageExample, LoadsOverHttp) {
  LoaderHarness world(quiet());
  world.loadSegments(usageExample(), "swarm-1");
  EXPECT_THAT(world.httpRunning(), ElementsAre("segment-1", "segment-2"));
  world.respond("segment-1", "one");
  const auto loaded = world.take<output::SegmentLoaded>();
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(loaded[0].segment.masterSwarmId, "swarm-1");
  EXPECT_EQ(world.getSegment("segment-1")->data->text(), "one");
}

TEST(LoaderUsageExample, WorksBetweenTwoLoaders) {
  LoaderHarness first(quiet(), {}, 1);
  LoaderHarness second(quiet(), {}, 2);
  first.loadSegments(usageExample(), "swarm-1");
  first.respond("segment-1", "one");
  first.respond("segment-2", std::string(1'000'000, '2'));
  Settings patient = quiet();
  patient.requiredSegmentsPriority = -1;
  LoaderHarness viewer(patient, {}, 3);
  viewer.loadSegments(usageExample(), "swarm-1");
  EXPECT_EQ(first.infoHash(), viewer.infoHash());
  EXPECT_NE(first.ownId(), viewer.ownId());
  link(first, viewer);
  pumpAll(first, viewer);
  const auto loaded = viewer.take<output::SegmentLoaded>();
  ASSERT_EQ(loaded.size(), 2U);
  EXPECT_EQ(loaded[0].segment.id, "segment-1");
  EXPECT_EQ(loaded[0].segment.data->text(), "one");
  EXPECT_EQ(loaded[0].peerId, first.ownId());
  EXPECT_EQ(loaded[1].segment.data->size(), 1'000'000U);
  EXPECT_EQ(first.stats().uploadedBytes, 1'000'003U);
  EXPECT_EQ(viewer.stats().httpBytes, 0U);
  EXPECT_EQ(viewer.stats().peerFaults + first.stats().peerFaults, 0U);
}

TEST(LoaderUsageExample, TwoLoadersExchangeBothWays) {
  Settings settings = quiet();
  settings.requiredSegmentsPriority = 0;
  LoaderHarness a(settings, {}, 1);
  LoaderHarness b(settings, {}, 2);
  a.load({1, 2, 3, 4});
  b.load({2, 1, 3, 4});
  link(a, b);
  a.respond("m+1", std::string(300'000, 'a'));
  b.respond("m+2", std::string(300'000, 'b'));
  for (int i = 0; i < 4; ++i) {
    pumpAll(a, b);
    a.advance(50);
    b.advance(50);
  }
  EXPECT_EQ(a.getSegment("m+2")->data->text(), std::string(300'000, 'b'));
  EXPECT_EQ(b.getSegment("m+1")->data->text(), std::string(300'000, 'a'));
  EXPECT_THAT(a.take<output::SegmentError>(), IsEmpty());
  EXPECT_THAT(b.take<output::SegmentError>(), IsEmpty());
}

TEST(LoaderUsageExample, AnIdWithABarIsNotShared) {
  LoaderHarness world(quiet());
  world.loadSegments({Segment("a|b", "//url", std::nullopt, 0)}, "swarm-1");
  world.respond("a|b", "data");
  FakePeer alice = world.connectPeer("alice");
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{}})"));
  alice.sends(wire::SegmentRequest{base::SegmentId("swarm-1+a|b")});
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":1,"i":"swarm-1+a|b"})"));
}

}  // namespace
}  // namespace p2pml::engine
