#include "platform/sim/lab/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "platform/sim/lab/run.hpp"
#include "platform/sim/lab/scenario_reader.hpp"

namespace p2pml::sim::lab {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Watch, ALineSaysWhatHasComeSinceTheOneBefore) {
  std::vector<std::string> lines;
  Watch watch([&lines](const std::string& line) { lines.push_back(line); });
  const auto at = [](std::int64_t ms) { return base::TimePoint(base::milliseconds(ms)); };
  engine::Segment segment;
  segment.id = "lab+V0+7";
  watch.onOutput(at(1002), engine::output::StartHttp{base::RequestId(1), segment, "bytes=10-", {}});
  watch.onOutput(at(1100), engine::output::PieceBytesDownloaded{engine::Method::http, 40, {}});
  watch.onOutput(at(1200), engine::output::PieceBytesDownloaded{engine::Method::p2p, 3, {}});
  watch.onOutput(at(1300), engine::output::PieceBytesDownloaded{engine::Method::http, 2, {}});
  watch.onOutput(at(12034), engine::output::SegmentLoaded{segment, {}});
  watch.onOutput(at(12034), engine::output::CancelHttp{base::RequestId(1)});
  EXPECT_THAT(lines, ElementsAre("1.002  asks for V0+7 over HTTP, bytes=10-",
                                 "12.034  +42 over HTTP  +3 from peers  has V0+7 over HTTP",
                                 "12.034  stops a request over HTTP"));
}

TEST(Watch, ARunTellsOfTheOneWhoIsWatched) {
  const auto scenario = readScenario(R"({"stream": {"segmentSeconds": 2, "segmentBytes": 50000, "count": 4},
      "groups": [{"count": 2, "arrive": {"every": 3}}]})",
                                     "test");
  ASSERT_TRUE(scenario) << scenario.error().detail;
  std::vector<std::string> lines;
  RunOptions options;
  options.watched = 2;
  options.onWatched = [&lines](const std::string& line) { lines.push_back(line); };
  const auto watched = runScenario(*scenario, options);
  ASSERT_TRUE(watched);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.front(), StartsWith("3.")) << "it comes second";
  EXPECT_THAT(lines, Contains(HasSubstr("asks for V0+0 over HTTP")));
  EXPECT_THAT(lines, Contains(HasSubstr("met ")));
  EXPECT_THAT(lines, Contains(EndsWith("the player takes 0, had 0 ms in store")));
  EXPECT_EQ(watched->digest, runScenario(*scenario, {})->digest) << "who is watched does the same";
}

}  // namespace
}  // namespace p2pml::sim::lab
