#include "engine/node_names.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace p2pml::engine {
namespace {

/// The value of a decimal integer as it would be printed.
std::optional<std::int64_t> plainNumber(const std::string& text) {
  if (text.empty() || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value > static_cast<std::uint64_t>(wire::kMaxNodeInteger)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace

std::optional<wire::NodeSegmentName> nodeNameOf(const WireName& name, Generation generation) {
  const GenerationInfo& info = infoOf(generation);
  if (info.codec == Codec::json) {
    if (const auto number = plainNumber(name.entry)) return *number;
    if (name.entry.empty() || name.entry.size() > wire::kMaxNodeText) return std::nullopt;
    return name.entry;
  }
  const auto& number = name.numberBy(info.numbering);
  if (!number || *number < -wire::kMaxNodeInteger || *number > wire::kMaxNodeInteger) return std::nullopt;
  return *number;
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
