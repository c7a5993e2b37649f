#include "p2pml/sim/sim_command.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>

#include "base/error.hpp"
#include "p2pml/commands/commands.hpp"
#include "p2pml/sim/simulation.hpp"
#include "platform/sim/lab/plots.hpp"
#include "platform/sim/lab/scenario_reader.hpp"
#include "platform/sim/lab/seeds.hpp"
#include "platform/sim/lab/trace.hpp"

namespace p2pml::app {

namespace {

namespace lab = sim::lab;
using base::Json;

constexpr std::size_t kMaxVariants = 16;
/// Failures of a run over many seeds that are shown in full.
constexpr std::size_t kShownFailures = 5;

/// Thrown away at once by runSimCommand: the text a user gets and the exit status.
struct Stop {
  int status;
  std::string message;
};

[[noreturn]] void stop(int status, std::string message) { throw Stop{status, std::move(message)}; }

struct VariantSettings {
  std::string name;
  Json::Object settings;
};

std::pair<std::string, Json> assignment(const std::string& text, const char* option) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    stop(kExitUsage, std::string(option) + " \"" + text + "\": expected name=value");
  }
  return {text.substr(0, equals), lab::settingValue(text.substr(equals + 1))};
}

/// All combinations of what is to be compared, on top of --set.
std::vector<VariantSettings> variantsOf(const SimCommand& command) {
  Json::Object fixed;
  for (const std::string& text : command.set) fixed.push_back(assignment(text, "--set"));
  std::vector<VariantSettings> variants{{"", fixed}};
  for (const std::string& text : command.compare) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      stop(kExitUsage, "--compare \"" + text + "\": expected name=value,value,...");
    }
    const std::string name = text.substr(0, equals);
    std::vector<std::string> values;
    for (std::size_t from = equals + 1; from <= text.size();) {
      const auto comma = std::min(text.find(',', from), text.size());
      values.push_back(text.substr(from, comma - from));
      from = comma + 1;
    }
    std::vector<VariantSettings> next;
    for (const auto& variant : variants) {
      for (const std::string& value : values) {
        VariantSettings one = variant;
        one.settings.emplace_back(name, lab::settingValue(value));
        if (!one.name.empty()) one.name += ", ";
        if (command.compare.size() > 1) one.name.append(name).append("=");
        one.name += value;
        next.push_back(std::move(one));
      }
    }
    variants = std::move(next);
  }
  if (variants.size() > kMaxVariants) {
    stop(kExitUsage, "--compare: " + std::to_string(variants.size()) + " variants, at most " +
                         std::to_string(kMaxVariants) + " stand side by side");
  }
  return variants;
}

void writeFile(const std::filesystem::path& path, const std::string& text) {
  std::error_code ignored;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) stop(kExitFailed, path.string() + ": cannot be written");
}

/// A line on a terminal that says how far a run is.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet) : shown_(!quiet && isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool operator()(const std::string& what, const lab::Progress& progress) {
    if (!shown_) return true;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(500)) return true;
    last_ = now;
    written_ = true;
    std::cerr << "\r\x1b[K" << (what.empty() ? "" : what + ": ") << progress.now.count() / 1'000'000 << " of "
              << progress.end.count() / 1'000'000 << " s, " << progress.viewers << " viewers, "
              << progress.events / 1000 << "k events" << std::flush;
    return true;
  }
  void clear() {
    if (std::exchange(written_, false)) std::cerr << "\r\x1b[K" << std::flush;
  }

 private:
  bool shown_;
  bool written_ = false;
  std::chrono::steady_clock::time_point last_;
};

std::vector<ScenarioSource> chosen(const SimCommand& command) {
  std::vector<std::string> names = command.scenarios;
  std::vector<ScenarioSource> sources;
  if (!command.tag.empty()) {
    for (const std::string& name : scenarioNames()) {
      const auto source = findScenario(name);
      if (source && std::ranges::count(source->scenario.tags, command.tag) > 0) names.push_back(name);
    }
    if (names.empty()) stop(kExitUsage, "--tag " + command.tag + ": no scenario has it");
  }
  for (const std::string& name : names) {
    auto source = findScenario(name);
    if (!source) stop(kExitUsage, source.error().detail);
    if (command.seconds) source->scenario.duration = base::Duration(std::llround(*command.seconds * 1e6));
    sources.push_back(*std::move(source));
  }
  return sources;
}

int list() {
  for (const std::string& name : scenarioNames()) {
    const auto source = findScenario(name);
    if (!source) stop(kExitFailed, source.error().detail);
    const lab::Scenario& scenario = source->scenario;
    std::cout << name << std::string(name.size() < 20 ? 20 - name.size() : 1, ' ') << scenario.title;
    if (!scenario.tags.empty()) {
      std::cout << "  [";
      for (std::size_t i = 0; i < scenario.tags.size(); ++i) std::cout << (i > 0 ? " " : "") << scenario.tags[i];
      std::cout << "]";
    }
    std::cout << "\n";
  }
  return kExitOk;
}

