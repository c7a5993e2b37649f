// One connection of TrackerServer: TLS, HTTP requests, upgrade, WebSocket messages. Internal to this folder; the only
// header between the server and the heavy templates of Boost.Beast, which stay in tracker_session.cpp.
//
// A session keeps itself alive through its pending operations and tells its hub exactly once that it is gone.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "platform/native/server/tracker_server.hpp"
#include "tracker/tracker.hpp"

namespace p2pml::native {

/// What a session asks of the server. Calls come on the loop only.
class TrackerHub {
 public:
  virtual ~TrackerHub() = default;
  virtual const TrackerServerOptions& options() const = 0;
  virtual tracker::Admission admit(base::SocketId id, std::string_view remoteAddress, std::string_view origin) = 0;
  virtual void message(base::SocketId id, std::string_view text) = 0;
  virtual void gone(base::SocketId id) = 0;
  virtual std::string statisticsJson() = 0;
  virtual TrackerServerStatistics& counts() = 0;
};

class TrackerSession {
 public:
  virtual ~TrackerSession() = default;
  virtual void start() = 0;
  virtual void send(std::string text) = 0;
  /// With the closing handshake where there is a WebSocket, else at once.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  /// At once. The hub hears `gone` later, not from inside this call.
  virtual void cut() = 0;
};

/// `hub` may die before the session does.
std::shared_ptr<TrackerSession> makeTrackerSession(std::weak_ptr<TrackerHub> hub, base::SocketId id,
                                                   boost::asio::ip::tcp::socket socket);
std::shared_ptr<TrackerSession> makeTrackerSession(std::weak_ptr<TrackerHub> hub, base::SocketId id,
                                                   boost::asio::ip::tcp::socket socket,
                                                   std::shared_ptr<boost::asio::ssl::context> tls);

}  // namespace p2pml::native
