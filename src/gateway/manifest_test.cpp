#include "gateway/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace p2pml::gateway {
namespace {

using testing::HasSubstr;

constexpr const char* kUrl = "https://h.example/a/b.m3u8?t=1";

std::string rewritten(const std::string& text, const std::string& url = kUrl) {
  UrlSpace space("/s/x/", kUrl);
  const auto result = rewriteManifest(text, url, "/s/x/0/a/b.m3u8?t=1", {{"v", "sub"}}, space);
  return result ? *result : "error: " + result.error().detail;
}

TEST(GatewayManifest, OnlyWhatWouldLeadElsewhereIsRewritten) {
  EXPECT_EQ(rewritten("1.ts\n"), "1.ts\n");
  EXPECT_EQ(rewritten("../c/1.ts?k=1\n"), "../c/1.ts?k=1\n");
  EXPECT_EQ(rewritten("{$v}/1.ts\n"), "{$v}/1.ts\n");
  EXPECT_EQ(rewritten("?t=2\n"), "?t=2\n");
  EXPECT_EQ(rewritten("/top/1.ts\n"), "/s/x/0/top/1.ts\n");
  EXPECT_EQ(rewritten("../../../1.ts\n"), "/s/x/0/1.ts\n");
  EXPECT_EQ(rewritten("https://h.example/1.ts\n"), "/s/x/0/1.ts\n");
  EXPECT_EQ(rewritten("//cdn.example/1.ts\n"), "/s/x/1/1.ts\n");
  EXPECT_EQ(rewritten("1.ts\n", "https://cdn.example/other/b.m3u8"), "/s/x/1/other/1.ts\n");
}

TEST(GatewayManifest, UrisInTags) {
  EXPECT_EQ(rewritten("#EXT-X-KEY:METHOD=AES-128,URI=\"/k\",IV=0x1\n"),
            "#EXT-X-KEY:METHOD=AES-128,URI=\"/s/x/0/k\",IV=0x1\n");
  EXPECT_EQ(rewritten("#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"1@0\"\n"), "#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"1@0\"\n");
  EXPECT_EQ(rewritten("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\"\n"),
            "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\"\n");
  EXPECT_EQ(rewritten("#EXT-X-MEDIA:NAME=\"URI=\",URI=\"/k\"\n"), "#EXT-X-MEDIA:NAME=\"URI=\",URI=\"/s/x/0/k\"\n");
  EXPECT_EQ(rewritten("#EXT-X-CONTENT-STEERING:SERVER-URI=\"/k\"\n"), "\n");
  EXPECT_EQ(rewritten("# comment URI=\"/k\"\n"), "# comment URI=\"/k\"\n");
}

TEST(GatewayManifest, WhatNobodyShouldLoadIsAnError) {
  EXPECT_THAT(rewritten("a.ts\nfile:///etc/passwd\n"), HasSubstr("error: line 2: "));
  EXPECT_THAT(rewritten("#EXT-X-KEY:METHOD=AES-128,URI=\"javascript:1\"\n"), HasSubstr("error: line 1: "));
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
  EXPECT_EQ(read->listed[0].label, "360p 800 kbit/s");
  EXPECT_EQ(read->listed[1].names.streamSwarmId, "https://h.example/a/b.m3u8+A0");
  EXPECT_EQ(read->listed[1].label, "audio en");
  EXPECT_TRUE(read->listed[1].shared);
  EXPECT_FALSE(read->listed[2].shared);
  EXPECT_FALSE(read->listed[3].shared);
}

TEST(GatewayManifest, AMediaPlaylistHasTheNamesItIsListedUnder) {
  ListedStream listed;
  listed.names = media::streamNamesOfVariant(kUrl, 2);
  listed.label = "big";
  const std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:4,\n1.ts\n";
  const auto read = readManifest(text, kUrl, {kUrl, &listed});
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->live());
  EXPECT_EQ(read->streams.at(0).segments.at(0).id, "https://h.example/a/b.m3u8+V2+7");
  EXPECT_EQ(position(read->streams.at(0).segments.at(0)), 7);
  const auto alone = readManifest(text, "https://cdn.example/x", {kUrl});
  EXPECT_EQ(alone->streams.at(0).names.streamSwarmId, "https://h.example/a/b.m3u8");
  EXPECT_EQ(alone->streams.at(0).names.properties.redirectedSwarmId, "https://cdn.example/x");
  listed.shared = false;
  EXPECT_TRUE(readManifest(text, kUrl, {kUrl, &listed})->streams.empty());
}

}  // namespace
}  // namespace p2pml::gateway
