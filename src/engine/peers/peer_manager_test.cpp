// PeerManager through the loader it works in: from tracker messages to open channels and back.
#include "engine/peers/peer_manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/testing/loader_harness.hpp"

namespace p2pml::engine {
namespace {

using base::ConnectionId;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Above and below our own id, whose random part is of [A-Za-z0-9].
constexpr const char* kLower = "!low";
constexpr const char* kHigher = "~high";

Settings withoutHttp() {
  Settings settings = LoaderHarness::quietSettings();
  settings.requiredSegmentsPriority = -1;
  return settings;
}

class PeerManagerTest : public testing::Test {
 protected:
  explicit PeerManagerTest(Settings settings = withoutHttp()) : world(std::move(settings)) {}
  std::vector<std::string> peerErrors() {
    std::vector<std::string> texts;
    for (const auto& error : world.take<output::PeerError>()) {
      texts.push_back((error.id ? LoaderHarness::nameOf(*error.id) + ": " : "") + error.error.detail);
    }
    return texts;
  }
  std::vector<ConnectionId> closedPeers() {
    std::vector<ConnectionId> ids;
    for (const auto& close : world.take<output::ClosePeer>()) ids.push_back(close.connection);
    return ids;
  }
  /// One of our offers, answered by `name` and connected.
  FakePeer connectByOurOffer(const std::string& name) {
    if (offers.empty()) offers = world.takeOffers();
    const wire::TrackerOffer offer = offers.back();
    offers.pop_back();
    world.relayAnswer(name, offer.offerId);
    const auto set = world.take<output::SetAnswer>();
    EXPECT_THAT(set, SizeIs(1));
    world.opened(LoaderHarness::connectionOf(offer));
    return world.peerAt(LoaderHarness::connectionOf(offer));
  }

