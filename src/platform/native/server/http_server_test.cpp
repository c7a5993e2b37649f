#include "platform/native/server/http_server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace p2pml::native {
namespace {

namespace asio = boost::asio;

struct HttpServerTest : testing::Test, HttpServerHandler {
  asio::io_context loop;
  std::unique_ptr<HttpServer> server = HttpServer::start(loop, {}, *this).value();
  std::vector<HttpServerRequest> requests;
  std::vector<std::uint64_t> gone;
  std::map<std::uint64_t, std::uint64_t> drained;
  std::function<void(const HttpServerRequest&)> answer;
  std::vector<std::unique_ptr<asio::ip::tcp::socket>> sockets;

  void onRequest(HttpServerRequest request) override {
    requests.push_back(request);
    if (answer) answer(request);
  }
  void onDrained(std::uint64_t exchange, std::uint64_t bytes) override { drained[exchange] = bytes; }
  void onGone(std::uint64_t exchange) override { gone.push_back(exchange); }

  asio::ip::tcp::socket& connect() {
    sockets.push_back(std::make_unique<asio::ip::tcp::socket>(loop));
    sockets.back()->connect({asio::ip::make_address("127.0.0.1"), server->endpoint().port});
    return *sockets.back();
  }
  bool runUntil(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      loop.restart();
      loop.run_for(std::chrono::milliseconds(5));
    }
    return condition();
  }
  /// All bytes until they end with `end`, or until the connection closes if that is empty.
  std::string read(asio::ip::tcp::socket& socket, const std::string& end) {
    auto text = std::make_shared<std::string>();
    auto closed = std::make_shared<bool>(false);
    std::function<void()> more = [&socket, text, closed, &more] {
      auto chunk = std::make_shared<std::array<char, 4096>>();
      socket.async_read_some(asio::buffer(*chunk), [text, closed, chunk, &more](auto failed, std::size_t size) {
        text->append(chunk->data(), size);
        if (failed) {
          *closed = true;
        } else {
          more();
        }
      });
    };
    more();
    EXPECT_TRUE(runUntil([&] { return *closed || (!end.empty() && text->ends_with(end)); })) << *text;
    boost::system::error_code ignored;
    socket.cancel(ignored);
    EXPECT_TRUE(runUntil([&] { return *closed; }));
    return *text;
  }
  std::string ask(asio::ip::tcp::socket& socket, const std::string& request, const std::string& end) {
    asio::write(socket, asio::buffer(request));
    return read(socket, end);
  }
};

TEST_F(HttpServerTest, AnswersPieceByPieceAndKeepsTheConnection) {
  answer = [this](const HttpServerRequest& request) {
    server->head(request.exchange, 200, {{"X-Test", "1"}}, 6);
    server->body(request.exchange, base::Bytes::copyOf("abc"));
    server->body(request.exchange, base::Bytes::copyOf("def"));
    server->end(request.exchange);
  };
  auto& socket = connect();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask(socket, "GET /x?y HTTP/1.1\r\nHost: h\r\n\r\n", "abcdef"),
              "HTTP/1.1 200 OK\r\nX-Test: 1\r\nContent-Length: 6\r\nConnection: keep-alive\r\n\r\nabcdef");
  }
  EXPECT_EQ(requests.at(1).target, "/x?y");
  EXPECT_EQ(requests.at(1).method, "GET");
  EXPECT_NE(requests.at(0).exchange, requests.at(1).exchange);
  EXPECT_TRUE(gone.empty());
}

TEST_F(HttpServerTest, SendsChunksWithoutALengthAndClosesForOldClients) {
  answer = [this](const HttpServerRequest& request) {
    server->head(request.exchange, 200, {}, std::nullopt);
    server->body(request.exchange, base::Bytes::copyOf("abc"));
    server->end(request.exchange);
  };
  EXPECT_EQ(ask(connect(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(ask(connect(), "GET / HTTP/1.0\r\n\r\n", ""), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
}

TEST_F(HttpServerTest, HeadAndBodylessAnswersHaveNoBody) {
  answer = [this](const HttpServerRequest& request) {
    server->head(request.exchange, request.target == "/304" ? 304 : 200, {}, 3);
    if (request.target != "/304") server->body(request.exchange, base::Bytes::copyOf("abc"));
    server->end(request.exchange);
  };
  auto& socket = connect();
  EXPECT_EQ(ask(socket, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(ask(socket, "GET /304 HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n\r\n"),
            "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n");
}

TEST_F(HttpServerTest, AValueCannotBeginAHeaderOfItsOwn) {
  answer = [this](const HttpServerRequest& request) {
    server->head(request.exchange, 200, {{"A", "x\r\nEvil: 1"}, {"B", "y"}}, 0);
    server->end(request.exchange);
  };
  EXPECT_EQ(ask(connect(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n\r\n").find("Evil"), std::string::npos);
}

TEST_F(HttpServerTest, AClientThatLeavesIsTold) {
  auto& socket = connect();
  asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n")));
  ASSERT_TRUE(runUntil([&] { return !requests.empty(); }));
  socket.close();
  EXPECT_TRUE(runUntil([&] { return !gone.empty(); }));
  EXPECT_EQ(gone.at(0), requests.at(0).exchange);
  server->body(requests.at(0).exchange, base::Bytes::copyOf("abc"));  // means nothing any more
  EXPECT_TRUE(runUntil([&] { return server->connections() == 0; }));
}

TEST_F(HttpServerTest, ACutAnswerEndsInTheMiddle) {
  answer = [this](const HttpServerRequest& request) {
    server->head(request.exchange, 200, {}, 6);
    server->body(request.exchange, base::Bytes::copyOf("abc"));
  };
  auto& socket = connect();
  asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n")));
  ASSERT_TRUE(runUntil([&] { return drained.contains(1); }));
  server->cut(1);
  EXPECT_TRUE(read(socket, "").ends_with("abc"));
  EXPECT_TRUE(gone.empty());
}

TEST_F(HttpServerTest, BigBodiesArriveWholeAndTheirProgressIsTold) {
  const std::string big(5'000'000, 'x');
  answer = [&](const HttpServerRequest& request) {
    server->head(request.exchange, 200, {}, big.size() + 1);
    server->body(request.exchange, base::Bytes::copyOf(big));
  };
  auto& socket = connect();
  asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n")));
  ASSERT_TRUE(runUntil([&] { return !requests.empty(); }));
  server->body(1, base::Bytes::copyOf("!"));
  const std::string got = read(socket, "!");
  EXPECT_TRUE(runUntil([&] { return drained[1] == big.size() + 1; }));
  EXPECT_EQ(got.size() - got.find("\r\n\r\n") - 4, big.size() + 1);
  server->end(1);
}

TEST_F(HttpServerTest, GarbageAndHugeHeadersEndTheConnection) {
  EXPECT_EQ(ask(connect(), "garbage\r\n\r\n", ""), "");
  EXPECT_EQ(ask(connect(), "GET / HTTP/1.1\r\nA: " + std::string(40'000, 'a') + "\r\n\r\n", ""), "");
  EXPECT_TRUE(requests.empty());
}

TEST_F(HttpServerTest, DestroyingItCutsEverybodyAndCallsNobody) {
  auto& socket = connect();
  asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n")));
  ASSERT_TRUE(runUntil([&] { return !requests.empty(); }));
  server.reset();
  EXPECT_EQ(read(socket, ""), "");
  EXPECT_TRUE(gone.empty());
}

}  // namespace
}  // namespace p2pml::native
