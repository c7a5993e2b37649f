// One test for every setting: what it changes in what the loader does. Reading and validating them: settings_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/testing/loader_harness.hpp"

namespace p2pml::engine {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class LoaderSettingsTest : public testing::Test {
 protected:
  LoaderHarness& make(Capabilities capabilities = {}) { return world_.emplace(settings, capabilities); }
  /// Loads and delivers segments over HTTP one after the other, each alone in the queue.
  static void loadOneByOne(LoaderHarness& world, int from, int to) {
    for (int i = from; i <= to; ++i) {
      world.load({i});
      if (world.httpRunning(LoaderHarness::id(i))) world.respond(LoaderHarness::id(i), "x");
    }
  }

  Settings settings = LoaderHarness::quietSettings();
  std::optional<LoaderHarness> world_;
};

TEST_F(LoaderSettingsTest, CachedSegmentExpiration) {
  settings.cachedSegmentExpiration = 5000;
  LoaderHarness& world = make();
  loadOneByOne(world, 1, 2);
  world.advanceTo(3000);
  EXPECT_TRUE(world.getSegment("m+2"));  // an access
  world.advanceTo(5000);
  world.load({3});
  EXPECT_TRUE(world.getSegment("m+1"));  // an access at exactly its age
  world.advanceTo(8001);
  world.load({4});
  EXPECT_TRUE(world.getSegment("m+1"));
  EXPECT_FALSE(world.getSegment("m+2"));
}

TEST_F(LoaderSettingsTest, CachedSegmentsCount) {
  settings.cachedSegmentsCount = 2;
  LoaderHarness& world = make();
  loadOneByOne(world, 1, 4);  // the clean is at the end of load(): 4 came after it
  EXPECT_FALSE(world.getSegment("m+1"));
  EXPECT_TRUE(world.getSegment("m+2"));
  world.load({5});
  EXPECT_FALSE(world.getSegment("m+2") && world.getSegment("m+3"));
  // What is in the queue stays however many it is.
  world.load({3, 4, 5});
  EXPECT_TRUE(world.getSegment("m+3") && world.getSegment("m+4"));
}

TEST_F(LoaderSettingsTest, RequiredSegmentsPriority) {
  settings.requiredSegmentsPriority = 0;
  LoaderHarness& world = make();
  world.load({1, 2});
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1"));
  settings.requiredSegmentsPriority = -1;
  make().load({1, 2});
  EXPECT_THAT(world_->httpRunning(), IsEmpty());
}

TEST_F(LoaderSettingsTest, UseP2P) {
  settings.useP2P = false;
  LoaderHarness& world = make();
  world.load({1});
  world.advance(100'000);
  EXPECT_THAT(world.take<output::OpenSocket>(), IsEmpty());
  EXPECT_EQ(world.loader().getDetails().peerId, "");
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1"));
}

TEST_F(LoaderSettingsTest, ConsumeOnly) {
  settings.consumeOnly = true;
  settings.httpDownloadProbability = 1;
  LoaderHarness& world = make();
  world.load({1, 2, 3});
  world.respond("m+1", "one");
  FakePeer alice = world.connectPeer("alice");
  alice.requests(1);
  world.respond("m+2", "two");
  world.advance(10'000);
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":1,"i":"m+1"})"));  // no map, ever
  alice.has({3});
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":3,"i":"m+3"})"));
  EXPECT_THAT(world.httpRunning(), IsEmpty());  // and no random HTTP
}

TEST_F(LoaderSettingsTest, SimultaneousHttpDownloads) {
  settings.simultaneousHttpDownloads = 3;
  settings.requiredSegmentsPriority = 10;
  make().load({1, 2, 3, 4, 5});
  EXPECT_THAT(world_->httpRunning(), SizeIs(3));
  settings.simultaneousHttpDownloads = 0;
  make().load({1, 2});
  EXPECT_THAT(world_->httpRunning(), IsEmpty());
}

