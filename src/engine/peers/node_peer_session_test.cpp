#include "engine/peers/node_peer_session.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace p2pml::engine {
namespace {

using wire::NodeEnd;
using wire::NodeHello;
using State = wire::NodeStatus::State;

class NodePeerSessionTest : public testing::Test {
 protected:
  NodePeerSessionTest() {
    session =
        PeerSession::make({base::ConnectionId(5), {}, Generation::g0, "", wire::kNodeVersion}, settings, timers, meter);
  }
  static WireName name(const std::string& entry) {
    WireName result;
    result.stream.value = "m";
    result.entry = entry;
    result.id.value = "m+" + entry;
    return result;
  }
  /// True if it told that what it says may be something else.
  bool receive(const wire::NodeFrame& frame) {
    session->takeSaysChanged();
    step([&](StepIo& io) { session->onMessage(io, wire::encode(frame)); });
    return session->takeSaysChanged();
  }
  template <class Do>
  void step(Do what) {
    StepIo io{base::TimePoint(), out, events};
    what(io);
  }
  void request(const std::string& entry) {
    const Segment segment("id " + entry, "http://origin/" + entry);
    step([&](StepIo& io) {
      session->node()->requestRange(io, segment, name(entry), std::make_shared<SegmentBody>(), {});
    });
  }
  [[nodiscard]] Availability has(const std::string& entry) const { return session->availability(name(entry)); }

  Settings settings;
  Timers timers;
  Stats stats;
  TransferMeter meter{stats};
  std::unique_ptr<PeerSession> session;
  Outputs out;
  std::vector<InternalEvent> events;
};

TEST_F(NodePeerSessionTest, TellsWheneverItSaysSomethingElse) {
  EXPECT_TRUE(receive(NodeHello{wire::kNodeVersion, NodeHello::kUploads}));
  EXPECT_EQ(has("7"), Availability::none);
  EXPECT_TRUE(receive(wire::NodeHave{false, {{7, 2, {State::relaying, 3}}}, {{"a.ts", {State::loading, 0}}}}));
  EXPECT_EQ(has("7"), Availability::relaying);
  EXPECT_EQ(session->relayDepth(name("7")), 3U);
  EXPECT_EQ(has("8"), Availability::relaying);
  EXPECT_EQ(has("a.ts"), Availability::loadingByHttp);
  EXPECT_EQ(has("b.ts"), Availability::none);
  EXPECT_FALSE(receive(wire::NodeHave{false, {{7, 1, {State::relaying, 3}}}, {}})) << "as before";
  EXPECT_TRUE(receive(wire::NodeHave{false, {{7, 1, {State::loaded, 0}}}, {}}));
  EXPECT_EQ(has("7"), Availability::loaded);
  EXPECT_EQ(session->relayDepth(name("7")), 0U);
}

TEST_F(NodePeerSessionTest, WhatItCannotSendItDoesNotHave) {
  receive(NodeHello{wire::kNodeVersion, NodeHello::kUploads});
  receive(wire::NodeHave{false, {{7, 2, {State::loaded, 0}}}, {}});
  request("7");
  EXPECT_TRUE(receive(NodeEnd{1, NodeEnd::Status::absent, 0}));
  EXPECT_EQ(has("7"), Availability::none);
  request("8");
  EXPECT_TRUE(receive(NodeEnd{2, NodeEnd::Status::failed, 0}));
  EXPECT_EQ(has("8"), Availability::none);
}

}  // namespace
}  // namespace p2pml::engine
