// Reckoning with DASH's time: whole numbers of units of a timescale, exactly, without overflow. Internal to the
// timeline.
#pragma once

#include <cstdint>
#include <limits>

#include "base/time.hpp"
#include "media/iso8601.hpp"

namespace p2pml::media {

// Products of a time and a timescale have more than 64 bits.
__extension__ typedef __int128 WideInteger;

constexpr WideInteger floorDivide(WideInteger value, WideInteger by) {
  const WideInteger quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}
constexpr WideInteger ceilDivide(WideInteger value, WideInteger by) { return -floorDivide(-value, by); }

/// Limited to kMaxManifestTime either way.
constexpr base::Duration clampedDuration(WideInteger microseconds) {
  const WideInteger max = kMaxManifestTime.count();
  return base::Duration(static_cast<std::int64_t>(microseconds > max    ? max
                                                  : microseconds < -max ? -max
                                                                        : microseconds));
}

/// `units` of 1/timescale seconds, rounded to the nearest microsecond, half up.
constexpr base::Duration durationOfUnits(WideInteger units, std::uint32_t timescale) {
  return clampedDuration(floorDivide(units * 2'000'000 + timescale, WideInteger{2} * timescale));
}

/// The units of 1/timescale seconds that fit in `duration` wholly.
constexpr WideInteger unitsIn(base::Duration duration, std::uint32_t timescale) {
  return floorDivide(WideInteger{duration.count()} * timescale, 1'000'000);
}

}  // namespace p2pml::media
