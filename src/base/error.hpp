// The one error type of every room: a closed code per *reaction* and a detail for the log.
//
// Code that can fail returns Result<T>; no exception crosses a room's border. libstdc++ 12 lacks the monadic
// calls of std::expected (and_then, transform, or_else), so test with `if (!result)`.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace p2pml::base {

/// What the caller should do about it.
enum class ErrorCode : std::uint8_t {
  invalidArgument,  ///< the application misused the API: tell it, change nothing
  malformed,        ///< a remote sent something that is not of the protocol: count it, maybe drop the remote
  limitExceeded,    ///< a documented limit was hit: refuse the thing, keep going
  notFound,         ///< the named thing does not exist (any more)
  unavailable,      ///< the environment failed (network, file, name look-up): retry by policy
  timeout,          ///< no answer within the documented time: retry by policy
  aborted,          ///< somebody asked for it to end
  internal,         ///< our own bug, reported instead of crashing where that is possible
};

/// The code's name as it appears in logs and JSON, e.g. "invalidArgument".
constexpr std::string_view toString(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalidArgument: return "invalidArgument";
    case ErrorCode::malformed: return "malformed";
    case ErrorCode::limitExceeded: return "limitExceeded";
    case ErrorCode::notFound: return "notFound";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::timeout: return "timeout";
    case ErrorCode::aborted: return "aborted";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string detail;  ///< names the thing and what was expected

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::malformed, "announce: info_hash is missing");`
inline std::unexpected<Error> fail(ErrorCode code, std::string detail) {
  return std::unexpected<Error>(Error{code, std::move(detail)});
}

}  // namespace p2pml::base
