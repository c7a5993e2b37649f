// The gateway as a program runs it: gateway::Gateway between an HTTP server for players, HTTP to origins, and one
// engine for each stream.
//
// Lives on one loop, which must be run by one thread and outlive it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "gateway/gateway.hpp"
#include "platform/native/gateway/lane_engine.hpp"
#include "platform/native/server/http_server.hpp"

namespace p2pml::native {

struct GatewayServerOptions {
  Endpoint listen;
  gateway::Options gateway;  ///< access.hosts and access.port are filled from `listen`, further hosts are kept
  LaneOptions lanes;
  NativeHttpOptions http;
  std::uint64_t seed = 1;  ///< of everything random
};

class GatewayServer final : public HttpServerHandler {
 public:
  struct Listeners {
    std::function<void(const std::string& url)> onOpened;
    std::function<void(const std::string& text, bool trouble)> onLog;
  };

  /// Listens at once. Errors: invalidArgument (a setting, naming it; the endpoint), unavailable (the port).
  static base::Result<std::unique_ptr<GatewayServer>> start(boost::asio::io_context& loop, GatewayServerOptions options,
                                                            Listeners listeners);
  ~GatewayServer() override;
  GatewayServer(const GatewayServer&) = delete;
  GatewayServer& operator=(const GatewayServer&) = delete;

  /// "http://127.0.0.1:8080"
  [[nodiscard]] std::string url() const;
  /// Answered by onOpened with the address for players.
  void open(const std::string& url) { put(gateway::input::Open{url}); }
  void seed(const std::string& url) { put(gateway::input::Seed{url}); }
  /// Ends all lanes politely; destroy the server a moment later.
  void leave();

  void onRequest(HttpServerRequest request) override;
  void onDrained(std::uint64_t exchange, std::uint64_t bytes) override;
  void onGone(std::uint64_t exchange) override;

 private:
  class CarryOut;

  GatewayServer(boost::asio::io_context& loop, GatewayServerOptions options, Listeners listeners);
  void put(gateway::Input input);
  void onFetch(engine::Input&& event);
  void tellTime();
  void reportLanes();
  void reportSoon();

  boost::asio::io_context& loop_;
  GatewayServerOptions options_;
  Listeners listeners_;
  base::Rng rng_;
  std::unique_ptr<gateway::Gateway> gateway_;
  NativeClockPort clock_;
  HttpHub hub_;
  SocketHub sockets_;
  std::unique_ptr<driver::HttpPort> fetches_;
  std::unique_ptr<HttpServer> server_;
  std::map<gateway::LaneId, std::unique_ptr<LaneEngine>> lanes_;
  std::deque<std::unique_ptr<LaneEngine>> leaving_;
  boost::asio::steady_timer reports_;
  std::deque<gateway::Input> queue_;
  bool busy_ = false;
  /// Null once this object is gone.
  std::shared_ptr<GatewayServer*> life_ = std::make_shared<GatewayServer*>(this);
};

}  // namespace p2pml::native
