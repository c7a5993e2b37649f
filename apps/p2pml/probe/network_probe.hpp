// `p2pml probe URL`: fetches the manifest and one segment, asks the trackers for the stream's swarms, and tries ICE.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "driver/ports.hpp"
#include "engine/settings.hpp"
#include "p2pml/probe/facts.hpp"
#include "p2pml/probe/manifest.hpp"

namespace p2pml::app {

struct NetworkProbeOptions {
  std::string url;
  std::string swarmId;
  engine::Settings settings;
  std::vector<driver::HttpHeader> headers;
  std::vector<std::string> localAddresses;
  base::Duration limit = base::seconds(10);  ///< of one step
  bool withIce = true;
};

struct NetworkProbe {
  std::optional<ProbedManifest> manifest;  ///< with the segments of one stream, if it could be read
  NetworkFacts facts;
};

/// Takes a few seconds; never longer than about ten times the limit and the limit for each tracker.
NetworkProbe probeNetwork(const NetworkProbeOptions& options);

}  // namespace p2pml::app
