#include "platform/sim/lab/plots.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "platform/sim/lab/svg_testing.hpp"

namespace p2pml::sim::lab {
namespace {

TEST(Plots, AllAreWellFormedAndNameTheRuns) {
  Scenario scenario;
  scenario.name = "a <live> one";
  scenario.groups.resize(1);
  Records records;
  records.viewers.resize(2);
  records.viewers[0].startup = base::milliseconds(120);
  records.seconds.resize(30);
  for (auto& second : records.seconds) second = {2, 1, 1, 0, 100, 300, 200};
  records.segments = {{SegmentRecord{100, 100, 1, 2, {900, 1500}}, SegmentRecord{300, 100, 3, 2, {700}}}};
  const Metrics metrics = metricsOf(records, scenario);
  const std::vector<PlotInput> inputs{{"classic", &records, &metrics}, {"classic, plain HTTP", &records, nullptr}};

  std::set<std::string> names;
  for (const File& file : plotFiles(scenario, inputs)) {
    names.insert(file.name);
    EXPECT_EQ(xmlFault(file.text), "") << file.name;
    EXPECT_NE(file.text.find("classic"), std::string::npos) << file.name;
    EXPECT_NE(file.text.find("a &lt;live&gt; one"), std::string::npos) << file.name;
  }
  EXPECT_EQ(names, (std::set<std::string>{"offload.svg", "copies.svg", "startup.svg", "stalls.svg", "viewers.svg"}));

  scenario.stream.live = true;
  names.clear();
  for (const File& file : plotFiles(scenario, inputs)) names.insert(file.name);
  EXPECT_TRUE(names.contains("latency.svg"));
}

TEST(Plots, ARunWithNobodyIsPlottedToo) {
  Scenario scenario;
  const Records records;
  const Metrics metrics;
  for (const File& file : plotFiles(scenario, {{"nobody", &records, &metrics}})) {
    EXPECT_EQ(xmlFault(file.text), "") << file.name;
  }
}

}  // namespace
}  // namespace p2pml::sim::lab
