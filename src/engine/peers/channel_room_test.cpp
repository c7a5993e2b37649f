#include "engine/peers/channel_room.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

using base::milliseconds;
using base::TimePoint;

constexpr std::uint64_t kKiB = 1024;

TimePoint at(std::int64_t ms) { return TimePoint(milliseconds(ms)); }

TEST(ChannelRoom, IsAllThereIsUntilSomethingIsKnown) {
  ChannelRoom room;
  EXPECT_EQ(room.bytes(), 256 * kKiB);
  // What has gone at once has not waited.
  room.onDrained(at(5000), 256 * kKiB, 256 * kKiB);
  room.onDrained(at(9000), 512 * kKiB, 512 * kKiB);
  EXPECT_EQ(room.bytes(), 256 * kKiB);
}

TEST(ChannelRoom, IsWhatGoesInAFifthOfASecond) {
  ChannelRoom room;
  room.onDrained(at(0), 256 * kKiB, 64 * kKiB);
  room.onDrained(at(399), 256 * kKiB, 255 * kKiB);
  EXPECT_EQ(room.bytes(), 256 * kKiB);  // the last of it has not gone yet
  room.onDrained(at(400), 256 * kKiB, 256 * kKiB);
  EXPECT_EQ(room.bytes(), 128 * kKiB);
  // Between half of that and all of it nothing changes.
  room.onDrained(at(500), 384 * kKiB, 320 * kKiB);
  room.onDrained(at(600), 384 * kKiB, 384 * kKiB);
  EXPECT_EQ(room.bytes(), 128 * kKiB);
}

TEST(ChannelRoom, IsNeverLessThanAChannelMayKeepToItself) {
  ChannelRoom room;
  room.onDrained(at(0), 256 * kKiB, 64 * kKiB);
  room.onDrained(at(60'000), 256 * kKiB, 256 * kKiB);
  EXPECT_EQ(room.bytes(), 96 * kKiB);
}

TEST(ChannelRoom, DoublesWhereAllGoesSoon) {
  ChannelRoom room;
  room.onDrained(at(0), 256 * kKiB, 64 * kKiB);
  room.onDrained(at(60'000), 300 * kKiB, 256 * kKiB);
  room.onDrained(at(60'099), 300 * kKiB, 300 * kKiB);
  EXPECT_EQ(room.bytes(), 192 * kKiB);
  room.onDrained(at(61'000), 400 * kKiB, 301 * kKiB);
  room.onDrained(at(61'001), 400 * kKiB, 400 * kKiB);
  EXPECT_EQ(room.bytes(), 256 * kKiB);
}

}  // namespace
}  // namespace p2pml::engine
