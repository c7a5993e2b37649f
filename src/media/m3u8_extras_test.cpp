// Tags that are not of a whole segment, and reading a text in pieces.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/testing/files.hpp"
#include "media/m3u8.hpp"

namespace p2pml::media {
namespace {

constexpr std::string_view kBase = "https://cdn.example/live/index.m3u8?token=t%2F1&start=5";

MediaPlaylist media(const std::string& lines) {
  auto result = parseM3u8("#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + lines, kBase);
  EXPECT_TRUE(result) << result.error().detail;
  return result ? std::get<MediaPlaylist>(std::move(*result)) : MediaPlaylist();
}

std::string errorOf(const std::string& lines) {
  const auto result = parseM3u8("#EXTM3U\n" + lines, kBase);
  return result ? "none" : result.error().detail;
}

TEST(M3u8Extras, LowLatency) {
  const auto playlist = media(
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24.0,PART-HOLD-BACK=1.002\n#EXT-X-PART-INF:PART-"
      "TARGET=0.334\n"
      "#EXT-X-PART:DURATION=0.334,URI=\"a.mp4\",BYTERANGE=\"100@50\",INDEPENDENT=YES\n"
      "#EXT-X-PART:DURATION=0.334,URI=\"a.mp4\",BYTERANGE=\"20\"\n#EXTINF:4,\na.mp4\n"
      "#EXT-X-PART:DURATION=0.334,URI=\"a.mp4\",BYTERANGE=\"7\"\n#EXT-X-PART:DURATION=0.3,URI=\"b.mp4\",GAP=YES\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"b.mp4\",BYTERANGE-START=5,BYTERANGE-LENGTH=9\n"
      "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"i.mp4\"\n#EXT-X-RENDITION-REPORT:URI=\"../1.m3u8\",LAST-MSN=7,LAST-PART=2\n");
  EXPECT_EQ(playlist.partTarget, base::milliseconds(334));
  ServerControl control;
  control.canBlockReload = true;
  control.canSkipUntil = base::seconds(24);
  control.partHoldBack = base::milliseconds(1002);
  EXPECT_EQ(playlist.serverControl, control);
  const std::string a = "https://cdn.example/live/a.mp4";
  ASSERT_EQ(playlist.segments.size(), 1u);
  EXPECT_EQ(playlist.segments[0].parts,
            (std::vector<PartialSegment>{{a, base::milliseconds(334), ByteRange{50, 100}, true, false},
                                         {a, base::milliseconds(334), ByteRange{150, 20}, false, false}}));
  ASSERT_EQ(playlist.trailingParts.size(), 2u);
  EXPECT_EQ(playlist.trailingParts[0].byteRange, (ByteRange{170, 7}));
  EXPECT_TRUE(playlist.trailingParts[1].gap);
  EXPECT_EQ(playlist.preloadHints,
            (std::vector<PreloadHint>{{"PART", "https://cdn.example/live/b.mp4", 5, 9},
                                      {"MAP", "https://cdn.example/live/i.mp4", 0, std::nullopt}}));
  EXPECT_EQ(playlist.renditionReports, (std::vector<RenditionReport>{{"https://cdn.example/1.m3u8", 7, 2}}));
}

TEST(M3u8Extras, DateRangesBitratesAndUnknownTags) {
  const auto playlist = media(
      "#EXT-X-DATERANGE:ID=\"ad\",CLASS=\"c\",START-DATE=\"2026-11-22T08:00:00Z\",DURATION=30.5,SCTE35-OUT=0xFC,"
      "X-ASSET-LIST=\"https://a/b\",END-ON-NEXT=YES\n#EXT-X-BITRATE:1200\n#EXT-X-CUE-OUT:30\n#EXTINF:4,\na\n"
      "#EXT-X-BYTERANGE:5@0\n#EXTINF:4,\nb\n#EXTINF:4,\nc\n#EXT-X-ALLOW-CACHE:NO\n");
  ASSERT_EQ(playlist.dateRanges.size(), 1u);
  const DateRange& range = playlist.dateRanges[0];
  EXPECT_EQ(range.start, parseDateTime("2026-11-22T08:00:00Z"));
  EXPECT_EQ(range.duration, base::milliseconds(30'500));
  EXPECT_EQ(range.scte35Out, "0xFC");
  EXPECT_TRUE(range.endOnNext);
  EXPECT_EQ(range.otherAttributes, (std::vector<std::pair<std::string, std::string>>{{"X-ASSET-LIST", "https://a/b"}}));
  EXPECT_EQ(playlist.segments[0].bitrate, 1'200'000u);
  EXPECT_EQ(playlist.segments[1].bitrate, std::nullopt) << "it has a byte range";
  EXPECT_EQ(playlist.segments[2].bitrate, 1'200'000u);
  EXPECT_EQ(playlist.unknownTags,
            (std::vector<UnknownTag>{{5, "EXT-X-CUE-OUT", "30"}, {13, "EXT-X-ALLOW-CACHE", "NO"}}));
  std::string many;
  for (std::size_t i = 0; i < kMaxUnknownTags + 5; ++i) many += "#EXT-X-V\n";
  EXPECT_EQ(media(many).unknownTags.size(), kMaxUnknownTags);
}

TEST(M3u8Extras, SessionsAndSteering) {
  const auto result = parseM3u8(
      "#EXTM3U\n#EXT-X-SESSION-DATA:DATA-ID=\"a\",VALUE=\"v\",LANGUAGE=\"en\"\n#EXT-X-SESSION-DATA:DATA-ID=\"b\",URI="
      "\"b.json\"\n"
      "#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n"
      "#EXT-X-CONTENT-STEERING:SERVER-URI=\"/s?a\",PATHWAY-ID=\"CDN-A\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv\n",
      kBase);
  ASSERT_TRUE(result) << result.error().detail;
  const auto& master = std::get<MultivariantPlaylist>(*result);
  ASSERT_EQ(master.sessionData.size(), 2u);
  EXPECT_EQ(master.sessionData[1].uri, "https://cdn.example/live/b.json");
  ASSERT_EQ(master.sessionKeys.size(), 1u);
  EXPECT_EQ(master.sessionKeys[0].uri, "skd://k");
  EXPECT_EQ(master.contentSteering, (ContentSteering{"https://cdn.example/s?a", "CDN-A"}));
}

TEST(M3u8Extras, WhatIsWrongIsNamed) {
  EXPECT_EQ(errorOf("#EXT-X-PART:URI=\"a\"\n"),
            "line 2: EXT-X-PART: DURATION is missing, expected a number of seconds from 0 to 1000000");
  EXPECT_EQ(errorOf("#EXT-X-PART-INF:PART-TARGET=-1\n"),
            "line 2: EXT-X-PART-INF: PART-TARGET is \"-1\", expected a decimal number");
  EXPECT_EQ(errorOf("#EXT-X-DATERANGE:CLASS=\"a\"\n"),
            "line 2: EXT-X-DATERANGE: ID is missing, expected a text that is not empty");
  EXPECT_EQ(errorOf("#EXT-X-CONTENT-STEERING:PATHWAY-ID=\"a\"\n"),
            "line 2: EXT-X-CONTENT-STEERING: SERVER-URI is missing, expected a URI");
  EXPECT_EQ(
      errorOf("#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=99999999\n"),
      "line 2: EXT-X-SERVER-CONTROL: CAN-SKIP-UNTIL is \"99999999\", expected a number of seconds from 0 to 1000000");
}

base::Result<Playlist> readInPieces(std::string_view text, std::size_t size) {
  auto reader = M3u8Reader::make(std::string(kBase));
  if (!reader) return std::unexpected(reader.error());
  while (!text.empty()) {
    const std::string piece(text.substr(0, size));  // a copy that is gone with the next round
    if (const auto fed = reader->feed(piece); !fed) return std::unexpected(fed.error());
    text.remove_prefix(piece.size());
  }
  return reader->finish();
}

TEST(M3u8Extras, InPiecesItReadsTheSame) {
  for (const std::string& name : base::fileNames(base::goldenPath("m3u8"), ".m3u8")) {
    const std::string text = base::fileText(base::goldenPath("m3u8/" + name));
    const auto whole = parseM3u8(text, kBase);
    for (const std::size_t size : {1, 7, 64}) EXPECT_EQ(readInPieces(text, size), whole) << name << " by " << size;
  }
  const std::string longLine = "#EXTM3U\n#" + std::string(kMaxPlaylistLineBytes + 10, 'x');
  EXPECT_EQ(readInPieces(longLine, 1000), parseM3u8(longLine, kBase));
  EXPECT_EQ(readInPieces(longLine, 1000).error().code, base::ErrorCode::limitExceeded);
  EXPECT_EQ(readInPieces(std::string(kMaxPlaylistBytes + 1, '\n'), 1 << 20).error().code, base::ErrorCode::malformed)
      << "the first line is wrong before the text is too long";
}

}  // namespace
}  // namespace p2pml::media
