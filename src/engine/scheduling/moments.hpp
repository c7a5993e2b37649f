// When HTTP must begin with a segment, and what will be here in time: how the cooperative policy tells the time. Of one
// look at the queue; decides nothing by itself.
#pragma once

#include <cstdint>

#include "engine/scheduling/policy.hpp"

namespace p2pml::engine {

class Moments {
 public:
  /// What a peer gets to begin with its answer.
  static constexpr base::Duration kTrialTime = base::milliseconds(500);

  /// For so long an origin that failed is taken for one that may fail again.
  static constexpr base::Duration kTroubleTime = base::seconds(60);

  /// `troubleTold`: others say that the origin fails, or that a validator has refused something.
  explicit Moments(const SchedulerView& view, bool troubleTold = false) : view_(view), troubleTold_(troubleTold) {}

  /// What of the segment is missing, whoever brings it.
  [[nodiscard]] std::uint64_t bytesLeft(const QueueItem& item) const;
  /// How long HTTP takes for what it would have to bring.
  [[nodiscard]] base::Duration httpTime(const QueueItem& item) const;
  /// When HTTP must start so that it is in time even if it is half again as slow as lately, with time for more tries
  /// where an answer may be wrong.
  [[nodiscard]] base::TimePoint latest(const QueueItem& item) const;
  [[nodiscard]] bool urgent(const QueueItem& item) const { return view_.now >= latest(item); }
  /// The same if nothing of the segment were here: what has begun late stays urgent while it comes.
  [[nodiscard]] bool beganUrgent(const QueueItem& item) const { return urgent(untouched(item)); }
  /// A peer of that speed is as good as HTTP: it will be done with time to spare, or no later than HTTP would be.
  [[nodiscard]] bool inTime(const QueueItem& item, std::uint64_t bytesPerSecond) const {
    return inTime(item, bytesPerSecond, base::Duration());
  }
  /// The same of the peers that send it now: as the slowest of them will be, and none of them has stopped.
  [[nodiscard]] bool comesInTime(const QueueItem& item) const;
  /// The origin gives nothing now, and peers do: a request would only end what they send.
  [[nodiscard]] bool betterThanNothing(const QueueItem& item) const;
  /// There is time to ask a peer and to take HTTP if no answer comes.
  [[nodiscard]] bool peerMayTry(const QueueItem& item) const;
  /// HTTP brings what the player needs next; or at the speed of lately the download comes after the player needs it, or
  /// next to that; where an answer may be wrong: too late for another try.
  [[nodiscard]] bool atRisk(const QueueItem& item) const;
  /// The peers that send it will not have done so before HTTP has to begin.
  [[nodiscard]] bool needsHelp(const QueueItem& item) const;
  /// Peers are at it, and will not have sent it before a segment's duration is over.
  [[nodiscard]] bool slow(const QueueItem& item) const;
  /// The rest costs the origin little.
  [[nodiscard]] bool nearlyHere(const QueueItem& item) const {
    return item.progress.total > 0 && item.progress.received >= item.progress.total / 4 * 3;
  }
  /// It is loaded in the order of playing.
  [[nodiscard]] bool near(const QueueItem& item) const { return item.neededAt - view_.now < item.duration * 3; }

 private:
  [[nodiscard]] bool inTime(const QueueItem& item, std::uint64_t bytesPerSecond, base::Duration atLeast) const;
  [[nodiscard]] std::uint64_t httpBytesLeft(const QueueItem& item) const;
  /// Lately the origin has failed, or a validator has refused something, here or at some of those near.
  [[nodiscard]] bool mayFail() const;
  /// For one download more, where a validator may refuse what is here in time.
  [[nodiscard]] base::Duration timeIfRefused(const QueueItem& item) const;
  [[nodiscard]] base::Duration timeForTries(const QueueItem& item) const;
  [[nodiscard]] static QueueItem untouched(QueueItem item);

  const SchedulerView& view_;
  const bool troubleTold_;
};

}  // namespace p2pml::engine