TEST_F(LoaderSettingsTest, HttpDownloadProbability) {
  settings.httpDownloadProbability = 0;
  make().load({1, 2}, 2);
  world_->advance(60'000);
  EXPECT_THAT(world_->httpRunning(), IsEmpty());
  // 0.5 of each of two candidates: certain.
  settings.httpDownloadProbability = 0.5;
  make().load({1, 2}, 2);
  world_->advance(1000);
  EXPECT_THAT(world_->httpRunning(), SizeIs(1));
}

TEST_F(LoaderSettingsTest, HttpDownloadProbabilityInterval) {
  settings.httpDownloadProbability = 1;
  settings.httpDownloadProbabilityInterval = 250;
  make().load({1}, 2);
  world_->advance(249);
  EXPECT_THAT(world_->httpRunning(), IsEmpty());
  world_->advance(1);
  EXPECT_THAT(world_->httpRunning(), SizeIs(1));
}

TEST_F(LoaderSettingsTest, HttpDownloadProbabilitySkipIfNoPeers) {
  settings.httpDownloadProbability = 1;
  settings.httpDownloadProbabilitySkipIfNoPeers = true;
  LoaderHarness& world = make();
  world.load({1}, 2);
  world.advance(5000);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.connectPeer("alice");
  world.advance(1000);
  EXPECT_THAT(world.httpRunning(), SizeIs(1));
}

TEST_F(LoaderSettingsTest, HttpFailedSegmentTimeout) {
  settings.httpFailedSegmentTimeout = 1234;
  LoaderHarness& world = make();
  world.load({1});
  world.fail("m+1");
  world.advance(1233);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(world.httpRunning(), SizeIs(1));
}

TEST_F(LoaderSettingsTest, HttpDownloadMaxPriority) {
  settings.httpDownloadProbability = 1;
  settings.httpDownloadMaxPriority = 5;
  LoaderHarness& world = make();
  world.load({1}, 6);
  world.advance(5000);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.load({1}, 5);
  world.advance(1000);
  EXPECT_THAT(world.httpRunning(), SizeIs(1));
}

TEST_F(LoaderSettingsTest, HttpDownloadInitialTimeout) {
  settings.httpDownloadInitialTimeout = 3000;
  settings.httpDownloadInitialTimeoutPerSegment = 1000;
  LoaderHarness& world = make();
  world.load({1}, 1);
  world.advanceTo(3099);  // checks at 1100, 2100, 3100
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.advanceTo(3100);
  EXPECT_THAT(world.httpRunning(), SizeIs(1));
}

TEST_F(LoaderSettingsTest, HttpDownloadInitialTimeoutPerSegment) {
  settings.httpDownloadInitialTimeout = 30'000;
  settings.httpDownloadInitialTimeoutPerSegment = 1500;
  LoaderHarness& world = make();
  world.load({1}, 0);
  world.advanceTo(1599);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.advanceTo(1600);
  EXPECT_THAT(world.httpRunning(), SizeIs(1));
  settings.httpDownloadInitialTimeoutPerSegment = 0;  // nothing would ever check: not held at all, as in 0.6.2
  make().load({1});
  EXPECT_THAT(world_->httpRunning(), SizeIs(1));
}

TEST_F(LoaderSettingsTest, HttpUseRanges) {
  for (const bool use : {false, true}) {
    settings.httpUseRanges = use;
    LoaderHarness& world = make();
    world.load({1});
    world.head("m+1", 10);
    world.data("m+1", "abc");
    world.take<output::StartHttp>();
    world.advance(3000);
    const auto starts = world.take<output::StartHttp>();
    ASSERT_EQ(starts.size(), 1U);
    EXPECT_EQ(starts[0].range, use ? std::optional<std::string>("bytes=3-") : std::nullopt);
  }
}

TEST_F(LoaderSettingsTest, SimultaneousP2PDownloads) {
  settings.simultaneousP2PDownloads = 2;
  LoaderHarness& world = make();
  world.load({1, 2, 3}, 5);
  std::vector<FakePeer> peers;
  std::size_t asked = 0;
  for (const char* name : {"a", "b", "c"}) {
    peers.push_back(world.connectPeer(name));
    peers.back().has({1, 2, 3});
    asked += peers.back().receivedNoMaps().size();
  }
  EXPECT_EQ(asked, 2U);
  settings.simultaneousP2PDownloads = 0;
  make().load({1}, 5);
  FakePeer alice = world_->connectPeer("alice");
  alice.has({1});
  EXPECT_THAT(alice.receivedNoMaps(), IsEmpty());
}

TEST_F(LoaderSettingsTest, P2pDownloadMaxPriority) {
  settings.p2pDownloadMaxPriority = 5;
  LoaderHarness& world = make();
  world.load({1}, 6);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  EXPECT_THAT(alice.receivedNoMaps(), IsEmpty());
  world.load({1}, 5);
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
}

TEST_F(LoaderSettingsTest, P2pSegmentDownloadTimeout) {
  settings.p2pSegmentDownloadTimeout = 1500;
  LoaderHarness& world = make();
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  world.advance(1499);
  EXPECT_TRUE(alice.isOpen());
  world.advance(1);
  EXPECT_FALSE(alice.isOpen());
}

TEST_F(LoaderSettingsTest, WebRtcMaxMessageSize) {
  settings.webRtcMaxMessageSize = 1000;
  LoaderHarness& world = make();
  world.load({1});
  world.respond("m+1", std::string(2500, 'x'));
  FakePeer alice = world.connectPeer("alice");
  alice.requests(1);
  EXPECT_THAT(alice.receivedNoMaps(),
              ElementsAre(R"({"c":0,"i":"m+1","s":2500})", "[1000 bytes]", "[1000 bytes]", "[500 bytes]"));
}

TEST_F(LoaderSettingsTest, TrackerAnnounce) {
  settings.trackerAnnounce = {"wss://one", "wss://two/", "wss://one"};
  LoaderHarness& world = make();
  world.load({1});
  const auto opened = world.take<output::OpenSocket>();
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened[0].url, "wss://one");
  EXPECT_EQ(opened[1].url, "wss://two");
  settings.trackerAnnounce = {};
  make().load({1});
  EXPECT_THAT(world_->take<output::OpenSocket>(), IsEmpty());
}

