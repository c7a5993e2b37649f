// The heart of the simulated world: virtual time and what happens when.
//
// Always: events run in the order of (time, the order in which they were asked for), one at a time, never inside each
// other; time never goes back. Nothing here or above it reads a real clock, so a world runs as fast as its events can
// be worked off, and the same way every time.
//
// What is due within about a second lies in buckets of half a millisecond, unsorted; only the bucket whose time has
// come is sorted, small enough for the processor's first cache. Later events wait in a heap. So the cost of an event
// hardly depends on how many wait. With thousands of viewers hardly anything of the next one's is in a cache: what the
// next events will need is asked of the memory while the ones before them run.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "platform/sim/action.hpp"
#include "platform/sim/ring.hpp"

namespace p2pml::sim {

class EventQueue {
 public:
  using Action = sim::Action;
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
  void soon(Action action) { soon_.push(std::move(action)); }
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
  static constexpr int kBucketBits = 9;  ///< of microseconds
  static constexpr std::int64_t kBuckets = 2048;
  static constexpr std::int64_t kWordBits = 64;
  // Events between such a request and the event that needs it.
  static constexpr std::size_t kSlotAhead = 12;
  static constexpr std::size_t kActionAhead = 8;
  static constexpr std::size_t kDetailsAhead = 3;

  struct Entry {
    base::TimePoint when;
    std::uint64_t sequence;
    std::uint32_t slot;
    std::uint32_t generation;
  };
  /// Generations count up from 1 at each use, so an old handle or entry never meets a newer event.
  struct alignas(64) Slot {
    Action action;
    std::uint32_t generation = 1;
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const {
      return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
    }
  };
  using Entries = std::vector<Entry>;

  static std::int64_t bucketOf(base::TimePoint when) { return when.time_since_epoch().count() >> kBucketBits; }
  [[nodiscard]] Entries& placeOf(std::int64_t bucket) { return near_[static_cast<std::size_t>(bucket % kBuckets)]; }
  /// The first bucket after the current one that has entries; -1 if none of near_ has.
  [[nodiscard]] std::int64_t nextNearBucket() const;
  /// Makes the front of current_ the next event. False if there is none at all.
  bool findNext();
  /// Has the memory bring what the next few events begin with.
  void announce() const;
  void release(std::uint32_t slot);
  /// The same of a slot whose action was taken out.
  void free(std::uint32_t slot);

  base::TimePoint now_{};
  std::uint64_t lastSequence_ = 0;
  std::uint64_t executed_ = 0;

  std::int64_t currentBucket_ = 0;
  Entries current_;                     // all up to and including currentBucket_, the next one last
  std::array<Entries, kBuckets> near_;  // by bucket modulo kBuckets: the kBuckets - 1 after it
  std::array<std::uint64_t, kBuckets / kWordBits> filled_{};  // a bit for each of near_ that has entries
  std::size_t nearCount_ = 0;
  Entries far_;  // a heap: later ones, and those that were when they were asked for

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> freeSlots_;
  Ring<Action, /*kKeepsMemory=*/true> soon_;
};

}  // namespace p2pml::sim
