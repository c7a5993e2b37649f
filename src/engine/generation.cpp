#include "engine/generation.hpp"

#include <algorithm>

namespace p2pml::engine {
namespace {

/// In the order of Generation. Sources: docs/protocol/peer-json.md 5a.1; docs/protocol/peer-binary.md 5b.1, 5b.2.
constexpr std::array<GenerationInfo, kGenerations> kTable{{
    {"G0", Codec::json, StreamNaming::streamSwarmId, InfoHashRule::sha1, Numbering::externalId, ManifestUrl::request,
     "", "-WW0006-"},
    {"G2", Codec::binary, StreamNaming::index, InfoHashRule::md5Base64, Numbering::externalId, ManifestUrl::response,
     "v2", "-PM0202-"},
    {"G3", Codec::binary, StreamNaming::normalisedProperties, InfoHashRule::sha1Base64, Numbering::externalId,
     ManifestUrl::response, "v2", "-PM0203-"},
    {"G4", Codec::binary, StreamNaming::rawProperties, InfoHashRule::sha1Base64, Numbering::sequence,
     ManifestUrl::request, "v3", "-PM0500-"},
}};

}  // namespace

// A constant where one generation is built: with link-time optimisation all that asks for another is gone.
const GenerationInfo& infoOf(Generation generation) {
  return kTable[isBuilt(generation) ? static_cast<std::size_t>(generation) : 0];
}

std::optional<Generation> generationNamed(std::string_view name) {
  const auto row = std::ranges::find(kTable, name, &GenerationInfo::name);
  if (row == kTable.end()) return std::nullopt;
  const auto generation = static_cast<Generation>(row - kTable.begin());
  return isBuilt(generation) ? std::optional(generation) : std::nullopt;
}

}  // namespace p2pml::engine
