// p2pml sim: whole audiences of real engines in one process, in virtual time (docs/simulator.md).
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <charconv>
#include <memory>
#include <string>
#include <system_error>

#include "p2pml/commands/commands.hpp"
#include "p2pml/sim/sim_command.hpp"

namespace p2pml::app {

namespace {

std::pair<std::uint64_t, std::uint64_t> seedRange(const std::string& text) {
  const auto wrong = [&text]() -> CLI::ValidationError {
    return CLI::ValidationError("--seeds", "\"" + text + "\": expected FIRST..LAST, as in 1..100");
  };
  const auto dots = text.find("..");
  if (dots == std::string::npos) throw wrong();
  const auto number = [&](std::size_t from, std::size_t to) {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data() + from, text.data() + to, value);
    if (failure != std::errc() || end != text.data() + to || from == to) throw wrong();
    return value;
  };
  const std::uint64_t first = number(0, dots);
  const std::uint64_t last = number(dots + 2, text.size());
  if (last < first || last - first >= 1'000'000) throw wrong();
  return {first, last};
}

}  // namespace

void addSim(CLI::App& app, Action& action) {
  CLI::App* sub = app.add_subcommand("sim", "Simulate audiences of thousands of viewers in virtual time");
  sub->footer(
      "Examples:\n"
      "  p2pml sim --list\n"
      "  p2pml sim --scenario vod-small --viewers 16 --twin\n"
      "  p2pml sim --scenario live-crowd --compare simultaneousP2PDownloads=1,3,6 --plots plots\n"
      "  p2pml sim --tag faults --seeds 1..20 --twin --jobs 2\n"
      "Exit status: 0 all invariants held, 1 one is broken or a replay differs, 2 wrong usage.\n"
      "docs/simulator.md has the scenario format, the figures and the invariants.");
  const auto command = std::make_shared<SimCommand>();
  sub->add_flag("--list", command->list, "List the scenarios that are part of the program");
  sub->add_option("--scenario", command->scenarios, "A scenario of --list, or a file; may be repeated")
      ->type_name("NAME|FILE")
      ->take_all();
  sub->add_option("--tag", command->tag, "All scenarios with this tag of --list")->type_name("TAG");
  sub->add_option_function<std::uint64_t>(
         "--seed", [command](std::uint64_t seed) { command->seed = seed; }, "Instead of the scenario's own")
      ->type_name("NUMBER");
  sub->add_option_function<std::string>(
         "--seeds", [command](const std::string& text) { command->seeds = seedRange(text); },
         "Run with each of these seeds; a summary and the first failures")
      ->type_name("FIRST..LAST");
  sub->add_option("--viewers", command->viewers, "So many viewers instead of the scenario's, in its proportions")
      ->type_name("NUMBER")
      ->check(CLI::Range(1, 1'000'000));
  sub->add_option_function<double>(
         "--seconds", [command](double seconds) { command->seconds = seconds; },
         "So much virtual time instead of the scenario's")
      ->type_name("SECONDS")
      ->check(CLI::Range(1.0, 604'800.0));
  sub->add_option("--set", command->set, "A HybridLoader setting of all viewers (`p2pml settings`); may be repeated")
      ->type_name("NAME=VALUE")
      ->take_all();
  sub->add_option("--compare", command->compare,
                  "Run once with each value of a setting and put the figures side by side; may be repeated")
      ->type_name("NAME=A,B,...")
      ->take_all();
  sub->add_flag("--http-only", command->httpOnly, "The same audience without P2P");
  sub->add_flag("--twin", command->twin,
                "Run the same audience without P2P too, compare start-up, and demand that nobody stalls more");
  sub->add_flag("--twice", command->twice, "Run everything twice and demand the same digest");
  sub->add_option("--jobs", command->jobs, "Threads for --seeds")
      ->type_name("NUMBER")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  sub->add_option("--watch", command->watched, "Tell line by line what this viewer's loader does (not with --seeds)")
      ->type_name("VIEWER")
      ->check(CLI::Range(1, 1'000'000));
  sub->add_option("--trace", command->trace, "Write what --replay needs")->type_name("FILE");
  sub->add_option("--replay", command->replay, "Run a trace again and say where it begins to differ")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  sub->add_option("--json", command->json, "Write all figures as JSON; - is stdout")->type_name("FILE");
  sub->add_option("--csv", command->csv, "Write tables per second, segment, viewer and stall")->type_name("FOLDER");
  sub->add_option("--plots", command->plots, "Write plots as SVG")->type_name("FOLDER");
  sub->add_flag("--quiet", command->quiet, "No progress on the terminal");
  sub->callback([command, &action] { action = [command] { return runSimCommand(*command); }; });
}

}  // namespace p2pml::app
