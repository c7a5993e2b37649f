// Tracker URLs: ws:// and wss:// taken apart, strictly.
//
// Pure. What a WebSocket cannot use (RFC 6455 section 3: fragments; RFC 3986: blanks, control and non-ASCII characters)
// is an error that says so, not something to be guessed: such a URL is the application's configuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace p2pml::native {

struct WsUrl {
  bool tls = false;
  std::string host;        ///< lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;  ///< 80 or 443 where the URL has none
  std::string target;      ///< path and query; begins with "/"

  /// "host" or "host:port" as the Host header wants it: without the scheme's own port, IPv6 in brackets.
  [[nodiscard]] std::string authority() const;
  /// The host as it stands in a URL: IPv6 in brackets.
  [[nodiscard]] std::string bracketedHost() const;
};

/// invalidArgument with a detail that names the URL (without its query) and what is wrong with it. At most 4096 bytes.
base::Result<WsUrl> parseWsUrl(std::string_view url);

}  // namespace p2pml::native
