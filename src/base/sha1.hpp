// SHA-1 (FIPS 180-4), for infohashes only: never for anything that has to resist an attacker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace p2pml::base {

std::array<std::uint8_t, 20> sha1(std::span<const std::byte> data);
inline std::array<std::uint8_t, 20> sha1(std::string_view text) {
  return sha1(std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace p2pml::base
