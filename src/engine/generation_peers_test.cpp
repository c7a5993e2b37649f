// Peers of several generations on one loader: how they share its places, and that a p2pml node met in the swarms of
// two generations is one peer. Exact times. What they exchange: generations_test.cpp.
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

using base::ConnectionId;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Generation kG0 = Generation::g0;
constexpr Generation kG3 = Generation::g3;
constexpr const char* kNode = "AliceAliceAliceAlice";  // 20 characters

Settings bothProtocols(std::int64_t maxPeers = 100) {
  Settings settings = LoaderHarness::quietSettings();
  settings.peerProtocols = {kG0, kG3};
  settings.maxPeers = maxPeers;
  return settings;
}

void load(LoaderHarness& world, const std::vector<int>& numbers, std::int64_t priority = 5) {
  std::vector<Segment> segments;
  for (const int number : numbers) segments.push_back(LoaderHarness::segment(number, priority++));
  media::StreamProperties stream;
  stream.bitrate = 1000;
  world.input(input::Load{std::move(segments), LoaderHarness::kStream, stream});
}

std::size_t peersIn(LoaderHarness& world, Generation generation) { return world.swarm(generation).peers; }

// ------------------------------------------------------------------------------------- one node in two swarms

class OneNode : public testing::Test {
 protected:
  OneNode() { load(world, {1, 2}); }
  /// Handshakes with the same node in both swarms are under way.
  void meetInBoth() {
    g0 = *world.relayOffer("alice", "offer 0", kG0, kNode);
    g3 = *world.relayOffer("alina", "offer 3", kG3, kNode);
  }
  [[nodiscard]] bool isOpen(ConnectionId id) const { return world.open().isOpen(id); }

  LoaderHarness world{bothProtocols()};
  ConnectionId g0;
  ConnectionId g3;
};

TEST_F(OneNode, TheConnectionOfTheLaterGenerationStays) {
  meetInBoth();
  world.opened(g0);
  EXPECT_EQ(peersIn(world, kG0), 1U);
  world.opened(g3);
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1"));
  EXPECT_EQ(peersIn(world, kG0), 0U);
  EXPECT_EQ(peersIn(world, kG3), 1U);
  ASSERT_THAT(world.loader().getDetails().peers, SizeIs(1));
  EXPECT_EQ(world.loader().getDetails().peers[0].id, LoaderHarness::peerId("alice", kG0));  // as PeerConnect told
  EXPECT_EQ(world.loader().getDetails().peers[0].generation, kG3);
  world.advance(4999);
  EXPECT_TRUE(isOpen(g0));
  world.advance(1);
  EXPECT_FALSE(isOpen(g0));
  EXPECT_TRUE(isOpen(g3));
  EXPECT_THAT(world.takeNews(), IsEmpty());
  world.closed(g3);
  const auto closes = world.take<output::PeerClose>();
  ASSERT_THAT(closes, SizeIs(1));
  EXPECT_EQ(closes[0].id, LoaderHarness::peerId("alice", kG0));
}

TEST_F(OneNode, AlsoWhenItWasThereFirst) {
  meetInBoth();
  world.opened(g3);
  world.opened(g0);
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alina 192.0.2.1"));
  EXPECT_EQ(peersIn(world, kG3), 1U);
  world.advance(5000);
  EXPECT_FALSE(isOpen(g0));
  EXPECT_TRUE(isOpen(g3));
  world.closed(g3);
  EXPECT_THAT(world.takeNews(), ElementsAre("close alina"));
}

TEST_F(OneNode, AnOfferOfTheOtherSwarmIsNotTakenWhileItIsConnected) {
  BinaryPeer::connect(world, "alina", kG3, kNode);
  EXPECT_FALSE(world.relayOffer("alice", "offer 0", kG0, kNode));
  EXPECT_TRUE(world.relayOffer("alice", "offer 1", kG0, "BobBobBobBobBobBobBo"));  // another node
  EXPECT_TRUE(world.relayOffer("carol", "offer 2", kG0));                          // no node of ours
}

