#include "base/sort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"

namespace p2pml::base {
namespace {

TEST(Sort, EveryOrderOfFewElementsIsSorted) {
  for (int size = 0; size <= 6; ++size) {
    std::vector<int> sorted(static_cast<std::size_t>(size));
    for (int i = 0; i < size; ++i) sorted[static_cast<std::size_t>(i)] = i / 2;  // some twice
    std::vector<int> order = sorted;
    do {
      std::vector<int> values = order;
      sort(values);
      EXPECT_EQ(values, sorted);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(Sort, ManyElementsByAnOrderOfOnesOwn) {
  Rng rng(7);
  for (const std::size_t size : {10U, 1000U, 20000U}) {
    std::vector<std::uint64_t> values(size);
    for (std::uint64_t& value : values) value = rng.below(size);
    std::vector<std::uint64_t> sorted = values;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    sort(values, std::greater<>());
    EXPECT_EQ(values, sorted);
  }
}

TEST(Sort, StablyIfAskedFor) {
  Rng rng(8);
  std::vector<std::pair<std::uint64_t, int>> values;
  for (int i = 0; i < 3000; ++i) values.emplace_back(rng.below(40), i);
  auto sorted = values;
  const auto byFirst = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(sorted.begin(), sorted.end(), byFirst);
  stableSort(values, byFirst);
  EXPECT_EQ(values, sorted);
}

TEST(Sort, APartOfAContainer) {
  std::vector<std::string> texts{"z", "c", "a", "b", "0"};
  sort(texts.begin() + 1, 3, std::less<>());
  EXPECT_EQ(texts, (std::vector<std::string>{"z", "a", "b", "c", "0"}));
}

}  // namespace
}  // namespace p2pml::base
