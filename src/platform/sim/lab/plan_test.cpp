#include "platform/sim/lab/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace p2pml::sim::lab {
namespace {

using base::seconds;
using base::TimePoint;

Scenario one(Group group) {
  Scenario scenario;
  if (group.line.empty()) group.line.push_back({1, Line{}});
  scenario.groups.push_back(std::move(group));
  return scenario;
}

Group comingEvery(std::size_t count, std::int64_t pause) {
  Group group;
  group.count = count;
  group.arrive = {ArrivalKind::every, seconds(pause), 0, seconds(1)};
  return group;
}

TEST(Plan, ViewersComeAsTheGroupSays) {
  const auto plan = planViewers(one(comingEvery(3, 2)), 1);
  ASSERT_EQ(plan.size(), 3U);
  EXPECT_EQ(plan[0].arrive, TimePoint(seconds(1)));
  EXPECT_EQ(plan[2].arrive, TimePoint(seconds(5)));
  EXPECT_EQ(plan[0].leave, base::kNever);
  EXPECT_NE(plan[0].seed, plan[1].seed);
}

TEST(Plan, TheSameSeedGivesTheSameAudience) {
  Group group = comingEvery(50, 1);
  group.stay = {StayKind::mean, seconds(30)};
  const auto leaves = [&](std::uint64_t seed) {
    std::vector<TimePoint> times;
    for (const auto& plan : planViewers(one(group), seed)) times.push_back(plan.leave);
    return times;
  };
  EXPECT_EQ(leaves(1), leaves(1));
  EXPECT_NE(leaves(1), leaves(2));
}

TEST(Plan, SharesAreKeptExactly) {
  Group group = comingEvery(10, 1);
  group.behaviour = {{3, Behaviour::leech}, {7, Behaviour::honest}};
  group.nat = {{1, Nat::cone}, {1, Nat::open}, {1, Nat::blocked}};
  const auto plan = planViewers(one(group), 5);
  EXPECT_EQ(std::ranges::count(plan, Behaviour::leech, &ViewerPlan::behaviour), 3);
  EXPECT_EQ(std::ranges::count(plan, Nat::cone, &ViewerPlan::nat), 4);
  EXPECT_EQ(std::ranges::count(plan, Nat::blocked, &ViewerPlan::nat), 3);
}

TEST(Plan, WhoLeavesIsReplacedUntilTheEnd) {
  Group group = comingEvery(2, 0);
  group.stay = {StayKind::forTime, seconds(10)};
  group.replace = true;
  Scenario scenario = one(group);
  scenario.duration = seconds(31);
  const auto plan = planViewers(scenario, 1);
  // At 1, 11 and 21 s, each twice; those of 21 s leave at the end.
  ASSERT_EQ(plan.size(), 6U);
  EXPECT_EQ(plan[5].arrive, TimePoint(seconds(21)));
}

TEST(Plan, NobodyComesAfterTheEnd) {
  Scenario scenario = one(comingEvery(10, 2));
  scenario.duration = seconds(5);
  EXPECT_EQ(planViewers(scenario, 1).size(), 2U);
}

TEST(Plan, OtherNumbersOfViewersKeepTheProportions) {
  Scenario scenario = one(comingEvery(10, 0));
  scenario.groups.push_back(scenario.groups[0]);
  scenario.groups[1].count = 30;
  const Scenario scaled = scaledTo(scenario, 1001);
  EXPECT_EQ(scaled.groups[0].count, 250U);
  EXPECT_EQ(scaled.groups[1].count, 751U);
  EXPECT_EQ(scaledTo(scenario, 0).viewers(), 40U);
  EXPECT_EQ(scaledTo(scenario, 2).groups[0].count, 1U);
  EXPECT_EQ(planViewers(scenario, 1, 1001).size(), 1001U);
}

TEST(Plan, PoissonAndFlashHaveTheirRates) {
  Group group = comingEvery(2000, 0);
  group.arrive = {ArrivalKind::perSecond, {}, 10, seconds(0)};
  EXPECT_NEAR(static_cast<double>(planViewers(one(group), 1).back().arrive.time_since_epoch().count()) / 1e6, 200, 15);
  group.arrive = {ArrivalKind::flash, seconds(10), 0, seconds(0)};
  const auto plan = planViewers(one(group), 1);
  // Half of an exponential distribution lies below mean * ln 2.
  EXPECT_NEAR(static_cast<double>(plan[1000].arrive.time_since_epoch().count()) / 1e6, 6.93, 0.5);
}

TEST(Plan, ExponentialVariatesHaveTheirMeanAndTheirForm) {
  base::Rng rng(3);
  double sum = 0;
  int above = 0;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    const double value = static_cast<double>(exponential(rng, seconds(60)).count()) / 60e6;
    sum += value;
    if (value > 2) ++above;
  }
  EXPECT_NEAR(sum / kDraws, 1, 0.01);
  EXPECT_NEAR(static_cast<double>(above) / kDraws, std::exp(-2), 0.005);
}

TEST(Plan, BlockedPairsAreSymmetricAndAsManyAsTheyShouldBe) {
  int blocked = 0;
  int all = 0;
  for (std::uint64_t a = 0; a < 200; ++a) {
    for (std::uint64_t b = 0; b < a; ++b) {
      ++all;
      if (chance(1, a, b, 0.3)) ++blocked;
      ASSERT_EQ(chance(1, a, b, 0.3), chance(1, b, a, 0.3));
    }
  }
  EXPECT_NEAR(static_cast<double>(blocked) / all, 0.3, 0.01);
  EXPECT_FALSE(chance(1, 2, 3, 0));
}

TEST(Plan, AVodHasTimeToEnd) {
  Scenario scenario = one(comingEvery(3, 2));
  EXPECT_GT(longestRun(scenario, planViewers(scenario, 1)), seconds(5 + 64));
  scenario.duration = seconds(10);
  EXPECT_EQ(longestRun(scenario, planViewers(scenario, 1)), seconds(10));
}

}  // namespace
}  // namespace p2pml::sim::lab
