// Synthetic segments: bodies anybody can make again from their name and number, so that every delivered byte can be
// checked.
//
// The body of segment n (from 0) is the successive states of a 32-bit xorshift generator (shifts 13, 17, 5), each as
// four little-endian bytes. The first word is the state after one step from the seed fnv1a32(name) xor ((n + 1) *
// 0x9e3779b1 mod 2^32), or from 1 if that is 0. Measuring harnesses in other languages make the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.hpp"

namespace p2pml::media {

/// FNV-1a over the bytes of `text`, 32 bits.
std::uint32_t fnv1a32(std::string_view text);

/// `size` bytes of segment `number` of the stream `name`.
base::Bytes syntheticBody(std::string_view name, std::uint64_t number, std::size_t size);

/// The bytes from `offset` on of a body of any length, as many as `target` takes, without making what lies before them.
void syntheticPart(std::string_view name, std::uint64_t number, std::size_t offset, std::span<std::byte> target);

/// Compares without making the body. A body of another length than `size` is no body of that segment.
bool isSyntheticBody(const base::Bytes& body, std::string_view name, std::uint64_t number, std::size_t size);

}  // namespace p2pml::media
