#include "platform/native/server/tracker_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdio>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/native/testing/loop_runner.hpp"
#include "platform/native/testing/test_certificate.hpp"
#include "wire/tracker_message.hpp"

namespace p2pml::native {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using ::testing::HasSubstr;

const auto kMovie = base::InfoHash::fromRaw("movie...............");
const auto kAlice = base::PeerId::fromRaw("alice...............");
const auto kBob = base::PeerId::fromRaw("bob.................");
const auto kOffer = base::OfferId::fromRaw("offer...............");

std::string announce(const base::PeerId& who, int offers = 0, std::size_t sdpBytes = 10) {
  wire::AnnounceRequest request;
  request.infoHash = kMovie;
  request.peerId = who;
  request.event = wire::AnnounceEvent::started;
  request.numwant = 5;
  for (int i = 0; i < offers; ++i) request.offers.push_back({kOffer, std::string(sdpBytes, 's')});
  return wire::encode(request);
}

/// A WebSocket client on the test's loop. TLS clients take any certificate.
template <class Stream>
class Client : public std::enable_shared_from_this<Client<Stream>> {
 public:
  template <class... Args>
  explicit Client(Args&&... args) : ws(std::forward<Args>(args)...) {}

  void connect(const Endpoint& where, const std::string& origin = "", int receiveBuffer = 0) {
    auto& socket = beast::get_lowest_layer(ws).socket();
    socket.open(asio::ip::tcp::v4());
    socket.set_option(asio::ip::tcp::no_delay(true));
    if (receiveBuffer > 0) socket.set_option(asio::socket_base::receive_buffer_size(receiveBuffer));
    ws.set_option(websocket::stream_base::decorator([origin](websocket::request_type& request) {
      if (!origin.empty()) request.set(http::field::origin, origin);
    }));
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(where.host), where.port);
    socket.async_connect(endpoint, [self = this->shared_from_this()](error_code failed) {
      if (failed) return self->fail(failed);
      self->handshake();
    });
  }

  void send(std::string text) {
    outgoing.push_back(std::move(text));
    if (outgoing.size() == 1) write();
  }

  void read() {
    ws.async_read(buffer, [self = this->shared_from_this()](error_code failed, std::size_t) {
      if (failed) return self->fail(failed);
      self->received.push_back(beast::buffers_to_string(self->buffer.data()));
      self->buffer.consume(self->buffer.size());
      self->read();
    });
  }

  websocket::stream<Stream> ws;
  beast::flat_buffer buffer;
  std::deque<std::string> outgoing;
  std::vector<std::string> received;
  websocket::response_type response;
  error_code error;
  bool isOpen = false;
  bool isEnded = false;
  bool reads = true;

 private:
  void handshake() {
    if constexpr (!std::is_same_v<Stream, beast::tcp_stream>) {
      ws.next_layer().async_handshake(asio::ssl::stream_base::client, [self = this->shared_from_this()](error_code e) {
        if (e) return self->fail(e);
        self->upgrade();
      });
    } else {
      upgrade();
    }
  }
  void upgrade() {
    ws.async_handshake(response, "localhost", "/", [self = this->shared_from_this()](error_code failed) {
      if (failed) return self->fail(failed);
      self->isOpen = true;
      if (self->reads) self->read();
    });
  }
  void write() {
    ws.async_write(asio::buffer(outgoing.front()), [self = this->shared_from_this()](error_code failed, std::size_t) {
      if (failed) return self->fail(failed);
      self->outgoing.pop_front();
      if (!self->outgoing.empty()) self->write();
    });
  }
  void fail(error_code failed) {
    if (isEnded) return;
    isEnded = true;
    error = failed;
  }
};
using PlainClient = Client<beast::tcp_stream>;
using TlsClient = Client<beast::ssl_stream<beast::tcp_stream>>;

struct TrackerServerTest : ::testing::Test {
  asio::io_context loop;
  TrackerServerOptions options;
  std::unique_ptr<TrackerServer> server;

  bool runUntil(const std::function<bool()>& happened) { return testing::runLoopUntil(loop, happened); }

  void start() {
    auto started = TrackerServer::start(loop, options);
    ASSERT_TRUE(started.has_value()) << started.error().detail;
    server = *std::move(started);
  }

  std::shared_ptr<PlainClient> client(const std::string& origin = "") {
    auto result = std::make_shared<PlainClient>(loop);
    result->connect(server->endpoint(), origin);
    EXPECT_TRUE(runUntil([&] { return result->isOpen || result->isEnded; }));
    return result;
  }

