#include "platform/native/http/native_http_port.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <vector>

#include "platform/native/testing/loop_runner.hpp"
#include "platform/native/testing/scripted_origin.hpp"
#include "platform/native/testing/slow_names.hpp"
#include "tests/contract/http_port_contract.hpp"

namespace p2pml::native {
namespace {

using contract::HttpBehaviour;
using contract::patternedBody;
using contract::storyOf;
using testing::plainReply;
using testing::Reply;
using testing::ScriptedOrigin;

NativeHttpOptions testOptions() {
  NativeHttpOptions options;
  options.proxy = "";  // whatever the environment of the test says
  return options;
}

class NativeHttpWorld : public contract::HttpWorld {
 public:
  driver::HttpPort& port() override {
    if (!port_) port_ = std::make_unique<NativeHttpPort>(loop, sink(), options);
    return *port_;
  }
  void destroyPort() override { port_.reset(); }
  std::optional<std::string> serve(HttpBehaviour behaviour) override {
    const std::string path = "/" + std::to_string(++paths_);
    Reply reply;
    reply.bytes = "HTTP/1.1 " + std::to_string(behaviour.status) + " Whatever\r\n";
    if (behaviour.tellLength) {
      reply.bytes += "Content-Length: " + std::to_string(behaviour.body.size()) + "\r\n";
    } else {
      reply.then = Reply::Then::close;
    }
    if (!behaviour.contentRange.empty()) reply.bytes += "Content-Range: " + behaviour.contentRange + "\r\n";
    if (!behaviour.redirectTo.empty()) reply.bytes += "Location: " + behaviour.redirectTo + "\r\n";
    if (behaviour.contentEncoded) reply.bytes += "Content-Encoding: gzip\r\n";
    reply.bytes += "\r\n";
    if (behaviour.cutAfter) {
      reply.bytes += behaviour.body.substr(0, *behaviour.cutAfter);
      reply.then = Reply::Then::close;
    } else if (behaviour.stallAfter) {
      reply.bytes += behaviour.body.substr(0, *behaviour.stallAfter);
      reply.then = Reply::Then::hold;
    } else {
      reply.bytes += behaviour.body;
    }
    origin.on(path, reply);
    return origin.url(path);
  }
  std::string refusingUrl() override { return "http://127.0.0.1:" + std::to_string(refusing_.number()) + "/segment"; }
  bool runUntil(const std::function<bool()>& done) override { return testing::runLoopUntil(loop, done); }
  void settle() override { testing::settleLoop(loop); }

  boost::asio::io_context loop;
  NativeHttpOptions options = testOptions();
  ScriptedOrigin origin{loop};

 private:
  testing::RefusingPort refusing_{loop};
  std::unique_ptr<NativeHttpPort> port_;
  int paths_ = 0;
};

}  // namespace
}  // namespace p2pml::native

namespace p2pml::contract {
INSTANTIATE_TYPED_TEST_SUITE_P(Native, HttpPortContract, native::NativeHttpWorld);
}

namespace p2pml::native {
namespace {

class NativeHttpPortTest : public ::testing::Test {
 protected:
  contract::HttpStory get(driver::HttpRequest what) {
    const base::RequestId request{++requests_};
    world.port().start(request, std::move(what));
    EXPECT_TRUE(world.runUntil([&] { return storyOf(world.events, request).ended(); }));
    contract::HttpStory story = storyOf(world.events, request);
    EXPECT_TRUE(story.inOrder);
    return story;
  }
  contract::HttpStory get(const std::string& url) {
    driver::HttpRequest what;
    what.url = url;
    return get(std::move(what));
  }
  /// The failure of a request that must fail.
  base::Error failureOf(const std::string& url) {
    const contract::HttpStory story = get(url);
    EXPECT_EQ(story.failures.size(), 1u) << url;
    return story.failures.empty() ? base::Error{} : story.failures.front().error;
  }

