// MPEG-DASH through the gateway, with exact times and no I/O: what is shared under which names, as time passes and
// manifests change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.hpp"
#include "gateway/gateway.hpp"
#include "gateway/testing/gateway_harness.hpp"

namespace p2pml::gateway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr const char* kUrl = "https://example.com/a/index.mpd";
constexpr const char* kFolder = "https://example.com/a/";

std::string besides(const std::string& path, const std::string& name) {
  return path.substr(0, path.rfind('/') + 1) + name;
}
std::string mpd(const std::string& attributes, const std::string& periods) {
  return "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" " + attributes + ">" + periods +
         "</MPD>";
}
std::string sets(const std::string& video, const std::string& audio) {
  return "<AdaptationSet id=\"0\" contentType=\"video\"><Representation id=\"v\" mimeType=\"video/mp4\" width=\"640\" "
         "height=\"360\" bandwidth=\"800000\" codecs=\"avc1.4d401e\">" +
         video +
         "</Representation></AdaptationSet><AdaptationSet id=\"1\" contentType=\"audio\" lang=\"en\"><Representation "
         "id=\"a\" mimeType=\"audio/mp4\" bandwidth=\"128000\" codecs=\"mp4a.40.2\">" +
         audio + "</Representation></AdaptationSet>";
}
/// Video of four seconds a segment, audio of two.
std::string vod() {
  return mpd("type=\"static\" mediaPresentationDuration=\"PT40S\"",
             "<Period>" +
                 sets("<SegmentTemplate media=\"v-$Number$.m4s\" initialization=\"v.mp4\" duration=\"4\"/>",
                      "<SegmentTemplate media=\"a-$Time$.m4s\" initialization=\"a.mp4\"><SegmentTimeline><S "
                      "t=\"0\" d=\"2\" r=\"19\"/></SegmentTimeline></SegmentTemplate>") +
                 "</Period>");
}
/// A window of `count` segments of four seconds, the first at `first` times four seconds.
std::string slidingWindow(int first, int count) {
  const std::string timeline = "<SegmentTemplate media=\"$RepresentationID$-$Time$.m4s\"><SegmentTimeline><S t=\"" +
                               std::to_string(first * 4) + "\" d=\"4\" r=\"" + std::to_string(count - 1) +
                               "\"/></SegmentTimeline></SegmentTemplate>";
  return mpd("type=\"dynamic\" availabilityStartTime=\"2026-01-01T00:00:00Z\" minimumUpdatePeriod=\"PT4S\"",
             "<Period start=\"PT0S\">" + sets(timeline, timeline) + "</Period>");
}
/// Nothing but a rule: segment n of four seconds is there when it is over.
std::string openWindow(const std::string& more = "") {
  return mpd("type=\"dynamic\" availabilityStartTime=\"2026-01-01T00:00:00Z\" timeShiftBufferDepth=\"PT60S\"",
             "<Period start=\"PT0S\">" +
                 sets("<SegmentTemplate media=\"v-$Number$.m4s\" duration=\"4\" startNumber=\"0\"/>",
                      "<SegmentTemplate media=\"a-$Number$.m4s\" duration=\"4\" startNumber=\"0\"/>") +
                 "</Period>" + more);
}
/// The segment's name among peers of G0: the first video stream is "V1", the first audio stream after it "A2".
std::string videoId(const std::string& sequence) { return std::string(kUrl) + "+V1+" + sequence; }

struct GatewayDashTest : testing::Test {
  GatewayDashTest() { tell("2026-01-01T00:00:00Z"); }
  void tell(const char* time) { world.input(input::WallClock{*media::parseDateTime(time)}); }

  GatewayHarness world;
};

