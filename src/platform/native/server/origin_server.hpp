// A small HTTP/1.1 origin: what demos, tests and benchmarks load segments from. Not for the open internet.
//
// A handler answers every request on the loop, at once; it adds Range (one range), HEAD and CORS to what HttpServer
// does, counts what it served, and can misbehave on purpose. Bodies are sent from the buffers they are in. Everything
// happens on the loop it was made with, which must be run by one thread and outlive it. Destroying it cuts all
// connections.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "platform/native/server/endpoint.hpp"

namespace p2pml::native {

struct OriginRequest {
  std::string method;
  std::string clientId;  ///< ID of "/t/ID/..." ; empty if the target does not start so
  std::string path;      ///< without "/t/ID" and without the query; starts with "/"
  std::string query;     ///< without "?"
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint64_t connection = 0;  ///< the same number: the same TCP connection

  /// The first of that name (any case); empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// The value of "name=value" in the query, as it is written; nothing if there is none.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

/// Ways to be a bad origin. Byte counts are of the body that would be sent (after Range).
struct OriginFaults {
  base::Duration headDelay{};             ///< before the first byte of the answer
  std::optional<std::size_t> stallAfter;  ///< says nothing for stallFor after so many bytes
  base::Duration stallFor{};
  std::optional<std::size_t> closeAfter;  ///< closes after so many bytes although the head promised all
  bool chunked = false;                   ///< Transfer-Encoding: chunked, no Content-Length
  std::uint64_t bytesPerSecond = 0;       ///< pace of the body; 0: as fast as it goes
};

struct OriginResponse {
  unsigned status = 200;
  std::string contentType = "application/octet-stream";
  std::vector<std::pair<std::string, std::string>> headers;
  base::Bytes body;
  /// Whether Range is honoured (of status 200 only).
  bool ranges = true;
  OriginFaults faults;
};

/// A response of that status whose body names it.
OriginResponse statusResponse(unsigned status);
OriginResponse redirectResponse(unsigned status, std::string location);

using OriginHandler = std::function<OriginResponse(const OriginRequest&)>;

struct OriginTraffic {
  std::uint64_t requests = 0;
  std::uint64_t bodyBytes = 0;  ///< handed to the network
  std::uint64_t cutBodies = 0;  ///< the client left, or a fault closed, before the end
};

struct OriginServerOptions {
  Endpoint listen;
  std::size_t maxConnections = 4'096;
  /// Between requests, and for a client to take a piece of a body.
  base::Duration idleTimeout = base::seconds(60);
  /// Paths and clients counted by name; later ones are counted only in all.
  std::size_t maxCountedNames = 100'000;
};

class OriginServer {
 public:
  /// Listens at once. Errors: invalidArgument, unavailable (the port).
  static base::Result<std::unique_ptr<OriginServer>> start(boost::asio::io_context& loop, OriginServerOptions options,
                                                           OriginHandler handler);
  ~OriginServer();
  OriginServer(const OriginServer&) = delete;
  OriginServer& operator=(const OriginServer&) = delete;

  [[nodiscard]] const Endpoint& endpoint() const;
  /// "http://127.0.0.1:8080"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] const OriginTraffic& traffic() const;
  /// By path as the handler sees it.
  [[nodiscard]] const std::map<std::string, OriginTraffic>& trafficByPath() const;
  [[nodiscard]] const std::map<std::string, OriginTraffic>& trafficByClient() const;
  [[nodiscard]] std::size_t connections() const;

  /// Takes nobody in any more and cuts all connections; the loop runs dry.
  void stop();

 private:
  class Impl;
  explicit OriginServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace p2pml::native
