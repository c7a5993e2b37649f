// A listening TCP socket that hands over connections until it is closed. For the servers of this folder only.
//
// Lives on one loop. When the process is out of file descriptors it pauses and goes on; it never spins.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/error.hpp"
#include "platform/native/server/endpoint.hpp"

namespace p2pml::native {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using OnSocket = std::function<void(boost::asio::ip::tcp::socket)>;

  /// Errors: invalidArgument (no address), unavailable (in use, not permitted), naming the endpoint.
  static base::Result<std::shared_ptr<Listener>> open(boost::asio::io_context& loop, const Endpoint& endpoint,
                                                      OnSocket onSocket);

  /// With the port that was really taken.
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  /// Nothing is handed over afterwards.
  void close();

  /// Use open().
  Listener(boost::asio::io_context& loop, Endpoint endpoint, OnSocket onSocket)
      : acceptor_(loop), pause_(loop), endpoint_(std::move(endpoint)), onSocket_(std::move(onSocket)) {}

 private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Endpoint endpoint_;
  OnSocket onSocket_;
};

}  // namespace p2pml::native