TEST_F(LoaderSettingsTest, PeerRequestsPerAnnounce) {
  settings.peerRequestsPerAnnounce = 3;
  make().load({1});
  EXPECT_THAT(world_->takeOffers(), SizeIs(3));
  settings.peerRequestsPerAnnounce = 10;  // all in one announce, as from 0.6.2
  make().load({1});
  const auto requests = world_->takeTrackerRequests();
  ASSERT_EQ(requests.size(), 1U);
  const auto& first = std::get<wire::AnnounceRequest>(requests[0]);
  EXPECT_EQ(first.offers.size(), 10U);
  EXPECT_EQ(first.event, wire::AnnounceEvent::started);
}

TEST_F(LoaderSettingsTest, RtcConfigIsKeptForTheAdapters) {
  settings.rtcConfig.iceServers = {{{"turn:turn.example"}, "user", "secret"}};
  settings.rtcConfig.iceTransportPolicy = IceTransportPolicy::relay;
  EXPECT_EQ(make().loader().getSettings().rtcConfig, settings.rtcConfig);
}

TEST_F(LoaderSettingsTest, P2pNotReceivingBytesTimeout) {
  settings.p2pNotReceivingBytesTimeout = 700;
  LoaderHarness& world = make();
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.announces(1, 10);
  alice.received();
  world.advance(699);
  EXPECT_THAT(alice.received(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":4,"i":"m+1"})"));
}

