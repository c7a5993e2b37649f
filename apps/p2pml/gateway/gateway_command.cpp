#include "p2pml/gateway/gateway_command.hpp"

#include <spdlog/spdlog.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <iostream>
#include <random>
#include <set>
#include <utility>

#include "p2pml/commands/commands.hpp"
#include "p2pml/commands/options.hpp"
#include "p2pml/commands/settings_file.hpp"
#include "p2pml/commands/signals.hpp"
#include "p2pml/gateway/page_files.hpp"
#include "p2pml/version.hpp"

namespace p2pml::app {

namespace {

using base::ErrorCode;

/// Time for what is said to trackers and peers at the end.
constexpr std::chrono::milliseconds kFarewell{300};

std::uint64_t systemSeed() {
  std::random_device device;
  const std::uint64_t high = device();
  return (high << 32) | device();
}

bool isLoopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

base::Result<engine::Settings> settingsOf(const GatewayCommand& command) {
  SettingsFile file;
  if (!command.settingsFile.empty()) {
    auto read = readSettingsFile(command.settingsFile);
    if (!read) return std::unexpected(read.error());
    file = *std::move(read);
  }
  auto settings = static_cast<const engine::Settings&>(file.settings);
  const auto otherwise = [&](const char* name, auto& setting, auto value) {
    if (!file.names.contains(name)) setting = std::move(value);
  };
  // Viewers of the packages that are in use, all at once.
  otherwise("peerProtocols", settings.peerProtocols,
            std::vector<Generation>{Generation::g0, Generation::g2, Generation::g3});
  // Viewers share the work of fetching from the origin.
  otherwise("schedulingPolicy", settings.schedulingPolicy, engine::Scheduling::cooperative);
  // What a peer has begun HTTP goes on with: nothing is loaded twice.
  otherwise("httpUseRanges", settings.httpUseRanges, true);
  otherwise("cachedSegmentsCount", settings.cachedSegmentsCount,
            static_cast<std::int64_t>(std::max<std::uint64_t>(command.storeSegments, 1)));
  if (!command.trackers.empty()) settings.trackerAnnounce = command.trackers;
  if (command.noP2p) settings.useP2P = false;
  if (command.noUpload || command.metered) settings.consumeOnly = true;
  if (command.metered) {
    // Nothing is loaded on suspicion: what is needed next over HTTP, the rest only from peers who have it.
    settings.httpDownloadProbability = 0;
    settings.httpPrefetchTime = 0;
  }
  // Small pieces, so that every peer gets one before it takes us for stalled.
  if (command.uploadLimit > 0) otherwise("webRtcMaxMessageSize", settings.webRtcMaxMessageSize, std::int64_t{16} << 10);
  if (command.relayOnly) {
    const bool turn = std::ranges::any_of(settings.rtcConfig.iceServers, [](const IceServer& server) {
      return std::ranges::any_of(server.urls, [](const std::string& url) { return url.starts_with("turn"); });
    });
    if (!turn) {
      return base::fail(ErrorCode::invalidArgument,
                        "--relay-only: expected a TURN server in rtcConfig.iceServers of --settings");
    }
    settings.rtcConfig.iceTransportPolicy = IceTransportPolicy::relay;
  }
  return settings;
}

}  // namespace

void addGatewayOptions(CLI::App& sub, GatewayCommand& command) {
  addEndpoint(sub, "--listen", command.listen, "Where players connect; port 0 takes a free one");
  sub.add_option("--settings", command.settingsFile, "HybridLoader settings (JSON object)")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  sub.add_option("--tracker", command.trackers, "Tracker to announce to instead of those of the settings")
      ->type_name("URL");
  sub.add_option("--header", command.headers, "Sent to origins with every request, \"Name: value\"")
      ->type_name("FIELD");
  sub.add_option("--local-address", command.localAddresses, "Address for peers; those of all interfaces unless given")
      ->type_name("IP");
  sub.add_option("--store", command.storeSegments, "Segments kept of each stream")->check(CLI::Range(1, 100'000));
  sub.add_option("--max-streams", command.maxStreams, "Streams that are loaded at a time")->check(CLI::Range(1, 1'000));
  sub.add_flag("--no-p2p", command.noP2p, "HTTP only: no peer learns of this viewer");
  sub.add_flag("--no-upload", command.noUpload, "Take from peers, give nothing");
  sub.add_option("--upload-limit", command.uploadLimit, "Kilobits a second to all peers together; 0 for no limit");
  sub.add_flag("--metered", command.metered, "For a line paid by volume: no upload, nothing loaded on suspicion");
  sub.add_flag("--relay-only", command.relayOnly, "Meet peers only through the settings' TURN servers");
}

base::Result<native::GatewayServerOptions> gatewayOptions(const GatewayCommand& command) {
  auto settings = settingsOf(command);
  if (!settings) return std::unexpected(settings.error());
  auto headers = parseHeaders(command.headers);
  if (!headers) return std::unexpected(headers.error());
  if (!isLoopback(command.listen.host) && command.allowedHosts.empty() && !command.seeding) {
    return base::fail(ErrorCode::invalidArgument, "--listen " + toString(command.listen) +
                                                      ": others could open any URL through this machine; expected "
                                                      "--allow HOST for what they may open");
  }
  native::GatewayServerOptions options;
  options.listen = command.listen;
  options.lanes.settings = *std::move(settings);
  options.lanes.headers = *std::move(headers);
  options.lanes.rtc.localAddresses = command.localAddresses;
  if (command.uploadLimit > 0) {
    options.lanes.upload = std::make_shared<native::ByteBudget>(command.uploadLimit * 125);
  }
  if (command.httpLimit > 0) options.http.budget = std::make_shared<native::ByteBudget>(command.httpLimit * 125);
  options.gateway.allowedHosts = command.allowedHosts;
  options.gateway.access.allowedOrigins = command.allowedOrigins;
  options.gateway.access.hosts = command.names;
  options.gateway.version = std::string(version());
  options.gateway.page = pageFiles();
  options.gateway.streams.maxLanes = command.maxStreams;
  options.gateway.streams.seedSegments = command.storeSegments;
  if (command.metered) options.gateway.streams.plan.segments = 3;
  options.seed = systemSeed();
  return options;
}

int runGateway(const std::string& name, const GatewayCommand& command,
               const std::function<void(native::GatewayServer&, boost::asio::io_context&, Stop)>& begin,
               const std::function<void(const std::string&)>& onOpened) {
  auto options = gatewayOptions(command);
  if (!options) {
    std::cerr << "p2pml " << name << ": " << options.error().detail << "\n";
    return kExitUsage;
  }
  boost::asio::io_context loop(1);
  native::GatewayServer::Listeners listeners;
  listeners.onOpened = onOpened;
  listeners.onLog = [](const std::string& text, bool trouble) {
    if (trouble) {
      spdlog::warn("{}", text);
    } else {
      spdlog::info("{}", text);
    }
  };
  auto server = native::GatewayServer::start(loop, *std::move(options), std::move(listeners));
  if (!server) {
    std::cerr << "p2pml " << name << ": " << server.error().detail << "\n";
    return kExitFailed;
  }
  boost::asio::steady_timer farewell(loop);
  bool stopping = false;
  const Stop stop = [&] {
    if (std::exchange(stopping, true)) return;
    (*server)->leave();
    farewell.expires_after(kFarewell);
    farewell.async_wait([&](const boost::system::error_code&) {
      server->reset();
      loop.stop();
    });
  };
  const StopSignals signals(loop, stop);
  begin(**server, loop, stop);
  loop.run();
  return kExitOk;
}

}  // namespace p2pml::app
