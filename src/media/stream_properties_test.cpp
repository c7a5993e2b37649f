// What is read off which manifest; that it hashes to what JavaScript viewers hash is tested with engine/identity.
#include "media/stream_properties.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "media/m3u8.hpp"

namespace p2pml::media {
namespace {

MultivariantPlaylist parsed(const std::string& lines) {
  const auto result = parseM3u8("#EXTM3U\n" + lines, "https://e.x/m.m3u8");
  EXPECT_TRUE(result) << result.error().detail;
  return result ? std::get<MultivariantPlaylist>(*result) : MultivariantPlaylist();
}

TEST(StreamProperties, OfAVariant) {
  const auto master = parsed(
      "#EXT-X-STREAM-INF:BANDWIDTH=2,AVERAGE-BANDWIDTH=1,CODECS=\"mp4a.40.2, avc1.4D401F ,hvc1.2\",RESOLUTION=640x360,"
      "FRAME-RATE=29.970,VIDEO-RANGE=pq,NAME=\"n\"\n1.m3u8\n");
  EXPECT_EQ(master.variants[0].frameRate, "29.970");
  StreamProperties expected;
  expected.bitrate = 2;
  expected.codecs = "avc1.4D401F,hvc1.2";
  expected.width = 640;
  expected.height = 360;
  expected.frameRate = "29.97";
  expected.videoRange = "pq";
  EXPECT_EQ(streamPropertiesOf(master, 0), expected) << "NAME is the variant's, no property of the stream";
}

TEST(StreamProperties, AFrameRateKeepsAllItsDigits) {
  const auto master = parsed("#EXT-X-STREAM-INF:BANDWIDTH=2,FRAME-RATE=59.94005994\n1.m3u8\n");
  EXPECT_EQ(master.variants[0].frameRateMilliHertz, 59940u);
  EXPECT_EQ(streamPropertiesOf(master, 0).frameRate, "59.94005994");
}

TEST(StreamProperties, TheBitrateDistinguishesWhatIsOtherwiseAlike) {
  const auto master = parsed(
      "#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360,FRAME-RATE=25\n1.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=1280x720,FRAME-RATE=25\n2.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=3,RESOLUTION=1280x720,FRAME-RATE=25.000,CODECS=\"mp4a.40.2\"\n3.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=0,RESOLUTION=1280x720,FRAME-RATE=25,AVERAGE-BANDWIDTH=4\n4.m3u8\n");
  EXPECT_FALSE(streamPropertiesOf(master, 0).bitrateDistinguishes);
  EXPECT_TRUE(streamPropertiesOf(master, 1).bitrateDistinguishes);
  EXPECT_TRUE(streamPropertiesOf(master, 2).bitrateDistinguishes) << "the same number, the same video codecs";
  EXPECT_FALSE(streamPropertiesOf(master, 3).bitrateDistinguishes) << "it has no BANDWIDTH to do it";
}

TEST(StreamProperties, VariantsOfOnePlaylistAreTheFirstOfThem) {
  const auto master = parsed(
      "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401f\"\n1.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.4d401f,ec-3\"\n1.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=3,CODECS=\"avc1.4d401f\"\n2.m3u8\n");
  EXPECT_EQ(streamPropertiesOf(master, 1), streamPropertiesOf(master, 0));
  EXPECT_EQ(streamPropertiesOf(master, 1).bitrate, 1u);
  EXPECT_EQ(streamPropertiesOf(master, 2).index, 2u);
}

TEST(StreamProperties, UnknownCodecsComeLastUnlessAllAreUnknown) {
  const std::string unknown = "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"abcd,mp4a.40.2\"\n1.m3u8\n";
  const auto some = parsed(unknown + "#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.4d401f\"\n2.m3u8\n" +
                           "#EXT-X-STREAM-INF:BANDWIDTH=3\n3.m3u8\n");
  EXPECT_EQ(streamPropertiesOf(some, 0).index, 2u);
  EXPECT_EQ(streamPropertiesOf(some, 1).index, 0u);
  EXPECT_EQ(streamPropertiesOf(some, 2).index, 1u);
  const auto all = parsed(unknown + "#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"mp3\"\n2.m3u8\n");
  EXPECT_EQ(streamPropertiesOf(all, 0).index, 0u);
  EXPECT_EQ(streamPropertiesOf(all, 1).index, 1u);
}

TEST(StreamProperties, CodecsOfG4WhereItKnowsFewer) {
  const auto master = parsed("#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"dvh1.05.06,avc1.64001F\"\n1.m3u8\n");
  const StreamProperties properties = streamPropertiesOf(master, 0);
  EXPECT_EQ(properties.codecs, "dvh1.05.06,avc1.64001F");
  EXPECT_EQ(properties.codecsOfG4, "avc1.64001F");
}

TEST(StreamProperties, OfAnAudioRendition) {
  const auto master = parsed(
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"s\",URI=\"s.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Muxed\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en-US\",CHANNELS=\"6\",URI=\"en.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"b\",NAME=\"Again\",URI=\"en.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"b\",NAME=\"Only\",URI=\"only.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401f,mp4a.40.2,ec-3\",AUDIO=\"a\"\n1.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"mp4a.40.5\",AUDIO=\"b\"\nonly.m3u8\n");
  StreamProperties expected;
  expected.type = StreamType::secondary;
  expected.index = 1;
  expected.codecs = "mp4a.40.2,ec-3";
  expected.language = "en-US";
  expected.channels = "6";
  expected.name = "English";
  EXPECT_EQ(audioStreamProperties(master, 2), expected);
  EXPECT_EQ(audioStreamProperties(master, 3), expected) << "the same playlist is the same stream";
  EXPECT_EQ(audioStreamProperties(master, 4), streamPropertiesOf(master, 1)) << "a variant's playlist is main";
}

TEST(StreamProperties, ATrackForTheFirstVariantsOwnAudioComesFirst) {
  const std::string rendition = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",URI=\"n.m3u8\"\n";
  const std::string own = "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401f,mp4a.40.2\"\n1.m3u8\n";
  EXPECT_EQ(audioStreamProperties(parsed(rendition + own), 0).index, 1u);
  EXPECT_EQ(
      audioStreamProperties(parsed("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"m\"\n" + rendition + own), 1).index,
      1u)
      << "the rendition without a URI is that track";
  EXPECT_EQ(
      audioStreamProperties(parsed(rendition + "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401f\"\n1.m3u8\n"), 0)
          .index,
      0u);
}

TEST(StreamProperties, APlaylistAloneSaysNothing) { EXPECT_EQ(streamPropertiesWithoutMaster(), StreamProperties()); }

}  // namespace
}  // namespace p2pml::media
