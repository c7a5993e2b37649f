#include "platform/sim/body_cache.hpp"

#include <gtest/gtest.h>

#include "media/synthetic.hpp"

namespace p2pml::sim {
namespace {

TEST(BodyCache, GivesTheSyntheticBodyAndTheSameBufferAgain) {
  BodyCache cache;
  const base::Bytes body = cache.get("bench", 3, 1000);
  EXPECT_TRUE(media::isSyntheticBody(body, "bench", 3, 1000));
  EXPECT_EQ(cache.get("bench", 3, 1000).data(), body.data());
  EXPECT_NE(cache.get("bench", 3, 1001).size(), body.size());
}

TEST(BodyCache, MatchesOnlyTheVeryBytes) {
  BodyCache cache;
  std::string copy(cache.get("bench", 3, 1000).text());
  EXPECT_TRUE(cache.matches(base::Bytes::copyOf(copy), "bench", 3, 1000));
  EXPECT_FALSE(cache.matches(base::Bytes::copyOf(copy), "bench", 4, 1000));
  EXPECT_FALSE(cache.matches(base::Bytes::copyOf(copy).slice(0, 999), "bench", 3, 1000));
  copy.back() = static_cast<char>(copy.back() + 1);
  EXPECT_FALSE(cache.matches(base::Bytes::copyOf(copy), "bench", 3, 1000));
}

TEST(BodyCache, ForgetsTheOldestAndMakesItAgain) {
  BodyCache cache;
  const base::Bytes first = cache.get("bench", 0, 100);
  for (std::uint64_t n = 1; n <= BodyCache::kMaxBodies; ++n) (void)cache.get("bench", n, 100);
  const base::Bytes again = cache.get("bench", 0, 100);
  EXPECT_NE(again.data(), first.data());
  EXPECT_EQ(again, first);
}

}  // namespace
}  // namespace p2pml::sim
