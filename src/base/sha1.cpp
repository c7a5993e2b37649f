#include "base/sha1.hpp"

#include <bit>
#include <cstring>

namespace p2pml::base {
namespace {

constexpr std::size_t kBlockSize = 64;

std::uint32_t bigEndian32(const std::byte* p) {
  return (std::to_integer<std::uint32_t>(p[0]) << 24U) | (std::to_integer<std::uint32_t>(p[1]) << 16U) |
         (std::to_integer<std::uint32_t>(p[2]) << 8U) | std::to_integer<std::uint32_t>(p[3]);
}

/// FIPS 180-4 section 6.1.2 for one block.
void addBlock(std::array<std::uint32_t, 5>& hash, const std::byte* block) {
  std::array<std::uint32_t, 80> w;
  for (std::size_t t = 0; t < 16; ++t) w[t] = bigEndian32(block + 4 * t);
  for (std::size_t t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

  auto [a, b, c, d, e] = hash;
  for (std::size_t t = 0; t < 80; ++t) {
    std::uint32_t f = 0;
    std::uint32_t k = 0;
    if (t < 20) {
      f = (b & c) ^ (~b & d);
      k = 0x5a827999U;
    } else if (t < 40) {
      f = b ^ c ^ d;
      k = 0x6ed9eba1U;
    } else if (t < 60) {
      f = (b & c) ^ (b & d) ^ (c & d);
      k = 0x8f1bbcdcU;
    } else {
      f = b ^ c ^ d;
      k = 0xca62c1d6U;
    }
    const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[t];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  hash[0] += a;
  hash[1] += b;
  hash[2] += c;
  hash[3] += d;
  hash[4] += e;
}

}  // namespace

std::array<std::uint8_t, 20> sha1(std::span<const std::byte> data) {
  std::array<std::uint32_t, 5> hash{0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U, 0xc3d2e1f0U};
  std::size_t done = 0;
  for (; data.size() - done >= kBlockSize; done += kBlockSize) addBlock(hash, data.data() + done);

  // Section 5.1.1: a one bit, zeros, then the length in bits as 64-bit big-endian; one block more if that does not fit.
  std::array<std::byte, 2 * kBlockSize> last{};
  const std::size_t rest = data.size() - done;
  if (rest != 0) std::memcpy(last.data(), data.data() + done, rest);
  last[rest] = std::byte{0x80};
  const std::size_t padded = rest + 9 <= kBlockSize ? kBlockSize : 2 * kBlockSize;
  const std::uint64_t bits = static_cast<std::uint64_t>(data.size()) * 8;
  for (std::size_t i = 0; i < 8; ++i) last[padded - 1 - i] = static_cast<std::byte>(bits >> (8 * i));
  for (std::size_t i = 0; i < padded; i += kBlockSize) addBlock(hash, last.data() + i);

  std::array<std::uint8_t, 20> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(hash[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

}  // namespace p2pml::base
