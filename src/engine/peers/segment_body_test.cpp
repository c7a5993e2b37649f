#include "engine/peers/segment_body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.hpp"

namespace p2pml::engine {
namespace {

base::Bytes bytes(std::string_view text) { return base::Bytes::copyOf(text); }

TEST(SegmentBodyTest, PartsInAnyOrder) {
  SegmentBody body;
  EXPECT_EQ(body.hole(), (BodyRange{0, 0}));
  EXPECT_EQ(body.add(4, bytes("ef")), 2u);
  EXPECT_EQ(body.hole(), (BodyRange{0, 4}));
  EXPECT_EQ(body.hole(4), (BodyRange{6, 0}));
  EXPECT_EQ(body.prefix(), 0u);
  EXPECT_FALSE(body.beginning());
  EXPECT_TRUE(body.setTotal(8));
  EXPECT_EQ(body.add(0, bytes("abc")), 3u);
  EXPECT_EQ(body.prefix(), 3u);
  EXPECT_EQ(body.beginning()->data.text(), "abc");
  EXPECT_EQ(body.beginning()->total, 8u);
  EXPECT_EQ(body.hole(), (BodyRange{3, 4}));
  EXPECT_EQ(body.hole(4), (BodyRange{6, 8}));
  EXPECT_EQ(body.at(1).text(), "bc");
  EXPECT_TRUE(body.at(3).empty());
  EXPECT_EQ(body.at(5).text(), "f");
  EXPECT_EQ(body.add(2, bytes("XdXXgh")), 3u);  // only what is missing
  EXPECT_TRUE(body.complete());
  EXPECT_FALSE(body.hole());
  EXPECT_EQ(body.finish().text(), "abcdefgh");
}

TEST(SegmentBodyTest, ATotalThatDoesNotFit) {
  SegmentBody body;
  body.add(0, bytes("abcd"));
  EXPECT_FALSE(body.setTotal(3));
  EXPECT_EQ(body.total(), 0u);
  EXPECT_TRUE(body.setTotal(5));
  EXPECT_TRUE(body.setTotal(5));
  EXPECT_FALSE(body.setTotal(6));
}

TEST(SegmentBodyTest, BytesInOrderAreViewsOfOneBuffer) {
  const base::Bytes whole = bytes("abcdefgh");
  SegmentBody body;
  ASSERT_TRUE(body.setTotal(8));
  body.add(4, whole.slice(4));
  body.add(0, whole.slice(0, 2));
  body.add(2, whole.slice(2, 2));
  EXPECT_EQ(body.finish().data(), whole.data());
}

TEST(SegmentBodyTest, AnyPartsGiveTheWhole) {
  base::Rng rng(3);
  const std::string text = rng.alphanumeric(200);
  for (int round = 0; round < 200; ++round) {
    SegmentBody body;
    if (round % 2 == 0) ASSERT_TRUE(body.setTotal(text.size()));
    std::vector<bool> here(text.size(), false);
    std::uint64_t count = 0;
    while (count < text.size()) {
      const auto from = static_cast<std::size_t>(rng.below(text.size()));
      const auto size = static_cast<std::size_t>(rng.below(text.size() - from) + 1);
      std::uint64_t fresh = 0;
      for (std::size_t i = from; i < from + size; ++i) {
        if (!here[i]) ++fresh;
        here[i] = true;
      }
      count += fresh;
      ASSERT_EQ(body.add(from, bytes(text.substr(from, size))), fresh);
      ASSERT_EQ(body.size(), count);
      std::size_t prefix = 0;
      while (prefix < here.size() && here[prefix]) ++prefix;
      ASSERT_EQ(body.prefix(), prefix);
      for (std::uint64_t at = 0; at < prefix;) {
        const base::Bytes piece = body.at(at);
        ASSERT_FALSE(piece.empty());
        ASSERT_EQ(piece.text(), std::string_view(text).substr(at, piece.size()));
        at += piece.size();
      }
    }
    ASSERT_TRUE(body.setTotal(text.size()));
    ASSERT_TRUE(body.complete());
    ASSERT_EQ(body.finish().text(), text);
  }
}

}  // namespace
}  // namespace p2pml::engine
