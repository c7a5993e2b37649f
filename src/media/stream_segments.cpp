#include "media/stream_segments.hpp"

#include <algorithm>
#include <utility>

namespace p2pml::media {

std::string masterSwarmIdOf(std::string_view manifestUrl, std::string_view swarmId) {
  if (!swarmId.empty()) return std::string(swarmId);
  return std::string(manifestUrl.substr(0, manifestUrl.find('?')));
}

std::optional<std::size_t> variantIndexOf(const MultivariantPlaylist& master, std::string_view playlistUrl) {
  const auto found = std::ranges::find(master.variants, playlistUrl, &Variant::uri);
  if (found == master.variants.end()) return std::nullopt;
  return static_cast<std::size_t>(found - master.variants.begin());
}

StreamNames streamNamesOfVariant(std::string_view masterUrl, std::size_t variantIndex, std::string_view swarmId) {
  StreamNames names;
  names.masterSwarmId = masterSwarmIdOf(masterUrl, swarmId);
  names.streamId = "V" + std::to_string(variantIndex);
  names.streamSwarmId = names.masterSwarmId + "+" + *names.streamId;
  names.properties.index = static_cast<std::uint32_t>(variantIndex);
  return names;
}

StreamNames streamNamesOfVariant(std::string_view masterUrl, const MultivariantPlaylist& master,
                                 std::size_t variantIndex, std::string_view swarmId) {
  StreamNames names = streamNamesOfVariant(masterUrl, variantIndex, swarmId);
  names.properties = streamPropertiesOf(master, variantIndex);
  return names;
}

StreamNames streamNamesWithoutMaster(std::string_view playlistUrl, std::string_view swarmId) {
  StreamNames names;
  names.masterSwarmId = masterSwarmIdOf(playlistUrl, swarmId);
  names.streamSwarmId = names.masterSwarmId;
  names.properties = streamPropertiesWithoutMaster();
  return names;
}

std::int64_t externalIdOf(const MediaPlaylist& playlist, std::size_t place) {
  return static_cast<std::int64_t>(playlist.endList ? place : playlist.segments[place].sequence);
}

std::vector<StreamSegment> streamSegments(const MediaPlaylist& playlist, const StreamNames& names) {
  std::vector<StreamSegment> segments;
  segments.reserve(playlist.segments.size());
  for (std::size_t place = 0; place < playlist.segments.size(); ++place) {
    const MediaSegment& source = playlist.segments[place];
    if (source.gap) continue;
    StreamSegment segment;
    segment.sequence = std::to_string(source.sequence);
    segment.id = names.streamSwarmId + "+" + segment.sequence;
    segment.externalId = externalIdOf(playlist, place);
    segment.externalIdOfG4 = static_cast<std::int64_t>(source.sequence);
    segment.url = source.uri;
    if (source.byteRange) segment.range = rangeHeader(*source.byteRange);
    segment.masterSwarmId = names.masterSwarmId;
    segment.streamId = names.streamId;
    segment.streamSwarmId = names.streamSwarmId;
    segment.duration = source.duration;
    segments.push_back(std::move(segment));
  }
  return segments;
}

}  // namespace p2pml::media
