#include "engine/bandwidth.hpp"

namespace p2pml::engine {

namespace {
std::int64_t slotOf(base::TimePoint time) { return time.time_since_epoch() / BandwidthMeter::kSlot; }
}  // namespace

void BandwidthMeter::add(base::TimePoint now, std::uint64_t bytes) {
  if (bytes == 0) return;
  const std::int64_t slot = slotOf(now);
  while (!second_.empty() && slot - second_.front().number >= kSlotsPerSecond) {
    secondSum_ -= second_.front().bytes;
    second_.pop_front();
  }
  if (second_.empty() || second_.back().number != slot) second_.push_back({slot, 0});
  second_.back().bytes += bytes;
  secondSum_ += bytes;

  while (!highest_.empty() && highest_.back().bytes <= secondSum_) highest_.pop_back();
  highest_.push_back({slot, secondSum_});
  while (slot - highest_.front().number > kSlotsRemembered) highest_.pop_front();
}

std::int64_t BandwidthMeter::bytesPerMillisecond(base::TimePoint now) {
  const std::int64_t slot = slotOf(now);
  while (!highest_.empty() && slot - highest_.front().number > kSlotsRemembered) highest_.pop_front();
  return highest_.empty() ? 0 : static_cast<std::int64_t>(highest_.front().bytes / 1000);
}

}  // namespace p2pml::engine
