#include "platform/native/server/origin_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "media/synthetic.hpp"
#include "platform/native/server/synthetic_routes.hpp"
#include "platform/native/testing/loop_runner.hpp"

namespace p2pml::native {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using ::testing::HasSubstr;

using Fields = std::vector<std::pair<http::field, std::string>>;

struct Got {
  int status = 0;
  http::fields headers;
  std::string body;  ///< what came, whole or not
  error_code error;
  std::string header(const char* name) const {
    const auto value = headers[name];
    return {value.data(), value.size()};
  }
};

struct OriginServerTest : ::testing::Test {
  asio::io_context loop;
  OriginServerOptions options;
  OriginHandler handler = [this](const OriginRequest& request) {
    last = request;
    OriginResponse response;
    response.body = base::Bytes::copyOf("0123456789");
    response.faults = faults;
    return response;
  };
  OriginRequest last;
  OriginFaults faults;
  std::unique_ptr<OriginServer> server;
  std::unique_ptr<beast::tcp_stream> stream;
  beast::flat_buffer buffer;

  bool runUntil(const std::function<bool()>& happened) { return testing::runLoopUntil(loop, happened); }

  void start() {
    auto started = OriginServer::start(loop, options, handler);
    ASSERT_TRUE(started.has_value()) << started.error().detail;
    server = *std::move(started);
  }

  void connect() {
    buffer.clear();
    stream = std::make_unique<beast::tcp_stream>(loop);
    stream->connect({asio::ip::make_address(server->endpoint().host), server->endpoint().port});
  }

  /// On the connection there is, or a new one.
  Got ask(http::verb method, const std::string& target, const Fields& fields = {}) {
    if (!server) start();
    if (!stream) connect();
    http::request<http::empty_body> request(method, target, 11);
    request.set(http::field::host, "localhost");
    for (const auto& [name, value] : fields) request.set(name, value);
    http::response_parser<http::string_body> parser;
    parser.skip(method == http::verb::head);
    parser.body_limit(std::uint64_t{1} << 30);
    bool done = false;
    Got got;
    http::async_write(*stream, request, [&](error_code failed, std::size_t) {
      got.error = failed;
      if (failed) {
        done = true;
        return;
      }
      http::async_read(*stream, buffer, parser, [&](error_code failedToo, std::size_t) {
        got.error = failedToo;
        done = true;
      });
    });
    EXPECT_TRUE(runUntil([&] { return done; }));
    got.status = static_cast<int>(parser.get().result_int());
    got.headers = parser.get().base();
    got.body = parser.get().body();
    return got;
  }
  Got get(const std::string& target, const Fields& fields = {}) { return ask(http::verb::get, target, fields); }
};

TEST_F(OriginServerTest, ServesAndKeepsTheConnection) {
  const Got first = get("/t/viewer1/a/b.bin?x=1&y=two");
  EXPECT_FALSE(first.error) << first.error.message();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "0123456789");
  EXPECT_EQ(first.header("Content-Length"), "10");
  EXPECT_EQ(first.header("Accept-Ranges"), "bytes");
  EXPECT_EQ(first.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(last.method, "GET");
  EXPECT_EQ(last.clientId, "viewer1");
  EXPECT_EQ(last.path, "/a/b.bin");
  EXPECT_EQ(last.parameter("x"), "1");
  EXPECT_EQ(last.parameter("y"), "two");
  EXPECT_EQ(last.parameter("z"), std::nullopt);
  EXPECT_EQ(last.header("HOST"), "localhost");
  const std::uint64_t connection = last.connection;
  EXPECT_EQ(get("/c").body, "0123456789");
  EXPECT_EQ(last.connection, connection);
  EXPECT_EQ(last.clientId, "");
}

TEST_F(OriginServerTest, CountsByPathAndClient) {
  get("/t/one/a");
  get("/t/two/a");
  get("/t/two/b", {{http::field::range, "bytes=0-3"}});
  ask(http::verb::head, "/b");
  EXPECT_EQ(server->traffic().requests, 4U);
  EXPECT_EQ(server->traffic().bodyBytes, 24U);
  EXPECT_EQ(server->trafficByPath().at("/a").bodyBytes, 20U);
  EXPECT_EQ(server->trafficByPath().at("/b").requests, 2U);
  EXPECT_EQ(server->trafficByClient().at("one").bodyBytes, 10U);
  EXPECT_EQ(server->trafficByClient().at("two").bodyBytes, 14U);
  EXPECT_EQ(server->trafficByClient().size(), 2U);
}

TEST_F(OriginServerTest, NamesCountedAreBounded) {
  options.maxCountedNames = 1;
  get("/a");
  get("/b");
  get("/a");
  EXPECT_EQ(server->traffic().requests, 3U);
  EXPECT_EQ(server->trafficByPath().size(), 1U);
  EXPECT_EQ(server->trafficByPath().at("/a").requests, 2U);
}

TEST_F(OriginServerTest, HonoursOneRange) {
  const Got some = get("/a", {{http::field::range, "bytes=2-5"}});
  EXPECT_EQ(some.status, 206);
  EXPECT_EQ(some.body, "2345");
  EXPECT_EQ(some.header("Content-Range"), "bytes 2-5/10");
  EXPECT_EQ(some.header("Content-Length"), "4");
  EXPECT_EQ(get("/a", {{http::field::range, "bytes=-3"}}).body, "789");
  EXPECT_EQ(get("/a", {{http::field::range, "bytes=0-1,4-5"}}).status, 200);
  const Got conditional = get("/a", {{http::field::range, "bytes=2-5"}, {http::field::if_range, "\"x\""}});
  EXPECT_EQ(conditional.status, 200);
  const Got none = get("/a", {{http::field::range, "bytes=10-"}});
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.header("Content-Range"), "bytes */10");
}

