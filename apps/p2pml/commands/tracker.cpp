// p2pml tracker: the WebTorrent tracker as a program of its own.
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "p2pml/commands/commands.hpp"
#include "p2pml/commands/options.hpp"
#include "p2pml/commands/signals.hpp"
#include "platform/native/server/tracker_server.hpp"

namespace p2pml::app {

namespace {

struct TrackerCommand {
  native::TrackerServerOptions server;
  std::vector<std::string> infoHashes;
  base::Duration statisticsInterval = base::seconds(60);
  tracker::MessageRate rate;
  bool noFullScrape = false;
  bool noStatisticsPage = false;
};

/// 40 hex digits, or the 20 characters that generations of p2p-media-loader since 2 use as they are.
std::optional<base::InfoHash> toInfoHash(const std::string& text) {
  if (text.size() == 20) return base::InfoHash::fromRaw(text);
  const auto raw = base::fromHex(text);
  if (!raw || raw->size() != 20) return std::nullopt;
  return base::InfoHash::fromRaw(*raw);
}

std::string checkInfoHash(const std::string& text) {
  if (toInfoHash(text)) return {};
  return "\"" + text + "\": expected an infohash of 40 hex digits or 20 characters";
}

class StatisticsLog {
 public:
  StatisticsLog(boost::asio::io_context& loop, const native::TrackerServer& server, base::Duration interval)
      : timer_(loop), server_(server), interval_(interval) {
    if (interval_ > base::Duration::zero()) wait();
  }
  void stop() { timer_.cancel(); }

  void write() const {
    const native::TrackerServerStatistics all = server_.statistics();
    const tracker::Statistics& of = all.tracker;
    spdlog::info(
        "{} connections, {} peers ({} complete) in {} swarms; since the start {} announces, {} offers and {} answers "
        "relayed, {} failures, {} refused, {} slow readers cut",
        all.connections, of.peers, of.complete, of.swarms, of.announces, of.offersRelayed, of.answersRelayed,
        of.failures, of.refusedSockets + all.refusedConnections, all.slowReadersCut);
  }

 private:
  void wait() {
    timer_.expires_after(std::chrono::microseconds(interval_.count()));
    timer_.async_wait([this](boost::system::error_code cancelled) {
      if (cancelled) return;
      write();
      wait();
    });
  }

  boost::asio::steady_timer timer_;
  const native::TrackerServer& server_;
  base::Duration interval_;
};

/// A connection is a file descriptor, and the usual soft limit is 1024. Raises it as far as it goes and gives the
/// number of connections that then fit: who comes above it is refused in words instead of waiting for a descriptor.
std::size_t connectionsThatFit(const native::TrackerServerOptions& options) {
  constexpr rlim_t kOthers = 64;  // standard streams, the loop, the listening socket, files of libraries
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return options.tracker.maxSockets;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t taken = kOthers + options.maxOtherConnections;
  const rlim_t fit = limit.rlim_cur > taken ? limit.rlim_cur - taken : 1;
  if (fit >= options.tracker.maxSockets) return options.tracker.maxSockets;
  spdlog::info("tracker: up to {} connections, because the system allows this process {} open files", fit,
               limit.rlim_cur);
  return fit;
}

int runTracker(TrackerCommand command) {
  tracker::Options& options = command.server.tracker;
  for (const std::string& text : command.infoHashes) options.allowedInfoHashes.push_back(*toInfoHash(text));
  options.allowFullScrape = !command.noFullScrape;
  options.messageRate = command.rate;
  if (command.rate.perSecond == 0) options.messageRate = std::nullopt;
  options.seed = std::random_device()();
  command.server.serveStatistics = !command.noStatisticsPage;

  options.maxSockets = connectionsThatFit(command.server);
  boost::asio::io_context loop(1);
  auto server = native::TrackerServer::start(loop, std::move(command.server));
  if (!server) {
    spdlog::error("tracker: {}", server.error().detail);
    return kExitFailed;
  }
  StatisticsLog statistics(loop, **server, command.statisticsInterval);
  StopSignals signals(loop, [&] {
    statistics.stop();
    (*server)->stop();
  });
  std::cout << "tracker listening on " << (*server)->url() << std::endl;
  loop.run();
  statistics.write();
  return kExitOk;
}

}  // namespace

void addTracker(CLI::App& app, Action& action) {
  CLI::App* sub = app.add_subcommand("tracker", "Introduce viewers to each other (WebTorrent protocol over WebSocket)");
  const auto command = std::make_shared<TrackerCommand>();
  native::TrackerServerOptions& server = command->server;
  tracker::Options& options = server.tracker;
  server.listen.port = 8000;

  addEndpoint(*sub, "--listen", server.listen, "Where to listen; port 0 takes a free one");
  addSeconds(*sub, "--interval", options.interval, 1, "How often clients shall announce themselves");
  CLI::Option* certificate =
      sub->add_option("--tls-cert", server.certificateFile, "Certificate chain (PEM): wss:// instead of ws://")
          ->type_name("FILE")
          ->check(CLI::ExistingFile);
  CLI::Option* key = sub->add_option("--tls-key", server.privateKeyFile, "Private key of --tls-cert (PEM)")
                         ->type_name("FILE")
                         ->check(CLI::ExistingFile);
  certificate->needs(key);
  key->needs(certificate);
  sub->add_option("--allow-origin", options.allowedOrigins, "Origin of pages that may connect; all unless given")
      ->type_name("ORIGIN");
  sub->add_flag("--deny-empty-origin", options.denyEmptyOrigin, "Refuse clients without an Origin header");
  sub->add_option("--allow-info-hash", command->infoHashes, "Swarm that is served; all unless given")
      ->type_name("INFOHASH")
      ->check(checkInfoHash);
  sub->add_option("--max-connections", options.maxSockets, "WebSockets in all")->check(CLI::Range(1, 10'000'000));
  sub->add_option("--max-connections-per-address", options.maxSocketsPerAddress, "0 for no limit");
  sub->add_option("--max-swarms", options.maxSwarms, "Swarms in all")->check(CLI::PositiveNumber);
  sub->add_option("--max-peers-per-swarm", options.maxPeersPerSwarm, "Peers of one swarm")->check(CLI::PositiveNumber);
  sub->add_option("--max-offers", options.maxOffersPerAnnounce, "Offers of one announce that are relayed")
      ->check(CLI::Range(std::size_t{0}, wire::kMaxOffersPerAnnounce));
  sub->add_option("--max-registrations", options.maxRegistrationsPerSocket,
                  "Pairs of swarm and peer id that one connection may hold")
      ->check(CLI::PositiveNumber);
  sub->add_option("--messages-per-second", command->rate.perSecond, "Of one connection; 0 for no limit");
  sub->add_option("--message-burst", command->rate.burst, "Messages of one connection at once")
      ->check(CLI::Range(1, 1'000'000));
  sub->add_flag("--no-full-scrape", command->noFullScrape, "Refuse a scrape of all swarms");
  sub->add_flag("--no-stats-page", command->noStatisticsPage, "Do not serve /stats.json");
  addSeconds(*sub, "--stats-interval", command->statisticsInterval, 0, "Between lines of statistics; 0 for none");
  sub->callback([command, &action] { action = [command] { return runTracker(std::move(*command)); }; });
}

}  // namespace p2pml::app
