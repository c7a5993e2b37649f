// How much may wait in the channel to one peer.
//
// What was handed to a channel cannot be called back: it comes before the next command to that peer, and when the peer
// has long asked somebody else it still takes its line. So no more is handed over than the channel passes on in a fifth
// of a second; the time is that which the last byte in line has waited (the measure of RFC 8289 section 3). Whole
// numbers only. Owned by NodeOutbox.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace p2pml::engine {

class ChannelRoom {
 public:
  /// Bytes at most, and until something is known.
  static constexpr std::uint64_t kMost = 256 * 1024;
  /// Bytes at least. A channel need not tell of its last 64 KiB that they have gone (platform/web/interface.hpp), so it
  /// is more than that.
  static constexpr std::uint64_t kLeast = 96 * 1024;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  /// Of `handedOver` bytes the channel has passed on `drained`. Neither ever goes back, nor does `now`.
  void onDrained(base::TimePoint now, std::uint64_t handedOver, std::uint64_t drained) {
    if (drained < last_) return;
    if (last_ != 0) adapt(static_cast<std::uint64_t>((now - since_).count()));
    last_ = handedOver > drained ? handedOver : 0;
    since_ = now;
  }

 private:
  static constexpr std::uint64_t kWait = 200'000;  // microseconds

  void adapt(std::uint64_t waited) {
    if (waited > kWait) bytes_ = std::max(bytes_ * kWait / waited, kLeast);
    if (waited < kWait / 2) bytes_ = std::min(bytes_ * 2, kMost);
  }

  std::uint64_t bytes_ = kMost;
  std::uint64_t last_ = 0;  // the byte whose wait is measured; 0: none
  base::TimePoint since_{};
};

}  // namespace p2pml::engine