TEST_F(OriginServerTest, HeadHasTheHeadOnly) {
  const Got head = ask(http::verb::head, "/a");
  EXPECT_FALSE(head.error);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "10");
  EXPECT_EQ(get("/a").body, "0123456789");  // nothing of a body was left on the connection
}

TEST_F(OriginServerTest, OtherMethodsAreRefusedAndPreflightsAnswered) {
  EXPECT_EQ(ask(http::verb::post, "/a").status, 405);
  const Got preflight = ask(http::verb::options, "/a");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Headers"), "*");
  EXPECT_EQ(get("/a").status, 200);
}

TEST_F(OriginServerTest, StatusesAndRedirects) {
  handler = [](const OriginRequest& request) {
    return request.path == "/old" ? redirectResponse(302, "/new") : statusResponse(503);
  };
  const Got moved = get("/old");
  EXPECT_EQ(moved.status, 302);
  EXPECT_EQ(moved.header("Location"), "/new");
  const Got failed = get("/new");
  EXPECT_EQ(failed.status, 503);
  EXPECT_EQ(failed.body, "503 Service Unavailable\n");
}

TEST_F(OriginServerTest, DelaysTheHead) {
  faults.headDelay = base::milliseconds(40);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(get("/a").body, "0123456789");
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(40));
}

TEST_F(OriginServerTest, StallsWithinTheBodyAndGoesOn) {
  faults.stallAfter = 4;
  faults.stallFor = base::milliseconds(40);
  const auto before = std::chrono::steady_clock::now();
  const Got got = get("/a");
  EXPECT_FALSE(got.error);
  EXPECT_EQ(got.body, "0123456789");
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(40));
}

TEST_F(OriginServerTest, TruncatesWhatItPromised) {
  faults.closeAfter = 4;
  const Got got = get("/a");
  EXPECT_EQ(got.error, http::error::partial_message);
  EXPECT_EQ(got.header("Content-Length"), "10");
  EXPECT_EQ(got.body, "0123");
  EXPECT_EQ(server->traffic().cutBodies, 1U);
  EXPECT_EQ(server->traffic().bodyBytes, 4U);
  stream.reset();
  faults.closeAfter = 0;
  const Got nothing = get("/a");
  EXPECT_EQ(nothing.error, http::error::partial_message);
  EXPECT_EQ(nothing.status, 200);
  EXPECT_EQ(nothing.body, "");
}

