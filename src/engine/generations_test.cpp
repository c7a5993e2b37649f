// One loader with peers of several generations: which swarms it is in, and how segments go from one generation's peers
// to another's. Exact texts and times. How connections are shared and settled: generation_peers_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/loader_core.hpp"
#include "engine/testing/binary_peer.hpp"
#include "engine/testing/loader_harness.hpp"

namespace p2pml::engine {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Generation kG0 = Generation::g0;
constexpr Generation kG2 = Generation::g2;
constexpr Generation kG3 = Generation::g3;
constexpr Generation kG4 = Generation::g4;

Settings protocols(std::vector<Generation> generations) {
  Settings settings = LoaderHarness::quietSettings();
  settings.peerProtocols = std::move(generations);
  return settings;
}

media::StreamProperties stream(std::uint64_t bitrate = 1000) {
  media::StreamProperties properties;
  properties.bitrate = bitrate;
  return properties;
}

/// The stream "m" as LoaderHarness::segment() names it, with properties.
void load(LoaderHarness& world, const std::vector<int>& numbers, std::int64_t priority = 5) {
  std::vector<Segment> segments;
  for (const int number : numbers) segments.push_back(LoaderHarness::segment(number, priority++));
  world.input(input::Load{std::move(segments), LoaderHarness::kStream, stream()});
}

std::vector<wire::AnnounceRequest> announces(LoaderHarness& world) {
  std::vector<wire::AnnounceRequest> result;
  for (auto& request : world.takeTrackerRequests()) {
    if (auto* announce = std::get_if<wire::AnnounceRequest>(&request)) result.push_back(std::move(*announce));
  }
  return result;
}

std::string eventName(wire::AnnounceEvent event) {
  switch (event) {
    case wire::AnnounceEvent::started: return "started";
    case wire::AnnounceEvent::stopped: return "stopped";
    case wire::AnnounceEvent::completed: return "completed";
    case wire::AnnounceEvent::none: break;
  }
  return "update";
}

// ------------------------------------------------------------------------------------------------------ swarms

TEST(Generations, TwoSwarmsOnOneSocketEachWithItsOwnPeerId) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1});
  EXPECT_THAT(world.take<output::OpenSocket>(), SizeIs(1));
  const Details details = world.loader().getDetails();
  ASSERT_THAT(details.swarms, SizeIs(2));
  EXPECT_EQ(details.swarms[0].generation, kG0);
  EXPECT_EQ(details.swarms[0].streamSwarmId, "m");
  EXPECT_EQ(details.swarms[1].generation, kG3);
  EXPECT_EQ(details.swarms[1].streamSwarmId, swarmIdOf(kG3, "m", "m", stream()));
  EXPECT_EQ(details.peerId, base::toHex(details.swarms[0].peerId.view()));
  const auto sent = announces(world);
  ASSERT_THAT(sent, SizeIs(2));
  for (const auto& announce : sent) {
    EXPECT_EQ(announce.numwant, 10);
    EXPECT_THAT(announce.offers, SizeIs(10));
    const bool json = announce.infoHash == details.swarms[0].infoHash;
    EXPECT_EQ(announce.infoHash, details.swarms[json ? 0 : 1].infoHash);
    EXPECT_EQ(announce.peerId, details.swarms[json ? 0 : 1].peerId);
    EXPECT_EQ(announce.peerId.view().substr(0, 8), json ? "-WW0006-" : "-PM0203-");
  }
  EXPECT_EQ(announces(world).size(), 0U);
}

