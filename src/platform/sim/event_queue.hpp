// The heart of the simulated world: virtual time and what happens when.
//
// Always: events run in the order of (time, the order in which they were asked for), one at a time, never inside each
// other; time never goes back. Nothing here or above it reads a real clock, so a world runs as fast as its events can
// be worked off, and the same way every time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "base/time.hpp"

namespace p2pml::sim {

class EventQueue {
 public:
  using Action = std::function<void()>;
  /// Names a scheduled event for cancel(). A default one names none.
  struct Handle {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
  };

  [[nodiscard]] base::TimePoint now() const { return now_; }

  /// Runs `action` at `when`; at once after what is due now if `when` has passed.
  Handle at(base::TimePoint when, Action action);
  Handle after(base::Duration delay, Action action) { return at(now_ + delay, std::move(action)); }
  /// Runs `action` right after the present event, before all others of this instant; several in their order.
  void soon(Action action) { soon_.push_back(std::move(action)); }
  /// Of an event that ran or was cancelled, or of none: does nothing.
  void cancel(Handle handle);

  /// Runs the next event, moving time to it. False if there is none.
  bool step();
  /// Runs all events up to and including `end`, then it is `end`.
  void runUntil(base::TimePoint end);
  /// When the next event is due; kNever if there is none.
  [[nodiscard]] base::TimePoint nextTime();

  /// How many events ran: the work a world was.
  [[nodiscard]] std::uint64_t executed() const { return executed_; }

 private:
  struct Entry {
    base::TimePoint when;
    std::uint64_t sequence;
    std::uint32_t slot;
    std::uint32_t generation;
  };
  /// Generations count up from 1 at each use, so an old handle or heap entry never meets a newer event.
  struct Slot {
    Action action;
    std::uint32_t generation = 1;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }
  void dropCancelled();
  void release(std::uint32_t slot);

  base::TimePoint now_{};
  std::uint64_t lastSequence_ = 0;
  std::uint64_t executed_ = 0;
  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> freeSlots_;
  std::deque<Action> soon_;
};

}  // namespace p2pml::sim
