// Limits and cost of the playlist reader; what it reads from which text is in m3u8_golden_test.cpp.
#include "media/m3u8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace p2pml::media {
namespace {

using base::ErrorCode;

constexpr std::string_view kBaseUrl = "https://cdn.example/live/index.m3u8";

std::string mediaPlaylist(std::size_t segments, std::string_view uri = "s.ts") {
  std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n";
  for (std::size_t i = 0; i < segments; ++i) {
    text += "#EXTINF:2.000000,\n";
    text += uri;
    text += '\n';
  }
  return text;
}

ErrorCode errorOf(std::string_view text, std::string_view baseUrl = kBaseUrl) {
  const auto result = parseM3u8(text, baseUrl);
  EXPECT_FALSE(result);
  return result ? ErrorCode::internal : result.error().code;
}

TEST(M3u8, LimitsTheNumberOfSegments) {
  const std::string text = mediaPlaylist(kMaxPlaylistSegments);
  const auto result = parseM3u8(text, kBaseUrl);
  ASSERT_TRUE(result) << result.error().detail;
  const auto& playlist = std::get<MediaPlaylist>(*result);
  ASSERT_EQ(playlist.segments.size(), kMaxPlaylistSegments);
  EXPECT_EQ(playlist.segments.back().sequence, 7 + kMaxPlaylistSegments - 1);
  EXPECT_EQ(playlist.duration(), base::seconds(2 * static_cast<std::int64_t>(kMaxPlaylistSegments)));
  EXPECT_EQ(errorOf(text + "#EXTINF:2,\ns.ts\n"), ErrorCode::limitExceeded);
}

TEST(M3u8, LimitsVariantsAndRenditions) {
  std::string variants = "#EXTM3U\n";
  for (std::size_t i = 0; i < kMaxPlaylistVariants; ++i) variants += "#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n";
  EXPECT_TRUE(parseM3u8(variants, kBaseUrl));
  EXPECT_EQ(errorOf(variants + "#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n"), ErrorCode::limitExceeded);

  const std::string rendition = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\"\n";
  std::string renditions = "#EXTM3U\n";
  for (std::size_t i = 0; i < kMaxPlaylistVariants; ++i) renditions += rendition;
  EXPECT_TRUE(parseM3u8(renditions, kBaseUrl));
  EXPECT_EQ(errorOf(renditions + rendition), ErrorCode::limitExceeded);
}

TEST(M3u8, LimitsTextAndLines) {
  const std::string head = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";
  std::string full = head;
  while (full.size() + 60'001 <= kMaxPlaylistBytes) full += "#" + std::string(59'999, 'x') + "\n";
  full += std::string(kMaxPlaylistBytes - full.size(), '\n');
  EXPECT_TRUE(parseM3u8(full, kBaseUrl));
  EXPECT_EQ(errorOf(full + "\n"), ErrorCode::limitExceeded);

  EXPECT_TRUE(parseM3u8(head + "#" + std::string(kMaxPlaylistLineBytes - 1, 'x'), kBaseUrl));
  EXPECT_EQ(errorOf(head + "#" + std::string(kMaxPlaylistLineBytes, 'x')), ErrorCode::limitExceeded);
}

TEST(M3u8, LimitsKeyFormatsOfOneSegment) {
  std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";
  const auto key = [](std::size_t i) {
    return "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\",KEYFORMAT=\"f" + std::to_string(i) + "\"\n";
  };
  for (std::size_t i = 0; i < kMaxKeysPerSegment; ++i) text += key(i);
  const auto result = parseM3u8(text + key(3) + "#EXTINF:2,\na.ts\n", kBaseUrl);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(std::get<MediaPlaylist>(*result).segments[0].keys.size(), kMaxKeysPerSegment);
  EXPECT_EQ(errorOf(text + key(kMaxKeysPerSegment)), ErrorCode::limitExceeded);
}

TEST(M3u8, LimitsDurations) {
  EXPECT_TRUE(parseM3u8("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1000000,\na\n", kBaseUrl));
  EXPECT_EQ(errorOf("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1000000.000001,\na\n"), ErrorCode::malformed);
}

TEST(M3u8, LimitsWhatASmallPlaylistCanBlowUpTo) {
  // A base URL of 8 KiB before 100,000 segments would be 800 MB.
  const std::string base = "https://a/" + std::string(8'000, 'd') + "/i.m3u8";
  EXPECT_EQ(errorOf(mediaPlaylist(100'000), base), ErrorCode::limitExceeded);
  EXPECT_TRUE(parseM3u8(mediaPlaylist(10'000), base));
}

TEST(M3u8, RefusesABrokenBaseUrlAndLivesWithoutOne) {
  EXPECT_EQ(errorOf(mediaPlaylist(1), "index.m3u8"), ErrorCode::malformed);
  const auto result = parseM3u8(mediaPlaylist(1), "");
  ASSERT_TRUE(result);
  EXPECT_EQ(std::get<MediaPlaylist>(*result).segments[0].uri, "s.ts");
}

TEST(M3u8, MediaPlaylistsImportVariables) {
  const auto master =
      parseM3u8("#EXTM3U\n#EXT-X-DEFINE:NAME=\"auth\",VALUE=\"x1\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n", kBaseUrl);
  ASSERT_TRUE(master);
  M3u8Options options;
  options.imports = std::get<MultivariantPlaylist>(*master).variables;
  const auto media =
      parseM3u8("#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"auth\"\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\ns.ts?a={$auth}\n",
                kBaseUrl, options);
  ASSERT_TRUE(media) << media.error().detail;
  EXPECT_EQ(std::get<MediaPlaylist>(*media).segments[0].uri, "https://cdn.example/live/s.ts?a=x1");
}

std::uint64_t workOf(std::string_view text) {
  std::uint64_t work = 0;
  M3u8Options options;
  options.work = &work;
  const auto result = parseM3u8(text, kBaseUrl, options);
  EXPECT_TRUE(result) << result.error().detail;
  return work;
}

// Counted, not timed: the bytes looked at and produced for ten times the segments are ten times as many, with
// everything that carries state from one segment to the next.
TEST(M3u8, CostIsLinear) {
  const auto text = [](std::size_t segments) {
    std::string out = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-DEFINE:NAME=\"p\",VALUE=\"path\"\n";
    for (std::size_t i = 0; i < segments; ++i) {
      out += "#EXT-X-KEY:METHOD=AES-128,URI=\"{$p}/k\"\n#EXT-X-MAP:URI=\"i.mp4\"\n#EXT-X-DISCONTINUITY\n";
      out += i == 0 ? "#EXT-X-BYTERANGE:10@0\n" : "#EXT-X-BYTERANGE:10\n";
      out += "#EXTINF:2,\n../{$p}/all.mp4\n";
    }
    return out;
  };
  const std::string small = text(5'000);
  const std::string large = text(50'000);
  const std::uint64_t smallWork = workOf(small);
  const std::uint64_t largeWork = workOf(large);
  EXPECT_GE(smallWork, small.size()) << "every byte is looked at";
  EXPECT_LE(largeWork, smallWork * 10);
  EXPECT_LE(largeWork, large.size() * 4);
}

}  // namespace
}  // namespace p2pml::media
