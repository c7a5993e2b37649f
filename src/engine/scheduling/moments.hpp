// When HTTP must begin with a segment, and what will be here in time: how the cooperative policy tells the time. Of one
// look at the queue; decides nothing by itself.
#pragma once

#include <cstdint>

#include "engine/scheduling/policy.hpp"

namespace p2pml::engine {

class Moments {
 public:
  explicit Moments(const SchedulerView& view) : view_(view) {}

  /// What of the segment is missing, whoever brings it.
  [[nodiscard]] std::uint64_t bytesLeft(const QueueItem& item) const;
  /// How long HTTP takes for what it would have to bring.
  [[nodiscard]] base::Duration httpTime(const QueueItem& item) const;
  /// When HTTP must start so that it is in time even if it is half again as slow as lately, with time for more tries
  /// where an answer may be wrong.
  [[nodiscard]] base::TimePoint latest(const QueueItem& item) const;
  [[nodiscard]] bool urgent(const QueueItem& item) const { return view_.now >= latest(item); }
  /// The same if nothing of the segment were here: what has begun late stays urgent while it comes.
  [[nodiscard]] bool beganUrgent(const QueueItem& item) const;
  /// A peer of that speed is as good as HTTP: it will be done with time to spare, or no later than HTTP would be.
  [[nodiscard]] bool inTime(const QueueItem& item, std::uint64_t bytesPerSecond) const;
  /// At the speed of lately the download comes after the player needs it, or next to that.
  [[nodiscard]] bool atRisk(const QueueItem& item) const;
  /// It is loaded in the order of playing.
  [[nodiscard]] bool near(const QueueItem& item) const { return item.neededAt - view_.now < item.duration * 3; }

 private:
  [[nodiscard]] std::uint64_t httpBytesLeft(const QueueItem& item) const;
  [[nodiscard]] base::Duration timeForTries(const QueueItem& item) const;

  const SchedulerView& view_;
};

}  // namespace p2pml::engine
