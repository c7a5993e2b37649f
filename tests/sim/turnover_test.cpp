// Peer sets that are full: who comes late gets in, nobody goes who is of use, and then there is peace again.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "tests/sim/swarm.hpp"

namespace p2pml::sim {
namespace {

using base::seconds;

constexpr std::int64_t kMaxPeers = 4;

/// Five viewers, each connected with all others, which is as many as they may be, have played a VOD long ago. Then a
/// sixth comes.
class FullSwarm {
 public:
  explicit FullSwarm(std::int64_t turnoverInterval) : interval_(turnoverInterval) {
    for (int i = 0; i < 5; ++i) {
      join();
      swarm.world.run(seconds(2));
    }
    EXPECT_TRUE(swarm.runToEnd(seconds(200)));
    swarm.world.run(seconds(60));
    EXPECT_EQ(closed, 0U);
    for (const auto& viewer : swarm.viewers) EXPECT_EQ(viewer->node().peers(), 4U);
    latecomer = &join();
  }

  SimViewer& join() {
    NodeOptions options{.settings = swarm.world.settings()};
    options.settings.schedulingPolicy = engine::Scheduling::cooperative;
    options.settings.maxPeers = kMaxPeers;
    options.settings.peerTurnoverInterval = interval_;
    SimViewer& viewer = swarm.join(std::move(options));
    viewer.node().outputTap = [this, peers = std::int64_t{0}](base::TimePoint, const engine::Outputs& outputs) mutable {
      for (const engine::Output& output : outputs) {
        if (std::holds_alternative<engine::output::PeerConnect>(output)) ++peers;
        if (std::holds_alternative<engine::output::PeerClose>(output)) {
          --peers;
          ++closed;
        }
        mostPeers = std::max(mostPeers, peers);
      }
    };
    return viewer;
  }
  [[nodiscard]] std::size_t overHttp(SimViewer& viewer) const {
    const auto& loaded = viewer.node().loaded();
    return static_cast<std::size_t>(std::count_if(loaded.begin(), loaded.end(), [](const auto& segment) {
      return segment.second.method == engine::Method::http;
    }));
  }

  std::int64_t mostPeers = 0;
  std::size_t closed = 0;  // on either side
  Swarm swarm{1};
  SimViewer* latecomer = nullptr;

 private:
  const std::int64_t interval_;
};

TEST(Turnover, ALatecomerFindsNobodyWhereNobodyGoes) {
  FullSwarm full(0);
  full.swarm.world.run(seconds(30));
  EXPECT_EQ(full.latecomer->node().peers(), 0U);
  EXPECT_TRUE(full.swarm.runToEnd(seconds(200)));
  EXPECT_EQ(full.overHttp(*full.latecomer), 16U);
  EXPECT_EQ(full.closed, 0U);
}

TEST(Turnover, ALatecomerGetsIntoASwarmOfFullSets) {
  FullSwarm full(15'000);
  full.swarm.world.run(seconds(1));
  EXPECT_EQ(full.latecomer->node().peers(), 4U);
  EXPECT_TRUE(full.swarm.runToEnd(seconds(200)));
  EXPECT_EQ(full.overHttp(*full.latecomer), 1U) << "the first segment, for a quick start";
  EXPECT_EQ(full.swarm.stallTime(), seconds(0));
  EXPECT_EQ(full.swarm.badSegments(), 0U);
  EXPECT_EQ(full.mostPeers, kMaxPeers);
  EXPECT_EQ(full.closed, 2 * 4U) << "each of the four has parted from one that was idle";
}

TEST(Turnover, ThenThereIsPeaceAgain) {
  FullSwarm full(15'000);
  // Who lost its place offers itself with its next announces; a few more pairs part for that, though all are idle.
  full.swarm.world.run(seconds(1800));
  for (const auto& viewer : full.swarm.viewers) EXPECT_EQ(viewer->node().peers(), 4U);
  EXPECT_LE(full.closed, 2 * 10U);
  const std::size_t closed = full.closed;
  full.swarm.world.run(seconds(3600));
  EXPECT_EQ(full.closed, closed);
  EXPECT_EQ(full.mostPeers, kMaxPeers);
}

}  // namespace
}  // namespace p2pml::sim
