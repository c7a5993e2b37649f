// HTTP of one simulated node: requests to the origins of a Web, over the simulated network.
//
// A request reaches the origin after the latency (connections are taken as kept alive); head and body come back through
// a pipe of their own. Nothing comes back from an origin that is cut off or silent: giving up is the loader's business,
// as with real ones.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "driver/ports.hpp"
#include "platform/sim/network.hpp"
#include "platform/sim/sim_origin.hpp"

namespace p2pml::sim {

class SimHttpPort final : public driver::HttpPort {
 public:
  SimHttpPort(Network& network, Web& web, NodeId node, driver::EventSink sink);
  ~SimHttpPort() override;
  SimHttpPort(const SimHttpPort&) = delete;
  SimHttpPort& operator=(const SimHttpPort&) = delete;

  void start(base::RequestId request, driver::HttpRequest what) override;
  void cancel(base::RequestId request) override;

 private:
  struct Exchange;
  using Exchanges = std::map<base::RequestId, std::shared_ptr<Exchange>>;

  /// The sink may cancel the request or destroy this port, so nothing follows a call of it.
  void deliver(engine::Input input) {
    const auto sink = sink_;
    (*sink)(std::move(input));
  }
  void ask(const std::shared_ptr<Exchange>& exchange, std::string url);
  void onArrived(const std::shared_ptr<Exchange>& exchange, Pipe::Message message);
  [[nodiscard]] std::uint64_t pieceBytes(NodeId origin) const;
  void onHead(const std::shared_ptr<Exchange>& exchange);
  void failLater(const std::shared_ptr<Exchange>& exchange, base::Duration delay, base::Error error);
  void finish(const std::shared_ptr<Exchange>& exchange, engine::Input last);

  Network& network_;
  Web& web_;
  NodeId node_;
  std::shared_ptr<const driver::EventSink> sink_;
  Exchanges exchanges_;
};

}  // namespace p2pml::sim
