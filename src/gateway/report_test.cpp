#include "gateway/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/json.hpp"

namespace p2pml::gateway {
namespace {

using testing::HasSubstr;

Report someReport() {
  Report report;
  report.version = "1";
  for (const char* label : {"a", "b\"\\\n"}) {
    StreamRow row;
    row.manifest = "https://h/m.m3u8";
    row.label = label;
    row.lane = input::LaneReport{.httpBytes = 7};
    row.players.push_back({.segment = 3, .active = true});
    report.streams.push_back(std::move(row));
  }
  return report;
}

TEST(GatewayReport, MetricsHaveHelpAndTypeOnceAndEscapedLabels) {
  const std::string text = metricsText(someReport());
  std::set<std::string> families;
  std::size_t line = 0;
  while (line < text.size()) {
    const std::size_t end = text.find('\n', line);
    const std::string one = text.substr(line, end - line);
    if (one.starts_with("# TYPE ")) {
      EXPECT_TRUE(families.insert(one).second) << one;
    }
    line = end + 1;
  }
  EXPECT_EQ(families.size(), 12U);
  EXPECT_THAT(text, HasSubstr("stream=\"b\\\"\\\\\\n\",source=\"http\"} 7\n"));
  EXPECT_TRUE(text.ends_with("\n"));
}

TEST(GatewayReport, StatsAreJson) {
  EventLog log;
  log.add(base::TimePoint(base::seconds(1)), "a \"quote\"", true);
  const auto json = base::parseJson(statsJson(someReport(), log));
  ASSERT_TRUE(json) << json.error().detail;
  EXPECT_EQ(json->find("bytes")->find("http")->integer(), 14);
  EXPECT_EQ(*json->find("events")->array()->at(0).find("text")->string(), "a \"quote\"");
}

TEST(GatewayReport, TheEventLogIsBounded) {
  EventLog log;
  for (std::size_t i = 0; i <= EventLog::kKept; ++i) log.add({}, std::string(1'000, 'x'), false);
  EXPECT_EQ(log.all().size(), EventLog::kKept);
  EXPECT_EQ(log.all().front().number, 2U);
  EXPECT_EQ(log.all().front().text.size(), EventLog::kLongest + 3);
  EXPECT_EQ(serverSentEvent("log", "{}"), "event: log\ndata: {}\n\n");
}

}  // namespace
}  // namespace p2pml::gateway
