#include "engine/identity.hpp"

#include "base/sha1.hpp"

namespace p2pml::engine {

const std::string& masterSwarmOf(const Segment& segment, const std::string& streamSwarmId) {
  return segment.masterSwarmId.empty() ? streamSwarmId : segment.masterSwarmId;
}

std::optional<WireName> wireNameOf(const Segment& segment, const std::string& streamSwarmId) {
  WireName name;
  name.entry = segment.sequence.empty() ? segment.id : segment.sequence;
  if (name.entry.empty() || name.entry.find('|') != std::string::npos) return std::nullopt;
  if (segment.masterSwarmId.empty()) {
    name.stream.value = streamSwarmId;
  } else if (segment.streamId) {
    name.stream.value = segment.masterSwarmId + "+" + *segment.streamId;
  } else {
    name.stream.value = segment.masterSwarmId;
  }
  name.id.value = name.stream.value + "+" + name.entry;
  return name;
}

base::InfoHash infoHashOf(const base::StreamSwarmId& stream) {
  base::InfoHash hash;
  hash.value = base::sha1("2" + stream.value);
  return hash;
}

base::PeerId makePeerId(base::Rng& rng) { return base::PeerId::fromRaw("-WW0006-" + rng.alphanumeric(12)); }

}  // namespace p2pml::engine
