// The native data channel stack against itself, on loopback.
#include "platform/native/rtc/native_peer_port.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "platform/native/rtc/testing/native_peers.hpp"
#include "platform/native/udp_relay/udp_relay.hpp"
#include "wire/sdp.hpp"

namespace p2pml::native {
namespace {

using base::Bytes;
using base::ConnectionId;
namespace input = engine::input;
using namespace std::chrono_literals;

using testing::kOne;
using testing::loopbackOptions;
using testing::NativePeers;
using testing::Side;

TEST_F(NativePeers, OpenAndExchangeMessagesOfEverySize) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne));
  EXPECT_EQ(a[kOne].remoteAddress, "127.0.0.1");
  EXPECT_EQ(b[kOne].remoteAddress, "127.0.0.1");
  const std::vector<std::size_t> sizes = {0, 1, 65535, 65536, 65537, 262144, 0, 2, 262143, 100'000};
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    a.port->send(kOne, pattern(sizes[i], i));
    b.port->send(kOne, pattern(sizes[i], 100 + i));
    total += sizes[i];
  }
  ASSERT_TRUE(
      runUntil([&] { return a[kOne].messages.size() == sizes.size() && b[kOne].messages.size() == sizes.size(); }));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(b[kOne].messages[i] == pattern(sizes[i], i)) << i;
    EXPECT_TRUE(a[kOne].messages[i] == pattern(sizes[i], 100 + i)) << i;
  }
  EXPECT_TRUE(runUntil([&] { return a[kOne].drained == total && b[kOne].drained == total; }));
}

TEST_F(NativePeers, OffererAsDtlsClient) {
  // An answer with a=setup:passive makes the offerer the DTLS client, and its channel number 0.
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(
      a, b, kOne, [](std::string offer) { return replaced(std::move(offer), "a=setup:actpass", "a=setup:active"); }));
  EXPECT_NE(b[kOne].sdp.find("a=setup:passive"), std::string::npos);
  a.port->send(kOne, Bytes::copyOf("there"));
  b.port->send(kOne, Bytes::copyOf("back"));
  ASSERT_TRUE(runUntil([&] { return !a[kOne].messages.empty() && !b[kOne].messages.empty(); }));
  EXPECT_EQ(b[kOne].messages[0].text(), "there");
  EXPECT_EQ(a[kOne].messages[0].text(), "back");
}

TEST_F(NativePeers, DescriptionsAreThoseOfSimplePeer) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne));
  const auto offer = wire::parseSdp(a[kOne].sdp);
  const auto answer = wire::parseSdp(b[kOne].sdp);
  ASSERT_TRUE(offer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(offer->setup, wire::DtlsSetup::actpass);
  EXPECT_EQ(answer->setup, wire::DtlsSetup::active);
  EXPECT_EQ(offer->maxMessageSize, 262144U);
  EXPECT_FALSE(offer->candidates.empty());
  EXPECT_NE(a[kOne].sdp.find("UDP/DTLS/SCTP webrtc-datachannel"), std::string::npos);
  EXPECT_EQ(a[kOne].sdp.find("a=ice-options:trickle"), std::string::npos);
}

TEST_F(NativePeers, KeepsOrderAndIntegrityOfManyMessages) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne));
  base::Rng random(7);
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 2000; ++i) sizes.push_back(random.below(i % 10 == 0 ? 70'000 : 2000));
  std::size_t next = 0;
  std::uint64_t handed = 0;
  // As the engine does: no more than a little beyond what has drained.
  const auto feed = [&] {
    while (next < sizes.size() && handed <= a[kOne].drained + 65536) {
      a.port->send(kOne, pattern(sizes[next], next));
      handed += sizes[next++];
    }
  };
  a.onEvent = [&](ConnectionId) { feed(); };
  feed();
  ASSERT_TRUE(runUntil([&] { return b[kOne].messages.size() == sizes.size(); }, 60s));
  for (std::size_t i = 0; i < sizes.size(); ++i) ASSERT_TRUE(b[kOne].messages[i] == pattern(sizes[i], i)) << i;
}

TEST_F(NativePeers, WhatIsSentBeforeOpeningIsKept) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(exchange(a, b, kOne));
  a.port->send(kOne, Bytes::copyOf("early a"));
  b.port->send(kOne, Bytes::copyOf("early b"));
  ASSERT_TRUE(runUntil([&] { return !a[kOne].messages.empty() && !b[kOne].messages.empty(); }));
  EXPECT_EQ(b[kOne].messages[0].text(), "early a");
  EXPECT_EQ(a[kOne].messages[0].text(), "early b");
}

