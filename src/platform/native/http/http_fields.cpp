#include "platform/native/http/http_fields.hpp"

#include <algorithm>
#include <limits>

namespace p2pml::native {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::size_t kRedactedUrlMax = 200;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::optional<std::uint64_t> parseDigits(std::string_view text) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!isDigit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace

std::optional<std::uint64_t> parseContentLength(std::string_view value) {
  std::optional<std::uint64_t> result;
  for (;;) {
    const std::size_t comma = value.find(',');
    const auto one = parseDigits(trimmed(value.substr(0, comma)));
    if (!one || (result && *result != *one)) return std::nullopt;
    result = one;
    if (comma == std::string_view::npos) return result;
    value.remove_prefix(comma + 1);
  }
}

std::optional<ContentRange> parseContentRange(std::string_view value) {
  value = trimmed(value);
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos || !equalsIgnoringCase(value.substr(0, space), "bytes")) return std::nullopt;
  value.remove_prefix(space + 1);
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view range = value.substr(0, slash);
  const std::string_view complete = value.substr(slash + 1);

  ContentRange result;
  if (complete != "*") {
    result.total = parseDigits(complete);
    if (!result.total) return std::nullopt;
  }
  if (range == "*") {
    // unsatisfied-range = "*/" complete-length: here the length is not optional.
    if (!result.total) return std::nullopt;
    return result;
  }
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  result.first = parseDigits(range.substr(0, dash));
  result.last = parseDigits(range.substr(dash + 1));
  if (!result.first || !result.last) return std::nullopt;
  // "A Content-Range field value is invalid if it contains a range-resp that has a last-pos value less than its
  // first-pos value, or a complete-length value less than or equal to its last-pos value."
  if (*result.last < *result.first || (result.total && *result.total <= *result.last)) return std::nullopt;
  return result;
}

std::optional<HeaderLine> parseHeaderLine(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const HeaderLine result{line.substr(0, colon), trimmed(line.substr(colon + 1))};
  if (!isFieldName(result.name)) return std::nullopt;
  return result;
}

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool isFieldName(std::string_view name) {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return isAlpha(c) || isDigit(c) || kOthers.find(c) != std::string_view::npos;
  });
}

bool isFieldValue(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string redactedUrl(std::string_view url) {
  const std::string_view whole = url.substr(0, url.find('#'));
  const std::size_t query = whole.find('?');
  std::string result(whole.substr(0, query));
  const std::size_t scheme = result.find("://");
  if (scheme != std::string::npos) {
    const std::size_t authority = scheme + 3;
    const std::size_t path = result.find('/', authority);
    const std::size_t at = result.rfind('@', path == std::string::npos ? path : path - 1);
    if (at != std::string::npos && at >= authority) result.erase(authority, at + 1 - authority);
  }
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  if (result.size() > kRedactedUrlMax) {
    result.resize(kRedactedUrlMax);
    result += "...";
  } else if (query != std::string_view::npos) {
    result += "?...";
  }
  return result;
}

}  // namespace p2pml::native
