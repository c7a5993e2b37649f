#include "platform/native/server/endpoint.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <system_error>

namespace p2pml::native {

base::Result<Endpoint> parseEndpoint(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return base::fail(base::ErrorCode::invalidArgument, "\"" + std::string(text) + "\": " + std::string(what) +
                                                            "; expected HOST:PORT, for example 127.0.0.1:8000");
  };
  std::string_view host;
  std::string_view port = text;
  if (text.starts_with('[')) {
    const std::size_t end = text.find("]:");
    if (end == std::string_view::npos) return wrong("\"[\" without \"]:\"");
    host = text.substr(1, end - 1);
    port = text.substr(end + 2);
  } else if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.find(':') != std::string_view::npos) return wrong("an IPv6 address must stand in brackets");
  }

  Endpoint endpoint;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || error != std::errc() || end != port.data() + port.size() || number > 65'535) {
    return wrong("the port is no number from 0 to 65535");
  }
  endpoint.port = static_cast<std::uint16_t>(number);
  if (!host.empty() && host != "localhost") {
    boost::system::error_code ignored;
    boost::asio::ip::make_address(std::string(host), ignored);
    if (ignored) return wrong("the host is no IP address and not \"localhost\"");
    endpoint.host = host;
  }
  return endpoint;
}

std::string toString(const Endpoint& endpoint) {
  const bool isV6 = endpoint.host.find(':') != std::string::npos;
  return (isV6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

}  // namespace p2pml::native