TEST(Generations, AStreamSwitchEndsThePeersOfBothSwarmsAndKeepsTheSocket) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1});
  FakePeer alice = world.connectPeer("alice");
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  const Details before = world.loader().getDetails();
  world.takeTrackerRequests();
  world.takeNews();
  world.take<output::OpenSocket>();
  world.loadSegments({LoaderHarness::segment(1, 5)}, "m2");  // as V1 of the same manifest
  // Without new properties G3's name of "m2" is not known: left, and told.
  EXPECT_THAT(world.take<output::TrackerError>(), SizeIs(1));
  world.input(input::Load{{LoaderHarness::segment(1, 5)}, "m2", stream(2000)});
  const Details after = world.loader().getDetails();
  ASSERT_THAT(after.swarms, SizeIs(2));
  EXPECT_NE(after.swarms[0].infoHash, before.swarms[0].infoHash);
  EXPECT_NE(after.swarms[1].infoHash, before.swarms[1].infoHash);
  EXPECT_FALSE(alice.isOpen());
  EXPECT_FALSE(bob.isOpen());
  EXPECT_THAT(world.takeNews(), ElementsAre("close alice", "close bob"));
  EXPECT_THAT(world.take<output::OpenSocket>(), IsEmpty());
  EXPECT_THAT(world.take<output::CloseSocket>(), IsEmpty());
}

TEST(Generations, ASwitchJoinsBothNewSwarmsAndASecondLaterLeavesBothOld) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1});
  const Details before = world.loader().getDetails();
  world.trackerCounts(1, 120, kG0);
  world.trackerCounts(1, 120, kG3);
  world.takeTrackerRequests();
  world.take<output::OpenSocket>();
  world.advance(30'000);
  EXPECT_THAT(world.takeTrackerRequests(), IsEmpty());
  world.input(input::Load{{LoaderHarness::segment(1, 5)}, "m2", stream(2000)});
  const Details after = world.loader().getDetails();
  const auto told = [&] {
    std::vector<std::string> events;
    for (const auto& announce : announces(world)) {
      std::string which = "?";
      for (std::size_t i = 0; i < 2; ++i) {
        if (announce.infoHash == before.swarms[i].infoHash) which = "old " + std::to_string(i);
        if (announce.infoHash == after.swarms[i].infoHash) which = "new " + std::to_string(i);
      }
      events.push_back(eventName(announce.event) + " " + which);
    }
    return events;
  };
  EXPECT_THAT(told(), ElementsAre("started new 0", "started new 1"));
  // A stream that is left may come back within a second.
  world.advance(999);
  EXPECT_THAT(told(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(told(), testing::UnorderedElementsAre("stopped old 0", "stopped old 1"));
  EXPECT_THAT(world.take<output::OpenSocket>(), IsEmpty());
  EXPECT_THAT(world.take<output::CloseSocket>(), IsEmpty());
  // Back again: the ids of before.
  load(world, {1});
  const Details back = world.loader().getDetails();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(back.swarms[i].peerId, before.swarms[i].peerId);
    EXPECT_EQ(back.swarms[i].infoHash, before.swarms[i].infoHash);
  }
}

TEST(Generations, WithoutPropertiesG3IsLeftOutOnceAndPlaybackGoesOn) {
  LoaderHarness world(protocols({kG0, kG3}));
  world.load({1});
  const auto errors = world.take<output::TrackerError>();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].error.code, base::ErrorCode::invalidArgument);
  EXPECT_THAT(errors[0].error.detail, HasSubstr("peerProtocols: G3 is left out"));
  ASSERT_THAT(world.loader().getDetails().swarms, SizeIs(1));
  world.load({1, 2});
  world.loadSegments({});
  EXPECT_THAT(world.take<output::TrackerError>(), IsEmpty());
  world.load({1});
  world.respond("m+1", "one");
  EXPECT_THAT(world.takeNews(), Contains("loaded m+1 3 http"));
  // Now it is told: joined, and the other swarm is not touched.
  const base::PeerId own = world.ownId();
  world.takeTrackerRequests();
  load(world, {1});
  ASSERT_THAT(world.loader().getDetails().swarms, SizeIs(2));
  EXPECT_EQ(world.ownId(), own);
  for (const auto& announce : announces(world)) EXPECT_EQ(announce.infoHash, world.infoHash(kG3));
}

