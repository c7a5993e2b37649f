// What was read from a manifest, for programs and for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "p2pml/probe/manifest.hpp"

namespace p2pml::app {

/// The swarm in which one generation of peers shares a stream.
struct ProbedSwarm {
  std::string_view generation;
  std::string id;
  base::InfoHash infoHash;
  [[nodiscard]] std::string infoHashText() const { return base::toHex(infoHash.value); }
};
/// Oldest generation first; none of a stream that is not shared.
std::vector<ProbedSwarm> swarmsOf(const media::TimelineStream& stream);

/// The whole model as one JSON object. Times are seconds, dates ISO 8601; what is absent has no member.
std::string probeJson(const ProbedManifest& probed);

/// The same for reading: one line a stream, a swarm, a segment.
enum class Segments { listed, counted };
std::string probeText(const ProbedManifest& probed, Segments segments = Segments::listed);

}  // namespace p2pml::app
