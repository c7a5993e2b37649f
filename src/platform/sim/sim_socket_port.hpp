// WebSockets of the simulated world: SimSocketServer is the far end, SimSocketPort the near one of a node.
//
// Messages of a socket keep their order and pass the lines of both ends like everything else. A socket opens one round
// trip after open().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "driver/ports.hpp"
#include "platform/sim/network.hpp"
#include "platform/sim/sim_origin.hpp"

namespace p2pml::sim {

class SimSocketPort;
struct SimSocket;

class SimSocketServer {
 public:
  struct Handlers {
    /// False: the handshake is refused.
    std::function<bool(base::SocketId socket, NodeId client)> onOpen;
    std::function<void(base::SocketId socket, std::string text)> onMessage;
    /// The client has closed it. Not called for what the server closed itself.
    std::function<void(base::SocketId socket)> onClose;
  };

  explicit SimSocketServer(NodeId node) : node_(node) {}
  ~SimSocketServer();
  SimSocketServer(const SimSocketServer&) = delete;
  SimSocketServer& operator=(const SimSocketServer&) = delete;

  Handlers handlers;
  bool up = true;       ///< false: takes no connections
  bool silent = false;  ///< takes connections and never answers the handshake

  void send(base::SocketId socket, std::string text);
  /// After what was sent. `reason` is what the client is told.
  void close(base::SocketId socket, base::Error reason);
  void closeAll(const base::Error& reason);
  [[nodiscard]] NodeId node() const { return node_; }
  [[nodiscard]] std::size_t openSockets() const { return sockets_.size(); }

 private:
  friend class SimSocketPort;
  void fromClient(const std::shared_ptr<SimSocket>& socket, Pipe::Message message);

  NodeId node_;
  base::SocketId lastId_;
  std::map<base::SocketId, std::shared_ptr<SimSocket>> sockets_;
};

class SimSocketPort final : public driver::SocketPort {
 public:
  SimSocketPort(Network& network, Web& web, NodeId node, driver::EventSink sink);
  ~SimSocketPort() override;
  SimSocketPort(const SimSocketPort&) = delete;
  SimSocketPort& operator=(const SimSocketPort&) = delete;

  void open(base::SocketId socket, std::string url) override;
  void send(base::SocketId socket, std::string text) override;
  void close(base::SocketId socket) override;

 private:
  friend class SimSocketServer;
  /// The sink may close the socket or destroy this port, so nothing follows a call of it.
  void deliver(engine::Input input) {
    const auto sink = sink_;
    (*sink)(std::move(input));
  }
  void fromServer(const std::shared_ptr<SimSocket>& socket, Pipe::Message message);
  void lose(base::SocketId socket, base::Error reason);

  Network& network_;
  Web& web_;
  NodeId node_;
  std::shared_ptr<const driver::EventSink> sink_;
  std::map<base::SocketId, std::shared_ptr<SimSocket>> sockets_;
};

}  // namespace p2pml::sim
