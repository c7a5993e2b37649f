#include "media/stream_segments.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/sha1.hpp"
#include "base/testing/files.hpp"
#include "media/m3u8.hpp"

namespace p2pml::media {
namespace {

constexpr std::string_view kMasterUrl = "https://example.com/live/master.m3u8?token=a?b";

MultivariantPlaylist master() {
  const auto result = parseM3u8(
      "#EXTM3U\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",URI=\"audio.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nlow.m3u8?x=1\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO=\"a\"\nhigh.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=3,AUDIO=\"a\"\nhigh.m3u8\n",
      kMasterUrl);
  EXPECT_TRUE(result);
  return std::get<MultivariantPlaylist>(*result);
}

// peer-json.md 5a.1: infohash = SHA-1 over the character '2' and the stream swarm id.
std::string infoHashOf(const StreamNames& names) { return base::toHex(base::sha1("2" + names.streamSwarmId)); }

TEST(StreamSegments, MasterSwarmIdIsTheUrlBeforeItsFirstQuestionMark) {
  EXPECT_EQ(masterSwarmIdOf(kMasterUrl), "https://example.com/live/master.m3u8");
  EXPECT_EQ(masterSwarmIdOf("https://example.com/m.m3u8"), "https://example.com/m.m3u8");
  EXPECT_EQ(masterSwarmIdOf("https://example.com/m.m3u8#t=1?x"), "https://example.com/m.m3u8#t=1");
  EXPECT_EQ(masterSwarmIdOf(kMasterUrl, "my-swarm"), "my-swarm");
}

// The table of peer-json.md 5a.1.
TEST(StreamSegments, StreamSwarmIdsGiveTheInfohashesOfTheProtocol) {
  EXPECT_EQ(infoHashOf(streamNamesWithoutMaster(kMasterUrl)), "88d7e97fc37e99c8750f19ab3d65c93eef52510a");
  EXPECT_EQ(infoHashOf(streamNamesOfVariant(kMasterUrl, 0)), "ae9cd6bf657a583a6f33711f1cae11fa25c19b43");
  EXPECT_EQ(infoHashOf(streamNamesWithoutMaster(kMasterUrl, "my-swarm")), "cdb6dffe69f6bdbcbcfe7d64f99ddc76da5d21ec");
  EXPECT_EQ(infoHashOf(streamNamesOfVariant(kMasterUrl, 0, "my-swarm")), "3c4b247a200a6fb9b75f82f1f3a6bd4c7c71f304");
}

TEST(StreamSegments, NamesVariantsByTheirPosition) {
  const StreamNames names = streamNamesOfVariant(kMasterUrl, 12);
  EXPECT_EQ(names.streamId, "V12");
  EXPECT_EQ(names.streamSwarmId, "https://example.com/live/master.m3u8+V12");
  EXPECT_EQ(streamNamesWithoutMaster(kMasterUrl).streamId, std::nullopt);

  EXPECT_EQ(variantIndexOf(master(), "https://example.com/live/low.m3u8?x=1"), 0u);
  EXPECT_EQ(variantIndexOf(master(), "https://example.com/live/high.m3u8"), 1u) << "the first of equal ones";
  EXPECT_EQ(variantIndexOf(master(), "https://example.com/live/low.m3u8"), std::nullopt) << "the query counts";
  EXPECT_EQ(variantIndexOf(master(), "https://example.com/live/audio.m3u8"), std::nullopt) << "audio is not shared";
}

TEST(StreamSegments, NamesCarryTheVariantsProperties) {
  const StreamNames names = streamNamesOfVariant(kMasterUrl, master(), 1);
  EXPECT_EQ(names.streamId, "V1");
  EXPECT_EQ(names.properties, streamPropertiesOf(master(), 1));
  EXPECT_EQ(names.properties.bitrate, 2u);
  EXPECT_EQ(streamNamesOfVariant(kMasterUrl, 12).properties.index, 12u) << "all that can be known";
  EXPECT_EQ(streamNamesWithoutMaster(kMasterUrl).properties, streamPropertiesWithoutMaster());
}

// tests/golden/identity/playlists.json: what the integrations 2.2.2 and 2.3.1 give with hls.js 1.6.16.
TEST(StreamSegments, NumbersAreThoseOfTheIntegrations) {
  const auto json = base::parseJson(base::fileText(base::goldenPath("identity/playlists.json")));
  ASSERT_TRUE(json && json->array() != nullptr && !json->array()->empty());
  for (const base::Json& row : *json->array()) {
    const std::string& where = *row.find("name")->string();
    const std::string& url = *row.find("url")->string();
    const auto parsed = parseM3u8(*row.find("text")->string(), url);
    ASSERT_TRUE(parsed) << where << ": " << parsed.error().detail;
    const auto& playlist = std::get<MediaPlaylist>(*parsed);
    const auto ours = streamSegments(playlist, streamNamesWithoutMaster(url));
    const base::Json::Array& theirs = *row.find("segments")->array();
    ASSERT_EQ(playlist.segments.size(), theirs.size()) << where;
    std::size_t next = 0;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      // They register gaps too, but nobody has one to share.
      if (playlist.segments[i].gap) continue;
      ASSERT_LT(next, ours.size()) << where;
      EXPECT_EQ(ours[next].url, *theirs[i].find("url")->string()) << where;
      EXPECT_EQ(ours[next].externalId, theirs[i].find("externalId")->integer()) << where;
      const base::Json* range = theirs[i].find("range");
      EXPECT_EQ(ours[next].range, range != nullptr ? std::optional(*range->string()) : std::nullopt) << where;
      ++next;
    }
    EXPECT_EQ(next, ours.size()) << where;
  }
}

TEST(StreamSegments, NamesEverySegment) {
  const auto parsed = parseM3u8(
      "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:300\n"
      "#EXTINF:4,\ns300.ts?t=1\n"
      "#EXT-X-GAP\n#EXTINF:4,\ngone.ts\n"
      "#EXT-X-BYTERANGE:1000@24\n#EXTINF:3.5,\nall.ts\n",
      "https://cdn.example/high.m3u8");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  const auto segments =
      streamSegments(std::get<MediaPlaylist>(*parsed), streamNamesOfVariant("https://e.x/m", 0, "my-swarm"));
  ASSERT_EQ(segments.size(), 2u);
  // The id of the captured request in peer-json.md 5a.3.
  EXPECT_EQ(segments[0].id, "my-swarm+V0+300");
  EXPECT_EQ(segments[0].url, "https://cdn.example/s300.ts?t=1");
  EXPECT_EQ(segments[0].range, std::nullopt);
  EXPECT_EQ(segments[0].sequence, "300");
  EXPECT_EQ(segments[0].masterSwarmId, "my-swarm");
  EXPECT_EQ(segments[0].streamId, "V0");
  EXPECT_EQ(segments[0].streamSwarmId, "my-swarm+V0");
  EXPECT_EQ(segments[0].duration, base::seconds(4));
  EXPECT_EQ(segments[1].id, "my-swarm+V0+302") << "a gap keeps its number";
  EXPECT_EQ(segments[0].externalId, 300);
  EXPECT_EQ(segments[1].externalId, 302);
  EXPECT_EQ(segments[1].range, "bytes=24-1023");
  EXPECT_EQ(segments[1].duration, base::milliseconds(3500));
}

TEST(StreamSegments, WithoutAMultivariantPlaylistTheStreamIsTheSwarm) {
  const auto parsed = parseM3u8("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n", "https://e.x/p.m3u8?q");
  ASSERT_TRUE(parsed);
  const auto segments =
      streamSegments(std::get<MediaPlaylist>(*parsed), streamNamesWithoutMaster("https://e.x/p.m3u8?q"));
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0].id, "https://e.x/p.m3u8+0") << "no EXT-X-MEDIA-SEQUENCE counts from 0";
  EXPECT_EQ(segments[0].streamSwarmId, "https://e.x/p.m3u8");
}

}  // namespace
}  // namespace p2pml::media
