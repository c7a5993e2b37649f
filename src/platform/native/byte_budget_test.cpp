#include "platform/native/byte_budget.hpp"

#include <gtest/gtest.h>

namespace p2pml::native {
namespace {

constexpr base::TimePoint kStart{base::seconds(100)};

TEST(ByteBudget, WhatWasTakenBeyondItIsADebt) {
  ByteBudget budget(100'000);  // 16 KiB at once
  EXPECT_TRUE(budget.take(kStart, 20'000));
  EXPECT_FALSE(budget.take(kStart, 1));
  // 3616 bytes of debt and one more byte.
  EXPECT_EQ(budget.ready(), kStart + base::Duration(36'171));
  EXPECT_FALSE(budget.take(kStart + base::milliseconds(36), 1));
  EXPECT_TRUE(budget.take(budget.ready(), 1));
}

TEST(ByteBudget, KeepsTheRateOverTime) {
  ByteBudget budget(1'000'000);
  base::TimePoint now = kStart;
  std::uint64_t taken = 0;
  while (now < kStart + base::seconds(10)) {
    if (budget.take(now, 16'384)) {
      taken += 16'384;
    } else {
      EXPECT_GT(budget.ready(), now);
      now = budget.ready();
    }
  }
  EXPECT_GE(taken, 10'000'000U);
  EXPECT_LE(taken, 10'000'000U + 100'000U + 2 * 16'384U);
}

TEST(ByteBudget, SilenceSavesUpNoMoreThanABurst) {
  ByteBudget budget(1'000'000);
  EXPECT_TRUE(budget.take(kStart, 1));
  const base::TimePoint later = kStart + base::seconds(86'400);
  EXPECT_TRUE(budget.take(later, 100'000));
  EXPECT_FALSE(budget.take(later, 1));
}

TEST(ByteBudget, ClocksThatGoBackAndRatesWithoutSenseDoNoHarm) {
  ByteBudget slow(0);  // counts as one byte a second
  EXPECT_TRUE(slow.take(kStart, 16'384));
  EXPECT_FALSE(slow.take(kStart - base::seconds(50), 1));
  EXPECT_FALSE(slow.take(kStart + base::milliseconds(999), 1));
  EXPECT_TRUE(slow.take(kStart + base::seconds(1), 1));
  ByteBudget fast(UINT64_MAX);
  EXPECT_TRUE(fast.take(kStart, std::size_t{1} << 30));
}

}  // namespace
}  // namespace p2pml::native
