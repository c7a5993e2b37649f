// How much the own line gives to peers: what channels have passed on within the best second lately; and how many a line
// can serve at a time.
//
// Owned by the transfer meter, fed by the sessions of p2pml nodes. Whole numbers only. What always holds: it is never
// more than what has gone out within a second, so a line that nobody asks much of seems slower than it is.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace p2pml::engine {

class Uplink {
 public:
  /// Channels have passed on so many bytes more. `now` never goes back.
  void passedOn(base::TimePoint now, std::uint64_t bytes) {
    if (now - start_ >= kPeriod) {
      // What was better is forgotten by a 32nd with each second in which something goes out.
      best_ = std::max(bytes_, best_ - best_ / 32);
      start_ = now;
      bytes_ = 0;
    }
    bytes_ += bytes;
  }
  /// 0: not known yet.
  [[nodiscard]] std::uint64_t bytesPerSecond() const { return best_; }

  /// Answers at a time while the line is not known.
  static constexpr std::uint64_t kUsualAnswers = 3;
  static constexpr std::uint64_t kMostAnswers = 8;

  /// Answers that the line serves at a time, each at three and a half times the pace of playing; one more where the
  /// last of them gets less, so that a line which could give more is seen to. At least one. `segmentBytes` are played
  /// in `duration`; 0: not known.
  [[nodiscard]] std::uint64_t answersAtATime(std::uint64_t segmentBytes, base::Duration duration) const {
    constexpr std::uint64_t kMostBytes = 1ULL << 32;
    const auto each = duration <= base::Duration() ? 0
                                                   : std::min(segmentBytes, kMostBytes) * (1'000'000 * 7 / 2) /
                                                         static_cast<std::uint64_t>(duration.count());
    if (best_ == 0 || each == 0) return kUsualAnswers;
    return std::min((best_ - 1) / each + 1, kMostAnswers);
  }

 private:
  static constexpr base::Duration kPeriod = base::seconds(1);

  base::TimePoint start_{};
  std::uint64_t bytes_ = 0;
  std::uint64_t best_ = 0;
};

}  // namespace p2pml::engine
