#include "engine/peers/upload_limit.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

using base::milliseconds;
using base::TimePoint;

TimePoint at(std::int64_t ms) { return TimePoint(milliseconds(ms)); }

TEST(UploadLimit, NoneAllowsEverything) {
  UploadLimit limit(0);
  limit.take(UINT32_MAX);
  EXPECT_TRUE(limit.allows(at(0)));
}

TEST(UploadLimit, ABurstAndThenTheRate) {
  UploadLimit limit(1000);  // 250 bytes at once
  EXPECT_TRUE(limit.allows(at(0)));
  limit.take(200);
  EXPECT_TRUE(limit.allows(at(0)));
  limit.take(200);
  EXPECT_FALSE(limit.allows(at(0)));
  EXPECT_FALSE(limit.allows(at(150))) << "exactly paid back";
  EXPECT_TRUE(limit.allows(at(151)));
}

TEST(UploadLimit, TellsWhenItAllowsAgain) {
  UploadLimit limit(1000);
  ASSERT_TRUE(limit.allows(at(0)));
  limit.take(1250);
  ASSERT_FALSE(limit.allows(at(0)));
  const TimePoint again = limit.allowsAt();
  EXPECT_FALSE(limit.allows(again - milliseconds(1)));
  EXPECT_TRUE(limit.allows(again));
}

TEST(UploadLimit, APauseSavesNothingBeyondABurst) {
  UploadLimit limit(1000);
  ASSERT_TRUE(limit.allows(at(0)));
  ASSERT_TRUE(limit.allows(at(3'600'000)));
  limit.take(250);
  EXPECT_FALSE(limit.allows(at(3'600'000)));
}

TEST(UploadLimit, OverTimeExactlyTheRate) {
  UploadLimit limit(333);
  std::int64_t sent = 0;
  for (std::int64_t ms = 0; ms <= 100'000; ++ms) {
    while (limit.allows(at(ms))) {
      limit.take(10);
      sent += 10;
    }
  }
  EXPECT_NEAR(static_cast<double>(sent), 33'300 + 83, 10);
}

}  // namespace
}  // namespace p2pml::engine
