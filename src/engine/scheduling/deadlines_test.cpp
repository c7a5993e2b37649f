#include "engine/scheduling/deadlines.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

using base::milliseconds;
using base::seconds;
using base::TimePoint;

/// Segments from..from+2 with priorities counted from `playhead`.
std::vector<Segment> listFrom(std::int64_t from, std::int64_t playhead) {
  std::vector<Segment> list;
  for (std::int64_t n = from; n < from + 3; ++n) {
    list.emplace_back("s" + std::to_string(n), "u", std::nullopt, std::max<std::int64_t>(0, n - playhead));
  }
  return list;
}

class DeadlinesTest : public ::testing::Test {
 protected:
  std::vector<std::int64_t> at(std::int64_t milliseconds, const std::vector<Segment>& list) {
    std::vector<const Segment*> pointers;
    for (const Segment& segment : list) pointers.push_back(&segment);
    std::vector<std::int64_t> result;
    for (const auto& need : deadlines.update(TimePoint(base::milliseconds(milliseconds)), pointers)) {
      result.push_back(base::toMilliseconds(need.at));
    }
    return result;
  }
  using Times = std::vector<std::int64_t>;
  Deadlines deadlines;
};

TEST_F(DeadlinesTest, WhatTheApplicationSaysCounts) {
  auto list = listFrom(0, 0);
  list[0].neededIn = 0;
  list[1].neededIn = 700;
  list[2].neededIn = 2700;
  EXPECT_EQ(at(100, list), (Times{100, 800, 2800}));
}

TEST_F(DeadlinesTest, WithoutItPriorityTimesDuration) {
  auto list = listFrom(0, 0);
  for (Segment& segment : list) segment.duration = 2000;
  EXPECT_EQ(at(100, list), (Times{100, 2100, 4100}));
}

TEST_F(DeadlinesTest, ALoadThatChangesNoPrioritySaysNothingNew) {
  EXPECT_EQ(at(0, listFrom(0, 0)), (Times{0, 4000, 8000}));
  EXPECT_EQ(at(3000, listFrom(1, 0)), (Times{4000, 8000, 12000}));
  EXPECT_EQ(at(5000, listFrom(1, 0)), (Times{5000, 8000, 12000})) << "late: it is waited for";
}

TEST_F(DeadlinesTest, WhenPrioritiesFallThePlayheadHasEnteredTheNextSegment) {
  at(0, listFrom(0, 0));
  EXPECT_EQ(at(2000, listFrom(1, 1)), (Times{2000, 4000, 6000})) << "and its pace is known: two seconds a segment";
  EXPECT_EQ(at(4100, listFrom(2, 2)), (Times{4100, 6200, 8300}));
}

TEST_F(DeadlinesTest, ASeekStartsAnew) {
  at(0, listFrom(0, 0));
  at(2000, listFrom(1, 1));
  EXPECT_EQ(at(2500, listFrom(50, 50)), (Times{2500, 4500, 6500}));
  EXPECT_EQ(at(3000, listFrom(50, 49)), (Times{5000, 7000, 9000})) << "priorities rose: back by a segment";
}

TEST_F(DeadlinesTest, NonsenseIsBounded) {
  auto list = listFrom(0, 0);
  list[0].neededIn = -5;
  list[1].neededIn = std::int64_t{1} << 62;
  list[2].duration = std::int64_t{1} << 62;
  list[2].priority = std::int64_t{1} << 62;
  const Times times = at(10, list);
  EXPECT_EQ(times[0], 10);
  EXPECT_EQ(times[1], 10 + 24LL * 3600 * 1000);
  EXPECT_EQ(times[2], 10 + 24LL * 3600 * 1000 * 10'000);
}

}  // namespace
}  // namespace p2pml::engine
