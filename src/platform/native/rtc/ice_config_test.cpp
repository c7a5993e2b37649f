#include "platform/native/rtc/ice_config.hpp"

#include <gtest/gtest.h>

namespace p2pml::native {
namespace {

TEST(IceConfig, ServerUrls) {
  const auto stun = parseIceServerUrl("stun:stun.l.google.com:19302");
  ASSERT_TRUE(stun);
  EXPECT_EQ(*stun, (IceServerAddress{IceServerKind::stun, "stun.l.google.com", 19302, "", ""}));
  EXPECT_EQ(parseIceServerUrl("stun:example.org")->port, 3478);
  EXPECT_EQ(parseIceServerUrl("stun:example.org:1?transport=udp")->port, 1);
  EXPECT_EQ(parseIceServerUrl("turn:[2001:db8::1]:5000")->host, "2001:db8::1");
  EXPECT_EQ(parseIceServerUrl("turn:[2001:db8::1]:5000")->port, 5000);
  EXPECT_EQ(parseIceServerUrl("turn:example.org?transport=tcp")->kind, IceServerKind::turnTcp);
  EXPECT_EQ(parseIceServerUrl("turn:example.org?transport=udp")->kind, IceServerKind::turnUdp);
  for (const char* bad : {"", "stun:", "http://x", "stuns:example.org", "turns:example.org", "stun:x:0", "stun:x:70000",
                          "stun:x:1x", "turn:[::1", "turn:[::1]x", "turn:x?transport=sctp", "stun:x:"}) {
    EXPECT_FALSE(parseIceServerUrl(bad)) << bad;
  }
}

TEST(IceConfig, TakesCredentialsAndPolicyAndLeavesOutWhatItDoesNotKnow) {
  engine::RtcConfig config;
  config.iceServers = {{{"turns:a", "turn:b", "stun:c"}, "user", "secret"}};
  config.iceTransportPolicy = engine::IceTransportPolicy::relay;
  RtcOptions options;
  options.localAddresses = {"127.0.0.1"};
  const IceConfig out = iceConfigOf(config, options);
  EXPECT_TRUE(out.relayOnly);
  ASSERT_EQ(out.servers.size(), 2U);
  EXPECT_EQ(out.servers[0], (IceServerAddress{IceServerKind::turnUdp, "b", 3478, "user", "secret"}));
  EXPECT_EQ(out.localAddresses, options.localAddresses);

  config.iceServers.assign(20, {{"stun:a"}, "", ""});
  EXPECT_EQ(iceConfigOf(config, options).servers.size(), 8U);
}

}  // namespace
}  // namespace p2pml::native
