#include "gateway/http_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace p2pml::gateway {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes the next item off a list that is parted by commas.
std::string_view nextItem(std::string_view& list) {
  const std::size_t comma = list.find(',');
  const std::string_view item = trimmed(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return item;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kTypes{{
    {"m3u8", kHlsType},
    {"m3u", kHlsType},
    {"mpd", kDashType},
    {"ts", "video/mp2t"},
    {"m2ts", "video/mp2t"},
    {"mp4", "video/mp4"},
    {"m4s", "video/mp4"},
    {"m4v", "video/mp4"},
    {"cmfv", "video/mp4"},
    {"cmfa", "audio/mp4"},
    {"m4a", "audio/mp4"},
    {"aac", "audio/aac"},
    {"mp3", "audio/mpeg"},
    {"webm", "video/webm"},
    {"vtt", "text/vtt"},
    {"webvtt", "text/vtt"},
    {"key", "application/octet-stream"},
    {"json", "application/json"},
    {"html", "text/html"},
    {"ac3", "audio/ac3"},
}};

}  // namespace

std::string_view headerValue(const Headers& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (equalsIgnoringCase(header.name, name)) return header.value;
  }
  return {};
}

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<RequestRange> parseRequestRange(std::string_view header) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header = trimmed(header.substr(kUnit.size()));
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  RequestRange range;
  range.first = digits(header.substr(0, dash));
  range.last = digits(header.substr(dash + 1));
  const bool brokenFirst = dash > 0 && !range.first;
  const bool brokenLast = dash + 1 < header.size() && !range.last;
  if (brokenFirst || brokenLast || (!range.first && !range.last)) return std::nullopt;
  if (range.first && range.last && *range.last < *range.first) return std::nullopt;
  return range;
}

std::optional<Span> spanOf(const RequestRange& range, std::uint64_t size) {
  if (!range.first) {
    if (*range.last == 0 || size == 0) return std::nullopt;
    return Span{size - std::min(*range.last, size), size};
  }
  if (*range.first >= size) return std::nullopt;
  const std::uint64_t last = std::min(range.last.value_or(size - 1), size - 1);
  return Span{*range.first, last + 1};
}

std::string contentRange(const Span& span, std::uint64_t total) {
  return "bytes " + std::to_string(span.first) + "-" + std::to_string(span.end - 1) + "/" + std::to_string(total);
}

std::string_view contentTypeOf(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t dot = url.find_last_of("./");
  if (dot != std::string_view::npos && url[dot] == '.') {
    for (const auto& [extension, type] : kTypes) {
      if (equalsIgnoringCase(url.substr(dot + 1), extension)) return type;
    }
  }
  return kUnknownType;
}

std::optional<media::WallTime> dateOf(const Headers& headers) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  const std::string_view date = headerValue(headers, "Date");
  constexpr std::string_view kForm = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (date.size() != kForm.size() || !date.ends_with(" GMT")) return std::nullopt;
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::size_t month = kMonths.find(date.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::string number = std::to_string(month / 3 + 101).substr(1);
  const std::string iso = std::string(date.substr(12, 4)) + "-" + number + "-" + std::string(date.substr(5, 2)) + "T" +
                          std::string(date.substr(17, 8)) + "Z";
  const auto time = media::parseDateTime(iso);
  if (!time) return std::nullopt;
  constexpr std::uint64_t kMonth = 30ULL * 24 * 3600;
  const std::uint64_t age = std::min(digits(headerValue(headers, "Age")).value_or(0), kMonth);
  return *time + base::seconds(static_cast<std::int64_t>(age));
}

base::Duration freshness(const Headers& headers, base::Duration otherwise) {
  std::string_view list = headerValue(headers, "Cache-Control");
  // Dates need a calendar and a clock that agrees with the origin's; an origin that cares says max-age too.
  if (list.empty()) return headerValue(headers, "Expires").empty() ? otherwise : base::Duration::zero();
  std::optional<base::Duration> age;
  while (!list.empty()) {
    const std::string_view item = nextItem(list);
    const std::string_view name = item.substr(0, item.find('='));
    if (equalsIgnoringCase(name, "no-store") || equalsIgnoringCase(name, "no-cache")) return base::Duration::zero();
    if (equalsIgnoringCase(name, "max-age")) {
      constexpr std::uint64_t kMonth = 30ULL * 24 * 3600;
      const auto seconds = digits(item.substr(std::min(item.size(), name.size() + 1)));
      age = base::seconds(static_cast<std::int64_t>(std::min(seconds.value_or(0), kMonth)));
    }
  }
  if (!age) return otherwise;
  const auto already = digits(headerValue(headers, "Age")).value_or(0);
  const auto left = base::seconds(static_cast<std::int64_t>(std::min<std::uint64_t>(already, 1ULL << 31)));
  return std::max(*age - left, base::Duration::zero());
}

bool matchesEntityTag(std::string_view ifNoneMatch, std::string_view tag) {
  const auto opaque = [](std::string_view t) { return t.starts_with("W/") ? t.substr(2) : t; };
  while (!ifNoneMatch.empty()) {
    const std::string_view item = nextItem(ifNoneMatch);
    if (item == "*" || (!item.empty() && opaque(item) == opaque(tag))) return true;
  }
  return false;
}

std::optional<std::string> refusal(const AccessRules& rules, const Headers& headers, bool driving) {
  std::string_view host = headerValue(headers, "Host");
  const std::string_view whole = host;
  std::optional<std::uint64_t> port;
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    port = digits(host.substr(colon + 1));
    host = host.substr(0, colon);
  }
  // A page of another name that resolves to this address (DNS rebinding) sends its own name.
  const bool known = std::ranges::any_of(rules.hosts, [&](const auto& ours) { return equalsIgnoringCase(host, ours); });
  if (!known || (rules.port != 0 && port.value_or(80) != rules.port)) {
    return "Host is \"" + std::string(whole.substr(0, 100)) + "\", expected this gateway's own address";
  }
  if (!driving) return std::nullopt;
  const std::string_view origin = headerValue(headers, "Origin");
  const bool same = origin == "http://" + std::string(whole);
  const bool allowed = std::ranges::find(rules.allowedOrigins, origin) != rules.allowedOrigins.end();
  if (!origin.empty() && !same && !allowed) {
    return "a page of " + std::string(origin.substr(0, 100)) + " asks, expected one of this gateway (--allow-origin)";
  }
  // Images, frames and navigation of other sites come without Origin, but browsers say where they come from.
  const std::string_view site = headerValue(headers, "Sec-Fetch-Site");
  if (origin.empty() && (site == "cross-site" || site == "same-site")) {
    return "another site asks, expected the user or a page of this gateway";
  }
  return std::nullopt;
}

}  // namespace p2pml::gateway
