#include "p2pml/sim/scenarios.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "platform/sim/lab/scenario_reader.hpp"

// Made by the build: one symbol pair a file (apps/p2pml/embed.cmake).
#include "embedded_scenarios.inc"

namespace p2pml::app {

namespace {

constexpr std::string_view kFolder = "/scenarios/";
constexpr std::string_view kSuffix = ".json";

std::string_view nameOf(const EmbeddedFile& file) {
  return file.path.substr(kFolder.size(), file.path.size() - kFolder.size() - kSuffix.size());
}

std::optional<std::string> builtIn(const std::string& name) {
  for (const EmbeddedFile& file : kEmbeddedFiles) {
    if (nameOf(file) == name) return std::string(file.begin, file.end);
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> scenarioNames() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : kEmbeddedFiles) names.emplace_back(nameOf(file));
  return names;
}

base::Result<ScenarioSource> findScenario(const std::string& nameOrFile) {
  ScenarioSource source{nameOrFile, {}, {}};
  if (auto text = builtIn(nameOrFile)) {
    source.text = *std::move(text);
  } else {
    std::ifstream file(nameOrFile, std::ios::binary);
    if (!file) {
      return base::fail(base::ErrorCode::notFound,
                        "\"" + nameOrFile + "\": neither a scenario of `p2pml sim --list` nor a file that can be read");
    }
    source.text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  auto scenario = sim::lab::readScenario(source.text, nameOrFile);
  if (!scenario) return base::fail(scenario.error().code, nameOrFile + ": " + scenario.error().detail);
  source.scenario = *std::move(scenario);
  return source;
}

}  // namespace p2pml::app