TEST(Generations, G3AloneWithoutPropertiesPlaysOverHttp) {
  LoaderHarness world(protocols({kG3}));
  world.load({1});
  EXPECT_THAT(world.take<output::TrackerError>(), SizeIs(1));
  EXPECT_THAT(world.loader().getDetails().swarms, IsEmpty());
  EXPECT_EQ(world.loader().getDetails().peerId.substr(0, 16), base::toHex("-PM0203-"));
  world.respond("m+1", "one");
  EXPECT_THAT(world.takeNews(), ElementsAre("loaded m+1 3 http"));
}

TEST(Generations, WhatWasToldOfAStreamStaysTrueForItsNextLoads) {
  LoaderHarness world(protocols({kG2, kG3}));
  Segment named = LoaderHarness::segment(1, 5);
  named.streamId = "V0";
  world.input(input::Load{{named}, "m+V0", stream()});
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  world.loadSegments({}, "m+V0");       // the end of a video
  world.loadSegments({named}, "m+V0");  // properties are not repeated
  EXPECT_THAT(world.take<output::TrackerError>(), IsEmpty());
  EXPECT_TRUE(bob.isOpen());
  EXPECT_THAT(world.loader().getDetails().swarms, SizeIs(2));
}

TEST(Generations, G2JoinsByTheStreamIdAlone) {
  LoaderHarness world(protocols({kG2}));
  Segment segment = LoaderHarness::segment(1, 5);
  segment.masterSwarmId = "https://example.com/live/master.m3u8";
  segment.streamId = "V0";
  world.loadSegments({segment}, "https://example.com/live/master.m3u8+V0");
  EXPECT_THAT(world.take<output::TrackerError>(), IsEmpty());
  const Details details = world.loader().getDetails();
  ASSERT_THAT(details.swarms, SizeIs(1));
  EXPECT_EQ(details.swarms[0].infoHash.view(), "L2uYwMcHhsstZuLv8ZqU");
  EXPECT_EQ(details.swarms[0].peerId.view().substr(0, 8), "-PM0202-");
  world.loadSegments({}, "https://example.com/live/master.m3u8+V0");
  EXPECT_THAT(world.loader().getDetails().swarms, SizeIs(1));
  EXPECT_THAT(world.take<output::TrackerError>(), IsEmpty());
}

TEST(Generations, TheMarkIsThereOnlyWithMoreThanOneProtocol) {
  for (const bool several : {false, true}) {
    LoaderHarness world(several ? protocols({kG0, kG3}) : protocols({kG0}));
    load(world, {1});
    ASSERT_TRUE(world.relayOffer("alice", "x"));
    std::vector<std::string> sdps;
    for (const auto& request : world.takeTrackerRequests()) {
      if (const auto* answer = std::get_if<wire::AnswerRequest>(&request)) sdps.push_back(answer->sdp);
      const auto* announce = std::get_if<wire::AnnounceRequest>(&request);
      if (announce == nullptr) continue;
      for (const auto& offer : announce->offers) sdps.push_back(offer.sdp);
    }
    ASSERT_GT(sdps.size(), 10U);
    for (const std::string& sdp : sdps) {
      EXPECT_EQ(nodeMarkOf(sdp).has_value(), several) << sdp;
      if (several) continue;
      EXPECT_THAT(sdp, testing::MatchesRegex("(offer|answer) #[0-9]+"));
    }
  }
}

// ---------------------------------------------------------------------------------------- segments between them

