#include "p2pml/commands/signals.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <utility>

namespace p2pml::app {

class StopSignals::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, std::function<void()> stop)
      : signals_(loop, SIGINT, SIGTERM), stop_(std::move(stop)) {}

  void wait() {
    signals_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled, int) {
      const auto self = weak.lock();
      if (cancelled || !self) return;
      boost::system::error_code ignored;
      self->signals_.clear(ignored);
      self->stop_();
    });
  }
  void cancel() {
    boost::system::error_code ignored;
    signals_.cancel(ignored);
  }

 private:
  boost::asio::signal_set signals_;
  std::function<void()> stop_;
};

StopSignals::StopSignals(boost::asio::io_context& loop, std::function<void()> stop)
    : impl_(std::make_shared<Impl>(loop, std::move(stop))) {
  impl_->wait();
}
StopSignals::~StopSignals() { impl_->cancel(); }

}  // namespace p2pml::app
