#include "media/m3u8_context.hpp"

namespace p2pml::media {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

std::string shown(std::string_view text) { return "\"" + std::string(text.substr(0, 60)) + "\""; }

/// RFC 8216 second edition, section 4.4.2.3: [a-z], [A-Z], [0-9], '-' and '_'.
constexpr bool isVariableCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool isVariableName(std::string_view name) { return !name.empty() && std::ranges::all_of(name, isVariableCharacter); }

}  // namespace

Result<M3u8Context> M3u8Context::make(std::string_view baseUrl, const M3u8Options& options) {
  if (baseUrl.empty()) return M3u8Context(UriResolver(), baseUrl, options);
  auto resolver = UriResolver::forBase(baseUrl);
  if (!resolver) return std::unexpected(resolver.error());
  return M3u8Context(std::move(*resolver), baseUrl, options);
}

void M3u8Context::enter(std::size_t line, std::string_view subject) {
  line_ = line;
  subject_ = subject;
}

std::unexpected<Error> M3u8Context::malformed(std::string_view what) const {
  return inContext({ErrorCode::malformed, std::string(what)});
}

std::unexpected<Error> M3u8Context::limitExceeded(std::string_view what) const {
  return inContext({ErrorCode::limitExceeded, std::string(what)});
}

std::unexpected<Error> M3u8Context::inContext(const Error& error) const {
  return std::unexpected(Error{
      error.code, "line " + std::to_string(line_) + ": " + std::string(subject_.substr(0, 60)) + ": " + error.detail});
}

void M3u8Context::count(std::size_t bytes) {
  if (options_->work != nullptr) *options_->work += bytes;
}

M3u8Status M3u8Context::produce(std::size_t bytes) {
  count(bytes);
  produced_ += bytes;
  if (produced_ > kMaxPlaylistProducedBytes) {
    return limitExceeded("the playlist's URIs and substituted variables are longer than 134217728 bytes together");
  }
  return {};
}

Result<std::string> M3u8Context::substitute(std::string_view text) {
  std::size_t open = text.find("{$");
  if (open == std::string_view::npos) return std::string(text);
  std::string out;
  while (open != std::string_view::npos) {
    // A name ends at the first character that no name has, so that every character is looked at once.
    const std::size_t start = open + 2;
    std::size_t end = start;
    while (end < text.size() && isVariableCharacter(text[end])) ++end;
    const std::string_view name = text.substr(start, end - start);
    if (name.empty() || end == text.size() || text[end] != '}') {
      out += text.substr(0, end);  // no reference, but text
      text.remove_prefix(end);
    } else {
      const auto variable = variables_.find(name);
      // "... the client MUST fail to parse the Playlist": a reference to what no earlier EXT-X-DEFINE defined.
      if (variable == variables_.end()) {
        return malformed("variable {$" + std::string(name.substr(0, 60)) +
                         "}: expected an EXT-X-DEFINE of it before this line");
      }
      out += text.substr(0, open);
      out += variable->second;
      text.remove_prefix(end + 1);
      if (const auto charged = produce(variable->second.size()); !charged) return std::unexpected(charged.error());
    }
    if (out.size() > kMaxPlaylistLineBytes)
      return limitExceeded("longer than 65536 bytes with its variables substituted");
    open = text.find("{$");
  }
  out += text;
  if (out.size() > kMaxPlaylistLineBytes)
    return limitExceeded("longer than 65536 bytes with its variables substituted");
  return out;
}

Result<std::string> M3u8Context::resolve(std::string_view uri) {
  const auto substituted = substitute(uri);
  if (!substituted) return std::unexpected(substituted.error());
  auto resolved = resolver_.resolve(*substituted);
  if (!resolved) return inContext(resolved.error());
  if (const auto charged = produce(resolved->size()); !charged) return std::unexpected(charged.error());
  return std::move(*resolved);
}

M3u8Status M3u8Context::define(const M3u8AttributeList& attributes) {
  const auto* name = attributes.find("NAME");
  const auto* import = attributes.find("IMPORT");
  const auto* queryParameter = attributes.find("QUERYPARAM");
  if ((name != nullptr) + (import != nullptr) + (queryParameter != nullptr) != 1) {
    return malformed("expected exactly one of the attributes NAME, IMPORT and QUERYPARAM");
  }
  const std::string_view variable = name != nullptr     ? name->value
                                    : import != nullptr ? import->value
                                                        : queryParameter->value;
  if (!isVariableName(variable)) {
    return malformed("variable name " + shown(variable) + ", expected letters, digits, '-' and '_'");
  }
  if (variables_.contains(variable))
    return malformed("variable " + shown(variable) + " is defined twice, expected once");
  if (variables_.size() == kMaxPlaylistVariables) return limitExceeded("more than 1000 variables");

  std::string value;
  if (name != nullptr) {
    const auto* given = attributes.find("VALUE");
    if (given == nullptr) return malformed("VALUE is missing, expected it beside NAME");
    auto substituted = substitute(given->value);
    if (!substituted) return std::unexpected(substituted.error());
    value = std::move(*substituted);
  } else if (import != nullptr) {
    const auto imported = options_->imports.find(variable);
    if (imported == options_->imports.end()) {
      return malformed("IMPORT " + shown(variable) + ": expected the multivariant playlist to define it");
    }
    value = imported->second;
  } else {
    auto parameter = uriQueryParameter(baseUrl_, variable);
    if (!parameter)
      return malformed("QUERYPARAM " + shown(variable) + ": expected it in the query of the playlist's URL");
    value = std::move(*parameter);
  }
  if (const auto charged = produce(value.size()); !charged) return charged;
  variables_.emplace(std::string(variable), std::move(value));
  return {};
}

