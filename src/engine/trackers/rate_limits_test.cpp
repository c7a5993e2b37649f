#include "engine/trackers/rate_limits.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

base::TimePoint at(std::int64_t ms) { return base::TimePoint(base::milliseconds(ms)); }

TEST(RateLimit, AllowsTheBurstAndRefillsEvenly) {
  RateLimit limit(10, base::seconds(60));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.take(at(0))) << i;
  EXPECT_FALSE(limit.take(at(0)));
  EXPECT_FALSE(limit.take(at(5999)));
  EXPECT_TRUE(limit.take(at(6000)));
  EXPECT_FALSE(limit.take(at(6000)));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.take(at(66'000))) << i;
  EXPECT_FALSE(limit.take(at(66'000)));
}

TEST(RateLimit, RefusedOnesDoNotCount) {
  RateLimit limit(1, base::seconds(1));
  EXPECT_TRUE(limit.take(at(0)));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(limit.take(at(999)));
  EXPECT_TRUE(limit.take(at(1000)));
}

TEST(RecentLog, CountsTheWindow) {
  RecentLog log(base::seconds(300));
  EXPECT_EQ(log.recent(at(0)), 0U);
  log.add(at(0));
  log.add(at(1000));
  EXPECT_EQ(log.recent(at(299'999)), 2U);
  EXPECT_EQ(log.recent(at(300'000)), 1U);
  EXPECT_EQ(log.recent(at(301'000)), 0U);
}

TEST(RecentLog, TellsWhenThereIsRoom) {
  RecentLog log(base::seconds(300));
  for (int i = 0; i < 4; ++i) log.add(at(i * 1000));
  EXPECT_EQ(log.freeAt(at(5000), 1, 5), at(5000));
  EXPECT_EQ(log.freeAt(at(5000), 2, 5), at(300'000));
  EXPECT_EQ(log.freeAt(at(5000), 3, 5), at(301'000));
  EXPECT_EQ(log.freeAt(at(5000), 5, 5), at(303'000));
}

TEST(RecentLog, KeepsTheNewestAtItsCapacityAndOneAbove) {
  RecentLog log(base::seconds(300));
  for (std::size_t i = 0; i < RecentLog::kCapacity; ++i) log.add(at(static_cast<std::int64_t>(i)));
  EXPECT_EQ(log.freeAt(at(100), 1, RecentLog::kCapacity), at(300'000));
  log.add(at(100));
  EXPECT_EQ(log.recent(at(100)), RecentLog::kCapacity);
  EXPECT_EQ(log.freeAt(at(100), 1, RecentLog::kCapacity), at(300'001));
}

}  // namespace
}  // namespace p2pml::engine