TEST_F(LoaderSettingsTest, HttpNotReceivingBytesTimeout) {
  settings.httpNotReceivingBytesTimeout = 700;
  LoaderHarness& world = make();
  world.load({1});
  EXPECT_EQ(world.take<output::StartHttp>().at(0).silence, base::milliseconds(700));
  world.head("m+1", 10);
  world.advance(699);
  EXPECT_THAT(world.take<output::CancelHttp>(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(world.take<output::CancelHttp>(), SizeIs(1));
  EXPECT_THAT(world.take<output::StartHttp>(), SizeIs(1));
}

TEST_F(LoaderSettingsTest, MaxPeers) {
  settings.maxPeers = 1;
  LoaderHarness& world = make();
  world.load({1});
  world.connectPeer("alice");
  EXPECT_FALSE(world.relayOffer("bob", "offer"));
  settings.maxPeers = 0;
  make().load({1});
  EXPECT_FALSE(world_->relayOffer("bob", "offer"));
  EXPECT_THAT(world_->takeOffers(), IsEmpty());
}

// The callbacks of the seed's table, as the engine knows them: capabilities.

TEST_F(LoaderSettingsTest, SegmentValidatorForBothMethods) {
  LoaderHarness& world = make({.segmentValidator = true});
  world.load({1, 2, 3});
  world.respond("m+1", "one");
  auto asked = world.take<output::ValidateSegment>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].segment.data->text(), "one");
  EXPECT_EQ(asked[0].method, Method::http);
  EXPECT_EQ(asked[0].peerId, std::nullopt);
  EXPECT_FALSE(world.getSegment("m+1"));
  EXPECT_THAT(world.takeNews(), IsEmpty());
  world.advance(5000);
  world.input(input::SegmentValidated{asked[0].request, {}});
  EXPECT_THAT(world.takeNews(), ElementsAre("loaded m+1 3 http"));
  EXPECT_TRUE(world.getSegment("m+1"));

  FakePeer alice = world.connectPeer("alice");
  alice.has({3});
  alice.delivers(3, "three");
  asked = world.take<output::ValidateSegment>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].method, Method::p2p);
  EXPECT_EQ(asked[0].peerId, LoaderHarness::peerId("alice"));
  world.input(input::SegmentValidated{asked[0].request, {}});
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "loaded m+3 5 p2p alice"));
  world.input(input::SegmentValidated{asked[0].request, {}});  // twice
  EXPECT_EQ(world.stats().staleInputs, 1U);
}

TEST_F(LoaderSettingsTest, SegmentValidatorRefusesHttp) {
  LoaderHarness& world = make({.segmentValidator = true});
  world.load({1});
  FakePeer alice = world.connectPeer("alice");
  world.respond("m+1", "bad");
  alice.received();
  world.input(input::SegmentValidated{world.take<output::ValidateSegment>().at(0).request,
                                      base::Error{base::ErrorCode::malformed, "wrong digest"}});
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "error m+1 wrong digest"));
  EXPECT_FALSE(world.getSegment("m+1"));
  EXPECT_TRUE(alice.isOpen());
  world.advance(9999);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  EXPECT_THAT(alice.receivedMaps(), ElementsAre(R"({"c":2,"m":{}})"));
  world.advance(1);
  EXPECT_THAT(world.httpRunning(), SizeIs(1));
}

TEST_F(LoaderSettingsTest, SegmentValidatorRefusesAPeer) {
  LoaderHarness& world = make({.segmentValidator = true});
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.delivers(1, "bad");
  world.input(input::SegmentValidated{world.take<output::ValidateSegment>().at(0).request,
                                      base::Error{base::ErrorCode::malformed, "wrong digest"}});
  EXPECT_FALSE(alice.isOpen());  // 0.6.2 leaves it connected, and gets the same again
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "error m+1 wrong digest alice", "close alice"));
  EXPECT_FALSE(world.getSegment("m+1"));
}

TEST_F(LoaderSettingsTest, ASegmentWithTheValidatorIsNeitherLoadedAgainNorDisplaced) {
  LoaderHarness& world = make({.segmentValidator = true});
  world.load({7}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({7});
  alice.delivers(7, "seven");
  const auto asked = world.take<output::ValidateSegment>();
  world.load({7}, 0);  // required now
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  world.input(input::SegmentValidated{asked.at(0).request, {}});
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "loaded m+7 5 p2p alice"));
}

TEST_F(LoaderSettingsTest, AbortedWhileWithTheValidator) {
  LoaderHarness& world = make({.segmentValidator = true});
  world.load({1, 2});
  world.respond("m+1", "one");
  const auto asked = world.take<output::ValidateSegment>();
  world.load({2});
  EXPECT_THAT(world.takeNews(), ElementsAre("abort m+1"));
  world.input(input::SegmentValidated{asked.at(0).request, {}});
  EXPECT_THAT(world.takeNews(), IsEmpty());
  EXPECT_FALSE(world.getSegment("m+1"));
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+2"));
}

