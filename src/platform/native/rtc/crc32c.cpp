#include "platform/native/rtc/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace p2pml::native {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected

/// Tables for eight bytes a step: table[k][b] is the CRC of byte b followed by k zero bytes.
constexpr auto kTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][b] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t b = 0; b < 256; ++b) tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 0xff];
  }
  return tables;
}();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32cHardware(std::span<const std::byte> data) {
  std::uint64_t crc = 0xffffffff;
  const std::byte* at = data.data();
  std::size_t left = data.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto low = static_cast<std::uint32_t>(crc);
  for (; left > 0; --left, ++at) low = __builtin_ia32_crc32qi(low, std::to_integer<unsigned char>(*at));
  return ~low;
}
#endif

}  // namespace

std::uint32_t crc32cPortable(std::span<const std::byte> data) {
  static_assert(std::endian::native == std::endian::little);
  std::uint32_t crc = 0xffffffff;
  const std::byte* at = data.data();
  std::size_t left = data.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][word >> (8 * k) & 0xff];
  }
  for (; left > 0; --left, ++at) crc = crc >> 8 ^ kTables[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(std::span<const std::byte> data) {
#if defined(__x86_64__)
  static const bool hardware = __builtin_cpu_supports("sse4.2") != 0;
  if (hardware) return crc32cHardware(data);
#endif
  return crc32cPortable(data);
}

}  // namespace p2pml::native
