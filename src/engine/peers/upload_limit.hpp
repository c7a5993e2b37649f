// How much may be uploaded: a token bucket of the setting uploadBandwidthLimit.
//
// Owned by the loader; every session asks it before it sends bytes of a segment. Commands are never held back. No
// clock: the step says what time it is.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace p2pml::engine {

class UploadLimit {
 public:
  /// What may go out in one burst: as much as the limit allows in this time.
  static constexpr base::Duration kBurst = base::milliseconds(250);

  /// Bytes per second; 0: no limit.
  explicit UploadLimit(std::int64_t bytesPerSecond) : limit_(bytesPerSecond) {}

  /// Bytes of a segment may go out. A message may be larger than what is left: then the next waits for the more.
  [[nodiscard]] bool allows(base::TimePoint now) { return limit_ == 0 || fill(now) > 0; }
  void take(std::uint64_t bytes) {
    if (limit_ > 0) left_ -= static_cast<std::int64_t>(bytes);
  }
  /// When allows() is true again, if it is not.
  [[nodiscard]] base::TimePoint allowsAt() const {
    return filledAt_ + base::Duration((1 - left_) * 1'000'000 / limit_ + 1);
  }

 private:
  std::int64_t fill(base::TimePoint now) {
    const std::int64_t most = std::max<std::int64_t>(limit_ * kBurst.count() / 1'000'000, 1);
    if (!started_) {
      started_ = true;
      left_ = most;
      filledAt_ = now;
    }
    // Whole bytes only: the rest of the time counts for the next one.
    const base::Duration since = std::min(now - filledAt_, base::seconds(3600));
    const std::int64_t bytes = since.count() * limit_ / 1'000'000;
    if (left_ + bytes >= most) {
      left_ = most;
      filledAt_ = now;
    } else if (bytes > 0) {
      left_ += bytes;
      filledAt_ += base::Duration(bytes * 1'000'000 / limit_);
    }
    return left_;
  }

  const std::int64_t limit_;
  std::int64_t left_ = 0;
  base::TimePoint filledAt_{};
  bool started_ = false;
};

}  // namespace p2pml::engine
