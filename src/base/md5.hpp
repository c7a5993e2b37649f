// MD5 (RFC 1321), for the infohashes of generations G1 and G2 only (docs/protocol/peer-binary.md 5b.1): never for
// anything that has to resist an attacker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace p2pml::base {

std::array<std::uint8_t, 16> md5(std::span<const std::byte> data);
inline std::array<std::uint8_t, 16> md5(std::string_view text) {
  return md5(std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace p2pml::base
