// p2pml play: one stream gets a local address that any player opens.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstring>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "p2pml/commands/commands.hpp"
#include "p2pml/gateway/gateway_command.hpp"

namespace p2pml::app {

namespace {

/// A player in a process of its own; its end is told on the loop.
class PlayerProcess {
 public:
  ~PlayerProcess() {
    if (*pid_ > 0) kill(*pid_, SIGTERM);
  }
  /// False if it cannot be started; stderr says why.
  bool start(const std::string& command, const std::string& url, boost::asio::io_context& loop, Stop onEnd) {
    std::istringstream words(command);
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    arguments.push_back(url);
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    watch(std::make_shared<boost::asio::signal_set>(loop, SIGCHLD), pid_, std::move(onEnd));
    const int failed = posix_spawnp(pid_.get(), raw[0], nullptr, nullptr, raw.data(), environ);
    if (failed == 0) return true;
    *pid_ = 0;
    std::cerr << "p2pml play: --player " << arguments.front() << ": " << std::strerror(failed) << "\n";
    return false;
  }

 private:
  static void watch(const std::shared_ptr<boost::asio::signal_set>& children, const std::shared_ptr<pid_t>& pid,
                    Stop onEnd) {
    children->async_wait([children, pid, onEnd = std::move(onEnd)](const boost::system::error_code& failed, int) {
      if (failed) return;
      if (*pid <= 0 || waitpid(*pid, nullptr, WNOHANG) != *pid) return watch(children, pid, onEnd);
      *pid = 0;
      onEnd();
    });
  }

  std::shared_ptr<pid_t> pid_ = std::make_shared<pid_t>(0);
};

}  // namespace

void addPlay(CLI::App& app, Action& action) {
  CLI::App* sub = app.add_subcommand("play", "Give a stream a local address that any player opens");
  struct PlayCommand : GatewayCommand {
    std::string url;
    std::string player;
  };
  const auto command = std::make_shared<PlayCommand>();
  addGatewayOptions(*sub, *command);
  sub->add_option("--player", command->player, "Program to start with the address; its end is the end")
      ->type_name("COMMAND");
  sub->add_option("URL", command->url, "The stream's manifest")->required()->type_name("URL");
  sub->callback([command, &action] {
    action = [command] {
      PlayerProcess player;
      std::string address;
      bool failed = false;
      const auto begin = [&](native::GatewayServer& server, boost::asio::io_context& loop, const Stop& stop) {
        server.open(command->url);
        if (address.empty()) {
          failed = true;
          return stop();
        }
        std::cout << address << std::endl;
        if (command->player.empty()) return;
        failed = !player.start(command->player, address, loop, stop);
        if (failed) stop();
      };
      const int status = runGateway("play", *command, begin, [&](const std::string& url) { address = url; });
      return failed ? kExitFailed : status;
    };
  });
}

}  // namespace p2pml::app
