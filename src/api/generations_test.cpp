// Loaders of later generations, and bridges between them, over real WebRTC on loopback.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "api/testing.hpp"

namespace p2pml::api::testing {
namespace {

/// The media stream "swarm" as all generations name it; segments not in `own` come from peers only.
std::vector<Segment> streamSegments(const World& world, int from, int to, const std::vector<int>& own) {
  std::vector<Segment> list;
  for (int n = from; n <= to; ++n) {
    Segment segment("swarm+V0+" + std::to_string(n), world.origin->url() + "/" + std::to_string(n));
    segment.masterSwarmId = "swarm";
    segment.streamId = "V0";
    segment.sequence = std::to_string(n);
    segment.priority = std::ranges::find(own, n) == own.end() ? 1 : 0;
    list.push_back(std::move(segment));
  }
  return list;
}

StreamProperties properties() {
  StreamProperties stream;
  stream.bitrate = 2'149'280;
  stream.codecs = "avc1.64001f";
  stream.width = 1280;
  stream.height = 720;
  stream.frameRate = "30";
  return stream;
}

Settings speaking(const World& world, std::vector<Generation> generations) {
  Settings settings = world.settings();
  settings.peerProtocols = std::move(generations);
  settings.requiredSegmentsPriority = 0;
  settings.httpDownloadProbability = 0;
  return settings;
}

class GenerationsApi : public ::testing::TestWithParam<Generation> {};

TEST_P(GenerationsApi, TwoLoadersOfOneGeneration) {
  World world;
  const std::string protocol(engine::infoOf(GetParam()).name);
  Watched<Delivered> first;
  HybridLoader seeder = world.loader(speaking(world, {GetParam()}));
  record(seeder, first);
  seeder.load(streamSegments(world, 0, 2, {0, 1, 2}), "swarm+V0", properties());
  ASSERT_TRUE(first.waitFor([](const Delivered& d) { return d.segments.size() == 3; }));

  Watched<Delivered> second;
  Watched<std::vector<Peer>> connected;
  HybridLoader leech = world.loader(speaking(world, {GetParam()}));
  record(leech, second);
  leech.on(Events::PeerConnect, [&](const Peer& peer) { connected.change([&](auto& list) { list.push_back(peer); }); });
  leech.load(streamSegments(world, 0, 2, {}), "swarm+V0", properties());
  ASSERT_TRUE(second.waitFor([](const Delivered& d) { return d.segments.size() == 3; }));
  const Delivered got = second.get();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(got.segments.at("swarm+V0+" + std::to_string(i)).data, World::body(i));
  EXPECT_EQ(world.originRequests(), 3U);

  ASSERT_EQ(connected.get().size(), 1U);
  EXPECT_EQ(connected.get()[0].protocol, protocol);
  const Details details = leech.getDetails();
  ASSERT_EQ(details.peers.size(), 1U);
  EXPECT_EQ(details.peers[0].protocol, protocol);
  EXPECT_EQ(details.peers[0].id, seeder.getDetails().peerId);
  ASSERT_EQ(details.swarms.size(), 1U);
  EXPECT_EQ(details.swarms[0].protocol, protocol);
  EXPECT_EQ(details.swarms[0].peers, 1U);
  EXPECT_EQ(details.swarms[0].peerId, details.peerId);
  EXPECT_EQ(details.swarms[0].infoHash, seeder.getDetails().swarms.at(0).infoHash);
}

INSTANTIATE_TEST_SUITE_P(All, GenerationsApi,
                         ::testing::Values(Generation::g0, Generation::g2, Generation::g3, Generation::g4),
                         [](const auto& test) { return std::string(engine::infoOf(test.param).name); });

TEST(BridgeApi, SegmentsCrossItBothWays) {
  World world;
  // Each end takes its own half over HTTP and has no other way to the rest than the bridge, which has no HTTP at all.
  Watched<Delivered> atA;
  Watched<Delivered> atB;
  Watched<Delivered> atC;
  HybridLoader a = world.loader(speaking(world, {Generation::g0}));
  HybridLoader c = world.loader(speaking(world, {Generation::g3}));
  HybridLoader b = world.loader(speaking(world, {Generation::g0, Generation::g3}));
  record(a, atA);
  record(b, atB);
  record(c, atC);
  a.load(streamSegments(world, 0, 5, {0, 1, 2}), "swarm+V0", properties());
  c.load(streamSegments(world, 0, 5, {3, 4, 5}), "swarm+V0", properties());
  const auto half = [](const Delivered& d) { return d.segments.size() == 3; };
  ASSERT_TRUE(atA.waitFor(half));
  ASSERT_TRUE(atC.waitFor(half));
  b.load(streamSegments(world, 0, 5, {}), "swarm+V0", properties());

  const auto all = [](const Delivered& d) { return d.segments.size() == 6; };
  ASSERT_TRUE(atB.waitFor(all));
  ASSERT_TRUE(atA.waitFor(all));
  ASSERT_TRUE(atC.waitFor(all));
  for (auto* end : {&atA, &atB, &atC}) {
    const Delivered got = end->get();
    EXPECT_TRUE(got.errors.empty());
    for (int i = 0; i < 6; ++i) EXPECT_EQ(got.segments.at("swarm+V0+" + std::to_string(i)).data, World::body(i));
  }
  EXPECT_EQ(world.originRequests(), 6U);

  const Details details = b.getDetails();
  ASSERT_EQ(details.swarms.size(), 2U);
  EXPECT_EQ(details.swarms[0].protocol, "G0");
  EXPECT_EQ(details.swarms[0].streamSwarmId, "swarm+V0");
  EXPECT_EQ(details.swarms[0].peers, 1U);
  EXPECT_EQ(details.swarms[0].peerId, details.peerId);
  EXPECT_EQ(details.swarms[1].protocol, "G3");
  EXPECT_TRUE(details.swarms[1].streamSwarmId.starts_with("v2-swarm-main-")) << details.swarms[1].streamSwarmId;
  EXPECT_EQ(details.swarms[1].peers, 1U);
  EXPECT_NE(details.swarms[1].peerId, details.peerId);
  EXPECT_EQ(atA.get().peers.at("swarm+V0+5"), details.swarms[0].peerId);
  EXPECT_EQ(atC.get().peers.at("swarm+V0+2"), details.swarms[1].peerId);
}

TEST(BridgeApi, AGenerationWhoseSwarmCannotBeNamedIsLeftOut) {
  World world;
  HybridLoader loader = world.loader(speaking(world, {Generation::g0, Generation::g2, Generation::g3}));
  loader.load(streamSegments(world, 0, 2, {}), "swarm+V0");
  Watched<bool> ready;
  loader.on(Events::TrackerUpdate, [&](const TrackerStatus&) { ready.change([](bool& value) { value = true; }); });
  ASSERT_TRUE(ready.waitFor([](bool value) { return value; }));
  const Details details = loader.getDetails();
  ASSERT_EQ(details.swarms.size(), 2U);
  EXPECT_EQ(details.swarms[0].protocol, "G0");
  EXPECT_EQ(details.swarms[1].protocol, "G2");
  EXPECT_EQ(details.swarms[1].streamSwarmId, "v2-swarm-main-0");
}

}  // namespace
}  // namespace p2pml::api::testing