  NativeHttpWorld world;

 private:
  std::uint64_t requests_ = 0;
};

TEST_F(NativeHttpPortTest, BodyOfKnownLengthIsOneBuffer) {
  const std::string body = patternedBody(3'000'000);
  world.origin.on("/a", plainReply(body));
  get(world.origin.url("/a"));
  std::optional<base::Bytes> whole;
  std::size_t chunks = 0;
  for (const engine::Input& event : world.events) {
    const auto* data = std::get_if<engine::input::HttpData>(&event);
    if (data == nullptr) continue;
    ++chunks;
    ASSERT_TRUE(!whole || whole->continuesInto(data->data));
    whole = whole ? whole->joinedWith(data->data) : data->data;
  }
  ASSERT_TRUE(whole);
  EXPECT_GT(chunks, 1u);
  EXPECT_TRUE(whole->text() == body);
}

TEST_F(NativeHttpPortTest, SendsWhatItIsToldAndAsksForNoEncoding) {
  world.origin.on("/a", plainReply("x"));
  driver::HttpRequest what;
  what.url = world.origin.url("/a");
  what.headers = {{"Range", "bytes=100-"}, {"X-Empty", ""}};
  get(what);
  ASSERT_EQ(world.origin.requests.size(), 1u);
  const std::string& head = world.origin.requests[0];
  EXPECT_TRUE(head.starts_with("GET /a HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("\r\nRange: bytes=100-\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\nX-Empty:\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\nAccept-Encoding: identity\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\nUser-Agent: p2pml/"), std::string::npos) << head;
}

TEST_F(NativeHttpPortTest, CallersHeadersWin) {
  world.origin.on("/a", plainReply("x"));
  driver::HttpRequest what;
  what.url = world.origin.url("/a");
  what.headers = {{"user-agent", "mine"}, {"accept-encoding", "br"}};
  get(what);
  const std::string& head = world.origin.requests.at(0);
  EXPECT_NE(head.find("\r\nuser-agent: mine\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("p2pml/"), std::string::npos) << head;
  EXPECT_EQ(head.find("identity"), std::string::npos) << head;
}

TEST_F(NativeHttpPortTest, HeadersCannotBeSmuggled) {
  driver::HttpRequest what;
  what.url = world.origin.url("/a");
  what.headers = {{"X-Token", "a\r\nEvil: 1"}};
  const auto story = get(what);
  ASSERT_EQ(story.failures.size(), 1u);
  EXPECT_EQ(story.failures[0].error.code, base::ErrorCode::invalidArgument);
  EXPECT_TRUE(world.origin.requests.empty());
}

TEST_F(NativeHttpPortTest, BlanksAndUnicodeInUrlsAreEncodedAndFragmentsStayHere) {
  world.origin.on("/caf%c3%a9%20bar%20?q=%41", plainReply("x"));
  const auto story = get(world.origin.url("/caf\xc3\xa9 bar%20?q=%41#fragment"));
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].status, 200) << world.origin.requests.at(0);
}

TEST_F(NativeHttpPortTest, ConnectionsAreReused) {
  world.origin.on("/a", plainReply(patternedBody(100'000)));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(world.origin.url("/a")).dones, 1);
  EXPECT_EQ(world.origin.requests.size(), 5u);
  EXPECT_EQ(world.origin.connections, 1);
}

TEST_F(NativeHttpPortTest, ConnectionThatDiedIdleIsReplaced) {
  Reply closing = plainReply("bye");
  closing.then = Reply::Then::close;
  world.origin.on("/a", closing);
  EXPECT_EQ(get(world.origin.url("/a")).dones, 1);
  world.settle();
  EXPECT_EQ(get(world.origin.url("/a")).dones, 1);
  EXPECT_EQ(world.origin.connections, 2);
}

TEST_F(NativeHttpPortTest, ChunkedBodyHasNoLengthAndTrailersAreIgnored) {
  world.origin.on("/a", Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
                              "5\r\nhello\r\n6\r\n world\r\n0\r\nContent-Length: 3\r\nX: y\r\n\r\n"});
  const auto story = get(world.origin.url("/a"));
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].contentLength, std::nullopt);
  EXPECT_EQ(story.body, "hello world");
  EXPECT_EQ(story.dones, 1);
}

TEST_F(NativeHttpPortTest, ChunkedBodyCutShortFails) {
  world.origin.on("/a",
                  Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Reply::Then::close});
  const auto story = get(world.origin.url("/a"));
  EXPECT_EQ(story.dones, 0);
  ASSERT_EQ(story.failures.size(), 1u);
  EXPECT_EQ(story.failures[0].error.code, base::ErrorCode::unavailable) << story.failures[0].error.detail;
}

TEST_F(NativeHttpPortTest, BodyCutShortFailsAndTheErrorNamesTheUrlWithoutItsQuery) {
  world.origin.on("/a?token=secret", Reply{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", Reply::Then::close});
  const auto story = get(world.origin.url("/a?token=secret"));
  ASSERT_EQ(story.failures.size(), 1u);
  const base::Error& error = story.failures[0].error;
  EXPECT_EQ(error.code, base::ErrorCode::unavailable);
  EXPECT_NE(error.detail.find(world.origin.url("/a?...") + ": the body was cut short"), std::string::npos)
      << error.detail;
  EXPECT_EQ(error.detail.find("secret"), std::string::npos) << error.detail;
}

TEST_F(NativeHttpPortTest, WhatComesAfterTheBodyIsNotTheBody) {
  world.origin.on("/a", Reply{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", Reply::Then::close});
  const auto story = get(world.origin.url("/a"));
  EXPECT_EQ(story.body, "hello");
  EXPECT_EQ(story.dones, 1);
}

TEST_F(NativeHttpPortTest, InterimResponsesAreNotTheHead) {
  world.origin.on("/a", Reply{"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 99\r\n\r\n"
                              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
  const auto story = get(world.origin.url("/a"));
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].status, 200);
  EXPECT_EQ(story.heads[0].contentLength, 2u);
}

TEST_F(NativeHttpPortTest, BasicCredentialsAfterTheChallenge) {
  world.origin.on("/a", [](const std::string& head) {
    if (head.find("Authorization: Basic dXNlcjpwYXNz\r\n") != std::string::npos) return plainReply("welcome");
    return plainReply("who are you?", "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n");
  });
  driver::HttpRequest what;
  what.url = world.origin.url("/a");
  what.username = "user";
  what.password = "pass";
  const auto right = get(what);
  ASSERT_EQ(right.heads.size(), 1u);
  EXPECT_EQ(right.heads[0].status, 200);
  EXPECT_EQ(right.body, "welcome");

  what.password = "wrong";
  const auto wrong = get(what);
  ASSERT_EQ(wrong.heads.size(), 1u);
  EXPECT_EQ(wrong.heads[0].status, 401);
  EXPECT_EQ(wrong.dones, 1);
}

TEST_F(NativeHttpPortTest, TenRedirectsAreFollowedElevenAreNot) {
  for (int i = 0; i <= 11; ++i) {
    const std::string path = "/r" + std::to_string(i);
    world.origin.on(path, i == 0 ? plainReply("there")
                                 : plainReply("", "302 Found", "Location: /r" + std::to_string(i - 1) + "\r\n"));
  }
  const auto story = get(world.origin.url("/r10"));
  EXPECT_EQ(story.body, "there");
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].responseUrl, world.origin.url("/r0"));
  EXPECT_EQ(failureOf(world.origin.url("/r11")).code, base::ErrorCode::limitExceeded);
}

TEST_F(NativeHttpPortTest, RedirectIsTheAnswerIfItIsNotToBeFollowed) {
  world.origin.on("/a", plainReply("moved", "302 Found", "Location: /b\r\n"));
  driver::HttpRequest what;
  what.url = world.origin.url("/a");
  what.followRedirects = false;
  const auto story = get(what);
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].status, 302);
  EXPECT_EQ(story.body, "moved");
}

TEST_F(NativeHttpPortTest, RedirectToAnotherSchemeFails) {
  for (const char* target : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"}) {
    world.origin.on("/a", plainReply("", "302 Found", std::string("Location: ") + target + "\r\n"));
    const base::Error error = failureOf(world.origin.url("/a"));
    EXPECT_EQ(error.code, base::ErrorCode::invalidArgument) << error.detail;
  }
}

TEST_F(NativeHttpPortTest, WhatIsNotHttpFails) {
  world.origin.on("/junk", Reply{"SSH-2.0-OpenSSH_9.2\r\n", Reply::Then::close});
  EXPECT_EQ(get(world.origin.url("/junk")).failures.size(), 1u);
  world.origin.on("/nothing", Reply{"", Reply::Then::close});
  EXPECT_EQ(get(world.origin.url("/nothing")).failures.size(), 1u);
  for (const char* length : {"-5", "abc", "5, 6", "99999999999999999999"}) {
    world.origin.on("/length", Reply{std::string("HTTP/1.1 200 OK\r\nContent-Length: ") + length + "\r\n\r\nhello",
                                     Reply::Then::close});
    const auto story = get(world.origin.url("/length"));
    EXPECT_EQ(story.failures.size(), 1u) << length;
    EXPECT_TRUE(story.heads.empty()) << length;
  }
  world.origin.on("/two", Reply{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"});
  EXPECT_EQ(failureOf(world.origin.url("/two")).code, base::ErrorCode::malformed);
}

TEST_F(NativeHttpPortTest, LimitOnHeaders) {
  const std::string field = "X-Pad: " + std::string(1'000, 'x') + "\r\n";
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += field;
  world.origin.on("/many", plainReply("fine", "200 OK", fields));
  EXPECT_EQ(get(world.origin.url("/many")).body, "fine");
  world.origin.on("/toomany", plainReply("x", "200 OK", fields + fields + fields));
  const auto story = get(world.origin.url("/toomany"));
  ASSERT_EQ(story.failures.size(), 1u);
  EXPECT_TRUE(story.heads.empty());
}

TEST_F(NativeHttpPortTest, LimitOnBodies) {
  world.options.bodyLimit = 1'000;
  const auto close = [](const std::string& body) {
    return Reply{"HTTP/1.1 200 OK\r\n\r\n" + body, Reply::Then::close};
  };
  world.origin.on("/told", plainReply(std::string(1'000, 'x')));
  world.origin.on("/toldmore", plainReply(std::string(1'001, 'x')));
  world.origin.on("/untold", close(std::string(1'000, 'x')));
  world.origin.on("/untoldmore", close(std::string(1'001, 'x')));
  EXPECT_EQ(get(world.origin.url("/told")).dones, 1);
  EXPECT_EQ(get(world.origin.url("/untold")).dones, 1);
  EXPECT_EQ(failureOf(world.origin.url("/toldmore")).code, base::ErrorCode::limitExceeded);
  EXPECT_EQ(failureOf(world.origin.url("/untoldmore")).code, base::ErrorCode::limitExceeded);
}

TEST_F(NativeHttpPortTest, TimeoutOfTheWholeRequest) {
  world.origin.on("/a", Reply{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", Reply::Then::hold});
  driver::HttpRequest what;
  what.url = world.origin.url("/a");
  what.timeout = base::milliseconds(50);
  const auto story = get(what);
  ASSERT_EQ(story.failures.size(), 1u);
  EXPECT_EQ(story.failures[0].error.code, base::ErrorCode::timeout);
}

TEST_F(NativeHttpPortTest, AllBodiesTogetherKeepTheBudget) {
  world.options.budget = std::make_shared<ByteBudget>(400'000);
  const std::string body = patternedBody(100'000);
  world.origin.on("/a", plainReply(body));
  const auto start = std::chrono::steady_clock::now();
  driver::HttpRequest what;
  what.url = world.origin.url("/a");
  const std::vector<base::RequestId> ids{base::RequestId(101), base::RequestId(102), base::RequestId(103)};
  for (const base::RequestId id : ids) world.port().start(id, what);
  world.port().start(base::RequestId(104), what);
  world.port().cancel(base::RequestId(104));
  for (const base::RequestId id : ids) {
    ASSERT_TRUE(world.runUntil([&] { return storyOf(world.events, id).ended(); }));
    EXPECT_TRUE(storyOf(world.events, id).body == body);
  }
  // 300 kB, of which a tenth of a second's worth and one read of 16 KiB may come at once.
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds((300 - 40 - 17) * 1000 / 400));
}

TEST_F(NativeHttpPortTest, CancelledAndDestroyedWhileItWaitsForTheBudget) {
  world.options.budget = std::make_shared<ByteBudget>(1'000);
  world.origin.on("/a", plainReply(patternedBody(100'000)));
  driver::HttpRequest what;
  what.url = world.origin.url("/a");
  for (const std::uint64_t id : {201, 202}) world.port().start(base::RequestId(id), what);
  ASSERT_TRUE(world.runUntil([&] { return world.origin.requests.size() == 2 && !world.events.empty(); }));
  world.settle();
  world.port().cancel(base::RequestId(201));
  world.settle();
  world.destroyPort();
  const std::size_t before = world.events.size();
  world.settle();
  EXPECT_EQ(world.events.size(), before);
}

TEST_F(NativeHttpPortTest, APublicStreamLeadsToNoPrivateAddress) {
  world.origin.on("/a", plainReply("secret"));
  const std::string port = std::to_string(world.origin.port());
  driver::HttpRequest what;
  what.publicOnly = true;
  for (const std::string host : {"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433"}) {
    what.url = "http://" + host + ":" + port + "/a";
    const auto story = get(what);
    ASSERT_EQ(story.failures.size(), 1U) << host;
    EXPECT_EQ(story.failures[0].error.code, base::ErrorCode::invalidArgument) << story.failures[0].error.detail;
    EXPECT_TRUE(story.failures[0].error.detail.find("private network") != std::string::npos)
        << story.failures[0].error.detail;
    EXPECT_TRUE(story.heads.empty()) << host;
  }
  EXPECT_EQ(world.origin.connections, 0) << "nobody there learns that somebody has knocked";
  // Nor over a connection that another request has opened and left.
  EXPECT_EQ(get(world.origin.url("/a")).body, "secret");
  what.url = world.origin.url("/a");
  EXPECT_EQ(get(what).failures.size(), 1U);
  EXPECT_EQ(world.origin.requests.size(), 1U);
  // What the user has opened at home may lead there.
  what.publicOnly = false;
  EXPECT_EQ(get(what).body, "secret");
}

TEST_F(NativeHttpPortTest, HundredRequestsAtOnce) {
  const std::string body = patternedBody(20'000);
  world.origin.on("/a", plainReply(body));
  std::size_t ended = 0;
  world.onEvent = [&](const engine::Input& event) {
    if (std::holds_alternative<engine::input::HttpDone>(event)) ++ended;
  };
  for (std::uint64_t i = 1; i <= 100; ++i) {
    driver::HttpRequest what;
    what.url = world.origin.url("/a");
    world.port().start(base::RequestId{i}, what);
    if (i % 3 == 0) world.port().cancel(base::RequestId{i});
  }
  ASSERT_TRUE(world.runUntil([&] { return ended == 67; }));
  for (std::uint64_t i = 1; i <= 100; ++i) {
    EXPECT_TRUE(storyOf(world.events, base::RequestId{i}).body == (i % 3 == 0 ? "" : body));
  }
}

// One name look-up hangs; the loop must neither wait for it while it runs, nor when it is cancelled, nor at
// destruction.
TEST_F(NativeHttpPortTest, NameLookUpDoesNotHoldUpTheLoop) {
  testing::SlowNames slow;
  world.origin.on("/a", plainReply("quick"));
  driver::HttpRequest what;
  what.url = "http://hangs.slow.test/segment";
  world.port().start(base::RequestId{1'000}, what);
  world.port().start(base::RequestId{1'001}, what);
  ASSERT_TRUE(world.runUntil([&] { return slow.waiting() >= 1; }));
  EXPECT_EQ(get(world.origin.url("/a")).body, "quick");
  world.port().cancel(base::RequestId{1'000});
  EXPECT_EQ(get(world.origin.url("/a")).body, "quick");
  world.destroyPort();
  EXPECT_GE(slow.waiting(), 1);
  EXPECT_TRUE(storyOf(world.events, base::RequestId{1'001}).failures.empty());
}

TEST_F(NativeHttpPortTest, UnknownNameFails) {
  const base::Error error = failureOf("http://no-such-host.invalid/");
  EXPECT_EQ(error.code, base::ErrorCode::unavailable) << error.detail;
  EXPECT_NE(error.detail.find("no-such-host.invalid"), std::string::npos) << error.detail;
}

class NativeHttpsTest : public NativeHttpPortTest {
 protected:
  testing::TestCertificate certificate;
  ScriptedOrigin secure{world.loop, &certificate};
};

TEST_F(NativeHttpsTest, CertificateMustBeTrusted) {
  secure.on("/a", plainReply("secret"));
  const base::Error error = failureOf(secure.url("/a"));
  EXPECT_EQ(error.code, base::ErrorCode::unavailable) << error.detail;
  EXPECT_NE(error.detail.find("certificate"), std::string::npos) << error.detail;
  EXPECT_TRUE(secure.requests.empty());
}

TEST_F(NativeHttpsTest, CertificateMustBeOfThatHost) {
  const testing::TestCertificate others("IP:127.0.0.2,DNS:other.example");
  ScriptedOrigin impostor(world.loop, &others);
  world.options.caBundle = others.caBundle();
  const base::Error error = failureOf(impostor.url("/a"));
  EXPECT_EQ(error.code, base::ErrorCode::unavailable) << error.detail;
  EXPECT_TRUE(impostor.requests.empty());
}

TEST_F(NativeHttpsTest, WithTheRightBundle) {
  world.options.caBundle = certificate.caBundle();
  const std::string body = patternedBody(1'000'000);
  secure.on("/a", plainReply(body));
  EXPECT_TRUE(get(secure.url("/a")).body == body);
  EXPECT_TRUE(get(secure.url("/a")).body == body);
  EXPECT_EQ(secure.connections, 1);
}

TEST_F(NativeHttpsTest, InsecureOnRequest) {
  world.options.insecureTls = true;
  secure.on("/a", plainReply("hello"));
  EXPECT_EQ(get(secure.url("/a")).body, "hello");
}

TEST_F(NativeHttpsTest, CancelledAndDestroyedInTheMiddle) {
  world.options.caBundle = certificate.caBundle();
  secure.on("/a", Reply{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", Reply::Then::hold});
  driver::HttpRequest what;
  what.url = secure.url("/a");
  for (std::uint64_t i = 1; i <= 3; ++i) world.port().start(base::RequestId{i}, what);
  ASSERT_TRUE(world.runUntil([&] { return storyOf(world.events, base::RequestId{3}).body == "hello"; }));
  world.port().cancel(base::RequestId{1});
  world.destroyPort();
  const std::size_t before = world.events.size();
  world.settle();
  EXPECT_EQ(world.events.size(), before);
}

}  // namespace
}  // namespace p2pml::native
