// What MD5 (RFC 1321 sections 3.1, 3.2) and SHA-1 (FIPS 180-4 section 5.1.1) share: a message as padded blocks of 64
// bytes.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace p2pml::base {

inline constexpr std::size_t kHashBlockBytes = 64;

/// Calls addBlock(const std::byte* block) for every block: those of the data, then a one bit, zeros and the length in
/// bits as a 64-bit number in that byte order; one block more if that does not fit.
template <class AddBlock>
void forEachHashBlock(std::span<const std::byte> data, std::endian lengthOrder, AddBlock addBlock) {
  std::size_t done = 0;
  for (; data.size() - done >= kHashBlockBytes; done += kHashBlockBytes) addBlock(data.data() + done);
  std::array<std::byte, 2 * kHashBlockBytes> last{};
  const std::size_t rest = data.size() - done;
  if (rest != 0) std::memcpy(last.data(), data.data() + done, rest);
  last[rest] = std::byte{0x80};
  const std::size_t padded = rest + 9 <= kHashBlockBytes ? kHashBlockBytes : 2 * kHashBlockBytes;
  const std::uint64_t bits = static_cast<std::uint64_t>(data.size()) * 8;
  for (std::size_t i = 0; i < 8; ++i) {
    const std::size_t place = lengthOrder == std::endian::little ? padded - 8 + i : padded - 1 - i;
    last[place] = static_cast<std::byte>(bits >> (8 * i));
  }
  for (std::size_t i = 0; i < padded; i += kHashBlockBytes) addBlock(last.data() + i);
}

}  // namespace p2pml::base
