#include "engine/peers/node_mark.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

constexpr const char* kName = "abcdefghijABCDEFGH01";

TEST(NodeMark, IsReadBackFromTheDescriptionItWasWrittenInto) {
  const std::string sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
  const std::string marked = withNodeMark(sdp, kName);
  EXPECT_EQ(marked, sdp + "a=x-p2pml-node:" + kName + "\r\n");
  EXPECT_EQ(nodeMarkOf(marked), kName);
}

TEST(NodeMark, StandsOnALineOfItsOwn) {
  EXPECT_EQ(withNodeMark("v=0", kName), std::string("v=0\r\na=x-p2pml-node:") + kName + "\r\n");
  EXPECT_EQ(nodeMarkOf(std::string("a=x-p2pml-node:") + kName), kName);
  EXPECT_EQ(nodeMarkOf(std::string("v=0\na=x-p2pml-node:") + kName + "\nb=1"), kName);
  EXPECT_FALSE(nodeMarkOf(std::string("v=0 a=x-p2pml-node:") + kName));
}

TEST(NodeMark, OfAnyOtherFormIsNone) {
  EXPECT_FALSE(nodeMarkOf(""));
  EXPECT_FALSE(nodeMarkOf("v=0\r\n"));
  EXPECT_FALSE(nodeMarkOf("a=x-p2pml-node:\r\n"));
  EXPECT_FALSE(nodeMarkOf("a=x-p2pml-node:short\r\n"));
  EXPECT_FALSE(nodeMarkOf("a=x-p2pml-node:abcdefghijABCDEFGH012\r\n"));
  EXPECT_FALSE(nodeMarkOf("a=x-p2pml-node:abcdefghij ABCDEFGH0\r\n"));
}

TEST(NodeMark, TellsTheVersionOfTheExtension) {
  const std::string sdp = withExtension(withNodeMark("v=0\r\n", kName), 1);
  EXPECT_EQ(sdp, std::string("v=0\r\na=x-p2pml-node:") + kName + "\r\na=x-p2pml-extension:1\r\n");
  EXPECT_EQ(extensionOf(sdp), 1U);
  EXPECT_EQ(nodeMarkOf(sdp), kName);
  EXPECT_EQ(extensionOf("a=x-p2pml-extension:999"), 999U);
  for (const char* other : {"", "v=0\r\n", "a=x-p2pml-extension:", "a=x-p2pml-extension:0", "a=x-p2pml-extension:01",
                            "a=x-p2pml-extension:1000", "a=x-p2pml-extension:1 2", "a=x-p2pml-extension:-1"}) {
    EXPECT_EQ(extensionOf(other), 0U) << other;
  }
}

}  // namespace
}  // namespace p2pml::engine