TEST(Generations, WhatAG0PeerSentIsServedToAG3PeerByNumberAndTheOtherWay) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1, 2});
  FakePeer alice = world.connectPeer("alice");
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{}})"));
  EXPECT_THAT(bob.received(), ElementsAre("announce"));
  alice.has({1});
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
  alice.delivers(1, "one");
  world.advance(50);
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["1",[0]]}})"));
  EXPECT_THAT(bob.received(), ElementsAre("announce 1"));
  bob.requests(1, 77);
  EXPECT_THAT(bob.received(), ElementsAre("data 1 r=77 s=3", "[3 bytes]", "completed 1 r=77"));

  bob.has({2});
  EXPECT_THAT(bob.received(), ElementsAre("request 2 r=1"));
  bob.delivers(2, 1, "two!");
  world.advance(50);
  EXPECT_THAT(bob.received(), ElementsAre("announce 1,2"));
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["1|2",[0,0]]}})"));
  alice.requests(2);
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":0,"i":"m+2","s":4})", "[4 bytes]"));
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "connect bob 192.0.2.1",
                                            "loaded m+1 3 p2p alice", "loaded m+2 4 p2p bob"));
  EXPECT_THAT(world.take<output::StartHttp>(), IsEmpty());
}

TEST(Generations, EachSegmentIsFetchedOnceWhoeverWantsItAndToldToAll) {
  LoaderHarness world(protocols({kG0, kG3, kG4}));
  load(world, {7}, 0);
  FakePeer alice = world.connectPeer("alice");
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  BinaryPeer carol = BinaryPeer::connect(world, "carol", kG4);
  // Loading over HTTP: status 1, `p`.
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["7",[1]]}})"));
  EXPECT_THAT(bob.received(), ElementsAre("announce loading 7"));
  EXPECT_THAT(carol.received(), ElementsAre("announce loading 7"));
  bob.requests(7, 1);  // not yet
  EXPECT_THAT(bob.received(), ElementsAre("absent 7 r=1"));
  world.respond("m+7", "seven");
  world.advance(50);
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m":["7",[0]]}})"));
  EXPECT_THAT(bob.received(), ElementsAre("announce 7"));
  EXPECT_THAT(carol.received(), ElementsAre("announce 7"));
  alice.requests(7);
  bob.requests(7, 2);
  carol.requests(7, 3);
  EXPECT_THAT(alice.received(), SizeIs(2));
  EXPECT_THAT(bob.received(), ElementsAre("data 7 r=2 s=5", "[5 bytes]", "completed 7 r=2"));
  EXPECT_THAT(carol.received(), ElementsAre("data 7 r=3 s=5", "[5 bytes]", "completed 7 r=3"));
  EXPECT_THAT(world.take<output::StartHttp>(), SizeIs(1));
}

TEST(Generations, WhatAPeerLoadsOverHttpIsNotLoadedAtRandomToo) {
  Settings settings = protocols({kG0, kG3});
  settings.httpDownloadProbability = 1;
  LoaderHarness world(settings);
  load(world, {1}, 5);
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  bob.has({}, {1});
  world.advance(5000);
  EXPECT_THAT(world.take<output::StartHttp>(), IsEmpty());
  bob.has({});
  world.advance(1000);
  EXPECT_THAT(world.take<output::StartHttp>(), SizeIs(1));
}

TEST(Generations, NumbersOfAVideoDifferFromItsSequences) {
  // A video that begins with sequence 1: hls.js 2.x counts places from 0, G0 and G4 count sequences (5b.1).
  LoaderHarness world(protocols({kG0, kG3, kG4}));
  std::vector<Segment> segments;
  for (int place = 0; place < 3; ++place) {
    segments.push_back(LoaderHarness::segment(place + 1, 5));
    segments.back().externalId = place;
  }
  world.input(input::Load{segments, "m", stream()});
  FakePeer alice = world.connectPeer("alice");
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  BinaryPeer carol = BinaryPeer::connect(world, "carol", kG4);
  bob.received();
  bob.has({0});
  EXPECT_THAT(bob.received(), ElementsAre("request 0 r=1"));
  bob.delivers(0, 1, "first");
  EXPECT_THAT(world.takeNews(), Contains("loaded m+1 5 p2p bob"));
  carol.received();
  carol.has({2});
  EXPECT_THAT(carol.receivedNoAnnouncements(), ElementsAre("request 2 r=1"));
  carol.delivers(2, 1, "second");
  EXPECT_THAT(world.takeNews(), ElementsAre("loaded m+2 6 p2p carol"));
  world.advance(50);
  EXPECT_THAT(alice.received(), Contains(R"({"c":2,"m":{"m":["1|2",[0,0]]}})"));
  EXPECT_THAT(bob.received(), Contains("announce 0,1"));
  EXPECT_THAT(carol.received(), Contains("announce 1,2"));
  bob.requests(1, 5);
  carol.requests(1, 5);
  EXPECT_THAT(bob.received(), ElementsAre("data 1 r=5 s=6", "[6 bytes]", "completed 1 r=5"));
  EXPECT_THAT(carol.received(), ElementsAre("data 1 r=5 s=5", "[5 bytes]", "completed 1 r=5"));
  bob.requests(2, 6);
  EXPECT_THAT(bob.received(), ElementsAre("absent 2 r=6"));
}

