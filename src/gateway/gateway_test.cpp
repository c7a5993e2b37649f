// What players, origins and strangers get from the gateway, with exact times and no I/O.
#include "gateway/gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.hpp"
#include "gateway/testing/gateway_harness.hpp"

namespace p2pml::gateway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct GatewayTest : testing::Test {
  GatewayHarness world;
};

// ------------------------------------------------------------------------------------------------------------- opening

TEST_F(GatewayTest, PlayRedirectsToTheManifestUnderItsOwnPath) {
  const std::string path = world.play("https://example.com/a/index.m3u8?token=secret");
  EXPECT_TRUE(path.starts_with("/s/")) << path;
  EXPECT_TRUE(path.ends_with("/0/a/index.m3u8?token=secret")) << path;
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.request(path);
  EXPECT_THAT(world.fetching(), ElementsAre("https://example.com/a/index.m3u8?token=secret"));
  for (const std::string& line : world.logs) EXPECT_THAT(line, Not(HasSubstr("secret")));
  EXPECT_THAT(world.get("/api/stats").body, Not(HasSubstr("token=secret")));
}

TEST_F(GatewayTest, RelativeUrlsOfAManifestStayAsTheyAre) {
  const std::string path = world.play(kUrl);
  const ExchangeId asked = world.request(path);
  world.respond(kUrl, vod(2));
  EXPECT_EQ(world.answer(asked).body, vod(2));
  EXPECT_EQ(world.answer(asked).header("Content-Type"), "application/vnd.apple.mpegurl");
  EXPECT_EQ(world.answer(asked).header("Access-Control-Allow-Origin"), "*");
  EXPECT_TRUE(world.answer(asked).ended);
}

TEST_F(GatewayTest, PlayersWhoAskTogetherShareOneFetchOfTheManifest) {
  const std::string path = world.play(kUrl);
  const ExchangeId one = world.request(path);
  const ExchangeId two = world.request(path);
  EXPECT_THAT(world.fetching(), SizeIs(1));
  world.respond(kUrl, live(0, 3));
  EXPECT_EQ(world.answer(one).body, live(0, 3));
  EXPECT_EQ(world.answer(two).body, live(0, 3));
  world.advance(499);
  EXPECT_EQ(world.get(path).body, live(0, 3));
  world.advance(1);
  world.request(path);
  EXPECT_THAT(world.fetching(), SizeIs(1));
}

