#include "platform/native/rtc/limited_peer_port.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace p2pml::native {

LimitedPeerPort::LimitedPeerPort(boost::asio::io_context& loop, std::unique_ptr<driver::PeerPort> port,
                                 std::shared_ptr<ByteBudget> budget, Now now)
    : port_(std::move(port)), budget_(std::move(budget)), now_(std::move(now)), timer_(loop) {}

void LimitedPeerPort::createOffer(base::ConnectionId connection, std::string label) {
  port_->createOffer(connection, std::move(label));
}
void LimitedPeerPort::createAnswer(base::ConnectionId connection, std::string offerSdp) {
  port_->createAnswer(connection, std::move(offerSdp));
}
void LimitedPeerPort::setAnswer(base::ConnectionId connection, std::string sdp) {
  port_->setAnswer(connection, std::move(sdp));
}

void LimitedPeerPort::send(base::ConnectionId connection, base::Bytes data) {
  waiting_[connection].push_back(std::move(data));
  pump();
}

void LimitedPeerPort::close(base::ConnectionId connection) {
  waiting_.erase(connection);
  port_->close(connection);
}

void LimitedPeerPort::pump() {
  while (!waiting_.empty()) {
    auto next = waiting_.upper_bound(last_);
    if (next == waiting_.end()) next = waiting_.begin();
    if (!budget_->take(now_(), next->second.front().size())) break;
    last_ = next->first;
    port_->send(next->first, std::move(next->second.front()));
    next->second.pop_front();
    if (next->second.empty()) waiting_.erase(next);
  }
  if (waiting_.empty() || std::exchange(armed_, true)) return;
  const base::Duration wait = std::max(budget_->ready() - now_(), base::Duration(1));
  timer_.expires_after(std::chrono::microseconds(wait.count()));
  timer_.async_wait([this](const boost::system::error_code& stopped) {
    if (stopped) return;
    armed_ = false;
    pump();
  });
}

}  // namespace p2pml::native
