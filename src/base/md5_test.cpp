#include "base/md5.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.hpp"

namespace p2pml::base {
namespace {

std::string hexOf(std::string_view text) { return toHex(std::span<const std::uint8_t>(md5(text))); }

// RFC 1321 section A.5.
TEST(Md5, RfcVectors) {
  EXPECT_EQ(hexOf(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hexOf("a"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(hexOf("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hexOf("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(hexOf("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(hexOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            "d174ab98d277d9f5a5611c2c9f419d9f");
  EXPECT_EQ(hexOf("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5, OneMillionTimesA) { EXPECT_EQ(hexOf(std::string(1'000'000, 'a')), "7707d6ae4e027c70eea2a935c2296f21"); }

// Each way the padding can fall: 55 is the last length that fits one block, 56 the first that does not.
TEST(Md5, LengthsAroundABlock) {
  EXPECT_EQ(hexOf(std::string(55, 'a')), "ef1772b6dff9a122358552954ad0df65");
  EXPECT_EQ(hexOf(std::string(56, 'a')), "3b0c8ac703f828b04c6c197006d17218");
  EXPECT_EQ(hexOf(std::string(63, 'a')), "b06521f39153d618550606be297466d5");
  EXPECT_EQ(hexOf(std::string(64, 'a')), "014842d480b571495a4a0363793f7367");
  EXPECT_EQ(hexOf(std::string(65, 'a')), "c743a45e0d2e6a95cb859adae0248435");
}

struct KnownInfoHash {
  std::string_view streamSwarmId;
  std::string_view digestHex;
  std::string_view infoHash;
};

// docs/protocol/peer-binary.md 5b.1, G1 and G2: base64 of bytes 1 to 15.
TEST(Md5, InfoHashesOfTheBinaryProtocol) {
  const KnownInfoHash rows[] = {
      {"v2-https://example.com/live/master.m3u8-main-0", "9b2f6b98c0c70786cb2d66e2eff19a94", "L2uYwMcHhsstZuLv8ZqU"},
      {"v1-https://example.com/live/master.m3u8-main-0", "", "une7eKshmgIBypjs4oWp"},
      {"v2-https://example.com/live/master.m3u8-secondary-1", "17c1d6c6418456dd802cfd9b0d32c2de",
       "wdbGQYRW3YAs/ZsNMsLe"},
      {"v2-my-swarm-main-0", "f8fa58d7f74b69cc9944306fac1b2ff6", "+ljX90tpzJlEMG+sGy/2"},
  };
  for (const auto& row : rows) {
    const auto digest = md5(row.streamSwarmId);
    if (!row.digestHex.empty()) {
      EXPECT_EQ(hexOf(row.streamSwarmId), row.digestHex) << row.streamSwarmId;
    }
    EXPECT_EQ(toBase64(std::span(digest).subspan(1)), row.infoHash) << row.streamSwarmId;
  }
}

}  // namespace
}  // namespace p2pml::base
