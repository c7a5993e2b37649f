// Reads scenario files: JSON to Scenario. Strict: an unknown name or a wrong value is an error that says where it is in
// the file ("groups[1].line.latencyMs"), what was found and what was expected.
#pragma once

#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/sim/lab/scenario.hpp"

namespace p2pml::sim::lab {

/// Error: malformed for text that is no JSON; invalidArgument for the rest. `name` is what the scenario will be called.
base::Result<Scenario> readScenario(std::string_view text, std::string_view name);

/// Whether the engine would take these settings; what is wrong names `path`.
base::Result<void> checkSettings(const base::Json::Object& settings, std::string_view path);

/// `value` as the engine's settings have it: a number, true or false, a list or an object if it reads as JSON, else a
/// text.
base::Json settingValue(std::string_view value);

}  // namespace p2pml::sim::lab
