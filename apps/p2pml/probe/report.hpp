// What was read from a manifest, for programs and for people.
#pragma once

#include <string>

#include "p2pml/probe/manifest.hpp"

namespace p2pml::app {

/// The whole model as one JSON object. Times are seconds, dates ISO 8601; what is absent has no member.
std::string probeJson(const ProbedManifest& probed);

/// The same for reading: one line a stream, a swarm, a segment.
std::string probeText(const ProbedManifest& probed);

}  // namespace p2pml::app
