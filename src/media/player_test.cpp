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

}  // namespace
}  // namespace p2pml::media