TEST_F(OneNode, AnAnswerInTheOtherSwarmIsNotTakenWhileItIsConnected) {
  const auto offers = world.takeOffers(kG0);
  BinaryPeer::connect(world, "alina", kG3, kNode);
  ASSERT_GE(offers.size(), 2U);
  world.relayAnswer("alice", offers[0].offerId, kG0, kNode);
  EXPECT_THAT(world.take<output::SetAnswer>(), IsEmpty());
  world.relayAnswer("bob", offers[1].offerId, kG0);
  EXPECT_THAT(world.take<output::SetAnswer>(), SizeIs(1));
}

TEST_F(OneNode, ATransferIsNotInterruptedByTheLaterGeneration) {
  meetInBoth();
  world.opened(g0);
  FakePeer alice = world.peerAt(g0);
  alice.has({1});
  alice.announces(1, 6);
  alice.sendsRaw("abc");
  world.opened(g3);
  EXPECT_EQ(peersIn(world, kG0), 1U);
  world.advance(1500);
  alice.sendsRaw("d");
  world.advance(1500);
  alice.sendsRaw("e");
  world.advance(1500);
  alice.sendsRaw("f");
  alice.has({1, 2});  // the next one, over the same connection
  alice.announces(2, 9);
  alice.sendsRaw("x");
  world.advance(500);  // 5 s: still at it
  EXPECT_TRUE(isOpen(g0));
  EXPECT_TRUE(isOpen(g3));
  EXPECT_EQ(peersIn(world, kG0), 1U);
  alice.sendsRaw("12345678");
  EXPECT_EQ(world.getSegment("m+2")->data->text(), "x12345678");
  world.advance(4999);
  EXPECT_EQ(peersIn(world, kG0), 1U);
  world.advance(1);  // 10 s: the other one is the better
  EXPECT_EQ(peersIn(world, kG0), 0U);
  EXPECT_EQ(peersIn(world, kG3), 1U);
  EXPECT_TRUE(isOpen(g0));
  world.advance(5000);
  EXPECT_FALSE(isOpen(g0));
  EXPECT_TRUE(isOpen(g3));
  EXPECT_THAT(world.takeNews(),
              ElementsAre("connect alice 192.0.2.1", "loaded m+1 6 p2p alice", "loaded m+2 9 p2p alice"));
  // The id stays: what the new connection brings is the same peer's.
  load(world, {3});
  BinaryPeer alina(world, g3);
  alina.has({3});
  alina.delivers(3, 1, "abc");
  EXPECT_THAT(world.takeNews(), Contains("loaded m+3 3 p2p alice"));
}

TEST_F(OneNode, TheRetiringConnectionTakesOverWhenTheOtherIsLost) {
  meetInBoth();
  world.opened(g0);
  world.opened(g3);
  world.advance(2000);
  world.closed(g3);
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1"));
  EXPECT_EQ(peersIn(world, kG0), 1U);
  world.advance(60'000);
  EXPECT_TRUE(isOpen(g0));
  world.closed(g0);
  EXPECT_THAT(world.takeNews(), ElementsAre("close alice"));
}

TEST_F(OneNode, TheRetiringConnectionMayGoByItself) {
  meetInBoth();
  world.opened(g0);
  world.opened(g3);
  world.closed(g0);
  world.advance(60'000);
  EXPECT_TRUE(isOpen(g3));
  EXPECT_THAT(world.takeNews(), ElementsAre("connect alice 192.0.2.1"));
}

TEST_F(OneNode, BothConnectionsAreToldWhatWeHave) {
  meetInBoth();
  world.opened(g0);
  world.opened(g3);
  load(world, {1}, 0);
  world.respond("m+1", "one");
  world.advance(50);
  EXPECT_THAT(world.peerAt(g0).received(), Contains(R"({"c":2,"m":{"m":["1",[0]]}})"));
  BinaryPeer alina(world, g3);
  EXPECT_THAT(alina.received(), Contains("announce 1"));
  // The other end may use either.
  world.peerAt(g0).requests(1);
  EXPECT_THAT(world.peerAt(g0).received(), SizeIs(2));
  alina.requests(1, 1);
  EXPECT_THAT(alina.received(), SizeIs(3));
}

TEST_F(OneNode, WhoIsExpelledIsGoneOnBothConnections) {
  LoaderHarness strict(bothProtocols(), {.segmentValidator = true});
  load(strict, {1});
  const ConnectionId json = *strict.relayOffer("alice", "offer 0", kG0, kNode);
  const ConnectionId binary = *strict.relayOffer("alina", "offer 3", kG3, kNode);
  strict.opened(json);
  strict.opened(binary);
  BinaryPeer alina(strict, binary);
  alina.has({1});
  alina.delivers(1, 1, "bad");
  const auto validations = strict.take<output::ValidateSegment>();
  ASSERT_THAT(validations, SizeIs(1));
  strict.input(input::SegmentValidated{validations[0].request, base::Error{base::ErrorCode::malformed, "bad"}});
  EXPECT_FALSE(strict.open().isOpen(json));
  EXPECT_FALSE(strict.open().isOpen(binary));
  EXPECT_THAT(strict.takeNews(), ElementsAre("connect alice 192.0.2.1", "error m+1 bad alice", "close alice"));
  const auto errors = strict.take<output::PeerError>();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].id, LoaderHarness::peerId("alice", kG0));
}