TEST_F(NativePeers, WrongFingerprintNeverOpens) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  const auto spoil = [](std::string sdp) {
    auto description = wire::parseSdp(sdp).value();
    description.fingerprints[0].digest[5] = static_cast<char>(description.fingerprints[0].digest[5] ^ 1);
    return wire::writeSdp(description, 1);
  };
  ASSERT_TRUE(exchange(a, b, kOne, {}, spoil));
  ASSERT_TRUE(runUntil([&] { return a[kOne].closed.has_value() && b[kOne].closed.has_value(); }));
  EXPECT_NE(a[kOne].closed->detail.find("fingerprint"), std::string::npos) << a[kOne].closed->detail;
  EXPECT_FALSE(a[kOne].open);
  EXPECT_FALSE(b[kOne].open);

  constexpr ConnectionId kTwo{2};
  ASSERT_TRUE(exchange(a, b, kTwo, spoil, {}));
  ASSERT_TRUE(runUntil([&] { return a[kTwo].closed.has_value() && b[kTwo].closed.has_value(); }));
  EXPECT_NE(b[kTwo].closed->detail.find("fingerprint"), std::string::npos) << b[kTwo].closed->detail;
  EXPECT_FALSE(a[kTwo].open);
  EXPECT_FALSE(b[kTwo].open);
}

TEST_F(NativePeers, OneOfSeveralFingerprintsIsEnough) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  const auto add = [](std::string sdp) {
    auto description = wire::parseSdp(sdp).value();
    description.fingerprints.insert(description.fingerprints.begin(),
                                    {wire::FingerprintHash::sha512, std::string(64, 'x')});
    return wire::writeSdp(description, 1);
  };
  EXPECT_TRUE(connect(a, b, kOne, add, add));
}

TEST_F(NativePeers, GarbageDescriptions) {
  Side a(*thread, loop);
  for (const std::string& garbage :
       {std::string(), std::string("garbage"), std::string(100'000, 'v'), std::string("v=0\r\n")}) {
    static std::uint64_t next = 10;
    const ConnectionId answering{next++};
    a.port->createAnswer(answering, garbage);
    ASSERT_TRUE(runUntil([&] { return a[answering].closed.has_value(); }));
    EXPECT_NE(a[answering].closed->detail.find("SDP"), std::string::npos);

    const ConnectionId offering{next++};
    a.port->createOffer(offering, "label");
    ASSERT_TRUE(runUntil([&] { return !a[offering].sdp.empty(); }));
    a.port->setAnswer(offering, garbage);
    ASSERT_TRUE(runUntil([&] { return a[offering].closed.has_value(); }));
    EXPECT_NE(a[offering].closed->detail.find("SDP"), std::string::npos);
  }
  // Its own offer is no answer.
  a.port->createOffer(kOne, "label");
  ASSERT_TRUE(runUntil([&] { return !a[kOne].sdp.empty(); }));
  a.port->setAnswer(kOne, a[kOne].sdp);
  ASSERT_TRUE(runUntil([&] { return a[kOne].closed.has_value(); }));
  EXPECT_EQ(a[kOne].closed->code, base::ErrorCode::malformed);
  EXPECT_EQ(a.port->stats().connections, 0U);
}

TEST_F(NativePeers, CandidatesThatCannotBeUsedDoNoHarm) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  // All that b learns of a is a name only multicast DNS knows, and TCP: a's checks make the path (webrtc in browsers).
  const auto hide = [](std::string sdp) {
    auto description = wire::parseSdp(sdp).value();
    description.candidates = {"candidate:1 1 udp 2113937151 0b9de0a1-5c5c-4a6f-8c5e-000000000000.local 50000 typ host",
                              "candidate:2 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active", "candidate:nonsense"};
    return wire::writeSdp(description, 1);
  };
  EXPECT_TRUE(connect(a, b, kOne, hide, {}));
  EXPECT_TRUE(connect(a, b, ConnectionId{2}, {}, hide));
}

TEST_F(NativePeers, CloseIsSeenByTheOtherSideAndByNobodyElse) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne));
  ASSERT_TRUE(connect(a, b, ConnectionId{2}));
  a.port->close(kOne);
  ASSERT_TRUE(runUntil([&] { return b[kOne].closed.has_value(); }, 5s));
  EXPECT_EQ(b[kOne].closed->detail, "data channel: closed by the remote");
  EXPECT_FALSE(a[kOne].closed);
  a.port->send(ConnectionId{2}, Bytes::copyOf("still here"));
  ASSERT_TRUE(runUntil([&] { return !b[ConnectionId{2}].messages.empty(); }));
  EXPECT_EQ(a.port->stats().droppedCalls, 0U);
  a.port->send(kOne, Bytes::copyOf("x"));
  a.port->close(kOne);
  EXPECT_EQ(a.port->stats().droppedCalls, 2U);
}

