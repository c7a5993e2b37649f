// One WebSocket adapter for several users, so that what it takes long to prepare (certificates) is prepared once.
//
// Users may be made to wait a little with their first sockets: trackers have time, the first segment of a stream has
// not. Lives on one loop. Clients must not outlive the hub; a client that is destroyed closes its sockets.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>

#include "base/time.hpp"
#include "driver/ports.hpp"
#include "platform/native/ws/native_socket_port.hpp"

namespace p2pml::native {

class SocketHub {
 public:
  SocketHub(boost::asio::io_context& loop, NativeSocketOptions options);
  SocketHub(const SocketHub&) = delete;
  SocketHub& operator=(const SocketHub&) = delete;

  /// An adapter of its own for one user. Its sockets open `patience` after this call at the earliest.
  std::unique_ptr<driver::SocketPort> client(driver::EventSink sink, base::Duration patience);

 private:
  class Client;
  struct Socket {
    Client* client = nullptr;
    base::SocketId id;  // as the client names it
  };

  void deliver(engine::Input&& event);

  boost::asio::io_context& loop_;
  std::map<base::SocketId, Socket> sockets_;
  std::uint64_t last_ = 0;
  NativeSocketPort port_;
};

}  // namespace p2pml::native
