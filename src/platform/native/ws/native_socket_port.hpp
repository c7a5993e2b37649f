// WebSockets to trackers for the native platform: Boost.Beast over TCP or TLS on the asio loop.
//
// Lives on one loop and may only be used there. Always holds: events are delivered from the loop by themselves; after
// close() or destruction nothing more comes for that socket; a socket that was open is then still flushed and closed
// politely in the background, for closeTimeout at most.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "driver/ports.hpp"
#include "platform/native/user_agent.hpp"

namespace boost::asio {
class io_context;
}

namespace p2pml::native {

struct NativeSocketOptions {
  std::string userAgent = defaultUserAgent();
  /// The Origin header. Browsers always send one and some trackers refuse clients without it (wt-tracker's
  /// denyEmptyOrigin, tracker-websocket.md 5c), so by default it is https:// and the tracker's host. Empty: none is
  /// sent.
  std::optional<std::string> origin;
  base::Duration connectTimeout = base::seconds(15);  ///< name look-up, TCP, TLS and the upgrade together
  /// Silence after which a connection counts as dead. A ping goes out after half of it, which also keeps NATs awake.
  base::Duration idleTimeout = base::seconds(60);
  base::Duration closeTimeout = base::seconds(5);
  std::size_t maxMessageBytes = 256 * 1024;  ///< incoming; one above closes the socket
  std::size_t maxQueuedBytes = 1024 * 1024;  ///< outgoing, not yet on the wire; one above closes the socket
  std::string caBundle;                      ///< PEM file; empty: the system's
  bool insecureTls = false;                  ///< accept any certificate; for tests and closed networks
};

/// Messages go out as text frames and must be UTF-8. What comes in as a binary frame is taken too if it is UTF-8, as
/// the JavaScript peers do. permessage-deflate is not offered; HTTP redirects of the upgrade are not followed, and
/// proxies are not used.
///
/// SocketClosed codes: invalidArgument (URL, options), unavailable (name, connection, TLS, refused upgrade, closed by
/// the remote), timeout, malformed (not WebSocket, not UTF-8), limitExceeded (message or queue). The detail names the
/// URL without its query.
class NativeSocketPort final : public driver::SocketPort {
 public:
  NativeSocketPort(boost::asio::io_context& loop, driver::EventSink sink, NativeSocketOptions options = {});
  ~NativeSocketPort() override;
  NativeSocketPort(const NativeSocketPort&) = delete;
  NativeSocketPort& operator=(const NativeSocketPort&) = delete;

  /// Precondition: `socket` was not used before.
  void open(base::SocketId socket, std::string url) override;
  /// Before SocketOpened it is kept and sent after it. Unknown and closed sockets are fine.
  void send(base::SocketId socket, std::string text) override;
  void close(base::SocketId socket) override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace p2pml::native
