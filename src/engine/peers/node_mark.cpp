#include "engine/peers/node_mark.hpp"

#include <algorithm>
#include <utility>

namespace p2pml::engine {

namespace {

constexpr std::string_view kNode = "a=x-p2pml-node:";
constexpr std::string_view kExtension = "a=x-p2pml-extension:";
/// Three digits are enough for all versions to come.
constexpr std::size_t kMaxVersionDigits = 3;

bool isNameCharacter(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

std::string withLine(std::string sdp, std::string_view attribute, std::string_view value) {
  if (!sdp.empty() && sdp.back() != '\n') sdp += "\r\n";
  sdp += attribute;
  sdp += value;
  sdp += "\r\n";
  return sdp;
}

/// The value of the first line with that attribute.
std::optional<std::string_view> valueOf(std::string_view sdp, std::string_view attribute) {
  while (!sdp.empty()) {
    std::string_view line = sdp.substr(0, sdp.find('\n'));
    sdp.remove_prefix(std::min(sdp.size(), line.size() + 1));
    if (!line.starts_with(attribute)) continue;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line.substr(attribute.size());
  }
  return std::nullopt;
}

}  // namespace

std::string withNodeMark(std::string sdp, std::string_view node) { return withLine(std::move(sdp), kNode, node); }

std::optional<std::string> nodeMarkOf(std::string_view sdp) {
  const auto name = valueOf(sdp, kNode);
  if (!name || name->size() != kNodeNameLength || !std::all_of(name->begin(), name->end(), isNameCharacter)) {
    return std::nullopt;
  }
  return std::string(*name);
}

std::string withExtension(std::string sdp, std::uint32_t version) {
  return withLine(std::move(sdp), kExtension, std::to_string(version));
}

std::uint32_t extensionOf(std::string_view sdp) {
  const std::string_view digits = valueOf(sdp, kExtension).value_or("");
  if (digits.empty() || digits.size() > kMaxVersionDigits || digits.front() == '0') return 0;
  std::uint32_t version = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return 0;
    version = version * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return version;
}

}  // namespace p2pml::engine