  wire::TrackerResponse next(PlainClient& from) {
    EXPECT_TRUE(runUntil([&] { return !from.received.empty() || from.isEnded; }));
    if (from.received.empty()) return wire::TrackerFailure{.reason = "nothing came: " + from.error.message()};
    auto decoded = wire::decodeTrackerResponse(from.received.front());
    from.received.erase(from.received.begin());
    EXPECT_TRUE(decoded.has_value());
    return decoded ? *decoded : wire::TrackerFailure{.reason = "not understood"};
  }

  http::response<http::string_body> get(http::verb method, const std::string& target) {
    beast::tcp_stream stream(loop);
    stream.connect({asio::ip::make_address(server->endpoint().host), server->endpoint().port});
    http::request<http::empty_body> request(method, target, 11);
    request.set(http::field::host, "localhost");
    http::response_parser<http::string_body> parser;
    parser.skip(method == http::verb::head);
    beast::flat_buffer buffer;
    bool done = false;
    error_code error;
    http::async_write(stream, request, [&](error_code failed, std::size_t) {
      error = failed;
      if (failed) done = true;
      if (!failed) {
        http::async_read(stream, buffer, parser, [&](error_code failedToo, std::size_t) {
          error = failedToo;
          done = true;
        });
      }
    });
    EXPECT_TRUE(runUntil([&] { return done; }));
    EXPECT_FALSE(error) << error.message();
    return parser.release();
  }
};

TEST_F(TrackerServerTest, TwoClientsMeet) {
  start();
  EXPECT_EQ(server->url(), "ws://127.0.0.1:" + std::to_string(server->endpoint().port));
  const auto alice = client();
  const auto bob = client();
  alice->send(announce(kAlice));
  EXPECT_EQ(std::get<wire::AnnounceResponse>(next(*alice)).incomplete, 1);
  bob->send(announce(kBob, 1));
  EXPECT_EQ(std::get<wire::AnnounceResponse>(next(*bob)).incomplete, 2);
  const auto offer = std::get<wire::RelayedOffer>(next(*alice));
  EXPECT_EQ(offer.peerId, kBob);
  alice->send(wire::encode(wire::AnswerRequest{kMovie, kAlice, offer.peerId, offer.offerId, "an answer"}));
  const auto answer = std::get<wire::RelayedAnswer>(next(*bob));
  EXPECT_EQ(answer, (wire::RelayedAnswer{kMovie, kAlice, kOffer, "an answer"}));
  EXPECT_GT(server->statistics().bytesReceived, 0U);
  EXPECT_GT(server->statistics().bytesSent, 0U);
}

TEST_F(TrackerServerTest, AClosedSocketTakesItsPeerWithIt) {
  start();
  const auto alice = client();
  const auto bob = client();
  alice->send(announce(kAlice));
  bob->send(announce(kBob));
  EXPECT_TRUE(runUntil([&] { return server->statistics().tracker.peers == 2; }));
  alice->ws.async_close(websocket::close_code::normal, [](error_code) {});
  EXPECT_TRUE(runUntil([&] { return server->statistics().tracker.peers == 1; }));
  beast::get_lowest_layer(bob->ws).socket().close();
  EXPECT_TRUE(runUntil([&] { return server->statistics().connections == 0; }));
  EXPECT_EQ(server->statistics().tracker.peers, 0U);
}

TEST_F(TrackerServerTest, GarbageIsAnsweredAndTheSocketStays) {
  start();
  const auto alice = client();
  alice->send("garbage");
  EXPECT_TRUE(std::holds_alternative<wire::TrackerFailure>(next(*alice)));
  alice->ws.binary(true);
  alice->send(announce(kAlice));  // Buffers are taken as the text they are, as bittorrent-tracker does.
  EXPECT_TRUE(std::holds_alternative<wire::AnnounceResponse>(next(*alice)));
}

TEST_F(TrackerServerTest, AnOversizedMessageClosesWith1009) {
  start();
  const auto alice = client();
  alice->send(std::string(64 * 1024, ' '));
  EXPECT_TRUE(std::holds_alternative<wire::TrackerFailure>(next(*alice)));
  alice->send(std::string(64 * 1024 + 1, ' '));
  EXPECT_TRUE(runUntil([&] { return alice->isEnded; }));
  EXPECT_EQ(alice->ws.reason().code, websocket::close_code::too_big);
  EXPECT_TRUE(runUntil([&] { return server->statistics().connections == 0; }));
  EXPECT_EQ(server->statistics().tracker.oversizedMessages, 1U);
}

