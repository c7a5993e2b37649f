#include "platform/sim/lab/metrics.hpp"

#include <gtest/gtest.h>

namespace p2pml::sim::lab {
namespace {

using base::milliseconds;
using base::seconds;
using base::TimePoint;

TEST(Spread, OfNothing) {
  const Spread spread = spreadOf({});
  EXPECT_EQ(spread.count, 0U);
  EXPECT_EQ(spread.max, 0);
}

TEST(Spread, PercentilesAreValuesThatOccur) {
  const Spread spread = spreadOf({4, 1, 3, 2});
  EXPECT_EQ(spread.p50, 2);
  EXPECT_EQ(spread.p95, 4);
  EXPECT_EQ(spread.mean, 2.5);
  EXPECT_EQ(spread.max, 4);
  std::vector<double> hundred(100);
  for (std::size_t i = 0; i < 100; ++i) hundred[i] = static_cast<double>(i + 1);
  EXPECT_EQ(spreadOf(hundred).p95, 95);
  EXPECT_EQ(spreadOf(hundred).p99, 99);
}

/// Two viewers, two segments of 100 bytes. The first got both from the origin, the second one from each.
TEST(Metrics, OfAWorldThatIsCountedByHand) {
  Scenario scenario;
  scenario.stream.qualities[0].segmentBytes = 100;
  scenario.groups.resize(1);
  Records records;
  records.ran = seconds(8);
  records.originBytes = 300;
  records.viewers.resize(3);
  ViewerRecord& first = records.viewers[0];
  first.startup = milliseconds(20);
  first.delivered = 2;
  first.deliveredBytes = first.originBytes = 200;
  first.firstSegmentBytes = 100;
  first.uploadedBytes = 100;
  first.thirdPeer = milliseconds(700);
  ViewerRecord& second = records.viewers[1];
  second.startup = milliseconds(40);
  second.delivered = 2;
  second.deliveredBytes = 200;
  second.originBytes = second.firstSegmentBytes = 100;
  second.p2pBytes = 100;
  second.stalls = 1;
  // The third came and never started.
  records.stalls.push_back({1, 1, TimePoint(seconds(4)), milliseconds(500)});
  records.segments = {{SegmentRecord{200, 200, 2, 2, {}}, SegmentRecord{100, 0, 1, 2, {}}, SegmentRecord{}}};

  const Metrics m = metricsOf(records, scenario);
  EXPECT_EQ(m.viewers, 3U);
  EXPECT_EQ(m.deliveredBytes, 400U);
  EXPECT_DOUBLE_EQ(m.offload, 0.25);
  EXPECT_DOUBLE_EQ(m.offloadLimit, 0.5);
  EXPECT_DOUBLE_EQ(m.fastStartLimit, 0.25);
  EXPECT_DOUBLE_EQ(m.p2pShare, 0.25);
  EXPECT_EQ(m.copies.count, 2U);
  EXPECT_DOUBLE_EQ(m.copies.mean, 1.5);
  EXPECT_DOUBLE_EQ(m.copies.max, 2);
  EXPECT_DOUBLE_EQ(m.furtherCopies.mean, 0.5);
  EXPECT_DOUBLE_EQ(m.getsPerSegment, 1.5);
  EXPECT_EQ(m.neverStarted, 1U);
  EXPECT_DOUBLE_EQ(m.startupMs.p50, 20);
  EXPECT_DOUBLE_EQ(m.startupMs.max, 40);
  EXPECT_DOUBLE_EQ(m.thirdPeerMs.max, 700);
  EXPECT_EQ(m.neverThreePeers, 2U);
  EXPECT_EQ(m.stalls, 1U);
  EXPECT_EQ(m.viewersWithStalls, 1U);
  EXPECT_DOUBLE_EQ(m.stallSeconds, 0.5);
  // (100 + 0 + 0)^2 / (3 * 100^2)
  EXPECT_NEAR(m.fairness, 1.0 / 3, 1e-9);
}

TEST(Metrics, ThoseWhoMayNotUploadAreNotUnfair) {
  Scenario scenario;
  scenario.groups.resize(2);
  scenario.groups[1].settings.emplace_back("consumeOnly", base::Json(true));
  Records records;
  records.viewers.resize(3);
  records.viewers[0].uploadedBytes = 100;
  records.viewers[1].plan.behaviour = Behaviour::leech;
  records.viewers[2].plan.group = 1;
  EXPECT_DOUBLE_EQ(metricsOf(records, scenario).fairness, 1);
}

TEST(Metrics, LatenciesAreOfEachSegmentFirst) {
  Scenario scenario;
  scenario.groups.resize(1);
  Records records;
  records.segments = {{SegmentRecord{0, 0, 0, 2, {1000, 3000}}, SegmentRecord{0, 0, 0, 2, {500, 5000}}}};
  const Metrics m = metricsOf(records, scenario);
  EXPECT_EQ(m.latencyHalf.max, 1000);
  EXPECT_EQ(m.latencyLast.p50, 3000);
  EXPECT_EQ(m.latencyLast.max, 5000);
}

TEST(Metrics, StartUpBesideTheTwin) {
  Records mine;
  Records twin;
  mine.viewers.resize(2);
  twin.viewers.resize(2);
  mine.viewers[0].startup = milliseconds(150);
  twin.viewers[0].startup = milliseconds(100);
  mine.originBytes = 40;
  twin.originBytes = 100;
  twin.stalls.push_back({0, 0, {}, seconds(2)});
  const TwinMetrics m = compareOf(mine, twin);
  EXPECT_EQ(m.startupRatio.count, 1U);  // the other never started
  EXPECT_DOUBLE_EQ(m.startupRatio.max, 1.5);
  EXPECT_DOUBLE_EQ(m.startupExtraMs.max, 50);
  EXPECT_DOUBLE_EQ(m.originRatio, 0.4);
  EXPECT_EQ(m.twinStalls, 1U);
  EXPECT_DOUBLE_EQ(m.twinStallSeconds, 2);
}

}  // namespace
}  // namespace p2pml::sim::lab
