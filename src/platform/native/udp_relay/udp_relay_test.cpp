#include "platform/native/udp_relay/udp_relay.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "wire/sdp.hpp"

namespace p2pml::native {
namespace {

/// A UDP socket on 127.0.0.1 that can describe itself as the one candidate of an SDP.
class Peer {
 public:
  Peer() : descriptor_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Peer() { ::close(descriptor_); }

  [[nodiscard]] std::string sdp() const {
    wire::SessionDescription description;
    description.iceUfrag = "abcd";
    description.icePwd = std::string(22, 'p');
    description.fingerprints = {{wire::FingerprintHash::sha256, std::string(32, 'f')}};
    description.candidates = {"candidate:1 1 udp 1 127.0.0.1 " + std::to_string(port_) + " typ host",
                              "candidate:2 1 udp 1 abc.local 4000 typ host",
                              "candidate:3 1 tcp 1 127.0.0.1 9 typ host"};
    return wire::writeSdp(description, 1);
  }

  void send(std::uint16_t port, const std::string& text) const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    EXPECT_EQ(::sendto(descriptor_, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&address), sizeof address),
              static_cast<ssize_t>(text.size()));
  }

  struct Received {
    std::string text;
    std::uint16_t from = 0;
  };
  [[nodiscard]] std::optional<Received> receive(int milliseconds) const {
    pollfd wait{descriptor_, POLLIN, 0};
    if (::poll(&wait, 1, milliseconds) != 1) return std::nullopt;
    std::string buffer(2048, '\0');
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t size =
        ::recvfrom(descriptor_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    EXPECT_GE(size, 0);
    return Received{buffer.substr(0, static_cast<std::size_t>(size)), ntohs(from.sin_port)};
  }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

std::uint16_t relayedPort(UdpRelay& relay, const Peer& peer) {
  const auto rewritten = relay.rewrite(peer.sdp());
  EXPECT_TRUE(rewritten);
  const auto description = wire::parseSdp(*rewritten);
  EXPECT_TRUE(description);
  EXPECT_EQ(description->candidates.size(), 1U);  // .local and TCP are left out
  return wire::parseCandidate(description->candidates.at(0))->port;
}

constexpr int kLong = 10'000;

TEST(UdpRelay, EachSeesTheOtherAtItsRelayedPort) {
  UdpRelay relay({});
  const Peer a;
  const Peer b;
  const std::uint16_t toA = relayedPort(relay, a);
  const std::uint16_t toB = relayedPort(relay, b);
  EXPECT_EQ(relayedPort(relay, a), toA);
  a.send(toB, "hello");
  const auto atB = b.receive(kLong);
  ASSERT_TRUE(atB);
  EXPECT_EQ(atB->text, "hello");
  EXPECT_EQ(atB->from, toA);
  b.send(atB->from, "back");
  const auto atA = a.receive(kLong);
  ASSERT_TRUE(atA);
  EXPECT_EQ(atA->text, "back");
  EXPECT_EQ(atA->from, toB);
}

TEST(UdpRelay, DelaysAndKeepsTheOrder) {
  UdpRelay relay({.delay = base::milliseconds(60)});
  const Peer a;
  const Peer b;
  relayedPort(relay, a);
  const std::uint16_t toB = relayedPort(relay, b);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) a.send(toB, std::to_string(i));
  for (int i = 0; i < 20; ++i) {
    const auto got = b.receive(kLong);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->text, std::to_string(i));
  }
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(60));
}

TEST(UdpRelay, DropsWhatItIsTold) {
  UdpRelay relay({.drops = [](std::span<const std::byte> datagram) { return datagram[0] == std::byte{'x'}; }});
  const Peer a;
  const Peer b;
  relayedPort(relay, a);
  const std::uint16_t toB = relayedPort(relay, b);
  for (const char* text : {"x1", "one", "x2", "two"}) a.send(toB, text);
  for (const char* text : {"one", "two"}) {
    const auto got = b.receive(kLong);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->text, text);
  }
  EXPECT_EQ(relay.counts().lost, 2U);
}

TEST(UdpRelay, LossIsDecidedBySeed) {
  const auto survivors = [](std::uint64_t seed) {
    UdpRelay relay({.loss = 0.3, .seed = seed});
    const Peer a;
    const Peer b;
    relayedPort(relay, a);
    const std::uint16_t toB = relayedPort(relay, b);
    std::string out;
    for (int i = 0; i < 200; ++i) a.send(toB, std::to_string(i));
    while (relay.counts().forwarded + relay.counts().lost < 200) {
      if (const auto got = b.receive(20)) out += got->text + ' ';
    }
    while (const auto got = b.receive(20)) out += got->text + ' ';
    EXPECT_GT(relay.counts().lost, 30U);
    EXPECT_LT(relay.counts().lost, 90U);
    return out;
  };
  const std::string one = survivors(1);
  EXPECT_EQ(one, survivors(1));
  EXPECT_NE(one, survivors(2));
}

TEST(UdpRelay, BottleneckAndItsQueue) {
  // 800 kbit/s and room for 10 kB: of 50 kB sent at once, the queue and little more arrive, and those take a tenth of a
  // second.
  UdpRelay relay({.bitsPerSecond = 800'000, .queueBytes = 10'000});
  const Peer a;
  const Peer b;
  relayedPort(relay, a);
  const std::uint16_t toB = relayedPort(relay, b);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) a.send(toB, std::string(1000, 'x'));
  int arrived = 0;
  while (b.receive(arrived == 0 ? kLong : 300)) ++arrived;
  EXPECT_GE(arrived, 10);
  EXPECT_EQ(relay.counts().overflows, static_cast<std::uint64_t>(50 - arrived));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
}

TEST(UdpRelay, Silence) {
  UdpRelay relay({});
  const Peer a;
  const Peer b;
  relayedPort(relay, a);
  const std::uint16_t toB = relayedPort(relay, b);
  relay.silence(true);
  a.send(toB, "lost");
  while (relay.counts().lost == 0) std::this_thread::yield();
  relay.silence(false);
  a.send(toB, "heard");
  const auto got = b.receive(kLong);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->text, "heard");
}

}  // namespace
}  // namespace p2pml::native
