#include "media/uri.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace p2pml::media {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr bool isAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool isDigit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr int hexValue(char c) {
  if (isDigit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// unreserved / reserved / "%" (RFC 3986 section 2).
constexpr bool isUriCharacter(char c) {
  return isAlpha(c) || isDigit(c) || std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(c) != std::string_view::npos;
}

bool equalsIgnoringCase(std::string_view text, std::string_view lowerCase) {
  if (text.size() != lowerCase.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lowerCase[i]) return false;
  }
  return true;
}

bool isHttpScheme(std::string_view scheme) {
  return equalsIgnoringCase(scheme, "http") || equalsIgnoringCase(scheme, "https");
}

/// scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) (RFC 3986 section 3.1)
bool isScheme(std::string_view text) {
  if (text.empty() || !isAlpha(text.front())) return false;
  for (const char c : text) {
    if (!isAlpha(c) && !isDigit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

/// `text` with every character that no URI has percent-encoded. `storage` is used only if there is one.
Result<std::string_view> encodeForbidden(std::string_view text, std::string& storage) {
  if (text.size() > kMaxUriBytes) return fail(ErrorCode::limitExceeded, "URI: longer than 65536 bytes");
  std::size_t forbidden = 0;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f) return fail(ErrorCode::malformed, "URI: contains a control character");
    if (!isUriCharacter(c)) ++forbidden;
  }
  if (forbidden == 0) return text;
  constexpr std::string_view kHex = "0123456789ABCDEF";
  storage.reserve(text.size() + 2 * forbidden);
  for (const char c : text) {
    if (isUriCharacter(c)) {
      storage += c;
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      storage += '%';
      storage += kHex[byte >> 4];
      storage += kHex[byte & 15];
    }
  }
  return std::string_view(storage);
}

struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

/// authority = [ userinfo "@" ] host [ ":" port ] (RFC 3986 section 3.2); nothing if it is none of that.
std::optional<HostAndPort> splitAuthority(std::string_view authority) {
  const std::size_t at = authority.rfind('@');
  std::string_view rest = at == std::string_view::npos ? authority : authority.substr(at + 1);
  HostAndPort result;
  std::size_t end = 0;
  if (!rest.empty() && rest.front() == '[') {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    end = close + 1;
  } else {
    end = rest.find(':');
    if (end == std::string_view::npos) end = rest.size();
    if (rest.substr(0, end).find_first_of("[]") != std::string_view::npos) return std::nullopt;
  }
  result.host = rest.substr(0, end);
  rest.remove_prefix(end);
  if (rest.empty()) return result;
  if (rest.front() != ':') return std::nullopt;
  result.port = rest.substr(1);
  if (result.port.size() > 5) return std::nullopt;
  std::uint32_t port = 0;
  for (const char c : result.port) {
    if (!isDigit(c)) return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (port > 65535) return std::nullopt;
  return result;
}

Result<void> checkAuthority(const UriParts& parts) {
  if (!parts.authority) return {};
  const auto split = splitAuthority(*parts.authority);
  if (!split) {
    return fail(ErrorCode::malformed,
                "URI: authority \"" + std::string(parts.authority->substr(0, 100)) + "\", expected host or host:port");
  }
  if (parts.scheme && isHttpScheme(*parts.scheme) && split->host.empty()) {
    return fail(ErrorCode::malformed, "URI: expected a host name after \"" + std::string(*parts.scheme) + "://\"");
  }
  return {};
}

/// RFC 3986 section 5.2.4 over `path`, appended to `out`. Linear: every character is appended and taken back at most
/// once.
void appendWithoutDotSegments(std::string& out, std::string_view path) {
  const std::size_t start = out.size();
  const auto dropLastSegment = [&] {
    const std::size_t slash = out.rfind('/');
    out.resize(slash == std::string::npos || slash < start ? start : slash);
  };
  while (!path.empty()) {
    if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./") || path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (path.starts_with("/../")) {
      path.remove_prefix(3);
      dropLastSegment();
    } else if (path == "/..") {
      path = "/";
      dropLastSegment();
    } else if (path == "." || path == "..") {
      path = {};
    } else {
      const std::size_t end = std::min(path.find('/', 1), path.size());
      out += path.substr(0, end);
      path.remove_prefix(end);
    }
  }
}

/// RFC 3986 section 5.3, with the path cleaned of dot segments if `clean`.
std::string recompose(const UriParts& parts, bool clean) {
  std::string out;
  if (parts.scheme) {
    out += *parts.scheme;
    out += ':';
  }
  if (parts.authority) {
    out += "//";
    out += *parts.authority;
  }
  const std::size_t pathStart = out.size();
  if (clean) {
    appendWithoutDotSegments(out, parts.path);
  } else {
    out += parts.path;
  }
  // Without an authority a path that begins "//" would read back as one; "/." keeps it a path.
  if (!parts.authority && std::string_view(out).substr(pathStart).starts_with("//")) out.insert(pathStart, "/.");
  if (parts.query) {
    out += '?';
    out += *parts.query;
  }
  if (parts.fragment) {
    out += '#';
    out += *parts.fragment;
  }
  return out;
}

std::string percentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hexValue(text[i + 1]) >= 0 && hexValue(text[i + 2]) >= 0) {
      out += static_cast<char>(hexValue(text[i + 1]) * 16 + hexValue(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

UriParts splitUri(std::string_view text) {
  UriParts parts;
  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
    parts.fragment = text.substr(hash + 1);
    text = text.substr(0, hash);
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    parts.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  const std::size_t colon = text.find_first_of(":/");
  if (colon != std::string_view::npos && text[colon] == ':' && isScheme(text.substr(0, colon))) {
    parts.scheme = text.substr(0, colon);
    text = text.substr(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t end = std::min(text.find('/'), text.size());
    parts.authority = text.substr(0, end);
    text = text.substr(end);
  }
  parts.path = text;
  return parts;
}

bool isHttpUrl(std::string_view url) {
  const UriParts parts = splitUri(url);
  if (!parts.scheme || !isHttpScheme(*parts.scheme) || !parts.authority) return false;
  const auto split = splitAuthority(*parts.authority);
  return split && !split->host.empty();
}

bool isKeyUrl(std::string_view url) {
  const UriParts parts = splitUri(url);
  if (!parts.scheme) return false;
  if (isHttpScheme(*parts.scheme)) return isHttpUrl(url);
  for (const std::string_view refused : {"javascript", "vbscript", "file", "about", "blob", "ftp"}) {
    if (equalsIgnoringCase(*parts.scheme, refused)) return false;
  }
  return true;
}

std::optional<std::string> uriQueryParameter(std::string_view url, std::string_view name) {
  const UriParts parts = splitUri(url);
  std::string_view rest = parts.query.value_or(std::string_view());
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    if (percentDecode(pair.substr(0, equals)) == name) return percentDecode(pair.substr(equals + 1));
  }
  return std::nullopt;
}

Result<UriResolver> UriResolver::forBase(std::string_view base) {
  std::string storage;
  const auto encoded = encodeForbidden(base, storage);
  if (!encoded) return std::unexpected(encoded.error());
  if (encoded->size() > kMaxBaseUriBytes) return fail(ErrorCode::limitExceeded, "base URL: longer than 8192 bytes");
  const UriParts parts = splitUri(*encoded);
  if (!parts.scheme) {
    return fail(ErrorCode::malformed, "base URL \"" + std::string(base.substr(0, 100)) +
                                          "\": expected an absolute URL that begins with a scheme, e.g. \"https://\"");
  }
  if (const auto checked = checkAuthority(parts); !checked) return std::unexpected(checked.error());
  UriResolver resolver;
  resolver.hasBase_ = true;
  resolver.scheme_ = *parts.scheme;
  if (parts.authority) resolver.authority_ = std::string(*parts.authority);
  resolver.path_ = std::string(parts.path);
  // Section 5.2.3, "Merge Paths".
  if (parts.authority && parts.path.empty()) {
    resolver.directory_ = "/";
  } else if (const std::size_t slash = parts.path.rfind('/'); slash != std::string_view::npos) {
    resolver.directory_ = std::string(parts.path.substr(0, slash + 1));
  }
  if (parts.query) resolver.query_ = std::string(*parts.query);
  return resolver;
}

Result<std::string> UriResolver::resolve(std::string_view reference) const {
  std::string storage;
  const auto encoded = encodeForbidden(reference, storage);
  if (!encoded) return std::unexpected(encoded.error());
  UriParts target = splitUri(*encoded);
  const bool absolute = target.scheme.has_value();
  if (!absolute && hasBase_) target.scheme = scheme_;
  if (const auto checked = checkAuthority(target); !checked) return std::unexpected(checked.error());

  // RFC 3986 section 5.2.2, "Transform References", in its strict form.
  if (absolute) return recompose(target, true);
  if (!hasBase_) return recompose(target, false);
  if (target.authority) return recompose(target, true);
  if (authority_) target.authority = *authority_;
  if (target.path.empty()) {
    target.path = path_;
    if (!target.query && query_) target.query = *query_;
    return recompose(target, false);
  }
  if (target.path.front() == '/') return recompose(target, true);
  const std::string merged = directory_ + std::string(target.path);
  target.path = merged;
  return recompose(target, true);
}

Result<std::string> resolveUri(std::string_view reference, std::string_view base) {
  const auto resolver = UriResolver::forBase(base);
  if (!resolver) return std::unexpected(resolver.error());
  return resolver->resolve(reference);
}

}  // namespace p2pml::media
