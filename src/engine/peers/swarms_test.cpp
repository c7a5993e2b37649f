#include "engine/peers/swarms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.hpp"

namespace p2pml::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Generation kG0 = Generation::g0;
constexpr Generation kG2 = Generation::g2;
constexpr Generation kG3 = Generation::g3;
constexpr Generation kG4 = Generation::g4;

class SwarmsTest : public testing::Test {
 protected:
  /// Example of peer-binary.md 5b.1, the stream V0.
  static StreamIdentity example() {
    StreamIdentity stream{"https://example.com/live/master.m3u8+V0", "https://example.com/live/master.m3u8", "V0", {}};
    stream.properties.emplace();
    stream.properties->bitrate = 2'149'280;
    stream.properties->codecs = "mp4a.40.2,avc1.64001f";
    stream.properties->width = 1280;
    stream.properties->height = 720;
    stream.properties->frameRate = "30.000";
    return stream;
  }
  std::vector<Swarm> of(const StreamIdentity& stream) {
    missing.clear();
    return swarms.of(stream, missing);
  }
  static std::vector<std::string> names(const std::vector<Swarm>& swarms) {
    std::vector<std::string> texts;
    for (const Swarm& swarm : swarms) texts.push_back(std::string(infoOf(swarm.generation).name) + " " + swarm.swarmId);
    return texts;
  }
  /// Joins one swarm for each generation; incomplete as their trackers tell, none where they have not.
  void join(std::vector<Generation> generations, std::int64_t maxPeers,
            const std::vector<std::optional<std::int64_t>>& incomplete) {
    settings.peerProtocols = std::move(generations);
    settings.maxPeers = maxPeers;
    auto joined = of(example());
    ASSERT_EQ(joined.size(), incomplete.size());
    for (std::size_t i = 0; i < joined.size(); ++i) joined[i].incomplete = incomplete[i];
    swarms.set(std::move(joined));
  }
  static Swarms::Counts counts(std::size_t g0, std::size_t g3, std::size_t g2 = 0) { return {g0, g2, g3, 0}; }

  Settings settings;
  base::Rng rng{7};
  Swarms swarms{settings, rng};
  std::vector<Generation> missing;
};

TEST_F(SwarmsTest, OneSwarmForEachGenerationInTheOrderOfTheSetting) {
  settings.peerProtocols = {kG3, kG0, kG4, kG2};
  Swarms fresh(settings, rng);
  const base::PeerId first = fresh.firstId();
  const auto all = fresh.of(example(), missing);
  EXPECT_EQ(all[0].ownId, first);
  EXPECT_THAT(names(all), ElementsAre("G3 v2-https://example.com/live/master.m3u8-main-0snm0AH7EyOZlDZkoFsh0BbUZkI=",
                                      "G0 https://example.com/live/master.m3u8+V0",
                                      testing::StartsWith("G4 v3-https://example.com/live/master.m3u8-main-"),
                                      "G2 v2-https://example.com/live/master.m3u8-main-0"));
  EXPECT_THAT(missing, IsEmpty());
  EXPECT_EQ(all[0].infoHash.view(), "nvoTDzXWC+I0dKz5zNnS");
  EXPECT_EQ(base::toHex(all[1].infoHash.view()), "ae9cd6bf657a583a6f33711f1cae11fa25c19b43");
  EXPECT_EQ(all[3].infoHash.view(), "L2uYwMcHhsstZuLv8ZqU");
  EXPECT_EQ(all[0].ownId.view().substr(0, 8), "-PM0203-");
  EXPECT_EQ(all[1].ownId.view().substr(0, 8), "-WW0006-");
  EXPECT_EQ(all[2].ownId.view().substr(0, 8), "-PM0500-");
  EXPECT_EQ(all[3].ownId.view().substr(0, 8), "-PM0202-");
}