TEST_F(OneNode, ErrorsNameThePeerAsItsConnectDid) {
  meetInBoth();
  world.opened(g0);
  world.opened(g3);
  BinaryPeer alina(world, g3);
  alina.has({1});
  alina.header(1, 1, 2);
  alina.sendsBytes("too many");
  const auto errors = world.take<output::PeerError>();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].id, LoaderHarness::peerId("alice", kG0));
}

TEST_F(OneNode, OurselvesInTheOtherSwarmAreNobody) {
  const auto offers = world.takeOffers(kG0);
  ASSERT_GE(offers.size(), 2U);
  const auto own = nodeMarkOf(offers[0].sdp);
  ASSERT_TRUE(own);
  // A tracker that puts the swarms together, or a stranger who copies: our own mark.
  EXPECT_FALSE(world.relayOffer("mirror", "offer", kG3, *own));
  world.relayAnswer("mirror", offers[1].offerId, kG0, *own);
  EXPECT_THAT(world.take<output::SetAnswer>(), IsEmpty());
  // Our own offers, by our own id.
  world.tracker(wire::RelayedOffer{world.infoHash(kG3), world.ownId(kG3), LoaderHarness::offerId("x"), "sdp"});
  EXPECT_THAT(world.take<output::CreateAnswer>(), IsEmpty());
  // Every offer and answer of ours has the same name, in both swarms.
  ASSERT_TRUE(world.relayOffer("bob", "other offer", kG3));
  bool answered = false;
  for (const auto& request : world.takeTrackerRequests()) {
    const auto* answer = std::get_if<wire::AnswerRequest>(&request);
    if (answer == nullptr) continue;
    answered = true;
    EXPECT_EQ(nodeMarkOf(answer->sdp), own);
  }
  EXPECT_TRUE(answered);
}

TEST_F(OneNode, AnAnswerOfAnotherSwarmIsNotTaken) {
  const auto offers = world.takeOffers(kG0);
  ASSERT_FALSE(offers.empty());
  world.relayAnswer("bob", offers[0].offerId, kG3);
  EXPECT_THAT(world.take<output::SetAnswer>(), IsEmpty());
  world.relayAnswer("bob", offers[0].offerId, kG0);
  EXPECT_THAT(world.take<output::SetAnswer>(), SizeIs(1));
}

// ---------------------------------------------------------------------------------------- two nodes, both real

struct Pair {
  ConnectionId left;
  ConnectionId right;
};

/// Takes an offer of `a` in that swarm to `b` and the answer back; the channel is not open yet.
Pair handshake(LoaderHarness& a, LoaderHarness& b, Generation generation,
               const std::vector<wire::TrackerOffer>& offers) {
  b.takeTrackerRequests();
  b.take<output::CreateAnswer>();
  b.tracker(wire::RelayedOffer{b.infoHash(generation), a.ownId(generation), offers[0].offerId, offers[0].sdp});
  const auto created = b.take<output::CreateAnswer>();
  EXPECT_THAT(created, SizeIs(1));
  if (created.empty()) return {};
  for (const auto& request : b.takeTrackerRequests()) {
    const auto* answer = std::get_if<wire::AnswerRequest>(&request);
    if (answer == nullptr) continue;
    a.tracker(wire::RelayedAnswer{a.infoHash(generation), b.ownId(generation), answer->offerId, answer->sdp});
  }
  const Pair pair{LoaderHarness::connectionOf(offers[0]), created[0].connection};
  a.routeTo(pair.left, b, pair.right);
  b.routeTo(pair.right, a, pair.left);
  return pair;
}