M3u8AttributeReader::M3u8AttributeReader(M3u8Context& context, std::string_view value) : context_(context) {
  context.count(value.size());
  auto list = M3u8AttributeList::parse(value);
  if (list) {
    list_ = std::move(*list);
  } else {
    status_ = context.inContext(list.error());
  }
}

const M3u8AttributeList::Attribute* M3u8AttributeReader::find(std::string_view name) const {
  return status_ ? list_.find(name) : nullptr;
}

void M3u8AttributeReader::keepError(Error error) {
  if (status_) status_ = std::unexpected(std::move(error));
}

void M3u8AttributeReader::refuse(std::string_view name, std::string_view expected) {
  if (!status_) return;
  const auto* attribute = list_.find(name);
  status_ =
      context_.malformed(std::string(name) + (attribute == nullptr ? " is missing" : " is " + shown(attribute->value)) +
                         ", expected " + std::string(expected));
}

template <class Parse>
auto M3u8AttributeReader::parsed(std::string_view name, std::string_view expected, Parse parse)
    -> decltype(parse(std::string_view())) {
  const auto* attribute = find(name);
  if (attribute == nullptr) return std::nullopt;
  auto value = parse(attribute->value);
  if (!value) refuse(name, expected);
  return value;
}

std::optional<std::string> M3u8AttributeReader::optionalText(std::string_view name) {
  const auto* attribute = find(name);
  if (attribute == nullptr) return std::nullopt;
  auto value = context_.substitute(attribute->value);
  if (value) return std::move(*value);
  keepError(value.error());
  return std::nullopt;
}

std::string M3u8AttributeReader::text(std::string_view name) { return optionalText(name).value_or(std::string()); }

std::string M3u8AttributeReader::requiredText(std::string_view name, std::string_view expected) {
  std::string value = text(name);
  if (value.empty()) refuse(name, expected);
  return value;
}

std::optional<std::string> M3u8AttributeReader::uri(std::string_view name) {
  const auto* attribute = find(name);
  if (attribute == nullptr) return std::nullopt;
  auto value = context_.resolve(attribute->value);
  if (value) return std::move(*value);
  keepError(value.error());
  return std::nullopt;
}

std::string M3u8AttributeReader::requiredUri(std::string_view name) {
  const auto* attribute = find(name);
  if (attribute == nullptr || attribute->value.empty()) {
    refuse(name, "a URI");
    return {};
  }
  return uri(name).value_or(std::string());
}

std::optional<std::uint64_t> M3u8AttributeReader::integer(std::string_view name) {
  return parsed(name, "a whole number from 0 to 2^64 - 1", parseDecimalInteger);
}

std::uint64_t M3u8AttributeReader::requiredInteger(std::string_view name) {
  if (find(name) == nullptr) refuse(name, "a whole number");
  return integer(name).value_or(0);
}

std::optional<std::int64_t> M3u8AttributeReader::decimal(std::string_view name, int decimals) {
  return parsed(name, "a decimal number", [&](std::string_view text) { return parseDecimal(text, decimals); });
}

std::optional<std::int64_t> M3u8AttributeReader::signedDecimal(std::string_view name, int decimals) {
  return parsed(name, "a decimal number", [&](std::string_view text) { return parseSignedDecimal(text, decimals); });
}

std::optional<Resolution> M3u8AttributeReader::resolution(std::string_view name) {
  return parsed(name, "WIDTHxHEIGHT, each from 1 to 65535", [](std::string_view text) -> std::optional<Resolution> {
    const std::size_t x = text.find('x');
    if (x == std::string_view::npos) return std::nullopt;
    const auto width = parseDecimalInteger(text.substr(0, x));
    const auto height = parseDecimalInteger(text.substr(x + 1));
    constexpr std::uint64_t kMax = 65535;
    if (!width || !height || *width == 0 || *height == 0 || *width > kMax || *height > kMax) return std::nullopt;
    return Resolution{static_cast<std::uint32_t>(*width), static_cast<std::uint32_t>(*height)};
  });
}

std::optional<std::array<std::uint8_t, 16>> M3u8AttributeReader::hex128(std::string_view name) {
  // Variables are substituted in hexadecimal sequences too.
  const std::string value = text(name);
  if (find(name) == nullptr) return std::nullopt;
  auto bytes = parseHex128(value);
  if (!bytes) refuse(name, "0x and 1 to 32 hexadecimal digits");
  return bytes;
}

std::optional<ByteRangeText> M3u8AttributeReader::byteRange(std::string_view name) {
  const std::string value = text(name);
  if (find(name) == nullptr) return std::nullopt;
  auto range = parseByteRange(value);
  if (!range) refuse(name, "LENGTH or LENGTH@OFFSET with a length of at least 1");
  return range;
}

bool M3u8AttributeReader::yes(std::string_view name) {
  const auto* attribute = find(name);
  if (attribute == nullptr || attribute->value == "NO") return false;
  if (attribute->value != "YES") refuse(name, "YES or NO");
  return true;
}

}  // namespace p2pml::media