TEST_F(TrackerServerTest, TooManyMessagesCloseWith1008) {
  options.tracker.messageRate = tracker::MessageRate{.perSecond = 1, .burst = 2};
  start();
  const auto alice = client();
  for (int i = 0; i < 3; ++i) alice->send(announce(kAlice));
  EXPECT_TRUE(runUntil([&] { return alice->isEnded; }));
  EXPECT_EQ(alice->ws.reason().code, websocket::close_code::policy_error);
  EXPECT_EQ(alice->ws.reason().reason, "too many messages");
}

TEST_F(TrackerServerTest, AnIdleSocketIsClosedByTheTick) {
  options.tracker.socketTimeout = base::milliseconds(50);
  start();
  const auto alice = client();
  EXPECT_TRUE(runUntil([&] { return alice->isEnded; }));
  EXPECT_EQ(alice->ws.reason().reason, "idle");
  EXPECT_EQ(server->statistics().tracker.expiredSockets, 1U);
}

TEST_F(TrackerServerTest, ASilentConnectionIsCut) {
  options.silenceTimeout = base::milliseconds(100);
  start();
  auto sleeper = std::make_shared<PlainClient>(loop);
  sleeper->reads = false;  // and so answers no ping
  sleeper->connect(server->endpoint());
  EXPECT_TRUE(runUntil([&] { return sleeper->isOpen; }));
  EXPECT_TRUE(runUntil([&] { return server->statistics().connections == 0; }));
}