TEST_F(NativePeers, NothingIsDeliveredAfterClose) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne));
  for (int i = 0; i < 50; ++i) a.port->send(kOne, pattern(10'000, 1));
  int seen = 0;
  b.onEvent = [&](ConnectionId id) {
    if (++seen == 3) b.port->close(id);
  };
  ASSERT_TRUE(runUntil([&] { return a[kOne].closed.has_value(); }));
  EXPECT_EQ(seen, 3);
}

TEST_F(NativePeers, ClosingAtAnyStage) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  // At once, after the offer, after the answer, while connecting.
  a.port->createOffer(ConnectionId{1}, "x");
  a.port->close(ConnectionId{1});
  a.port->createOffer(ConnectionId{2}, "x");
  ASSERT_TRUE(runUntil([&] { return !a[ConnectionId{2}].sdp.empty(); }));
  const std::string unanswered = a[ConnectionId{2}].sdp;
  a.port->close(ConnectionId{2});
  b.port->createAnswer(ConnectionId{2}, unanswered);
  ASSERT_TRUE(runUntil([&] { return !b[ConnectionId{2}].sdp.empty(); }));
  b.port->close(ConnectionId{2});
  ASSERT_TRUE(exchange(a, b, ConnectionId{3}));
  a.port->close(ConnectionId{3});
  b.port->close(ConnectionId{3});
  EXPECT_EQ(a.port->stats().connections, 0U);
  EXPECT_EQ(b.port->stats().connections, 0U);
  ASSERT_TRUE(connect(a, b, ConnectionId{4}));
}

TEST_F(NativePeers, ThePortMayBeDestroyedFromItsSinkAndWithConnectionsOpen) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  for (std::uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(connect(a, b, ConnectionId{i}));
  for (std::uint64_t i = 1; i <= 5; ++i) a.port->send(ConnectionId{i}, Bytes::copyOf("x"));
  b.onEvent = [&](ConnectionId) { b.port.reset(); };
  ASSERT_TRUE(runUntil([&] { return b.port == nullptr; }));
  ASSERT_TRUE(runUntil([&] {
    for (std::uint64_t i = 1; i <= 5; ++i) {
      if (!a[ConnectionId{i}].closed) return false;
    }
    return true;
  }));
}

TEST_F(NativePeers, MessagesLargerThanTheRemoteTakesEndTheConnection) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  const auto smaller = [](std::string sdp) {
    return replaced(std::move(sdp), "a=max-message-size:262144", "a=max-message-size:1000");
  };
  ASSERT_TRUE(connect(a, b, kOne, {}, smaller));
  a.port->send(kOne, pattern(1000, 1));
  ASSERT_TRUE(runUntil([&] { return !b[kOne].messages.empty(); }));
  a.port->send(kOne, pattern(1001, 1));
  ASSERT_TRUE(runUntil([&] { return a[kOne].closed.has_value(); }));
  EXPECT_EQ(a[kOne].closed->code, base::ErrorCode::limitExceeded);
}

