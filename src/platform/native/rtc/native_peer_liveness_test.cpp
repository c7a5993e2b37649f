// How native data channels tell a remote that is gone from one that is only hard to hear.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "platform/native/rtc/testing/native_peers.hpp"
#include "platform/native/udp_relay/udp_relay.hpp"

namespace p2pml::native {
namespace {

using namespace std::chrono_literals;
using testing::kOne;
using testing::loopbackOptions;
using testing::NativePeers;
using testing::Side;

/// RFC 7983: a first byte of 0 to 3 is STUN's.
bool isStun(std::span<const std::byte> datagram) { return datagram[0] < std::byte{4}; }

TEST_F(NativePeers, AVanishedRemoteIsNoticed) {
  UdpRelay relay({});
  const auto through = [&](const std::string& sdp) { return relay.rewrite(sdp).value(); };
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne, through, through));
  relay.silence(true);
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(runUntil([&] { return a[kOne].closed && b[kOne].closed; }, 30s));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 14s);  // 10 s by default; the rest for a busy machine
  EXPECT_EQ(a[kOne].closed->code, base::ErrorCode::timeout) << a[kOne].closed->detail;
}

// ICE's own checks are single datagrams, seconds apart: that they are lost says nothing while the remote answers
// otherwise.
TEST_F(NativePeers, LostIceChecksDoNotEndAnIdleConnection) {
  std::atomic<bool> dropping{false};
  std::atomic<int> others{0};
  UdpRelay relay({.drops = [&](std::span<const std::byte> datagram) {
    if (!dropping) return false;
    if (isStun(datagram)) return true;
    ++others;
    return false;
  }});
  const auto through = [&](const std::string& sdp) { return relay.rewrite(sdp).value(); };
  Side a(*thread, loop);
  Side b(*thread, loop);
  ASSERT_TRUE(connect(a, b, kOne, through, through));
  dropping = true;
  // Both ask after 4 s of silence, and both answer: three such rounds take longer than silenceLimit.
  ASSERT_TRUE(runUntil([&] { return others >= 12 || a[kOne].closed || b[kOne].closed; }, 40s));
  EXPECT_FALSE(a[kOne].closed) << a[kOne].closed->detail;
  EXPECT_FALSE(b[kOne].closed) << b[kOne].closed->detail;
  a.port->send(kOne, pattern(30'000, 1));
  b.port->send(kOne, pattern(30'000, 2));
  EXPECT_TRUE(runUntil([&] { return a[kOne].messages.size() == 1 && b[kOne].messages.size() == 1; }));
}

TEST_F(NativePeers, AnAnswerToTheLastOfManyQuestionsIsEnough) {
  std::atomic<int> toDrop{0};
  UdpRelay relay({.drops = [&](std::span<const std::byte>) { return toDrop > 0 && toDrop-- > 0; }});
  const auto through = [&](const std::string& sdp) { return relay.rewrite(sdp).value(); };
  RtcOptions options = loopbackOptions();
  options.silenceLimit = base::seconds(5);
  Side a(*thread, loop, options);
  Side b(*thread, loop, options);
  ASSERT_TRUE(connect(a, b, kOne, through, through));
  // Each side asks from 2 s on every half second, six times.
  constexpr int kLost = 10;
  toDrop = kLost;
  ASSERT_TRUE(runUntil([&] { return toDrop == 0 || a[kOne].closed || b[kOne].closed; }));
  const auto before = relay.counts().forwarded;
  ASSERT_TRUE(runUntil([&] { return relay.counts().forwarded >= before + 4 || a[kOne].closed || b[kOne].closed; }));
  EXPECT_FALSE(a[kOne].closed);
  EXPECT_FALSE(b[kOne].closed);
}

TEST_F(NativePeers, SilenceInTheMiddleOfATransferEndsItToo) {
  UdpRelay relay({.delay = base::milliseconds(5)});
  const auto through = [&](const std::string& sdp) { return relay.rewrite(sdp).value(); };
  RtcOptions options = loopbackOptions();
  options.silenceLimit = base::seconds(2);
  Side a(*thread, loop, options);
  Side b(*thread, loop, options);
  ASSERT_TRUE(connect(a, b, kOne, through, through));
  for (int i = 0; i < 100; ++i) a.port->send(kOne, pattern(60'000, 1));
  ASSERT_TRUE(runUntil([&] { return b[kOne].received > 0; }));
  relay.silence(true);
  ASSERT_TRUE(runUntil([&] { return a[kOne].closed && b[kOne].closed; }));
  EXPECT_EQ(a[kOne].closed->code, base::ErrorCode::timeout) << a[kOne].closed->detail;
  EXPECT_EQ(b[kOne].closed->code, base::ErrorCode::timeout) << b[kOne].closed->detail;
}

}  // namespace
}  // namespace p2pml::native
