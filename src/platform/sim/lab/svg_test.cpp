#include "platform/sim/lab/svg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "platform/sim/lab/svg_testing.hpp"

namespace p2pml::sim::lab {
namespace {

using ::testing::ElementsAre;

TEST(Svg, NamesAreEscaped) { EXPECT_EQ(escapeXml("a<b> & \"c\"\x01"), "a&lt;b&gt; &amp; &quot;c&quot; "); }

TEST(Svg, TicksAreRound) {
  EXPECT_THAT(ticks(0, 1, 5), ElementsAre(0, 0.2, ::testing::DoubleEq(0.4), ::testing::DoubleNear(0.6, 1e-9), 0.8, 1));
  EXPECT_THAT(ticks(0, 90, 8), ElementsAre(0, 20, 40, 60, 80));
  EXPECT_THAT(ticks(3, 3, 5), ElementsAre(3));
  for (const double to : {1e-6, 0.3, 7.0, 12345.0, 9e9}) {
    EXPECT_GE(ticks(0, to, 5).size(), 3U) << to;
    EXPECT_LE(ticks(0, to, 5).size(), 12U) << to;
  }
}

TEST(Svg, AChartIsWellFormedWhateverIsInIt) {
  Chart chart{"Title <1>", "sub & title", "x", "y", {}, {}, 0, {}, false};
  EXPECT_EQ(xmlFault(chartSvg(chart)), "");  // empty
  chart.curves.push_back({"one \"point\"", {{3, 5}}, false, false});
  chart.curves.push_back({"steps", {{0, 1}, {5, 2}, {9, 0}}, true, true});
  chart.curves.push_back({"none", {}, false, false});
  Curve many{"many", {}, false, false};
  for (int i = 0; i < 10'000; ++i) many.points.emplace_back(i, i % 7);
  chart.curves.push_back(many);
  const std::string svg = chartSvg(chart);
  EXPECT_EQ(xmlFault(svg), "");
  EXPECT_LT(svg.size(), 100'000U);
  EXPECT_NE(svg.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

/// Values of an attribute of all elements that have it, in their order.
std::vector<double> valuesOf(const std::string& svg, const std::string& before) {
  std::vector<double> values;
  for (auto at = svg.find(before); at != std::string::npos; at = svg.find(before, at + 1)) {
    values.push_back(std::stod(svg.substr(at + before.size())));
  }
  return values;
}

TEST(Svg, ALegendThatIsTooLongForALineGoesOnInTheNext) {
  Chart chart{"t", "s", "x", "y", {}, {}, 0, {}, false};
  for (int i = 0; i < 2; ++i) chart.curves.push_back({"a curve", {{0, 1}}, false, false});
  EXPECT_NE(chartSvg(chart).find("height=\"420\""), std::string::npos);
  for (int i = 0; i < 30; ++i) chart.curves.push_back({"a curve with a long name", {{0, 1}}, false, false});
  const std::string svg = chartSvg(chart);
  EXPECT_EQ(xmlFault(svg), "");
  const double height = valuesOf(svg, " height=\"").front();
  EXPECT_GT(height, 420);
  for (const double x : valuesOf(svg, "<text x=\"")) EXPECT_LT(x, 760);
  for (const double y : valuesOf(svg, "\" y=\"")) EXPECT_LT(y, height);
}

TEST(Svg, ACurveMayHaveTheColourOfAnother) {
  Chart chart{"t", "s", "x", "y", {}, {}, 0, {}, false};
  chart.curves.push_back({"one", {{0, 1}}, false, false});
  chart.curves.push_back({"its limit", {{0, 2}}, false, true, 0});
  const std::string svg = chartSvg(chart);
  EXPECT_NE(svg.find("class=\"curve c0 faint\""), std::string::npos);
  EXPECT_EQ(svg.find("class=\"curve c1"), std::string::npos);
}

TEST(Svg, TheCheckerOfTheseTestsSeesFaults) {
  EXPECT_EQ(xmlFault("<a><b x=\"1\"/>t &amp; u</a>"), "");
  EXPECT_NE(xmlFault("<a><b></a></b>"), "");
  EXPECT_NE(xmlFault("<a>"), "");
  EXPECT_NE(xmlFault("<a x=1/>"), "");
  EXPECT_NE(xmlFault("<a>&b</a>"), "");
}

}  // namespace
}  // namespace p2pml::sim::lab
