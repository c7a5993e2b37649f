// A peer port that sends no faster than a budget allows: for lines whose upload is short.
//
// Wraps another port. What waits for the budget waits here, in order, one connection after the other; the engine hands
// over no more than it would to a slow line, because what waits is not drained. Lives on one loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>

#include "base/time.hpp"
#include "driver/ports.hpp"
#include "platform/native/byte_budget.hpp"

namespace p2pml::native {

class LimitedPeerPort final : public driver::PeerPort {
 public:
  using Now = std::function<base::TimePoint()>;

  LimitedPeerPort(boost::asio::io_context& loop, std::unique_ptr<driver::PeerPort> port,
                  std::shared_ptr<ByteBudget> budget, Now now);

  void createOffer(base::ConnectionId connection, std::string label) override;
  void createAnswer(base::ConnectionId connection, std::string offerSdp) override;
  void setAnswer(base::ConnectionId connection, std::string sdp) override;
  void send(base::ConnectionId connection, base::Bytes data) override;
  void close(base::ConnectionId connection) override;

  /// Sends what the budget allows; called by the timer, and by tests that move their own clock.
  void pump();
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  std::unique_ptr<driver::PeerPort> port_;
  std::shared_ptr<ByteBudget> budget_;
  Now now_;
  boost::asio::steady_timer timer_;
  bool armed_ = false;
  std::map<base::ConnectionId, std::deque<base::Bytes>> waiting_;
  base::ConnectionId last_;  // whose turn it was
};

}  // namespace p2pml::native
