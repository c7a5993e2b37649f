#include "engine/peers/availability_table.hpp"

#include <gtest/gtest.h>

#include "wire/peer_node.hpp"

namespace p2pml::engine {
namespace {

/// Asks, and counts how often.
struct Asked {
  AvailabilityTable table;
  int count = 0;
  Said says{Availability::loaded};
  Said get(std::size_t seat, std::size_t row) {
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
      for (std::size_t row = 0; row < 3; ++row) EXPECT_EQ(asked.get(seat, row).state, Availability::loaded);
    }
  }
  EXPECT_EQ(asked.count, 6);
}

TEST(AvailabilityTable, AsksAgainWhereSomethingMayHaveChanged) {
  Asked asked;
  asked.table.reset(2, 1);
  asked.get(0, 0);
  asked.get(1, 0);
  asked.says = {Availability::none};
  asked.table.forget(1);
  EXPECT_EQ(asked.get(0, 0).state, Availability::loaded);
  EXPECT_EQ(asked.get(1, 0).state, Availability::none);
  asked.table.reset(2, 1);
  EXPECT_EQ(asked.get(0, 0).state, Availability::none);
}

TEST(AvailabilityTable, RemembersEveryStateAndDepth) {
  Asked asked;
  for (const Availability state :
       {Availability::none, Availability::loadingByHttp, Availability::relaying, Availability::loaded}) {
    for (std::uint8_t depth = 0; depth <= wire::kMaxRelayDepth; ++depth) {
      asked.says = {state, depth};
      asked.table.reset(1, 1);
      EXPECT_EQ(asked.get(0, 0), asked.says);
      const Said said = asked.says;
      asked.says = {};
      EXPECT_EQ(asked.get(0, 0), said);
    }
  }
}

TEST(AvailabilityTable, WhatIsFarBehindIsAlwaysAskedFor) {
  Asked asked;
  asked.table.reset(1, 100'000);
  EXPECT_EQ(asked.get(0, AvailabilityTable::kMaxRows - 1).state, Availability::loaded);
  EXPECT_EQ(asked.get(0, AvailabilityTable::kMaxRows).state, Availability::loaded);
  asked.says = {Availability::relaying};
  EXPECT_EQ(asked.get(0, AvailabilityTable::kMaxRows - 1).state, Availability::loaded);
  EXPECT_EQ(asked.get(0, AvailabilityTable::kMaxRows).state, Availability::relaying);
}

}  // namespace
}  // namespace p2pml::engine
