// p2pml gateway: any player on this machine opens any stream through the swarm.
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <memory>

#include "p2pml/commands/commands.hpp"
#include "p2pml/gateway/gateway_command.hpp"

namespace p2pml::app {

void addGateway(CLI::App& app, Action& action) {
  CLI::App* sub = app.add_subcommand("gateway", "Players open streams by /play?url=... and share them with peers");
  const auto command = std::make_shared<GatewayCommand>();
  command->listen.port = 8090;
  addGatewayOptions(*sub, *command);
  sub->add_option("--allow", command->allowedHosts, "Host that may be opened, or *.domain; all unless given")
      ->type_name("HOST");
  sub->add_option("--host", command->names, "Further name or address by which players reach it (Host header)")
      ->type_name("HOST");
  sub->add_option("--allow-origin", command->allowedOrigins, "Origin of pages that may open streams; none unless given")
      ->type_name("ORIGIN");
  sub->callback([command, &action] {
    action = [command] {
      return runGateway("gateway", *command, [](native::GatewayServer& server, auto&, const auto&) {
        std::cout << "gateway listening on " << server.url() << "\nopen " << server.url()
                  << "/play?url=URL in a player, " << server.url() << "/ in a browser" << std::endl;
      });
    };
  });
}

}  // namespace p2pml::app
