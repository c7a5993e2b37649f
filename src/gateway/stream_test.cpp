#include "gateway/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace p2pml::gateway {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr base::TimePoint kNow{base::seconds(1'000)};

ManifestStream told(int first, int count, bool live = true, const std::string& query = "") {
  ManifestStream stream;
  stream.label = "label";
  stream.timeline.url = "https://h/index.m3u8";
  stream.timeline.names = media::streamNamesWithoutMaster("s");
  stream.timeline.live = live;
  stream.timeline.targetDuration = base::seconds(4);
  for (int i = first; i < first + count; ++i) {
    media::TimelineSegment segment;
    segment.number = static_cast<std::uint64_t>(i);
    segment.sequence = std::to_string(i);
    segment.externalId = live ? i : i - first;
    segment.url = "https://h/" + std::to_string(i) + ".ts" + query;
    segment.start = base::seconds(4) * (i - first);
    segment.duration = base::seconds(4);
    stream.timeline.segments.push_back(std::move(segment));
  }
  return stream;
}
/// Sequence and seconds until it is needed.
std::vector<std::pair<std::string, std::int64_t>> brief(const Stream::Plan& plan) {
  std::vector<std::pair<std::string, std::int64_t>> result;
  for (const QueuedSegment& next : plan.queue)
    result.emplace_back(next.segment.sequence, next.neededIn / base::seconds(1));
  return result;
}

TEST(GatewayStream, ASlidingWindowIsMergedAndAddressesAreRenewed) {
  Stream stream(told(0, 0));
  EXPECT_TRUE(stream.update(kNow, told(0, 3)));
  EXPECT_TRUE(stream.update(kNow + base::seconds(4), told(1, 3, true, "?t=2")));
  EXPECT_EQ(stream.segments().size(), 4U);
  EXPECT_EQ(stream.at(1)->url, "https://h/1.ts?t=2");
  EXPECT_EQ(stream.at(0)->url, "https://h/0.ts");
  EXPECT_EQ(stream.changedAt(), kNow + base::seconds(4));
  EXPECT_FALSE(stream.update(kNow + base::seconds(8), told(1, 3)));
  EXPECT_EQ(stream.changedAt(), kNow + base::seconds(4));
  EXPECT_FALSE(stream.update(kNow, told(0, 0)));
}

