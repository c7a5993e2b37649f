#include "base/sha1.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.hpp"

namespace p2pml::base {
namespace {

std::string hexOf(std::string_view text) { return toHex(std::span<const std::uint8_t>(sha1(text))); }

// FIPS 180-4 examples (csrc.nist.gov, "SHA1.pdf" and the additional long messages).
TEST(Sha1, FipsVectors) {
  EXPECT_EQ(hexOf(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hexOf("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hexOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(
      hexOf(
          "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnop"
          "qrstu"),
      "a49b2446a02c645bf419f995b67091253a04a259");
}

TEST(Sha1, OneMillionTimesA) {
  EXPECT_EQ(hexOf(std::string(1'000'000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

// Each way the padding can fall: 55 is the last length that fits one block, 56 the first that does not.
TEST(Sha1, LengthsAroundABlock) {
  EXPECT_EQ(hexOf(std::string(55, 'a')), "c1c8bbdc22796e28c0e15163d20899b65621d65a");
  EXPECT_EQ(hexOf(std::string(56, 'a')), "c2db330f6083854c99d4b5bfb6e8f29f201be699");
  EXPECT_EQ(hexOf(std::string(63, 'a')), "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
  EXPECT_EQ(hexOf(std::string(64, 'a')), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
  EXPECT_EQ(hexOf(std::string(65, 'a')), "11655326c708d70319be2610e8a57d9a5b959d3b");
}

struct KnownInfoHash {
  std::string_view streamSwarmId;
  std::string_view hex;
};

// docs/protocol/peer-json.md 5a.1: SHA-1 of "2" + streamSwarmId.
TEST(Sha1, InfoHashesOfTheJsonProtocol) {
  const KnownInfoHash rows[] = {
      {"https://example.com/live/master.m3u8", "88d7e97fc37e99c8750f19ab3d65c93eef52510a"},
      {"https://example.com/live/master.m3u8+V0", "ae9cd6bf657a583a6f33711f1cae11fa25c19b43"},
      {"https://example.com/live/master.m3u8+A0", "481b41042281ac934f010ff6b2eb4ca8a6b6cbff"},
      {"my-swarm", "cdb6dffe69f6bdbcbcfe7d64f99ddc76da5d21ec"},
      {"my-swarm+V0", "3c4b247a200a6fb9b75f82f1f3a6bd4c7c71f304"},
  };
  for (const auto& row : rows) EXPECT_EQ(hexOf("2" + std::string(row.streamSwarmId)), row.hex) << row.streamSwarmId;
}

}  // namespace
}  // namespace p2pml::base
