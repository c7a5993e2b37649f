#include "platform/sim/sim_socket_port.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "platform/sim/sim_tracker.hpp"
#include "tests/contract/socket_port_contract.hpp"

namespace p2pml::contract {
namespace {

class SimSocketWorld final : public SocketWorld {
 public:
  SimSocketWorld() {
    web.add("down", downServer);
    downServer.up = false;
  }
  driver::SocketPort& port() override {
    if (!socketPort) socketPort = std::make_unique<sim::SimSocketPort>(network, web, viewer, sink());
    return *socketPort;
  }
  void destroyPort() override { socketPort.reset(); }
  std::optional<std::string> serve(SocketBehaviour behaviour) override {
    const std::string host = "server" + std::to_string(servers.size());
    auto owned = std::make_unique<sim::SimSocketServer>(serverNode);
    sim::SimSocketServer& server = *owned;
    servers.push_back(std::move(owned));
    web.add(host, server);
    server.silent = behaviour.silent;
    auto counts = std::make_shared<std::map<base::SocketId, std::size_t>>();
    const auto end = [this, &server](base::SocketId socket) {
      server.close(socket, {base::ErrorCode::unavailable, "ended by the server"});
      ++ended;
    };
    server.handlers.onOpen = [this, &server, behaviour, end](base::SocketId socket, sim::NodeId) {
      if (behaviour.refuseHandshake) return false;
      queue.soon([&server, behaviour, end, socket] {
        for (const auto& greeting : behaviour.greetings) server.send(socket, greeting);
        if (behaviour.closeAfter == 0U) end(socket);
      });
      return true;
    };
    server.handlers.onMessage = [this, &server, behaviour, counts, end](base::SocketId socket, std::string text) {
      messages.push_back(text);
      if (behaviour.echo) server.send(socket, std::move(text));
      if (behaviour.closeAfter && ++(*counts)[socket] == *behaviour.closeAfter) end(socket);
    };
    server.handlers.onClose = [this](base::SocketId) { ++ended; };
    return "ws://" + host + "/path";
  }
  std::string refusingUrl() override { return "ws://down/"; }
  bool runUntil(const std::function<bool()>& done) override {
    const base::TimePoint end = queue.now() + base::seconds(60);
    while (!done()) {
      if (queue.nextTime() > end || !queue.step()) return done();
    }
    return true;
  }
  void settle() override { queue.runUntil(queue.now() + base::seconds(5)); }
  [[nodiscard]] const std::vector<std::string>& received() const override { return messages; }
  [[nodiscard]] std::size_t endedSockets() const override { return ended; }

  sim::EventQueue queue;
  sim::Network network{queue};
  sim::Web web;
  sim::NodeId viewer = network.addNode({});
  sim::NodeId serverNode = network.addNode({});
  sim::SimSocketServer downServer{serverNode};
  std::vector<std::unique_ptr<sim::SimSocketServer>> servers;
  std::unique_ptr<sim::SimSocketPort> socketPort;
  std::vector<std::string> messages;
  std::size_t ended = 0;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sim, SocketPortContract, SimSocketWorld);

class SimTrackerTest : public ::testing::Test {
 protected:
  SimTrackerTest() {
    world.web.add("tracker", tracker.server());
    world.port();
  }
  static std::string announce() {
    wire::AnnounceRequest request;
    request.infoHash = base::InfoHash::fromRaw("infohash-infohash-20");
    request.peerId = base::PeerId::fromRaw("peer-peer-peer-peer1");
    request.event = wire::AnnounceEvent::started;
    request.numwant = 5;
    return wire::encode(request);
  }
  SocketStory story(std::uint64_t socket) { return storyOf(world.events, base::SocketId{socket}); }
  void run(std::int64_t milliseconds) { world.queue.runUntil(world.queue.now() + base::milliseconds(milliseconds)); }

  SimSocketWorld world;
  sim::SimTracker tracker{world.network, world.network.addNode({}), {}};
};

TEST_F(SimTrackerTest, AnswersAnnouncesAfterARoundTripAndForgetsWhoIsGone) {
  world.port().open(base::SocketId{1}, "wss://tracker");
  run(20);
  ASSERT_EQ(story(1).opens, 1);
  world.port().send(base::SocketId{1}, announce());
  run(19);
  EXPECT_TRUE(story(1).messages.empty());
  run(1);
  ASSERT_EQ(story(1).messages.size(), 1U);
  EXPECT_TRUE(wire::decodeTrackerResponse(story(1).messages[0]));
  EXPECT_EQ(tracker.statistics().peers, 1U);
  world.port().close(base::SocketId{1});
  run(10);
  EXPECT_EQ(tracker.statistics().peers, 0U);
}

TEST_F(SimTrackerTest, Outages) {
  world.port().open(base::SocketId{1}, "wss://tracker");
  run(20);
  tracker.mute = true;
  world.port().send(base::SocketId{1}, announce());
  run(5000);
  EXPECT_TRUE(story(1).messages.empty());
  tracker.mute = false;
  tracker.dropSockets();
  run(10);
  EXPECT_EQ(story(1).closes.size(), 1U);
  tracker.setUp(false);
  world.port().open(base::SocketId{2}, "wss://tracker");
  run(20);
  EXPECT_EQ(story(2).closes.size(), 1U);
  tracker.setUp(true);
  world.port().open(base::SocketId{3}, "wss://tracker");
  run(20);
  EXPECT_EQ(story(3).opens, 1);
}

}  // namespace
}  // namespace p2pml::contract