TEST(Generations, NumbersBelongToTheCurrentStreamOnly) {
  // Both streams of one manifest are stored; JSON peers are told of both, binary ones of the one they are in.
  LoaderHarness world(protocols({kG0, kG3}));
  Segment low = LoaderHarness::segment(1, 0);
  low.streamId = "V0";
  low.id = "low 1";
  world.input(input::Load{{low}, "m+V0", stream(1000)});
  world.respond("low 1", "low");
  Segment high = LoaderHarness::segment(2, 5);
  high.streamId = "V1";
  high.id = "high 2";
  Segment other = LoaderHarness::segment(3, 6);  // of another stream in the same queue
  other.streamId = "V0";
  other.id = "low 3";
  world.input(input::Load{{high, other}, "m+V1", stream(2000)});
  FakePeer alice = world.connectPeer("alice");
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{"m+V0":["1",[0]]}})"));
  EXPECT_THAT(bob.received(), ElementsAre("announce"));
  bob.requests(1, 4);
  EXPECT_THAT(bob.received(), ElementsAre("absent 1 r=4"));
  alice.sends(wire::SegmentRequest{base::SegmentId("m+V0+1")});
  EXPECT_THAT(alice.received(), SizeIs(2));
  bob.has({3});
  EXPECT_THAT(bob.received(), IsEmpty());
  bob.has({2, 3});
  EXPECT_THAT(bob.received(), ElementsAre("request 2 r=1"));
}

TEST(Generations, ConsumeOnlyTellsNothingAndHasNothingInBothCodecs) {
  Settings settings = protocols({kG0, kG3});
  settings.consumeOnly = true;
  LoaderHarness world(settings);
  load(world, {1, 2}, 0);
  world.respond("m+1", "one");
  FakePeer alice = world.connectPeer("alice");
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  world.respond("m+2", "two");
  world.advance(1000);
  EXPECT_THAT(alice.received(), IsEmpty());
  EXPECT_THAT(bob.received(), IsEmpty());
  alice.requests(1);
  bob.requests(1, 9);
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":1,"i":"m+1"})"));
  EXPECT_THAT(bob.received(), ElementsAre("absent 1 r=9"));
  load(world, {3});
  bob.has({3});
  EXPECT_THAT(bob.received(), ElementsAre("request 3 r=1"));  // it takes
}

TEST(Generations, ARefusedSegmentExpelsItsSender) {
  LoaderHarness world(protocols({kG0, kG3}), {.segmentValidator = true});
  load(world, {1});
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  FakePeer alice = world.connectPeer("alice");
  bob.has({1});
  bob.delivers(1, 1, "bad");
  const auto validations = world.take<output::ValidateSegment>();
  ASSERT_THAT(validations, SizeIs(1));
  EXPECT_EQ(validations[0].peerId, LoaderHarness::peerId("bob", kG3));
  EXPECT_TRUE(bob.isOpen());
  world.takeNews();
  world.input(input::SegmentValidated{validations[0].request, base::Error{base::ErrorCode::malformed, "bad hash"}});
  EXPECT_FALSE(bob.isOpen());
  EXPECT_THAT(world.takeNews(), ElementsAre("error m+1 bad hash bob", "close bob"));
  const auto errors = world.take<output::PeerError>();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].id, LoaderHarness::peerId("bob", kG3));
  EXPECT_EQ(world.stats().peerFaults, 1U);
  EXPECT_TRUE(alice.isOpen());
  alice.has({1});
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
  alice.delivers(1, "good");
  EXPECT_THAT(world.take<output::ValidateSegment>(), SizeIs(1));
}

