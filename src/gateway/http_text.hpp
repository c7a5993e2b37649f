// The little of HTTP that the gateway decides by: ranges, types, how long an answer may be kept, who may ask.
//
// Pure functions over header texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "gateway/io.hpp"
#include "media/iso8601.hpp"

namespace p2pml::gateway {

bool equalsIgnoringCase(std::string_view a, std::string_view b);

/// One range of a Range header, not yet applied to a body (RFC 9110 section 14.1.2). Without `first`: the last `last`
/// bytes.
struct RequestRange {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;  ///< inclusive
  friend bool operator==(const RequestRange&, const RequestRange&) = default;
};
/// Nothing for other units, several ranges and what is not understood: the whole body is the answer (14.2).
std::optional<RequestRange> parseRequestRange(std::string_view header);

struct Span {
  std::uint64_t first = 0;
  std::uint64_t end = 0;  ///< exclusive
  friend bool operator==(const Span&, const Span&) = default;
};
/// The range within a body of that size; nothing if it is not satisfiable.
std::optional<Span> spanOf(const RequestRange& range, std::uint64_t size);
/// "bytes 0-9/100"
std::string contentRange(const Span& span, std::uint64_t total);

/// What says nothing.
inline constexpr std::string_view kUnknownType = "application/octet-stream";
/// By the path's extension; kUnknownType if that says nothing.
std::string_view contentTypeOf(std::string_view url);
/// What manifests are served as.
inline constexpr std::string_view kHlsType = "application/vnd.apple.mpegurl";
inline constexpr std::string_view kDashType = "application/dash+xml";

/// The server's time as its answer has it: Date, and Age where a cache gave it (RFC 9110 section 6.6.1, RFC 9111
/// section 5.1). Nothing without a date of the preferred form, IMF-fixdate.
std::optional<media::WallTime> dateOf(const Headers& headers);

/// How long an answer with these headers may be reused by players of one user (RFC 9111 section 4.2.1, a private
/// cache); zero if not at all. Without any word about it: `otherwise`.
base::Duration freshness(const Headers& headers, base::Duration otherwise);

/// True if the If-None-Match list names the tag, compared weakly (RFC 9110 section 13.1.2).
bool matchesEntityTag(std::string_view ifNoneMatch, std::string_view tag);

struct AccessRules {
  std::vector<std::string> hosts;           ///< Host header values without port that are ours, in lower case
  std::uint16_t port = 0;                   ///< ours; 0: any
  std::vector<std::string> allowedOrigins;  ///< Origin header values of pages that may drive the gateway
};
/// Why a request is refused; nothing if it may pass. `driving`: it opens streams or shows statistics, which other
/// sites' pages must not do.
std::optional<std::string> refusal(const AccessRules& rules, const Headers& headers, bool driving);

}  // namespace p2pml::gateway