Simulation simulateOrStop(const SimulationSpec& spec) {
  auto simulation = simulate(spec);
  if (!simulation) stop(kExitUsage, spec.source->name + ": " + simulation.error().detail);
  return *std::move(simulation);
}

std::string againText(const SimCommand& command, const ScenarioSource& source, std::uint64_t seed) {
  std::string text = "p2pml sim --scenario " + source.name + " --seed " + std::to_string(seed);
  if (command.viewers > 0) text += " --viewers " + std::to_string(command.viewers);
  for (const std::string& set : command.set) text += " --set '" + set + "'";
  if (command.httpOnly) text += " --http-only";
  if (command.twin) text += " --twin";
  return text;
}

/// A folder of its own for each variant, if there are several.
std::filesystem::path folderFor(const std::string& folder, const std::string& variant) {
  std::string name;
  for (const char c : variant) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  return std::filesystem::path(folder) / name;
}

void writeTrace(const SimCommand& command, const ScenarioSource& source, const SimulationSpec& spec,
                const lab::Records& records) {
  lab::Trace trace;
  trace.name = source.name;
  trace.scenario = source.text;
  trace.seed = spec.seed;
  trace.viewers = spec.viewers;
  trace.httpOnly = spec.httpOnly;
  trace.settings = spec.settings;
  trace.checkpoints = records.checkpoints;
  trace.digest = records.digest;
  writeFile(command.trace, lab::toText(trace));
}

/// One scenario with one seed: its variants side by side.
int runOnce(const SimCommand& command, const ScenarioSource& source, bool several) {
  const std::vector<VariantSettings> variants = variantsOf(command);
  ProgressLine progress(command.quiet);
  std::vector<lab::Variant> columns;
  std::vector<Simulation> simulations;
  Json::Array json;
  std::string broken;
  for (const auto& variant : variants) {
    SimulationSpec spec;
    spec.name = variant.name.empty() ? source.name : variant.name;
    spec.source = &source;
    spec.seed = command.seed.value_or(source.scenario.seed);
    spec.viewers = command.viewers;
    spec.settings = variant.settings;
    spec.httpOnly = command.httpOnly;
    spec.twin = command.twin;
    spec.twice = command.twice;
    spec.watched = command.watched;
    if (command.watched > 0) spec.onWatched = [](const std::string& line) { std::cout << line << "\n"; };
    spec.onSecond = [&progress](const std::string& what, const lab::Progress& p) { return progress(what, p); };
    Simulation simulation = simulateOrStop(spec);
    progress.clear();
    columns.push_back(simulation.variant);
    json.push_back(lab::toJson(source.scenario, simulation.variant, simulation.records));
    broken += lab::violationsText(simulation.records);
    const std::string part = variants.size() > 1 || several ? source.name + "-" + spec.name : "";
    if (!command.csv.empty()) {
      for (const lab::File& file : lab::csvFiles(simulation.records, source.scenario)) {
        writeFile(folderFor(command.csv, part) / file.name, file.text);
      }
    }
    if (!command.trace.empty()) writeTrace(command, source, spec, simulation.records);
    simulations.push_back(std::move(simulation));
  }
  if (!command.plots.empty()) {
    std::vector<lab::PlotInput> inputs;
    for (const auto& simulation : simulations) {
      inputs.push_back({simulation.variant.name, &simulation.records, &simulation.variant.metrics});
      if (simulation.twin) inputs.push_back({simulation.variant.name + ", plain HTTP", &*simulation.twin, nullptr});
    }
    for (const lab::File& file : lab::plotFiles(source.scenario, inputs)) {
      writeFile(folderFor(command.plots, several ? source.name : "") / file.name, file.text);
    }
  }
  std::cout << source.scenario.title << " (" << source.name << ", seed " << command.seed.value_or(source.scenario.seed)
            << ")\n"
            << lab::table(source.scenario, columns);
  if (!command.json.empty()) {
    const Json all = json.size() == 1 ? json.front() : Json(std::move(json));
    if (command.json == "-") {
      std::cout << base::toJsonText(all) << "\n";
    } else {
      writeFile(command.json, base::toJsonText(all) + "\n");
    }
  }
  std::cout << broken << std::flush;
  return broken.empty() ? kExitOk : kExitFailed;
}

struct Sums {
  std::vector<double> offload;
  std::vector<double> copies;
  std::vector<double> startup;
  std::vector<double> stallSeconds;
  std::uint64_t stalls = 0;
  std::size_t passed = 0;
  std::vector<std::pair<std::uint64_t, std::string>> failures;  ///< by seed
};

