#include "platform/native/rtc/crc32c.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "base/rng.hpp"

namespace p2pml::native {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

TEST(Crc32c, KnownValues) {
  // The check value of CRC-32/ISCSI, and the 32 zero bytes of RFC 3720 B.4 (there in wire order: aa 36 91 8a).
  EXPECT_EQ(crc32c(bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32cPortable(bytes("123456789")), 0xe3069283U);
  const std::vector<std::byte> zeros(32);
  EXPECT_EQ(crc32c(zeros), 0x8a9136aaU);
  EXPECT_EQ(crc32cPortable(zeros), 0x8a9136aaU);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, BothWaysAgreeForEveryLength) {
  base::Rng rng(1);
  std::vector<std::byte> data(300);
  for (auto& b : data) b = static_cast<std::byte>(rng.next());
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t length = 0; from + length <= data.size(); ++length) {
      const auto part = std::span(data).subspan(from, length);
      ASSERT_EQ(crc32c(part), crc32cPortable(part)) << from << '+' << length;
    }
  }
}

}  // namespace
}  // namespace p2pml::native