TEST_F(OriginServerTest, SendsChunksWithoutALength) {
  faults.chunked = true;
  const Got got = get("/a");
  EXPECT_FALSE(got.error);
  EXPECT_EQ(got.body, "0123456789");
  EXPECT_EQ(got.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(got.header("Content-Length"), "");
  EXPECT_EQ(server->traffic().bodyBytes, 10U);
  faults.stallAfter = 3;
  faults.stallFor = base::milliseconds(1);
  EXPECT_EQ(get("/a").body, "0123456789");
  faults.closeAfter = 7;
  const Got cut = get("/a");
  EXPECT_TRUE(cut.error);
  EXPECT_EQ(cut.body, "0123456");
}

TEST_F(OriginServerTest, AnEmptyBodyIsWholeInEveryForm) {
  handler = [this](const OriginRequest&) {
    OriginResponse response;
    response.faults = faults;
    return response;
  };
  EXPECT_EQ(get("/a").header("Content-Length"), "0");
  faults.chunked = true;
  const Got got = get("/a");
  EXPECT_FALSE(got.error);
  EXPECT_EQ(got.body, "");
}

TEST_F(OriginServerTest, KeepsThePace) {
  handler = [](const OriginRequest&) {
    OriginResponse response;
    response.body = media::syntheticBody("x", 0, 64 * 1024);
    response.faults.bytesPerSecond = 1'024 * 1'024;  // the last of 4 pieces of 16 KiB leaves after 3/64 s
    return response;
  };
  const auto before = std::chrono::steady_clock::now();
  const Got got = get("/a");
  EXPECT_EQ(got.body, media::syntheticBody("x", 0, 64 * 1024).text());
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(46));
}

TEST_F(OriginServerTest, BigBodiesArriveWhole) {
  const base::Bytes body = media::syntheticBody("big", 0, 5'000'001);
  handler = [body](const OriginRequest&) {
    OriginResponse response;
    response.body = body;
    return response;
  };
  EXPECT_EQ(get("/a").body, body.text());
  EXPECT_EQ(server->traffic().bodyBytes, 5'000'001U);
}

TEST_F(OriginServerTest, GarbageIdleAndSurplusConnectionsAreDropped) {
  options.maxConnections = 1;
  options.idleTimeout = base::milliseconds(50);
  start();
  connect();
  EXPECT_TRUE(runUntil([&] { return server->connections() == 1; }));
  beast::tcp_stream surplus(loop);
  surplus.connect({asio::ip::make_address(server->endpoint().host), server->endpoint().port});
  char byte = 0;
  bool refused = false;
  surplus.async_read_some(asio::buffer(&byte, 1), [&](error_code failed, std::size_t) { refused = !!failed; });
  EXPECT_TRUE(runUntil([&] { return refused; }));
  EXPECT_TRUE(runUntil([&] { return server->connections() == 0; }));
  connect();
  EXPECT_TRUE(runUntil([&] { return server->connections() == 1; }));
  asio::write(stream->socket(), asio::buffer(std::string("garbage\r\n\r\n")));
  EXPECT_TRUE(runUntil([&] { return server->connections() == 0; }));
  EXPECT_EQ(server->traffic().requests, 0U);
}