TEST_F(LoaderSettingsTest, ThePeerMayLeaveWhileItsSegmentIsWithTheValidator) {
  LoaderHarness& world = make({.segmentValidator = true});
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.delivers(1, "one");
  alice.close();
  const auto asked = world.take<output::ValidateSegment>();
  world.input(input::SegmentValidated{asked.at(0).request, {}});
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "close alice", "loaded m+1 3 p2p alice"));
}

TEST_F(LoaderSettingsTest, SegmentsStorageThatIsSlow) {
  LoaderHarness& world = make({.customStorage = true});
  world.load({1, 2});
  EXPECT_THAT(world.httpRunning(), IsEmpty());  // it may have them
  const auto map = world.take<output::StorageMap>();
  ASSERT_EQ(map.size(), 1U);
  EXPECT_EQ(map[0].masterSwarmId, "m");
  FakePeer alice = world.connectPeer("alice");
  world.advance(5000);
  EXPECT_THAT(alice.received(), IsEmpty());  // not known yet what there is
  world.input(input::StorageMapResult{map[0].request, {LoaderHarness::segment(2)}, {}});
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1"));
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["2|1",[0,1]]}})"));
  world.respond("m+1", "one");
  const auto store = world.take<output::StorageStore>();
  ASSERT_EQ(store.size(), 1U);
  world.advance(5000);
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1"));
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  alice.received();
  world.input(input::StorageStored{store[0].request, {}});
  EXPECT_THAT(world.takeNews(), ElementsAre("loaded m+1 3 http"));
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["2|1",[0,0]]}})"));

  alice.requests(2);
  const auto get = world.take<output::StorageGet>();
  ASSERT_EQ(get.size(), 1U);
  EXPECT_EQ(get[0].id, "m+2");
  EXPECT_THAT(alice.received(), IsEmpty());
  Segment two = LoaderHarness::segment(2);
  two.data = base::Bytes::copyOf("two");
  world.input(input::StorageSegmentResult{get[0].request, two, {}});
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":0,"i":"m+2","s":3})", "[3 bytes]"));
}

TEST_F(LoaderSettingsTest, SegmentsStorageThatFails) {
  const base::Error full{base::ErrorCode::unavailable, "disk full"};
  LoaderHarness& world = make({.customStorage = true});
  world.load({1});
  world.input(input::StorageMapResult{world.take<output::StorageMap>().at(0).request, {}, full});
  FakePeer alice = world.connectPeer("alice");
  world.respond("m+1", "one");
  world.input(input::StorageStored{world.take<output::StorageStore>().at(0).request, full});
  // The viewer is not harmed, and not asked to wait for another download of the same.
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "loaded m+1 3 http"));
  EXPECT_THAT(world.take<output::StorageError>(), SizeIs(2));
  world.load({1});
  world.advance(30'000);
  EXPECT_THAT(world.httpRunning(), IsEmpty());
  EXPECT_THAT(alice.receivedMaps(), Not(Contains(HasSubstr("[0]"))));
  // Out of the queue and in again is another matter.
  world.load({2});
  world.load({1});
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1"));
}

TEST_F(LoaderSettingsTest, AStoreThatFailsAfterTheSegmentLeftTheQueueIsNoDelivery) {
  LoaderHarness& world = make({.customStorage = true});
  world.load({1});
  world.input(input::StorageMapResult{world.take<output::StorageMap>().at(0).request, {}, {}});
  world.respond("m+1", "one");
  world.load({2});
  world.input(input::StorageStored{world.take<output::StorageStore>().at(0).request,
                                   base::Error{base::ErrorCode::unavailable, "disk full"}});
  world.load({1});
  EXPECT_THAT(world.httpRunning(), ElementsAre("m+1"));
}

TEST_F(LoaderSettingsTest, SegmentsStorageIsCleanedAfterEachLoadWithTheQueueLocked) {
  LoaderHarness& world = make({.customStorage = true});
  world.load({1, 2});
  const auto clean = world.take<output::StorageClean>();
  ASSERT_EQ(clean.size(), 1U);
  EXPECT_EQ(clean[0].masterSwarmId, "m");
  EXPECT_THAT(*clean[0].locked, ElementsAre("m+1", "m+2"));
}

}  // namespace
}  // namespace p2pml::engine
