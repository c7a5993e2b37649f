// p2pml seed: keeps a stream for peers, near the audience, without playing it.
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "p2pml/commands/commands.hpp"
#include "p2pml/gateway/gateway_command.hpp"

namespace p2pml::app {

void addSeed(CLI::App& app, Action& action) {
  CLI::App* sub = app.add_subcommand("seed", "Keep streams for peers: the live edge, or the beginning of a VOD");
  struct SeedCommand : GatewayCommand {
    std::vector<std::string> urls;
  };
  const auto command = std::make_shared<SeedCommand>();
  command->seeding = true;
  addGatewayOptions(*sub, *command);
  sub->add_option("--http-limit", command->httpLimit,
                  "Kilobits a second from origins, all streams together, at least 100; 0 for no limit")
      ->check([](const std::string& text) {
        const bool tooLittle = text.size() < 3 && text != "0";
        return tooLittle ? "\"" + text + "\": expected 0 or at least 100" : std::string();
      });
  sub->add_option("URL", command->urls, "Manifests; every quality of each is kept")->required()->type_name("URL");
  sub->callback([command, &action] {
    action = [command] {
      return runGateway("seed", *command, [command](native::GatewayServer& server, auto&, const auto&) {
        std::cout << "seeding; figures at " << server.url() << std::endl;
        for (const std::string& url : command->urls) server.seed(url);
      });
    };
  });
}

}  // namespace p2pml::app
