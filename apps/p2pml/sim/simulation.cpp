#include "p2pml/sim/simulation.hpp"

#include <sys/resource.h>

#include <chrono>
#include <utility>

#include "platform/sim/lab/invariants.hpp"
#include "platform/sim/lab/metrics.hpp"

namespace p2pml::app {

namespace lab = sim::lab;

std::uint64_t peakRss() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

base::Result<Simulation> simulate(const SimulationSpec& spec) {
  const lab::Scenario& scenario = spec.source->scenario;
  lab::RunOptions options;
  options.seed = spec.seed;
  options.viewers = spec.viewers;
  options.settings = spec.settings;
  options.watched = spec.watched;
  const auto runOne = [&](const std::string& what, bool httpOnly) {
    options.httpOnly = httpOnly;
    if (spec.onWatched) {
      spec.onWatched(what + ":");
      options.onWatched = spec.onWatched;
    }
    if (spec.onSecond) {
      options.onSecond = [&spec, what](const lab::Progress& progress) { return spec.onSecond(what, progress); };
    }
    return lab::runScenario(scenario, options);
  };

  const auto before = std::chrono::steady_clock::now();
  auto records = runOne(spec.name, spec.httpOnly);
  if (!records) return std::unexpected(records.error());
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - before;

  Simulation result;
  result.records = *std::move(records);
  result.variant.cost = lab::Cost{wall.count(), peakRss()};
  lab::Violations more;
  if (spec.twin && !result.records.stopped) {
    auto twin = runOne(spec.name + ", plain HTTP", true);
    if (!twin) return std::unexpected(twin.error());
    result.twin = *std::move(twin);
    lab::compareWithTwin(result.records, *result.twin, scenario.limits, more);
    result.variant.twin = lab::compareOf(result.records, *result.twin);
  }
  if (spec.twice && !result.records.stopped) {
    auto again = runOne(spec.name + ", again", spec.httpOnly);
    if (!again) return std::unexpected(again.error());
    if (again->digest != result.records.digest) {
      more.add({"deterministic",
                0,
                {},
                "a second run has digest " + again->digest + ", the first " + result.records.digest});
    }
  }
  for (const auto& violation : more.list()) result.records.violations.push_back(violation);
  result.records.violationCount += more.count();
  result.variant.name = spec.name;
  result.variant.seed = spec.seed;
  result.variant.digest = result.records.digest;
  result.variant.metrics = lab::metricsOf(result.records, scenario);
  return result;
}

}  // namespace p2pml::app
