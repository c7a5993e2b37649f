#include "platform/native/ws/native_socket_port.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <string>

#include "platform/native/testing/loop_runner.hpp"
#include "platform/native/testing/scripted_socket_server.hpp"
#include "platform/native/testing/slow_names.hpp"
#include "tests/contract/socket_port_contract.hpp"

namespace p2pml::native {
namespace {

using contract::SocketBehaviour;
using contract::storyOf;
using testing::ScriptedSocketServer;
using testing::SocketScript;

constexpr char kRefusal[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

class NativeSocketWorld : public contract::SocketWorld {
 public:
  driver::SocketPort& port() override {
    if (!port_) port_ = std::make_unique<NativeSocketPort>(loop, sink(), options);
    return *port_;
  }
  void destroyPort() override { port_.reset(); }
  std::optional<std::string> serve(SocketBehaviour behaviour) override {
    const std::string path = "/" + std::to_string(++paths_);
    SocketScript script;
    script.greetings = behaviour.greetings;
    script.echo = behaviour.echo;
    script.silent = behaviour.silent;
    if (behaviour.refuseHandshake) script.rawAnswer = kRefusal;
    script.closeAfter = behaviour.closeAfter;
    script.dropInsteadOfClose = behaviour.dropInsteadOfClose;
    server.on(path, script);
    return server.url(path);
  }
  std::string refusingUrl() override { return "ws://127.0.0.1:" + std::to_string(refusing_.number()) + "/"; }
  bool runUntil(const std::function<bool()>& done) override { return testing::runLoopUntil(loop, done); }
  void settle() override { testing::settleLoop(loop); }
  [[nodiscard]] const std::vector<std::string>& received() const override { return server.received; }
  [[nodiscard]] std::size_t endedSockets() const override { return server.ended; }

  boost::asio::io_context loop;
  NativeSocketOptions options;
  ScriptedSocketServer server{loop};

 private:
  testing::RefusingPort refusing_{loop};
  std::unique_ptr<NativeSocketPort> port_;
  int paths_ = 0;
};

}  // namespace
}  // namespace p2pml::native

namespace p2pml::contract {
INSTANTIATE_TYPED_TEST_SUITE_P(Native, SocketPortContract, native::NativeSocketWorld);
}

namespace p2pml::native {
namespace {

class NativeSocketPortTest : public ::testing::Test {
 protected:
  static constexpr base::SocketId kSocket{1};

  [[nodiscard]] contract::SocketStory story(base::SocketId socket = kSocket) const {
    return storyOf(world.events, socket);
  }
  bool runToOpen(const std::string& url, base::SocketId socket = kSocket) {
    world.port().open(socket, url);
    return world.runUntil([&] { return story(socket).opens == 1 || !story(socket).closes.empty(); }) &&
           story(socket).opens == 1;
  }
  /// Why a socket that must close did.
  base::Error closeReason(const std::string& url) {
    const base::SocketId socket{++sockets_};
    world.port().open(socket, url);
    EXPECT_TRUE(world.runUntil([&] { return !story(socket).closes.empty(); })) << url;
    EXPECT_TRUE(story(socket).inOrder);
    EXPECT_EQ(story(socket).closes.size(), 1u);
    return story(socket).closes.empty() ? base::Error{} : story(socket).closes.front();
  }

  NativeSocketWorld world;