TEST(GatewayStream, WhatIsListedNoMoreIsKeptWithinBounds) {
  Stream stream(told(0, 0));
  for (int i = 0; i < 1'000; ++i) stream.update(kNow, told(i, 3));
  EXPECT_EQ(stream.segments().size(), Stream::kMaxKept + 3);
}

TEST(GatewayStream, AnOriginThatCountsAnewStartsAnew) {
  Stream stream(told(0, 0));
  stream.update(kNow, told(1'000, 3));
  EXPECT_TRUE(stream.update(kNow, told(0, 3)));
  EXPECT_EQ(stream.segments().size(), 3U);
  EXPECT_EQ(stream.at(1'000), nullptr);
}

/// Of an encoder that was restarted: other files.
ManifestStream toldAnew(int first, int count) {
  ManifestStream stream = told(first, count);
  for (media::TimelineSegment& segment : stream.timeline.segments)
    segment.url = "https://h/new" + segment.sequence + ".ts";
  return stream;
}

TEST(GatewayStream, ANumberThatMeantAnotherSegmentIsNotShared) {
  Stream stream(told(0, 0));
  stream.update(kNow, told(10, 5));
  stream.update(kNow, toldAnew(12, 2));
  EXPECT_EQ(stream.beginnings(), 1U);
  EXPECT_EQ(stream.at(12), nullptr);
  EXPECT_EQ(stream.at(11), nullptr);
  stream.asked(kNow, "a", 14);
  EXPECT_THAT(brief(stream.plan(kNow, {})), ElementsAre());
  // Beyond those it is, and when peers will have forgotten them.
  stream.update(kNow, toldAnew(14, 3));
  EXPECT_EQ(stream.at(14), nullptr);
  EXPECT_EQ(stream.at(15)->url, "https://h/new15.ts");
  EXPECT_EQ(stream.seedPlan(kNow, 5, {}).queue.size(), 2U);
  stream.update(kNow + Stream::kKept, toldAnew(14, 3));
  EXPECT_EQ(stream.at(14)->url, "https://h/new14.ts");
  EXPECT_EQ(stream.beginnings(), 1U);
}

TEST(GatewayStream, AnOlderVersionIsACachesAndTakesNothingAway) {
  Stream stream(told(0, 0));
  stream.update(kNow, told(10, 5));
  EXPECT_FALSE(stream.update(kNow, told(8, 5, true, "?t=2")));
  EXPECT_EQ(stream.beginnings(), 0U);
  EXPECT_EQ(stream.at(14)->url, "https://h/14.ts");
  EXPECT_EQ(stream.at(12)->url, "https://h/12.ts?t=2");
  stream.update(kNow + base::seconds(8), told(12, 5));
  stream.update(kNow + base::seconds(30), told(11, 5));
  EXPECT_EQ(stream.beginnings(), 0U) << "each time the newest came in between";
}

TEST(GatewayStream, AnOlderVersionMayComeFromAnotherHost) {
  Stream stream(told(0, 0));
  stream.update(kNow, told(10, 5));
  ManifestStream elsewhere = told(8, 5);
  elsewhere.timeline.url = "https://cdn2/x/index.m3u8";
  for (media::TimelineSegment& segment : elsewhere.timeline.segments)
    segment.url = "https://cdn2/x/" + segment.sequence + ".ts";
  stream.update(kNow, std::move(elsewhere));
  EXPECT_EQ(stream.beginnings(), 0U);
  // The same names in another folder are others.
  ManifestStream other = told(8, 5);
  for (media::TimelineSegment& segment : other.timeline.segments)
    segment.url = "https://h/b/" + segment.sequence + ".ts";
  stream.update(kNow, std::move(other));
  EXPECT_EQ(stream.beginnings(), 1U);
}

TEST(GatewayStream, AnOlderVersionThatStaysIsAnotherBeginning) {
  Stream stream(told(0, 0));
  stream.update(kNow, told(0, 5));
  for (int second = 0; second <= 12; ++second) stream.update(kNow + base::seconds(second), told(0, 1));
  EXPECT_EQ(stream.beginnings(), 0U);
  stream.update(kNow + base::seconds(13), told(0, 2));
  EXPECT_EQ(stream.beginnings(), 1U);
  EXPECT_EQ(stream.at(0), nullptr);
  stream.update(kNow + base::seconds(40), told(3, 5));
  EXPECT_EQ(stream.at(4), nullptr);
  EXPECT_NE(stream.at(5), nullptr);
}

TEST(GatewayStream, WhatIsFartherBehindThanACacheMayBeIsAnotherBeginning) {
  Stream stream(told(0, 0));
  stream.update(kNow, told(0, 16));
  stream.update(kNow, told(0, 1));
  EXPECT_EQ(stream.beginnings(), 0U);
  stream.update(kNow, told(0, 17));
  stream.update(kNow, told(0, 1));
  EXPECT_EQ(stream.beginnings(), 1U);
}

TEST(GatewayStream, TheEndOfALiveStreamDoesNotNumberItAnew) {
  Stream stream(told(0, 0));
  stream.update(kNow, told(10, 5));
  stream.update(kNow, told(12, 6, false));
  EXPECT_FALSE(stream.live());
  EXPECT_EQ(stream.named(*stream.at(14)).externalId, 14);
  EXPECT_EQ(stream.named(*stream.at(17)).externalId, 17);
}

TEST(GatewayStream, AnotherStreamUnderItsNameIsNotShared) {
  Stream stream(told(0, 0));
  stream.update(kNow, told(0, 5, false));
  ManifestStream other = told(0, 10, false);
  other.timeline.names.properties.bitrate = 1'000'000;
  stream.update(kNow, ManifestStream(other));
  EXPECT_EQ(stream.beginnings(), 1U);
  EXPECT_EQ(stream.at(7), nullptr);
  stream.update(kNow + Stream::kKept, std::move(other));
  EXPECT_NE(stream.at(7), nullptr);
}

TEST(GatewayStream, ThePlanIsWhatTheNearestPlayerNeedsFirst) {
  Stream stream(told(0, 0));
  stream.update(kNow, told(0, 100, false));
  stream.asked(kNow, "a", 10);
  EXPECT_THAT(brief(stream.plan(kNow, {.segments = 3})), ElementsAre(Pair("10", 0), Pair("11", 4), Pair("12", 8)));
  stream.players().got(kNow, "a", 10, base::seconds(4));
  EXPECT_THAT(brief(stream.plan(kNow, {.segments = 2})), ElementsAre(Pair("11", 4), Pair("12", 8)));
  stream.asked(kNow, "b", 12);
  EXPECT_THAT(brief(stream.plan(kNow, {.segments = 2})), ElementsAre(Pair("12", 0), Pair("11", 4), Pair("13", 4)));
  EXPECT_THAT(brief(stream.plan(kNow + base::seconds(3'600), {.segments = 2})), ElementsAre());
  EXPECT_THAT(brief(stream.plan(kNow, {.segments = 100, .time = base::seconds(5)})),
              ElementsAre(Pair("12", 0), Pair("11", 4), Pair("13", 4)));
}

TEST(GatewayStream, ASeedKeepsTheNewestOfALiveStreamAndTheFirstOfAnother) {
  Stream live(told(0, 0));
  live.update(kNow, told(0, 10));
  EXPECT_EQ(live.seedPlan(kNow, 2, {}).queue[0].segment.sequence, "8");
  Stream vod(told(0, 0));
  vod.update(kNow, told(0, 10, false));
  const auto plan = vod.seedPlan(kNow, 3, {"s+0"}).queue;
  EXPECT_THAT(plan, testing::SizeIs(3));
  EXPECT_EQ(plan[1].segment.sequence, "1");
  EXPECT_EQ(plan[1].priority, 0);
  EXPECT_EQ(plan[2].priority, 1);
  EXPECT_GE(plan[1].neededIn, Stream::kSeedTime) << "a slow line makes nothing urgent that nobody plays";
}

}  // namespace
}  // namespace p2pml::gateway
