#include "engine/peers/node_mark.hpp"

#include <algorithm>

namespace p2pml::engine {

namespace {

constexpr std::string_view kAttribute = "a=x-p2pml-node:";

bool isNameCharacter(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

std::string withNodeMark(std::string sdp, std::string_view node) {
  if (!sdp.empty() && sdp.back() != '\n') sdp += "\r\n";
  sdp += kAttribute;
  sdp += node;
  sdp += "\r\n";
  return sdp;
}

std::optional<std::string> nodeMarkOf(std::string_view sdp) {
  while (!sdp.empty()) {
    const std::string_view line = sdp.substr(0, sdp.find('\n'));
    sdp.remove_prefix(std::min(sdp.size(), line.size() + 1));
    if (!line.starts_with(kAttribute)) continue;
    std::string_view name = line.substr(kAttribute.size());
    if (name.ends_with('\r')) name.remove_suffix(1);
    if (name.size() == kNodeNameLength && std::all_of(name.begin(), name.end(), isNameCharacter)) {
      return std::string(name);
    }
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace p2pml::engine
