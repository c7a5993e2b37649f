// An HTTP/1.1 server whose answers are given piece by piece, whenever they are there: the gateway's ear and mouth, and
// what the small origin (origin_server.hpp) stands on.
//
// Everything happens on the loop it was made with, which must be run by one thread and outlive it. The handler is
// called from the loop by itself, never from inside a call to the server. What always holds: requests of one connection
// are handed over one after the other; after onGone() the exchange's number means nothing any more; destroying the
// server cuts all connections and calls nobody.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "platform/native/server/endpoint.hpp"

namespace p2pml::native {

using HttpFieldList = std::vector<std::pair<std::string, std::string>>;

struct HttpServerRequest {
  std::uint64_t exchange = 0;    ///< names the answer
  std::uint64_t connection = 0;  ///< the same number: the same TCP connection
  std::string method;
  std::string target;
  HttpFieldList headers;
};

class HttpServerHandler {
 public:
  virtual ~HttpServerHandler() = default;
  virtual void onRequest(HttpServerRequest request) = 0;
  /// The head and so many bytes of the answer's body are with the network. What end() was said of is not told any more.
  virtual void onDrained(std::uint64_t exchange, std::uint64_t bytes) = 0;
  /// The client left before its answer was complete.
  virtual void onGone(std::uint64_t exchange) = 0;
};

struct HttpServerOptions {
  Endpoint listen;
  std::size_t maxConnections = 512;
  base::Duration idleTimeout = base::seconds(60);     ///< between requests, and to send one
  base::Duration readerTimeout = base::seconds(600);  ///< for a client to take a piece: paused players take none
};

class HttpServer {
 public:
  /// Listens at once. Errors: invalidArgument, unavailable (the port).
  static base::Result<std::unique_ptr<HttpServer>> start(boost::asio::io_context& loop, HttpServerOptions options,
                                                         HttpServerHandler& handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] const Endpoint& endpoint() const;
  [[nodiscard]] std::size_t connections() const;

  // The answer: head(), any number of body(), end(). Exchanges that are over are ignored.
  /// Without `length` the body is sent in chunks, or, to HTTP/1.0 clients, until the connection closes.
  void head(std::uint64_t exchange, int status, const HttpFieldList& fields, std::optional<std::uint64_t> length);
  void body(std::uint64_t exchange, base::Bytes data);
  void end(std::uint64_t exchange);
  /// Closes the connection in the middle of the answer.
  void cut(std::uint64_t exchange);
  void stop();

  class Impl;

 private:
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace p2pml::native
