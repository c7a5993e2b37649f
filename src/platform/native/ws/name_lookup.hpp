// Host names to addresses, without holding up the loop.
//
// Asio's own resolver has one thread for a whole loop, so that one name server that does not answer holds up every
// other name, and it is waited for when the loop is destroyed. Here every look-up has a short-lived thread, which is
// never waited for. Lives on one loop. Always holds: a handler is called from the loop by itself, never after
// destruction.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace p2pml::native {

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

class NameLookup {
 public:
  using Handler = std::function<void(base::Result<Endpoints>)>;

  /// Look-ups at the same time; more wait for their turn.
  static constexpr std::size_t kMaxThreads = 8;
  static constexpr std::size_t kMaxWaiting = 64;
  /// Addresses that are handed on for one name.
  static constexpr std::size_t kMaxAddresses = 8;

  explicit NameLookup(boost::asio::io_context& loop);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  /// Addresses in the system's order of preference (RFC 6724), IPv6 and IPv4 alternating (RFC 8305 section 4). An
  /// address as name needs no thread. unavailable: the name is not known; limitExceeded: too many look-ups wait.
  void resolve(const std::string& host, std::uint16_t port, Handler handler);

 private:
  struct Mailbox;
  struct Wanted {
    std::string host;
    std::uint16_t port = 0;
    Handler handler;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
        work;  // the loop goes on while it is awaited
  };

  void startWaiting();
  void answer(std::uint64_t number, base::Result<Endpoints> result, bool fromThread);

  boost::asio::io_context& loop_;
  std::shared_ptr<Mailbox> mailbox_;
  std::map<std::uint64_t, Wanted> wanted_;
  std::deque<std::uint64_t> waiting_;
  std::uint64_t lastNumber_ = 0;
  std::size_t threads_ = 0;
};

/// Alternates the families, beginning with the first one's, and cuts to `limit`.
Endpoints interleaved(const Endpoints& endpoints, std::size_t limit);

}  // namespace p2pml::native
