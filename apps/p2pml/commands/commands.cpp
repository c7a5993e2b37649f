#include "p2pml/commands/commands.hpp"

namespace p2pml::app {

namespace {

/// In the order in which --help lists them.
constexpr AddCommand kCommands[] = {
    addDemo, addGateway, addPeer, addPlay, addProbe, addSeed, addSettings, addSim, addTracker,
};

}  // namespace

void addCommands(CLI::App& app, Action& action) {
  for (const AddCommand add : kCommands) add(app, action);
}

}  // namespace p2pml::app
