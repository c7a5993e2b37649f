#include "platform/native/rtc/limited_peer_port.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace p2pml::native {

namespace {

/// A tenth of a second's worth may leave at once, and at least one message of the usual size.
constexpr std::int64_t kBurstParts = 10;
constexpr std::int64_t kSmallestBurst = 16 * 1024;

}  // namespace

UploadBudget::UploadBudget(std::uint64_t bytesPerSecond)
    : perSecond_(static_cast<std::int64_t>(std::clamp<std::uint64_t>(bytesPerSecond, 1, 1ULL << 40))),
      most_(std::max(perSecond_ / kBurstParts, kSmallestBurst)),
      left_(most_) {}

void UploadBudget::earn(base::TimePoint now) {
  if (at_ != base::TimePoint::min() && now > at_) {
    // An hour is more than any debt, and keeps the product small.
    const std::int64_t past = std::min((now - at_).count(), base::seconds(3'600).count());
    const std::int64_t earned = past * perSecond_ / base::seconds(1).count();
    if (earned == 0) return;  // the rest of a byte is not forgotten
    left_ = std::min(left_ + earned, most_);
  }
  at_ = std::max(at_, now);
}

bool UploadBudget::take(base::TimePoint now, std::size_t size) {
  earn(now);
  if (left_ <= 0) return false;
  left_ -= static_cast<std::int64_t>(size);
  return true;
}

base::TimePoint UploadBudget::ready() const {
  if (left_ > 0) return at_;
  return at_ + base::Duration((1 - left_) * base::seconds(1).count() / perSecond_ + 1);
}

LimitedPeerPort::LimitedPeerPort(boost::asio::io_context& loop, std::unique_ptr<driver::PeerPort> port,
                                 std::shared_ptr<UploadBudget> budget, Now now)
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
