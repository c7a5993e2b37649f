#include "gateway/urls.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "media/uri.hpp"

namespace p2pml::gateway {

namespace {

using base::ErrorCode;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lowered(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), lower);
  return result;
}

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

/// Dotted decimal only: what other spellings mean (0x7f.1, 2130706433) is for the connect-time check.
std::optional<std::array<unsigned, 4>> ipv4(std::string_view host) {
  std::array<unsigned, 4> parts{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? host.find('.') : host.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto part = number(host.substr(0, dot), 255);
    if (!part) return std::nullopt;
    parts[i] = *part;
    host.remove_prefix(std::min(host.size(), dot + 1));
  }
  return parts;
}

bool isPrivateIpv4(const std::array<unsigned, 4>& ip) {
  return ip[0] == 0 || ip[0] == 10 || ip[0] == 127 || (ip[0] == 172 && ip[1] >= 16 && ip[1] < 32) ||
         (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
         (ip[0] == 100 && ip[1] >= 64 && ip[1] < 128) || ip[0] >= 224;
}

bool isPrivateIpv6(std::string_view host) {
  // Global unicast begins with 2 or 3 (RFC 4291 section 2.4); all else is loopback, local, multicast or mapped.
  const std::size_t colon = host.find(':');
  return colon != 4 || (host[0] != '2' && host[0] != '3');
}

std::optional<int> hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return std::nullopt;
}

std::string_view queryOf(std::string_view target) {
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

}  // namespace

std::optional<std::string> originOf(std::string_view url) {
  if (!media::isHttpUrl(url)) return std::nullopt;
  const media::UriParts parts = media::splitUri(url);
  const std::string scheme = lowered(*parts.scheme);
  std::string authority = lowered(*parts.authority);
  if (authority.empty() || authority.find_first_of("@\\ \"<>") != std::string::npos) return std::nullopt;
  for (const std::string_view port : {":", scheme == "https" ? ":443" : ":80"}) {
    if (authority.ends_with(port)) authority.resize(authority.size() - port.size());
  }
  return scheme + "://" + authority;
}

std::optional<std::string> canonicalUrl(std::string_view url) {
  auto origin = originOf(url);
  if (!origin) return std::nullopt;
  std::string_view rest = url.substr(url.find("://") + 3);
  rest = rest.substr(std::min(rest.size(), rest.find_first_of("/?#")));
  rest = rest.substr(0, rest.find('#'));
  if (!rest.starts_with('/')) origin->push_back('/');
  // Manifests write what no URI may have, and players send it in one way or the other.
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kNever = "\"<>`{}\x7f";
  for (const char c : rest) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && kNever.find(c) == std::string_view::npos) {
      origin->push_back(c);
    } else {
      (origin->append("%") += kHex[byte / 16]) += kHex[byte % 16];
    }
  }
  return origin;
}

std::string_view hostOf(std::string_view origin) {
  const std::size_t slashes = origin.find("://");
  std::string_view authority = slashes == std::string_view::npos ? origin : origin.substr(slashes + 3);
  authority = authority.substr(0, authority.find('/'));
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

bool isPrivateHost(std::string_view host) {
  std::string name = lowered(host);
  if (name.ends_with('.')) name.pop_back();
  if (name.find(':') != std::string::npos) return isPrivateIpv6(name);
  if (const auto ip = ipv4(name)) return isPrivateIpv4(*ip);
  return name.find('.') == std::string::npos || name.ends_with(".localhost") || name.ends_with(".local") ||
         name.ends_with(".internal") || name.ends_with(".home.arpa");
}

std::string redacted(std::string_view url) {
  constexpr std::size_t kLongest = 300;
  const std::size_t end = url.find_first_of("?#");
  std::string text(url.substr(0, end));
  const std::size_t slashes = text.find("://");
  if (slashes != std::string::npos) {
    const std::size_t path = text.find('/', slashes + 3);
    const std::size_t at = text.rfind('@', path == std::string::npos ? text.size() : path);
    if (at != std::string::npos && at > slashes) text.erase(slashes + 3, at - slashes - 2);
  }
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  if (end != std::string_view::npos && url[end] == '?') text += "?...";
  return text;
}

std::optional<std::string> percentDecoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto high = i + 1 < text.size() ? hexDigit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? hexDigit(text[i + 2]) : std::nullopt;
      if (!high || !low) return std::nullopt;
      c = static_cast<char>(*high * 16 + *low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    result.push_back(c);
  }
  return result;
}

std::optional<std::string> queryParameter(std::string_view target, std::string_view name) {
  std::string_view rest = queryOf(target);
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view item = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (item.substr(0, item.find('=')) != name || item.size() == name.size()) continue;
    return percentDecoded(item.substr(name.size() + 1));
  }
  return std::nullopt;
}

std::string withoutQueryParameter(std::string_view url, std::string_view name) {
  const std::string_view query = queryOf(url);
  if (query.empty()) return std::string(url);
  std::string kept;
  for (std::string_view rest = query; !rest.empty();) {
    const std::size_t end = rest.find('&');
    const std::string_view item = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (item.substr(0, item.find('=')) == name) continue;
    kept += (kept.empty() ? "?" : "&") + std::string(item);
  }
  return std::string(url.substr(0, url.find('?'))) + kept;
}

UrlSpace::UrlSpace(std::string prefix, std::string_view opened) : prefix_(std::move(prefix)) {
  if (const auto origin = originOf(opened)) {
    publicOnly_ = !isPrivateHost(hostOf(*origin));
    origins_.push_back(*origin);
  }
}

base::Result<std::string> UrlSpace::localPath(std::string_view url) {
  const auto origin = originOf(url);
  if (!origin) {
    return base::fail(ErrorCode::malformed, redacted(url) + ": expected a URL with http or https and a host");
  }
  auto known = std::ranges::find(origins_, *origin);
  if (known == origins_.end()) {
    if (publicOnly_ && isPrivateHost(hostOf(*origin))) {
      return base::fail(ErrorCode::invalidArgument,
                        redacted(url) + ": a public stream must not name addresses of a private network");
    }
    if (origins_.size() == kMaxOrigins) {
      return base::fail(ErrorCode::limitExceeded, "more than " + std::to_string(kMaxOrigins) + " hosts in one stream");
    }
    known = origins_.insert(origins_.end(), *origin);
  }
  return prefix_ + std::to_string(known - origins_.begin()) + canonicalUrl(url)->substr(origin->size());
}

std::optional<std::string> UrlSpace::upstream(std::string_view rest) const {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto place = number(rest.substr(0, slash), static_cast<unsigned>(kMaxOrigins));
  if (!place || *place >= origins_.size()) return std::nullopt;
  return canonicalUrl(origins_[*place] + std::string(rest.substr(slash)));
}

}  // namespace p2pml::gateway
