// The ports: what a platform must be able to do so that an engine can live on it. One contract, checked by one test
// suite that the adapters of every platform pass (tests/contract).
//
// All calls happen on the loop that owns the driver, never from inside an engine step. An adapter answers through the
// EventSink it was made with, always later (never from inside the port call), always on the same loop. After
// cancel/close/destruction nothing more is delivered for that id. An adapter must be destroyable at any time; its
// destructor does not wait.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "engine/io.hpp"

namespace p2pml::driver {

/// Where an adapter puts what happened. Must be called on the loop.
using EventSink = std::function<void(engine::Input)>;

struct HttpHeader {
  std::string name;
  std::string value;
};

/// One GET. The native meaning of the seed's xhrSetup(xhr, url) is a hook that may change everything here but the url's
/// request id.
struct HttpRequest {
  std::string url;
  std::vector<HttpHeader> headers;  ///< Range is added by the loader before the hook runs
  std::string username;             ///< credentials, where the origin asks for them (Basic or Digest)
  std::string password;
  std::optional<base::Duration> timeout;  ///< for the whole request; none: only the loader's silence timeout
  bool followRedirects = true;
  bool publicOnly = false;  ///< refuse to connect to addresses of this machine and of private networks
};

/// Events: HttpHead (once), HttpData*, then HttpDone or HttpFailed.
class HttpPort {
 public:
  virtual ~HttpPort() = default;
  virtual void start(base::RequestId request, HttpRequest what) = 0;
  virtual void cancel(base::RequestId request) = 0;
};

/// Text messages only. Events: SocketOpened, SocketMessage*, SocketClosed.
class SocketPort {
 public:
  virtual ~SocketPort() = default;
  virtual void open(base::SocketId socket, std::string url) = 0;
  virtual void send(base::SocketId socket, std::string text) = 0;
  virtual void close(base::SocketId socket) = 0;
};

/// Non-trickle WebRTC with one ordered reliable data channel a connection (data-channel.md).
/// Events: OfferCreated or AnswerCreated, PeerOpened, PeerMessage*, PeerDrained*, PeerClosed.
class PeerPort {
 public:
  virtual ~PeerPort() = default;
  virtual void createOffer(base::ConnectionId connection, std::string label) = 0;
  virtual void createAnswer(base::ConnectionId connection, std::string offerSdp) = 0;
  virtual void setAnswer(base::ConnectionId connection, std::string sdp) = 0;
  virtual void send(base::ConnectionId connection, base::Bytes data) = 0;
  virtual void close(base::ConnectionId connection) = 0;
};

/// The platform's monotonic clock and one timer.
class ClockPort {
 public:
  virtual ~ClockPort() = default;
  [[nodiscard]] virtual base::TimePoint now() const = 0;
  /// Calls `wake` once at or after `when`; a new call replaces the old one; kNever disarms.
  virtual void wakeAt(base::TimePoint when) = 0;
  /// Calls `wake` from the loop as soon as the present call stack is done.
  virtual void wakeSoon() = 0;
  std::function<void()> wake;
};

}  // namespace p2pml::driver
