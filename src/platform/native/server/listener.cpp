#include "platform/native/server/listener.hpp"

#include <chrono>
#include <utility>

namespace p2pml::native {

namespace asio = boost::asio;
using asio::ip::tcp;

base::Result<std::shared_ptr<Listener>> Listener::open(asio::io_context& loop, const Endpoint& endpoint,
                                                       OnSocket onSocket) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  if (error) {
    return base::fail(base::ErrorCode::invalidArgument, "cannot listen on \"" + endpoint.host + "\": no IP address");
  }
  auto listener = std::make_shared<Listener>(loop, endpoint, std::move(onSocket));
  const tcp::endpoint where(address, endpoint.port);
  tcp::acceptor& acceptor = listener->acceptor_;
  acceptor.open(where.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(where, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return base::fail(base::ErrorCode::unavailable, "cannot listen on " + toString(endpoint) + ": " + error.message());
  }
  listener->endpoint_.port = acceptor.local_endpoint(error).port();
  listener->accept();
  return listener;
}

void Listener::accept() {
  acceptor_.async_accept([self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
    if (!self->acceptor_.is_open()) return;
    if (!error) {
      socket.set_option(tcp::no_delay(true), error);
      self->onSocket_(std::move(socket));
      if (self->acceptor_.is_open()) self->accept();
      return;
    }
    // A connection that died in the queue (ECONNABORTED) is nothing; for lack of descriptors some have to be freed
    // first.
    self->pause_.expires_after(std::chrono::milliseconds(error == asio::error::connection_aborted ? 0 : 100));
    self->pause_.async_wait([self](boost::system::error_code stopped) {
      if (!stopped && self->acceptor_.is_open()) self->accept();
    });
  });
}

void Listener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace p2pml::native
