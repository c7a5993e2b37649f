#include "engine/bandwidth.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/rng.hpp"

namespace p2pml::engine {
namespace {

base::TimePoint at(std::int64_t ms) { return base::TimePoint(base::milliseconds(ms)); }

TEST(BandwidthMeter, IsZeroBeforeAnythingCame) {
  BandwidthMeter meter;
  EXPECT_EQ(meter.bytesPerMillisecond(at(0)), 0);
  meter.add(at(1), 0);
  EXPECT_EQ(meter.bytesPerMillisecond(at(2)), 0);
}

TEST(BandwidthMeter, SumsOneSecondOfHundredSlots) {
  BandwidthMeter meter;
  meter.add(at(0), 100'000);
  meter.add(at(999), 200'000);
  EXPECT_EQ(meter.bytesPerMillisecond(at(999)), 300);
  meter.add(at(1000), 50'000);  // the slot of 0 ms is out, so this second has 250,000
  EXPECT_EQ(meter.bytesPerMillisecond(at(1000)), 300);
  meter.add(at(1009), 150'000);
  EXPECT_EQ(meter.bytesPerMillisecond(at(1009)), 400);
}

TEST(BandwidthMeter, RoundsDown) {
  BandwidthMeter meter;
  meter.add(at(0), 999);
  EXPECT_EQ(meter.bytesPerMillisecond(at(0)), 0);
  meter.add(at(0), 1);
  EXPECT_EQ(meter.bytesPerMillisecond(at(0)), 1);
  meter.add(at(0), 999);
  EXPECT_EQ(meter.bytesPerMillisecond(at(0)), 1);
}

TEST(BandwidthMeter, RemembersTheHighestSecondForAMinute) {
  BandwidthMeter meter;
  meter.add(at(0), 500'000);
  meter.add(at(20'000), 300'000);
  meter.add(at(40'000), 400'000);
  EXPECT_EQ(meter.bytesPerMillisecond(at(60'009)), 500);
  EXPECT_EQ(meter.bytesPerMillisecond(at(60'010)), 400);
  EXPECT_EQ(meter.bytesPerMillisecond(at(100'009)), 400);
  EXPECT_EQ(meter.bytesPerMillisecond(at(100'010)), 0);
}

TEST(BandwidthMeter, ASecondIsRememberedByItsEnd) {
  BandwidthMeter meter;
  meter.add(at(0), 100'000);
  meter.add(at(900), 100'000);
  EXPECT_EQ(meter.bytesPerMillisecond(at(60'900)), 200);
  EXPECT_EQ(meter.bytesPerMillisecond(at(60'910)), 0);
}

TEST(BandwidthMeter, StartsAgainAfterALongPause) {
  BandwidthMeter meter;
  meter.add(at(0), 9'000'000);
  meter.add(at(1'000'000), 7000);
  EXPECT_EQ(meter.bytesPerMillisecond(at(1'000'000)), 7);
}

TEST(BandwidthMeter, AgreesWithTheDefinitionOnRandomTraffic) {
  constexpr std::int64_t kEnd = 20'000;  // slots, i.e. 200 s
  base::Rng rng(7);
  BandwidthMeter meter;
  std::vector<std::uint64_t> slots(kEnd, 0);
  std::vector<std::uint64_t> seconds(kEnd, 0);
  for (std::int64_t slot = 0; slot < kEnd;) {
    const auto bytes = rng.below(100'000);
    const auto within = static_cast<std::int64_t>(rng.below(10));
    meter.add(at(slot * 10 + within), bytes);
    const auto i = static_cast<std::size_t>(slot);
    slots[i] += bytes;
    std::uint64_t sum = 0;
    for (std::int64_t s = std::max<std::int64_t>(0, slot - 99); s <= slot; ++s)
      sum += slots[static_cast<std::size_t>(s)];
    seconds[i] = sum;
    std::uint64_t highest = 0;
    for (std::int64_t s = std::max<std::int64_t>(0, slot - 6000); s <= slot; ++s) {
      highest = std::max(highest, seconds[static_cast<std::size_t>(s)]);
    }
    ASSERT_EQ(meter.bytesPerMillisecond(at(slot * 10 + 9)), static_cast<std::int64_t>(highest / 1000))
        << "slot " << slot;
    const std::uint64_t pause = rng.below(20) == 0 ? rng.below(800) : rng.below(5);
    slot += 1 + static_cast<std::int64_t>(pause);
  }
}

}  // namespace
}  // namespace p2pml::engine
