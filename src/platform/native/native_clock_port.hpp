// The native platform's clock: steady_clock, counted from a moment before the first use in this process, and one asio
// timer.
//
// Lives on one loop; now() alone may be called from any thread. Always holds: all clocks of a process show the same
// time, so that the times of several engines can be compared; `wake` is called from the loop by itself and may destroy
// the port.
#pragma once

#include <memory>

#include "driver/ports.hpp"

namespace boost::asio {
class io_context;
}

namespace p2pml::native {

class NativeClockPort final : public driver::ClockPort {
 public:
  explicit NativeClockPort(boost::asio::io_context& loop);
  ~NativeClockPort() override;
  NativeClockPort(const NativeClockPort&) = delete;
  NativeClockPort& operator=(const NativeClockPort&) = delete;

  [[nodiscard]] base::TimePoint now() const override;
  void wakeAt(base::TimePoint when) override;
  /// Several calls before the wake are one wake; does not touch what wakeAt() asked for.
  void wakeSoon() override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace p2pml::native
