// Dates and durations as manifests write them: ISO 8601 as RFC 3339 and XML Schema have it.
//
// Text in, values out, exact to the microsecond, never through a double. Nothing here reads a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace p2pml::media {

/// The time of day in the world, which manifests speak of; the engine's own clock is another (base/time.hpp).
struct UnixClock {
  using duration = base::Duration;
  using rep = base::Duration::rep;
  using period = base::Duration::period;
  using time_point = std::chrono::time_point<UnixClock>;
  static constexpr bool is_steady = false;
};

/// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
using WallTime = UnixClock::time_point;

/// Of any duration and distance in a manifest: 3170 years.
inline constexpr base::Duration kMaxManifestTime = base::seconds(100'000'000'000);

/// `YYYY-MM-DDThh:mm[:ss[.f]][Z|+hh[:]mm|+hh]`. Also a space for the T, as some write it; without a zone it is UTC
/// (DASH-IF IOP 4.3 section 4.7.2). More than six fraction digits are cut. Nothing if it is no such text or no such
/// day.
std::optional<WallTime> parseDateTime(std::string_view text);

/// `2026-11-22T22:56:17.5Z`: UTC, the fraction without zeros at its end.
std::string dateTimeText(WallTime time);

/// xs:duration `[-]PnYnMnDTnHnMn.nS`, at most kMaxManifestTime either way. A year counts 365 days and a month 30, as
/// players count. Nothing if it is none or has no field at all.
std::optional<base::Duration> parseIsoDuration(std::string_view text);

}  // namespace p2pml::media
