// CRC-32C (Castagnoli), the checksum of SCTP packets (RFC 9260 appendix A). usrsctp's own is slow, so it is told that
// somebody else computes it, and we do: with the processor's instruction where there is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace p2pml::native {

std::uint32_t crc32c(std::span<const std::byte> data);
/// The same by table; what runs where the instruction is missing.
std::uint32_t crc32cPortable(std::span<const std::byte> data);

}  // namespace p2pml::native
