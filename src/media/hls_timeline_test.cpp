#include "media/hls_timeline.hpp"

#include <gtest/gtest.h>

#include "media/m3u8.hpp"

namespace p2pml::media {
namespace {

constexpr std::string_view kUrl = "https://cdn.e/after/m.m3u8?x";
constexpr std::string_view kRequestUrl = "https://e/m.m3u8?token";

Playlist read(const std::string& lines) {
  auto result = parseM3u8("#EXTM3U\n" + lines, kUrl);
  EXPECT_TRUE(result) << result.error().detail;
  return result ? std::move(*result) : Playlist();
}

TEST(HlsTimeline, StreamsAndWhoSharesThem) {
  const auto playlist = read(
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en\",URI=\"en.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"muxed\"\n"
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"n\",URI=\"s.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401e,mp4a.40.2\",AUDIO=\"a\"\nv.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.4d401e,ec-3\",AUDIO=\"a\"\nv.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"mp4a.40.2\"\nonly.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1\njavascript:alert(1)\n"
      "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n");
  const auto presentation = presentationOf(std::get<MultivariantPlaylist>(playlist), kUrl, kRequestUrl);
  ASSERT_EQ(presentation.streams.size(), 5u);
  const auto& streams = presentation.streams;
  const TrackKind kinds[] = {TrackKind::video, TrackKind::audio, TrackKind::audio, TrackKind::subtitles,
                             TrackKind::iFrames};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(streams[i].kind, kinds[i]) << i;
  EXPECT_EQ(streams[0].names.streamSwarmId, "https://e/m.m3u8+V0");
  EXPECT_EQ(streams[0].names.properties.redirectedSwarmId, "https://cdn.e/after/m.m3u8");
  EXPECT_TRUE(streams[0].sharedInG0 && streams[1].sharedInG0);
  EXPECT_EQ(streams[1].names.streamId, "V2") << "places count all variants";
  EXPECT_EQ(streams[2].label, "English");
  EXPECT_EQ(streams[2].names.properties.type, StreamType::secondary);
  EXPECT_TRUE(!streams[2].sharedInG0 && streams[2].sharedInBinary);
  EXPECT_TRUE(!streams[3].sharedInG0 && !streams[3].sharedInBinary && !streams[4].sharedInBinary);
  EXPECT_EQ(presentation.notes,
            (std::vector<std::string>{"playlist: stream \"javascript:alert(1)\": expected a URL of http or https"}));
}

TEST(HlsTimeline, SegmentsWithAllThatTheySay) {
  const auto playlist = read(
      "#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n"
      "#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"9@0\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:4,\n#EXT-X-BYTERANGE:5@"
      "10\na.mp4\n"
      "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:04Z\n#EXTINF:2.5,\nb.mp4\n#EXT-X-ENDLIST\n");
  const auto presentation = presentationOf(std::get<MediaPlaylist>(playlist), kUrl, kRequestUrl, "my-swarm");
  ASSERT_TRUE(presentation);
  EXPECT_EQ(presentation->live, false);
  EXPECT_EQ(presentation->duration, base::milliseconds(6500));
  const TimelineStream& stream = presentation->streams.at(0);
  EXPECT_EQ(stream.names.streamSwarmId, "my-swarm");
  EXPECT_EQ(stream.refreshInterval, std::nullopt);
  ASSERT_EQ(stream.segments.size(), 2u);
  EXPECT_EQ(stream.segments[0].range, (ByteRange{10, 5}));
  EXPECT_EQ(stream.segments[0].sequence, "7");
  EXPECT_EQ(stream.segments[1].externalId, 1) << "of a VOD the place";
  EXPECT_EQ(stream.segments[1].externalIdOfG4, 8);
  EXPECT_EQ(stream.segments[1].start, base::seconds(4));
  EXPECT_EQ(stream.segments[1].period, 1u);
  EXPECT_TRUE(stream.segments[1].discontinuity);
  EXPECT_EQ(stream.segments[0].dateTime, parseDateTime("2026-01-01T00:00:00Z"));
  EXPECT_EQ(stream.inits.at(0).range, (ByteRange{0, 9}));
  EXPECT_EQ(stream.keys.at(stream.segments[1].keys.at(0)).uri, "https://cdn.e/after/k");
}

TEST(HlsTimeline, RefusesWhatNoBrowserWouldLoad) {
  const std::string head = "#EXT-X-TARGETDURATION:4\n";
  for (const char* lines : {"#EXTINF:4,\nfile:///etc/passwd\n", "#EXT-X-MAP:URI=\"javascript:1\"\n#EXTINF:4,\na\n",
                            "#EXT-X-KEY:METHOD=AES-128,URI=\"file:///k\"\n#EXTINF:4,\na\n"}) {
    const auto result = presentationOf(std::get<MediaPlaylist>(read(head + lines)), kUrl, kRequestUrl);
    ASSERT_FALSE(result) << lines;
    EXPECT_EQ(result.error().code, base::ErrorCode::malformed);
  }
  EXPECT_TRUE(presentationOf(
      std::get<MediaPlaylist>(read(head + "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\"\n#EXTINF:4,\na\n")), kUrl,
      kRequestUrl));
}

}  // namespace
}  // namespace p2pml::media
