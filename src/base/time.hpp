// Time as the cores see it: integer microseconds that somebody else measured.
//
// EngineClock has no now(): a core that tries to read a clock does not compile. Adapters map their monotonic clock to
// it (native: steady_clock; browser: performance.now(); simulator: virtual time).
#pragma once

#include <chrono>
#include <cstdint>

namespace p2pml::base {

using Duration = std::chrono::duration<std::int64_t, std::micro>;

struct EngineClock {
  using duration = Duration;
  using rep = Duration::rep;
  using period = Duration::period;
  using time_point = std::chrono::time_point<EngineClock>;
  static constexpr bool is_steady = true;
};

using TimePoint = EngineClock::time_point;

inline constexpr TimePoint kNever = TimePoint::max();

constexpr Duration milliseconds(std::int64_t count) { return Duration(count * 1000); }
constexpr Duration seconds(std::int64_t count) { return Duration(count * 1'000'000); }
constexpr std::int64_t toMilliseconds(Duration d) { return d.count() / 1000; }
/// Milliseconds since the clock's origin, for logs and statistics.
constexpr std::int64_t toMilliseconds(TimePoint t) { return toMilliseconds(t.time_since_epoch()); }

}  // namespace p2pml::base
