#include "platform/sim/lab/scenario.hpp"

#include <gtest/gtest.h>

namespace p2pml::sim::lab {
namespace {

TEST(Scenario, OnlyTwoSymmetricNatsAndTheBlockedNeverMeet) {
  EXPECT_TRUE(natsMeet(Nat::open, Nat::open));
  EXPECT_TRUE(natsMeet(Nat::open, Nat::symmetric));
  EXPECT_TRUE(natsMeet(Nat::cone, Nat::cone));
  EXPECT_TRUE(natsMeet(Nat::symmetric, Nat::cone));
  EXPECT_FALSE(natsMeet(Nat::symmetric, Nat::symmetric));
  EXPECT_FALSE(natsMeet(Nat::blocked, Nat::open));
  EXPECT_FALSE(natsMeet(Nat::open, Nat::blocked));
}

TEST(Scenario, CountsTheViewersOfAllGroups) {
  Scenario scenario;
  EXPECT_EQ(scenario.viewers(), 0U);
  scenario.groups.resize(2);
  scenario.groups[1].count = 7;
  EXPECT_EQ(scenario.viewers(), 8U);
}

}  // namespace
}  // namespace p2pml::sim::lab