TEST_F(GatewayTest, AManifestThatHasNotChangedIsNotSentAgain) {
  const std::string path = world.playManifest(kUrl, vod(2));
  const std::string tag = world.get(path).header("ETag");
  const auto again = world.get(path, {{"If-None-Match", tag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_TRUE(again.ended);
}

TEST_F(GatewayTest, WhatIsNoManifestIsRefusedInPlainWords) {
  const std::string path = world.play(kUrl);
  const ExchangeId asked = world.request(path);
  world.respond(kUrl, "<!doctype html><title>hello</title>");
  EXPECT_EQ(world.answer(asked).status, 502);
  EXPECT_THAT(world.answer(asked).body, HasSubstr("not an HLS or DASH manifest: "));
}

TEST_F(GatewayTest, TheOriginsOwnAnswerForAManifestIsPassedOn) {
  const std::string path = world.play(kUrl);
  const ExchangeId asked = world.request(path);
  world.respond(kUrl, "no such stream", 404, {{"Content-Type", "text/plain"}});
  EXPECT_EQ(world.answer(asked).status, 404);
  EXPECT_EQ(world.answer(asked).body, "no such stream");
}

TEST_F(GatewayTest, ManifestsThatNameFilesOrScriptsAreRefused) {
  for (const char* uri : {"file:///etc/passwd", "javascript:alert(1)", "ftp://example.com/1.ts"}) {
    GatewayHarness other;
    const std::string path = other.play(kUrl);
    const ExchangeId asked = other.request(path);
    other.respond(kUrl, "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n" + std::string(uri) + "\n#EXT-X-ENDLIST\n");
    EXPECT_EQ(other.answer(asked).status, 502) << uri;
    EXPECT_THAT(other.answer(asked).body, HasSubstr(uri)) << uri;
  }
}

TEST_F(GatewayTest, APublicStreamCannotNamePrivateAddresses) {
  const std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://192.168.1.1/admin\n#EXT-X-ENDLIST\n";
  const std::string path = world.play(kUrl);
  const ExchangeId asked = world.request(path);
  world.respond(kUrl, text);
  EXPECT_EQ(world.answer(asked).status, 502);
  EXPECT_THAT(world.answer(asked).body, HasSubstr("private network"));
  EXPECT_TRUE(world.fetches.empty());
  // What the user opened at home may.
  const std::string atHome = world.play("http://192.168.1.1/index.m3u8");
  const ExchangeId home = world.request(atHome);
  EXPECT_FALSE(world.fetches.begin()->second.publicOnly);
  world.respond("http://192.168.1.1/index.m3u8", text);
  EXPECT_EQ(world.answer(home).status, 200);
}

// ------------------------------------------------------------------------------------------------------------ segments

TEST_F(GatewayTest, ASegmentIsAnsweredWhileItsBytesCome) {
  const std::string path = world.playManifest(kUrl, vod(5));
  const ExchangeId asked = world.request(besides(path, "1.ts"));
  EXPECT_THAT(world.fetching(), IsEmpty());
  EXPECT_THAT(world.lane().sequences(), ElementsAre("1", "2", "3", "4"));
  EXPECT_EQ(world.lane().queue[0].priority, 0);
  EXPECT_THAT(world.lane().followed, ElementsAre(id(1)));
  EXPECT_EQ(world.answer(asked).status, 0);
  world.bytes(id(1), 0, "abc", 6);
  EXPECT_EQ(world.answer(asked).status, 200);
  EXPECT_EQ(world.answer(asked).length, 6U);
  EXPECT_EQ(world.answer(asked).body, "abc");
  EXPECT_EQ(world.answer(asked).header("Content-Type"), "video/mp2t");
  world.bytes(id(1), 3, "de", 6);
  EXPECT_FALSE(world.answer(asked).ended);
  world.loaded(id(1), "abcdef");
  EXPECT_EQ(world.answer(asked).body, "abcdef");
  EXPECT_TRUE(world.answer(asked).ended);
  EXPECT_THAT(world.lane().sequences(), ElementsAre("2", "3", "4"));
}

TEST_F(GatewayTest, WhatThePlayerHasWholeStaysInTheQueueUntilItsSourceHasSaidThatItWasAll) {
  const std::string path = world.playManifest(kUrl, vod(5));
  const ExchangeId asked = world.request(besides(path, "1.ts"));
  world.bytes(id(1), 0, "abcdef", 6);
  EXPECT_TRUE(world.answer(asked).ended);
  EXPECT_THAT(world.lane().sequences(), ElementsAre("2", "3", "4", "1"));
  const ExchangeId next = world.request(besides(path, "2.ts"));
  world.bytes(id(2), 0, "gh", 2);
  EXPECT_TRUE(world.answer(next).ended);
  EXPECT_THAT(world.lane().sequences(), ElementsAre("3", "4", "1", "2"));
  world.loaded(id(1), "abcdef");
  EXPECT_THAT(world.lane().sequences(), ElementsAre("3", "4", "2"));
  world.failed(id(2));
  EXPECT_THAT(world.lane().sequences(), ElementsAre("3", "4"));
}

TEST_F(GatewayTest, ASegmentOfUnknownLengthIsSentInChunks) {
  const std::string path = world.playManifest(kUrl, vod(2));
  const ExchangeId asked = world.request(besides(path, "0.ts"));
  world.bytes(id(0), 0, "abc", 0);
  EXPECT_EQ(world.answer(asked).status, 200);
  EXPECT_EQ(world.answer(asked).length, std::nullopt);
  world.loaded(id(0), "abcdef");
  EXPECT_EQ(world.answer(asked).body, "abcdef");
}

TEST_F(GatewayTest, AStoredSegmentIsAnsweredAtOnce) {
  const std::string path = world.playManifest(kUrl, vod(2));
  const ExchangeId asked = world.request(besides(path, "0.ts"));
  ASSERT_THAT(world.lookups, SizeIs(1));
  world.input(input::SegmentFound{world.lookups[0].first, world.lookups[0].second, base::Bytes::copyOf("all")});
  EXPECT_EQ(world.answer(asked).body, "all");
  EXPECT_TRUE(world.answer(asked).ended);
}

TEST_F(GatewayTest, TwoPlayersShareOneEngineAndOneDownload) {
  const std::string path = world.playManifest(kUrl, vod(5));
  const ExchangeId one = world.request(besides(path, "0.ts"), {{"User-Agent", "one"}});
  world.bytes(id(0), 0, "abc", 4);
  const ExchangeId two = world.request(besides(path, "0.ts"), {{"User-Agent", "two"}});
  EXPECT_EQ(world.answer(two).body, "abc");
  world.loaded(id(0), "abcd");
  EXPECT_EQ(world.answer(one).body, "abcd");
  EXPECT_EQ(world.answer(two).body, "abcd");
  EXPECT_EQ(world.lanes.size(), 1U);
  // The nearest of both says what is urgent.
  world.request(besides(path, "1.ts"), {{"User-Agent", "one"}});
  world.request(besides(path, "3.ts"), {{"User-Agent", "two"}});
  EXPECT_THAT(world.lane().sequences(), ElementsAre("1", "3", "2", "4"));
}

TEST_F(GatewayTest, OneRangeOfASegment) {
  const std::string path = world.playManifest(kUrl, vod(2));
  const ExchangeId asked = world.request(besides(path, "0.ts"), {{"Range", "bytes=2-3"}});
  world.bytes(id(0), 0, "abc", 6);
  EXPECT_EQ(world.answer(asked).status, 206);
  EXPECT_EQ(world.answer(asked).header("Content-Range"), "bytes 2-3/6");
  EXPECT_EQ(world.answer(asked).length, 2U);
  EXPECT_EQ(world.answer(asked).body, "c");
  world.bytes(id(0), 3, "de", 6);
  EXPECT_EQ(world.answer(asked).body, "cd");
  EXPECT_TRUE(world.answer(asked).ended);
  const ExchangeId beyond = world.request(besides(path, "0.ts"), {{"Range", "bytes=6-"}});
  world.loaded(id(0), "abcdef");
  EXPECT_EQ(world.answer(beyond).status, 416);
  EXPECT_EQ(world.answer(beyond).header("Content-Range"), "bytes */6");
  const ExchangeId several = world.request(besides(path, "0.ts"), {{"Range", "bytes=0-1,4-5"}});
  world.input(input::SegmentFound{LaneId(1), id(0), base::Bytes::copyOf("abcdef")});
  EXPECT_EQ(world.answer(several).status, 200);
  EXPECT_EQ(world.answer(several).body, "abcdef");
}

TEST_F(GatewayTest, HeadAndConditionsOfASegment) {
  const std::string path = world.playManifest(kUrl, vod(2));
  const auto stored = [&] { world.input(input::SegmentFound{LaneId(1), id(0), base::Bytes::copyOf("abcdef")}); };
  const ExchangeId head = world.request(besides(path, "0.ts"), {}, "HEAD");
  stored();
  EXPECT_EQ(world.answer(head).status, 200);
  EXPECT_EQ(world.answer(head).length, 6U);
  EXPECT_EQ(world.answer(head).body, "");
  EXPECT_TRUE(world.answer(head).ended);
  const ExchangeId again = world.request(besides(path, "0.ts"), {{"If-None-Match", world.answer(head).header("ETag")}});
  stored();
  EXPECT_EQ(world.answer(again).status, 304);
  const ExchangeId ifRange =
      world.request(besides(path, "0.ts"), {{"If-Range", world.answer(head).header("ETag")}, {"Range", "bytes=0-1"}});
  stored();
  EXPECT_EQ(world.answer(ifRange).status, 200);
}

TEST_F(GatewayTest, OtherBytesFromAnotherSourceCutAnAnswerThatHasBegun) {
  const std::string path = world.playManifest(kUrl, vod(2));
  const ExchangeId asked = world.request(besides(path, "0.ts"));
  world.bytes(id(0), 0, "abc", 6);
  world.bytes(id(0), 0, "xyz1", 6);
  EXPECT_TRUE(world.answer(asked).cut);
  const ExchangeId again = world.request(besides(path, "0.ts"));
  EXPECT_EQ(world.answer(again).body, "xyz1");
}

TEST_F(GatewayTest, PartsOfAFileGoThroughTheEngineOnceItsLengthIsKnown) {
  const std::string text =
      "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"all.mp4\",BYTERANGE=\"10@0\"\n#EXTINF:4,\n"
      "#EXT-X-BYTERANGE:4@10\nall.mp4\n#EXTINF:4,\n#EXT-X-BYTERANGE:6@14\nall.mp4\n#EXT-X-ENDLIST\n";
  const std::string path = world.playManifest(kUrl, text);
  const std::string file = besides(path, "all.mp4");
  const std::string origin = "https://example.com/a/all.mp4";
  const ExchangeId init = world.request(file, {{"Range", "bytes=0-9"}});
  EXPECT_EQ(headerValue(world.fetches.begin()->second.headers, "Range"), "bytes=0-9");
  world.respond(origin, "0123456789", 206, {{"Content-Range", "bytes 0-9/20"}, {"Content-Type", "video/mp4"}});
  EXPECT_EQ(world.answer(init).status, 206);
  EXPECT_EQ(world.answer(init).header("Content-Range"), "bytes 0-9/20");
  EXPECT_TRUE(world.lanes.empty());
  const ExchangeId first = world.request(file, {{"Range", "bytes=10-13"}});
  EXPECT_THAT(world.fetching(), IsEmpty());
  EXPECT_EQ(world.lane().queue.at(0).segment.range, "bytes=10-13");
  world.loaded(id(0), "abcd");
  EXPECT_EQ(world.answer(first).status, 206);
  EXPECT_EQ(world.answer(first).header("Content-Range"), "bytes 10-13/20");
  EXPECT_EQ(world.answer(first).body, "abcd");
  // What is no segment is between the player and the origin.
  world.request(file, {{"Range", "bytes=10-"}});
  EXPECT_THAT(world.fetching(), ElementsAre(origin));
}

// ------------------------------------------------------------------------------------------------- players and lanes

TEST_F(GatewayTest, FetchingAheadEndsWithThePlayerAndTheLaneAMinuteLater) {
  const std::string path = world.playManifest(kUrl, vod(30));
  world.request(besides(path, "0.ts"));
  world.loaded(id(0), "abc");
  EXPECT_THAT(world.lane().queue, SizeIs(21));
  world.advance(24'000);  // its buffer, and some patience
  EXPECT_THAT(world.lane().queue, SizeIs(21));
  world.advance(1);
  EXPECT_THAT(world.lane().queue, IsEmpty());
  world.advance(60'000);
  EXPECT_TRUE(world.lanes.empty());
  // It was only paused.
  const ExchangeId again = world.request(besides(path, "1.ts"));
  EXPECT_THAT(world.lane(2).sequences(), Contains("1"));
  world.loaded(id(1), "abc", 2);
  EXPECT_EQ(world.answer(again).body, "abc");
}

TEST_F(GatewayTest, ASeekMovesTheQueue) {
  const std::string path = world.playManifest(kUrl, vod(100));
  world.request(besides(path, "0.ts"));
  world.loaded(id(0), "abc");
  world.request(besides(path, "90.ts"));
  EXPECT_EQ(world.lane().sequences().front(), "90");
  EXPECT_THAT(world.lane().sequences(), SizeIs(10));
}

TEST_F(GatewayTest, AnotherQualityIsAnotherLane) {
  const std::string master =
      "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=320x180\nlow.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\nhigh/index.m3u8\n";
  const std::string path = world.playManifest(kUrl, master);
  for (const char* name : {"low.m3u8", "high/index.m3u8"}) {
    world.request(besides(path, name));
    world.respond(std::string("https://example.com/a/") + name, vod(5));
  }
  world.request(besides(path, "0.ts"));
  EXPECT_THAT(world.lane(1).queue.at(0).segment.streamSwarmId, "https://example.com/a/index.m3u8+V0");
  world.loaded("https://example.com/a/index.m3u8+V0+0", "abc");
  world.request(besides(path, "high/1.ts"));
  EXPECT_THAT(world.lane(2).queue.at(0).segment.streamSwarmId, "https://example.com/a/index.m3u8+V1");
  EXPECT_THAT(world.lane(2).name, HasSubstr("360p 800 kbit/s"));
}

TEST_F(GatewayTest, NewSegmentsOfALivePlaylistAreFetchedAhead) {
  const std::string path = world.playManifest(kUrl, live(10, 3));
  world.request(besides(path, "12.ts"));
  world.loaded(id(12), "abc");
  EXPECT_THAT(world.lane().sequences(), IsEmpty());
  world.advance(4'000);
  world.request(path);
  world.respond(kUrl, live(11, 3));
  EXPECT_THAT(world.lane().sequences(), ElementsAre("13"));
}

TEST_F(GatewayTest, LanesAreLimitedAndTheRestIsPassedThrough) {
  Options options = GatewayHarness::defaultOptions();
  options.streams.maxLanes = 1;
  GatewayHarness small(options);
  const std::string one = small.playManifest(kUrl, vod(3));
  const std::string two = small.playManifest("https://example.com/b/index.m3u8", vod(3));
  small.request(besides(one, "0.ts"));
  small.request(besides(two, "0.ts"));
  EXPECT_EQ(small.lanes.size(), 1U);
  EXPECT_THAT(small.fetching(), ElementsAre("https://example.com/b/0.ts"));
  // The first has gone away: its lane makes room before its time.
  small.loaded(id(0), "abc");
  small.advance(30'000);
  small.request(besides(two, "1.ts"));
  EXPECT_EQ(small.lanes.begin()->second.queue.at(0).segment.sequence, "1");
}

TEST_F(GatewayTest, ASeedFollowsTheLiveEdgeAndKeepsWhatItsStoreHolds) {
  Options options = GatewayHarness::defaultOptions();
  options.streams.seedSegments = 3;
  GatewayHarness seed(options);
  seed.input(input::Seed{kUrl});
  seed.respond(kUrl, live(0, 5));
  EXPECT_THAT(seed.lane().sequences(), ElementsAre("2", "3", "4"));
  seed.advance(1'999);
  EXPECT_THAT(seed.fetching(), IsEmpty());
  seed.advance(1);
  seed.respond(kUrl, live(1, 5));
  EXPECT_THAT(seed.lane().sequences(), ElementsAre("3", "4", "5"));
  seed.advance(3'600'000 % 7'000);
  EXPECT_EQ(seed.lanes.size(), 1U);
}

TEST_F(GatewayTest, ASeedKeepsEveryQualityOfAVod) {
  world.input(input::Seed{kUrl});
  world.respond(
      kUrl, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=800000\nhigh.m3u8\n");
  EXPECT_THAT(world.fetching(), SizeIs(2));
  world.respond("https://example.com/a/low.m3u8", vod(2));
  world.respond("https://example.com/a/high.m3u8", vod(2));
  EXPECT_EQ(world.lanes.size(), 2U);
  EXPECT_EQ(world.lane(1).queue[1].priority, 1);
  world.loaded("https://example.com/a/index.m3u8+V0+0", "abc");
  EXPECT_EQ(world.lane(1).queue[1].priority, 0);
  world.advance(600'000);
  EXPECT_EQ(world.lanes.size(), 2U);
  EXPECT_THAT(world.fetching(), ElementsAre(kUrl)) << "only the order of the qualities may have changed";
}

TEST_F(GatewayTest, ASeedDoesNotFollowPlaylistsThatListPlaylistsForEver) {
  const auto master = [](const std::string& uri) { return "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n" + uri + "\n"; };
  world.input(input::Seed{kUrl});
  world.respond(kUrl, master("1.m3u8"));
  world.respond("https://example.com/a/1.m3u8", master("2.m3u8"));
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.input(input::Seed{"https://example.com/b/index.m3u8"});
  world.respond("https://example.com/b/index.m3u8", master("index.m3u8"));
  EXPECT_THAT(world.fetching(), IsEmpty());
}

// ---------------------------------------------------------------------------------------------------------- strangers

TEST_F(GatewayTest, RequestsUnderAnotherHostAreRefused) {
  for (const char* host : {"evil.example:8090", "127.0.0.1:80", "127.0.0.1", "127.0.0.1.evil.example:8090", "[::1]x"}) {
    EXPECT_EQ(world.get("/", {{"Host", host}}).status, 403) << host;
  }
  EXPECT_EQ(world.get("/", {{"Host", "LOCALHOST:8090"}}).status, 200);
}

TEST_F(GatewayTest, PagesOfOtherSitesOpenNothingAndReadNothing) {
  for (const char* target :
       {"/play?url=https%3A%2F%2Fexample.com%2Fa.m3u8", "/api/stats", "/metrics", "/api/events", "/"}) {
    EXPECT_EQ(world.get(target, {{"Origin", "https://evil.example"}}).status, 403) << target;
    EXPECT_EQ(world.get(target, {{"Origin", "null"}}).status, 403) << target;
    EXPECT_EQ(world.get(target, {{"Sec-Fetch-Site", "cross-site"}}).status, 403) << target;
  }
  EXPECT_EQ(world.get("/api/stats", {{"Origin", "http://127.0.0.1:8090"}}).status, 200);
  EXPECT_EQ(world.get("/api/stats").header("Access-Control-Allow-Origin"), "");
  EXPECT_TRUE(world.fetches.empty());
  EXPECT_EQ(world.gateway.sessions(), 0U);
}

TEST_F(GatewayTest, OnlyHostsOfASessionAreFetched) {
  const std::string path = world.playManifest(kUrl, vod(1));
  const std::string session = path.substr(0, path.find("/0/"));
  for (const std::string& target :
       {session + "/1/secret", session + "/x/secret", session + "/", session, std::string("/s/guess/0/a"),
        std::string("/s/"), session + "/18446744073709551616/a", session + "/-1/a"}) {
    EXPECT_EQ(world.get(target).status, 404) << target;
  }
  EXPECT_EQ(world.get("http://example.com/").status, 404);
  EXPECT_TRUE(world.fetches.empty());
}

TEST_F(GatewayTest, HostsThatMayBeOpenedCanBeLimited) {
  Options options = GatewayHarness::defaultOptions();
  options.allowedHosts = {"example.com", "*.cdn.example"};
  GatewayHarness limited(options);
  EXPECT_EQ(limited.get("/play?url=https%3A%2F%2Fexample.com%2Fa.m3u8").status, 302);
  EXPECT_EQ(limited.get("/play?url=https%3A%2F%2Fx.cdn.example%2Fa.m3u8").status, 302);
  EXPECT_EQ(limited.get("/play?url=https%3A%2F%2Fcdn.example%2Fa.m3u8").status, 403);
  EXPECT_EQ(limited.get("/play?url=https%3A%2F%2Fexample.com.evil%2Fa.m3u8").status, 403);
}

TEST_F(GatewayTest, WhatCannotBePlayedIsSaidAtOnce) {
  EXPECT_EQ(world.get("/play").status, 400);
  for (const char* url : {"", "example.com/a.m3u8", "file%3A%2F%2F%2Fetc%2Fpasswd", "http%3A%2F%2F",
                          "http%3A%2F%2Fu%40h%2Fa", "%zz", "ftp%3A%2F%2Fh%2F"}) {
    EXPECT_EQ(world.get(std::string("/play?url=") + url).status, 400) << url;
  }
  EXPECT_EQ(world.get("/other").status, 404);
  EXPECT_EQ(world.get("/", {}, "POST").status, 405);
  EXPECT_EQ(world.get("/" + std::string(20'000, 'a')).status, 414);
  const auto preflight = world.get("/s/x/0/a", {}, "OPTIONS");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Methods"), "GET, HEAD");
}

TEST_F(GatewayTest, WhoOpensAStreamAgainIsWhereTheOthersAre) {
  const std::string first = world.playManifest(kUrl, vod(1));
  for (std::size_t i = 0; i < 2 * Gateway::kMaxSessions; ++i) {
    world.advance(1);
    EXPECT_EQ(world.play(kUrl), first);
  }
  EXPECT_EQ(world.gateway.sessions(), 1U);
  EXPECT_NE(world.play("https://example.com/other.m3u8"), first);
  EXPECT_EQ(world.gateway.sessions(), 2U);
}

TEST_F(GatewayTest, SessionsAreLimited) {
  const std::string first = world.playManifest(kUrl, vod(1));
  for (std::size_t i = 0; i < Gateway::kMaxSessions; ++i) {
    world.advance(1);
    world.play("https://example.com/" + std::to_string(i));
  }
  EXPECT_EQ(world.gateway.sessions(), Gateway::kMaxSessions);
  EXPECT_EQ(world.get(first).status, 404);
}

// -------------------------------------------------------------------------------------------------------- passing on

TEST_F(GatewayTest, WhatIsNotSharedIsPassedThroughAndKeptForAWhile) {
  const std::string path = world.playManifest(kUrl, vod(1));
  const ExchangeId one = world.request(besides(path, "key.bin?u=1"));
  world.respond("https://example.com/a/key.bin?u=1", "0123456789abcdef", 200,
                {{"Cache-Control", "max-age=60"}, {"Set-Cookie", "a=b"}, {"ETag", "\"k\""}});
  EXPECT_EQ(world.answer(one).body, "0123456789abcdef");
  EXPECT_EQ(world.answer(one).header("ETag"), "\"k\"");
  EXPECT_EQ(world.answer(one).header("Set-Cookie"), "");
  world.advance(59'999);
  EXPECT_EQ(world.get(besides(path, "key.bin?u=1")).body, "0123456789abcdef");
  world.advance(1);
  world.request(besides(path, "key.bin?u=1"));
  EXPECT_THAT(world.fetching(), SizeIs(1));
}

TEST_F(GatewayTest, ConditionsAndCredentialsGoToTheOriginAndAreNotKept) {
  const std::string path = world.playManifest(kUrl, vod(1));
  const ExchangeId one = world.request(besides(path, "sub.vtt"), {{"Authorization", "Bearer x"}, {"Accept", "*/*"}});
  const Headers& sent = world.fetches.begin()->second.headers;
  EXPECT_EQ(headerValue(sent, "Authorization"), "Bearer x");
  EXPECT_EQ(headerValue(sent, "Accept"), "");
  world.respond("https://example.com/a/sub.vtt", "WEBVTT");
  EXPECT_EQ(world.answer(one).header("Content-Type"), "text/vtt");
  const ExchangeId two = world.request(besides(path, "sub.vtt"), {{"If-None-Match", "\"v\""}});
  world.respond("https://example.com/a/sub.vtt", "", 304);
  EXPECT_EQ(world.answer(two).status, 304);
  EXPECT_TRUE(world.answer(two).ended);
}

TEST_F(GatewayTest, AHeadRequestTakesTheHeadOnly) {
  const std::string path = world.playManifest(kUrl, vod(1));
  const ExchangeId asked = world.request(besides(path, "init.mp4"), {}, "HEAD");
  world.respond("https://example.com/a/init.mp4", "0123");
  EXPECT_EQ(world.answer(asked).length, 4U);
  EXPECT_EQ(world.answer(asked).body, "");
  EXPECT_TRUE(world.answer(asked).ended);
  EXPECT_TRUE(world.fetches.empty());
}

TEST_F(GatewayTest, ABodyThatBreaksOffIsCut) {
  const std::string path = world.playManifest(kUrl, vod(1));
  const ExchangeId asked = world.request(besides(path, "init.mp4"));
  const FetchId fetch = world.fetchOf("https://example.com/a/init.mp4");
  world.input(input::FetchHead{fetch, 200, 10, {}, {}, ""});
  world.input(input::FetchData{fetch, base::Bytes::copyOf("012")});
  world.fail("https://example.com/a/init.mp4");
  EXPECT_EQ(world.answer(asked).body, "012");
  EXPECT_TRUE(world.answer(asked).cut);
}

TEST_F(GatewayTest, APlayerThatDoesNotReadIsCutBeforeMuchIsHeldForIt) {
  const std::string path = world.playManifest(kUrl, vod(1));
  const ExchangeId asked = world.request(besides(path, "big.mp4"));
  const FetchId fetch = world.fetchOf("https://example.com/a/big.mp4");
  world.input(input::FetchHead{fetch, 200, std::nullopt, {}, {}, ""});
  const base::Bytes chunk = base::Bytes::adopt(std::string(1 << 20, 'x'));
  for (int i = 0; i < 64; ++i) world.input(input::FetchData{fetch, chunk});
  EXPECT_FALSE(world.answer(asked).cut);
  world.input(input::RequestDrained{asked, 1 << 20});
  world.input(input::FetchData{fetch, chunk});
  EXPECT_FALSE(world.answer(asked).cut);
  world.input(input::FetchData{fetch, base::Bytes::copyOf("x")});
  EXPECT_TRUE(world.answer(asked).cut);
  EXPECT_TRUE(world.fetches.empty());
}

// ------------------------------------------------------------------------------------------------------------ figures

TEST_F(GatewayTest, ListenersGetFiguresEverySecondAndEventsAtOnce) {
  const ExchangeId listener = world.request("/api/events");
  EXPECT_EQ(world.answer(listener).header("Content-Type"), "text/event-stream");
  EXPECT_THAT(world.answer(listener).body, HasSubstr("event: stats\ndata: {\"version\":\"1.2.3\""));
  world.answer(listener).body.clear();
  world.play(kUrl);
  EXPECT_THAT(world.answer(listener).body, HasSubstr("event: log\ndata: {\"number\":1,"));
  world.answer(listener).body.clear();
  world.advance(999);
  EXPECT_EQ(world.answer(listener).body, "");
  world.advance(1);
  EXPECT_THAT(world.answer(listener).body, HasSubstr("event: stats\n"));
  world.hangUp(listener);
  world.advance(10'000);
}

TEST_F(GatewayTest, AListenerThatDoesNotReadIsCut) {
  const ExchangeId listener = world.request("/api/events");
  for (int i = 0; i < 10'000 && !world.answer(listener).cut; ++i) world.advance(1'000);
  EXPECT_TRUE(world.answer(listener).cut);
  EXPECT_LT(world.answer(listener).body.size(), std::size_t{2} << 20);
}

TEST_F(GatewayTest, FiguresTellOfStreamsPlayersAndPeers) {
  const std::string path = world.playManifest(kUrl, vod(5));
  world.request(besides(path, "0.ts"));
  world.loaded(id(0), "abcd");
  input::LaneReport report{.lane = LaneId(1), .httpBytes = 4, .p2pBytes = 5, .uploadedBytes = 6};
  report.peers.push_back({"id", "G3", "192.0.2.1", 5, 6, 7, base::milliseconds(25), "sent nonsense"});
  report.peers.push_back({.id = "other"});
  world.input(report);
  const auto stats = base::parseJson(world.get("/api/stats").body);
  const base::Json& stream = stats->find("streams")->array()->at(0);
  EXPECT_EQ(stream.find("bytes")->find("delivered")->integer(), 4);
  EXPECT_EQ(stream.find("players")->array()->at(0).find("buffer")->integer(), 4);
  EXPECT_EQ(*stream.find("peers")->array()->at(0).find("address")->string(), "192.0.2.1");
  EXPECT_EQ(*stream.find("peers")->array()->at(0).find("rtt")->number(), 0.025);
  EXPECT_EQ(*stream.find("peers")->array()->at(0).find("lastError")->string(), "sent nonsense");
  EXPECT_TRUE(stream.find("peers")->array()->at(1).find("rtt")->isNull());
  EXPECT_TRUE(stream.find("peers")->array()->at(1).find("lastError")->isNull());
  EXPECT_EQ(stats->find("bytes")->find("upload")->integer(), 6);
  const std::string metrics = world.get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("p2pml_stream_delivered_bytes_total{manifest=\"https://example.com/a/index.m3u8\","
                                 "stream=\"single stream\"} 4\n"));
}

TEST_F(GatewayTest, TheTotalOutlivesTheEngines) {
  const std::string path = world.playManifest(kUrl, vod(5));
  const auto total = [&](const char* what) {
    return base::parseJson(world.get("/api/stats").body)->find("total")->find(what)->integer();
  };
  world.request(besides(path, "0.ts"));
  world.loaded(id(0), "abcd");
  world.input(input::LaneReport{.lane = LaneId(1), .httpBytes = 4, .p2pBytes = 5, .uploadedBytes = 6});
  world.input(input::LaneReport{.lane = LaneId(1), .httpBytes = 14, .p2pBytes = 5, .uploadedBytes = 16});
  EXPECT_EQ(total("http"), 14);
  world.advance(600'000);
  EXPECT_TRUE(world.lanes.empty());
  // What it moved until it was closed.
  world.input(input::LaneReport{.lane = LaneId(1), .httpBytes = 15, .p2pBytes = 5, .uploadedBytes = 16});
  EXPECT_FALSE(
      *base::parseJson(world.get("/api/stats").body)->find("streams")->array()->at(0).find("running")->boolean());
  world.request(besides(path, "1.ts"));
  world.input(input::LaneReport{.lane = LaneId(2), .httpBytes = 1, .p2pBytes = 2, .uploadedBytes = 3});
  EXPECT_EQ(total("http"), 16);
  EXPECT_EQ(total("p2p"), 7);
  EXPECT_EQ(total("upload"), 19);
  EXPECT_THAT(world.get("/metrics").body, HasSubstr("p2pml_gateway_downloaded_bytes_total{source=\"p2p\"} 7\n"));
}

TEST_F(GatewayTest, ThePageIsThereAndKeepsItsPolicy) {
  Options options = GatewayHarness::defaultOptions();
  options.page = {{"/", base::Bytes::copyOf("<p>page"), {}}, {"/page/page.js", base::Bytes::copyOf("1"), {}}};
  GatewayHarness with(std::move(options));
  const auto page = with.get("/?play=https%3A%2F%2Fexample.com%2Fa.m3u8");
  EXPECT_EQ(page.body, "<p>page");
  EXPECT_THAT(page.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(with.get("/page/page.js").length, 1U);
  EXPECT_EQ(with.get("/page/page.js", {}, "HEAD").body, "");
  EXPECT_EQ(with.get("/page/none.js").status, 404);
  EXPECT_EQ(with.get("/page/page.js", {{"If-None-Match", with.get("/page/page.js").header("ETag")}}).status, 304);
}

}  // namespace
}  // namespace p2pml::gateway
