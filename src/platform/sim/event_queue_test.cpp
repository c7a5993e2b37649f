#include "platform/sim/event_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace p2pml::sim {
namespace {

using ::testing::ElementsAre;

constexpr base::TimePoint at(std::int64_t us) { return base::TimePoint(base::Duration(us)); }

TEST(EventQueue, RunsInOrderOfTimeThenOfAsking) {
  EventQueue queue;
  std::vector<int> order;
  queue.at(at(20), [&] { order.push_back(4); });
  queue.at(at(10), [&] { order.push_back(1); });
  queue.at(at(10), [&] { order.push_back(2); });
  queue.at(at(10), [&] { order.push_back(3); });
  queue.runUntil(at(15));
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  EXPECT_EQ(queue.now(), at(15));
  queue.runUntil(at(20));
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
}

TEST(EventQueue, SoonComesBeforeEverythingElseOfTheInstant) {
  EventQueue queue;
  std::vector<int> order;
  queue.at(at(10), [&] {
    order.push_back(1);
    queue.soon([&] {
      order.push_back(2);
      queue.soon([&] { order.push_back(4); });
    });
    queue.soon([&] { order.push_back(3); });
    queue.at(at(5), [&] { order.push_back(6); });
  });
  queue.at(at(10), [&] { order.push_back(5); });
  queue.runUntil(at(10));
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(EventQueue, CancelledEventsDoNotRunAndOldHandlesHitNothing) {
  EventQueue queue;
  int runs = 0;
  const auto first = queue.at(at(10), [&] { ++runs; });
  queue.cancel(first);
  EXPECT_EQ(queue.nextTime(), base::kNever);
  const auto second = queue.at(at(10), [&] { ++runs; });
  EXPECT_EQ(second.slot, first.slot);
  queue.cancel(first);
  queue.cancel({});
  queue.runUntil(at(10));
  EXPECT_EQ(runs, 1);
  queue.cancel(second);
  EXPECT_FALSE(queue.step());
}

TEST(EventQueue, AnEventMayCancelAnotherOfItsInstant) {
  EventQueue queue;
  int runs = 0;
  EventQueue::Handle victim;
  queue.at(at(10), [&] { queue.cancel(victim); });
  victim = queue.at(at(10), [&] { ++runs; });
  queue.runUntil(at(10));
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace p2pml::sim
