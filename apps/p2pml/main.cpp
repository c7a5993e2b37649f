// The frame of the program: options common to all commands, logging, exit status.
//
// Exit status: 0 it worked, 1 it failed, 2 wrong usage. stdout holds what a command says to be read by programs, the
// log goes to stderr.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

#include "p2pml/commands/commands.hpp"
#include "p2pml/version.hpp"

namespace p2pml::app {
namespace {

void startLog(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("p2pml"));
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  spdlog::set_level(spdlog::level::from_str(level));
}

int run(int argc, char** argv) {
  CLI::App app("P2P Media Loader Core in C++: viewers of a stream fetch its segments from each other.", "p2pml");
  app.set_version_flag("--version", "p2pml " + std::string(version()));
  app.require_subcommand(0, 1);
  app.option_defaults()->always_capture_default();
  std::string logLevel = "info";
  app.add_option("--log-level", logLevel, "What goes to stderr")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  app.fallthrough();

  Action action;
  addCommands(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool isHelp = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    app.exit(error, std::cout, std::cerr);
    return isHelp ? kExitOk : kExitUsage;
  }
  if (!action) {
    std::cerr << app.help();
    return kExitUsage;
  }
  startLog(logLevel);
  return action();
}

}  // namespace
}  // namespace p2pml::app

int main(int argc, char** argv) {
  try {
    return p2pml::app::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "p2pml: " << error.what() << "\n";
    return p2pml::app::kExitFailed;
  }
}
