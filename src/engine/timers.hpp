// The engine's timers: one list for everything that is due at some time, in that order. No clock: the step says what
// time it is.
//
// There is one for each running download, handshake and peer that sends, so a few dozen at most; in one piece of memory
// they are searched and moved faster than a tree is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "base/time.hpp"

namespace p2pml::engine {

/// What a timer is for; `id` tells which one of its kind.
enum class TimerKind : std::uint8_t {
  randomHttp,           ///< httpDownloadProbabilityInterval
  initialHttp,          ///< httpDownloadInitialTimeoutPerSegment
  httpSilence,          ///< id: RequestId
  httpRetry,            ///< the first httpFailedSegmentTimeout of a queued segment ends
  connectionHandshake,  ///< id: ConnectionId
  connectionRetire,     ///< id: ConnectionId
  peerDownload,         ///< id: ConnectionId
  uploadLimit,          ///< id: ConnectionId
  mapBroadcast,         ///< the next segment map may go out
  policy,               ///< the policy's wakeAt()
};

struct TimerKey {
  TimerKind kind = TimerKind::randomHttp;
  std::uint64_t id = 0;
  friend auto operator<=>(const TimerKey&, const TimerKey&) = default;
};

class Timers {
 public:
  /// Sets or moves a timer.
  void set(TimerKey key, base::TimePoint when) {
    const Timer timer{when, key};
    const auto place = std::lower_bound(timers_.begin(), timers_.end(), timer, before);
    const auto old = find(key);
    if (old == timers_.end()) {
      timers_.insert(place, timer);
    } else if (old < place) {
      *std::move(old + 1, place, old) = timer;
    } else {
      std::move_backward(place, old, old + 1);
      *place = timer;
    }
  }
  void cancel(TimerKey key) {
    const auto found = find(key);
    if (found != timers_.end()) timers_.erase(found);
  }
  [[nodiscard]] bool active(TimerKey key) const { return find(key) != timers_.end(); }
  /// Takes out the earliest timer that is due; ties in the order of their keys.
  std::optional<TimerKey> takeDue(base::TimePoint now) {
    if (timers_.empty() || timers_.front().when > now) return std::nullopt;
    const TimerKey key = timers_.front().key;
    timers_.erase(timers_.begin());
    return key;
  }
  /// kNever if there is none.
  [[nodiscard]] base::TimePoint next() const { return timers_.empty() ? base::kNever : timers_.front().when; }
  void clear() { timers_.clear(); }

 private:
  struct Timer {
    base::TimePoint when;
    TimerKey key;
  };
  static bool before(const Timer& a, const Timer& b) { return std::tie(a.when, a.key) < std::tie(b.when, b.key); }
  [[nodiscard]] std::vector<Timer>::iterator find(TimerKey key) {
    return std::find_if(timers_.begin(), timers_.end(), [&](const Timer& timer) { return timer.key == key; });
  }
  [[nodiscard]] std::vector<Timer>::const_iterator find(TimerKey key) const {
    return std::find_if(timers_.begin(), timers_.end(), [&](const Timer& timer) { return timer.key == key; });
  }

  std::vector<Timer> timers_;
};

}  // namespace p2pml::engine
