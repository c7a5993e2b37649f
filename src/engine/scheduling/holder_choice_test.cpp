#include "engine/scheduling/holder_choice.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

/// How often each of them is chosen in 10,000 draws.
std::vector<int> drawn(const std::vector<Holder>& holders) {
  base::Rng rng(1);
  std::vector<int> counts(holders.size());
  for (int i = 0; i < 10'000; ++i) ++counts[*chooseHolder(holders, rng)];
  return counts;
}

Holder whole(std::uint64_t bytesPerSecond) {
  Holder holder;
  holder.state = Availability::loaded;
  holder.bytesPerSecond = bytesPerSecond;
  return holder;
}

TEST(HolderChoice, NobodyOfNone) {
  base::Rng rng(1);
  EXPECT_FALSE(chooseHolder({}, rng));
  EXPECT_FALSE(fastestHolder({}));
}

TEST(HolderChoice, EvenWhereNothingIsMeasured) {
  for (const int count : drawn({whole(0), whole(0), whole(0), whole(0)})) EXPECT_NEAR(count, 2500, 150);
}

TEST(HolderChoice, BySpeedButTheSlowestStaysInPlay) {
  const auto counts = drawn({whole(1'000'000), whole(500'000), whole(1)});  // 1000 : 500 : 100
  EXPECT_NEAR(counts[0], 6250, 200);
  EXPECT_NEAR(counts[1], 3125, 200);
  EXPECT_NEAR(counts[2], 625, 100);
}

TEST(HolderChoice, TheUnmeasuredGetAShare) {
  const auto counts = drawn({whole(1'000'000), whole(0)});
  EXPECT_NEAR(counts[1], 3333, 200);
}

TEST(HolderChoice, WhoRelaysIsAskedLess) {
  std::vector<Holder> holders{whole(0), whole(0), whole(0)};
  holders[1].state = holders[2].state = Availability::relaying;
  holders[2].depth = 3;
  const auto counts = drawn(holders);  // 1000 : 500 : 200
  EXPECT_NEAR(counts[1], 2941, 200);
  EXPECT_NEAR(counts[2], 1176, 150);
}

TEST(HolderChoice, TheFastest) {
  EXPECT_EQ(fastestHolder({whole(5), whole(9), whole(0)}), 1U);
  EXPECT_FALSE(fastestHolder({whole(0), whole(0)}));
}

TEST(HolderChoice, ImpossibleSpeedsDoNoHarm) {
  const auto counts = drawn({whole(UINT64_MAX), whole(1)});
  EXPECT_NEAR(counts[1], 909, 120);
}

}  // namespace
}  // namespace p2pml::engine
