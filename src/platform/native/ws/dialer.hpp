// A TCP connection to the first of several addresses that answers (RFC 8305, "Happy Eyeballs"): a broken IPv6 path
// costs a quarter of a second instead of the whole connect timeout.
//
// Kept alive by its own handlers. Always holds: the handler is called once, from the loop by itself, and never after
// cancel().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <vector>

namespace p2pml::native {

class Dialer : public std::enable_shared_from_this<Dialer> {
 public:
  /// The connected socket, or why the last attempt failed.
  using Handler = std::function<void(boost::system::error_code, boost::asio::ip::tcp::socket)>;

  /// Precondition: endpoints is not empty.
  static std::shared_ptr<Dialer> dial(boost::asio::io_context& loop,
                                      std::vector<boost::asio::ip::tcp::endpoint> endpoints, Handler handler);
  void cancel();

 private:
  Dialer(boost::asio::io_context& loop, std::vector<boost::asio::ip::tcp::endpoint> endpoints, Handler handler);

  void tryNext();
  void finish(boost::system::error_code error, boost::asio::ip::tcp::socket socket);

  boost::asio::io_context& loop_;
  std::vector<boost::asio::ip::tcp::endpoint> endpoints_;
  Handler handler_;
  boost::asio::steady_timer stagger_;
  std::vector<std::unique_ptr<boost::asio::ip::tcp::socket>> attempts_;
  std::size_t failed_ = 0;
};

}  // namespace p2pml::native
