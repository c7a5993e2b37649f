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
