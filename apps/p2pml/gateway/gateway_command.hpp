// What `p2pml play`, `p2pml gateway` and `p2pml seed` have in common: options, and a gateway that runs until it is told
// to stop.
#pragma once

#include <CLI/App.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/native/gateway/gateway_server.hpp"
#include "platform/native/server/endpoint.hpp"

namespace p2pml::app {

struct GatewayCommand {
  native::Endpoint listen;
  std::string settingsFile;
  std::vector<std::string> trackers;
  std::vector<std::string> headers;
  std::vector<std::string> allowedOrigins;
  std::vector<std::string> allowedHosts;
  std::vector<std::string> names;  ///< of this machine, as players write them
  std::vector<std::string> localAddresses;
  bool noP2p = false;
  bool noUpload = false;
  bool metered = false;
  bool relayOnly = false;
  std::uint64_t storeSegments = 30;
  std::uint64_t maxStreams = 16;
  std::uint64_t uploadLimit = 0;  ///< kilobits a second; 0: none
  std::uint64_t httpLimit = 0;    ///< kilobits a second from origins; 0: none
  bool seeding = false;
};

/// The options that all three commands take.
void addGatewayOptions(CLI::App& command, GatewayCommand& options);

/// Errors: invalidArgument, naming the option or setting and what was expected.
base::Result<native::GatewayServerOptions> gatewayOptions(const GatewayCommand& command);

/// Starts the gateway, calls `begin` on its loop, and serves until a signal or the stop function ends it. Gives the
/// exit status. `onOpened` gets the address of what was opened.
using Stop = std::function<void()>;
int runGateway(const std::string& name, const GatewayCommand& command,
               const std::function<void(native::GatewayServer&, boost::asio::io_context&, Stop)>& begin,
               const std::function<void(const std::string&)>& onOpened = nullptr);

}  // namespace p2pml::app
