// Plots of runs as SVG files: offload over time, origin copies per segment, distributions of start-up and stalls, and,
// for live streams, how long segments take to reach the viewers. Light and dark by the reader's preference.
#pragma once

#include <string>
#include <vector>

#include "platform/sim/lab/metrics.hpp"
#include "platform/sim/lab/records.hpp"
#include "platform/sim/lab/report.hpp"
#include "platform/sim/lab/scenario.hpp"

namespace p2pml::sim::lab {

/// One curve or set of bars. `metrics` may be null: of a twin, shown only where it is compared with.
struct PlotInput {
  std::string name;
  const Records* records = nullptr;
  const Metrics* metrics = nullptr;
};

std::vector<File> plotFiles(const Scenario& scenario, const std::vector<PlotInput>& inputs);

}  // namespace p2pml::sim::lab
