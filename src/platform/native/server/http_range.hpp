// The Range header of a GET for one body of known size (RFC 9110 section 14).
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace p2pml::native {

/// Bytes first..last, both included, both within the body.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};
/// No range, several, or a header that is not understood: the whole body is the answer (RFC 9110 14.2: "MAY ignore").
struct WholeBody {
  friend bool operator==(const WholeBody&, const WholeBody&) = default;
};
/// 416 Range Not Satisfiable.
struct Unsatisfiable {
  friend bool operator==(const Unsatisfiable&, const Unsatisfiable&) = default;
};

std::variant<WholeBody, ByteRange, Unsatisfiable> parseRange(std::string_view header, std::uint64_t bodySize);

}  // namespace p2pml::native
