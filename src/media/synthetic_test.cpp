#include "media/synthetic.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "base/sha1.hpp"

namespace p2pml::media {
namespace {

std::string hex(const base::Bytes& bytes) { return base::toHex(bytes.text()); }

TEST(Synthetic, Fnv1aHasThePublishedValues) {
  EXPECT_EQ(fnv1a32(""), 0x811c9dc5U);
  EXPECT_EQ(fnv1a32("a"), 0xe40c292cU);
  EXPECT_EQ(fnv1a32("foobar"), 0xbf9cf968U);
}

// Made by an independent JavaScript program written from the same description.
TEST(Synthetic, BodiesAreThoseOfOtherLanguages) {
  EXPECT_EQ(hex(syntheticBody("bench", 0, 10)), "d40fac531f398a98ab6f");
  EXPECT_EQ(hex(syntheticBody("bench", 15, 8)), "9fb82610a55b9221");
  const auto digest = base::sha1(syntheticBody("bench", 3, 1'048'577).span());
  EXPECT_EQ(base::toHex(digest), "bab83f3d053024409228353e2998ae6bf6f64fe1");
}

TEST(Synthetic, ASeedOfZeroCountsAsOne) {
  // (642521835 + 1) * 0x9e3779b1 is fnv1a32("a") modulo 2^32. One step of xorshift32 from 1 gives 0x00042021.
  EXPECT_EQ(hex(syntheticBody("a", 642'521'835, 4)), "21200400");
}

TEST(Synthetic, AShorterBodyIsTheBeginningOfALongerOne) {
  const base::Bytes whole = syntheticBody("x", 1, 100);
  for (std::size_t size = 0; size < 12; ++size) EXPECT_EQ(syntheticBody("x", 1, size), whole.slice(0, size));
}

TEST(Synthetic, CheckingFindsEveryKindOfDifference) {
  for (const std::size_t size : {0U, 1U, 4U, 7U, 1000U}) {
    const base::Bytes body = syntheticBody("x", 1, size);
    EXPECT_TRUE(isSyntheticBody(body, "x", 1, size));
    EXPECT_FALSE(isSyntheticBody(body, "x", 1, size + 1));
    if (size == 0) continue;
    EXPECT_FALSE(isSyntheticBody(body, "x", 2, size));
    EXPECT_FALSE(isSyntheticBody(body, "y", 1, size));
    std::vector<std::byte> broken(body.span().begin(), body.span().end());
    broken.back() ^= std::byte{1};
    EXPECT_FALSE(isSyntheticBody(base::Bytes::adopt(std::move(broken)), "x", 1, size));
  }
}

TEST(Synthetic, APartIsThatOfTheWholeBody) {
  const base::Bytes body = syntheticBody("demo", 7, 100'003);
  for (const std::size_t offset : {0, 1, 2, 3, 4, 5, 1023, 65'535, 99'990}) {
    for (const std::size_t length : {0, 1, 2, 3, 4, 7, 13}) {
      std::vector<std::byte> part(length);
      syntheticPart("demo", 7, offset, part);
      EXPECT_EQ(base::Bytes::adopt(std::move(part)), body.slice(offset, length)) << offset << " " << length;
    }
  }
}

}  // namespace
}  // namespace p2pml::media
