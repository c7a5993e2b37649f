// The nodes' own protocol in a whole loader: who speaks it, segments from and to nodes, relaying, parts from several
// nodes, and what no sound node does (docs/protocol/node.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/testing/binary_peer.hpp"
#include "engine/testing/node_peer.hpp"

namespace p2pml::engine {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using State = wire::NodeStatus::State;
using Status = wire::NodeEnd::Status;

Settings cooperative() {
  Settings settings = LoaderHarness::quietSettings();
  settings.schedulingPolicy = Scheduling::cooperative;
  return settings;
}

class NodeExtensionTest : public testing::Test {
 protected:
  NodeExtensionTest() { make(); }
  void make(Settings settings = cooperative(), Capabilities capabilities = {}) {
    world.emplace(std::move(settings), capabilities);
  }
  /// Segments that the player needs in a minute: nothing is fetched over HTTP yet.
  void load(const std::vector<int>& numbers, std::int64_t neededIn = 60'000) {
    std::vector<Segment> segments;
    for (const int number : numbers) {
      Segment segment = LoaderHarness::segment(number, static_cast<std::int64_t>(segments.size()));
      segment.duration = 4000;
      segment.neededIn = neededIn + 4000 * static_cast<std::int64_t>(segments.size());
      segments.push_back(std::move(segment));
    }
    world->loadSegments(std::move(segments));
  }
  /// A segment that is needed at once: HTTP begins.
  void loadNow(int number) { load({number}, 0); }
  static std::string body(std::size_t size) {
    std::string text(size, 'a');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
    return text;
  }
  /// The peer is expelled for it, and the reason says so.
  void expectClosed(const NodePeer& peer, const std::string& why) {
    EXPECT_FALSE(peer.isOpen());
    const auto errors = world->take<output::PeerError>();
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_THAT(errors[0].error.detail, HasSubstr(why));
  }

