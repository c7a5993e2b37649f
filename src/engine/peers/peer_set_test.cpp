#include "engine/peers/peer_set.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace p2pml::engine {
namespace {

constexpr Generation kG0 = Generation::g0;
constexpr Generation kG3 = Generation::g3;

class PeerSetTest : public testing::Test {
 protected:
  PeerSetTest() {
    settings.peerProtocols = {kG0, kG3};
    settings.maxPeers = 4;
    StreamIdentity stream{"http://a/v.m3u8+V0", "http://a/v.m3u8", "V0", media::StreamProperties{}};
    std::vector<Generation> missing;
    swarms.set(swarms.of(stream, missing));
  }
  static RemoteKey remote(const std::string& node) { return {node, {}, {}}; }
  void add(const std::string& node, std::uint64_t connection, Generation generation) {
    peers.add(remote(node), {base::ConnectionId(connection), generation, {}, {}});
  }
  std::uint64_t leaverFor(Generation generation, const std::string& busy = "") {
    const PeerSet::Member* leaver =
        peers.aboveShare(generation, [&](const RemoteKey& who) { return who.node == busy; });
    return leaver == nullptr ? 0 : leaver->connection.value;
  }
  std::size_t count(Generation generation) const { return peers.counts()[static_cast<std::size_t>(generation)]; }

  Settings settings;
  base::Rng rng{7};
  Swarms swarms{settings, rng};
  PeerSet peers{swarms};
};

TEST_F(PeerSetTest, CountsTheUsableConnectionOfEach) {
  add("a", 1, kG0);
  add("b", 2, kG0);
  EXPECT_EQ(count(kG0), 2U);
  peers.use(remote("b"), base::ConnectionId(3), kG3);
  EXPECT_EQ(count(kG0), 1U);
  EXPECT_EQ(count(kG3), 1U);
  EXPECT_EQ(peers.find(remote("b"))->connection, base::ConnectionId(3));
  peers.remove(remote("a"));
  EXPECT_EQ(count(kG0), 0U);
  EXPECT_EQ(peers.size(), 1U);
  EXPECT_FALSE(peers.contains(remote("a")));
  EXPECT_EQ(peers.find(remote("a")), nullptr);
}

TEST_F(PeerSetTest, WhoIsBelowItsShareTakesTheYoungestPlaceOfWhoIsAbove) {
  add("d", 1, kG0);
  add("b", 4, kG0);
  add("c", 2, kG0);
  EXPECT_TRUE(peers.hasPlace(kG3));
  EXPECT_EQ(peers.room(kG3), 1);
  add("a", 3, kG0);
  EXPECT_FALSE(peers.hasPlace(kG3));
  EXPECT_EQ(peers.room(kG3), 1) << "one generation has to make room";
  EXPECT_TRUE(peers.full(kG0));
  EXPECT_EQ(leaverFor(kG3), 4U);
  EXPECT_EQ(leaverFor(kG3, "b"), 3U) << "not one that is busy";
  EXPECT_EQ(leaverFor(kG0), 0U) << "it has its share";
}

}  // namespace
}  // namespace p2pml::engine