TEST_F(SwarmsTest, GenerationsWhoseNameIsNotKnownAreLeftOut) {
  settings.peerProtocols = {kG0, kG2, kG3, kG4};
  StreamIdentity stream = example();
  stream.properties.reset();
  EXPECT_THAT(names(of(stream)), ElementsAre("G0 https://example.com/live/master.m3u8+V0",
                                             "G2 v2-https://example.com/live/master.m3u8-main-0"));
  EXPECT_THAT(missing, ElementsAre(kG3, kG4));
  stream.streamId = "A1";
  EXPECT_THAT(names(of(stream)), testing::Contains("G2 v2-https://example.com/live/master.m3u8-secondary-1"));
  stream.streamId.reset();
  EXPECT_THAT(names(of(stream)), ElementsAre("G0 https://example.com/live/master.m3u8+V0"));
  EXPECT_THAT(missing, ElementsAre(kG2, kG3, kG4));
  stream.streamId = "V00";  // nobody calls a stream so
  of(stream);
  EXPECT_THAT(missing, ElementsAre(kG2, kG3, kG4));
}

TEST_F(SwarmsTest, PropertiesCountMoreThanTheStreamId) {
  settings.peerProtocols = {kG2};
  StreamIdentity stream = example();
  stream.properties->index = 3;
  EXPECT_THAT(names(of(stream)), ElementsAre("G2 v2-https://example.com/live/master.m3u8-main-3"));
}

TEST_F(SwarmsTest, ASwarmThatIsJoinedAgainHasTheSamePeerId) {
  settings.peerProtocols = {kG0, kG3};
  const auto first = of(example());
  StreamIdentity other = example();
  other.streamSwarmId = "https://example.com/live/master.m3u8+V1";
  other.properties->bitrate = 1;
  const auto between = of(other);
  const auto again = of(example());
  ASSERT_EQ(again.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(first[i].ownId, again[i].ownId);
    EXPECT_EQ(first[i].infoHash, again[i].infoHash);
    EXPECT_NE(first[i].ownId, between[i].ownId);
    EXPECT_NE(first[i].infoHash, between[i].infoHash);
  }
  EXPECT_NE(first[0].ownId, first[1].ownId);
}

TEST_F(SwarmsTest, FindsByGenerationAndByInfoHash) {
  join({kG0, kG3}, 100, {std::nullopt, std::nullopt});
  EXPECT_EQ(swarms.find(kG3), &swarms.joined()[1]);
  EXPECT_EQ(swarms.find(kG2), nullptr);
  EXPECT_EQ(swarms.find(swarms.joined()[0].infoHash), &swarms.joined()[0]);
  EXPECT_EQ(swarms.find(base::InfoHash{}), nullptr);
}

TEST_F(SwarmsTest, CountsAllOthersAndOurselvesOnce) {
  EXPECT_EQ(swarms.incomplete(), 1);  // in no swarm: we alone
  join({kG0, kG3}, 100, {std::nullopt, std::nullopt});
  const base::InfoHash g0 = swarms.joined()[0].infoHash;
  const base::InfoHash g3 = swarms.joined()[1].infoHash;
  EXPECT_EQ(swarms.incomplete(), std::nullopt);
  swarms.setIncomplete(g0, 1);
  EXPECT_EQ(swarms.incomplete(), std::nullopt);  // the other may be full of peers
  swarms.setIncomplete(g0, 3);
  EXPECT_EQ(swarms.incomplete(), 3);
  swarms.setIncomplete(g3, 1);
  EXPECT_EQ(swarms.incomplete(), 3);
  swarms.setIncomplete(g3, 5);
  EXPECT_EQ(swarms.incomplete(), 7);
  swarms.setIncomplete(g0, 0);  // it does not count us (yet)
  EXPECT_EQ(swarms.incomplete(), 5);
  swarms.setIncomplete(g3, 0);
  EXPECT_EQ(swarms.incomplete(), 1);
  swarms.setIncomplete(base::InfoHash{}, 50);
  EXPECT_EQ(swarms.incomplete(), 1);
}

TEST_F(SwarmsTest, OneGenerationHasAllPlaces) {
  join({kG0}, 10, {50});
  EXPECT_EQ(swarms.room(kG0, counts(0, 0)), 10);
  EXPECT_EQ(swarms.room(kG0, counts(7, 0)), 3);
  EXPECT_EQ(swarms.room(kG0, counts(10, 0)), 0);
  EXPECT_EQ(swarms.room(kG0, counts(12, 0)), 0);
  EXPECT_TRUE(swarms.belowShare(kG0, counts(9, 0)));
  EXPECT_FALSE(swarms.belowShare(kG0, counts(10, 0)));
  EXPECT_FALSE(swarms.aboveShare(kG0, counts(10, 0)));
}