  LoaderHarness world;
  std::vector<wire::TrackerOffer> offers;
};

TEST_F(PeerManagerTest, AnswersOffersOnTheTrackerTheyCameFrom) {
  world.load({1});
  world.takeTrackerRequests();
  const auto connection = world.relayOffer("alice", "offer-1");
  ASSERT_TRUE(connection);
  const auto requests = world.takeTrackerRequests();
  ASSERT_EQ(requests.size(), 1U);
  const auto& answer = std::get<wire::AnswerRequest>(requests[0]);
  EXPECT_EQ(answer.toPeerId, LoaderHarness::peerId("alice"));
  EXPECT_EQ(answer.offerId, LoaderHarness::offerId("offer-1"));
  EXPECT_EQ(answer.peerId, world.ownId());
  EXPECT_EQ(answer.sdp, "answer #" + std::to_string(connection->value));
  world.opened(*connection);
  EXPECT_THAT(world.takeEvents(), ElementsAre("connect alice 192.0.2.1"));
  const Details details = world.loader().getDetails();
  ASSERT_EQ(details.peers.size(), 1U);
  EXPECT_EQ(details.peers[0].id, LoaderHarness::peerId("alice"));
  EXPECT_EQ(details.peers[0].remoteAddress, "192.0.2.1");
}

TEST_F(PeerManagerTest, OffersAreAnnouncedWithLabelsOf40HexDigits) {
  world.load({1});
  for (const auto& create : world.take<output::CreateOffer>()) {
    EXPECT_EQ(create.label.size(), 40U);
    EXPECT_EQ(create.label.find_first_not_of("0123456789abcdef"), std::string::npos);
  }
  const auto requests = world.takeTrackerRequests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(std::get<wire::AnnounceRequest>(requests[0]).offers.size(), 10U);  // peerRequestsPerAnnounce
}

TEST_F(PeerManagerTest, AnsweredOfferConnects) {
  world.load({1});
  FakePeer alice = connectByOurOffer("alice");
  EXPECT_THAT(world.takeEvents(), ElementsAre("connect alice 192.0.2.1"));
  EXPECT_THAT(alice.received(), ElementsAre(R"({"c":2,"m":{}})"));
  alice.close();
  EXPECT_THAT(world.takeEvents(), ElementsAre("close alice"));
  EXPECT_THAT(peerErrors(), IsEmpty());
  EXPECT_THAT(closedPeers(), IsEmpty());
}

TEST_F(PeerManagerTest, AnswersToUnknownOrUsedOffersAreIgnored) {
  world.load({1});
  offers = world.takeOffers();
  world.relayAnswer("alice", LoaderHarness::offerId("never made"));
  world.relayAnswer("alice", offers[0].offerId);
  world.relayAnswer("bob", offers[0].offerId);
  const auto set = world.take<output::SetAnswer>();
  ASSERT_EQ(set.size(), 1U);
  EXPECT_EQ(set[0].connection, LoaderHarness::connectionOf(offers[0]));
}

TEST_F(PeerManagerTest, OfferLivesExactly50Seconds) {
  world.load({1});
  world.advanceTo(20'000);
  world.trackerCounts(2, 3600);
  offers = world.takeOffers();
  world.advanceTo(49'999);
  EXPECT_THAT(closedPeers(), IsEmpty());
  world.advanceTo(50'000);
  EXPECT_THAT(closedPeers(), SizeIs(offers.size()));
  EXPECT_THAT(peerErrors(), IsEmpty());  // nobody wanted it: nothing to tell
  world.relayAnswer("alice", offers[0].offerId);
  EXPECT_THAT(world.take<output::SetAnswer>(), IsEmpty());
}

TEST_F(PeerManagerTest, AnOfferThatIsNotMadeIn5500MillisecondsIsGivenUp) {
  world.makesOffers = false;
  world.load({1});
  const auto created = world.take<output::CreateOffer>();
  ASSERT_EQ(created.size(), 10U);
  // One of the batch is ready, the others never are: that one goes out alone, and lives on.
  world.advanceTo(1000);
  world.input(input::OfferCreated{created[0].connection, "offer #" + std::to_string(created[0].connection.value)});
  world.advanceTo(5499);
  EXPECT_THAT(world.takeOffers(), IsEmpty());
  world.advanceTo(5500);
  EXPECT_THAT(closedPeers(), SizeIs(9));
  offers = world.takeOffers();
  ASSERT_EQ(offers.size(), 1U);
  connectByOurOffer("alice");
  EXPECT_THAT(world.takeEvents(), ElementsAre("connect alice 192.0.2.1"));
}

TEST_F(PeerManagerTest, AnOfferWhoseConnectionFailsIsNotAnnounced) {
  world.makesOffers = false;
  world.load({1});
  const auto created = world.take<output::CreateOffer>();
  for (std::size_t i = 0; i + 1 < created.size(); ++i) {
    world.input(input::OfferCreated{created[i].connection, "offer #" + std::to_string(created[i].connection.value)});
  }
  world.closed(created[0].connection);      // was ready
  world.closed(created.back().connection);  // never was
  EXPECT_THAT(world.takeOffers(), SizeIs(8));
}

TEST_F(PeerManagerTest, HandshakeTakesAtMost15Seconds) {
  world.load({1});
  offers = world.takeOffers();
  world.advanceTo(1000);
  world.relayAnswer("alice", offers[0].offerId);
  const auto bob = world.relayOffer("bob", "offer-b");
  ASSERT_TRUE(bob);
  world.advanceTo(15'999);
  EXPECT_THAT(closedPeers(), IsEmpty());
  world.advanceTo(16'000);
  EXPECT_THAT(closedPeers(), ElementsAre(LoaderHarness::connectionOf(offers[0]), *bob));
  EXPECT_THAT(peerErrors(),
              ElementsAre("alice: peer did not connect within 15 s", "bob: peer did not connect within 15 s"));
  EXPECT_THAT(world.takeEvents(), IsEmpty());
}

TEST_F(PeerManagerTest, AnAnswerTakesAtMost5500Milliseconds) {
  world.load({1});
  world.makesAnswers = false;
  const auto alice = world.relayOffer("alice", "offer-a");
  ASSERT_TRUE(alice);
  world.advanceTo(5499);
  EXPECT_THAT(closedPeers(), IsEmpty());
  world.advanceTo(5500);
  EXPECT_THAT(closedPeers(), ElementsAre(*alice));
}

TEST_F(PeerManagerTest, AFailedHandshakeIsTold) {
  world.load({1});
  const auto alice = world.relayOffer("alice", "offer-a");
  world.closed(*alice);
  EXPECT_THAT(peerErrors(), ElementsAre("alice: connection lost"));
  EXPECT_THAT(world.takeEvents(), IsEmpty());
}

TEST_F(PeerManagerTest, HandshakesOfOnePeerAndOfAllAreBounded) {
  world.load({1});
  int answered = 0;
  for (int i = 0; i < 10; ++i) answered += world.relayOffer("alice", "offer " + std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(answered, static_cast<int>(PeerManager::kMaxHandshakesPerPeer));
  for (int i = 0; i < 80; ++i) {
    answered += world.relayOffer("peer " + std::to_string(i), "offer of " + std::to_string(i)) ? 1 : 0;
  }
  EXPECT_EQ(answered, static_cast<int>(PeerManager::kMaxIncomingHandshakes));
  // Those that end make room.
  world.advance(15'000);
  closedPeers();
  EXPECT_TRUE(world.relayOffer("alice", "again"));
}

TEST_F(PeerManagerTest, AConnectedPeersOffersAndAnswersAreIgnored) {
  world.load({1});
  offers = world.takeOffers();
  world.connectPeer("alice");
  EXPECT_FALSE(world.relayOffer("alice", "second"));
  world.relayAnswer("alice", offers[0].offerId);
  EXPECT_THAT(world.take<output::SetAnswer>(), IsEmpty());
  EXPECT_THAT(closedPeers(), ElementsAre(LoaderHarness::connectionOf(offers[0])));
}

// -------------------------------------------------------------------------------------------------- duplicates

class PeerDuplicatesTest : public PeerManagerTest {
 protected:
  struct Two {
    ConnectionId ours;    // offered by us
    ConnectionId theirs;  // offered by them
  };
  /// Both handshakes with `name` are under way: none of them is ended because of the other (5c.5).
  Two glare(const std::string& name) {
    world.load({1});
    const auto all = world.takeOffers();
    world.relayAnswer(name, all[0].offerId);
    const auto theirs = world.relayOffer(name, "theirs");
    EXPECT_TRUE(theirs);
    EXPECT_THAT(closedPeers(), IsEmpty());
    return {LoaderHarness::connectionOf(all[0]), theirs.value_or(ConnectionId())};
  }
  void expectKept(ConnectionId kept, ConnectionId gone) {
    EXPECT_THAT(world.takeEvents(), ElementsAre(HasSubstr("connect")));
    world.advance(4999);
    EXPECT_THAT(closedPeers(), testing::Not(Contains(gone)));
    world.advance(1);
    EXPECT_THAT(closedPeers(), Contains(gone));
    EXPECT_TRUE(world.open().isOpen(kept));
    EXPECT_THAT(world.takeEvents(), IsEmpty());  // the peer never went away
    EXPECT_EQ(world.loader().getDetails().peers.size(), 1U);
  }
};

TEST_F(PeerDuplicatesTest, TheirsIsKeptIfTheirIdIsLowerWhateverOpensFirst) {
  const Two two = glare(kLower);
  world.opened(two.ours);
  world.opened(two.theirs);
  expectKept(two.theirs, two.ours);
}

TEST_F(PeerDuplicatesTest, TheirsIsKeptIfTheirIdIsLowerOtherOrder) {
  const Two two = glare(kLower);
  world.opened(two.theirs);
  world.opened(two.ours);
  expectKept(two.theirs, two.ours);
}

TEST_F(PeerDuplicatesTest, OursIsKeptIfOurIdIsLowerWhateverOpensFirst) {
  const Two two = glare(kHigher);
  world.opened(two.theirs);
  world.opened(two.ours);
  expectKept(two.ours, two.theirs);
}

TEST_F(PeerDuplicatesTest, OursIsKeptIfOurIdIsLowerOtherOrder) {
  const Two two = glare(kHigher);
  world.opened(two.ours);
  world.opened(two.theirs);
  expectKept(two.ours, two.theirs);
}

TEST_F(PeerDuplicatesTest, OfTwoOffersOfOneSideTheLowerOfferIdIsKept) {
  world.load({1});
  const auto b = world.relayOffer("alice", "B");
  const auto a = world.relayOffer("alice", "A");
  ASSERT_TRUE(a && b);
  world.opened(*b);
  world.opened(*a);
  expectKept(*a, *b);
}

TEST_F(PeerDuplicatesTest, BothGetTheMapAndBothMayAsk) {
  const Two two = glare(kLower);
  world.opened(two.ours);
  world.opened(two.theirs);
  for (const ConnectionId id : {two.ours, two.theirs}) {
    FakePeer peer = world.peerAt(id);
    EXPECT_THAT(peer.received(), ElementsAre(R"({"c":2,"m":{}})"));
    peer.requests(7);
    EXPECT_THAT(peer.received(), ElementsAre(R"({"c":1,"i":"m+7"})"));
  }
}

TEST_F(PeerDuplicatesTest, TheRetiringOneStaysIfTheKeptOneCloses) {
  const Two two = glare(kLower);
  world.opened(two.ours);
  world.opened(two.theirs);
  world.advance(1000);
  world.closed(two.theirs);
  EXPECT_THAT(world.takeEvents(), ElementsAre(HasSubstr("connect")));
  world.advance(10'000);
  EXPECT_TRUE(world.open().isOpen(two.ours));
  FakePeer peer = world.peerAt(two.ours);
  peer.has({1});
  EXPECT_THAT(peer.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
  world.closed(two.ours);
  EXPECT_THAT(world.takeEvents(), ElementsAre(HasSubstr("close")));
}

TEST_F(PeerDuplicatesTest, TheRetiringOneGoesQuietly) {
  const Two two = glare(kLower);
  world.opened(two.ours);
  world.opened(two.theirs);
  world.closed(two.ours);
  EXPECT_THAT(world.takeEvents(), ElementsAre(HasSubstr("connect")));
  EXPECT_EQ(world.loader().getDetails().peers.size(), 1U);
}

TEST_F(PeerDuplicatesTest, ATransferKeepsItsConnectionUntilItIsDone) {
  const Two two = glare(kLower);  // the rule says: theirs
  world.opened(two.ours);
  FakePeer old = world.peerAt(two.ours);
  old.has({1});
  EXPECT_THAT(old.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
  old.announces(1, 100);
  world.opened(two.theirs);
  for (int i = 0; i < 8; ++i) {  // 8 seconds of it
    old.sendsRaw("0123456789");
    world.advance(1000);
  }
  EXPECT_TRUE(world.open().isOpen(two.ours));
  EXPECT_TRUE(world.open().isOpen(two.theirs));
  old.sendsRaw("01234567890123456789");
  EXPECT_THAT(world.takeNews(), ElementsAre(HasSubstr("connect"), "loaded m+1 100 p2p !low"));
  // Then both ends come together on the one of the rule, and never close it.
  world.advance(20'000);
  EXPECT_TRUE(world.open().isOpen(two.theirs));
  EXPECT_FALSE(world.open().isOpen(two.ours));
  EXPECT_THAT(world.takeNews(), IsEmpty());
}

TEST_F(PeerDuplicatesTest, BothEndsOfALinkNeverCloseDifferentOnes) {
  // What one end sees as a transfer may be over at the other: it closes the old one while we would close the new.
  const Two two = glare(kLower);
  world.opened(two.ours);
  FakePeer old = world.peerAt(two.ours);
  old.has({1});
  old.announces(1, 10);
  world.opened(two.theirs);
  old.sendsRaw("0123456789");  // done a moment later
  world.advance(5000);
  world.closed(two.ours);  // the other end's five seconds
  EXPECT_TRUE(world.open().isOpen(two.theirs));
  EXPECT_THAT(world.takeNews(), ElementsAre(HasSubstr("connect"), "loaded m+1 10 p2p !low"));
  world.advance(20'000);
  EXPECT_TRUE(world.open().isOpen(two.theirs));
}

// -------------------------------------------------------------------------------------------------------- limits

class FewPeersTest : public PeerManagerTest {
 protected:
  FewPeersTest() : PeerManagerTest(settings()) {}
  static Settings settings() {
    Settings settings = withoutHttp();
    settings.maxPeers = 2;
    return settings;
  }
};

TEST_F(FewPeersTest, MaxPeersHoldsAlsoForHandshakesUnderWay) {
  world.load({1});
  offers = world.takeOffers();
  EXPECT_EQ(offers.size(), 2U);  // no more offers than places
  std::vector<ConnectionId> incoming;
  for (const char* name : {"a", "b", "c"}) incoming.push_back(*world.relayOffer(name, name));
  world.relayAnswer("d", offers[0].offerId);
  EXPECT_THAT(world.take<output::SetAnswer>(), SizeIs(1));
  world.opened(incoming[0]);
  world.opened(incoming[1]);
  world.opened(incoming[2]);
  world.opened(LoaderHarness::connectionOf(offers[0]));
  EXPECT_THAT(world.takeEvents(), ElementsAre("connect a 192.0.2.1", "connect b 192.0.2.1"));
  EXPECT_THAT(closedPeers(), ElementsAre(incoming[2], LoaderHarness::connectionOf(offers[0])));
  EXPECT_EQ(world.loader().getDetails().peers.size(), 2U);
  // Full: offers are not answered, announces carry none, answers come too late.
  EXPECT_FALSE(world.relayOffer("e", "e"));
  world.relayAnswer("f", offers[1].offerId);
  EXPECT_THAT(world.take<output::SetAnswer>(), IsEmpty());
  world.takeTrackerRequests();
  world.advance(30'000);
  const auto requests = world.takeTrackerRequests();
  ASSERT_FALSE(requests.empty());
  for (const auto& request : requests) {
    EXPECT_THAT(std::get<wire::AnnounceRequest>(request).offers, IsEmpty());
    EXPECT_EQ(std::get<wire::AnnounceRequest>(request).numwant, 0);
  }
  // A place is free again.
  world.closed(incoming[0]);
  EXPECT_TRUE(world.relayOffer("e", "e"));
}

// ------------------------------------------------------------------------------------------------------- streams

TEST_F(PeerManagerTest, StreamChangeEndsThePeersAndGoesToTheOtherSwarm) {
  world.load({1});
  const base::InfoHash first = world.infoHash();
  const base::PeerId firstId = world.ownId();
  FakePeer alice = world.connectPeer("alice");
  const auto bob = world.relayOffer("bob", "offer-b");
  world.takeEvents();
  world.takeTrackerRequests();

  Segment other = LoaderHarness::segment(1);
  other.streamId = "V1";
  other.id = "m+V1+1";
  world.loadSegments({other}, "m+V1");
  EXPECT_NE(world.infoHash(), first);
  EXPECT_NE(world.ownId(), firstId);
  EXPECT_FALSE(alice.isOpen());
  EXPECT_THAT(closedPeers(), testing::AllOf(Contains(alice.connection()), Contains(*bob)));
  EXPECT_THAT(world.takeEvents(), Contains("close alice"));
  EXPECT_THAT(world.take<output::OpenSocket>(), SizeIs(1));  // one socket for both
  bool started = false;
  for (const auto& request : world.takeTrackerRequests()) {
    const auto* announce = std::get_if<wire::AnnounceRequest>(&request);
    started = started || (announce != nullptr && announce->event == wire::AnnounceEvent::started &&
                          announce->infoHash == world.infoHash());
  }
  EXPECT_TRUE(started);
  world.advance(1000);
  const auto stopped = world.takeTrackerRequests();
  ASSERT_EQ(stopped.size(), 1U);
  EXPECT_EQ(std::get<wire::AnnounceRequest>(stopped[0]).event, wire::AnnounceEvent::stopped);
  EXPECT_EQ(std::get<wire::AnnounceRequest>(stopped[0]).infoHash, first);
  EXPECT_EQ(std::get<wire::AnnounceRequest>(stopped[0]).peerId, firstId);

  // Back: the id of that infohash is the same (5c.4).
  world.load({1});
  EXPECT_EQ(world.infoHash(), first);
  EXPECT_EQ(world.ownId(), firstId);
}

TEST_F(PeerManagerTest, WhatCameForTheEarlierSwarmIsDropped) {
  world.load({1});
  const base::InfoHash first = world.infoHash();
  world.loadSegments({LoaderHarness::segment(1)}, "other");
  world.take<output::CreateAnswer>();
  world.tracker(wire::RelayedOffer{first, LoaderHarness::peerId("alice"), LoaderHarness::offerId("x"), "sdp"});
  EXPECT_THAT(world.take<output::CreateAnswer>(), IsEmpty());
}

TEST_F(PeerManagerTest, OwnOffersAreNotAnswered) {
  world.load({1});
  world.take<output::CreateAnswer>();
  world.tracker(wire::RelayedOffer{world.infoHash(), world.ownId(), LoaderHarness::offerId("x"), "sdp"});
  EXPECT_THAT(world.take<output::CreateAnswer>(), IsEmpty());
}

TEST_F(PeerManagerTest, AnswersThatCannotBeDeliveredCloseTheConnection) {
  world.load({1});
  world.makesAnswers = false;
  const auto alice = world.relayOffer("alice", "offer-a");
  world.input(input::SocketClosed{*world.open().sockets().begin(), {base::ErrorCode::unavailable, "gone"}});
  world.input(input::AnswerCreated{*alice, "answer"});
  EXPECT_THAT(closedPeers(), ElementsAre(*alice));
}

// ----------------------------------------------------------------------------------------------- bad behaviour

TEST_F(PeerManagerTest, AMisbehavingPeerIsClosedAndToldOf) {
  world.load({1});
  FakePeer alice = world.connectPeer("alice");
  for (int i = 0; i <= PeerSession::kMaxFaults; ++i) alice.sendsRaw(R"({"c":3})");
  EXPECT_FALSE(alice.isOpen());
  EXPECT_THAT(peerErrors(), ElementsAre(HasSubstr("alice: ")));
  EXPECT_THAT(world.takeEvents(), ElementsAre("connect alice 192.0.2.1", "close alice"));
  EXPECT_EQ(world.stats().staleInputs, 0U);
  alice.sendsRaw("late");
  EXPECT_EQ(world.stats().staleInputs, 1U);
}

TEST_F(PeerManagerTest, SilentPeerIsDestroyedAfterTheResponseTimeout) {
  world.load({1});
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  world.advance(59'999);
  EXPECT_TRUE(alice.isOpen());
  world.advance(1);
  EXPECT_FALSE(alice.isOpen());
  EXPECT_THAT(peerErrors(), ElementsAre(HasSubstr("did not start to send the segment within 60000 ms")));
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1", "close alice"));
}

TEST_F(PeerManagerTest, AStalledPeerRestsWhileAnotherTakesOver) {
  world.load({1});
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.announces(1, 10);
  FakePeer bob = world.connectPeer("bob");
  bob.has({1});
  world.advance(1999);
  EXPECT_THAT(bob.receivedNoMaps(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})", R"({"c":4,"i":"m+1"})"));
  EXPECT_THAT(bob.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
  EXPECT_THAT(peerErrors(), ElementsAre(HasSubstr("alice: segment body stalled")));
}

TEST_F(PeerManagerTest, AStalledPeerIsAskedAgainAfterItsRest) {
  world.load({1});
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.announces(1, 10);
  world.advance(2000);
  EXPECT_THAT(alice.receivedNoMaps(), SizeIs(2));
  world.advance(1999);
  EXPECT_THAT(alice.receivedNoMaps(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(alice.receivedNoMaps(), ElementsAre(R"({"c":3,"i":"m+1"})"));
}

}  // namespace
}  // namespace p2pml::engine
