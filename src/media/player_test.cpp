#include "media/player.hpp"

#include <gtest/gtest.h>

namespace p2pml::media {
namespace {

using base::milliseconds;
using base::seconds;
using base::TimePoint;
using Kind = PlayerAction::Kind;

class PlayerTest : public ::testing::Test {
 protected:
  Player::Actions take() { return std::exchange(actions, {}); }
  /// Runs all deadlines up to `to`.
  void runTo(base::Duration to) {
    while (player.deadline() <= TimePoint(to)) player.onTick(player.deadline(), actions);
    now = TimePoint(to);
  }
  void deliver(std::int64_t n) { player.onDelivered(now, n, actions); }

  Player player{{.ahead = 2, .forward = 4, .segmentDuration = seconds(4)}};
  Player::Actions actions;
  TimePoint now{};
};

TEST_F(PlayerTest, RequestsOneAtATimeUpToTheBuffer) {
  player.setAvailable(now, 10, true, actions);
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 0, 4, 0}}));
  runTo(milliseconds(100));
  deliver(0);
  EXPECT_EQ(player.startup(), milliseconds(100));
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 1, 4, 0}}));
  deliver(1);
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 2, 4, 0}}));
  deliver(2);
  EXPECT_TRUE(take().empty());  // 0 is played, 1 and 2 are ahead
  EXPECT_EQ(player.buffered(now), seconds(12));
  runTo(milliseconds(4099));
  EXPECT_TRUE(take().empty());
  runTo(milliseconds(4100));
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 3, 4, 1}}));
  EXPECT_DOUBLE_EQ(player.position(TimePoint(milliseconds(6100))), 1.5);
}

TEST_F(PlayerTest, PlayheadEnteringASegmentReloadsAPendingRequest) {
  player.setAvailable(now, 10, true, actions);
  deliver(0);
  deliver(1);
  take();
  runTo(seconds(4));
  EXPECT_EQ(take(), (Player::Actions{{Kind::reload, 2, 4, 1}}));
  EXPECT_EQ((PlayerAction{Kind::reload, 2, 4, 1}.priority(5)), 4);
  EXPECT_EQ((PlayerAction{Kind::reload, 2, 4, 1}.priority(1)), 0);
}

TEST_F(PlayerTest, StallsAreMeasuredFromTheEndOfWhatWasThere) {
  player.setAvailable(now, 10, true, actions);
  deliver(0);
  runTo(milliseconds(5500));
  EXPECT_FALSE(player.playing());
  deliver(1);
  ASSERT_EQ(player.stalls().size(), 1U);
  EXPECT_EQ(player.stalls()[0].at, TimePoint(seconds(4)));
  EXPECT_EQ(player.stalls()[0].segment, 1);
  EXPECT_EQ(player.stalls()[0].length, milliseconds(1500));
  EXPECT_TRUE(player.playing());
}

TEST_F(PlayerTest, EndsWhenAllIsPlayed) {
  player.setAvailable(now, 2, true, actions);
  deliver(0);
  deliver(1);
  runTo(milliseconds(7999));
  EXPECT_FALSE(player.done());
  runTo(seconds(8));
  EXPECT_TRUE(player.done());
  EXPECT_EQ(player.deadline(), base::kNever);
  EXPECT_TRUE(player.stalls().empty());
}

TEST_F(PlayerTest, LiveWaitsForMoreAndReloadsWhenTheListGrows) {
  player.setAvailable(now, 1, false, actions);
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 0, 1, 0}}));
  player.setAvailable(now, 2, false, actions);
  EXPECT_EQ(take(), (Player::Actions{{Kind::reload, 0, 2, 0}}));
  deliver(0);
  take();
  deliver(1);
  EXPECT_TRUE(take().empty());
  runTo(seconds(8));
  EXPECT_FALSE(player.done());
  EXPECT_FALSE(player.playing());
  runTo(seconds(9));
  player.setAvailable(now, 3, true, actions);
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 2, 1, 2}}));
  deliver(2);
  EXPECT_EQ(player.stalls().at(0).length, seconds(1));
}

TEST_F(PlayerTest, RetriesAfter1248SecondsThenSkips) {
  player.setAvailable(now, 3, true, actions);
  take();
  const base::Duration waits[] = {seconds(1), seconds(2), seconds(4), seconds(8), seconds(16)};
  for (const base::Duration wait : waits) {
    player.onFailed(now, 0, actions);
    EXPECT_TRUE(take().empty());
    EXPECT_EQ(player.deadline(), now + wait);
    runTo(now.time_since_epoch() + wait);
    EXPECT_EQ(take().size(), 1U);
  }
  player.onFailed(now, 0, actions);
  EXPECT_EQ(player.skipped(), 1);
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 1, 2, 1}}));
}

