#include "base/id_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/rng.hpp"

namespace p2pml::base {
namespace {

using Map = IdMap<RequestId, std::string>;

std::vector<std::uint64_t> idsOf(const Map& map) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, text] : map) ids.push_back(id.value);
  return ids;
}

TEST(IdMap, KeepsItsEntriesInTheOrderOfTheirIds) {
  Map map;
  EXPECT_TRUE(idsOf(map).empty());
  map[RequestId(3)] = "c";
  map[RequestId(1)] = "a";
  map[RequestId(2)] = "b";
  map[RequestId(3)] = "d";
  EXPECT_THAT(idsOf(map), testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(map.find(RequestId(3))->second, "d");
  EXPECT_EQ(map.find(RequestId(4)), nullptr);
  map.erase(map.find(RequestId(2)));
  EXPECT_THAT(idsOf(map), testing::ElementsAre(1, 3));
  EXPECT_FALSE(map.contains(RequestId(2)));
}

TEST(IdMap, EntriesStayWhereTheyAreWhenOthersComeAndGo) {
  Map map;
  map[RequestId(50)] = "here";
  const Map::Entry* here = map.find(RequestId(50));
  for (std::uint64_t id = 1; id <= 100; ++id) map[RequestId(id)];
  for (std::uint64_t id = 1; id < 50; ++id) map.erase(map.find(RequestId(id)));
  EXPECT_EQ(map.find(RequestId(50)), here);
  EXPECT_EQ(here->second, "here");
}

TEST(IdMap, IsTheSameAsATree) {
  Rng rng(1);
  Map map;
  std::map<std::uint64_t, std::string> tree;
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t id = rng.below(60);
    if (rng.below(2) == 0) {
      map[RequestId(id)] = tree[id] = std::to_string(i);
    } else if (auto* entry = map.find(RequestId(id))) {
      EXPECT_EQ(entry->second, tree.at(id));
      map.erase(entry);
      tree.erase(id);
    } else {
      EXPECT_FALSE(tree.contains(id));
    }
  }
  std::vector<std::uint64_t> ids;
  for (const auto& [id, text] : tree) ids.push_back(id);
  EXPECT_EQ(idsOf(map), ids);
}

}  // namespace
}  // namespace p2pml::base