std::vector<wire::TrackerOffer> offersIn(const std::vector<wire::TrackerRequest>& requests,
                                         const base::InfoHash& swarm) {
  std::vector<wire::TrackerOffer> offers;
  for (const auto& request : requests) {
    const auto* announce = std::get_if<wire::AnnounceRequest>(&request);
    if (announce == nullptr || announce->infoHash != swarm) continue;
    offers.insert(offers.end(), announce->offers.begin(), announce->offers.end());
  }
  return offers;
}

TEST(TwoNodes, MeetInBothSwarmsAndKeepTheSameConnection) {
  for (const bool crossed : {false, true}) {
    LoaderHarness a(bothProtocols(), {}, 1);
    LoaderHarness b(bothProtocols(), {}, 2);
    load(a, {1}, 0);
    a.respond("m+1", "hello");
    load(b, {1, 2}, 5);
    const auto requests = a.takeTrackerRequests();
    const auto jsonOffers = offersIn(requests, a.infoHash(kG0));
    const auto binaryOffers = offersIn(requests, a.infoHash(kG3));
    ASSERT_FALSE(jsonOffers.empty() || binaryOffers.empty());
    const Pair json = handshake(a, b, kG0, jsonOffers);
    const Pair binary = handshake(a, b, kG3, binaryOffers);
    // Each end may see them open in another order.
    a.opened(json.left);
    b.opened(crossed ? binary.right : json.right);
    a.opened(binary.left);
    b.opened(crossed ? json.right : binary.right);
    pumpAll(a, b);
    EXPECT_EQ(b.getSegment("m+1")->data->text(), "hello");
    for (int i = 0; i < 40; ++i) {
      a.advance(500);
      b.advance(500);
      pumpAll(a, b);
    }
    EXPECT_TRUE(a.open().isOpen(binary.left));
    EXPECT_TRUE(b.open().isOpen(binary.right));
    EXPECT_FALSE(a.open().isOpen(json.left));
    EXPECT_FALSE(b.open().isOpen(json.right));
    EXPECT_THAT(a.take<output::PeerConnect>(), SizeIs(1));
    EXPECT_THAT(b.take<output::PeerConnect>(), SizeIs(1));
    EXPECT_THAT(a.take<output::PeerClose>(), IsEmpty());
    EXPECT_THAT(b.take<output::PeerClose>(), IsEmpty());
    load(a, {1, 2}, 0);
    a.respond("m+2", "world");
    a.advance(50);
    pumpAll(a, b);
    EXPECT_EQ(b.getSegment("m+2")->data->text(), "world");
    EXPECT_THAT(b.take<output::StartHttp>(), IsEmpty());
    a.input(input::Destroy{});
    b.closed(binary.right);
    EXPECT_THAT(b.take<output::PeerClose>(), SizeIs(1));
  }
}

// ------------------------------------------------------------------------------------------------------ places

TEST(Places, G0TakesAllWhileG3IsEmptyAndMakesRoomWhenOneComes) {
  LoaderHarness world(bothProtocols(4));
  load(world, {1});
  world.trackerCounts(50, 120, kG0);
  world.trackerCounts(1, 120, kG3);
  for (const char* name : {"a", "b", "c", "d"}) world.connectPeer(name);
  EXPECT_EQ(peersIn(world, kG0), 4U);
  EXPECT_FALSE(world.relayOffer("e", "offer of e"));
  world.takeNews();
  BinaryPeer::connect(world, "x");
  EXPECT_THAT(world.takeNews(), ElementsAre("close d", "connect x 192.0.2.1"));  // the youngest
  BinaryPeer::connect(world, "y");
  EXPECT_THAT(world.takeNews(), ElementsAre("close c", "connect y 192.0.2.1"));
  // Each has its half now.
  EXPECT_FALSE(world.relayOffer("z", "offer of z", kG3));
  EXPECT_FALSE(world.relayOffer("e", "another offer of e"));
  EXPECT_EQ(peersIn(world, kG0), 2U);
  EXPECT_EQ(peersIn(world, kG3), 2U);
}