TEST_F(PlayerTest, AbortIsRetriedIn50MsAndSilenceIn20S) {
  player.setAvailable(now, 3, true, actions);
  take();
  player.onAborted(now, 0, actions);
  EXPECT_EQ(player.deadline(), now + milliseconds(50));
  runTo(milliseconds(50));
  EXPECT_EQ(take().size(), 1U);
  EXPECT_EQ(player.deadline(), now + seconds(20));
  runTo(milliseconds(20'050));
  EXPECT_EQ(player.failures(), 2);
}

TEST_F(PlayerTest, DurationsMayDiffer) {
  Player uneven({.ahead = 5, .durations = {seconds(1), seconds(3)}});
  uneven.setAvailable(now, 2, true, actions);
  uneven.onDelivered(now, 0, actions);
  uneven.onDelivered(now, 1, actions);
  EXPECT_EQ(uneven.buffered(now), seconds(4));
  EXPECT_EQ(uneven.deadline(), TimePoint(seconds(1)));
  uneven.onTick(TimePoint(seconds(1)), actions);
  EXPECT_EQ(uneven.deadline(), TimePoint(seconds(4)));
}

TEST_F(PlayerTest, UnaskedSegmentsAreIgnored) {
  player.setAvailable(now, 3, true, actions);
  deliver(1);
  EXPECT_EQ(player.next(), 0);
  player.onFailed(now, 2, actions);
  EXPECT_EQ(player.failures(), 0);
}

TEST_F(PlayerTest, APauseStopsThePictureButNotTheLoading) {
  player.setAvailable(now, 10, true, actions);
  deliver(0);
  runTo(seconds(1));
  player.pause(now, actions);
  take();
  EXPECT_EQ(player.buffered(now), seconds(3));
  deliver(1);
  deliver(2);
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 2, 4, 0}}));  // ahead = 2 is full then
  EXPECT_EQ(player.deadline(), base::kNever);
  runTo(seconds(100));
  EXPECT_EQ(player.buffered(now), seconds(11));
  EXPECT_DOUBLE_EQ(player.position(now), 0.25);
  EXPECT_EQ(player.neededIn(now, 2), seconds(7));
  player.resume(now, actions);
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(player.deadline(), TimePoint(seconds(103)));
  runTo(seconds(103));
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 3, 4, 1}}));
  EXPECT_TRUE(player.stalls().empty());
}

TEST_F(PlayerTest, AStallUnderAPauseEndsWithTheSegment) {
  player.setAvailable(now, 10, true, actions);
  deliver(0);
  runTo(seconds(5));
  EXPECT_TRUE(player.stalled());
  player.pause(now, actions);
  runTo(seconds(8));
  deliver(1);
  ASSERT_EQ(player.stalls().size(), 1U);
  EXPECT_EQ(player.stalls()[0].length, seconds(4));
  runTo(seconds(20));
  EXPECT_DOUBLE_EQ(player.position(now), 1.0);
  player.resume(now, actions);
  EXPECT_EQ(player.buffered(now), seconds(4));
}

TEST_F(PlayerTest, ASeekIntoTheBufferPlaysAtOnce) {
  player.setAvailable(now, 10, true, actions);
  deliver(0);
  deliver(1);
  take();
  player.seek(now, 1, actions);
  EXPECT_TRUE(player.playing());
  EXPECT_EQ(take(), (Player::Actions{{Kind::reload, 2, 4, 1}}));
  EXPECT_EQ(player.seeksWaited(), 0);
  EXPECT_EQ(player.neededIn(now, 2), seconds(4));
  EXPECT_EQ(player.neededIn(now, 0), seconds(0));
}

TEST_F(PlayerTest, ASeekElsewhereWaitsWithoutAStall) {
  player.setAvailable(now, 10, true, actions);
  deliver(0);
  take();
  runTo(seconds(1));
  player.seek(now, 7, actions);
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 7, 3, 7}}));
  EXPECT_FALSE(player.playing());
  deliver(1);  // of before the seek
  EXPECT_FALSE(player.playing());
  runTo(seconds(3));
  deliver(7);
  EXPECT_TRUE(player.playing());
  EXPECT_EQ(player.seeksWaited(), 1);
  EXPECT_EQ(player.seekWait(), seconds(2));
  EXPECT_TRUE(player.stalls().empty());
  take();
  // Back to what was thrown away.
  player.seek(now, 0, actions);
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 0, 4, 0}}));
}

TEST_F(PlayerTest, ASeekAfterTheEndPlaysAgain) {
  player.setAvailable(now, 1, true, actions);
  deliver(0);
  runTo(seconds(4));
  EXPECT_TRUE(player.done());
  take();
  player.seek(now, 0, actions);
  EXPECT_EQ(take(), (Player::Actions{{Kind::request, 0, 1, 0}}));
  deliver(0);
  runTo(seconds(8));
  EXPECT_TRUE(player.done());
}

TEST_F(PlayerTest, ASeekEndsAStallAndASkippedSegmentIsPlayedIfItComesThen) {
  player.setAvailable(now, 10, true, actions);
  deliver(0);
  for (int i = 0; i < 6; ++i) {
    player.onFailed(now, 1, actions);
    runTo(now.time_since_epoch() + seconds(1 << i));
  }
  EXPECT_EQ(player.skipped(), 1);
  EXPECT_TRUE(player.stalled());
  const auto stalls = player.stalls().size();
  player.seek(now, 1, actions);
  EXPECT_EQ(player.stalls().size(), stalls + 1);
  deliver(1);
  EXPECT_EQ(player.buffered(now), seconds(4));
}

}  // namespace
}  // namespace p2pml::media
