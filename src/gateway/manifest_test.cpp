#include "gateway/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/files.hpp"

namespace p2pml::gateway {
namespace {

using media::PresentationKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kUrl = "https://h.example/a/b.m3u8?t=1";
constexpr const char* kMpdUrl = "https://h.example/a/b.mpd";

std::string rewritten(const std::string& text, const std::string& url = kUrl) {
  UrlSpace space("/s/x/", kUrl);
  const auto result =
      rewriteManifest(text, url, PresentationKind::hls, {"/s/x/0/a/b.m3u8?t=1", "g:1"}, {{"v", "sub"}}, space);
  return result ? *result : "error: " + result.error().detail;
}
std::string rewrittenMpd(const std::string& text) {
  UrlSpace space("/s/x/", kMpdUrl);
  const auto result = rewriteManifest(text, kMpdUrl, PresentationKind::dash, {"/s/x/0/a/b.mpd", "g:1"}, {}, space);
  return result ? *result : "error: " + result.error().detail;
}
media::WallTime wall(const char* text) { return *media::parseDateTime(text); }
ManifestContext at(const char* time, const std::string& opened = kMpdUrl) {
  ManifestContext context;
  context.openedUrl = opened;
  context.now = base::TimePoint(base::seconds(1'000));
  context.wallAtZero = wall(time) - base::seconds(1'000);
  return context;
}

TEST(GatewayManifest, WhatIsInTheSameFolderKeepsItsName) {
  EXPECT_EQ(rewritten("1.ts\r\n"), "1.ts\r\n");
  EXPECT_EQ(rewritten("x/1.ts?k=1"), "x/1.ts?k=1");
  EXPECT_EQ(rewritten("../c/1.ts?k=1\n"), "/s/x/0/c/1.ts?k=1\n");
  EXPECT_EQ(rewritten("#EXT-X-DEFINE:IMPORT=\"v\"\n{$v}/1.ts\n"), "#EXT-X-DEFINE:IMPORT=\"v\"\nsub/1.ts\n");
  EXPECT_EQ(rewritten("?t=2\n"), "b.m3u8?t=2\n");
  EXPECT_EQ(rewritten("/top/1.ts\n"), "/s/x/0/top/1.ts\n");
  EXPECT_EQ(rewritten("../../../1.ts\n"), "/s/x/0/1.ts\n");
  EXPECT_EQ(rewritten("https://h.example/1.ts\n"), "/s/x/0/1.ts\n");
  EXPECT_EQ(rewritten("//cdn.example/1.ts\n"), "/s/x/1/1.ts\n");
  EXPECT_EQ(rewritten("./a:b.ts\n"), "/s/x/0/a/a:b.ts\n");
  EXPECT_EQ(rewritten("two words.ts\n"), "two%20words.ts\n");
  EXPECT_EQ(rewritten("1.ts\n", "https://cdn.example/other/b.m3u8"), "/s/x/1/other/1.ts\n");
}

TEST(GatewayManifest, UrisInTags) {
  EXPECT_EQ(rewritten("#EXT-X-KEY:METHOD=AES-128,URI=\"/k\",IV=0x1\n"),
            "#EXT-X-KEY:METHOD=AES-128,URI=\"/s/x/0/k\",IV=0x1\n");
  EXPECT_EQ(rewritten("#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"1@0\"\n"), "#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"1@0\"\n");
  EXPECT_EQ(rewritten("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\"\n"),
            "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\"\n");
  EXPECT_EQ(rewritten("#EXT-X-MEDIA:NAME=\"URI=\",URI=\"/k\"\n"), "#EXT-X-MEDIA:NAME=\"URI=\",URI=\"/s/x/0/k\"\n");
  EXPECT_EQ(rewritten("#EXT-X-CONTENT-STEERING:SERVER-URI=\"/k\"\n1.ts\n"), "1.ts\n");
  EXPECT_EQ(rewritten("# comment URI=\"/k\"\n"), "# comment URI=\"/k\"\n");
}

TEST(GatewayManifest, WhatNobodyShouldLoadIsAnError) {
  EXPECT_THAT(rewritten("a.ts\nfile:///etc/passwd\n"), HasSubstr("error: file:///etc/passwd: expected"));
  EXPECT_THAT(rewritten("#EXT-X-KEY:METHOD=AES-128,URI=\"javascript:1\"\n"),
              HasSubstr("error: javascript:1: expected"));
}

TEST(GatewayManifest, EveryUrlOfAnMpdLeadsToTheGateway) {
  const std::string text = rewrittenMpd(
      "<MPD xmlns:xlink=\"x\"><BaseURL>https://cdn.example/v/</BaseURL><BaseURL>https://other.example/v/</BaseURL>"
      "<Location>/next.mpd</Location><PatchLocation>/patch.mpd</PatchLocation><ContentSteering>https://s/</"
      "ContentSteering>"
      "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"https://t.example/now https://t2.example/\"/>"
      "<Period><AdaptationSet><SegmentTemplate media=\"$Number%05d$.m4s\"/><Representation id=\"1\"/></AdaptationSet>"
      "</Period><Period xlink:href=\"ad.xml\"/></MPD>");
  EXPECT_THAT(text, HasSubstr("<Location>http://g:1/s/x/1/next.mpd</Location>"));
  EXPECT_THAT(text, HasSubstr("<BaseURL>http://g:1/s/x/1/v/</BaseURL>"));
  EXPECT_THAT(text, HasSubstr("media=\"http://g:1/s/x/1/v/$Number%05d$.m4s\""));
  EXPECT_THAT(text, HasSubstr("value=\"http://g:1/s/x/2/now http://g:1/s/x/3/\""));
  EXPECT_THAT(text, HasSubstr("href=\"http://g:1/s/x/1/v/ad.xml\""));
  for (const char* gone : {"https://", "PatchLocation", "ContentSteering", "other.example"}) {
    EXPECT_THAT(text, Not(HasSubstr(gone)));
  }
}

TEST(GatewayManifest, AnMpdThatNamesFilesOrScriptsIsRefused) {
  const auto mpd = [](const std::string& inside) {
    return rewrittenMpd("<MPD xmlns:xlink=\"x\">" + inside + "</MPD>");
  };
  const std::string representation = "<Period><AdaptationSet><Representation id=\"1\"/></AdaptationSet></Period>";
  EXPECT_THAT(mpd("<BaseURL>file:///etc/</BaseURL>" + representation), HasSubstr("error: file:///etc/: expected"));
  EXPECT_THAT(mpd("<BaseURL>javascript:alert(1)</BaseURL>" + representation), HasSubstr("error: javascript:"));
  EXPECT_THAT(mpd("<Location>file:///etc/passwd</Location>" + representation), HasSubstr("error: file:"));
  EXPECT_THAT(mpd("<Period xlink:href=\"file:///etc/passwd\"/>"), HasSubstr("error: file:"));
  EXPECT_THAT(mpd("<BaseURL>http://192.168.1.1/</BaseURL>" + representation), HasSubstr("private network"));
  EXPECT_THAT(mpd("<Period xlink:href=\"urn:mpeg:dash:resolve-to-zero:2013\"/>"), Not(HasSubstr("error")));
  std::string hosts;
  for (int i = 0; i < 70; ++i) hosts += "<Location>https://h" + std::to_string(i) + ".example/</Location>";
  EXPECT_THAT(mpd(hosts + representation), HasSubstr("error: more than 64 hosts"));
}

TEST(GatewayManifest, BrokenManifestsAreRefusedOrPlayedButNotShared) {
  int played = 0;
  for (const char* extension : {".m3u8", ".mpd"}) {
    for (const std::string& name : base::fileNames(base::goldenPath("../manifests/broken"), extension)) {
      const std::string text = base::fileText(base::goldenPath("../manifests/broken/" + name));
      const auto read = readManifest(text, kMpdUrl, at("2026-01-01T00:10:00Z"));
      if (!read) {
        EXPECT_THAT(read.error().detail, HasSubstr("not an HLS or DASH manifest: ")) << name;
        continue;
      }
      UrlSpace space("/s/x/", kMpdUrl);
      const auto rewritten = rewriteManifest(text, kMpdUrl, read->kind, {"/s/x/0/a/b.mpd", "g:1"}, {}, space);
      if (!rewritten) {
        EXPECT_FALSE(rewritten.error().detail.empty()) << name;
        continue;
      }
      ++played;
      EXPECT_THAT(*rewritten, Not(HasSubstr("javascript:"))) << name;
      EXPECT_THAT(*rewritten, Not(HasSubstr("file:"))) << name;
      EXPECT_TRUE(!read->trouble.empty() || name == "xlink.mpd") << name;
    }
  }
  EXPECT_GE(played, 5);
}

TEST(GatewayManifest, TheWholeCorpusIsShared) {
  for (const std::string& name : base::fileNames(base::goldenPath("../manifests/dash"), ".mpd")) {
    const std::string text = base::fileText(base::goldenPath("../manifests/dash/" + name));
    const auto read = readManifest(text, kMpdUrl, at("2026-01-01T00:10:00Z"));
    ASSERT_TRUE(read) << name << ": " << read.error().detail;
    EXPECT_EQ(read->trouble, "") << name;
    EXPECT_FALSE(read->streams.empty()) << name;
    EXPECT_THAT(rewrittenMpd(text), Not(HasSubstr("error: "))) << name;
  }
}

TEST(GatewayManifest, WhatHasTooManySegmentsIsNotShared) {
  const std::string mpd =
      "<MPD mediaPresentationDuration=\"PT100001S\"><Period><AdaptationSet mimeType=\"video/mp4\"><Representation "
      "id=\"v\"><SegmentTemplate media=\"$Number$\" duration=\"1\"/></Representation></AdaptationSet></Period></MPD>";
  const auto read = readManifest(mpd, kMpdUrl, {kMpdUrl});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->trouble, "more than 100000 segments");
  EXPECT_THAT(read->streams, IsEmpty());
}

TEST(GatewayManifest, AMultivariantPlaylistListsWhatIsSharedAndWhatNot) {
  const auto read = readManifest(
      "#EXTM3U\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en\",URI=\"en.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"Deutsch\",URI=\"de.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,AUDIO=\"a\"\nv.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,AUDIO=\"a2\"\nv.m3u8\n"
      "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n",
      kUrl, {kUrl});
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->listed.size(), 4U);
  EXPECT_EQ(read->listed[0].names.streamSwarmId, "https://h.example/a/b.m3u8+V0");
  EXPECT_EQ(labelOf(read->listed[0]), "360p 800 kbit/s");
  EXPECT_EQ(read->listed[1].names.streamSwarmId, "https://h.example/a/b.m3u8+A0");
  EXPECT_EQ(labelOf(read->listed[1]), "audio en");
  EXPECT_TRUE(read->listed[1].sharedInBinary);
  EXPECT_FALSE(read->listed[2].sharedInBinary);
  EXPECT_FALSE(read->listed[3].sharedInBinary);
}

TEST(GatewayManifest, AMediaPlaylistHasTheNamesItIsListedUnder) {
  media::TimelineStream listed;
  listed.names = media::streamNamesOfVariant(kUrl, 2);
  listed.sharedInG0 = true;
  const std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:4,\n1.ts\n";
  ManifestContext context{kUrl, &listed};
  const auto read = readManifest(text, kUrl, context);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->live);
  EXPECT_EQ(read->streams.at(0).timeline.names.streamSwarmId, "https://h.example/a/b.m3u8+V2");
  EXPECT_EQ(read->streams.at(0).timeline.segments.at(0).sequence, "7");
  const auto alone = readManifest(text, "https://cdn.example/x", {kUrl});
  EXPECT_EQ(alone->streams.at(0).timeline.names.streamSwarmId, "https://h.example/a/b.m3u8");
  EXPECT_EQ(alone->streams.at(0).timeline.names.properties.redirectedSwarmId, "https://cdn.example/x");
  listed.sharedInG0 = false;
  EXPECT_TRUE(readManifest(text, kUrl, context)->streams.empty());
}

}  // namespace
}  // namespace p2pml::gateway
