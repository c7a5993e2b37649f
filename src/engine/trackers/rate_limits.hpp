// Two small limits on simulated time: a bucket for what a remote may send, a log for what we may send.
//
// Both are values owned by whoever counts with them; `now` never goes back; integer time, so every platform agrees.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace p2pml::engine {

/// At most `burst` things at once, refilled evenly so that `burst` more are allowed per `window` (generic cell rate
/// algorithm).
class RateLimit {
 public:
  constexpr RateLimit(std::int64_t burst, base::Duration window)
      : step_(window / burst), room_(window - window / burst) {}

  /// True and counted if one more is allowed now.
  constexpr bool take(base::TimePoint now) {
    const base::TimePoint start = std::max(theoretical_, now);
    if (start - now > room_) return false;
    theoretical_ = start + step_;
    return true;
  }

 private:
  base::Duration step_;
  base::Duration room_;
  base::TimePoint theoretical_{base::Duration::min()};
};

/// The last kCapacity moments at which something was done: how often within the last `window`, and when it may be done
/// again. The newest entries replace the oldest: a limit above kCapacity cannot be kept.
class RecentLog {
 public:
  static constexpr std::size_t kCapacity = 40;

  explicit constexpr RecentLog(base::Duration window) : window_(window) {}

  constexpr void add(base::TimePoint now) {
    times_[(first_ + count_) % kCapacity] = now;
    if (count_ < kCapacity) {
      ++count_;
    } else {
      first_ = (first_ + 1) % kCapacity;
    }
  }

  /// How many lie within (now - window, now].
  [[nodiscard]] constexpr std::size_t recent(base::TimePoint now) {
    while (count_ > 0 && times_[first_] + window_ <= now) {
      first_ = (first_ + 1) % kCapacity;
      --count_;
    }
    return count_;
  }

  /// The earliest moment at which `needed` more still make at most `limit` within the window.
  /// Precondition: needed <= limit.
  [[nodiscard]] constexpr base::TimePoint freeAt(base::TimePoint now, std::size_t needed, std::size_t limit) {
    const std::size_t have = recent(now);
    if (have + needed <= limit) return now;
    const std::size_t mustExpire = have + needed - limit;
    return times_[(first_ + mustExpire - 1) % kCapacity] + window_;
  }

 private:
  base::Duration window_;
  std::array<base::TimePoint, kCapacity> times_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace p2pml::engine