TEST_F(NativePeers, AMessageLongerThanWeTakeEndsTheConnection) {
  RtcOptions small = loopbackOptions();
  small.maxMessageSize = 100'000;
  Side a(*thread, loop);
  Side b(*thread, loop, small);
  // a is told a lie about what b takes.
  const auto lie = [](std::string sdp) {
    return replaced(std::move(sdp), "a=max-message-size:100000", "a=max-message-size:262144");
  };
  ASSERT_TRUE(connect(a, b, kOne, {}, lie));
  a.port->send(kOne, pattern(100'000, 1));
  ASSERT_TRUE(runUntil([&] { return !b[kOne].messages.empty(); }));
  EXPECT_TRUE(b[kOne].messages[0] == pattern(100'000, 1));
  a.port->send(kOne, pattern(100'001, 1));
  ASSERT_TRUE(runUntil([&] { return b[kOne].closed.has_value(); }));
  EXPECT_EQ(b[kOne].closed->code, base::ErrorCode::limitExceeded) << b[kOne].closed->detail;
  EXPECT_EQ(b[kOne].messages.size(), 1U);
}

TEST_F(NativePeers, SendingWithoutEndIsStopped) {
  RtcOptions small = loopbackOptions();
  small.maxQueuedBytes = 1'000'000;
  Side a(*thread, loop, small);
  a.port->createOffer(kOne, "x");
  const Bytes data = pattern(100'000, 1);
  for (int i = 0; i < 11; ++i) a.port->send(kOne, data);
  EXPECT_FALSE(a[kOne].closed);  // never from inside a call
  ASSERT_TRUE(runUntil([&] { return a[kOne].closed.has_value(); }));
  EXPECT_EQ(a[kOne].closed->code, base::ErrorCode::limitExceeded);
  EXPECT_EQ(a.port->stats().connections, 0U);
}

TEST_F(NativePeers, ASlowReaderHoldsTheSenderBack) {
  RtcOptions options = loopbackOptions();
  options.maxUndeliveredBytes = 1 << 20;
  boost::asio::io_context slowLoop;
  Side a(*thread, loop, options);
  Side b(*thread, slowLoop, options);
  a.port->createOffer(kOne, "x");
  ASSERT_TRUE(runUntil([&] { return !a[kOne].sdp.empty(); }));
  b.port->createAnswer(kOne, a[kOne].sdp);
  const auto both = [&](const std::function<bool()>& done) {
    return runUntil([&] {
      slowLoop.restart();
      slowLoop.poll();
      return done();
    });
  };
  ASSERT_TRUE(both([&] { return !b[kOne].sdp.empty(); }));
  a.port->setAnswer(kOne, b[kOne].sdp);
  ASSERT_TRUE(both([&] { return a[kOne].open && b[kOne].open; }));

  // 12 MiB for a reader that does not read: they stop at its limit, the two SCTP buffers and the sender's queue.
  const Bytes data = pattern(65535, 3);
  constexpr int kMessages = 192;
  for (int i = 0; i < kMessages; ++i) a.port->send(kOne, data);
  std::uint64_t last = 0;
  int quiet = 0;
  ASSERT_TRUE(runUntil([&] {
    // Nothing more drains over several turns of 20 ms.
    quiet = a[kOne].drained == last ? quiet + 1 : 0;
    last = a[kOne].drained;
    return last > 0 && quiet > 25;
  }));
  EXPECT_LT(a[kOne].drained, std::uint64_t{5} << 20);
  EXPECT_LT(b.port->stats().undeliveredBytes, std::uint64_t{2} << 20);
  EXPECT_EQ(b[kOne].received, 0U);
  EXPECT_FALSE(a[kOne].closed);

  // The reader wakes up, and all of it arrives.
  ASSERT_TRUE(both([&] { return b[kOne].messages.size() == kMessages; }));
  for (const Bytes& message : b[kOne].messages) ASSERT_TRUE(message == data);
  EXPECT_EQ(b.port->stats().undeliveredBytes, 0U);
  EXPECT_TRUE(both([&] { return a.port->stats().queuedBytes == 0; }));
}

TEST_F(NativePeers, NoPathAndNoAnswerEndInTime) {
  RtcOptions hasty = loopbackOptions();
  hasty.connectTimeout = base::milliseconds(700);
  UdpRelay relay({});
  relay.silence(true);
  const auto through = [&](const std::string& sdp) { return relay.rewrite(sdp).value(); };
  Side a(*thread, loop, hasty);
  Side b(*thread, loop, hasty);
  ASSERT_TRUE(exchange(a, b, kOne, through, through));
  ASSERT_TRUE(runUntil([&] { return a[kOne].closed && b[kOne].closed; }));
  EXPECT_NE(a[kOne].closed->detail.find("ICE"), std::string::npos) << a[kOne].closed->detail;
}

TEST_F(NativePeers, SurvivesLossDuringTheHandshakeAndAfter) {
  UdpRelay relay({.delay = base::milliseconds(2), .loss = 0.1, .seed = 5});
  const auto through = [&](const std::string& sdp) { return relay.rewrite(sdp).value(); };
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne, through, through));
  for (int i = 0; i < 5; ++i) a.port->send(kOne, pattern(30'000, static_cast<std::uint64_t>(i)));
  ASSERT_TRUE(runUntil([&] { return b[kOne].messages.size() == 5; }, 60s));
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(b[kOne].messages[i] == pattern(30'000, i));
}

TEST_F(NativePeers, RoundTripsAreMeasured) {
  UdpRelay relay({.delay = base::milliseconds(20)});
  const auto through = [&](const std::string& sdp) { return relay.rewrite(sdp).value(); };
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne, through, through));
  EXPECT_FALSE(a.port->roundTrip(kOne));
  ASSERT_TRUE(runUntil([&] {
    a.port->measureRoundTrips();
    return a.port->roundTrip(kOne).has_value();
  }));
  // Through the relay and back, and what a busy machine and delayed acknowledgements add.
  EXPECT_GE(*a.port->roundTrip(kOne), base::milliseconds(39));
  EXPECT_LE(*a.port->roundTrip(kOne), base::milliseconds(1'000));
  EXPECT_FALSE(a.port->roundTrip(base::ConnectionId(99)));
  a.port->close(kOne);
  EXPECT_FALSE(a.port->roundTrip(kOne));
}

TEST_F(NativePeers, UnreachableServersDoNotHoldUpAnOffer) {
  engine::RtcConfig config;
  // A port where nobody listens, a name that does not exist, URLs that are none.
  config.iceServers = {{{"stun:127.0.0.1:9", "stun:name.invalid", "nonsense", "turns:127.0.0.1"}, "", ""}};
  Side a(*thread, loop, loopbackOptions(), config);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne));
}

TEST_F(NativePeers, Ipv6) {
  const int probe = ::socket(AF_INET6, SOCK_DGRAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool usable = probe >= 0 && ::bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  if (!usable) GTEST_SKIP() << "this machine has no ::1";
  RtcOptions options = loopbackOptions();
  options.localAddresses = {"::1"};
  Side a(*thread, loop, options);
  Side b(*thread, loop, options);
  ASSERT_TRUE(connect(a, b, kOne));
  EXPECT_EQ(a[kOne].remoteAddress, "::1");
  a.port->send(kOne, pattern(200'000, 1));
  ASSERT_TRUE(runUntil([&] { return !b[kOne].messages.empty(); }));
  EXPECT_TRUE(b[kOne].messages[0] == pattern(200'000, 1));
}

TEST_F(NativePeers, WithoutLocalAddressesGivenThoseOfTheMachineAreOffered) {
  RtcOptions options;
  options.includeLoopback = true;
  Side a(*thread, loop, options);
  Side b(*thread, loop, options);
  ASSERT_TRUE(connect(a, b, kOne));
  EXPECT_NE(a[kOne].sdp.find(" 127.0.0.1 "), std::string::npos) << a[kOne].sdp;
}

/// A TURN server (package coturn) on a free port of 127.0.0.1; not running if it is not installed.
class TurnServer {
 public:
  TurnServer() {
    const int probe = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(probe, reinterpret_cast<sockaddr*>(&address), length);
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length);
    ::close(probe);
    port_ = std::to_string(ntohs(address.sin_port));
    if (::access(kProgram, X_OK) != 0) return;
    process_ = ::fork();
    if (process_ != 0) return;
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    ::execl(kProgram, kProgram, "-n", "--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout", "--pidfile=/dev/null",
            "-L", "127.0.0.1", "-E", "127.0.0.1", "-p", port_.c_str(), "--allow-loopback-peers", "-a", "-u",
            "user:secret", "-r", "local", nullptr);
    ::_exit(127);
  }
  ~TurnServer() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  TurnServer(const TurnServer&) = delete;
  TurnServer& operator=(const TurnServer&) = delete;

  [[nodiscard]] bool running() const { return process_ > 0; }
  [[nodiscard]] std::string url() const { return "turn:127.0.0.1:" + port_; }

 private:
  static constexpr const char* kProgram = "/usr/bin/turnserver";
  pid_t process_ = -1;
  std::string port_;
};

TEST_F(NativePeers, RelayToRelayThroughTurn) {
  const TurnServer server;
  if (!server.running()) GTEST_SKIP() << "turnserver is not installed (package coturn)";
  engine::RtcConfig config;
  config.iceServers = {{{server.url()}, "user", "secret"}};
  config.iceTransportPolicy = engine::IceTransportPolicy::relay;
  Side a(*thread, loop, loopbackOptions(), config);
  Side b(*thread, loop, loopbackOptions(), config);
  // The server needs a moment to listen: an offer without a relay candidate came too early, and the next one is asked
  // for.
  std::uint64_t next = 1;
  ASSERT_TRUE(runUntil([&] {
    const ConnectionId id{next};
    if (a[id].sdp.empty() && a.port->stats().connections == 0) a.port->createOffer(id, "x");
    if (a[id].sdp.empty()) return false;
    if (a[id].sdp.find("typ relay") != std::string::npos) return true;
    a.port->close(id);
    ++next;
    return false;
  }));
  const ConnectionId id{next};
  EXPECT_EQ(a[id].sdp.find("typ host"), std::string::npos) << a[id].sdp;
  b.port->createAnswer(id, a[id].sdp);
  ASSERT_TRUE(runUntil([&] { return !b[id].sdp.empty(); }));
  a.port->setAnswer(id, b[id].sdp);
  ASSERT_TRUE(runUntil([&] { return a[id].open && b[id].open; }));
  a.port->send(id, pattern(262'144, 1));
  b.port->send(id, pattern(65'535, 2));
  ASSERT_TRUE(runUntil([&] { return !a[id].messages.empty() && !b[id].messages.empty(); }));
  EXPECT_TRUE(b[id].messages[0] == pattern(262'144, 1));
  EXPECT_TRUE(a[id].messages[0] == pattern(65'535, 2));
}

TEST_F(NativePeers, ManyInParallel) {
  Side a(*thread, loop);
  Side b(*thread, loop);
  constexpr std::uint64_t kCount = 40;
  a.onEvent = [&](ConnectionId id) {
    if (!a[id].sdp.empty() && b[id].sdp.empty() && !a[id].open) b.port->createAnswer(id, a[id].sdp);
  };
  b.onEvent = [&](ConnectionId id) {
    if (!b[id].sdp.empty() && !b[id].open && !a[id].open) a.port->setAnswer(id, b[id].sdp);
  };
  for (std::uint64_t i = 1; i <= kCount; ++i) a.port->createOffer(ConnectionId{i}, "x");
  ASSERT_TRUE(runUntil([&] {
    for (std::uint64_t i = 1; i <= kCount; ++i) {
      if (!a[ConnectionId{i}].open || !b[ConnectionId{i}].open) return false;
    }
    return true;
  }));
  for (std::uint64_t i = 1; i <= kCount; ++i) {
    a.port->send(ConnectionId{i}, pattern(50'000, i));
    b.port->send(ConnectionId{i}, pattern(50'000, 1000 + i));
  }
  ASSERT_TRUE(runUntil([&] {
    for (std::uint64_t i = 1; i <= kCount; ++i) {
      if (a[ConnectionId{i}].messages.empty() || b[ConnectionId{i}].messages.empty()) return false;
    }
    return true;
  }));
  for (std::uint64_t i = 1; i <= kCount; ++i) {
    EXPECT_TRUE(b[ConnectionId{i}].messages[0] == pattern(50'000, i));
    EXPECT_TRUE(a[ConnectionId{i}].messages[0] == pattern(50'000, 1000 + i));
  }
}

/// Connections that live and die at random moments of their life, in the middle of whatever they do.
TEST_F(NativePeers, Stress) {
  base::Rng random(11);
  Side a(*thread, loop);
  Side b(*thread, loop);
  a.keepMessages = b.keepMessages = false;
  constexpr std::uint64_t kTotal = 200;
  constexpr std::size_t kAlive = 25;
  const Bytes data = pattern(40'000, 1);
  std::uint64_t next = 1;
  std::map<ConnectionId, std::uint64_t> eventsLeft;  // of the living
  std::uint64_t opened = 0;
  std::uint64_t unopened = 0;
  // Each event on either side is a step in a connection's life; at the last one a side of it goes, or both at once.
  const auto diesNow = [&](ConnectionId id) {
    const auto left = eventsLeft.find(id);
    if (left == eventsLeft.end()) return true;
    if (left->second-- > 0) return false;
    eventsLeft.erase(left);
    // While it is not open one side alone could not tell the other.
    const bool open = a[id].open && b[id].open;
    ++(open ? opened : unopened);
    const auto who = open ? random.below(3) : 2;
    if (who != 0) a.port->close(id);
    if (who != 1 && !b[id].sdp.empty()) b.port->close(id);
    return true;
  };
  a.onEvent = [&](ConnectionId id) {
    if (diesNow(id) || a[id].closed) return;
    if (a[id].open) {
      if (random.below(3) == 0) a.port->send(id, data);
    } else if (b[id].sdp.empty()) {
      b.port->createAnswer(id, a[id].sdp);
    }
  };
  b.onEvent = [&](ConnectionId id) {
    if (diesNow(id) || b[id].closed) return;
    if (b[id].open) {
      b.port->send(id, data);
    } else if (!b[id].sdp.empty()) {
      a.port->setAnswer(id, b[id].sdp);
    }
  };
  ASSERT_TRUE(runUntil(
      [&] {
        for (; eventsLeft.size() < kAlive && next <= kTotal; ++next) {
          eventsLeft[ConnectionId{next}] = random.below(30);
          a.port->createOffer(ConnectionId{next}, "x");
        }
        return eventsLeft.empty() && next > kTotal;
      },
      100s))
      << eventsLeft.size() << " live on";
  EXPECT_GT(opened, kTotal / 4);
  EXPECT_GT(unopened, kTotal / 20);
  for (std::uint64_t i = 1; i <= kTotal; ++i) {
    EXPECT_EQ(a[ConnectionId{i}].afterClose, 0) << i;
    EXPECT_EQ(b[ConnectionId{i}].afterClose, 0) << i;
  }
  // Where one side was closed, the other learns of it.
  EXPECT_TRUE(runUntil([&] { return a.port->stats().connections + b.port->stats().connections == 0; }));
}

TEST(RtcThreadLife, StartsAndEndsWithItsOwners) {
  for (int i = 0; i < 5; ++i) {
    auto thread = RtcThread::shared();
    boost::asio::io_context loop;
    Side a(*thread, loop);
    a.port->createOffer(kOne, "x");
    if (i % 2 == 0) {
      while (a[kOne].sdp.empty()) {
        loop.restart();
        loop.run_one_for(20ms);
      }
    }
    // Ended in the middle: nothing hangs, nothing leaks.
  }
}

}  // namespace
}  // namespace p2pml::native
