#include "tracker/swarm.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace p2pml::tracker {
namespace {

base::PeerId peerId(int number) {
  std::string raw = std::to_string(number);
  raw.insert(0, 20 - raw.size(), '0');
  return base::PeerId::fromRaw(raw);
}

struct SwarmTest : ::testing::Test {
  Swarm swarm{base::InfoHash::fromRaw("aaaaaaaaaaaaaaaaaaaa")};
  base::Rng rng{7};
  std::vector<Peer*> picked;
};

TEST_F(SwarmTest, CountsCompleteAndIncomplete) {
  Peer& one = swarm.add(peerId(1));
  swarm.add(peerId(2));
  swarm.setComplete(one, true);
  swarm.setComplete(one, true);
  EXPECT_EQ(swarm.complete(), 1U);
  EXPECT_EQ(swarm.incomplete(), 1U);
  swarm.remove(one);
  EXPECT_EQ(swarm.complete(), 0U);
  EXPECT_EQ(swarm.incomplete(), 1U);
  EXPECT_EQ(swarm.find(peerId(1)), nullptr);
  ASSERT_NE(swarm.find(peerId(2)), nullptr);
  EXPECT_EQ(swarm.find(peerId(2))->id, peerId(2));
}

TEST_F(SwarmTest, PicksNobodyWhenAlone) {
  Peer& one = swarm.add(peerId(1));
  swarm.pickOthers(rng, one, 5, picked);
  EXPECT_TRUE(picked.empty());
}

TEST_F(SwarmTest, PicksAllOthersWhenAskedForMore) {
  Peer& one = swarm.add(peerId(1));
  Peer& two = swarm.add(peerId(2));
  Peer& three = swarm.add(peerId(3));
  swarm.pickOthers(rng, two, 5, picked);
  EXPECT_EQ(std::set<Peer*>(picked.begin(), picked.end()), (std::set<Peer*>{&one, &three}));
  EXPECT_EQ(picked.size(), 2U);
}

TEST_F(SwarmTest, EveryOtherPeerIsEquallyLikelyAndNobodyTwice) {
  constexpr int kPeers = 9;
  constexpr int kRounds = 16'000;
  for (int i = 0; i < kPeers; ++i) swarm.add(peerId(i));
  const Peer& self = *swarm.find(peerId(4));
  std::map<base::PeerId, int> drawn;
  for (int round = 0; round < kRounds; ++round) {
    swarm.pickOthers(rng, self, 3, picked);
    ASSERT_EQ(picked.size(), 3U);
    ASSERT_EQ(std::set<Peer*>(picked.begin(), picked.end()).size(), 3U);
    for (const Peer* peer : picked) ++drawn[peer->id];
  }
  EXPECT_EQ(drawn.count(self.id), 0U);
  ASSERT_EQ(drawn.size(), 8U);
  // Each of the 8 others is in a draw of 3 with probability 3/8; 6 standard deviations of the binomial are 368.
  for (const auto& [id, count] : drawn) EXPECT_NEAR(count, kRounds * 3 / 8, 368);
}

TEST_F(SwarmTest, RemovedPeersAreNeverPicked) {
  for (int i = 0; i < 50; ++i) swarm.add(peerId(i));
  for (int i = 0; i < 50; i += 2) swarm.remove(*swarm.find(peerId(i)));
  EXPECT_EQ(swarm.size(), 25U);
  swarm.pickOthers(rng, *swarm.find(peerId(1)), 50, picked);
  std::set<base::PeerId> ids;
  for (const Peer* peer : picked) ids.insert(peer->id);
  EXPECT_EQ(ids.size(), 24U);
  for (int i = 0; i < 50; i += 2) EXPECT_EQ(ids.count(peerId(i)), 0U);
}

}  // namespace
}  // namespace p2pml::tracker
