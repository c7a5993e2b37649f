// How fast the loader received lately: the number behind the seed's Segment.downloadSpeed.
//
// Owned by the loader, fed with every piece of media that arrives, over HTTP or from peers. Memory is bounded: at most
// 100 slots of the running second and one candidate a slot for the last minute.
#pragma once

#include <cstdint>
#include <list>

#include "base/time.hpp"

namespace p2pml::engine {

/// The highest sum over one second within the last 60 s, per millisecond (as 0.6.2 measures it, in slots of 10 ms):
/// time is cut into slots [10k ms, 10k + 10 ms); a second is 100 slots in a row, and it counts while the slot it ends
/// with is at most 6000 slots before the present one. A second that is not over yet counts with what it has.
class BandwidthMeter {
 public:
  static constexpr base::Duration kSlot = base::milliseconds(10);
  static constexpr std::int64_t kSlotsPerSecond = 100;
  static constexpr std::int64_t kSlotsRemembered = 6000;

  /// `now` never goes back. Amortised O(1).
  void add(base::TimePoint now, std::uint64_t bytes);

  /// Rounded down; 0 if nothing came in the last minute. Amortised O(1).
  std::int64_t bytesPerMillisecond(base::TimePoint now);

 private:
  struct Slot {
    std::int64_t number = 0;
    std::uint64_t bytes = 0;
  };

  std::list<Slot> second_;  // the slots with bytes among the last 100
  std::uint64_t secondSum_ = 0;
  std::list<Slot> highest_;  // seconds by their last slot; sums fall strictly, so the first is the highest
};

}  // namespace p2pml::engine