  std::optional<LoaderHarness> world;
};

// ----------------------------------------------------------------------------------------------------- who speaks it

TEST_F(NodeExtensionTest, BothMarksMakeItSpoken) {
  load({1});
  NodePeer alice = NodePeer::connectSilently(*world, "alice");
  EXPECT_THAT(alice.received(), ElementsAre("hello 1 3", "have!"));
  std::string answered;
  for (const auto& request : world->takeTrackerRequests()) {
    if (const auto* answer = std::get_if<wire::AnswerRequest>(&request)) answered = answer->sdp;
  }
  EXPECT_EQ(extensionOf(answered), 1U);
  EXPECT_TRUE(nodeMarkOf(answered));
  // A later version than ours: ours is spoken.
  EXPECT_THAT(NodePeer::connectSilently(*world, "bob", Generation::g0, 7).received(),
              ElementsAre("hello 1 3", "have!"));
}

TEST_F(NodeExtensionTest, OtherPeersAreSpokenToAsBefore) {
  load({1});
  auto carol = world->connectPeer("carol");
  EXPECT_THAT(carol.received(), ElementsAre(R"({"c":2,"m":{}})"));
  // A node with the name alone, or with a line that says nothing.
  std::string node(kNodeNameLength, 'd');
  const auto dave = world->relayOffer("dave", "offer of dave", Generation::g0, node);
  world->opened(*dave);
  EXPECT_THAT(world->peerAt(*dave).received(), ElementsAre(R"({"c":2,"m":{}})"));
  NodePeer erin = NodePeer::connectSilently(*world, "erin", Generation::g0, 0);
  EXPECT_THAT(world->peerAt(erin.connection()).received(), ElementsAre(R"({"c":2,"m":{}})"));
}

TEST_F(NodeExtensionTest, SwitchedOffOrClassicItIsNotAnnounced) {
  for (const bool classic : {false, true}) {
    Settings settings = cooperative();
    settings.peerExtension = classic;
    if (classic) settings.schedulingPolicy = Scheduling::classic;
    make(settings);
    load({1}, classic ? 0 : 60'000);
    NodePeer alice = NodePeer::connectSilently(*world, "alice");
    for (const auto& request : world->takeTrackerRequests()) {
      const auto* answer = std::get_if<wire::AnswerRequest>(&request);
      if (answer != nullptr) EXPECT_EQ(extensionOf(answer->sdp), 0U);
    }
    const auto said = world->peerAt(alice.connection()).received();
    ASSERT_FALSE(said.empty());
    EXPECT_THAT(said[0], HasSubstr(R"({"c":2)"));
  }
}

TEST_F(NodeExtensionTest, ANodeMetInABinarySwarmIsToldNumbersOfIt) {
  Settings settings = cooperative();
  settings.peerProtocols = {Generation::g3};
  make(settings);
  Segment segment = LoaderHarness::segment(1);
  segment.externalId = 77;
  segment.neededIn = 60'000;
  world->input(input::Load{{segment}, LoaderHarness::kStream, media::StreamProperties{}});
  NodePeer alice = NodePeer::connect(*world, "alice", Generation::g3);
  alice.has(77);
  EXPECT_THAT(alice.received(), ElementsAre("hello 1 3", "have!", "request 1 of 77 from 0 to 0"));
}

// ------------------------------------------------------------------------------------------------------ from a node

TEST_F(NodeExtensionTest, ASegmentFromANode) {
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice");
  alice.received();
  alice.has(1);
  EXPECT_THAT(alice.received(), ElementsAre("request 1 of 1 from 0 to 0"));
  world->take<output::SegmentStart>();
  alice.data(1, 0, "abc", 6);
  alice.data(1, 3, "def", 6);
  alice.ends(1, Status::complete, 6);
  EXPECT_THAT(world->takeNews(), Contains("loaded m+1 6 p2p alice"));
  // Told after the 50 ms that changes are gathered for.
  world->advance(60);
  EXPECT_THAT(alice.received(), Contains("have 1 loaded"));
  EXPECT_TRUE(alice.isOpen());
}

TEST_F(NodeExtensionTest, WhatItHadBeforeItBrokeOffIsNotAskedForAgain) {
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice");
  NodePeer bob = NodePeer::connect(*world, "bob");
  alice.has(1);
  alice.received();
  bob.received();
  alice.data(1, 0, "abc", 6);
  alice.ends(1, Status::failed);
  bob.has(1);
  EXPECT_THAT(bob.received(), ElementsAre("request 1 of 1 from 3 to 6"));
  bob.data(1, 3, "def", 6);
  EXPECT_THAT(world->takeNews(), Contains("loaded m+1 6 p2p bob"));
  EXPECT_EQ(world->getSegment("m+1")->data->text(), "abcdef");
}

TEST_F(NodeExtensionTest, ABusyNodeIsAskedAgainLater) {
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice");
  alice.has(1);
  alice.received();
  alice.ends(1, Status::busy);
  EXPECT_THAT(alice.received(), IsEmpty());
  world->advance(499);
  EXPECT_THAT(alice.received(), IsEmpty());
  world->advance(1);
  EXPECT_THAT(alice.received(), ElementsAre("request 2 of 1 from 0 to 0"));
}

TEST_F(NodeExtensionTest, ANodeThatDoesNotUploadIsNotAsked) {
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice", Generation::g0, wire::NodeHello::kCooperative);
  alice.has(1);
  EXPECT_THAT(alice.received(), ElementsAre("hello 1 3", "have!"));
}

// --------------------------------------------------------------------------------------------------------- to a node

TEST_F(NodeExtensionTest, PartsOfAStoredSegmentSeveralAtATime) {
  loadNow(1);
  world->respond("m+1", "abcdefgh");
  NodePeer alice = NodePeer::connect(*world, "alice");
  EXPECT_THAT(alice.received(), ElementsAre("hello 1 3", "have! 1 loaded"));
  alice.requests(1, 1);
  alice.requests(2, 1, 2, 5);
  alice.requests(3, 1, 8);
  alice.requests(4, 9);
  EXPECT_THAT(alice.received(), ElementsAre("data 1 at 0 of 8", "[8 bytes]", "end 1 complete 8", "data 2 at 2 of 8",
                                            "[3 bytes]", "end 2 complete 8", "end 3 absent 0", "end 4 absent 0"));
}

TEST_F(NodeExtensionTest, MoreRequestsThanAreServedAreTurnedAway) {
  loadNow(1);
  world->head("m+1", 40'000);
  world->data("m+1", body(20'000));
  NodePeer alice = NodePeer::connect(*world, "alice");
  for (std::uint64_t i = 1; i <= NodeOutbox::kMaxUploads + 1; ++i) alice.requests(i, 1);
  EXPECT_EQ(alice.received().back(), "end 17 busy 0");
  EXPECT_TRUE(alice.isOpen());
}

TEST_F(NodeExtensionTest, ASlowLineServesOneAtATime) {
  // 10 kB/s are played: each answer is to have 35 kB/s, and 30 kB is what goes out within a second.
  loadNow(1);
  world->respond("m+1", body(40'000));
  NodePeer alice = NodePeer::connect(*world, "alice");
  alice.requests(1, 1, 0, 30'000);
  world->advance(1100);
  alice.requests(2, 1, 0, 10);
  loadNow(2);
  world->head("m+2", 40'000);
  world->data("m+2", body(20'000));
  NodePeer bob = NodePeer::connect(*world, "bob");
  bob.requests(1, 2);
  EXPECT_THAT(bob.received(), Contains("data 1 at 0 of 40000"));
  alice.received();
  alice.requests(3, 2);
  EXPECT_THAT(alice.received(), ElementsAre("end 3 busy 0"));
}

// ---------------------------------------------------------------------------------------------------------- relaying

TEST_F(NodeExtensionTest, WhatComesFromTheOriginIsPassedOnAsItComes) {
  loadNow(1);
  NodePeer alice = NodePeer::connect(*world, "alice");
  EXPECT_THAT(alice.received(), ElementsAre("hello 1 3", "have! 1 loading"));
  world->head("m+1", 40'000);
  world->data("m+1", body(20'000));
  world->advance(60);
  EXPECT_THAT(alice.received(), ElementsAre("have 1 relaying0"));
  alice.requests(5, 1);
  EXPECT_THAT(alice.received(), ElementsAre("data 5 at 0 of 40000", "[20000 bytes]"));
  world->data("m+1", body(1000));  // too little to be worth a message
  EXPECT_THAT(alice.received(), IsEmpty());
  world->data("m+1", body(18'000));
  EXPECT_THAT(alice.received(), ElementsAre("data 5 at 20000 of 40000", "[19000 bytes]"));
  world->data("m+1", body(1000));
  EXPECT_THAT(alice.received(), ElementsAre("data 5 at 39000 of 40000", "[1000 bytes]", "end 5 complete 40000"));
  world->done("m+1");
  world->advance(60);
  EXPECT_THAT(alice.received(), ElementsAre("have 1 loaded"));
}

TEST_F(NodeExtensionTest, ARelayAsksForNothingMoreAndGoesOnWithAnotherSource) {
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice");
  NodePeer bob = NodePeer::connect(*world, "bob");
  NodePeer carol = NodePeer::connect(*world, "carol");
  for (NodePeer* peer : {&alice, &bob, &carol}) peer->received();
  alice.relays(1, 1);
  EXPECT_THAT(alice.received(), ElementsAre("request 1 of 1 from 0 to 0"));
  alice.data(1, 0, body(20'000), 60'000);
  world->advance(60);
  EXPECT_THAT(bob.received(), ElementsAre("have 1 relaying2"));
  bob.requests(1, 1);
  EXPECT_THAT(bob.received(), ElementsAre("data 1 at 0 of 60000", "[20000 bytes]"));
  // Carol is no closer than we said we are: she cannot be the source.
  carol.relays(1, 2);
  alice.ends(1, Status::failed);
  world->advance(60);
  EXPECT_THAT(carol.received(), testing::Not(Contains(HasSubstr("request"))));
  EXPECT_THAT(bob.received(), Contains("end 1 failed 0"));
  carol.relays(1, 1);
  EXPECT_THAT(carol.received(), Contains("request 1 of 1 from 20000 to 60000"));
}

TEST_F(NodeExtensionTest, ARelayGoesOnOverHttp) {
  load({1}, 4500);
  NodePeer alice = NodePeer::connect(*world, "alice");
  NodePeer bob = NodePeer::connect(*world, "bob");
  alice.received();
  alice.has(1);
  alice.data(1, 0, body(20'000), 40'000);
  world->advance(60);
  bob.requests(1, 1);
  bob.received();
  // Alice is silent, and the player needs it.
  world->advance(2000);
  ASSERT_TRUE(world->httpRunning("m+1"));
  input::HttpHead head;
  head.status = 206;
  head.rangeStart = 20'000;
  head.rangeTotal = 40'000;
  head.contentLength = 20'000;
  world->head("m+1", head);
  world->data("m+1", body(20'000));
  world->done("m+1");
  EXPECT_THAT(bob.received(), Contains("end 1 complete 40000"));
}

TEST_F(NodeExtensionTest, NodesAreToldThatTheOriginFails) {
  loadNow(1);
  NodePeer alice = NodePeer::connect(*world, "alice");
  alice.received();
  world->fail("m+1");
  world->advance(60);
  EXPECT_THAT(alice.received(), ElementsAre("have~ 1 gone"));
  NodePeer bob = NodePeer::connect(*world, "bob");
  EXPECT_THAT(bob.received(), Contains(HasSubstr("have!~")));
}

TEST_F(NodeExtensionTest, NodesAreToldThatAPeerSentWhatAValidatorRefuses) {
  make(cooperative(), {.segmentValidator = true});
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice");
  NodePeer bob = NodePeer::connect(*world, "bob");
  bob.received();
  alice.has(1);
  alice.data(1, 0, "abcdef", 6);
  const auto asked = world->take<output::ValidateSegment>();
  ASSERT_EQ(asked.size(), 1U);
  world->input(input::SegmentValidated{asked[0].request, base::Error{base::ErrorCode::malformed, "wrong"}});
  world->advance(60);
  EXPECT_THAT(bob.received(), ElementsAre("have~"));
}

TEST_F(NodeExtensionTest, WhereANodeTellsOfTroubleThereIsTimeForMoreTries) {
  load({1}, 10'000);
  NodePeer alice = NodePeer::connect(*world, "alice");
  world->advance(100);
  EXPECT_FALSE(world->httpRunning("m+1"));
  alice.sends(wire::NodeHave{false, {}, {}, true});
  EXPECT_TRUE(world->httpRunning("m+1"));
}

TEST_F(NodeExtensionTest, TwoThatWaitForEachOtherDoNot) {
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice");
  alice.relays(1, 0);
  alice.received();
  alice.requests(1, 1);
  EXPECT_THAT(alice.received(), ElementsAre("end 1 busy 0"));
}

TEST_F(NodeExtensionTest, WithAValidatorNothingIsRelayed) {
  make(cooperative(), {.segmentValidator = true});
  loadNow(1);
  NodePeer alice = NodePeer::connect(*world, "alice");
  world->head("m+1", 40'000);
  world->data("m+1", body(20'000));
  world->advance(60);
  EXPECT_THAT(alice.received(), ElementsAre("hello 1 3", "have! 1 loading"));
  alice.requests(1, 1);
  EXPECT_THAT(alice.received(), ElementsAre("end 1 absent 0"));
}

TEST_F(NodeExtensionTest, ARefusedSegmentOfARelayIsNobodysFaultAndComesWholeNextTime) {
  make(cooperative(), {.segmentValidator = true});
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice");
  NodePeer bob = NodePeer::connect(*world, "bob");
  alice.received();
  bob.received();
  alice.relays(1, 0);
  alice.data(1, 0, "abcdef", 6);
  const auto first = world->take<output::ValidateSegment>();
  ASSERT_EQ(first.size(), 1U);
  world->input(input::SegmentValidated{first[0].request, base::Error{base::ErrorCode::malformed, "wrong"}});
  EXPECT_TRUE(alice.isOpen());
  bob.relays(1, 0);
  EXPECT_THAT(bob.received(), IsEmpty());
  bob.has(1);
  EXPECT_THAT(bob.received(), ElementsAre("request 1 of 1 from 0 to 0"));
  bob.data(1, 0, "ABCDEF", 6);
  const auto second = world->take<output::ValidateSegment>();
  ASSERT_EQ(second.size(), 1U);
  world->input(input::SegmentValidated{second[0].request, base::Error{base::ErrorCode::malformed, "wrong"}});
  EXPECT_FALSE(bob.isOpen());
}

// ----------------------------------------------------------------------------------------------- parts from several

TEST_F(NodeExtensionTest, AnIdleNodeTakesAPartOfWhatAnotherSends) {
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice");
  NodePeer bob = NodePeer::connect(*world, "bob");
  alice.received();
  bob.received();
  alice.has(1);
  EXPECT_THAT(alice.received(), ElementsAre("request 1 of 1 from 0 to 0"));
  world->advance(100);
  const std::string whole = body(1'000'000);
  alice.data(1, 0, whole.substr(0, 40'000), 1'000'000);  // 400,000 bytes a second
  bob.has(1);
  // Of 960,000 bytes half, in whole 16 KiB.
  EXPECT_THAT(alice.received(), Contains("cancel 1 from 515136"));
  EXPECT_THAT(bob.received(), Contains("request 1 of 1 from 515136 to 1000000"));
  const auto send = [&](NodePeer& peer, std::size_t from, std::size_t to) {
    for (std::size_t at = from; at < to; at += 60'000) {
      peer.data(1, at, whole.substr(at, std::min<std::size_t>(60'000, to - at)), 1'000'000);
    }
  };
  send(bob, 515'136, 1'000'000);
  bob.ends(1, Status::complete, 1'000'000);
  send(alice, 40'000, 515'136);
  EXPECT_EQ(world->getSegment("m+1")->data->text(), whole);
  EXPECT_TRUE(alice.isOpen() && bob.isOpen());
}

TEST_F(NodeExtensionTest, WhatOneDidNotSendIsTakenFromTheOther) {
  load({1});
  NodePeer alice = NodePeer::connect(*world, "alice");
  NodePeer bob = NodePeer::connect(*world, "bob");
  alice.has(1);
  world->advance(100);
  const std::string whole = body(400'000);
  alice.data(1, 0, whole.substr(0, 40'000), 400'000);
  alice.received();
  bob.received();
  bob.has(1);
  const auto asked = bob.received();
  ASSERT_EQ(asked.size(), 1U);
  ASSERT_EQ(asked[0], "request 1 of 1 from 203840 to 400000");
  alice.close();
  for (std::size_t at = 203'840; at < 400'000; at += 60'000) {
    bob.data(1, at, whole.substr(at, 60'000), 400'000);
  }
  bob.ends(1, Status::complete, 400'000);
  EXPECT_THAT(bob.received(), ElementsAre("request 2 of 1 from 40000 to 203840"));
  for (std::size_t at = 40'000; at < 203'840; at += 60'000) {
    bob.data(2, at, whole.substr(at, std::min<std::size_t>(60'000, 203'840 - at)), 400'000);
  }
  EXPECT_EQ(world->getSegment("m+1")->data->text(), whole);
}

// ------------------------------------------------------------------------------------------- what no sound node does

TEST_F(NodeExtensionTest, WhatBreaksTheProtocolEndsTheConnection) {
  struct Row {
    const char* why;
    std::function<void(NodePeer&)> act;
  };
  const std::vector<Row> rows{
      {"a second hello", [](NodePeer& p) { p.sends(wire::NodeHello{}); }},
      {"never made",
       [](NodePeer& p) {
         p.sends(wire::NodeData{2, 0, 5, 10});
       }},
      {"expected 0",
       [](NodePeer& p) {
         p.sends(wire::NodeData{1, 1, 5, 10});
       }},
      {"expected 3",
       [](NodePeer& p) {
         p.data(1, 0, "abc", 10);
         p.sends(wire::NodeData{1, 0, 3, 10});
       }},
      {"expected 10",
       [](NodePeer& p) {
         p.data(1, 0, "abc", 10);
         p.sends(wire::NodeData{1, 3, 3, 11});
       }},
      {"a segment of more than",
       [](NodePeer& p) {
         p.sends(wire::NodeData{1, 0, 5, 1ULL << 40});
       }},
      {"were announced",
       [](NodePeer& p) {
         p.sends(wire::NodeData{1, 0, 5, 10});
         p.sendsBytes("abcdef");
       }},
      {"end of a request after byte 3, expected 10",
       [](NodePeer& p) {
         p.data(1, 0, "abc", 10);
         p.ends(1, Status::complete, 10);
       }},
      {"end of a request after byte 0", [](NodePeer& p) { p.ends(1, Status::complete, 0); }},
      {"node message", [](NodePeer& p) { p.sendsBytes("{\"c\":2}"); }},
      {"is no payload", [](NodePeer& p) { p.sendsBytes(std::string(70'000, 'x')); }},
      {"tells of",
       [](NodePeer& p) {
         for (std::int64_t part = 0; part < 5; ++part) {
           wire::NodeHave have;
           for (std::int64_t i = 0; i < 1000; ++i) {
             have.numbers.push_back({(part * 1000 + i) * 2 + 10, 1, {State::loaded, 0}});
           }
           p.sends(have);
         }
       }},
  };
  for (const Row& row : rows) {
    make();
    load({1, 2});
    NodePeer alice = NodePeer::connect(*world, "alice");
    alice.has(1);
    world->take<output::PeerError>();
    row.act(alice);
    SCOPED_TRACE(row.why);
    expectClosed(alice, row.why);
  }
}

TEST_F(NodeExtensionTest, ARequestNumberThatIsOpenCannotBeUsedAgain) {
  loadNow(1);
  world->head("m+1", 40'000);
  world->data("m+1", body(20'000));
  NodePeer alice = NodePeer::connect(*world, "alice");
  alice.requests(1, 1);
  EXPECT_TRUE(alice.isOpen());
  alice.requests(1, 1);
  expectClosed(alice, "request 1 twice");
}

TEST_F(NodeExtensionTest, WithoutHelloNothingIsTaken) {
  load({1});
  NodePeer alice = NodePeer::connectSilently(*world, "alice");
  alice.has(1);
  expectClosed(alice, "expected hello");
}

TEST_F(NodeExtensionTest, DataOfWhatWasCancelledIsPassedOver) {
  load({1, 2});
  NodePeer alice = NodePeer::connect(*world, "alice");
  alice.has(1);
  EXPECT_THAT(alice.received(), Contains("request 1 of 1 from 0 to 0"));
  alice.sends(wire::NodeData{1, 0, 6, 20});
  alice.sendsBytes("abc");
  load({2});
  EXPECT_THAT(alice.received(), Contains("cancel 1 from 0"));
  alice.sendsBytes("def");
  alice.data(1, 6, "ghi", 20);
  alice.has(2);
  EXPECT_THAT(alice.received(), Contains("request 2 of 2 from 0 to 0"));
  alice.data(1, 9, "jkl", 20);
  alice.ends(1, Status::complete, 20);
  alice.data(2, 0, "xyz", 3);
  EXPECT_EQ(world->getSegment("m+2")->data->text(), "xyz");
  EXPECT_TRUE(alice.isOpen());
}

TEST_F(NodeExtensionTest, ASilentSourceIsLeftAndAtLastExpelledARelayingOneIsNot) {
  for (const bool relaying : {false, true}) {
    make();
    load({1});
    NodePeer alice = NodePeer::connect(*world, "alice");
    alice.has(1, relaying ? State::relaying : State::loaded);
    world->advance(20'000);
    EXPECT_EQ(alice.isOpen(), relaying);
  }
}

}  // namespace
}  // namespace p2pml::engine
