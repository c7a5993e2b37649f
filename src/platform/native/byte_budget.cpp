#include "platform/native/byte_budget.hpp"

#include <algorithm>

namespace p2pml::native {

namespace {

/// A tenth of a second's worth may go at once, and at least one message of the usual size.
constexpr std::int64_t kBurstParts = 10;
constexpr std::int64_t kSmallestBurst = 16 * 1024;

}  // namespace

ByteBudget::ByteBudget(std::uint64_t bytesPerSecond)
    : perSecond_(static_cast<std::int64_t>(std::clamp<std::uint64_t>(bytesPerSecond, 1, 1ULL << 40))),
      most_(std::max(perSecond_ / kBurstParts, kSmallestBurst)),
      left_(most_) {}

void ByteBudget::earn(base::TimePoint now) {
  if (at_ != base::TimePoint::min() && now > at_) {
    // An hour is more than any debt, and keeps the product small.
    const std::int64_t past = std::min((now - at_).count(), base::seconds(3'600).count());
    const std::int64_t earned = past * perSecond_ / base::seconds(1).count();
    if (earned == 0) return;  // the rest of a byte is not forgotten
    left_ = std::min(left_ + earned, most_);
  }
  at_ = std::max(at_, now);
}

bool ByteBudget::take(base::TimePoint now, std::size_t size) {
  earn(now);
  if (left_ <= 0) return false;
  left_ -= static_cast<std::int64_t>(size);
  return true;
}

base::TimePoint ByteBudget::ready() const {
  if (left_ > 0) return at_;
  return at_ + base::Duration((1 - left_) * base::seconds(1).count() / perSecond_ + 1);
}

}  // namespace p2pml::native
