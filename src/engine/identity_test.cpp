#include "engine/identity.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace p2pml::engine {
namespace {

std::string infoHashHex(const std::string& stream) {
  return base::toHex(infoHashOf(base::StreamSwarmId(stream)).view());
}

// docs/protocol/peer-json.md 5a.1
TEST(Identity, InfoHashesOfTheProtocolTable) {
  EXPECT_EQ(infoHashHex("https://example.com/live/master.m3u8"), "88d7e97fc37e99c8750f19ab3d65c93eef52510a");
  EXPECT_EQ(infoHashHex("https://example.com/live/master.m3u8+V0"), "ae9cd6bf657a583a6f33711f1cae11fa25c19b43");
  EXPECT_EQ(infoHashHex("https://example.com/live/master.m3u8+A0"), "481b41042281ac934f010ff6b2eb4ca8a6b6cbff");
  EXPECT_EQ(infoHashHex("my-swarm"), "cdb6dffe69f6bdbcbcfe7d64f99ddc76da5d21ec");
  EXPECT_EQ(infoHashHex("my-swarm+V0"), "3c4b247a200a6fb9b75f82f1f3a6bd4c7c71f304");
}

TEST(Identity, SegmentWithMasterSwarmStreamAndSequence) {
  Segment segment("my-swarm+V0+300", "http://o/300.ts");
  segment.masterSwarmId = "my-swarm";
  segment.streamId = "V0";
  segment.sequence = "300";
  const auto name = wireNameOf(segment, "ignored");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->stream.value, "my-swarm+V0");
  EXPECT_EQ(name->entry, "300");
  EXPECT_EQ(name->id.value, "my-swarm+V0+300");
}

TEST(Identity, SegmentWithoutStreamIdIsKeyedByItsMasterSwarm) {
  Segment segment("x", "http://o/x.ts");
  segment.masterSwarmId = "my-swarm";
  segment.sequence = "4";
  EXPECT_EQ(wireNameOf(segment, "ignored")->id.value, "my-swarm+4");
}

TEST(Identity, UsageExampleSegmentIsNamedByItsId) {
  const Segment segment("segment-1", "//url/to/segment/1");
  const auto name = wireNameOf(segment, "swarm-1");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->stream.value, "swarm-1");
  EXPECT_EQ(name->entry, "segment-1");
  EXPECT_EQ(name->id.value, "swarm-1+segment-1");
  EXPECT_EQ(masterSwarmOf(segment, "swarm-1"), "swarm-1");
}

TEST(Identity, AnIdWithABarIsNotShared) {
  EXPECT_FALSE(wireNameOf(Segment("a|b", "http://o/1"), "swarm-1"));
  Segment named("a|b", "http://o/1");
  named.sequence = "1";
  EXPECT_TRUE(wireNameOf(named, "swarm-1"));
}

TEST(Identity, PeerIdHasTheFieldsPrefix) {
  base::Rng rng(5);
  const base::PeerId a = makePeerId(rng);
  const base::PeerId b = makePeerId(rng);
  EXPECT_EQ(a.view().substr(0, 8), "-WW0006-");
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace p2pml::engine