/// One scenario with many seeds: what they have in common, and which of them break an invariant.
Sums runSeeds(const SimCommand& command, const ScenarioSource& source) {
  const auto variants = variantsOf(command);
  if (variants.size() > 1) stop(kExitUsage, "--compare goes with one seed, not with --seeds");
  Sums sums;
  std::mutex mutex;
  std::optional<std::string> failure;
  const auto work = [&](std::uint64_t seed) {
    SimulationSpec spec;
    spec.source = &source;
    spec.seed = seed;
    spec.viewers = command.viewers;
    spec.settings = variants.front().settings;
    spec.httpOnly = command.httpOnly;
    spec.twin = command.twin;
    spec.twice = command.twice;
    const auto simulation = simulate(spec);
    const std::lock_guard lock(mutex);
    if (!simulation) {
      failure = simulation.error().detail;
      return false;
    }
    const lab::Metrics& m = simulation->variant.metrics;
    sums.offload.push_back(m.offload);
    sums.copies.push_back(m.copies.mean);
    sums.startup.push_back(m.startupMs.p95);
    sums.stallSeconds.push_back(m.stallSeconds);
    sums.stalls += m.stalls;
    if (simulation->records.violationCount == 0) {
      ++sums.passed;
    } else {
      sums.failures.emplace_back(seed, lab::violationsText(simulation->records));
    }
    return true;
  };
  lab::forEachSeed(command.seeds->first, command.seeds->second, command.jobs, work);
  if (failure) stop(kExitUsage, source.name + ": " + *failure);
  std::ranges::sort(sums.failures);
  return sums;
}

int runManySeeds(const SimCommand& command, const std::vector<ScenarioSource>& sources) {
  std::size_t passed = 0;
  std::size_t failed = 0;
  for (const ScenarioSource& source : sources) {
    const Sums sums = runSeeds(command, source);
    passed += sums.passed;
    failed += sums.failures.size();
    const auto show = [](const std::vector<double>& values, int digits) {
      const lab::Spread spread = lab::spreadOf(values);
      const double least = values.empty() ? 0 : *std::ranges::min_element(values);
      return lab::fixed(least, digits) + " / " + lab::fixed(spread.p50, digits) + " / " +
             lab::fixed(spread.max, digits);
    };
    std::cout << source.name << ", seeds " << command.seeds->first << ".." << command.seeds->second
              << "; each least / median / most:\n  offload " << show(sums.offload, 3) << "\n  origin copies "
              << show(sums.copies, 2) << "\n  start-up p95 " << show(sums.startup, 0) << " ms\n  stall seconds "
              << show(sums.stallSeconds, 1) << ", " << sums.stalls << " stalls in all\n  " << sums.passed
              << " seeds without a broken invariant, " << sums.failures.size() << " with\n";
    for (std::size_t i = 0; i < std::min(kShownFailures, sums.failures.size()); ++i) {
      std::cout << "seed " << sums.failures[i].first << ":  " << againText(command, source, sums.failures[i].first)
                << "\n"
                << sums.failures[i].second;
    }
    if (sums.failures.size() > kShownFailures) {
      std::cout << "also seeds";
      for (std::size_t i = kShownFailures; i < sums.failures.size(); ++i) std::cout << " " << sums.failures[i].first;
      std::cout << "\n";
    }
    std::cout << std::flush;
  }
  std::cout << passed << " passed, " << failed << " failed" << std::endl;
  return failed == 0 ? kExitOk : kExitFailed;
}

int replay(const SimCommand& command) {
  std::ifstream file(command.replay, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto trace = lab::readTrace(text);
  if (!trace) stop(kExitUsage, command.replay + ": " + trace.error().detail);
  ScenarioSource source{trace->name, trace->scenario, {}};
  auto scenario = lab::readScenario(trace->scenario, trace->name);
  if (!scenario) stop(kExitUsage, command.replay + ": scenario: " + scenario.error().detail);
  source.scenario = *std::move(scenario);
  ProgressLine progress(command.quiet);
  SimulationSpec spec;
  spec.name = trace->name;
  spec.source = &source;
  spec.seed = trace->seed;
  spec.viewers = trace->viewers;
  spec.settings = trace->settings;
  spec.httpOnly = trace->httpOnly;
  spec.twin = command.twin;
  spec.onSecond = [&progress](const std::string& what, const lab::Progress& p) { return progress(what, p); };
  const Simulation simulation = simulateOrStop(spec);
  progress.clear();
  std::cout << source.scenario.title << " (" << source.name << ", seed " << trace->seed << ")\n"
            << lab::table(source.scenario, {simulation.variant}) << lab::violationsText(simulation.records);
  if (const auto difference = lab::firstDifference(*trace, simulation.records)) {
    std::cout << "differs from the trace " << *difference << std::endl;
    return kExitFailed;
  }
  std::cout << "the same as the trace, at " << trace->checkpoints.size() << " moments" << std::endl;
  return simulation.records.violationCount == 0 ? kExitOk : kExitFailed;
}

int run(const SimCommand& command) {
  if (command.list) return list();
  if (!command.replay.empty()) return replay(command);
  const std::vector<ScenarioSource> sources = chosen(command);
  if (sources.empty()) stop(kExitUsage, "expected --scenario, --tag, --replay or --list; --help says more");
  if (command.seeds) return runManySeeds(command, sources);
  int status = kExitOk;
  for (const ScenarioSource& source : sources) {
    status = std::max(status, runOnce(command, source, sources.size() > 1));
  }
  return status;
}

}  // namespace

int runSimCommand(const SimCommand& command) {
  try {
    return run(command);
  } catch (const Stop& why) {
    std::cerr << "p2pml sim: " << why.message << "\n";
    return why.status;
  }
}

}  // namespace p2pml::app
