#include "platform/sim/sim_http_port.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/contract/http_port_contract.hpp"

namespace p2pml::contract {
namespace {

class SimHttpWorld final : public HttpWorld {
 public:
  SimHttpWorld() {
    web.add("origin", origin);
    web.add("down", downOrigin);
    downOrigin.up = false;
    http = std::make_unique<sim::SimHttpPort>(network, web, viewer, sink());
  }
  driver::HttpPort& port() override {
    if (!http) http = std::make_unique<sim::SimHttpPort>(network, web, viewer, sink());
    return *http;
  }
  void destroyPort() override { http.reset(); }
  std::optional<std::string> serve(HttpBehaviour behaviour) override {
    const std::string path = "/" + std::to_string(++served);
    origin.handle(path, [behaviour](const sim::HttpAsk&) {
      sim::HttpReply reply;
      reply.status = behaviour.status;
      reply.body = base::Bytes::copyOf(behaviour.body);
      reply.tellLength = behaviour.tellLength;
      reply.cutAfter = behaviour.cutAfter;
      reply.stallAfter = behaviour.stallAfter;
      reply.contentRange = behaviour.contentRange;
      reply.redirectTo = behaviour.redirectTo;
      reply.contentEncoded = behaviour.contentEncoded;
      return reply;
    });
    return "http://origin" + path;
  }
  std::string refusingUrl() override { return "http://down/"; }
  bool runUntil(const std::function<bool()>& done) override {
    const base::TimePoint end = queue.now() + base::seconds(60);
    while (!done()) {
      if (queue.nextTime() > end || !queue.step()) return done();
    }
    return true;
  }
  void settle() override { queue.runUntil(queue.now() + base::seconds(5)); }

  sim::EventQueue queue;
  sim::Network network{queue};
  sim::Web web;
  sim::NodeId viewer = network.addNode({.downBytesPerSecond = 10'000'000});
  sim::BodyCache bodies;
  sim::SimOrigin origin{bodies, network.addNode({}), 1};
  sim::SimOrigin downOrigin{bodies, network.addNode({}), 2};
  std::unique_ptr<sim::SimHttpPort> http;
  int served = 0;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sim, HttpPortContract, SimHttpWorld);

class SimHttpPortTest : public ::testing::Test {
 protected:
  HttpStory get(std::string url, std::optional<std::string> range = std::nullopt) {
    const base::RequestId id{++last};
    driver::HttpRequest what;
    what.url = std::move(url);
    if (range) what.headers.push_back({"Range", *range});
    world.port().start(id, std::move(what));
    world.runUntil([&] { return storyOf(world.events, id).ended(); });
    return storyOf(world.events, id);
  }
  std::int64_t now() { return base::toMilliseconds(world.queue.now()); }

  SimHttpWorld world;
  std::uint64_t last = 0;
};

TEST_F(SimHttpPortTest, ABodyTakesRequestLatencyPlusItsRate) {
  world.network.setLine(world.origin.node(), {.upBytesPerSecond = 1'000'000, .latency = base::milliseconds(15)});
  world.network.setLine(world.viewer, {.latency = base::milliseconds(5)});
  world.origin.serve("/a", base::Bytes::copyOf(patternedBody(500'000)));
  EXPECT_EQ(get("http://origin/a").dones, 1);
  EXPECT_EQ(now(), 20 + 500 + 20);
  EXPECT_EQ(world.origin.of("http://origin/a"), (sim::SimOrigin::Count{1, 500'000}));
  EXPECT_EQ(world.origin.of(world.viewer), (sim::SimOrigin::Count{1, 500'000}));
}

TEST_F(SimHttpPortTest, SegmentsAreTheSyntheticOnesAndHaveRanges) {
  world.origin.serveSegments("/s/", ".bin", "bench", 1000);
  const HttpStory whole = get("http://origin/s/7.bin");
  ASSERT_EQ(whole.body.size(), 1000U);
  const HttpStory part = get("http://origin/s/7.bin", "bytes=200-");
  ASSERT_EQ(part.heads.size(), 1U);
  EXPECT_EQ(part.heads[0].status, 206);
  EXPECT_EQ(part.heads[0].rangeStart, 200U);
  EXPECT_EQ(part.heads[0].rangeTotal, 1000U);
  EXPECT_TRUE(part.body == whole.body.substr(200));
  EXPECT_EQ(get("http://origin/s/7.bin", "bytes=0-9").body, whole.body.substr(0, 10));
  EXPECT_EQ(get("http://origin/s/7.bin", "bytes=1000-").heads[0].status, 416);
  EXPECT_EQ(get("http://origin/s/x.bin").heads[0].status, 404);
  EXPECT_EQ(get("http://origin/t/7.bin").heads[0].status, 404);
  world.origin.supportsRanges = false;
  EXPECT_EQ(get("http://origin/s/7.bin", "bytes=200-").heads[0].status, 200);
}

TEST_F(SimHttpPortTest, FaultsHitWhoAndWhatTheyNameAsOftenAsTheySay) {
  world.origin.serve("/a", base::Bytes::copyOf("a"));
  world.origin.serve("/b", base::Bytes::copyOf("b"));
  world.origin.addFault({.urlContains = "/a", .times = 2, .change = [](sim::HttpReply& reply) { reply.status = 500; }});
  EXPECT_EQ(get("http://origin/b").heads[0].status, 200);
  EXPECT_EQ(get("http://origin/a").heads[0].status, 500);
  EXPECT_EQ(get("http://origin/a").heads[0].status, 500);
  EXPECT_EQ(get("http://origin/a").heads[0].status, 200);
}

TEST_F(SimHttpPortTest, ATimeoutOfTheRequestFailsIt) {
  world.origin.handle("/", [](const sim::HttpAsk&) {
    sim::HttpReply reply;
    reply.silent = true;
    return reply;
  });
  driver::HttpRequest what;
  what.url = "http://origin/";
  what.timeout = base::seconds(2);
  world.port().start(base::RequestId{1}, what);
  world.runUntil([&] { return !world.events.empty(); });
  EXPECT_EQ(now(), 2000);
  EXPECT_EQ(storyOf(world.events, base::RequestId{1}).failures.at(0).error.code, base::ErrorCode::timeout);
}

TEST_F(SimHttpPortTest, EndlessRedirectsFail) {
  world.origin.handle("/", [](const sim::HttpAsk&) {
    sim::HttpReply reply;
    reply.status = 302;
    reply.redirectTo = "http://origin/";
    return reply;
  });
  EXPECT_EQ(get("http://origin/").failures.size(), 1U);
}

}  // namespace
}  // namespace p2pml::contract
