// What the ICE agents of one engine are told: RtcConfig's servers, understood, and the local addresses to use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "engine/settings.hpp"
#include "platform/native/rtc/rtc_options.hpp"

namespace p2pml::native {

enum class IceServerKind : std::uint8_t { stun, turnUdp, turnTcp };

struct IceServerAddress {
  IceServerKind kind = IceServerKind::stun;
  std::string host;  ///< name or numeric address, without brackets
  std::uint16_t port = 3478;
  std::string username;
  std::string credential;

  friend bool operator==(const IceServerAddress&, const IceServerAddress&) = default;
};

struct IceConfig {
  std::vector<IceServerAddress> servers;
  bool relayOnly = false;
  std::vector<std::string> localAddresses;
  bool includeLoopback = false;
  base::Duration gatheringTimeout = base::seconds(5);
};

/// `stun:host[:port]`, `turn:host[:port][?transport=udp|tcp]` (RFC 7064, RFC 7065). Nothing for what is not that, and
/// for stuns: and turns:, which libnice does not speak.
std::optional<IceServerAddress> parseIceServerUrl(std::string_view url);

IceConfig iceConfigOf(const engine::RtcConfig& config, const RtcOptions& options);

}  // namespace p2pml::native
