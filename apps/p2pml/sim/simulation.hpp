// Runs of `p2pml sim`: what is run, measured around and checked for one scenario, seed and set of settings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "p2pml/sim/scenarios.hpp"
#include "platform/sim/lab/records.hpp"
#include "platform/sim/lab/report.hpp"
#include "platform/sim/lab/run.hpp"

namespace p2pml::app {

struct SimulationSpec {
  std::string name;  ///< of the variant
  const ScenarioSource* source = nullptr;
  std::uint64_t seed = 1;
  std::size_t viewers = 0;
  base::Json::Object settings;
  bool httpOnly = false;
  bool twin = false;          ///< run the HTTP-only twin too and compare
  bool twice = false;         ///< run again and compare the digests
  std::uint32_t watched = 0;  ///< viewer of whom `onWatched` is told what its loader does; 0: nobody
  std::function<void(const std::string& line)> onWatched;
  std::function<bool(const std::string& what, const sim::lab::Progress&)> onSecond;
};

struct Simulation {
  sim::lab::Variant variant;
  sim::lab::Records records;
  std::optional<sim::lab::Records> twin;
};

/// Error: invalidArgument for settings the engine does not take.
base::Result<Simulation> simulate(const SimulationSpec& spec);

/// Most memory this program had so far, in bytes; 0 where the system does not tell.
std::uint64_t peakRss();

}  // namespace p2pml::app