TEST_F(TrackerServerTest, ASlowReaderIsCutAndTheOthersGoOn) {
  options.maxQueuedBytes = 128 * 1024;
  options.tracker.messageRate = std::nullopt;
  start();
  auto slow = std::make_shared<PlainClient>(loop);
  slow->reads = false;
  slow->connect(server->endpoint(), "", 4096);
  EXPECT_TRUE(runUntil([&] { return slow->isOpen; }));
  slow->send(announce(kAlice));
  EXPECT_TRUE(runUntil([&] { return server->statistics().tracker.peers == 1; }));
  const auto fast = client();
  // The system takes some megabytes for the slow one before the queue of the server begins to fill.
  int sent = 0;
  while (server->statistics().slowReadersCut == 0 && sent < 5'000) {
    fast->send(announce(kBob, 1, 16'000));
    ++sent;
    ASSERT_TRUE(runUntil([&] { return fast->received.size() == 1; }));
    fast->received.clear();
  }
  EXPECT_EQ(server->statistics().slowReadersCut, 1U);
  EXPECT_TRUE(runUntil([&] { return server->statistics().connections == 1; }));
  fast->send(announce(kBob));
  EXPECT_EQ(std::get<wire::AnnounceResponse>(next(*fast)).incomplete, 1);
}

TEST_F(TrackerServerTest, RefusesOriginsAndCrowds) {
  options.tracker.allowedOrigins = {"https://good.example"};
  options.tracker.maxSockets = 1;
  start();
  const auto bad = client("https://bad.example");
  EXPECT_FALSE(bad->isOpen);
  EXPECT_EQ(bad->response.result(), http::status::forbidden);
  const auto good = client("https://good.example");
  EXPECT_TRUE(good->isOpen);
  const auto late = client("https://good.example");
  EXPECT_FALSE(late->isOpen);
  EXPECT_EQ(late->response.result(), http::status::service_unavailable);
}

TEST_F(TrackerServerTest, ConnectionsBeyondAllLimitsAreDropped) {
  options.tracker.maxSockets = 1;
  options.maxOtherConnections = 0;
  start();
  const auto first = client();
  EXPECT_TRUE(first->isOpen);
  const auto second = client();
  EXPECT_TRUE(second->isEnded);
  EXPECT_EQ(server->statistics().refusedConnections, 1U);
}

TEST_F(TrackerServerTest, AHalfRequestTimesOut) {
  options.handshakeTimeout = base::milliseconds(50);
  start();
  asio::ip::tcp::socket socket(loop);
  socket.connect({asio::ip::make_address(server->endpoint().host), server->endpoint().port});
  asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\n")));
  EXPECT_TRUE(runUntil([&] { return server->statistics().failedHandshakes == 1; }));
  EXPECT_TRUE(runUntil([&] { return server->statistics().connections == 0; }));
}

TEST_F(TrackerServerTest, AnswersPlainHttp) {
  start();
  const auto alice = client();
  alice->send(announce(kAlice));
  next(*alice);
  const auto statistics = get(http::verb::get, "/stats.json");
  EXPECT_EQ(statistics.result(), http::status::ok);
  EXPECT_EQ(statistics[http::field::content_type], "application/json");
  EXPECT_THAT(statistics.body(), HasSubstr("\"peers\":1"));
  EXPECT_THAT(statistics.body(), HasSubstr("\"infoHash\":\"6d6f7669652e2e2e2e2e2e2e2e2e2e2e2e2e2e2e\""));
  EXPECT_EQ(get(http::verb::get, "/").result(), http::status::ok);
  EXPECT_EQ(get(http::verb::get, "/nothing").result(), http::status::not_found);
  EXPECT_EQ(get(http::verb::delete_, "/").result(), http::status::method_not_allowed);
  const auto head = get(http::verb::head, "/");
  EXPECT_EQ(head.result(), http::status::ok);
  EXPECT_EQ(head.body(), "");
  EXPECT_EQ(server->statistics().httpRequests, 5U);
}

TEST_F(TrackerServerTest, StatisticsCanBeSwitchedOff) {
  options.serveStatistics = false;
  start();
  EXPECT_EQ(get(http::verb::get, "/stats.json").result(), http::status::not_found);
}

TEST_F(TrackerServerTest, StopSaysGoodbyeAndTheLoopRunsDry) {
  start();
  const auto alice = client();
  const auto other = client();
  server->stop();
  EXPECT_TRUE(runUntil([&] { return alice->isEnded && other->isEnded; }));
  EXPECT_EQ(alice->ws.reason().code, websocket::close_code::going_away);
  loop.restart();
  loop.run_for(std::chrono::seconds(20));
  EXPECT_TRUE(loop.stopped());
  EXPECT_EQ(server->statistics().connections, 0U);
  const auto late = client();
  EXPECT_TRUE(late->isEnded);
}

TEST_F(TrackerServerTest, StopCutsWhoDoesNotSayGoodbye) {
  options.stopGrace = base::milliseconds(50);
  start();
  auto deaf = std::make_shared<PlainClient>(loop);
  deaf->reads = false;
  deaf->connect(server->endpoint());
  EXPECT_TRUE(runUntil([&] { return deaf->isOpen; }));
  server->stop();
  EXPECT_TRUE(runUntil([&] { return server->statistics().connections == 0; }));
}

TEST_F(TrackerServerTest, DestroyingItWithClientsIsSafe) {
  start();
  const auto alice = client();
  alice->send(announce(kAlice));
  server.reset();
  EXPECT_TRUE(runUntil([&] { return alice->isEnded; }));
}

TEST_F(TrackerServerTest, SaysWhyItCannotStart) {
  start();
  TrackerServerOptions same;
  same.listen = server->endpoint();
  auto second = TrackerServer::start(loop, same);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, base::ErrorCode::unavailable);
  EXPECT_THAT(second.error().detail, HasSubstr(toString(server->endpoint())));

  TrackerServerOptions half;
  half.certificateFile = "only.pem";
  EXPECT_EQ(TrackerServer::start(loop, half).error().code, base::ErrorCode::invalidArgument);
  half.privateKeyFile = "missing.key";
  EXPECT_THAT(TrackerServer::start(loop, half).error().detail, HasSubstr("only.pem"));
}

TEST_F(TrackerServerTest, SpeaksTls) {
  const testing::TestCertificate certificate;
  const std::string keyFile = certificate.caBundle() + ".key";
  std::ofstream(keyFile) << certificate.privateKeyPem();
  options.certificateFile = certificate.caBundle();
  options.privateKeyFile = keyFile;
  start();
  std::remove(keyFile.c_str());
  EXPECT_THAT(server->url(), HasSubstr("wss://127.0.0.1:"));
  asio::ssl::context anything(asio::ssl::context::tls_client);
  const auto alice = std::make_shared<TlsClient>(loop, anything);
  alice->connect(server->endpoint());
  EXPECT_TRUE(runUntil([&] { return alice->isOpen || alice->isEnded; }));
  ASSERT_TRUE(alice->isOpen) << alice->error.message();
  alice->send(announce(kAlice));
  EXPECT_TRUE(runUntil([&] { return alice->received.size() == 1; }));
  EXPECT_THAT(alice->received.at(0), HasSubstr("\"incomplete\":1"));
  // Somebody who speaks no TLS is turned away, and is no trouble.
  const auto plain = client();
  EXPECT_TRUE(plain->isEnded);
  EXPECT_EQ(server->statistics().failedHandshakes, 1U);
  server->stop();
  EXPECT_TRUE(runUntil([&] { return server->statistics().connections == 0; }));
}

}  // namespace
}  // namespace p2pml::native
