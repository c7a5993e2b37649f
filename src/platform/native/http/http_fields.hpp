// Reading the few HTTP header fields that the loader needs, strictly, and showing URLs in error messages without their
// secrets.
//
// Pure functions. A field that is not exactly of its grammar counts as absent: a wrong length is worse than none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace p2pml::native {

/// Content-Length (RFC 9110 section 8.6): digits only. A list of equal values ("5, 5") is one value (same section);
/// nothing if it is anything else or above 2^63-1.
std::optional<std::uint64_t> parseContentLength(std::string_view value);

/// Content-Range in bytes (RFC 9110 section 14.4): "bytes 0-9/100", "bytes 0-9/*", "bytes */100".
struct ContentRange {
  std::optional<std::uint64_t> first;  ///< none for an unsatisfied range ("*/100")
  std::optional<std::uint64_t> last;   ///< inclusive; there if `first` is
  std::optional<std::uint64_t> total;  ///< none if the server does not know it ("*")

  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};
/// Nothing for other units and for what the RFC calls invalid (last < first, total <= last).
std::optional<ContentRange> parseContentRange(std::string_view value);

/// One header line "Name: value" (with or without its line end) taken apart; the value without surrounding blanks.
struct HeaderLine {
  std::string_view name;
  std::string_view value;
};
std::optional<HeaderLine> parseHeaderLine(std::string_view line);

/// ASCII case-insensitive.
bool equalsIgnoringCase(std::string_view a, std::string_view b);

/// True if `name` is a token (RFC 9110 section 5.6.2) and so can be sent as a field name.
bool isFieldName(std::string_view name);
/// True if `value` can be sent as a field value: no CR, LF or NUL (RFC 9110 section 5.5), so nobody can smuggle a
/// header.
bool isFieldValue(std::string_view value);

/// The URL for logs and errors: without user name, password, query and fragment, which may carry tokens; at most 200
/// bytes. A query leaves "?..." behind.
std::string redactedUrl(std::string_view url);

}  // namespace p2pml::native
