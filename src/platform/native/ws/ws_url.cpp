#include "platform/native/ws/ws_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "platform/native/http/http_fields.hpp"

namespace p2pml::native {
namespace {

constexpr std::size_t kMaxUrlBytes = 4096;
/// RFC 1035 section 2.3.4.
constexpr std::size_t kMaxHostBytes = 253;
constexpr std::uint16_t kPlainPort = 80;
constexpr std::uint16_t kTlsPort = 443;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// Letters, digits and what names in practice have besides; international names come as punycode.
bool isHostCharacter(char c) { return (c >= 'a' && c <= 'z') || isDigit(c) || c == '-' || c == '.' || c == '_'; }

/// RFC 3986: what may stand in path and query, plus the few that browsers let through unencoded.
bool isTargetCharacter(char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>' && c != '\\'; }

bool isIpv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

/// 1 to 65535 in at most five digits.
std::optional<std::uint16_t> parsePort(std::string_view digits) {
  if (digits.empty() || digits.size() > 5 || !std::all_of(digits.begin(), digits.end(), isDigit)) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint32_t>(c - '0');
  if (value == 0 || value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

}  // namespace

std::string WsUrl::bracketedHost() const { return host.find(':') != std::string::npos ? "[" + host + "]" : host; }

std::string WsUrl::authority() const {
  return port == (tls ? kTlsPort : kPlainPort) ? bracketedHost() : bracketedHost() + ":" + std::to_string(port);
}

base::Result<WsUrl> parseWsUrl(std::string_view url) {
  const auto wrong = [url](std::string_view what) {
    return base::fail(base::ErrorCode::invalidArgument, "tracker \"" + redactedUrl(url) + "\": " + std::string(what));
  };
  if (url.size() > kMaxUrlBytes) return wrong("the URL is longer than " + std::to_string(kMaxUrlBytes) + " bytes");

  WsUrl result;
  const std::size_t schemeEnd = url.find("://");
  const std::string_view scheme = url.substr(0, schemeEnd);
  if (schemeEnd != std::string_view::npos && equalsIgnoringCase(scheme, "wss")) {
    result.tls = true;
  } else if (schemeEnd == std::string_view::npos || !equalsIgnoringCase(scheme, "ws")) {
    return wrong("expected a URL that begins with ws:// or wss://");
  }
  std::string_view rest = url.substr(schemeEnd + 3);
  // RFC 6455 section 3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
  if (rest.find('#') != std::string_view::npos) return wrong("a WebSocket URL has no fragment (#)");

  const std::size_t authorityEnd = rest.find_first_of("/?");
  std::string_view authority = rest.substr(0, authorityEnd);
  rest = authorityEnd == std::string_view::npos ? std::string_view() : rest.substr(authorityEnd);
  if (authority.find('@') != std::string_view::npos) return wrong("user name and password are not supported");

  std::string_view port;
  bool hasPort = false;
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return wrong("the IPv6 address has no closing bracket");
    result.host = authority.substr(1, bracket - 1);
    if (!isIpv6(result.host)) return wrong("what stands in brackets is not an IPv6 address");
    authority.remove_prefix(bracket + 1);
    if (!authority.empty() && authority.front() != ':') return wrong("expected a port after the IPv6 address");
    hasPort = !authority.empty();
    port = hasPort ? authority.substr(1) : std::string_view();
  } else {
    const std::size_t colon = authority.find(':');
    result.host = authority.substr(0, colon);
    hasPort = colon != std::string_view::npos;
    port = hasPort ? authority.substr(colon + 1) : std::string_view();
  }
  std::transform(result.host.begin(), result.host.end(), result.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (result.host.empty()) return wrong("the host is missing");
  if (result.host.size() > kMaxHostBytes) return wrong("the host's name is longer than any can be");
  if (result.host.find(':') == std::string::npos &&
      !std::all_of(result.host.begin(), result.host.end(), isHostCharacter)) {
    return wrong("the host has characters that a name cannot have (international names are written as punycode)");
  }
  result.port = result.tls ? kTlsPort : kPlainPort;
  // RFC 3986 section 3.2.3: the colon may stand without a port.
  if (hasPort && !port.empty()) {
    const auto number = parsePort(port);
    if (!number) return wrong("the port is not a number from 1 to 65535");
    result.port = *number;
  }

  if (!std::all_of(rest.begin(), rest.end(), isTargetCharacter)) {
    return wrong("path and query must be percent-encoded ASCII");
  }
  // RFC 6455 section 3: "/" stands for an empty path.
  if (!rest.starts_with('/')) result.target = "/";
  result.target += rest;
  return result;
}

}  // namespace p2pml::native
