#include "engine/node_names.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace p2pml::engine {
namespace {

/// The value of a decimal integer as it would be printed.
std::optional<std::int64_t> plainNumber(std::string_view text) {
  constexpr std::size_t kMostDigits = 16;  // of kMaxNodeInteger
  if (text.empty() || text.size() > kMostDigits || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > wire::kMaxNodeInteger) return std::nullopt;
  return value;
}

/// Calls use(number) or use(text); false if the segment has no name of that generation.
template <class Use>
bool withNodeName(const WireName& name, Generation generation, Use use) {
  const GenerationInfo& info = infoOf(generation);
  if (info.codec == Codec::json) {
    if (const auto number = plainNumber(name.entry)) {
      use(*number);
      return true;
    }
    if (name.entry.empty() || name.entry.size() > wire::kMaxNodeText) return false;
    use(std::string_view(name.entry));
    return true;
  }
  const auto& number = name.numberBy(info.numbering);
  if (!number || *number < -wire::kMaxNodeInteger || *number > wire::kMaxNodeInteger) return false;
  use(*number);
  return true;
}

}  // namespace

std::optional<wire::NodeSegmentName> nodeNameOf(const WireName& name, Generation generation) {
  std::optional<wire::NodeSegmentName> result;
  withNodeName(name, generation, [&]<class Called>(Called called) {
    if constexpr (std::is_same_v<Called, std::string_view>) {
      result.emplace(std::string(called));
    } else {
      result.emplace(called);
    }
  });
  return result;
}

wire::NodeStatus nodeStatusOf(const wire::NodeMap& map, const WireName& name, Generation generation) {
  wire::NodeStatus status;
  withNodeName(name, generation, [&](auto called) { status = map.find(called); });
  return status;
}

PeerSegmentName peerNameOf(wire::NodeSegmentName name, Generation generation) {
  const bool entries = infoOf(generation).codec == Codec::json;
  if (const auto* number = std::get_if<std::int64_t>(&name)) {
    if (entries) return EntryName{std::to_string(*number)};
    return *number;
  }
  return EntryName{entries ? std::get<std::string>(std::move(name)) : std::string()};
}

}  // namespace p2pml::engine