TEST_F(GatewayDashTest, VideoAndAudioHaveAnEngineEachAndTheNamesOfAllGenerations) {
  const std::string path = world.playManifest(kUrl, vod());
  const ExchangeId video = world.request(besides(path, "v-3.m4s"));
  const ExchangeId audio = world.request(besides(path, "a-8.m4s"));
  EXPECT_THAT(world.fetching(), IsEmpty());
  ASSERT_EQ(world.lanes.size(), 2U);
  EXPECT_THAT(world.lane(1).name, HasSubstr("360p 800 kbit/s"));
  EXPECT_THAT(world.lane(2).name, HasSubstr("audio en 128 kbit/s"));
  const media::StreamSegment& segment = world.lane(1).queue.at(0).segment;
  EXPECT_EQ(segment.id, videoId("8.000"));
  EXPECT_EQ(segment.sequence, "8.000");
  EXPECT_EQ(segment.externalId, 16);
  EXPECT_EQ(segment.externalIdOfG4, 80);
  EXPECT_EQ(segment.streamId, "V1");
  EXPECT_EQ(segment.url, std::string(kFolder) + "v-3.m4s");
  EXPECT_THAT(world.lane(1).sequences(), SizeIs(8));
  EXPECT_EQ(world.lane(2).queue.at(0).segment.externalId, 16);
  world.loaded(videoId("8.000"), "picture", 1);
  world.loaded(world.lane(2).queue.at(0).segment.id, "sound", 2);
  EXPECT_EQ(world.answer(video).body, "picture");
  EXPECT_EQ(world.answer(video).header("Content-Type"), "video/mp4");
  EXPECT_EQ(world.answer(audio).body, "sound");
  // The next one goes on, one further on is a seek.
  world.request(besides(path, "v-4.m4s"));
  EXPECT_EQ(world.lane(1).sequences().front(), "12.000");
  const auto stats = base::parseJson(world.get("/api/stats").body);
  EXPECT_EQ(stats->find("streams")->array()->size(), 2U);
}

TEST_F(GatewayDashTest, TheManifestLeadsToTheGatewayWhereverItsUrlsLead) {
  const std::string path = world.play(kUrl);
  const ExchangeId asked = world.request(path);
  std::string text = vod();
  text.insert(text.find("<Period>"), "<BaseURL>https://cdn.example/x/</BaseURL>");
  world.respond(kUrl, text, 200, {}, "https://moved.example/b/index.mpd");
  EXPECT_EQ(world.answer(asked).status, 200);
  EXPECT_EQ(world.answer(asked).header("Content-Type"), "application/dash+xml");
  const std::string session = path.substr(0, path.find("/0/"));
  EXPECT_THAT(world.answer(asked).body, HasSubstr("http://127.0.0.1:8090" + session + "/1/x/v-$Number$.m4s"));
  EXPECT_THAT(world.answer(asked).body, Not(HasSubstr("https://")));
  world.request(session + "/1/x/v-1.m4s");
  EXPECT_EQ(world.lane().queue.at(0).segment.url, "https://cdn.example/x/v-1.m4s");
  EXPECT_THAT(world.fetching(), IsEmpty());
}

