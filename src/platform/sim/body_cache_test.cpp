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

TEST(BodyCache, ANamedBodyHasTheBytesOfARealOne) {
  BodyCache cache(Bodies::named);
  const base::Bytes body = cache.get("bench", 3, 1'000'001);
  ASSERT_TRUE(body.isForeign());
  EXPECT_TRUE(media::isSyntheticBody(body.local(), "bench", 3, 1'000'001));
  EXPECT_TRUE(media::isSyntheticBody(body.slice(0, 77).local(), "bench", 3, 77));
  EXPECT_EQ(body.slice(999'990), media::syntheticBody("bench", 3, 1'000'001).slice(999'990));
}

TEST(BodyCache, NamedPiecesThatJoinAreTheBodyAgainAndOthersAreComparedByTheirBytes) {
  constexpr std::size_t kSize = 10'000;
  BodyCache cache(Bodies::named);
  const base::Bytes body = cache.get("bench", 3, kSize);
  const auto put = [&](const base::Bytes& middle) {
    base::BytesAssembler assembler(kSize);
    assembler.append(body.slice(0, 4000));
    assembler.append(middle);
    assembler.append(body.slice(6000));
    return assembler.finish();
  };
  const base::Bytes whole = put(body.slice(4000, 2000));
  EXPECT_EQ(whole.foreignPayload(), body.foreignPayload());
  EXPECT_TRUE(cache.matches(whole, "bench", 3, kSize));
  EXPECT_FALSE(cache.matches(whole, "bench", 4, kSize));
  EXPECT_FALSE(cache.matches(whole.slice(1), "bench", 3, kSize));
  EXPECT_FALSE(cache.matches(body.slice(1), "bench", 3, kSize - 1));
  EXPECT_TRUE(cache.matches(put(body.slice(4000, 2000).local()), "bench", 3, kSize));
  EXPECT_FALSE(cache.matches(put(body.slice(4001, 2000)), "bench", 3, kSize));
  std::string spoilt(body.slice(4000, 2000).local().text());
  spoilt[1000] = static_cast<char>(spoilt[1000] ^ 1);
  EXPECT_FALSE(cache.matches(put(base::Bytes::copyOf(spoilt)), "bench", 3, kSize));
}

}  // namespace
}  // namespace p2pml::sim
