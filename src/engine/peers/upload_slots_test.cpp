#include "engine/peers/upload_slots.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace p2pml::engine {
namespace {

using base::ConnectionId;

event::SegmentRequested wish(std::uint64_t peer, const std::string& segment) {
  return {ConnectionId(peer), Generation::g0, {base::SegmentId(segment), std::nullopt, 0}};
}

class UploadSlotsTest : public ::testing::Test {
 protected:
  /// "peer:segment" of the one whose turn it is, which is answered at once; "" if it is nobody's.
  std::string next() {
    const auto taken = slots.next(now, [&](ConnectionId connection) { return uploading.contains(connection.value); });
    if (!taken) return "";
    slots.answered(taken->connection);
    uploading.insert(taken->connection.value);
    return std::to_string(taken->connection.value) + ":" + std::get<base::SegmentId>(taken->request.segment).value;
  }
  void ask(std::uint64_t peer, const std::string& segment) { EXPECT_FALSE(slots.admit(wish(peer, segment))); }

  UploadSlots slots{2};
  std::set<std::uint64_t> uploading;
  base::TimePoint now{};
};

TEST_F(UploadSlotsTest, AsManyAsThereArePlacesInTheOrderOfAsking) {
  ask(1, "a");
  ask(2, "a");
  ask(3, "a");
  EXPECT_EQ(next(), "1:a");
  EXPECT_EQ(next(), "2:a");
  EXPECT_EQ(next(), "");
  uploading.erase(2);
  EXPECT_EQ(next(), "3:a");
  EXPECT_EQ(slots.waiting(), 0U);
}

TEST_F(UploadSlotsTest, NobodyHasTwoPlaces) {
  ask(1, "a");
  ask(1, "b");
  ask(2, "a");
  EXPECT_EQ(next(), "1:a");
  EXPECT_EQ(next(), "2:a");
  uploading.erase(2);
  EXPECT_EQ(next(), "") << "1 is still being sent a";
  uploading.erase(1);
  EXPECT_EQ(next(), "1:b");
}

TEST_F(UploadSlotsTest, AnAnswerThatIsStillBeingReadHoldsItsPlace) {
  ask(1, "a");
  ask(2, "a");
  ask(3, "a");
  const auto idle = [](ConnectionId) { return false; };
  EXPECT_TRUE(slots.next(now, idle));
  EXPECT_TRUE(slots.next(now, idle));
  EXPECT_FALSE(slots.next(now, idle));
  slots.answered(ConnectionId(1));
  EXPECT_TRUE(slots.next(now, idle));
}

TEST_F(UploadSlotsTest, WhoTakesLongerThanATurnKeepsNobodyWaiting) {
  ask(1, "a");
  ask(2, "a");
  ask(3, "a");
  ask(4, "a");
  EXPECT_EQ(next(), "1:a");
  now += UploadSlots::kTurn / 2;
  EXPECT_EQ(next(), "2:a");
  EXPECT_EQ(next(), "");
  now += UploadSlots::kTurn / 2;
  EXPECT_EQ(next(), "3:a");
  EXPECT_EQ(next(), "") << "2 still has its turn";
}

TEST_F(UploadSlotsTest, WhatIsCancelledIsNotServed) {
  ask(1, "a");
  ask(2, "a");
  slots.cancel(ConnectionId(1), wish(1, "a").request);
  slots.cancel(ConnectionId(1), wish(1, "b").request);
  EXPECT_EQ(next(), "2:a");
  EXPECT_EQ(next(), "");
}

TEST_F(UploadSlotsTest, WhatOnePeerCanMakeWaitIsBounded) {
  for (int i = 0; i < 4; ++i) ask(1, std::to_string(i));
  EXPECT_TRUE(slots.admit(wish(1, "5")));
  EXPECT_EQ(slots.waiting(), 4U);
}

TEST(UploadSlots, WithoutALimitNobodyWaits) {
  UploadSlots slots{0};
  for (std::uint64_t peer = 1; peer <= 50; ++peer) EXPECT_TRUE(slots.admit(wish(peer, "a")));
}

}  // namespace
}  // namespace p2pml::engine
