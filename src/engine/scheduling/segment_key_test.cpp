#include "engine/scheduling/segment_key.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace p2pml::engine {
namespace {

// Viewers of all builds must come to these: a change splits a swarm into those who agree and those who do not.
TEST(SegmentKey, Values) {
  EXPECT_EQ(hashOf("-WW0006-abcdefghijkl"), 2327983938930839971U);
  EXPECT_EQ(segmentKey("m+V0", "17"), 1442547978813852837U);
  EXPECT_EQ(rankOf(1, 2), 12094886767475146190U);
}

TEST(SegmentKey, StreamAndEntryDoNotRunTogether) {
  EXPECT_NE(segmentKey("m+V1", "7"), segmentKey("m+V", "17"));
  EXPECT_NE(segmentKey("m", "7"), segmentKey("m", "8"));
}

TEST(SegmentKey, EveryViewerIsFirstForItsShare) {
  constexpr std::size_t kViewers = 10;
  std::array<int, kViewers> first{};
  for (int segment = 0; segment < 10'000; ++segment) {
    const std::uint64_t key = segmentKey("m+V0", std::to_string(segment));
    std::size_t best = 0;
    for (std::size_t viewer = 1; viewer < kViewers; ++viewer) {
      if (rankOf(hashOf(std::to_string(viewer)), key) < rankOf(hashOf(std::to_string(best)), key)) best = viewer;
    }
    ++first[best];
  }
  for (const int count : first) EXPECT_NEAR(count, 1000, 120);
}

}  // namespace
}  // namespace p2pml::engine