TEST_F(OriginServerTest, AClientThatLeavesInTheMiddleIsSeenAtOnce) {
  faults.stallAfter = 4;
  faults.stallFor = base::seconds(3'600);
  start();
  connect();
  asio::write(stream->socket(), asio::buffer(std::string("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")));
  EXPECT_TRUE(runUntil([&] { return server->traffic().bodyBytes == 4; }));
  stream.reset();
  EXPECT_TRUE(runUntil([&] { return server->traffic().cutBodies == 1; }));
  EXPECT_EQ(server->traffic().bodyBytes, 4U);
  EXPECT_TRUE(runUntil([&] { return server->connections() == 0; }));
}

TEST_F(OriginServerTest, StopsInTheMiddleOfAnswers) {
  faults.stallAfter = 4;
  faults.stallFor = base::seconds(3'600);
  start();
  connect();
  asio::write(stream->socket(), asio::buffer(std::string("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")));
  EXPECT_TRUE(runUntil([&] { return server->traffic().bodyBytes == 4; }));
  server->stop();
  loop.restart();
  loop.run_for(std::chrono::seconds(20));
  EXPECT_TRUE(loop.stopped());
  EXPECT_EQ(server->connections(), 0U);
}

// ----------------------------------------------------------------------------------------------------- synthetic
// routes

struct SyntheticRoutesTest : OriginServerTest {
  base::TimePoint now{base::seconds(1'000)};
  SyntheticRoutes routes{[this] { return now; }, 1'000};

  SyntheticRoutesTest() {
    handler = [this](const OriginRequest& request) { return routes.handle(request).value_or(statusResponse(404)); };
  }
};

TEST_F(SyntheticRoutesTest, ServesAnySegment) {
  EXPECT_EQ(get("/t/v1/synth/bench/1001/3.bin").body, media::syntheticBody("bench", 3, 1'001).text());
  for (int round = 0; round < 2; ++round) {  // made, then cached, then made again because others took the place
    EXPECT_EQ(get("/synth/bench/400/0.bin").body, media::syntheticBody("bench", 0, 400).text());
    EXPECT_EQ(get("/synth/bench/400/0.bin").body, media::syntheticBody("bench", 0, 400).text());
    EXPECT_EQ(get("/synth/bench/400/1.bin").body, media::syntheticBody("bench", 1, 400).text());
    EXPECT_EQ(get("/synth/bench/400/2.bin").body, media::syntheticBody("bench", 2, 400).text());
  }
}

TEST_F(SyntheticRoutesTest, VodPlaylist) {
  const Got got = get("/t/v1/synth/bench/100/1500/index.m3u8?count=2");
  EXPECT_EQ(got.header("Content-Type"), "application/vnd.apple.mpegurl");
  EXPECT_EQ(got.body,
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
            "#EXTINF:1.5,\n../0.bin\n#EXTINF:1.5,\n../1.bin\n#EXT-X-ENDLIST\n");
}

TEST_F(SyntheticRoutesTest, LiveGrowsWithTime) {
  EXPECT_EQ(get("/t/v1/synthlive/bench/100/4000/index.m3u8?window=2").body,
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:6\n"
            "#EXTINF:4,\n6.bin\n#EXTINF:4,\n7.bin\n");
  EXPECT_EQ(get("/synthlive/bench/100/4000/8.bin").status, 404);
  now += base::seconds(4) - base::Duration(1);
  EXPECT_EQ(get("/synthlive/bench/100/4000/8.bin").status, 404);
  now += base::Duration(1);
  EXPECT_EQ(get("/synthlive/bench/100/4000/8.bin").body, media::syntheticBody("bench", 8, 100).text());
  EXPECT_THAT(get("/synthlive/bench/100/4000/index.m3u8").body, HasSubstr("#EXT-X-MEDIA-SEQUENCE:1\n"));
  EXPECT_THAT(get("/synthlive/bench/100/4000/index.m3u8?window=100").body, HasSubstr("#EXT-X-MEDIA-SEQUENCE:0\n"));
}

TEST_F(SyntheticRoutesTest, EverythingElseIsNotFound) {
  for (const char* path : {"/",
                           "/synth",
                           "/synth/",
                           "/synth/a",
                           "/synth/a/1",
                           "/synth//1/0.bin",
                           "/synth/a/x/0.bin",
                           "/synth/a/1/0.ts",
                           "/synth/a/1/-1.bin",
                           "/synth/a/1/.bin",
                           "/synth/a/67108865/0.bin",
                           "/synth/a/1/1000000.bin",
                           "/synth/a/1/4000/index.m3u8",
                           "/synth/a/1/4000/index.m3u8?count=10001",
                           "/synth/a/1/4000/0.bin",
                           "/synthlive/a/1/0.bin",
                           "/synthlive/a/1/0/index.m3u8",
                           "/synthlive/a/1/4000/index.m3u8?window=0",
                           "/synthlive/a/1/4000/index.m3u8?window=x",
                           "/synthlive/a/1/4000/5/0.bin"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

}  // namespace
}  // namespace p2pml::native