TEST_F(GatewayDashTest, ASlidingWindowGoesOn) {
  tell("2026-01-01T00:00:40Z");
  const std::string path = world.playManifest(kUrl, slidingWindow(5, 5));
  world.request(besides(path, "v-36.m4s"));
  world.loaded(videoId("36.000"), "x");
  EXPECT_THAT(world.lane().sequences(), IsEmpty());
  world.advance(4'000);
  world.request(path);
  world.respond(kUrl, slidingWindow(6, 5));
  EXPECT_THAT(world.lane().sequences(), ElementsAre("40.000"));
  // What is listed no more may still be asked for.
  world.request(besides(path, "v-20.m4s"));
  EXPECT_THAT(world.lane().sequences(), Contains("20.000"));
  EXPECT_THAT(world.fetching(), IsEmpty());
  // A cache that has the version before takes nothing away.
  world.advance(500);
  world.request(path);
  world.respond(kUrl, slidingWindow(5, 5));
  EXPECT_THAT(world.lane().sequences(), Contains("40.000"));
}

TEST_F(GatewayDashTest, WhatIsAnnouncedAheadIsLoadedWhenItIsThere) {
  tell("2026-01-01T00:00:20Z");
  const std::string path = world.playManifest(kUrl, slidingWindow(0, 10));
  world.request(besides(path, "v-12.m4s"));
  world.loaded(videoId("12.000"), "x");
  EXPECT_THAT(world.lane().sequences(), ElementsAre("16.000"));
  world.advance(3'999);
  EXPECT_THAT(world.lane().sequences(), ElementsAre("16.000"));
  world.advance(1);
  EXPECT_THAT(world.lane().sequences(), ElementsAre("16.000", "20.000"));
  // A player whose clock is ahead gets what it asks for.
  world.request(besides(path, "v-24.m4s"));
  EXPECT_EQ(world.lane().sequences().front(), "24.000");
}

TEST_F(GatewayDashTest, SegmentsThatTimeAloneBringsAreSharedWithoutANewManifest) {
  tell("2026-01-01T00:10:00Z");
  const std::string path = world.playManifest(kUrl, openWindow());
  world.request(besides(path, "v-149.m4s"));
  EXPECT_EQ(world.lane().queue.at(0).segment.sequence, "596.000");
  world.loaded(videoId("596.000"), "x");
  EXPECT_THAT(world.lane().sequences(), IsEmpty());
  for (int i = 150; i < 300; ++i) {
    world.advance(4'000);
    const ExchangeId next = world.request(besides(path, "v-" + std::to_string(i) + ".m4s"));
    EXPECT_THAT(world.fetching(), IsEmpty()) << i;
    world.loaded(world.lane().queue.at(0).segment.id, "y");
    EXPECT_EQ(world.answer(next).body, "y");
  }
  // Far behind the window and ahead of it the origin is asked: it knows best.
  world.request(besides(path, "v-20.m4s"));
  EXPECT_THAT(world.fetching(), ElementsAre(std::string(kFolder) + "v-20.m4s"));
}

TEST_F(GatewayDashTest, TheTimeComesFromTheManifest) {
  tell("2001-01-01T00:00:00Z");
  const std::string path = world.playManifest(
      kUrl, openWindow("<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"2026-01-01T00:10:00Z\"/>"));
  world.request(besides(path, "v-145.m4s"));
  EXPECT_THAT(world.lane().sequences(), ElementsAre("580.000", "584.000", "588.000", "592.000", "596.000"));
}

TEST_F(GatewayDashTest, TheTimeComesFromAServerThatIsAskedOnce) {
  tell("2001-01-01T00:00:00Z");
  const std::string timing =
      "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"https://time.example/now\"/>";
  const std::string path = world.playManifest(kUrl, openWindow(timing));
  EXPECT_THAT(world.fetching(), ElementsAre("https://time.example/now"));
  EXPECT_TRUE(world.fetches.begin()->second.publicOnly);
  world.respond("https://time.example/now", "2026-01-01T00:10:00Z\n");
  world.request(besides(path, "v-148.m4s"));
  EXPECT_THAT(world.lane().sequences(), ElementsAre("592.000", "596.000"));
  world.advance(1'000);
  world.request(path);
  world.respond(kUrl, openWindow(timing));
  EXPECT_THAT(world.fetching(), IsEmpty());
  // The player's own question is between it and the server each time.
  const std::string session = path.substr(0, path.find("/0/"));
  for (int i = 0; i < 2; ++i) {
    const ExchangeId asked = world.request(session + "/1/now");
    world.respond("https://time.example/now", "2026-01-01T00:10:0" + std::to_string(i) + "Z");
    EXPECT_EQ(world.answer(asked).body, "2026-01-01T00:10:0" + std::to_string(i) + "Z");
  }
}

TEST_F(GatewayDashTest, ATimeServerThatSaysTooMuchIsNotHeard) {
  const std::string path = world.playManifest(
      kUrl,
      openWindow("<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-xsdate:2014\" value=\"https://time.example/\"/>"));
  world.respond("https://time.example/", std::string(257, ' '));
  EXPECT_THAT(world.fetching(), IsEmpty());
}

TEST_F(GatewayDashTest, AWrongClockOfThisMachineIsSetRightByTheAnswersDate) {
  tell("2001-01-01T00:00:00Z");
  const std::string path = world.play(kUrl);
  world.request(path);
  world.respond(kUrl, openWindow(), 200, {{"Date", "Thu, 01 Jan 2026 00:09:30 GMT"}, {"Age", "30"}});
  world.request(besides(path, "v-148.m4s"));
  EXPECT_THAT(world.lane().sequences(), ElementsAre("592.000", "596.000"));
}

TEST_F(GatewayDashTest, PartsOfAFileAreSharedOnceTheirIndexIsRead) {
  const std::string path = world.playManifest(
      kUrl, mpd("mediaPresentationDuration=\"PT12S\"",
                "<Period>" +
                    sets("<BaseURL>v.mp4</BaseURL><SegmentBase indexRange=\"100-179\"><Initialization "
                         "range=\"0-99\"/></SegmentBase>",
                         "<BaseURL>a.mp4</BaseURL><SegmentBase indexRange=\"100-179\"/>") +
                    "</Period>"));
  const std::string file = std::string(kFolder) + "v.mp4";
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.request(besides(path, "v.mp4"), {{"Range", "bytes=0-99"}});
  ASSERT_THAT(world.fetches, SizeIs(2));  // its own, and the index of this file alone
  FetchId index{};
  for (const auto& [id, fetch] : world.fetches) {
    if (headerValue(fetch.headers, "Range") == "bytes=100-179") index = id;
  }
  // Three references: 1000, 2000 and 3000 bytes, of four seconds each.
  std::string box("\0\0\0\x44sidx\0\0\0\0\0\0\0\x01\0\0\x03\xe8\0\0\0\0\0\0\0\0\0\0\0\x03", 32);
  for (const char* size : {"\x03\xe8", "\x07\xd0", "\x0b\xb8"}) {
    box += std::string("\0\0", 2) + std::string(size, 2) + std::string("\0\0\x0f\xa0\x90\0\0\0", 8);
  }
  box.resize(80, '\0');
  world.input(input::FetchHead{index, 206, 80, 10'000, {}, file});
  world.input(input::FetchData{index, base::Bytes::copyOf(box)});
  const ExchangeId second = world.request(besides(path, "v.mp4"), {{"Range", "bytes=1168-3167"}});
  ASSERT_EQ(world.lanes.size(), 1U) << "the index was not read";
  EXPECT_EQ(world.lane().queue.at(0).segment.range, "bytes=1168-3167");
  EXPECT_EQ(world.lane().queue.at(0).segment.externalId, 8);
  EXPECT_EQ(world.lane().queue.at(0).segment.id, videoId("4.000"));
  world.loaded(videoId("4.000"), std::string(2'000, 'x'));
  EXPECT_EQ(world.answer(second).status, 206);
  EXPECT_EQ(world.answer(second).header("Content-Range"), "bytes 1168-3167/10000");
  // It is not asked for again.
  world.request(besides(path, "v.mp4"), {{"Range", "bytes=100-179"}});
  EXPECT_THAT(world.fetches, SizeIs(2));
}

TEST_F(GatewayDashTest, EachPeriodHasItsOwnNameInG0AndTheBinaryOnesGoOn) {
  const std::string video = "<SegmentTemplate media=\"$RepresentationID$-$Number$.m4s\" duration=\"4\"/>";
  const std::string period = "<Period duration=\"PT8S\">" + sets(video, video) + "</Period>";
  std::string second = period;
  second.replace(second.find("<Period"), 7, "<Period start=\"PT8S\"");
  for (std::size_t at = 0; (at = second.find("$RepresentationID$-", at)) != std::string::npos; at += 3) {
    second.insert(at, "2-");
  }
  const std::string path = world.playManifest(kUrl, mpd("", period + second));
  world.request(besides(path, "v-2.m4s"));
  ASSERT_THAT(world.lane().queue, SizeIs(3));
  EXPECT_EQ(world.lane().queue[0].segment.id, videoId("4.000"));
  const media::StreamSegment& next = world.lane().queue[1].segment;
  EXPECT_EQ(next.sequence, "0.000");
  EXPECT_NE(next.streamSwarmId, world.lane().queue[0].segment.streamSwarmId);
  EXPECT_EQ(next.id, next.streamSwarmId + "+0.000");
  EXPECT_EQ(next.externalId, 16);
  world.loaded(videoId("4.000"), "x");
  world.request(besides(path, "2-v-1.m4s"));
  EXPECT_EQ(world.lanes.size(), 1U);
}

TEST_F(GatewayDashTest, ASeedKeepsEveryRepresentationAndFollowsLocation) {
  tell("2026-01-01T00:00:40Z");
  world.input(input::Seed{kUrl});
  std::string text = slidingWindow(0, 10);
  text.insert(text.find("<Period"), "<Location>https://example.com/a/next?session=1</Location>");
  world.respond(kUrl, text);
  EXPECT_EQ(world.lanes.size(), 2U);
  EXPECT_THAT(world.lane(1).queue, SizeIs(10));
  world.advance(3'999);
  EXPECT_THAT(world.fetching(), IsEmpty());
  world.advance(1);
  EXPECT_THAT(world.fetching(), ElementsAre("https://example.com/a/next?session=1"));
  // It leads back: round and round, one request at a time.
  text = slidingWindow(1, 10);
  text.insert(text.find("<Period"), "<Location>" + std::string(kUrl) + "</Location>");
  world.respond("https://example.com/a/next?session=1", text);
  EXPECT_THAT(world.fetching(), IsEmpty());
  EXPECT_THAT(world.lane(1).sequences(), Contains("40.000"));
  world.advance(4'000);
  EXPECT_THAT(world.fetching(), ElementsAre(kUrl));
}

TEST_F(GatewayDashTest, APlayerThatFollowsLocationStaysWithTheStream) {
  tell("2026-01-01T00:00:40Z");
  std::string text = slidingWindow(0, 10);
  text.insert(text.find("<Period"), "<Location>https://other.example/next?session=1</Location>");
  const std::string path = world.playManifest(kUrl, text);
  const std::string session = path.substr(0, path.find("/0/"));
  const ExchangeId asked = world.request(session + "/1/next?session=1");
  world.respond("https://other.example/next?session=1", slidingWindow(1, 10));
  EXPECT_THAT(world.answer(asked).body, HasSubstr("http://127.0.0.1:8090" + session + "/1/$RepresentationID$"));
  world.request(session + "/1/v-40.m4s");
  EXPECT_EQ(world.lane().queue.at(0).segment.id, videoId("40.000"));
}

TEST_F(GatewayDashTest, WhatCannotBeUnderstoodIsPlayedAsItIs) {
  const std::string text = mpd("",
                               "<Period><AdaptationSet><Representation id=\"v\"><SegmentTemplate duration=\"0\" "
                               "media=\"$Number$.m4s\"/></Representation></AdaptationSet></Period>");
  const std::string path = world.playManifest(kUrl, text);
  EXPECT_THAT(world.logs, Contains(HasSubstr("is not shared: ")));
  const ExchangeId segment = world.request(besides(path, "1.m4s"));
  world.respond(std::string(kFolder) + "1.m4s", "abc");
  EXPECT_EQ(world.answer(segment).body, "abc");
}

TEST_F(GatewayDashTest, AnMpdWithScriptsIsRefusedInPlainWords) {
  std::string text = vod();
  text.insert(text.find("<Period>"), "<BaseURL>javascript:alert(1)//</BaseURL>");
  const std::string path = world.play(kUrl);
  const ExchangeId asked = world.request(path);
  world.respond(kUrl, text);
  EXPECT_EQ(world.answer(asked).status, 502);
  EXPECT_THAT(world.answer(asked).body, HasSubstr("javascript:"));
  EXPECT_THAT(world.lanes, IsEmpty());
}

}  // namespace
}  // namespace p2pml::gateway
