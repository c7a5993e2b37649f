// Also run under the thread sanitizer (scripts/test.sh tsan).
#include "platform/sim/lab/seeds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "platform/sim/lab/run.hpp"
#include "platform/sim/lab/scenario_reader.hpp"

namespace p2pml::sim::lab {
namespace {

TEST(Seeds, EachIsCalledOnce) {
  for (const unsigned jobs : {1U, 3U, 20U}) {
    std::mutex mutex;
    std::vector<std::uint64_t> seeds;
    forEachSeed(5, 14, jobs, [&](std::uint64_t seed) {
      const std::lock_guard lock(mutex);
      seeds.push_back(seed);
      return true;
    });
    EXPECT_THAT(seeds, testing::UnorderedElementsAre(5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
  }
}

TEST(Seeds, NoneIsBegunAfterAFailure) {
  std::atomic<int> calls = 0;
  forEachSeed(1, 1'000'000, 3, [&](std::uint64_t seed) {
    ++calls;
    return seed != 10;
  });
  // The other two threads may have taken one each meanwhile, or be slow to begin.
  EXPECT_GE(calls, 10);
  EXPECT_LT(calls, 1'000'000);
}

TEST(Seeds, WorldsOnSeveralThreadsRunAsTheyDoAlone) {
  // Coming and going, both policies, a validator and an origin with errors: what worlds have in common would be seen.
  const auto scenario = readScenario(
      R"({"duration": 20, "stream": {"kind": "live", "segmentSeconds": 2, "segmentBytes": 50000, "liveBack": 4},
          "groups": [{"count": 4, "arrive": {"within": 5}, "stay": {"mean": 8}, "replace": true, "validate": true,
                      "settings": {"schedulingPolicy": "cooperative"}},
                     {"count": 2, "arrive": {"within": 5}, "crash": 0.5, "stay": {"mean": 10}}],
          "origin": {"faults": [{"kind": "error", "share": 0.05}]}})",
      "test");
  ASSERT_TRUE(scenario) << scenario.error().detail;
  const auto digestOf = [&](std::uint64_t seed) {
    const auto records = runScenario(*scenario, {.seed = seed});
    return records ? records->digest : records.error().detail;
  };
  std::map<std::uint64_t, std::string> alone;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) alone[seed] = digestOf(seed);
  std::mutex mutex;
  std::map<std::uint64_t, std::string> together;
  forEachSeed(1, 6, 3, [&](std::uint64_t seed) {
    const std::string digest = digestOf(seed);
    const std::lock_guard lock(mutex);
    together[seed] = digest;
    return true;
  });
  EXPECT_EQ(together, alone);
}

}  // namespace
}  // namespace p2pml::sim::lab
