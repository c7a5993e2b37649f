#include "platform/native/ws/dialer.hpp"

#include <chrono>
#include <utility>

#include "base/assert.hpp"

namespace p2pml::native {
namespace {

using boost::asio::ip::tcp;

/// RFC 8305 section 5: "One recommended value for a default delay is 250 milliseconds."
constexpr std::chrono::milliseconds kConnectionAttemptDelay(250);

}  // namespace

Dialer::Dialer(boost::asio::io_context& loop, std::vector<tcp::endpoint> endpoints, Handler handler)
    : loop_(loop), endpoints_(std::move(endpoints)), handler_(std::move(handler)), stagger_(loop) {}

std::shared_ptr<Dialer> Dialer::dial(boost::asio::io_context& loop, std::vector<tcp::endpoint> endpoints,
                                     Handler handler) {
  P2PML_ASSERT(!endpoints.empty());
  std::shared_ptr<Dialer> dialer(new Dialer(loop, std::move(endpoints), std::move(handler)));
  dialer->tryNext();
  return dialer;
}

void Dialer::tryNext() {
  const std::size_t index = attempts_.size();
  attempts_.push_back(std::make_unique<tcp::socket>(loop_));
  attempts_[index]->async_connect(endpoints_[index],
                                  [self = shared_from_this(), index](boost::system::error_code error) {
                                    if (!self->handler_) return;
                                    if (!error) {
                                      self->finish({}, std::move(*self->attempts_[index]));
                                      return;
                                    }
                                    ++self->failed_;
                                    if (self->attempts_.size() < self->endpoints_.size()) {
                                      self->tryNext();
                                    } else if (self->failed_ == self->endpoints_.size()) {
                                      self->finish(error, tcp::socket(self->loop_));
                                    }
                                  });
  if (attempts_.size() == endpoints_.size()) {
    stagger_.cancel();
    return;
  }
  stagger_.expires_after(kConnectionAttemptDelay);
  stagger_.async_wait([self = shared_from_this(), index](boost::system::error_code error) {
    // Another attempt may have been started since, by a failure.
    if (!error && self->handler_ && self->attempts_.size() == index + 1) self->tryNext();
  });
}

void Dialer::finish(boost::system::error_code error, tcp::socket socket) {
  const Handler handler = std::exchange(handler_, nullptr);
  cancel();
  handler(error, std::move(socket));
}

void Dialer::cancel() {
  handler_ = nullptr;
  stagger_.cancel();
  for (const auto& attempt : attempts_) {
    boost::system::error_code ignored;
    attempt->close(ignored);
  }
}

}  // namespace p2pml::native