TEST(Generations, DetailsTellGenerationsAndPeersOfEachSwarm) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1, 2});
  world.connectPeer("alice");
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  BinaryPeer::connect(world, "carol");
  bob.has({1, 9}, {4});
  bob.delivers(1, 1, "abc");
  bob.requests(1, 4, 1);
  const Details details = world.loader().getDetails();
  ASSERT_THAT(details.swarms, SizeIs(2));
  EXPECT_EQ(details.swarms[0].peers, 1U);
  EXPECT_EQ(details.swarms[1].peers, 2U);
  ASSERT_THAT(details.peers, SizeIs(3));
  for (const PeerDetails& peer : details.peers) {
    const std::string name = LoaderHarness::nameOf(peer.id);
    EXPECT_EQ(peer.generation, name == "alice" ? kG0 : kG3);
    EXPECT_EQ(peer.id, LoaderHarness::peerId(name, peer.generation));
    EXPECT_EQ(peer.segments, name == "bob" ? 3U : 0U);
    EXPECT_EQ(peer.bytesDownloaded, name == "bob" ? 3U : 0U);
    EXPECT_EQ(peer.bytesUploaded, name == "bob" ? 2U : 0U);
  }
}

// ------------------------------------------------------------------------------------------------- partial bodies

/// A G3 peer that dies after "abc" of 6 bytes.
void dieInMidBody(BinaryPeer& peer, int number) {
  peer.has({number});
  EXPECT_THAT(peer.receivedNoAnnouncements(), ElementsAre("request " + std::to_string(number) + " r=1"));
  peer.header(number, 1, 6);
  peer.sendsBytes("abc");
  peer.close();
}

TEST(Generations, AnotherG3PeerGoesOnWhereTheFirstDied) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1});
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  BinaryPeer carol = BinaryPeer::connect(world, "carol");
  dieInMidBody(bob, 1);
  carol.received();
  carol.has({1});
  EXPECT_THAT(carol.received(), ElementsAre("request 1 r=1 b=3"));
  carol.header(1, 1, 3);
  carol.sendsBytes("def");
  carol.completes(1, 1);
  EXPECT_EQ(world.getSegment("m+1")->data->text(), "abcdef");
  EXPECT_THAT(world.takeNews(), Contains("loaded m+1 6 p2p carol"));
}

TEST(Generations, WhoeverSentTheRestIsNotBlamedForTheWhole) {
  LoaderHarness world(protocols({kG0, kG3}), {.segmentValidator = true});
  load(world, {1});
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  BinaryPeer carol = BinaryPeer::connect(world, "carol");
  dieInMidBody(bob, 1);
  carol.has({1});
  carol.received();
  carol.header(1, 1, 3);
  carol.sendsBytes("def");
  carol.completes(1, 1);
  const auto refuse = [&] {
    const auto validations = world.take<output::ValidateSegment>();
    ASSERT_THAT(validations, SizeIs(1));
    world.input(input::SegmentValidated{validations[0].request, base::Error{base::ErrorCode::malformed, "bad hash"}});
  };
  refuse();
  EXPECT_TRUE(carol.isOpen());
  EXPECT_THAT(carol.receivedNoAnnouncements(), ElementsAre("request 1 r=2"));  // all of it
  carol.header(1, 2, 6);
  carol.sendsBytes("abcdef");
  carol.completes(1, 2);
  refuse();
  EXPECT_FALSE(carol.isOpen());
}

