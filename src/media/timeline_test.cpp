#include "media/timeline.hpp"

#include <gtest/gtest.h>

#include "media/hls_timeline.hpp"
#include "media/m3u8.hpp"

namespace p2pml::media {
namespace {

constexpr std::string_view kUrl = "https://e.x/live/1.m3u8";

MediaPlaylist playlistOf(std::uint64_t first, int count, const std::string& more = "") {
  std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(first) + "\n" + more;
  for (int i = 0; i < count; ++i)
    text += "#EXTINF:4,\n" + std::to_string(first + static_cast<std::uint64_t>(i)) + ".ts\n";
  auto result = parseM3u8(text, kUrl);
  EXPECT_TRUE(result) << result.error().detail;
  return std::get<MediaPlaylist>(std::move(*result));
}

TimelineStream streamOf(const MediaPlaylist& playlist) {
  auto presentation = presentationOf(playlist, kUrl, kUrl);
  EXPECT_TRUE(presentation);
  return std::move(presentation->streams.at(0));
}

std::vector<std::pair<std::uint64_t, std::int64_t>> numbersAndStarts(const TimelineStream& stream) {
  std::vector<std::pair<std::uint64_t, std::int64_t>> list;
  for (const auto& segment : stream.segments) list.emplace_back(segment.number, segment.start.count() / 1'000'000);
  return list;
}

TEST(Timeline, SegmentsAtATimeAndAhead) {
  TimelineStream stream = streamOf(playlistOf(10, 4, "#EXT-X-GAP\n"));
  EXPECT_EQ(segmentAt(stream, base::seconds(0)), 0u);
  EXPECT_EQ(segmentAt(stream, base::milliseconds(7999)), 1u);
  EXPECT_EQ(segmentAt(stream, base::seconds(16)), std::nullopt);
  EXPECT_EQ(segmentAt(stream, base::seconds(-1)), std::nullopt);
  EXPECT_EQ(liveEdgeOf(stream), base::seconds(16));

  using Plan = std::vector<PlannedSegment>;
  EXPECT_EQ(segmentsAhead(stream, base::seconds(1), base::seconds(8), 9), (Plan{{1, 0}, {2, 1}}))
      << "the first is a gap";
  EXPECT_EQ(segmentsAhead(stream, base::seconds(5), base::seconds(0), 9), (Plan{{1, 0}}));
  EXPECT_EQ(segmentsAhead(stream, base::seconds(-9), base::seconds(100), 2), (Plan{{1, 0}, {2, 1}}));
  EXPECT_EQ(segmentsAhead(stream, base::seconds(16), base::seconds(8), 9), Plan{});
  const WallTime now(base::seconds(100));
  stream.segments[3].availableFrom = now + base::seconds(1);
  EXPECT_EQ(segmentsAhead(stream, base::seconds(9), base::seconds(8), 9, now), (Plan{{2, 0}}));
  EXPECT_EQ(liveEdgeOf(stream, now), base::seconds(12));
}

TEST(Timeline, FindsSegmentsByUrlAndRange) {
  Presentation presentation;
  presentation.streams.resize(2);
  const auto add = [&](std::size_t stream, std::string url, std::optional<ByteRange> range) {
    TimelineSegment segment;
    segment.url = std::move(url);
    segment.range = range;
    presentation.streams[stream].segments.push_back(std::move(segment));
  };
  add(0, "https://e/a", ByteRange{100, 50});
  add(0, "https://e/a", ByteRange{150, 50});
  add(1, "https://e/b", std::nullopt);
  add(1, "https://e/a", ByteRange{100, 50});
  const SegmentFinder finder(presentation);
  using Place = SegmentFinder::Place;
  EXPECT_EQ(finder.find("https://e/a", ByteRange{100, 50}), (Place{0, 0}));
  EXPECT_EQ(finder.find("https://e/a", ByteRange{160, 1}), (Place{0, 1}));
  EXPECT_EQ(finder.find("https://e/b", std::nullopt), (Place{1, 0}));
  EXPECT_EQ(finder.find("https://e/b", ByteRange{7, 1}), (Place{1, 0}));
  EXPECT_EQ(finder.find("https://e/a", ByteRange{99, 1}), std::nullopt);
  EXPECT_EQ(finder.find("https://e/a", ByteRange{200, 1}), std::nullopt);
  EXPECT_EQ(finder.find("https://e/c", std::nullopt), std::nullopt);
}

TEST(Timeline, ALivePlaylistGoesOnWhereItWas) {
  using List = std::vector<std::pair<std::uint64_t, std::int64_t>>;
  const TimelineStream before = streamOf(playlistOf(10, 3));
  TimelineStream next = streamOf(playlistOf(12, 3));
  carryOver(before, next, base::seconds(4));
  EXPECT_EQ(numbersAndStarts(next), (List{{11, 4}, {12, 8}, {13, 12}, {14, 16}}));

  TimelineStream jumped = streamOf(playlistOf(15, 1));
  carryOver(before, jumped, base::seconds(0));
  EXPECT_EQ(numbersAndStarts(jumped), (List{{15, 20}})) << "two segments were missed";

  TimelineStream anew = streamOf(playlistOf(0, 1));
  carryOver(before, anew, base::seconds(100));
  EXPECT_EQ(numbersAndStarts(anew), (List{{0, 0}}));

  const TimelineStream dated = streamOf(playlistOf(10, 1, "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z\n"));
  TimelineStream later = streamOf(playlistOf(90, 1, "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:05:00Z\n"));
  carryOver(dated, later, base::seconds(0));
  EXPECT_EQ(numbersAndStarts(later), (List{{90, 300}}));
}

TEST(Timeline, WhatIsCarriedOverKeepsItsKeysAndInits) {
  const TimelineStream before =
      streamOf(playlistOf(10, 1, "#EXT-X-KEY:METHOD=AES-128,URI=\"k1\"\n#EXT-X-MAP:URI=\"m1\"\n"));
  TimelineStream next = streamOf(playlistOf(11, 1, "#EXT-X-KEY:METHOD=AES-128,URI=\"k2\"\n#EXT-X-MAP:URI=\"m1\"\n"));
  carryOver(before, next, base::seconds(100));
  ASSERT_EQ(next.segments.size(), 2u);
  EXPECT_EQ(next.keys.at(next.segments[0].keys.at(0)).uri, "https://e.x/live/k1");
  EXPECT_EQ(next.keys.at(next.segments[1].keys.at(0)).uri, "https://e.x/live/k2");
  EXPECT_EQ(next.inits.at(*next.segments[0].init).url, "https://e.x/live/m1");
}

}  // namespace
}  // namespace p2pml::media
