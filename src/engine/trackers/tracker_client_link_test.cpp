// Connections: opening, losing, backing off; and trackers that misbehave.
#include "engine/trackers/tracker_client.hpp"
#include "engine/trackers/tracker_client_fixture.hpp"

namespace p2pml::engine {
namespace {

using base::milliseconds;
using base::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TrackerLinkTest : public TrackerClientTest {
 protected:
  /// Runs until the next socket is opened: how long that took, in milliseconds.
  std::int64_t waitForReconnect() {
    EXPECT_THAT(takeOut<output::OpenSocket>(), IsEmpty());
    const base::TimePoint from = now_;
    EXPECT_NE(client_->deadline(), base::kNever);
    now_ = client_->deadline();
    client_->onTick(now_, out_, events_);
    const auto sockets = takeOut<output::OpenSocket>();
    EXPECT_THAT(sockets, SizeIs(1));
    if (!sockets.empty()) socket_ = sockets[0].socket;
    return base::toMilliseconds(now_ - from);
  }
  void wait(base::Duration duration) { runTo(now_ + duration); }

  base::SocketId socket_ = kFirst;
};

// ----------------------------------------------------------------------------------------------------------- reconnect

TEST_F(TrackerLinkTest, BacksOffExponentiallyWithJitter) {
  make({"wss://one"}, 0);
  join(swarmA_);
  EXPECT_THAT(takeOut<output::OpenSocket>(), SizeIs(1));
  for (const std::int64_t exact : {1000, 2000, 4000, 8000, 16'000, 30'000, 30'000, 30'000}) {
    closed(socket_);
    const auto errors = takeOut<output::TrackerError>();
    ASSERT_THAT(errors, SizeIs(1));
    EXPECT_EQ(errors[0].url, "wss://one");
    EXPECT_EQ(errors[0].error, (base::Error{base::ErrorCode::unavailable, "gone"}));
    const std::int64_t waited = waitForReconnect();
    EXPECT_GE(waited, exact * 8 / 10);
    EXPECT_LE(waited, exact * 12 / 10);
  }
  EXPECT_EQ(lastSocketId_, 9U);
}

TEST_F(TrackerLinkTest, JitterComesFromTheGenerator) {
  std::set<std::int64_t> waits;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    rng_ = base::Rng(seed);
    lastSocketId_ = 0;
    make({"wss://one"}, 0);
    join(swarmA_);
    closed(kFirst);
    waits.insert((client_->deadline() - now_).count());
  }
  EXPECT_GT(waits.size(), 15U);
  EXPECT_LT(*waits.begin(), 900'000);
  EXPECT_GT(*waits.rbegin(), 1'100'000);
}

TEST_F(TrackerLinkTest, AShortConnectionDoesNotEndTheBackoffALongOneDoes) {
  make({"wss://one"}, 0);
  join(swarmA_);
  takeOut<output::OpenSocket>();
  closed(socket_);
  waitForReconnect();
  opened(socket_);
  wait(seconds(10) - milliseconds(1));
  closed(socket_);
  EXPECT_GE(waitForReconnect(), 1600);
  opened(socket_);
  wait(seconds(10));
  closed(socket_);
  EXPECT_LE(waitForReconnect(), 1200);
}

TEST_F(TrackerLinkTest, AValidMessageEndsTheBackoff) {
  make({"wss://one"}, 0);
  join(swarmA_);
  takeOut<output::OpenSocket>();
  closed(socket_);
  waitForReconnect();
  closed(socket_);
  EXPECT_GE(waitForReconnect(), 1600);
  opened(socket_);
  respond(swarmA_, 120, socket_);
  closed(socket_);  // as wt-tracker does after a stale answer
  EXPECT_LE(waitForReconnect(), 1200);
}

TEST_F(TrackerLinkTest, AFailureOfTheTrackerDoesNotEndTheBackoff) {
  make({"wss://one"}, 0);
  join(swarmA_);
  takeOut<output::OpenSocket>();
  closed(socket_);
  waitForReconnect();
  opened(socket_);
  receive(R"({"failure reason":"no"})", socket_);
  closed(socket_);
  EXPECT_GE(waitForReconnect(), 1600);
}

TEST_F(TrackerLinkTest, AfterAReconnectEverySwarmIsStoppedAndStarted) {
  make({"wss://one"}, 2);
  join(swarmA_);
  opened(kFirst);
  give(2);
  EXPECT_THAT(takeSent(), ElementsAre("started 2"));
  join(swarmB_);
  const auto wantedB = takeWanted();
  takeOut<output::OpenSocket>();

  closed(kFirst);
  EXPECT_EQ(takeEvents(), 0U);
  waitForReconnect();
  EXPECT_EQ(takeEvents(), 0U);  // no offers for a tracker that may not be there
  opened(socket_);
  const auto wantedA = takeWanted();
  ASSERT_THAT(wantedA, SizeIs(1));
  EXPECT_EQ(wantedA[0].infoHash, swarmA_);
  EXPECT_THAT(takeSent(), IsEmpty());
  EXPECT_TRUE(client_->offersReady(now_, wantedA[0].batch, makeOffers(2), out_, events_));
  EXPECT_THAT(takeSent(), ElementsAre("2: stopped 0", "2: started 2"));
  EXPECT_EQ(lastAnnounce().infoHash, swarmA_);
  // B was never announced, and its batch was on its way all the time.
  EXPECT_TRUE(client_->offersReady(now_, wantedB.at(0).batch, makeOffers(1), out_, events_));
  EXPECT_THAT(takeSent(), ElementsAre("2: started 1"));
  EXPECT_EQ(lastAnnounce().infoHash, swarmB_);
  EXPECT_EQ(client_->deadline(), now_ + seconds(30));
}

TEST_F(TrackerLinkTest, AfterAReconnectTheFirstAnnounceHasThirtySecondsToBeAnswered) {
  answered(120);
  closed(kFirst);
  waitForReconnect();
  opened(socket_);
  give(1);
  EXPECT_EQ(client_->deadline(), now_ + seconds(30));
  respond(swarmA_, std::nullopt, socket_);
  EXPECT_EQ(client_->deadline(), now_ + seconds(120));
}

TEST_F(TrackerLinkTest, ReconnectsWithNobodyToAnnounceEndThere) {
  answered();
  closed(kFirst);
  leave(swarmA_);
  out_.clear();
  runTo(100'000);
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(deadline(), -1);
}

TEST_F(TrackerLinkTest, ASwarmLeftWhileTheConnectionBreaksIsStoppedWhenItIsStartedAgain) {
  answered();
  leave(swarmA_);
  closed(kFirst);
  EXPECT_THAT(takeSent(), IsEmpty());
  runTo(50'000);
  EXPECT_THAT(takeSent(), IsEmpty());
  join(swarmA_);
  const auto sockets = takeOut<output::OpenSocket>();
  ASSERT_THAT(sockets, SizeIs(1));
  opened(sockets[0].socket);
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("2: stopped 0", "2: started 1"));
}

TEST_F(TrackerLinkTest, AnotherPeerIdHasNothingToStopAfterAReconnect) {
  answered();
  leave(swarmA_);
  closed(kFirst);
  ASSERT_TRUE(client_->join(now_, swarmA_, them_, out_, events_));
  waitForReconnect();
  opened(socket_);
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("2: started 1"));
  EXPECT_EQ(lastAnnounce().peerId, them_);
}

TEST_F(TrackerLinkTest, OffersForATrackerThatFailedAreMadeWhenItIsThere) {
  make();
  join(swarmA_);
  give(5);
  takeOut<output::OpenSocket>();
  closed(kFirst);
  waitForReconnect();
  join(swarmB_);
  EXPECT_THAT(takeWanted(), IsEmpty());
  opened(socket_);
  EXPECT_THAT(takeSent(), ElementsAre("2: started 5"));  // A's are still good
  give(5);
  EXPECT_THAT(takeSent(), ElementsAre("2: started 5"));
  EXPECT_EQ(lastAnnounce().infoHash, swarmB_);
}

TEST_F(TrackerLinkTest, AnnouncesOfAnEarlierConnectionNeedNoAnswer) {
  make({"wss://one"}, 0);
  join(swarmA_);
  takeOut<output::OpenSocket>();
  opened(kFirst);
  EXPECT_THAT(takeSent(), ElementsAre("started 0"));
  while (now_ < at(90'000)) {
    closed(socket_);
    waitForReconnect();
  }
  opened(socket_);
  EXPECT_THAT(takeSent(), testing::ElementsAre(HasSubstr("stopped 0"), HasSubstr("started 0")));
  EXPECT_THAT(takeOut<output::CloseSocket>(), IsEmpty());
}

TEST_F(TrackerLinkTest, ThatSwarmIsStoppedThenHoweverLongItWasAnnouncedBefore) {
  answered(3600);
  runTo(1'000'000);
  closed(kFirst);
  leave(swarmA_);
  runTo(1'100'000);
  join(swarmA_);
  opened(kSecond);
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("2: stopped 0", "2: started 1"));
}

TEST_F(TrackerLinkTest, ReconnectsDoNotAnnounceBeyondTheLimit) {
  make({"wss://one"}, 0);
  join(swarmA_);
  takeOut<output::OpenSocket>();
  std::size_t sent = 0;
  for (int i = 0; i < 60; ++i) {  // answers, then closes
    opened(socket_);
    sent += takeSent().size();
    respond(swarmA_, 120, socket_);
    closed(socket_);
    takeOut<output::TrackerError>();
    takeOut<output::TrackerUpdate>();
    waitForReconnect();
  }
  ASSERT_LT(now_, at(300'000));
  EXPECT_EQ(sent, 13U);  // 1 + 6 * 2; one is kept for the last `stopped`
}

TEST_F(TrackerLinkTest, JoiningDoesNotShortenTheBackoff) {
  make({"wss://one"}, 0);
  join(swarmA_);
  takeOut<output::OpenSocket>();
  closed(kFirst);
  const base::TimePoint due = client_->deadline();
  join(swarmB_);
  EXPECT_THAT(takeOut<output::OpenSocket>(), IsEmpty());
  leave(swarmA_);
  leave(swarmB_);
  join(swarmA_);
  EXPECT_THAT(takeOut<output::OpenSocket>(), IsEmpty());
  EXPECT_EQ(client_->deadline(), due);
}

TEST_F(TrackerLinkTest, BackoffHoldsForATrackerWithoutSwarms) {
  make({"wss://one"}, 0);
  join(swarmA_);
  takeOut<output::OpenSocket>();
  leave(swarmA_);
  closed(kFirst);
  EXPECT_EQ(deadline(), -1);
  join(swarmA_);
  EXPECT_THAT(takeOut<output::OpenSocket>(), IsEmpty());
  EXPECT_GE(client_->deadline(), now_ + milliseconds(800));
  EXPECT_LE(client_->deadline(), now_ + milliseconds(1200));
}

// ------------------------------------------------------------------------------------------------------------ life
// time

TEST_F(TrackerLinkTest, ASocketThatDoesNotOpenIsGivenUp) {
  make({"wss://one"}, 0);
  join(swarmA_);
  out_.clear();
  runTo(29'999);
  EXPECT_THAT(out_, IsEmpty());
  runTo(30'000);
  ASSERT_THAT(out_, SizeIs(2));
  EXPECT_EQ(std::get<output::CloseSocket>(out_[0]).socket, kFirst);
  EXPECT_EQ(std::get<output::TrackerError>(out_[1]).error.code, base::ErrorCode::timeout);
  EXPECT_FALSE(client_->onSocketOpened(now_, kFirst, out_, events_));
  EXPECT_GE(client_->deadline(), now_ + milliseconds(800));
}

TEST_F(TrackerLinkTest, ASwarmLeftBeforeItsSocketOpenedSendsNothing) {
  make();
  join(swarmA_);
  give(5);
  leave(swarmA_);
  runTo(5000);
  opened(kFirst);
  EXPECT_THAT(takeSent(), IsEmpty());
  EXPECT_EQ(deadline(), 35'000);
  runTo(35'000);
  EXPECT_THAT(takeOut<output::CloseSocket>(), SizeIs(1));
  EXPECT_FALSE(client_->onSocketClosed(now_, kFirst, {}, out_, events_));
  EXPECT_EQ(deadline(), -1);
}

TEST_F(TrackerLinkTest, AnIdleSocketIsUsedAgain) {
  answered();
  leave(swarmA_);
  runTo(30'999);
  takeSent();
  join(swarmB_);
  EXPECT_THAT(takeOut<output::OpenSocket>(), IsEmpty());
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("started 1"));
  runTo(60'000);
  EXPECT_THAT(takeOut<output::CloseSocket>(), IsEmpty());
}

TEST_F(TrackerLinkTest, AfterAnIdleSocketWasClosedANewOneIsOpenedAtOnce) {
  answered();
  leave(swarmA_);
  runTo(31'000);
  EXPECT_THAT(takeOut<output::CloseSocket>(), SizeIs(1));
  takeSent();
  join(swarmA_);
  EXPECT_THAT(takeOut<output::OpenSocket>(), SizeIs(1));
  EXPECT_THAT(takeWanted(), SizeIs(1));
  opened(kSecond);
  runTo(37'000);
  EXPECT_THAT(takeSent(), ElementsAre("2: started 0"));  // `stopped` was sent on the old one
}

TEST_F(TrackerLinkTest, ClosingAnIdleSocketEndsTheBackoff) {
  make({"wss://one"}, 0);
  join(swarmA_);
  takeOut<output::OpenSocket>();
  closed(kFirst);
  waitForReconnect();
  opened(socket_);
  leave(swarmA_);
  wait(seconds(31));
  EXPECT_THAT(takeOut<output::CloseSocket>(), SizeIs(1));
  join(swarmA_);
  EXPECT_THAT(takeOut<output::OpenSocket>(), SizeIs(1));
  closed(kThird);
  EXPECT_LE(waitForReconnect(), 1200);
}

TEST_F(TrackerLinkTest, AConnectionOnWhichNothingIsAnsweredIsReplaced) {
  make({"wss://one"}, 0);
  join(swarmA_);
  opened(kFirst);
  runTo(89'999);
  EXPECT_THAT(takeSent(), ElementsAre("started 0", "none 0", "none 0"));
  out_.clear();
  runTo(90'000);
  ASSERT_THAT(out_, SizeIs(2));
  EXPECT_EQ(std::get<output::CloseSocket>(out_[0]).socket, kFirst);
  EXPECT_EQ(std::get<output::TrackerError>(out_[1]).error.code, base::ErrorCode::timeout);
  EXPECT_LE(waitForReconnect(), 1200);
}

TEST_F(TrackerLinkTest, AnyMessageShowsThatTheTrackerIsThere) {
  make({"wss://one"}, 0);
  join(swarmA_);
  opened(kFirst);
  runTo(60'000);
  receive(wire::encode(wire::RelayedOffer{swarmB_, them_, someOffer_, "sdp"}));
  runTo(90'000);
  EXPECT_THAT(takeOut<output::CloseSocket>(), IsEmpty());
  EXPECT_THAT(takeSent(), SizeIs(4));
  runTo(180'000);
  EXPECT_THAT(takeOut<output::CloseSocket>(), SizeIs(1));
}

TEST_F(TrackerLinkTest, TrackersFailOnTheirOwn) {
  make({"wss://one", "wss://two"}, 0);
  join(swarmA_);
  opened(kFirst);
  opened(kSecond);
  takeSent();
  respond(swarmA_, 100, kFirst);
  respond(swarmA_, 50, kSecond);
  closed(kFirst);
  out_.clear();
  runTo(50'000);
  EXPECT_THAT(takeSent(), ElementsAre("2: none 0"));
}

TEST_F(TrackerLinkTest, StrangeSocketsAreIgnored) {
  announced();
  const base::SocketId strange(77);
  EXPECT_FALSE(client_->onSocketOpened(now_, strange, out_, events_));
  EXPECT_FALSE(client_->onSocketMessage(now_, strange, "{}", out_, events_));
  EXPECT_FALSE(client_->onSocketClosed(now_, strange, {}, out_, events_));
  EXPECT_FALSE(client_->onSocketOpened(now_, kFirst, out_, events_));  // it is open already
  EXPECT_THAT(out_, IsEmpty());
}

// ------------------------------------------------------------------------------------------------ failures and garbage

TEST_F(TrackerLinkTest, AFailureIsAWarningAndTheSocketStays) {
  answered(120);
  receive(R"({"failure reason":"invalid info_hash"})");
  receive(R"({"action":"announce","failure reason":"second"})");
  EXPECT_THAT(takeWarnings(), ElementsAre("invalid info_hash", "second"));
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(deadline(), 120'000);
}

TEST_F(TrackerLinkTest, FailuresOfASwarmSpaceItsAnnouncesOut) {
  announced();
  const std::string failure = wire::encode(wire::TrackerFailure{"unknown infohash", swarmA_, true});
  std::int64_t now = 0;
  for (const std::int64_t pause : {60, 120, 240, 300, 300}) {
    receive(failure);
    EXPECT_EQ(deadline(), now + pause * 1000);
    now += pause * 1000;
    runTo(now);
    give(0);
    EXPECT_EQ(takeSent(), std::vector<std::string>{"none 0"});
  }
  respond(swarmA_, 120);
  EXPECT_EQ(deadline(), now + 120'000);
  receive(failure);
  EXPECT_EQ(deadline(), now + 120'000);  // the interval is longer than the first pause
}

TEST_F(TrackerLinkTest, FailuresOfOtherSwarmsAreOnlyWarnings) {
  announced();
  receive(wire::encode(wire::TrackerFailure{"unknown infohash", swarmB_, true}));
  EXPECT_THAT(takeWarnings(), ElementsAre("unknown infohash"));
  EXPECT_EQ(deadline(), 30'000);
}

TEST_F(TrackerLinkTest, FailuresWithoutAnActionEndTheConnectionOnlyWhenTheyRepeat) {
  announced();
  for (std::uint32_t i = 0; i < TrackerClient::kMaxFailures; ++i) receive(R"({"failure reason":"no"})");
  EXPECT_THAT(takeOut<output::CloseSocket>(), IsEmpty());
  respond(swarmA_, 120);
  for (std::uint32_t i = 0; i < TrackerClient::kMaxFailures; ++i) receive(R"({"failure reason":"no"})");
  EXPECT_THAT(takeOut<output::CloseSocket>(), IsEmpty());
  out_.clear();
  receive(R"({"failure reason":"no"})");
  ASSERT_THAT(out_, SizeIs(3));
  EXPECT_EQ(std::get<output::TrackerWarning>(out_[0]).message, "no");
  EXPECT_EQ(std::get<output::CloseSocket>(out_[1]).socket, kFirst);
  EXPECT_EQ(std::get<output::TrackerError>(out_[2]).error.code, base::ErrorCode::unavailable);
}

TEST_F(TrackerLinkTest, FailuresWithAnActionNeverEndTheConnection) {
  announced();
  for (int i = 0; i < 100; ++i) receive(R"({"action":"announce","failure reason":"no"})");
  EXPECT_THAT(takeOut<output::CloseSocket>(), IsEmpty());
}

TEST_F(TrackerLinkTest, GarbageIsWarnedOfAndEndsTheConnectionWhenItIsTooMuch) {
  answered(120);
  const std::vector<std::string> garbage{
      "",
      "not json",
      "[]",
      "{}",
      R"({"action":"dance"})",
      R"({"action":"announce"})",
      R"({"action":"announce","info_hash":"short","complete":1})",
      R"({"action":"announce","info_hash":"swarm-A-swarm-A-0020","peer_id":"too short","offer":{"sdp":"x"}})",
      std::string(wire::kMaxTrackerMessageBytes + 1, ' '),
      "{\"action\":\"announce\",\"info_hash\":\"swarm-A-swarm-A-0020\",\"peer_id\":\"-WW0006-others----02\","
      "\"offer_id\":\"offer-offer-offer-99\",\"offer\":{\"sdp\":\"" +
          std::string(wire::kMaxSdpBytes + 1, 'x') + "\"}}",
  };
  ASSERT_EQ(garbage.size(), static_cast<std::size_t>(TrackerClient::kGarbagePerMinute));
  for (const std::string& text : garbage) {
    receive(text);
    EXPECT_THAT(takeWarnings(), ElementsAre(testing::StartsWith("not understood: "))) << text.substr(0, 100);
  }
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(takeEvents(), 0U);
  EXPECT_EQ(deadline(), 120'000);
  receive("one more");
  EXPECT_THAT(takeWarnings(), SizeIs(1));
  ASSERT_THAT(out_, SizeIs(2));
  EXPECT_EQ(std::get<output::CloseSocket>(out_[0]).socket, kFirst);
  EXPECT_EQ(std::get<output::TrackerError>(out_[1]).error.code, base::ErrorCode::malformed);
  EXPECT_FALSE(client_->onSocketMessage(now_, kFirst, "late", out_, events_));
  out_.clear();
  waitForReconnect();
}

TEST_F(TrackerLinkTest, GarbageOfAMinuteIsForgotten) {
  announced();
  respond(swarmA_, 3600);
  for (int i = 0; i < 200; ++i) {
    runTo(i * 6000);
    receive("noise");
  }
  EXPECT_THAT(takeOut<output::CloseSocket>(), IsEmpty());
}

TEST_F(TrackerLinkTest, AMisbehavingTrackerIsAskedMoreAndMoreSeldom) {
  make({"wss://one"}, 0);
  join(swarmA_);
  takeOut<output::OpenSocket>();
  std::int64_t waited = 0;
  for (int round = 0; round < 4; ++round) {
    opened(socket_);
    respond(swarmA_, 120, socket_);
    while (takeOut<output::CloseSocket>().empty()) receive("noise", socket_);
    out_.clear();
    waited = waitForReconnect();
  }
  EXPECT_GE(waited, 6400);
}

TEST_F(TrackerLinkTest, TextsOfTheTrackerAreCutBetweenCodePoints) {
  announced();
  const std::string reason = std::string(TrackerClient::kMaxRemoteText - 1, 'a') + "\xC3\xA9" + std::string(5000, 'b');
  receive(wire::encode(wire::TrackerFailure{reason, std::nullopt, true}));
  EXPECT_THAT(takeWarnings(), ElementsAre(std::string(TrackerClient::kMaxRemoteText - 1, 'a')));
}

}  // namespace
}  // namespace p2pml::engine
