// One WebSocket of a NativeSocketPort, from the name look-up to the close frame.
//
// Kept alive by its own handlers, so that it can flush and close after the port has gone. Always holds: it calls its
// listener only from the loop, never from inside send() or close(), and not at all after close() or after onClosed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "platform/native/ws/native_socket_port.hpp"
#include "platform/native/ws/ws_url.hpp"

namespace boost::asio::ssl {
class context;
}

namespace p2pml::native {

class NameLookup;

class SocketSession {
 public:
  struct Listener {
    std::function<void()> onOpened;
    std::function<void(std::string)> onMessage;
    std::function<void(base::Error)> onClosed;
  };

  virtual ~SocketSession() = default;
  /// Starts connecting. `name` stands for the socket in errors.
  virtual void start(NameLookup& names) = 0;
  virtual void send(std::string text) = 0;
  /// Silent from now on. If it was open, what was sent is flushed and the close handshake is done.
  virtual void close() = 0;
};

/// What a session has of the port; a copy, for it may outlive that.
struct SessionSetup {
  std::string name;  ///< stands for the socket in errors
  WsUrl url;
  NativeSocketOptions options;
  SocketSession::Listener listener;
};

/// `tls` is used, and must be there, if the URL is wss://.
std::shared_ptr<SocketSession> makeSocketSession(boost::asio::io_context& loop, SessionSetup setup,
                                                 std::shared_ptr<boost::asio::ssl::context> tls);

}  // namespace p2pml::native
