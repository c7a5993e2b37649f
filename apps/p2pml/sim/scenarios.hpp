// The scenarios that are part of the program (samples/scenarios), and those that users bring as files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "platform/sim/lab/scenario.hpp"

namespace p2pml::app {

struct ScenarioSource {
  std::string name;
  std::string text;
  sim::lab::Scenario scenario;
};

/// Of the built-in ones, sorted.
std::vector<std::string> scenarioNames();

/// A built-in scenario, or else a file of that name. Error: notFound, or what the reader says with the name before it.
base::Result<ScenarioSource> findScenario(const std::string& nameOrFile);

}  // namespace p2pml::app
