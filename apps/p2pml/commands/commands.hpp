// The commands of the program. To add one: write commands/<name>.cpp with a function of the type AddCommand, declare it
// here, and name it in the table in commands.cpp.
#pragma once

#include <CLI/App.hpp>
#include <functional>

namespace p2pml::app {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

/// What the chosen command does once the command line is understood and the log is set up. Gives the exit status.
using Action = std::function<int()>;

/// Adds a subcommand with its options to `app`; its callback, called when it is chosen, sets `action`. Values that
/// options are parsed into must live as long as the action: keep them in a shared_ptr that both the options and the
/// action hold.
using AddCommand = void (*)(CLI::App& app, Action& action);

void addDemo(CLI::App& app, Action& action);
void addGateway(CLI::App& app, Action& action);
void addPeer(CLI::App& app, Action& action);
void addPlay(CLI::App& app, Action& action);
void addProbe(CLI::App& app, Action& action);
void addSeed(CLI::App& app, Action& action);
void addSettings(CLI::App& app, Action& action);
void addSim(CLI::App& app, Action& action);
void addTracker(CLI::App& app, Action& action);

/// Adds every command of the table.
void addCommands(CLI::App& app, Action& action);

}  // namespace p2pml::app
