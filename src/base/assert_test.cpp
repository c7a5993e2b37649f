#include "base/assert.hpp"

#include <gtest/gtest.h>

namespace p2pml::base {
namespace {

TEST(Assert, WhatHoldsIsSilentAndEvaluatedOnce) {
  int evaluated = 0;
  P2PML_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(AssertDeathTest, WhatDoesNotHoldNamesItsPlaceAndEnds) {
  EXPECT_DEATH_IF_SUPPORTED(P2PML_ASSERT(1 + 1 == 3), "assertion failed at .*assert_test\\.cpp:[0-9]+: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace p2pml::base