TEST(Places, AreKeptForThoseWhoAreThere) {
  LoaderHarness world(bothProtocols(4));
  load(world, {1});
  world.trackerCounts(50, 120, kG0);
  world.trackerCounts(2, 120, kG3);  // one other
  for (const char* name : {"a", "b", "c"}) world.connectPeer(name);
  EXPECT_FALSE(world.relayOffer("d", "offer of d"));
  BinaryPeer::connect(world, "x");
  EXPECT_EQ(peersIn(world, kG0), 3U);
  EXPECT_EQ(peersIn(world, kG3), 1U);
}

TEST(Places, WhoCarriesATransferStays) {
  LoaderHarness world(bothProtocols(2));
  load(world, {1, 2}, 5);
  world.trackerCounts(50, 120, kG0);
  world.trackerCounts(1, 120, kG3);
  FakePeer a = world.connectPeer("a");
  FakePeer b = world.connectPeer("b");
  a.has({1});
  a.announces(1, 10);
  b.has({2});
  b.announces(2, 10);
  world.takeNews();
  const auto x = world.relayOffer("x", "offer of x", kG3);  // one of them may be done by then
  ASSERT_TRUE(x);
  world.opened(*x);
  EXPECT_THAT(world.takeNews(), IsEmpty());
  EXPECT_FALSE(world.open().exists(*x));
  a.sendsRaw("1234567890");
  world.takeNews();
  BinaryPeer y = BinaryPeer::connect(world, "y", kG3);
  EXPECT_THAT(world.takeNews(), ElementsAre("close a", "connect y 192.0.2.1"));
  EXPECT_TRUE(b.isOpen());
  EXPECT_TRUE(y.isOpen());
}

TEST(Places, ANodeWithTwoConnectionsGivesItsPlaceWithBoth) {
  LoaderHarness world(bothProtocols(2));
  load(world, {1});
  world.trackerCounts(50, 120, kG0);
  world.trackerCounts(50, 120, kG3);
  // The node has the only place that is more than G3's share, and an older connection retires.
  const ConnectionId json = *world.relayOffer("alice", "offer 0", kG0, kNode);
  const ConnectionId binary = *world.relayOffer("alina", "offer 3", kG3, kNode);
  const ConnectionId x = *world.relayOffer("x", "offer of x", kG3);
  world.opened(json);
  world.opened(x);
  world.opened(binary);  // the node counts for G3 now: 2 of 2
  EXPECT_EQ(peersIn(world, kG3), 2U);
  world.takeNews();
  BinaryPeer(world, x).has({1});  // x is busy: the node must go
  BinaryPeer(world, x).header(1, 1, 10);
  world.connectPeer("b");
  EXPECT_THAT(world.takeNews(), ElementsAre("close alice", "connect b 192.0.2.1"));
  EXPECT_FALSE(world.open().isOpen(json));
  EXPECT_FALSE(world.open().isOpen(binary));
  EXPECT_THAT(world.loader().getDetails().peers, SizeIs(2));
}

TEST(Places, OffersAreMadeOnlyForPlacesThatAreFree) {
  LoaderHarness world(bothProtocols(4));
  load(world, {1});
  world.trackerCounts(50, 30, kG0);
  world.trackerCounts(50, 30, kG3);
  world.connectPeer("a");
  world.connectPeer("b");
  world.takeTrackerRequests();
  world.advance(31'000);
  std::vector<std::pair<bool, std::size_t>> announced;
  for (const auto& request : world.takeTrackerRequests()) {
    const auto* announce = std::get_if<wire::AnnounceRequest>(&request);
    ASSERT_NE(announce, nullptr);
    announced.emplace_back(announce->infoHash == world.infoHash(kG3), announce->offers.size());
    EXPECT_EQ(announce->numwant, static_cast<std::int64_t>(announce->offers.size()));
  }
  EXPECT_THAT(announced, testing::UnorderedElementsAre(std::pair(false, 0U), std::pair(true, 2U)));
}

}  // namespace
}  // namespace p2pml::engine
