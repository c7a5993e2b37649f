// The one question of STUN that a diagnosis asks: under which address does a server see this socket? (RFC 8489)
//
// Connections have libnice for this; here are only the two messages, for asking several servers from one socket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace p2pml::native {

/// A Binding request without attributes (RFC 8489 section 5).
using StunRequest = std::array<std::uint8_t, 20>;
using StunTransaction = std::array<std::uint8_t, 12>;
StunRequest stunBindingRequest(const StunTransaction& transaction);

struct StunAddress {
  std::string ip;  ///< numeric
  std::uint16_t port = 0;
  friend bool operator==(const StunAddress&, const StunAddress&) = default;
};

/// What a success response to that request says: XOR-MAPPED-ADDRESS, or MAPPED-ADDRESS from a server of RFC 3489.
/// Nothing for anything else.
std::optional<StunAddress> stunMappedAddress(std::span<const std::uint8_t> message, const StunTransaction& transaction);

}  // namespace p2pml::native