 private:
  std::uint64_t sockets_ = 100;
};

TEST_F(NativeSocketPortTest, TheUpgradeHasWhatTrackersLookAt) {
  ASSERT_TRUE(runToOpen(world.server.url("") + "?a=b"));
  ASSERT_EQ(world.server.upgrades.size(), 1u);
  const auto& request = world.server.upgrades[0];
  EXPECT_EQ(request.target(), "/?a=b");
  EXPECT_EQ(request["Host"], "127.0.0.1:" + std::to_string(world.server.port()));
  EXPECT_EQ(request["Origin"], "https://127.0.0.1");
  EXPECT_TRUE(request["User-Agent"].starts_with("p2pml/")) << request["User-Agent"];
  EXPECT_EQ(request.count("Sec-WebSocket-Extensions"), 0u);
}

TEST_F(NativeSocketPortTest, OriginIsAnOption) {
  world.options.origin = "https://player.example";
  ASSERT_TRUE(runToOpen(world.server.url("/"), base::SocketId{1}));
  world.destroyPort();
  world.options.origin = "";
  ASSERT_TRUE(runToOpen(world.server.url("/"), base::SocketId{2}));
  ASSERT_EQ(world.server.upgrades.size(), 2u);
  EXPECT_EQ(world.server.upgrades[0]["Origin"], "https://player.example");
  EXPECT_EQ(world.server.upgrades[1].count("Origin"), 0u);
}

TEST_F(NativeSocketPortTest, OptionsCannotSmuggleHeaders) {
  world.options.origin = "x\r\nEvil: 1";
  EXPECT_EQ(closeReason(world.server.url("/")).code, base::ErrorCode::invalidArgument);
  EXPECT_TRUE(world.server.upgrades.empty());
}

TEST_F(NativeSocketPortTest, WhatIsSentBeforeTheOpenFollowsIt) {
  world.port().open(kSocket, world.server.url("/"));
  world.port().send(kSocket, "early");
  ASSERT_TRUE(world.runUntil([&] { return !story().messages.empty(); }));
  EXPECT_EQ(story().messages[0], "early");
}

TEST_F(NativeSocketPortTest, ReasonsNameTheTrackerAndWhatHappened) {
  world.server.on("/refuse?token=secret", {.rawAnswer = kRefusal});
  const base::Error refused = closeReason(world.server.url("/refuse?token=secret"));
  EXPECT_EQ(refused.code, base::ErrorCode::unavailable);
  EXPECT_EQ(refused.detail,
            "tracker " + world.server.url("/refuse?...") + ": the upgrade was refused with HTTP status 403");

  world.server.on("/close", {.closeAfter = 0});
  const base::Error closed = closeReason(world.server.url("/close"));
  EXPECT_EQ(closed.code, base::ErrorCode::unavailable);
  EXPECT_NE(closed.detail.find("closed by the remote with code 1001 (maintenance)"), std::string::npos)
      << closed.detail;

  EXPECT_NE(closeReason("ws://no-such-host.invalid/").detail.find("no-such-host.invalid was not found"),
            std::string::npos);
}

TEST_F(NativeSocketPortTest, WhatIsNotAWebSocketIsClosed) {
  world.server.on("/junk", {.rawAnswer = "SSH-2.0-OpenSSH_9.2\r\n\r\n"});
  EXPECT_EQ(closeReason(world.server.url("/junk")).code, base::ErrorCode::unavailable);
  world.server.on("/accept", {.rawAnswer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                           "Connection: upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n"});
  EXPECT_EQ(closeReason(world.server.url("/accept")).code, base::ErrorCode::unavailable);
  world.server.on("/headers", {.rawAnswer = "HTTP/1.1 101 Switching Protocols\r\nX: " + std::string(100'000, 'x')});
  EXPECT_EQ(closeReason(world.server.url("/headers")).code, base::ErrorCode::unavailable);
}

TEST_F(NativeSocketPortTest, BrokenFramesAreMalformed) {
  const std::pair<const char*, std::string> cases[] = {
      {"reserved opcode", std::string("\x83\x00", 2)},
      {"reserved bit", std::string("\xc1\x00", 2)},
      {"masked by the server", std::string("\x81\x81\x00\x00\x00\x00x", 7)},
      {"text that is not UTF-8", std::string("\x81\x01\xff", 3)},
      {"binary that is not UTF-8", std::string("\x82\x01\xff", 3)},
      {"continuation of nothing", std::string("\x80\x01x", 3)},
      {"fragmented ping", std::string("\x09\x00", 2)},
  };
  for (const auto& [what, frames] : cases) {
    world.server.on("/", {.rawFrames = frames});
    const base::Error reason = closeReason(world.server.url("/"));
    EXPECT_EQ(reason.code, base::ErrorCode::malformed) << what << ": " << reason.detail;
  }
}

TEST_F(NativeSocketPortTest, BinaryFramesWithTextAreTaken) {
  world.server.on("/", {.greetings = {"{\"a\":1}"}, .binary = true});
  ASSERT_TRUE(runToOpen(world.server.url("/")));
  ASSERT_TRUE(world.runUntil([&] { return !story().messages.empty(); }));
  EXPECT_EQ(story().messages[0], "{\"a\":1}");
}

TEST_F(NativeSocketPortTest, LimitOnIncomingMessages) {
  world.server.on("/fits", {.greetings = {std::string(256 * 1024, 'x')}});
  ASSERT_TRUE(runToOpen(world.server.url("/fits")));
  ASSERT_TRUE(world.runUntil([&] { return !story().messages.empty(); }));
  EXPECT_EQ(story().messages[0].size(), 256u * 1024);
  world.server.on("/toobig", {.greetings = {std::string(256 * 1024 + 1, 'x')}});
  EXPECT_EQ(closeReason(world.server.url("/toobig")).code, base::ErrorCode::limitExceeded);
}

TEST_F(NativeSocketPortTest, LimitOnOutgoingQueue) {
  ASSERT_TRUE(runToOpen(world.server.url("/")));
  world.port().send(kSocket, std::string(1024 * 1024, 'x'));
  ASSERT_TRUE(world.runUntil([&] { return world.server.received.size() == 1; }));
  // The echo is above the incoming limit, which is not what this is about.
  ASSERT_TRUE(world.runUntil([&] { return !story().closes.empty(); }));

  const base::SocketId other{2};
  ASSERT_TRUE(runToOpen(world.server.url("/"), other));
  const std::size_t before = world.events.size();
  world.port().send(other, std::string(1024 * 1024, 'x'));
  world.port().send(other, "x");
  world.port().send(other, "dropped");
  EXPECT_EQ(world.events.size(), before);
  ASSERT_TRUE(world.runUntil([&] { return !story(other).closes.empty(); }));
  EXPECT_EQ(story(other).closes[0].code, base::ErrorCode::limitExceeded);
}

TEST_F(NativeSocketPortTest, LimitOnTimeToOpen) {
  world.options.connectTimeout = base::milliseconds(50);
  world.server.on("/", {.silent = true});
  const base::Error reason = closeReason(world.server.url("/"));
  EXPECT_EQ(reason.code, base::ErrorCode::timeout);
  EXPECT_NE(reason.detail.find("upgrading"), std::string::npos) << reason.detail;
}

TEST_F(NativeSocketPortTest, NameLookUpDoesNotHoldUpTheLoop) {
  testing::SlowNames slow;
  world.options.connectTimeout = base::milliseconds(1'000);
  world.port().open(base::SocketId{9}, "wss://hangs.slow.test/");
  ASSERT_TRUE(world.runUntil([&] { return slow.waiting() == 1; }));
  EXPECT_TRUE(runToOpen(world.server.url("/")));
  ASSERT_TRUE(world.runUntil([&] { return !story(base::SocketId{9}).closes.empty(); }));
  EXPECT_EQ(story(base::SocketId{9}).closes[0].code, base::ErrorCode::timeout);
  EXPECT_EQ(slow.waiting(), 1);
  world.port().open(base::SocketId{10}, "wss://hangs.slow.test/");
  world.destroyPort();
}

TEST_F(NativeSocketPortTest, PingsGoOutAndADeadRemoteIsNoticed) {
  world.options.idleTimeout = base::milliseconds(1'000);
  // This one answers pings, for it reads.
  ASSERT_TRUE(runToOpen(world.server.url("/")));
  ASSERT_TRUE(world.runUntil([&] { return world.server.pings >= 2; }));
  EXPECT_TRUE(story().closes.empty());
  world.server.on("/dead", {.readsNothing = true});
  const base::Error reason = closeReason(world.server.url("/dead"));
  EXPECT_EQ(reason.code, base::ErrorCode::timeout) << reason.detail;
}

TEST_F(NativeSocketPortTest, CloseHasACodeAndARemoteThatIgnoresItIsLeft) {
  ASSERT_TRUE(runToOpen(world.server.url("/"), base::SocketId{1}));
  world.port().close(base::SocketId{1});
  ASSERT_TRUE(world.runUntil([&] { return world.server.ended == 1; }));
  EXPECT_EQ(world.server.closeCodes, std::vector<std::uint16_t>{1000});

  boost::asio::io_context other;
  world.options.closeTimeout = base::milliseconds(50);
  world.destroyPort();
  std::vector<engine::Input> events;
  auto port = std::make_unique<NativeSocketPort>(
      other, [&](engine::Input event) { events.push_back(std::move(event)); }, world.options);
  world.server.on("/dead", {.readsNothing = true});
  port->open(base::SocketId{2}, world.server.url("/dead"));
  while (events.empty()) {
    world.loop.restart();
    world.loop.poll();
    other.restart();
    other.poll();
  }
  port->close(base::SocketId{2});
  port.reset();
  other.restart();
  other.run();  // ends only when the session has given up
  EXPECT_EQ(events.size(), 1u);
}

TEST_F(NativeSocketPortTest, WhatWasSentIsFlushedEvenIfThePortIsDestroyed) {
  ASSERT_TRUE(runToOpen(world.server.url("/")));
  world.port().send(kSocket, std::string(500'000, 'x'));
  world.port().send(kSocket, "stopped");
  world.destroyPort();
  ASSERT_TRUE(world.runUntil([&] { return world.server.ended == 1; }));
  ASSERT_EQ(world.server.received.size(), 2u);
  EXPECT_EQ(world.server.received[1], "stopped");
}

class NativeSecureSocketTest : public NativeSocketPortTest {
 protected:
  testing::TestCertificate certificate;
  ScriptedSocketServer secure{world.loop, &certificate};
};

TEST_F(NativeSecureSocketTest, CertificateMustBeTrusted) {
  const base::Error reason = closeReason(secure.url("/"));
  EXPECT_EQ(reason.code, base::ErrorCode::unavailable);
  EXPECT_NE(reason.detail.find("self-signed"), std::string::npos) << reason.detail;
  EXPECT_TRUE(secure.upgrades.empty());
}

TEST_F(NativeSecureSocketTest, WithTheRightBundle) {
  world.options.caBundle = certificate.caBundle();
  ASSERT_TRUE(runToOpen(secure.url("/")));
  world.port().send(kSocket, "hello");
  ASSERT_TRUE(world.runUntil([&] { return !story().messages.empty(); }));
  EXPECT_EQ(story().messages[0], "hello");
  world.port().close(kSocket);
  ASSERT_TRUE(world.runUntil([&] { return secure.ended == 1; }));
  EXPECT_EQ(secure.closeCodes, std::vector<std::uint16_t>{1000});
}

TEST_F(NativeSecureSocketTest, CertificateMustBeOfThatHost) {
  const testing::TestCertificate others("IP:127.0.0.2,DNS:other.example");
  ScriptedSocketServer impostor(world.loop, &others);
  world.options.caBundle = others.caBundle();
  const base::Error reason = closeReason(impostor.url("/"));
  EXPECT_EQ(reason.code, base::ErrorCode::unavailable);
  EXPECT_NE(reason.detail.find("certificate"), std::string::npos) << reason.detail;
  EXPECT_TRUE(impostor.upgrades.empty());
}

TEST_F(NativeSecureSocketTest, CertificateOfAName) {
  world.options.caBundle = certificate.caBundle();
  EXPECT_TRUE(runToOpen("wss://localhost:" + std::to_string(secure.port()) + "/"));
}

TEST_F(NativeSecureSocketTest, InsecureOnRequest) {
  world.options.insecureTls = true;
  EXPECT_TRUE(runToOpen(secure.url("/")));
}

TEST_F(NativeSecureSocketTest, UnreadableBundleIsTheCallersFault) {
  world.options.caBundle = "/nonexistent/ca.pem";
  const base::Error reason = closeReason(secure.url("/"));
  EXPECT_EQ(reason.code, base::ErrorCode::invalidArgument);
  EXPECT_NE(reason.detail.find("/nonexistent/ca.pem"), std::string::npos) << reason.detail;
}

TEST_F(NativeSecureSocketTest, PlainServerBehindWss) {
  world.server.on("/", {});
  const base::Error reason = closeReason("wss://127.0.0.1:" + std::to_string(world.server.port()) + "/");
  EXPECT_EQ(reason.code, base::ErrorCode::unavailable) << reason.detail;
}

}  // namespace
}  // namespace p2pml::native