TEST_F(SwarmsTest, PlacesAreKeptOnlyForThoseWhoAreThere) {
  struct Row {
    std::optional<std::int64_t> incompleteG0, incompleteG3;
    std::size_t g0, g3;
    std::int64_t roomG0, roomG3;
  };
  const std::vector<Row> rows = {
      // Nobody has told of others: first come.
      {std::nullopt, std::nullopt, 0, 0, 10, 10},
      {50, 1, 0, 0, 10, 5},  // G3 has its share, the rest is for the 49 of G0
      {50, 1, 10, 0, 0, 0},  // G0 has all (and must give, see aboveShare)
      {50, 3, 0, 0, 8, 5},   // two are kept for G3
      {50, 3, 8, 0, 0, 2},   //
      {50, 3, 8, 1, 0, 1},   //
      {50, 3, 7, 2, 1, 1},   // those two are here: the rest is free
      {50, 50, 0, 0, 5, 5},  // halves
      {50, 50, 5, 0, 0, 5},  //
      {50, 50, 3, 5, 2, 0},  //
      {50, 50, 5, 5, 0, 0},  //
      {50, 50, 9, 0, 0, 1},  //
      {2, 50, 0, 9, 1, 0},   //
      {2, 50, 1, 8, 1, 1},   //
  };
  for (const Row& row : rows) {
    join({kG0, kG3}, 10, {row.incompleteG0, row.incompleteG3});
    SCOPED_TRACE(std::to_string(row.g0) + " and " + std::to_string(row.g3) + " of " +
                 std::to_string(row.incompleteG0.value_or(-1)) + " and " +
                 std::to_string(row.incompleteG3.value_or(-1)));
    EXPECT_EQ(swarms.room(kG0, counts(row.g0, row.g3)), row.roomG0);
    EXPECT_EQ(swarms.room(kG3, counts(row.g0, row.g3)), row.roomG3);
  }
}

TEST_F(SwarmsTest, SharesAreBelowAndAbove) {
  join({kG0, kG3}, 10, {50, 50});
  EXPECT_TRUE(swarms.belowShare(kG3, counts(6, 4)));
  EXPECT_FALSE(swarms.aboveShare(kG3, counts(6, 4)));
  EXPECT_FALSE(swarms.belowShare(kG0, counts(6, 4)));
  EXPECT_TRUE(swarms.aboveShare(kG0, counts(6, 4)));
  EXPECT_FALSE(swarms.aboveShare(kG0, counts(5, 4)));
}

TEST_F(SwarmsTest, TwoThatWaitDoNotKeepThePlacesFromEachOther) {
  // G3 was first and has 6 of 9; 3 are free, and 3 of each other wait.
  join({kG0, kG2, kG3}, 9, {4, 4, 50});
  EXPECT_EQ(swarms.room(kG0, counts(0, 6)), 3);
  EXPECT_EQ(swarms.room(kG2, counts(0, 6)), 3);
  EXPECT_EQ(swarms.room(kG3, counts(0, 6)), 0);
  // Never more than is free.
  EXPECT_EQ(swarms.room(kG0, counts(0, 9)), 0);
}

TEST_F(SwarmsTest, FewerPlacesThanGenerations) {
  join({kG0, kG2, kG3}, 2, {50, 50, 50});
  // Nobody has a share: first come.
  EXPECT_EQ(swarms.room(kG0, counts(0, 0)), 2);
  EXPECT_EQ(swarms.room(kG3, counts(1, 0)), 1);
  EXPECT_EQ(swarms.room(kG3, counts(1, 1)), 0);
  EXPECT_FALSE(swarms.belowShare(kG3, counts(2, 0)));
  join({kG0, kG3}, 0, {50, 50});
  EXPECT_EQ(swarms.room(kG0, counts(0, 0)), 0);
}

}  // namespace
}  // namespace p2pml::engine
