#include "platform/native/native_clock_port.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "platform/native/testing/loop_runner.hpp"

namespace p2pml::native {
namespace {

class NativeClockPortTest : public ::testing::Test {
 protected:
  NativeClockPortTest() {
    clock->wake = [this] {
      ++wakes;
      lastWake = clock->now();
    };
  }

  boost::asio::io_context loop;
  std::unique_ptr<NativeClockPort> clock = std::make_unique<NativeClockPort>(loop);
  int wakes = 0;
  base::TimePoint lastWake{};
};

TEST_F(NativeClockPortTest, TimeGoesOnFromAfterZeroAndIsTheSameForAll) {
  boost::asio::io_context otherLoop;
  const NativeClockPort other(otherLoop);
  const base::TimePoint first = clock->now();
  const base::TimePoint second = other.now();
  const base::TimePoint third = clock->now();
  EXPECT_GT(first, base::TimePoint{});
  EXPECT_LE(first, second);
  EXPECT_LE(second, third);
}

TEST_F(NativeClockPortTest, WakesOnceNotBeforeTheTime) {
  const base::TimePoint when = clock->now() + base::milliseconds(20);
  clock->wakeAt(when);
  EXPECT_EQ(wakes, 0);
  loop.run();
  EXPECT_EQ(wakes, 1);
  EXPECT_GE(lastWake, when);
}

TEST_F(NativeClockPortTest, TimeInThePastWakesLaterThanTheCall) {
  clock->wakeAt(base::TimePoint{});
  EXPECT_EQ(wakes, 0);
  loop.run();
  EXPECT_EQ(wakes, 1);
}

TEST_F(NativeClockPortTest, NewTimeReplacesTheOldOneAndNeverDisarms) {
  clock->wakeAt(base::TimePoint::max() - base::seconds(1));
  clock->wakeAt(clock->now() + base::milliseconds(1));
  loop.run();
  EXPECT_EQ(wakes, 1);
  loop.restart();
  clock->wakeAt(clock->now());
  clock->wakeAt(base::kNever);
  loop.run();
  EXPECT_EQ(wakes, 1);
}

TEST_F(NativeClockPortTest, ExpiredButReplacedTimeDoesNotWake) {
  // Both handlers are ready before either runs; the first one disarms.
  clock->wakeSoon();
  clock->wakeAt(base::TimePoint{});
  clock->wake = [this] {
    ++wakes;
    clock->wakeAt(base::kNever);
  };
  loop.run();
  EXPECT_EQ(wakes, 1);
}

TEST_F(NativeClockPortTest, WakeSoonIsLaterAndOnce) {
  clock->wakeSoon();
  clock->wakeSoon();
  EXPECT_EQ(wakes, 0);
  loop.run();
  EXPECT_EQ(wakes, 1);
}

TEST_F(NativeClockPortTest, WakeSoonFromInsideWakeIsAnotherWake) {
  clock->wake = [this] {
    if (++wakes < 3) clock->wakeSoon();
  };
  clock->wakeSoon();
  loop.run();
  EXPECT_EQ(wakes, 3);
}

TEST_F(NativeClockPortTest, NothingAfterDestruction) {
  clock->wakeSoon();
  clock->wakeAt(base::TimePoint{});
  clock.reset();
  loop.run();
  EXPECT_EQ(wakes, 0);
}

TEST_F(NativeClockPortTest, MayBeDestroyedFromInsideWake) {
  auto witness = std::make_shared<int>(0);
  clock->wake = [this, witness] {
    clock.reset();
    ++*witness;  // still there after its owner has gone
  };
  clock->wakeSoon();
  clock->wakeAt(base::TimePoint{});
  loop.run();
  EXPECT_EQ(*witness, 1);
}

}  // namespace
}  // namespace p2pml::native
