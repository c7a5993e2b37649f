#include "platform/sim/lab/report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace p2pml::sim::lab {
namespace {

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    scenario.name = "s";
    scenario.groups.resize(1);
    scenario.groups[0].name = "a, b";
    scenario.stream.qualities[0] = {"main", 100};
    records.viewers.resize(1);
    records.viewers[0].startup = base::milliseconds(20);
    records.viewers[0].delivered = 1;
    records.segments = {{SegmentRecord{150, 100, 2, 1, {1000}}}};
    records.seconds.push_back({1, 2, 3, 4, 5, 6, 7});
    records.stalls.push_back({0, 3, base::TimePoint(base::milliseconds(1500)), base::milliseconds(250)});
    variant.name = "classic";
    variant.metrics.viewers = 1;
    variant.metrics.offload = 0.75;
    variant.digest = "0123456789abcdef";
  }
  Scenario scenario;
  Records records;
  Variant variant;
};

TEST_F(ReportTest, NumbersHaveTheDigitsAskedFor) {
  EXPECT_EQ(fixed(0.12345, 3), "0.123");
  EXPECT_EQ(fixed(2, 0), "2");
}

TEST_F(ReportTest, TheTableHasAColumnForEachVariantAndAllLinesAreAligned) {
  Variant other = variant;
  other.name = "cooperative";
  other.metrics.offload = 0.95;
  const std::string text = table(scenario, {variant, other});
  EXPECT_NE(text.find("classic"), std::string::npos);
  EXPECT_NE(text.find("0.750"), std::string::npos);
  EXPECT_NE(text.find("0.950"), std::string::npos);
  EXPECT_EQ(text.find("plain HTTP"), std::string::npos) << "there is no twin";
  EXPECT_EQ(text.find("wall"), std::string::npos) << "nothing was measured";
  std::size_t width = text.find('\n');
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_EQ(end - at, width);
    at = end + 1;
  }
}

TEST_F(ReportTest, RowsOfTheTwinTheClockAndLiveStreamsAppearWithThem) {
  variant.twin = TwinMetrics{};
  variant.cost = Cost{2, 3'000'000};
  scenario.stream.live = true;
  const std::string text = table(scenario, {variant});
  EXPECT_NE(text.find("start-up, times plain HTTP"), std::string::npos);
  EXPECT_NE(text.find("wall time"), std::string::npos);
  EXPECT_NE(text.find("to the last"), std::string::npos);
}

TEST_F(ReportTest, AViolationNamesViewerTimeAndWhat) {
  EXPECT_EQ(violationsText(records), "");
  records.violations.push_back({"max-peers", 4, base::TimePoint(base::milliseconds(1500)), "5 connected peers"});
  records.violations.push_back({"other", 0, {}, "x"});
  records.violationCount = 9;
  EXPECT_EQ(violationsText(records),
            "broken: max-peers: viewer 4, at 1.500 s: 5 connected peers\nbroken: other: at 0.000 s: x\n... 9 in all\n");
}

TEST_F(ReportTest, TheJsonCanBeRead) {
  scenario.stream.live = true;
  variant.twin = TwinMetrics{};
  variant.cost = Cost{};
  records.violations.push_back({"max-peers", 4, {}, "5 \"peers\""});
  const auto json = base::parseJson(base::toJsonText(toJson(scenario, variant, records)));
  ASSERT_TRUE(json);
  EXPECT_EQ(*json->find("offload")->number(), 0.75);
  EXPECT_EQ(*json->find("digest")->string(), "0123456789abcdef");
  EXPECT_EQ(*json->find("violations")->array()->at(0).find("what")->string(), "5 \"peers\"");
  EXPECT_NE(json->find("latencyMs"), nullptr);
  EXPECT_NE(json->find("twin"), nullptr);
}

TEST_F(ReportTest, EveryCsvLineHasAsManyFieldsAsItsHead) {
  const auto files = csvFiles(records, scenario);
  ASSERT_EQ(files.size(), 4U);
  for (const File& file : files) {
    const auto fields = [](const std::string& line) {
      bool quoted = false;
      std::ptrdiff_t count = 1;
      for (const char c : line) {
        if (c == '"') quoted = !quoted;
        if (c == ',' && !quoted) ++count;
      }
      return count;
    };
    const std::size_t end = file.text.find('\n');
    const std::size_t second = file.text.find('\n', end + 1);
    ASSERT_NE(second, std::string::npos) << file.name;
    EXPECT_EQ(fields(file.text.substr(0, end)), fields(file.text.substr(end + 1, second - end - 1))) << file.name;
  }
  EXPECT_NE(files[2].text.find("\"a, b\""), std::string::npos);
  EXPECT_EQ(files[3].text, "viewer,segment,at,seconds\n1,3,1.500,0.250\n");
}

}  // namespace
}  // namespace p2pml::sim::lab
