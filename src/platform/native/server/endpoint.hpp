// "host:port" as it is written on command lines: where a server of ours listens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace p2pml::native {

struct Endpoint {
  std::string host = "127.0.0.1";  ///< an IPv4 or IPv6 address without brackets, or "localhost"
  std::uint16_t port = 0;          ///< 0: the system picks one

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Takes "127.0.0.1:8000", "localhost:8000", "[::1]:8000" and, for 127.0.0.1, ":8000" and "8000".
/// Error invalidArgument, naming the text and what was expected.
base::Result<Endpoint> parseEndpoint(std::string_view text);

/// HOST:PORT as it stands in a URL: IPv6 addresses in brackets.
std::string toString(const Endpoint& endpoint);

}  // namespace p2pml::native
