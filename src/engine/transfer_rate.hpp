// How fast one source delivers: of the download that runs, and of those that have ended.
//
// Owned by whoever takes the bytes: a peer's session, the HTTP downloads. Whole numbers only, so that every compiler
// comes to the same decision.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace p2pml::engine {

/// What is known of a running download.
struct Progress {
  std::uint64_t received = 0;        ///< bytes of the segment that are here, also those of earlier sources
  std::uint64_t total = 0;           ///< 0: not known yet
  std::uint64_t bytesPerSecond = 0;  ///< lately; 0: nothing has come yet
  base::TimePoint startedAt{};       ///< when this source was asked
  std::uint64_t behindHole = 0;      ///< of these, behind bytes that are still missing: another source cannot use them
  base::TimePoint byteAt{};          ///< the latest byte, or `startedAt`; of several sources the one silent for longest
  base::Duration rest{};             ///< several sources: what the slowest of them takes for its part; 0: not known

  friend bool operator==(const Progress&, const Progress&) = default;
};

/// Bytes per second over the last one to two periods.
class RunningRate {
 public:
  static constexpr base::Duration kPeriod = base::milliseconds(500);

  void start(base::TimePoint now) { *this = RunningRate(now); }
  void add(base::TimePoint now, std::uint64_t bytes) {
    byteAt_ = now;
    if (now - periodStart_ >= kPeriod) {
      // A pause longer than a period belongs to the present one.
      previousStart_ = periodStart_;
      previousBytes_ = bytes_;
      periodStart_ = now;
      bytes_ = 0;
    }
    bytes_ += bytes;
    total_ += bytes;
  }
  /// 0 before the first byte. What has come within the first few milliseconds counts as having taken them all.
  [[nodiscard]] std::uint64_t bytesPerSecond(base::TimePoint now) const {
    const base::Duration span = std::max(now - previousStart_, base::milliseconds(10));
    return (previousBytes_ + bytes_) * 1'000'000 / static_cast<std::uint64_t>(span.count());
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  /// The latest byte, or the start.
  [[nodiscard]] base::TimePoint byteAt() const { return byteAt_; }

  RunningRate() = default;

 private:
  explicit RunningRate(base::TimePoint now) : periodStart_(now), previousStart_(now), byteAt_(now) {}

  base::TimePoint periodStart_{};
  base::TimePoint previousStart_{};
  base::TimePoint byteAt_{};
  std::uint64_t bytes_ = 0;
  std::uint64_t previousBytes_ = 0;
  std::uint64_t total_ = 0;
};

/// A mean that forgets: each new value counts for a quarter.
class SmoothedValue {
 public:
  void add(std::uint64_t value) {
    value_ = value_ == 0 ? value : value_ - value_ / 4 + value / 4;
    if (value_ == 0) value_ = 1;
  }
  /// 0: never measured.
  [[nodiscard]] std::uint64_t get() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

/// Bytes per second of a download that has ended; 0 for one too small to tell.
constexpr std::uint64_t rateOf(std::uint64_t bytes, base::Duration took) {
  constexpr std::uint64_t kTellingBytes = 4096;
  if (bytes < kTellingBytes) return 0;
  return bytes * 1'000'000 / static_cast<std::uint64_t>(std::max(took, base::milliseconds(1)).count());
}

}  // namespace p2pml::engine
