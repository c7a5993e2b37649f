// The clock of one simulated node: virtual time and one timer in the world's event queue.
#pragma once

#include <memory>

#include "base/time.hpp"
#include "driver/ports.hpp"
#include "platform/sim/event_queue.hpp"

namespace p2pml::sim {

class SimClockPort final : public driver::ClockPort {
 public:
  explicit SimClockPort(EventQueue& events) : events_(events), life_(std::make_shared<SimClockPort*>(this)) {}
  ~SimClockPort() override {
    events_.cancel(timer_);
    *life_ = nullptr;
  }
  SimClockPort(const SimClockPort&) = delete;
  SimClockPort& operator=(const SimClockPort&) = delete;

  [[nodiscard]] base::TimePoint now() const override { return events_.now(); }

  void wakeAt(base::TimePoint when) override {
    wanted_ = when;
    // An event that comes too early sets the next one: deadlines mostly move away, and so the queue is touched less.
    if (when >= armed_) return;
    events_.cancel(timer_);
    arm();
  }

  void wakeSoon() override {
    events_.soon([life = life_] {
      if (*life != nullptr && (*life)->wake) (*life)->wake();
    });
  }

 private:
  void arm() {
    armed_ = wanted_;
    if (armed_ == base::kNever) return;
    timer_ = events_.at(armed_, [this] { fired(); });
  }
  void fired() {
    timer_ = {};
    if (wanted_ > events_.now()) {
      arm();
      return;
    }
    wanted_ = base::kNever;
    armed_ = base::kNever;
    if (wake) wake();
  }

  EventQueue& events_;
  std::shared_ptr<SimClockPort*> life_;  ///< points to null once this is gone
  EventQueue::Handle timer_;
  base::TimePoint wanted_ = base::kNever;
  base::TimePoint armed_ = base::kNever;
};

}  // namespace p2pml::sim
