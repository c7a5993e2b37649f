#include "platform/native/rtc/ice_config.hpp"

#include <charconv>

namespace p2pml::native {
namespace {

// A page may list as many as it likes; each costs a socket and a wait per connection.
constexpr std::size_t kMaxServers = 8;
constexpr std::size_t kMaxHost = 255;

}  // namespace

std::optional<IceServerAddress> parseIceServerUrl(std::string_view url) {
  IceServerAddress server;
  if (url.starts_with("stun:")) {
    server.kind = IceServerKind::stun;
  } else if (url.starts_with("turn:")) {
    server.kind = IceServerKind::turnUdp;
  } else {
    return std::nullopt;
  }
  url.remove_prefix(5);
  if (const auto query = url.find('?'); query != std::string_view::npos) {
    const std::string_view parameter = url.substr(query + 1);
    url = url.substr(0, query);
    // Published lists also say stun:...?transport=udp (data-channel.md 5d), which RFC 7064 does not have.
    if (parameter == "transport=tcp" && server.kind == IceServerKind::turnUdp) {
      server.kind = IceServerKind::turnTcp;
    } else if (parameter != "transport=udp") {
      return std::nullopt;
    }
  }
  std::string_view port;
  if (url.starts_with('[')) {
    const auto end = url.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    server.host = url.substr(1, end - 1);
    port = url.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return std::nullopt;
  } else {
    const auto colon = url.find(':');
    server.host = url.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : url.substr(colon);
  }
  if (server.host.empty() || server.host.size() > kMaxHost) return std::nullopt;
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [stopped, error] = std::from_chars(port.data(), port.data() + port.size(), server.port);
    if (error != std::errc{} || stopped != port.data() + port.size() || server.port == 0) return std::nullopt;
  }
  return server;
}

IceConfig iceConfigOf(const engine::RtcConfig& config, const RtcOptions& options) {
  IceConfig out;
  out.relayOnly = config.iceTransportPolicy == engine::IceTransportPolicy::relay;
  out.localAddresses = options.localAddresses;
  out.includeLoopback = options.includeLoopback;
  out.gatheringTimeout = options.gatheringTimeout;
  for (const engine::IceServer& entry : config.iceServers) {
    for (const std::string& url : entry.urls) {
      if (out.servers.size() == kMaxServers) return out;
      auto server = parseIceServerUrl(url);
      if (!server) continue;
      server->username = entry.username;
      server->credential = entry.credential;
      out.servers.push_back(std::move(*server));
    }
  }
  return out;
}

}  // namespace p2pml::native
