// What players get from the gateway when something fails, with exact times and no I/O.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.hpp"
#include "gateway/gateway.hpp"
#include "gateway/testing/gateway_harness.hpp"

namespace p2pml::gateway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct GatewayFaultsTest : testing::Test {
  GatewayHarness world;
};

TEST_F(GatewayFaultsTest, WhatTheEngineCannotLoadIsAnsweredAsByThePlainUrl) {
  const std::string path = world.playManifest(kUrl, vod(3));
  const ExchangeId asked = world.request(besides(path, "1.ts"));
  world.failed(id(1));
  EXPECT_THAT(world.fetching(), ElementsAre("https://example.com/a/1.ts"));
  world.respond("https://example.com/a/1.ts", "gone", 404);
  EXPECT_EQ(world.answer(asked).status, 404);
  EXPECT_EQ(world.answer(asked).body, "gone");
  // The next one as ever.
  world.request(besides(path, "2.ts"));
  EXPECT_THAT(world.lane().sequences(), ElementsAre("2"));
}

/// The origin fails, and the engine goes on with a peer: the player is not told of a failure that another source makes
/// good.
TEST_F(GatewayFaultsTest, WhatAPeerHasIsWaitedFor) {
  const std::string path = world.playManifest(kUrl, vod(3));
  const ExchangeId asked = world.request(besides(path, "1.ts"));
  world.failed(id(1), 1, true);
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.advance(7'999);
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.loaded(id(1), "from a peer");
  EXPECT_EQ(world.answer(asked).body, "from a peer");
  // Not for ever.
  world.request(besides(path, "2.ts"));
  world.failed(id(2), 1, true);
  world.advance(8'000);
  EXPECT_THAT(world.fetching(), ElementsAre("https://example.com/a/2.ts"));
}

/// The engine tries again: an origin that is away for a moment is not seen.
TEST_F(GatewayFaultsTest, AnOriginThatIsNotThereIsTriedAgainBeforeThePlayerIsTold) {
  const std::string path = world.playManifest(kUrl, vod(3));
  const ExchangeId asked = world.request(besides(path, "1.ts"));
  for (int second = 0; second < 7; ++second) {
    world.unreachable(id(1));
    world.advance(1'000);
  }
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.loaded(id(1), "abc");
  EXPECT_EQ(world.answer(asked).body, "abc");
  const ExchangeId next = world.request(besides(path, "2.ts"));
  world.unreachable(id(2));
  world.advance(8'000);
  world.fail("https://example.com/a/2.ts");
  EXPECT_EQ(world.answer(next).status, 502);
}

/// Loaded ahead it failed: whoever asks for it then is told so soon, and again at once.
TEST_F(GatewayFaultsTest, WhatTheOriginRefusedAMomentAgoIsNotWaitedForLong) {
  const std::string path = world.playManifest(kUrl, vod(9));
  world.request(besides(path, "0.ts"));
  world.failed(id(1));
  world.loaded(id(0), "abc");
  const ExchangeId asked = world.request(besides(path, "1.ts"));
  world.advance(999);
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.advance(1);
  world.respond("https://example.com/a/1.ts", "gone", 404);
  EXPECT_EQ(world.answer(asked).status, 404);
  const ExchangeId again = world.request(besides(path, "1.ts"));
  world.respond("https://example.com/a/1.ts", "gone", 404);
  EXPECT_EQ(world.answer(again).status, 404);
  // It is no seek: the next one is what the player needs next.
  EXPECT_EQ(world.lane().sequences().front(), "2");
  // After a while the engine may try again.
  world.advance(20'000);
  world.request(besides(path, "1.ts"));
  EXPECT_THAT(world.fetching(), IsEmpty());
}

TEST_F(GatewayFaultsTest, AnEncoderThatWasRestartedIsNotMixedUpWithTheOneBefore) {
  const std::string path = world.playManifest(kUrl, live(5, 5));
  world.request(besides(path, "8.ts"));
  const ExchangeId begun = world.request(besides(path, "9.ts"));
  world.loaded(id(8), "old 8");
  world.bytes(id(9), 0, "old", 5);
  world.advance(1'000);
  std::string anew = live(8, 1);
  anew.replace(anew.find("8.ts"), 4, "b.ts");
  const ExchangeId manifest = world.request(path);
  world.respond(kUrl, anew);
  EXPECT_EQ(world.answer(manifest).body, anew);
  EXPECT_THAT(world.logs, Contains(HasSubstr("began anew")));
  // Who is being answered gets the rest; others are given nothing of it any more.
  EXPECT_EQ(world.lanes.size(), 1U);
  const ExchangeId other = world.request(besides(path, "b.ts"));
  world.respond("https://example.com/a/b.ts", "new 8");
  EXPECT_EQ(world.answer(other).body, "new 8");
  world.loaded(id(9), "old 9");
  EXPECT_EQ(world.answer(begun).body, "old 9");
  EXPECT_TRUE(world.lanes.empty());
}

TEST_F(GatewayFaultsTest, QualitiesThatChangePlacesAreNotMixedUp) {
  const std::string master = "https://example.com/a/master.m3u8";
  const std::string low = "#EXT-X-STREAM-INF:BANDWIDTH=300000\nlow/index.m3u8\n";
  const std::string high = "#EXT-X-STREAM-INF:BANDWIDTH=900000\nhigh/index.m3u8\n";
  const std::string path = world.playManifest(master, "#EXTM3U\n" + low + high);
  const auto look = [&](const std::string& name) {
    world.request(besides(path, name + "/index.m3u8"));
    world.respond("https://example.com/a/" + name + "/index.m3u8", vod(3));
  };
  look("low");
  world.request(besides(path, "low/0.ts"));
  world.advance(6'000);
  world.request(path);
  world.respond(master, "#EXTM3U\n" + high + low);
  look("high");
  const ExchangeId asked = world.request(besides(path, "high/0.ts"));
  world.respond("https://example.com/a/high/0.ts", "high");
  EXPECT_EQ(world.answer(asked).body, "high");
  look("low");
  const ExchangeId before = world.request(besides(path, "low/1.ts"));
  EXPECT_THAT(world.lookups, Not(Contains(Field(&std::pair<LaneId, std::string>::second, HasSubstr("V0+1")))));
  EXPECT_EQ(world.answer(before).status, 0);
}

TEST_F(GatewayFaultsTest, ASeedLearnsThatQualitiesHaveChangedPlaces) {
  const std::string master = "https://example.com/a/master.m3u8";
  const std::string low = "#EXT-X-STREAM-INF:BANDWIDTH=300000\nlow.m3u8\n";
  const std::string high = "#EXT-X-STREAM-INF:BANDWIDTH=900000\nhigh.m3u8\n";
  world.input(input::Seed{master});
  world.respond(master, "#EXTM3U\n" + low + high);
  for (const char* name : {"low", "high"})
    world.respond(std::string("https://example.com/a/") + name + ".m3u8", vod(3));
  EXPECT_THAT(world.lane(1).queue, SizeIs(3));
  world.advance(60'000);
  world.respond(master, "#EXTM3U\n" + low + high);
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.advance(60'000);
  world.respond(master, "#EXTM3U\n" + high + low);
  for (const char* name : {"low", "high"})
    world.respond(std::string("https://example.com/a/") + name + ".m3u8", vod(3));
  // What it kept has another name now.
  EXPECT_FALSE(world.lanes.contains(LaneId(1)));
  EXPECT_FALSE(world.lanes.contains(LaneId(2)));
  for (const auto& [id, lane] : world.lanes) EXPECT_THAT(lane.queue, IsEmpty());
}

TEST_F(GatewayFaultsTest, ConnectionsThatAreDeadDoNotKeepTheManifestFromComing) {
  const std::string path = world.playManifest(kUrl, live(0, 5));
  std::vector<FetchId> dead;
  for (int second = 1; second <= 60; second += 5) {
    world.advance(5'000);
    world.request(path);
    EXPECT_LE(world.fetches.size(), 3U);
    dead.push_back(world.fetches.rbegin()->first);
  }
  EXPECT_NE(dead[10], dead[11]) << "there is a new one whenever a player asks";
  EXPECT_FALSE(world.fetches.contains(dead[5]));
}

TEST_F(GatewayFaultsTest, AnOriginThatSaysNothingIsAskedAgainBesideAndTheLastManifestHelps) {
  const std::string path = world.playManifest(kUrl, live(0, 5));
  world.advance(1'000);
  const ExchangeId first = world.request(path);
  world.advance(3'999);
  world.request(path);
  EXPECT_THAT(world.fetching(), SizeIs(1));
  world.advance(1);
  const ExchangeId second = world.request(path);
  EXPECT_THAT(world.fetching(), SizeIs(2)) << "the first one's connection may be dead";
  EXPECT_EQ(world.answer(first).status, 0);
  world.advance(1'000);
  EXPECT_EQ(world.answer(first).body, live(0, 5)) << "as it was";
  EXPECT_EQ(world.answer(second).status, 0);
  // One of them fails, the other brings it.
  world.fail(kUrl);
  EXPECT_THAT(world.fetching(), SizeIs(1));
  EXPECT_EQ(world.answer(second).status, 0);
  world.respond(kUrl, live(1, 5));
  EXPECT_EQ(world.answer(second).body, live(1, 5));
  // Without one from before there is nothing but to wait.
  const ExchangeId other = world.request(besides(path, "other.m3u8"));
  world.advance(30'000);
  EXPECT_EQ(world.answer(other).status, 0);
}

TEST_F(GatewayFaultsTest, AnEngineThatBringsNothingIsPassedOver) {
  const std::string path = world.playManifest(kUrl, vod(3));
  const ExchangeId asked = world.request(besides(path, "1.ts"));
  world.advance(7'999);
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(world.fetching(), ElementsAre("https://example.com/a/1.ts"));
  world.respond("https://example.com/a/1.ts", "body");
  EXPECT_EQ(world.answer(asked).body, "body");
}

/// A player that asks again has a connection of its own soon: the engine's may be dead.
TEST_F(GatewayFaultsTest, WhoAsksAgainForWhatTheEngineDidNotBringDoesNotWaitAsLong) {
  const std::string path = world.playManifest(kUrl, vod(3));
  const ExchangeId first = world.request(besides(path, "1.ts"));
  world.advance(10'000);
  EXPECT_THAT(world.fetching(), SizeIs(1));
  world.hangUp(first);
  EXPECT_THAT(world.fetching(), IsEmpty());
  const ExchangeId second = world.request(besides(path, "1.ts"));
  world.advance(999);
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.advance(1);
  world.respond("https://example.com/a/1.ts", "body");
  EXPECT_EQ(world.answer(second).body, "body");
  // Others are waited for as ever.
  world.request(besides(path, "2.ts"));
  world.advance(7'999);
  EXPECT_THAT(world.fetching(), IsEmpty());
}

TEST_F(GatewayFaultsTest, AnAnswerThatHasBegunAndStopsIsCut) {
  const std::string path = world.playManifest(kUrl, vod(3));
  const ExchangeId asked = world.request(besides(path, "1.ts"));
  world.bytes(id(1), 0, "abc", 6);
  world.advance(29'999);
  EXPECT_FALSE(world.answer(asked).cut);
  world.advance(1);
  EXPECT_TRUE(world.answer(asked).cut);
}

/// Twenty seconds without an origin: the playlist stays what it was, segments that the engine gets from elsewhere come.
TEST_F(GatewayFaultsTest, TheOriginIsDownForTwentySeconds) {
  const std::string path = world.playManifest(kUrl, live(0, 5));
  for (int second = 0; second < 20; second += 4) {
    world.advance(4'000);
    const ExchangeId asked = world.request(path);
    world.fail(kUrl);
    EXPECT_EQ(world.answer(asked).status, 200) << second;
    EXPECT_EQ(world.answer(asked).body, live(0, 5));
  }
  const ExchangeId segment = world.request(besides(path, "4.ts"));
  world.loaded(id(4), "from a peer");
  EXPECT_EQ(world.answer(segment).body, "from a peer");
  const base::Result<base::Json> stats = base::parseJson(world.get("/api/stats").body);
  EXPECT_NE(stats->find("streams")->array()->at(0).find("stuckFor")->number(), nullptr);
  // It is back.
  world.advance(4'000);
  const ExchangeId back = world.request(path);
  world.respond(kUrl, live(5, 5));
  EXPECT_EQ(world.answer(back).body, live(5, 5));
  EXPECT_TRUE(
      base::parseJson(world.get("/api/stats").body)->find("streams")->array()->at(0).find("stuckFor")->isNull());
}

TEST_F(GatewayFaultsTest, AnOriginThatStaysAwayIsToldAfterAMinute) {
  const std::string path = world.playManifest(kUrl, live(0, 5));
  world.advance(60'000);
  const ExchangeId asked = world.request(path);
  world.fail(kUrl);
  EXPECT_EQ(world.answer(asked).status, 502);
  EXPECT_THAT(world.answer(asked).body, HasSubstr("connection refused"));
  world.advance(1'000);
  const ExchangeId late = world.request(path);
  world.fail(kUrl, base::ErrorCode::timeout);
  EXPECT_EQ(world.answer(late).status, 504);
}

TEST_F(GatewayFaultsTest, APlayerThatHangsUpIsForgotten) {
  const std::string path = world.playManifest(kUrl, vod(3));
  const ExchangeId segment = world.request(besides(path, "1.ts"));
  world.hangUp(segment);
  EXPECT_THAT(world.lane().followed, IsEmpty());
  world.loaded(id(1), "abc");
  const ExchangeId key = world.request(besides(path, "key.bin"));
  EXPECT_THAT(world.fetching(), SizeIs(1));
  world.hangUp(key);
  EXPECT_THAT(world.fetching(), IsEmpty());
  const ExchangeId manifest = world.request(besides(path, "other.m3u8"));
  world.hangUp(manifest);
  world.respond("https://example.com/a/other.m3u8", vod(1));
}

}  // namespace
}  // namespace p2pml::gateway
