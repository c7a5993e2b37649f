#include "platform/sim/lab/invariants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace p2pml::sim::lab {
namespace {

using base::milliseconds;
using base::seconds;
using base::TimePoint;

class InvariantsTest : public ::testing::Test {
 protected:
  void SetUp() override { invariants.arrived(0); }
  static TimePoint at(std::int64_t ms) { return TimePoint(milliseconds(ms)); }
  [[nodiscard]] std::string only() const {
    if (violations.count() != 1) return std::to_string(violations.count()) + " violations";
    const Violation& v = violations.list()[0];
    return v.check + ", viewer " + std::to_string(v.viewer) + ": " + v.what;
  }

  Limits limits;
  Violations violations;
  Invariants invariants{limits, violations};
};

TEST_F(InvariantsTest, AllHaveNamesAndMeanings) {
  std::set<std::string> names;
  for (const auto& info : invariantInfos()) {
    EXPECT_NE(std::string(info.meaning), "");
    names.insert(info.name);
  }
  EXPECT_EQ(names.size(), invariantInfos().size());
}

TEST_F(InvariantsTest, ASegmentThatIsLoadedTwice) {
  invariants.loaded(0, at(1), 0, 5);
  invariants.loaded(0, at(2), 1, 5);
  EXPECT_EQ(violations.count(), 0U);
  invariants.loaded(0, at(3), 0, 5);
  EXPECT_EQ(only(), "segments-once, viewer 1: segment 5 was loaded a second time");
}

TEST_F(InvariantsTest, AfterASeekASegmentMayComeAgain) {
  invariants.loaded(0, at(1), 0, 5);
  invariants.restarted(0);
  invariants.loaded(0, at(3), 0, 5);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(InvariantsTest, WrongBytes) {
  invariants.delivered(0, at(1), 3, true);
  EXPECT_EQ(violations.count(), 0U);
  invariants.delivered(0, at(1), 3, false);
  EXPECT_EQ(only(), "segments-correct, viewer 1: segment 3 has not the origin's bytes");
}

TEST_F(InvariantsTest, ManyRequestsForOneSegmentInAll) {
  for (std::uint64_t i = 0; i < limits.getsPerSegment; ++i) {
    invariants.asked(0, at(static_cast<std::int64_t>(i) * 1000), 0, 5);
    invariants.asked(0, at(static_cast<std::int64_t>(i) * 1000), 0, 6);
  }
  EXPECT_EQ(violations.count(), 0U);
  invariants.asked(0, at(100'000), 0, 5);
  EXPECT_EQ(only(), "no-request-storm, viewer 1: asked the origin 9 times for segment 5");
}

TEST_F(InvariantsTest, ManyRequestsForOneSegmentAtOnce) {
  for (std::uint64_t i = 0; i < limits.getsPerSecond; ++i) invariants.asked(0, at(static_cast<std::int64_t>(i)), 0, 5);
  EXPECT_EQ(violations.count(), 0U);
  invariants.asked(0, at(900), 0, 5);
  EXPECT_EQ(only(), "no-request-storm, viewer 1: asked the origin 5 times within a second for segment 5");
}

TEST_F(InvariantsTest, TooManyPeersTooMuchStoredTooLoudTooBusy) {
  invariants.peers(0, at(1), 4, 4);
  invariants.stored(0, at(1), 50, 50);
  invariants.spun(0, at(1), 100);
  EXPECT_EQ(violations.count(), 0U);
  invariants.peers(0, at(1), 5, 4);
  invariants.stored(0, at(1), 51, 50);
  invariants.spun(0, at(1), 101);
  invariants.spoke(0, at(1), "an event");
  std::set<std::string> checks;
  for (const auto& violation : violations.list()) checks.insert(violation.check);
  EXPECT_EQ(checks, (std::set<std::string>{kMaxPeers, kStoreBounded, kNoSpinning, kSilentAfterEnd}));
}

TEST_F(InvariantsTest, OnlyTheFirstOfAKindAreKept) {
  for (int i = 0; i < 100; ++i) invariants.spoke(0, at(i), "an event");
  invariants.peers(0, at(1), 5, 4);
  EXPECT_EQ(violations.count(), 101U);
  EXPECT_EQ(violations.list().size(), Violations::kKept + 1);
}

class TwinTest : public ::testing::Test {
 protected:
  TwinTest() {
    mine.viewers.resize(2);
    twin.viewers.resize(2);
    mine.originBytes = twin.originBytes = 1000;
  }
  std::string first() {
    Violations violations;
    compareWithTwin(mine, twin, limits, violations);
    return violations.list().empty() ? "" : violations.list()[0].check + ": " + violations.list()[0].what;
  }
  Records mine;
  Records twin;
  Limits limits;
};

TEST_F(TwinTest, StallsInAllIfTheScenarioSaysSo) {
  limits.stallsInAll = true;
  mine.viewers[0].stallTime = seconds(3);
  twin.viewers[1].stallTime = seconds(3);
  EXPECT_EQ(first(), "");
  twin.viewers[1].stallTime = seconds(2);
  EXPECT_EQ(first(), "no-more-stalls-than-http: all viewers stalled for 3000 ms, over plain HTTP for 2000 ms");
}

TEST_F(TwinTest, AsGoodAsPlainHttpIsGoodEnough) {
  mine.viewers[1].stallTime = twin.viewers[1].stallTime = seconds(3);
  mine.viewers[1].longStalls = twin.viewers[1].longStalls = 2;
  mine.viewers[0].stallTime = milliseconds(250);
  mine.originBytes = 1050;
  EXPECT_EQ(first(), "");
}

TEST_F(TwinTest, LongerStalls) {
  mine.viewers[0].stallTime = milliseconds(251);
  EXPECT_EQ(first(), "no-more-stalls-than-http: stalled for 251 ms, over plain HTTP for 0 ms");
}

TEST_F(TwinTest, WhoStartedSoonerHasWaitedSoMuchLess) {
  mine.viewers[0].startup = milliseconds(600);
  twin.viewers[0].startup = seconds(3);
  mine.viewers[0].stallTime = milliseconds(2650);
  EXPECT_EQ(first(), "");
  mine.viewers[0].stallTime = milliseconds(2651);
  EXPECT_EQ(first(), "no-more-stalls-than-http: stalled for 2651 ms, over plain HTTP for 0 ms");
  // Nobody else has waited less for it.
  limits.stallsInAll = true;
  mine.viewers[0].stallTime = seconds(1);
  mine.viewers[1].startup = twin.viewers[1].startup = seconds(1);
  mine.viewers[1].stallTime = milliseconds(251);
  EXPECT_EQ(first(), "no-more-stalls-than-http: all viewers stalled for 251 ms, over plain HTTP for 0 ms");
}

TEST_F(TwinTest, MoreStalls) {
  twin.viewers[0].stallTime = mine.viewers[0].stallTime = seconds(2);
  twin.viewers[0].longStalls = 1;
  mine.viewers[0].longStalls = 2;
  EXPECT_EQ(first(), "no-more-stalls-than-http: stalled 2 times, over plain HTTP 1 times");
}

TEST_F(TwinTest, WhatTheClassicRulesCostIsToldApart) {
  mine.viewers[0].stallTime = milliseconds(6500);
  mine.viewers[0].ruledStall = seconds(6);
  mine.viewers[0].ruledLate = milliseconds(500);
  EXPECT_EQ(first(), "");
  mine.viewers[0].stallTime = milliseconds(6751);
  EXPECT_EQ(first(), "no-more-stalls-than-http: stalled for 6751 ms, over plain HTTP for 0 ms");
  // All together have no such delay.
  limits.stallsInAll = true;
  mine.viewers[0].stallTime = milliseconds(6250);
  EXPECT_EQ(first(), "");
  mine.viewers[0].stallTime = milliseconds(6251);
  EXPECT_EQ(first(), "no-more-stalls-than-http: all viewers stalled for 251 ms, over plain HTTP for 0 ms");
}

TEST_F(TwinTest, SegmentsGivenUp) {
  mine.viewers[1].skipped = 1;
  EXPECT_EQ(first(), "nothing-missing: gave up 1 segments, over plain HTTP 0");
}

TEST_F(TwinTest, AnOriginThatSendsMore) {
  mine.originBytes = 1051;
  EXPECT_EQ(first(), "no-more-origin-than-http: the origin sent 1051 bytes, over plain HTTP 1000");
}

}  // namespace
}  // namespace p2pml::sim::lab
