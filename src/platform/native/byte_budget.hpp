// Bytes that may be sent, or taken: so many a second, and a little at once. Shared by all ports that have one limit.
//
// Has no clock: who asks says what time it is, always by the same clock. Used on one loop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace p2pml::native {

class ByteBudget {
 public:
  explicit ByteBudget(std::uint64_t bytesPerSecond);

  /// True if something may go now; then `size` is taken, also beyond what is left, and has to be earned again.
  bool take(base::TimePoint now, std::size_t size);
  /// When take() will be true again.
  [[nodiscard]] base::TimePoint ready() const;

 private:
  void earn(base::TimePoint now);

  std::int64_t perSecond_;
  std::int64_t most_;
  std::int64_t left_;
  base::TimePoint at_ = base::TimePoint::min();
};

}  // namespace p2pml::native
