#include "engine/scheduling/election.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {
namespace {

using base::Duration;
using base::milliseconds;
using base::seconds;

/// Viewer `own` of `count`, as it sees the others.
std::vector<Neighbour> others(std::uint64_t own, std::uint64_t count, bool cooperative = true) {
  std::vector<Neighbour> all;
  for (std::uint64_t id = 1; id <= count; ++id) {
    if (id != own) all.push_back({base::ConnectionId(id), id, cooperative, {}});
  }
  return all;
}

Estimates of(std::uint64_t own, std::int64_t viewers) {
  Estimates estimates;
  estimates.ownId = own;
  estimates.viewers = viewers;
  return estimates;
}

TEST(Election, InAMeshOneFetchesAtOnceAndEachFurtherOneAnIntervalLater) {
  for (std::uint64_t key = 1; key <= 50; ++key) {
    std::vector<Duration> delays;
    for (std::uint64_t own = 1; own <= 6; ++own) {
      const auto neighbours = others(own, 6);
      delays.push_back(Election(of(own, 6), neighbours).delay(key, seconds(8)));
    }
    std::sort(delays.begin(), delays.end());
    EXPECT_EQ(delays[0], Duration());
    for (int place = 1; place < 6; ++place) {
      EXPECT_GE(delays[static_cast<std::size_t>(place)], seconds(1) * place);
      EXPECT_LT(delays[static_cast<std::size_t>(place)], seconds(1) * place + milliseconds(500));
    }
  }
}

TEST(Election, TheIntervalIsBoundedHoweverMuchTimeThereIs) {
  std::vector<Neighbour> neighbours = others(1, 2);
  std::uint64_t second = 1;  // a segment of which we are the second
  while (rankOf(1, second) < rankOf(2, second)) ++second;
  const Election election(of(1, 2), neighbours);
  EXPECT_LT(election.delay(second, seconds(1000)), seconds(3));
  EXPECT_GE(election.delay(second, seconds(0)), milliseconds(250));
  EXPECT_EQ(election.delay(second, -seconds(5)), election.delay(second, seconds(0)));
}

TEST(Election, OldPeersTakeNoPart) {
  const auto neighbours = others(1, 10, /*cooperative=*/false);
  const Election election(of(1, 10), neighbours);
  for (std::uint64_t key = 1; key <= 20; ++key) EXPECT_EQ(election.delay(key, seconds(8)), Duration());
}

TEST(Election, WhoIsNearlyAMeshAndWhoIsNot) {
  const auto nine = others(1, 9);
  EXPECT_TRUE(Election(of(1, 11), nine).mesh());
  EXPECT_FALSE(Election(of(1, 12), nine).mesh());
  Estimates untold;
  EXPECT_TRUE(Election(untold, nine).mesh());
}

TEST(Election, InALargeSwarmAFewFetchAtOnceAndTheOthersLater) {
  constexpr std::uint64_t kViewers = 10'000;
  const auto neighbours = others(0, 20);
  std::uint64_t atOnce = 0;
  std::uint64_t withinAnInterval = 0;
  constexpr std::uint64_t kSegments = 100;
  for (std::uint64_t key = 1; key <= kSegments; ++key) {
    for (std::uint64_t own = 1; own <= kViewers; ++own) {
      const Duration delay = Election(of(hashOf(std::to_string(own)), kViewers), neighbours).delay(key, seconds(16));
      atOnce += delay == Duration() ? 1U : 0U;
      withinAnInterval += delay <= milliseconds(2666) ? 1U : 0U;
    }
  }
  EXPECT_NEAR(static_cast<double>(atOnce) / kSegments, Election::firstFetchers(seconds(16)) / 1000.0, 0.5);
  EXPECT_NEAR(static_cast<double>(withinAnInterval - atOnce) / kSegments, 1, 0.4) << "an interval of 2.7 s each";
}

TEST(Election, TheLessTimeTheMoreFetchAtOnce) {
  EXPECT_EQ(Election::firstFetchers(seconds(32)), 3000U);
  EXPECT_EQ(Election::firstFetchers(seconds(16)), 3500U);
  EXPECT_EQ(Election::firstFetchers(seconds(8)), 4000U);
  EXPECT_EQ(Election::firstFetchers(-seconds(1)), 4000U);
}

}  // namespace
}  // namespace p2pml::engine
