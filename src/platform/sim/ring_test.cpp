#include "platform/sim/ring.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <utility>

namespace p2pml::sim {
namespace {

TEST(Ring, IsAQueueWhateverTheOrderOfCalls) {
  Ring<int> ring;
  std::deque<int> model;
  std::uint32_t state = 7;
  for (int i = 0; i < 10'000; ++i) {
    state = state * 1664525U + 1013904223U;
    // Long fillings and long emptyings in turn, so that it wraps and grows at all places.
    if ((state >> 16) % 8 < (i / 100 % 2 == 0 ? 5U : 3U)) {
      ring.push(i);
      model.push_back(i);
    } else if (!model.empty()) {
      ASSERT_EQ(ring.front(), model.front());
      ASSERT_EQ(ring.takeFront(), model.front());
      model.pop_front();
    }
    ASSERT_EQ(ring.size(), model.size());
    ASSERT_EQ(ring.empty(), model.empty());
    for (std::size_t k = 0; k < model.size(); k += 7) ASSERT_EQ(ring[k], model[k]);
  }
}

TEST(Ring, WhatIsTakenOrClearedIsHeldNoLonger) {
  Ring<std::shared_ptr<int>> ring;
  const auto value = std::make_shared<int>(1);
  for (int i = 0; i < 5; ++i) ring.push(value);
  EXPECT_EQ(value.use_count(), 6);
  ring.takeFront();
  EXPECT_EQ(value.use_count(), 5);
  Ring<std::shared_ptr<int>> other(std::move(ring));
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(other.size(), 4U);
  other.clear();
  EXPECT_EQ(value.use_count(), 1);
}

}  // namespace
}  // namespace p2pml::sim
