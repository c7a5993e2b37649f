#include "platform/sim/lab/trace.hpp"

#include <gtest/gtest.h>

namespace p2pml::sim::lab {
namespace {

Trace example() {
  Trace trace;
  trace.name = "vod";
  trace.scenario = "{\"groups\": [{}]}";
  trace.seed = ~std::uint64_t{0};
  trace.viewers = 5;
  trace.httpOnly = true;
  trace.settings.emplace_back("maxPeers", base::Json(3));
  trace.checkpoints = {{base::TimePoint(base::seconds(1)), "aa", 10}, {base::TimePoint(base::seconds(2)), "bb", 20}};
  trace.digest = "cc";
  return trace;
}

Records same(const Trace& trace) {
  Records records;
  records.checkpoints = trace.checkpoints;
  records.digest = trace.digest;
  return records;
}

TEST(Trace, ComesBackAsItWas) {
  const auto read = readTrace(toText(example()));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->name, "vod");
  EXPECT_EQ(read->scenario, example().scenario);
  EXPECT_EQ(read->seed, ~std::uint64_t{0});
  EXPECT_EQ(read->viewers, 5U);
  EXPECT_TRUE(read->httpOnly);
  EXPECT_EQ(read->settings, example().settings);
  EXPECT_EQ(read->checkpoints, example().checkpoints);
  EXPECT_EQ(read->digest, "cc");
}

TEST(Trace, WhatIsWrongIsNamed) {
  EXPECT_EQ(readTrace("x").error().code, base::ErrorCode::malformed);
  EXPECT_EQ(readTrace("{}").error().detail, "seed: expected a whole number in quotes");
  EXPECT_EQ(readTrace(R"({"seed": "1"})").error().detail, "scenario: expected the text of a scenario file");
  EXPECT_EQ(readTrace(R"({"seed": "1", "scenario": "x", "checkpoints": [{"atUs": -1}]})").error().detail,
            "checkpoints[0].atUs: expected a whole number from 0 to 1125899906842624, found -1");
}

TEST(Trace, SaysWhenARunBeganToDiffer) {
  const Trace trace = example();
  EXPECT_EQ(firstDifference(trace, same(trace)), std::nullopt);
  Records run = same(trace);
  run.checkpoints[1].digest = "xx";
  EXPECT_EQ(firstDifference(trace, run),
            "after 1.000 s, until 2.000 s: the trace has digest bb after 20 events, this run xx after 20 at 2.000 s");
  run.checkpoints[0].events = 11;
  EXPECT_TRUE(firstDifference(trace, run)->starts_with("from the beginning, until 1.000 s"));
  run = same(trace);
  run.checkpoints.pop_back();
  EXPECT_EQ(firstDifference(trace, run), "the trace has 2 checkpoints, this run 1");
  run = same(trace);
  run.digest = "dd";
  EXPECT_EQ(firstDifference(trace, run), "only the digest at the end: cc and dd");
}

}  // namespace
}  // namespace p2pml::sim::lab
