#include "platform/native/native_clock_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace p2pml::native {
namespace {

using SteadyClock = std::chrono::steady_clock;

SteadyClock::time_point processEpoch() {
  // A second early, so that no time an engine sees is 0.
  static const SteadyClock::time_point epoch = SteadyClock::now() - std::chrono::seconds(1);
  return epoch;
}

base::TimePoint steadyNow() {
  return base::TimePoint(std::chrono::floor<base::Duration>(SteadyClock::now() - processEpoch()));
}

}  // namespace

class NativeClockPort::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, NativeClockPort& port) : loop_(loop), timer_(loop), port_(&port) {}

  void wakeAt(base::TimePoint when) {
    const std::uint64_t generation = ++generation_;
    timer_.cancel();
    if (when == base::kNever) return;
    // A time further away than this is waited for in steps; the clock's own nanoseconds would overflow.
    constexpr base::Duration kFurthest = std::chrono::hours(24);
    const base::TimePoint now = steadyNow();
    const bool far = when > now + kFurthest;
    const base::TimePoint target = far ? now + kFurthest : when;
    timer_.expires_at(processEpoch() + target.time_since_epoch());
    timer_.async_wait([weak = weak_from_this(), generation, far, when](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!self || error || generation != self->generation_) return;
      if (far) {
        self->wakeAt(when);
      } else {
        self->wake();
      }
    });
  }

  void wakeSoon() {
    if (std::exchange(soon_, true)) return;
    boost::asio::post(loop_, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->soon_ = false;
      self->wake();
    });
  }

  void close() {
    port_ = nullptr;
    ++generation_;
    timer_.cancel();
  }

 private:
  void wake() {
    if (port_ == nullptr || !port_->wake) return;
    // A copy, for the call may destroy the port and its function with it.
    const std::function<void()> call = port_->wake;
    call();
  }

  boost::asio::io_context& loop_;
  boost::asio::steady_timer timer_;
  NativeClockPort* port_;
  std::uint64_t generation_ = 0;
  bool soon_ = false;
};

NativeClockPort::NativeClockPort(boost::asio::io_context& loop) : impl_(std::make_shared<Impl>(loop, *this)) {}

NativeClockPort::~NativeClockPort() { impl_->close(); }

base::TimePoint NativeClockPort::now() const { return steadyNow(); }

void NativeClockPort::wakeAt(base::TimePoint when) { impl_->wakeAt(when); }

void NativeClockPort::wakeSoon() { impl_->wakeSoon(); }

}  // namespace p2pml::native
