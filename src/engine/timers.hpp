// The engine's timers: one ordered set for everything that is due at some time. No clock: the step says what time it
// is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

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
  mapBroadcast,         ///< the next segment map may go out
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
    cancel(key);
    at_[key] = when;
    order_.emplace(when, key);
  }
  void cancel(TimerKey key) {
    const auto found = at_.find(key);
    if (found == at_.end()) return;
    order_.erase({found->second, key});
    at_.erase(found);
  }
  [[nodiscard]] bool active(TimerKey key) const { return at_.contains(key); }
  /// Takes out the earliest timer that is due; ties in the order of their keys.
  std::optional<TimerKey> takeDue(base::TimePoint now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    const TimerKey key = order_.begin()->second;
    cancel(key);
    return key;
  }
  /// kNever if there is none.
  [[nodiscard]] base::TimePoint next() const { return order_.empty() ? base::kNever : order_.begin()->first; }
  void clear() {
    at_.clear();
    order_.clear();
  }

 private:
  std::map<TimerKey, base::TimePoint> at_;
  std::set<std::pair<base::TimePoint, TimerKey>> order_;
};

}  // namespace p2pml::engine
