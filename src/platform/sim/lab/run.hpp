// Runs one scenario with one seed in a world of its own and writes down what happened.
//
//   Records records = runScenario(scenario, {.seed = 7});
//
// Same scenario, seed and options: the same records, digest included. The audience depends on scenario and seed alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "driver/engine.hpp"
#include "platform/sim/lab/invariants.hpp"
#include "platform/sim/lab/records.hpp"
#include "platform/sim/lab/scenario.hpp"

namespace p2pml::sim::lab {

struct Progress {
  base::Duration now{};  ///< of the scenario
  base::Duration end{};  ///< at the latest
  std::size_t viewers = 0;
  std::uint64_t events = 0;
};

struct RunOptions {
  std::uint64_t seed = 1;
  std::size_t viewers = 0;      ///< instead of the groups' counts; 0: those
  bool httpOnly = false;        ///< the twin: the same audience with useP2P = false
  base::Json::Object settings;  ///< of all viewers, on top of everything else in the scenario
  base::Duration checkpointEvery = base::seconds(10);
  std::uint32_t watched = 0;  ///< number of a viewer, from 1, of whom onWatched is told what its loader does; 0: nobody
  std::function<void(const std::string& line)> onWatched;
  /// Every virtual second; false stops the run.
  std::function<bool(const Progress&)> onSecond;
  /// Of the world, for tests; empty: the engine itself.
  std::function<base::Result<std::unique_ptr<driver::Engine>>(engine::Options)> makeEngine;
};

/// The settings of the viewers of a group. Error: as engine::settingsFromJson, naming the group.
base::Result<engine::Settings> settingsOf(const Scenario& scenario, const Group& group, const RunOptions& options);

/// Error: invalidArgument for settings that the engine does not take.
base::Result<Records> runScenario(const Scenario& scenario, const RunOptions& options);

}  // namespace p2pml::sim::lab
