#include "engine/uplink.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

using base::milliseconds;
using base::seconds;
using base::TimePoint;

constexpr std::uint64_t kSegment = 1'000'000;  // of 4 s: 875,000 bytes/s for each answer

class UplinkTest : public testing::Test {
 protected:
  /// That line is busy for so many seconds.
  void busy(std::uint64_t bytesPerSecond, int count) {
    for (int i = 0; i < 10 * count; ++i) {
      uplink.passedOn(now, bytesPerSecond / 10);
      now += milliseconds(100);
    }
    uplink.passedOn(now, 0);
  }
  [[nodiscard]] std::uint64_t answers() const { return uplink.answersAtATime(kSegment, seconds(4)); }

  Uplink uplink;
  TimePoint now{seconds(50)};
};

TEST_F(UplinkTest, IsTheBestSecond) {
  EXPECT_EQ(uplink.bytesPerSecond(), 0u);
  busy(400'000, 1);
  EXPECT_EQ(uplink.bytesPerSecond(), 400'000u);
  busy(600'000, 2);
  EXPECT_EQ(uplink.bytesPerSecond(), 600'000u);
  busy(320'000, 1);
  EXPECT_EQ(uplink.bytesPerSecond(), 600'000u - 600'000u / 32);
}

TEST_F(UplinkTest, WhatWasBetterIsForgotten) {
  busy(6'400'000, 1);
  busy(640'000, 200);
  EXPECT_EQ(uplink.bytesPerSecond(), 640'000u);
}

TEST_F(UplinkTest, ALongPauseIsNoSlowSecond) {
  busy(640'000, 1);
  now += seconds(3600);
  uplink.passedOn(now, 1);
  EXPECT_EQ(uplink.bytesPerSecond(), 640'000u - 640'000u / 32);
}

TEST_F(UplinkTest, ServesAsManyAsItHasTheSpeedFor) {
  EXPECT_EQ(answers(), Uplink::kUsualAnswers);
  busy(10, 1);
  EXPECT_EQ(answers(), 1u);
  busy(875'000, 1);
  EXPECT_EQ(answers(), 1u);
  busy(876'000, 1);
  EXPECT_EQ(answers(), 2u);
  busy(2'700'000, 1);
  EXPECT_EQ(answers(), 4u);
  busy(1ULL << 50, 1);
  EXPECT_EQ(answers(), Uplink::kMostAnswers);
}

TEST_F(UplinkTest, WithoutAStreamItIsTheUsualNumber) {
  busy(10'000'000, 1);
  EXPECT_EQ(uplink.answersAtATime(0, seconds(4)), Uplink::kUsualAnswers);
  EXPECT_EQ(uplink.answersAtATime(kSegment, base::Duration()), Uplink::kUsualAnswers);
  EXPECT_EQ(uplink.answersAtATime(~0ULL, base::Duration(1)), 1u);
}

}  // namespace
}  // namespace p2pml::engine
