// Upstream URLs and their places on the gateway: "/s/{session}/{origin}/{path}?{query}", where {origin} is a number
// that the session gave to "https://host:port". Paths and queries stay as they are, so that relative references in
// manifests keep working without being touched.
//
// Pure text. Who may be fetched is decided here too: http and https only, hosts that a session knows, and private
// addresses only where the user opened a private one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace p2pml::gateway {

/// "https://host:port" in lower case, without a default port; nothing for what cannot be fetched: other schemes, no
/// host, user names.
std::optional<std::string> originOf(std::string_view url);
/// originOf() with the path and query as written, but for characters that no URI has, which are percent-encoded: the
/// same text for all spellings of one host. Nothing as there.
std::optional<std::string> canonicalUrl(std::string_view url);
/// The host of originOf(), without brackets and port.
std::string_view hostOf(std::string_view origin);

/// True for names and addresses that are of this machine or its network: localhost, *.local, names without a dot, and
/// the address ranges of RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 (loopback, link-local) and their like.
bool isPrivateHost(std::string_view host);

/// The URL for logs and statistics: the query, which may carry tokens, as "?..."; no user name; at most 300 bytes.
std::string redacted(std::string_view url);

/// `text` with %XX decoded; nothing if that is broken or has a control character.
std::optional<std::string> percentDecoded(std::string_view text);
/// The value of a query parameter, decoded.
std::optional<std::string> queryParameter(std::string_view target, std::string_view name);
/// `url` without the query parameter of that name.
std::string withoutQueryParameter(std::string_view url, std::string_view name);

/// The origins that one session may fetch from, by their number.
class UrlSpace {
 public:
  /// A manifest that names more hosts is not a stream.
  static constexpr std::size_t kMaxOrigins = 64;

  UrlSpace() = default;
  /// `opened` is what the user asked for; it says whether private addresses are fine.
  UrlSpace(std::string prefix, std::string_view opened);

  /// Our path for `url`; its origin becomes known. Errors: malformed (cannot be fetched), limitExceeded, and
  /// invalidArgument for private addresses where the opened one is public.
  base::Result<std::string> localPath(std::string_view url);
  /// The upstream URL of what comes behind the prefix: "0/path?query". Nothing for unknown origins.
  [[nodiscard]] std::optional<std::string> upstream(std::string_view rest) const;
  [[nodiscard]] bool publicOnly() const { return publicOnly_; }

 private:
  std::string prefix_;  // "/s/{session}/"
  bool publicOnly_ = true;
  std::vector<std::string> origins_;
};

}  // namespace p2pml::gateway
