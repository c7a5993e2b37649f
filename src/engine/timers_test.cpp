#include "engine/timers.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

using base::milliseconds;
using base::TimePoint;

TEST(Timers, TakesDueOnesInOrderOfTimeThenKey) {
  Timers timers;
  const TimePoint t0{};
  timers.set({TimerKind::httpSilence, 2}, t0 + milliseconds(5));
  timers.set({TimerKind::httpSilence, 1}, t0 + milliseconds(5));
  timers.set({TimerKind::mapBroadcast, 0}, t0 + milliseconds(3));
  EXPECT_EQ(timers.next(), t0 + milliseconds(3));
  EXPECT_FALSE(timers.takeDue(t0 + milliseconds(2)));
  EXPECT_EQ(timers.takeDue(t0 + milliseconds(5)), (TimerKey{TimerKind::mapBroadcast, 0}));
  EXPECT_EQ(timers.takeDue(t0 + milliseconds(5)), (TimerKey{TimerKind::httpSilence, 1}));
  EXPECT_EQ(timers.takeDue(t0 + milliseconds(5)), (TimerKey{TimerKind::httpSilence, 2}));
  EXPECT_EQ(timers.next(), base::kNever);
}

TEST(Timers, SettingAgainMovesAndCancelRemoves) {
  Timers timers;
  const TimePoint t0{};
  const TimerKey key{TimerKind::peerDownload, 7};
  timers.set(key, t0 + milliseconds(1));
  timers.set(key, t0 + milliseconds(9));
  EXPECT_FALSE(timers.takeDue(t0 + milliseconds(8)));
  EXPECT_TRUE(timers.active(key));
  timers.cancel(key);
  EXPECT_FALSE(timers.active(key));
  EXPECT_FALSE(timers.takeDue(t0 + milliseconds(100)));
}

}  // namespace
}  // namespace p2pml::engine
