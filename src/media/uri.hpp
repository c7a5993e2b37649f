// URI references as RFC 3986 has them: a playlist names its segments relative to its own URL.
//
// Text in, text out; no object outlives a call except UriResolver, which owns its base. A resolved URI never contains a
// character that RFC 3986 does not have: such characters (a space, a brace, anything beyond ASCII) come out
// percent-encoded, as a browser would send them. Nothing else is normalised: a URL names a swarm, so it must stay as
// written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace p2pml::media {

/// One URI, base or reference: longer ones are refused with limitExceeded.
inline constexpr std::size_t kMaxUriBytes = 64 * 1024;
/// A base, as it is repeated in every target: RFC 9110 section 4.1 asks to support 8000 at least.
inline constexpr std::size_t kMaxBaseUriBytes = 8 * 1024;

/// The five components of RFC 3986 section 3, as views of the text they were split from. An absent component and an
/// empty one differ ("http://a/?" has an empty query).
struct UriParts {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

/// Splits by the separators alone (RFC 3986 appendix B), so that every text splits. A first segment such as "12:30.ts",
/// which cannot be a scheme, is a path.
UriParts splitUri(std::string_view text);

/// True if `url` is absolute, of the scheme http or https in any case, and names a host: what an HTTP client can load.
bool isHttpUrl(std::string_view url);

/// Whether `url` is of a scheme by which a manifest's key may come: http, https, data, or that of a key system such as
/// skd. What a program could run or read from the machine it is on (javascript, file, ...) is none.
bool isKeyUrl(std::string_view url);

/// The value of the query parameter `name`, percent-decoded; the first one if repeated, nothing if there is none.
std::optional<std::string> uriQueryParameter(std::string_view url, std::string_view name);

/// Resolves references against one base (RFC 3986 section 5.2, strict). Immutable. Cost of a call: linear in base and
/// reference.
class UriResolver {
 public:
  /// No base at all (a playlist that came without a URL): relative references stay relative.
  UriResolver() = default;

  /// Errors: malformed if `base` is not absolute, has a broken authority or a control character; limitExceeded.
  static base::Result<UriResolver> forBase(std::string_view base);

  /// The target URI of `reference`. Errors: malformed (a control character, a broken authority), limitExceeded.
  [[nodiscard]] base::Result<std::string> resolve(std::string_view reference) const;

 private:
  bool hasBase_ = false;
  std::string scheme_;
  std::optional<std::string> authority_;
  std::string path_;
  std::string directory_;  ///< path_ up to its last slash: what a relative path is put behind
  std::optional<std::string> query_;
};

/// One reference against one base; for many references against the same base use UriResolver.
base::Result<std::string> resolveUri(std::string_view reference, std::string_view base);

}  // namespace p2pml::media
