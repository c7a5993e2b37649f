// The tracker on the network: WebSocket (with TLS if given a certificate) around tracker::Tracker.
//
// The same port answers plain HTTP: GET /stats.json (numbers of all swarms) and GET / (one line). Everything happens on
// the loop it was made with, which must be run by one thread; it needs that loop to outlive it. Destroying it cuts all
// connections. It never throws out of its methods or into the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "platform/native/server/endpoint.hpp"
#include "tracker/options.hpp"
#include "tracker/statistics.hpp"

namespace p2pml::native {

struct TrackerServerOptions {
  Endpoint listen;
  tracker::Options tracker;
  /// PEM files, both or none: wss:// and https:// instead of ws:// and http://.
  std::string certificateFile;
  std::string privateKeyFile;
  /// For TLS and the upgrade request, and between requests of a plain HTTP client.
  base::Duration handshakeTimeout = base::seconds(10);
  /// A WebSocket that says nothing gets a ping after half of it and is cut after the whole.
  base::Duration silenceTimeout = base::seconds(60);
  /// What waits for a client that does not read; above it the client is cut.
  std::size_t maxQueuedBytes = 1 << 20;
  /// Connections beyond Options::maxSockets, for HTTP and handshakes.
  std::size_t maxOtherConnections = 256;
  /// stop() waits for closing handshakes so long.
  base::Duration stopGrace = base::seconds(2);
  /// Whether /stats.json is there, which names infohashes.
  bool serveStatistics = true;
};

/// Since the start, except `connections`, which are the present.
struct TrackerServerStatistics {
  tracker::Statistics tracker;
  std::uint64_t connections = 0;  ///< with plain HTTP and those still shaking hands
  std::uint64_t refusedConnections = 0;
  std::uint64_t failedHandshakes = 0;
  std::uint64_t httpRequests = 0;
  std::uint64_t slowReadersCut = 0;
  std::uint64_t bytesReceived = 0;  ///< of WebSocket messages
  std::uint64_t bytesSent = 0;
};

class TrackerServer {
 public:
  /// Listens at once. Errors: invalidArgument (options, files of the certificate), unavailable (the port).
  static base::Result<std::unique_ptr<TrackerServer>> start(boost::asio::io_context& loop,
                                                            TrackerServerOptions options);
  ~TrackerServer();
  TrackerServer(const TrackerServer&) = delete;
  TrackerServer& operator=(const TrackerServer&) = delete;

  /// Where it really listens.
  [[nodiscard]] const Endpoint& endpoint() const;
  /// "ws://127.0.0.1:8000"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] TrackerServerStatistics statistics() const;

  /// Takes nobody in any more, says goodbye to all (close code 1001) and cuts who has not gone after stopGrace. The
  /// loop runs dry when all are gone.
  void stop();

  class Impl;

 private:
  explicit TrackerServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace p2pml::native
