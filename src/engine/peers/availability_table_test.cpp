#include "engine/peers/availability_table.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

/// Asks, and counts how often.
struct Asked {
  AvailabilityTable table;
  int count = 0;
  Availability says = Availability::loaded;
  Availability get(std::size_t seat, std::size_t row) {
    return table.get(seat, row, [this] {
      ++count;
      return says;
    });
  }
};

TEST(AvailabilityTable, AsksEachPeerOnceForEachSegment) {
  Asked asked;
  asked.table.reset(2, 3);
  for (int i = 0; i < 5; ++i) {
    for (std::size_t seat = 0; seat < 2; ++seat) {
      for (std::size_t row = 0; row < 3; ++row) EXPECT_EQ(asked.get(seat, row), Availability::loaded);
    }
  }
  EXPECT_EQ(asked.count, 6);
}

TEST(AvailabilityTable, AsksAgainWhereSomethingMayHaveChanged) {
  Asked asked;
  asked.table.reset(2, 1);
  asked.get(0, 0);
  asked.get(1, 0);
  asked.says = Availability::none;
  asked.table.forget(1);
  EXPECT_EQ(asked.get(0, 0), Availability::loaded);
  EXPECT_EQ(asked.get(1, 0), Availability::none);
  asked.table.reset(2, 1);
  EXPECT_EQ(asked.get(0, 0), Availability::none);
}

TEST(AvailabilityTable, WhatIsFarBehindIsAlwaysAskedFor) {
  Asked asked;
  asked.table.reset(1, 100'000);
  EXPECT_EQ(asked.get(0, AvailabilityTable::kMaxRows - 1), Availability::loaded);
  EXPECT_EQ(asked.get(0, AvailabilityTable::kMaxRows), Availability::loaded);
  asked.says = Availability::relaying;
  EXPECT_EQ(asked.get(0, AvailabilityTable::kMaxRows - 1), Availability::loaded);
  EXPECT_EQ(asked.get(0, AvailabilityTable::kMaxRows), Availability::relaying);
}

}  // namespace
}  // namespace p2pml::engine
