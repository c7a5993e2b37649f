// Runs an asio loop in a test until something is true, with a deadline generous enough for the slowest sanitizer.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <functional>

namespace p2pml::native::testing {

inline bool runLoopUntil(boost::asio::io_context& loop, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(100));
  }
  return true;
}

/// Runs everything that is ready, over and over while a fresh loopback connection sends and receives a few bytes: what
/// was under way between two sockets of this loop before has arrived by then.
inline void settleLoop(boost::asio::io_context& loop) {
  using boost::asio::ip::tcp;
  tcp::acceptor acceptor(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  for (int round = 0; round < 3; ++round) {
    tcp::socket server(loop);
    tcp::socket client(loop);
    char byte = 0;
    bool arrived = false;
    acceptor.async_accept(server, [&](boost::system::error_code) {
      boost::asio::async_read(server, boost::asio::buffer(&byte, 1), [&](boost::system::error_code, std::size_t) {
        boost::asio::post(loop, [&] { arrived = true; });
      });
    });
    client.async_connect(acceptor.local_endpoint(), [&](boost::system::error_code) {
      boost::asio::async_write(client, boost::asio::buffer("x", 1), [](boost::system::error_code, std::size_t) {});
    });
    runLoopUntil(loop, [&] { return arrived; });
    loop.restart();
    loop.poll();
  }
}

/// A loopback port that nobody listens on: it was just free, and stays reserved against reuse by others as long as this
/// lives.
class RefusingPort {
 public:
  explicit RefusingPort(boost::asio::io_context& loop)
      : socket_(loop, boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {}
  [[nodiscard]] unsigned short number() const { return socket_.local_endpoint().port(); }

 private:
  boost::asio::ip::tcp::socket socket_;  // bound, not listening
};

}  // namespace p2pml::native::testing