TEST(Generations, WithAnotherSizeTheContinuationIsDroppedAndTheWholeIsAskedFor) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1});
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  BinaryPeer carol = BinaryPeer::connect(world, "carol");
  BinaryPeer dave = BinaryPeer::connect(world, "dave");
  dieInMidBody(bob, 1);
  carol.has({1});
  carol.received();
  carol.header(1, 1, 9);
  EXPECT_FALSE(carol.isOpen());
  dave.received();
  dave.has({1});
  EXPECT_THAT(dave.received(), ElementsAre("request 1 r=1"));
}

TEST(Generations, AG0PeerIsAskedForTheWholeAndTheBeginningIsKept) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1});
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  FakePeer alice = world.connectPeer("alice");
  dieInMidBody(bob, 1);
  alice.has({1});
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
  alice.announces(1, 6);
  alice.sendsRaw("a");
  alice.close();
  // It came less far than bob.
  BinaryPeer carol = BinaryPeer::connect(world, "carol");
  carol.has({1});
  EXPECT_THAT(carol.receivedNoAnnouncements(), ElementsAre("request 1 r=1 b=3"));
  carol.close();
  FakePeer dave = world.connectPeer("dave");
  dave.has({1});
  dave.delivers(1, "abcdef");
  EXPECT_EQ(world.getSegment("m+1")->data->text(), "abcdef");
}

TEST(Generations, AG0PeersBeginningIsContinuedByAG3Peer) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1});
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.announces(1, 6);
  alice.sendsRaw("abcd");
  alice.close();
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  bob.has({1});
  EXPECT_THAT(bob.receivedNoAnnouncements(), ElementsAre("request 1 r=1 b=4"));
}

TEST(Generations, HttpStartsOverWithoutRangesAndGoesOnWithThem) {
  for (const bool ranges : {false, true}) {
    Settings settings = protocols({kG0, kG3});
    settings.httpUseRanges = ranges;
    LoaderHarness world(settings);
    load(world, {1});
    BinaryPeer bob = BinaryPeer::connect(world, "bob");
    dieInMidBody(bob, 1);
    load(world, {1}, 0);
    const auto starts = world.take<output::StartHttp>();
    ASSERT_THAT(starts, SizeIs(1));
    if (!ranges) {
      EXPECT_EQ(starts[0].range, std::nullopt);
      // HTTP fails: another peer goes on where bob stopped.
      world.fail("m+1");
      BinaryPeer carol = BinaryPeer::connect(world, "carol");
      carol.has({1});
      EXPECT_THAT(carol.receivedNoAnnouncements(), ElementsAre("request 1 r=1 b=3"));
      continue;
    }
    EXPECT_EQ(starts[0].range, "bytes=3-");
    world.head("m+1", {.status = 206, .contentLength = 3, .rangeStart = 3, .rangeTotal = 6});
    world.data("m+1", "def");
    world.done("m+1");
    EXPECT_EQ(world.getSegment("m+1")->data->text(), "abcdef");
  }
}

TEST(Generations, AStalledPeerIsPassedOverForAnotherWhichGoesOn) {
  LoaderHarness world(protocols({kG0, kG3}));
  load(world, {1});
  BinaryPeer bob = BinaryPeer::connect(world, "bob");
  bob.has({1});
  bob.header(1, 1, 6);
  bob.sendsBytes("abc");
  bob.received();
  BinaryPeer carol = BinaryPeer::connect(world, "carol");
  carol.has({1});
  carol.received();
  world.advance(1999);
  EXPECT_THAT(carol.received(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(bob.received(), ElementsAre("cancel 1 r=1"));
  EXPECT_THAT(carol.received(), ElementsAre("request 1 r=1 b=3"));
  EXPECT_TRUE(bob.isOpen());
}

}  // namespace
}  // namespace p2pml::engine
