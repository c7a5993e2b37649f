#include "media/m3u8_delta.hpp"

#include <gtest/gtest.h>

#include "media/m3u8.hpp"

namespace p2pml::media {
namespace {

MediaPlaylist read(const std::string& lines, bool allowDelta = false) {
  M3u8Options options;
  options.allowDelta = allowDelta;
  auto result = parseM3u8("#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + lines, "https://e.x/live/i.m3u8", options);
  EXPECT_TRUE(result) << result.error().detail;
  return result ? std::get<MediaPlaylist>(std::move(*result)) : MediaPlaylist();
}

std::string dateOf(const MediaSegment& segment) { return segment.dateTime ? dateTimeText(*segment.dateTime) : "none"; }

TEST(M3u8Delta, DatesAreReckonedForwardAndBackward) {
  const auto playlist = read(
      "#EXTINF:4,\na\n#EXTINF:2.5,\nb\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T10:00:00+02:00\n#EXTINF:4,\nc\n"
      "#EXT-X-DISCONTINUITY\n#EXTINF:1,\nd\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T09:00:00Z\n#EXTINF:4,\ne\n"
      "#EXT-X-PROGRAM-DATE-TIME:yesterday\n#EXTINF:4,\nf\n");
  ASSERT_EQ(playlist.segments.size(), 6u);
  const char* expected[] = {"2026-11-22T07:59:53.5Z", "2026-11-22T07:59:57.5Z", "2026-11-22T08:00:00Z",
                            "2026-11-22T08:00:04Z",   "2026-11-22T09:00:00Z",   "2026-11-22T09:00:04Z"};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(dateOf(playlist.segments[i]), expected[i]) << i;
  EXPECT_EQ(dateOf(read("#EXTINF:4,\na\n").segments[0]), "none");
}

const std::string kPrevious =
    "#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00Z\n"
    "#EXT-X-DATERANGE:ID=\"gone\",START-DATE=\"2026-11-22T08:00:00Z\"\n#EXT-X-DATERANGE:ID=\"stays\"\n"
    "#EXTINF:4,\n10.mp4\n#EXT-X-KEY:METHOD=AES-128,URI=\"k1\"\n#EXT-X-MAP:URI=\"m1\"\n#EXTINF:4,\n11.mp4\n"
    "#EXT-X-DISCONTINUITY\n#EXTINF:4,\n12.mp4\n";

TEST(M3u8Delta, SkippedSegmentsComeFromTheVersionBefore) {
  const auto delta = read(
      "#EXT-X-MEDIA-SEQUENCE:11\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n"
      "#EXT-X-SKIP:SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES=\"gone\tother\"\n"
      "#EXTINF:4,\n13.mp4\n#EXT-X-KEY:METHOD=NONE\n#EXT-X-DISCONTINUITY\n#EXTINF:4,\n14.mp4\n"
      "#EXT-X-DATERANGE:ID=\"new\"\n",
      true);
  ASSERT_TRUE(delta.skipped);
  EXPECT_EQ(delta.segments[0].sequence, 13u);
  const auto whole = mergeDelta(read(kPrevious), delta);
  ASSERT_TRUE(whole) << whole.error().detail;
  ASSERT_EQ(whole->segments.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(whole->segments[i].sequence, 11 + i);
    EXPECT_EQ(whole->segments[i].uri, "https://e.x/live/" + std::to_string(11 + i) + ".mp4");
    EXPECT_EQ(dateOf(whole->segments[i]),
              "2026-11-22T08:00:" + std::string(i < 2 ? "0" : "") + std::to_string(4 + 4 * i) + "Z");
    ASSERT_TRUE(whole->segments[i].map);
    EXPECT_EQ(whole->maps[*whole->segments[i].map].uri, "https://e.x/live/m1");
    EXPECT_EQ(whole->segments[i].keys.size(), i < 3 ? 1u : 0u);
  }
  EXPECT_EQ(whole->segments[1].discontinuitySequence, 4u);
  EXPECT_EQ(whole->segments[2].discontinuitySequence, 4u);
  EXPECT_EQ(whole->segments[3].discontinuitySequence, 5u);
  ASSERT_EQ(whole->dateRanges.size(), 2u);
  EXPECT_EQ(whole->dateRanges[0].id, "stays");
  EXPECT_EQ(whole->dateRanges[1].id, "new");
  EXPECT_EQ(whole->skipped, std::nullopt);
}

TEST(M3u8Delta, WhatCannotBeMerged) {
  const auto delta = read("#EXT-X-MEDIA-SEQUENCE:9\n#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXTINF:4,\na\n", true);
  const auto early = mergeDelta(read(kPrevious), delta);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, base::ErrorCode::notFound);
  const auto late = read("#EXT-X-MEDIA-SEQUENCE:12\n#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXTINF:4,\na\n", true);
  EXPECT_FALSE(mergeDelta(read(kPrevious), late));
  EXPECT_FALSE(mergeDelta(delta, late)) << "a delta is nothing to merge into";
  EXPECT_EQ(mergeDelta(MediaPlaylist(), read(kPrevious)), read(kPrevious));
}

}  // namespace
}  // namespace p2pml::media
