#include "engine/generation.hpp"

#include <gtest/gtest.h>

#include <set>

namespace p2pml::engine {
namespace {

TEST(Generation, EveryRowIsFoundByItsName) {
  for (const Generation generation : allGenerations()) {
    EXPECT_EQ(generationNamed(infoOf(generation).name), generation) << infoOf(generation).name;
  }
  EXPECT_EQ(generationNamed("G1"), std::nullopt) << "never meets anybody: three versions within one week";
  EXPECT_EQ(generationNamed("g2"), std::nullopt);
  EXPECT_EQ(generationNamed(""), std::nullopt);
}

// docs/protocol/README.md: the populations never meet, because prefix, naming or hash differ.
TEST(Generation, NoTwoRowsShareASwarm) {
  std::set<std::tuple<std::string_view, StreamNaming, InfoHashRule>> swarms;
  for (const Generation generation : allGenerations()) {
    const GenerationInfo& info = infoOf(generation);
    EXPECT_TRUE(swarms.insert({info.swarmPrefix, info.streamNaming, info.infoHash}).second) << info.name;
  }
}

// 5a.1, 5b.2: 20 bytes, of which 12 are random.
TEST(Generation, PeerIdPrefixesAreEightCharacters) {
  for (const Generation generation : allGenerations()) {
    const std::string_view prefix = infoOf(generation).peerIdPrefix;
    EXPECT_EQ(prefix.size(), 8u) << prefix;
    EXPECT_TRUE(prefix.starts_with('-') && prefix.ends_with('-')) << prefix;
  }
}

}  // namespace
}  // namespace p2pml::engine
