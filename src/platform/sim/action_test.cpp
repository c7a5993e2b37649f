#include "platform/sim/action.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>

namespace p2pml::sim {
namespace {

TEST(Action, SmallAndBigOnesAreMovedCalledAndDestroyedOnce) {
  const auto count = std::make_shared<int>(0);
  std::array<char, 3 * Action::kInPlace> big{};
  big.back() = 5;
  Action small = [count] { ++*count; };
  Action large = [count, big] { *count += big.back(); };
  Action plain = [raw = count.get()] { *raw += 100; };
  EXPECT_EQ(count.use_count(), 3);
  for (Action* action : {&small, &large, &plain}) {
    Action moved = std::move(*action);
    EXPECT_FALSE(*action);
    *action = std::move(moved);
    ASSERT_TRUE(*action);
    (*action)();
  }
  EXPECT_EQ(*count, 106);
  EXPECT_EQ(count.use_count(), 3);
  small = nullptr;
  large = std::move(plain);
  EXPECT_EQ(count.use_count(), 1);
}

TEST(Action, MayHoldWhatCannotBeCopied) {
  int value = 0;
  Action action = [owned = std::make_unique<int>(3), &value] { value = *owned; };
  Action other = std::move(action);
  other();
  EXPECT_EQ(value, 3);
}

}  // namespace
}  // namespace p2pml::sim
