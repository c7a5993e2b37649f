// Announces, offers and answers. Connections and misbehaving trackers: tracker_client_link_test.cpp; real ones:
// tracker_client_capture_test.cpp.
#include "engine/trackers/tracker_client.hpp"

#include "engine/trackers/tracker_client_fixture.hpp"

namespace p2pml::engine {
namespace {

using base::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tracker_event::AnswerReceived;
using tracker_event::OfferReceived;
using tracker_event::Update;

// ------------------------------------------------------------------------------------------------------------- joining

TEST_F(TrackerClientTest, DifferentUrlsAreTrackersOfTheirOwnWithOneSocketEach) {
  make({"wss://one/", "wss://two/path", "wss://one", "", "wss://two/path/"});
  ASSERT_EQ(client_->trackerCount(), 2U);
  EXPECT_EQ(client_->url(TrackerIndex{0}), "wss://one");
  EXPECT_EQ(client_->url(TrackerIndex{1}), "wss://two/path");
  EXPECT_EQ(deadline(), -1);
  join(swarmA_);
  join(swarmB_);
  const auto sockets = takeOut<output::OpenSocket>();
  ASSERT_EQ(sockets.size(), 2U);
  EXPECT_EQ(sockets[0].socket, kFirst);
  EXPECT_EQ(sockets[0].url, "wss://one");
  EXPECT_EQ(sockets[1].socket, kSecond);
  EXPECT_EQ(sockets[1].url, "wss://two/path");
  EXPECT_EQ(lastSocketId_, 2U);
}

TEST_F(TrackerClientTest, OffersAreMadeWhileTheFirstConnectionOpensAndGoOutWithStarted) {
  make({"wss://one", "wss://two"}, 5);
  join(swarmA_);
  const auto wanted = takeWanted();
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_EQ(wanted[0].tracker, TrackerIndex{0});
  EXPECT_EQ(wanted[1].tracker, TrackerIndex{1});
  EXPECT_EQ(wanted[0].infoHash, swarmA_);
  EXPECT_EQ(wanted[0].count, 5U);
  EXPECT_NE(wanted[0].batch, wanted[1].batch);

  runTo(100);
  const auto offers = makeOffers(5);
  EXPECT_TRUE(client_->offersReady(now_, wanted[0].batch, offers, out_, events_));
  EXPECT_THAT(takeSent(), IsEmpty());
  opened(kFirst);
  EXPECT_THAT(takeSent(), ElementsAre("started 5"));
  EXPECT_EQ(lastAnnounce().infoHash, swarmA_);
  EXPECT_EQ(lastAnnounce().peerId, us_);
  EXPECT_EQ(lastAnnounce().offers, offers);
  EXPECT_EQ(lastAnnounce().left, std::nullopt);

  opened(kSecond);
  EXPECT_THAT(takeSent(), IsEmpty());
  EXPECT_TRUE(client_->offersReady(now_, wanted[1].batch, makeOffers(2), out_, events_));
  EXPECT_THAT(takeSent(), ElementsAre("2: started 2"));
  EXPECT_FALSE(client_->offersReady(now_, wanted[1].batch, makeOffers(2), out_, events_));
}

TEST_F(TrackerClientTest, JoiningTwiceIsJoiningOnce) {
  announced();
  join(swarmA_);
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(takeEvents(), 0U);
}

TEST_F(TrackerClientTest, SwarmsHaveALimit) {
  make({});
  for (std::size_t i = 0; i < TrackerClient::kMaxSwarms; ++i) join(base::InfoHash{rng_.bytes20()});
  const auto refused = client_->join(now_, swarmA_, us_, out_, events_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::limitExceeded);
}

// -------------------------------------------------------------------------------------------------------------- offers

TEST_F(TrackerClientTest, AllOffersGoOutWithOneAnnounceIfTheyFit) {
  make({"wss://one"}, 10);
  join(swarmA_);
  opened(kFirst);
  const auto wanted = takeWanted();
  ASSERT_EQ(wanted.at(0).count, 10U);
  const auto offers = makeOffers(10, 1400);
  client_->offersReady(now_, wanted[0].batch, offers, out_, events_);
  EXPECT_THAT(takeSent(), ElementsAre("started 10"));
  EXPECT_EQ(lastAnnounce().offers, offers);
}

TEST_F(TrackerClientTest, OffersThatDoNotFitTakeMoreAnnouncesOfWhichOnlyTheFirstHasTheEvent) {
  make({"wss://one"}, 10);
  join(swarmA_);
  opened(kFirst);
  const auto wanted = takeWanted();
  const auto offers = makeOffers(10, 2000);
  client_->offersReady(now_, wanted.at(0).batch, offers, out_, events_);
  EXPECT_THAT(takeSent(), ElementsAre("started 7", "none 3"));
  EXPECT_EQ(lastAnnounce().offers, std::vector(offers.begin() + 7, offers.end()));
}

TEST_F(TrackerClientTest, NoMessageIsAbove16KiB) {
  make({"wss://one"}, 5);
  join(swarmA_);
  opened(kFirst);
  give(5, 6000);  // two of them fit
  EXPECT_THAT(takeSent(), ElementsAre("started 2", "none 2", "none 1"));
}

TEST_F(TrackerClientTest, AMessageOfExactly16KiBIsSentAndAnOfferOneByteLongerIsNot) {
  wire::AnnounceRequest request{swarmA_, us_, wire::AnnounceEvent::started, 1};
  request.offers = {{someOffer_, ""}};
  const std::size_t sdpBytes = TrackerClient::kMaxMessageBytes - wire::encode(request).size();

  make({"wss://one"}, 3);
  join(swarmA_);
  opened(kFirst);
  const auto wanted = takeWanted();
  std::vector<wire::TrackerOffer> offers{
      {someOffer_, std::string(sdpBytes, 'x')}, {someOffer_, std::string(sdpBytes + 1, 'x')}, {someOffer_, "small"}};
  client_->offersReady(now_, wanted.at(0).batch, offers, out_, events_);
  EXPECT_THAT(takeWarnings(), ElementsAre(HasSubstr("16385 bytes")));
  EXPECT_THAT(takeSent(), ElementsAre("started 1", "none 1"));
  EXPECT_EQ(lastAnnounce().offers.at(0).sdp, "small");
}

TEST_F(TrackerClientTest, AnnouncesWithNoneIfNoOfferCouldBeMade) {
  make();
  join(swarmA_);
  opened(kFirst);
  give(0);
  EXPECT_THAT(takeSent(), ElementsAre("started 0"));
}

TEST_F(TrackerClientTest, WaitsSixSecondsForOffersAndThenGoesWithout) {
  make();
  join(swarmA_);
  opened(kFirst);
  const auto wanted = takeWanted();
  runTo(5999);
  EXPECT_THAT(takeSent(), IsEmpty());
  EXPECT_EQ(deadline(), 6000);
  runTo(6000);
  EXPECT_THAT(takeSent(), ElementsAre("started 0"));
  EXPECT_FALSE(client_->offersReady(now_, wanted.at(0).batch, makeOffers(5), out_, events_));
  EXPECT_THAT(takeSent(), IsEmpty());
  EXPECT_EQ(deadline(), 36'000);
}

TEST_F(TrackerClientTest, OffersWaitFortySecondsForTheSocket) {
  make({"wss://one", "wss://two"});
  join(swarmA_);
  const auto wanted = takeWanted();
  runTo(1000);
  for (const auto& one : wanted) EXPECT_TRUE(client_->offersReady(now_, one.batch, makeOffers(5), out_, events_));
  runTo(29'000);
  closed(kFirst);
  closed(kSecond);
  runTo(40'000);
  const auto sockets = takeOut<output::OpenSocket>();
  ASSERT_EQ(sockets.size(), 4U);
  runTo(41'000);
  opened(sockets[2].socket);
  EXPECT_THAT(takeSent(), ElementsAre(HasSubstr("started 5")));
  now_ += base::Duration(1);
  opened(sockets[3].socket);
  EXPECT_THAT(takeSent(), IsEmpty());
  give(3);
  EXPECT_THAT(takeSent(), ElementsAre(HasSubstr("started 3")));
}

TEST_F(TrackerClientTest, AsksForNoOffersWhileThePeerSetIsFull) {
  make();
  client_->wantPeers(false);
  join(swarmA_);
  opened(kFirst);
  EXPECT_THAT(takeWanted(), IsEmpty());
  EXPECT_THAT(takeSent(), ElementsAre("started 0"));
  respond(swarmA_, 60);
  runTo(60'000);
  EXPECT_THAT(takeWanted(), IsEmpty());
  EXPECT_THAT(takeSent(), ElementsAre("none 0"));
  client_->wantPeers(true);
  respond(swarmA_, 60);
  runTo(120'000);
  give(5);
  EXPECT_THAT(takeSent(), ElementsAre("none 5"));
}

TEST_F(TrackerClientTest, AsksForNoOffersIfNoneAreConfigured) {
  make({"wss://one"}, 0);
  join(swarmA_);
  opened(kFirst);
  EXPECT_EQ(takeEvents(), 0U);
  EXPECT_THAT(takeSent(), ElementsAre("started 0"));
}

// ----------------------------------------------------------------------------------------------------------- intervals

TEST_F(TrackerClientTest, AnnouncesAgainEveryThirtySecondsUntilAFirstResponse) {
  announced();
  EXPECT_EQ(deadline(), 30'000);
  runTo(30'000);
  EXPECT_THAT(takeSent(), IsEmpty());
  runTo(31'000);
  give(5);
  EXPECT_THAT(takeSent(), ElementsAre("none 5"));
  EXPECT_EQ(deadline(), 61'000);
}

TEST_F(TrackerClientTest, TheToldIntervalCountsFromTheResponseAndFromEachAnnounce) {
  announced();
  runTo(500);
  respond(swarmA_, 100);
  EXPECT_EQ(deadline(), 100'500);
  runTo(100'500);
  runTo(101'000);
  give(2);
  EXPECT_THAT(takeSent(), ElementsAre("none 2"));
  EXPECT_EQ(deadline(), 201'000);
}

TEST_F(TrackerClientTest, WhoIsToCountAgainAnnouncesOnceMoreThirtySecondsAfterTheFirstResponse) {
  make({"wss://one"}, 5, /*recount=*/true);
  join(swarmA_);
  opened(kFirst);
  give(1);
  runTo(500);
  respond(swarmA_, 120);
  runTo(600);
  respond(swarmA_, 120);  // to a second message of the same announce
  EXPECT_EQ(deadline(), 30'500);
  runTo(31'000);
  EXPECT_THAT(takeSent(), ElementsAre("started 1", "none 0"));
  // Offers go out when they would have gone.
  EXPECT_EQ(deadline(), 120'000);
  runTo(31'100);
  respond(swarmA_, 120);
  EXPECT_EQ(deadline(), 120'000);
}

TEST_F(TrackerClientTest, WhoWantsNoPeersGoesOnFromItsSecondCount) {
  make({"wss://one"}, 5, /*recount=*/true);
  join(swarmA_);
  opened(kFirst);
  give(1);
  respond(swarmA_, 120);
  client_->wantPeers(false);
  takeSent();
  runTo(31'000);
  EXPECT_THAT(takeSent(), ElementsAre("none 0"));
  respond(swarmA_, 120);
  EXPECT_EQ(deadline(), 120'000);
}

TEST_F(TrackerClientTest, NobodyCountsAgainBeforeTheTrackersMinInterval) {
  make({"wss://one"}, 5, /*recount=*/true);
  join(swarmA_);
  opened(kFirst);
  give(1);
  wire::AnnounceResponse response;
  response.infoHash = swarmA_;
  response.interval = 120;
  response.minInterval = 60;
  receive(wire::encode(response));
  EXPECT_EQ(deadline(), 60'000);
}

TEST_F(TrackerClientTest, IntervalsAreBoundedAndHaveAFallback) {
  const auto told = [&](std::optional<std::int64_t> interval, std::optional<std::int64_t> minInterval) {
    wire::AnnounceResponse response;
    response.infoHash = swarmA_;
    response.interval = interval;
    response.minInterval = minInterval;
    receive(wire::encode(response));
    return deadline();
  };
  announced();
  EXPECT_EQ(told(std::nullopt, std::nullopt), 120'000);
  EXPECT_EQ(told(0, std::nullopt), 120'000);
  EXPECT_EQ(told(9, std::nullopt), 10'000);
  EXPECT_EQ(told(10, 500), 10'000);
  EXPECT_EQ(told(11, std::nullopt), 11'000);
  EXPECT_EQ(told(std::nullopt, std::nullopt), 11'000);
  EXPECT_EQ(told(std::nullopt, 77), 77'000);
  EXPECT_EQ(told(0, 78), 78'000);
  EXPECT_EQ(told(3600, std::nullopt), 3'600'000);
  EXPECT_EQ(told(3601, std::nullopt), 3'600'000);
  EXPECT_EQ(told((std::int64_t{1} << 53) - 1, std::nullopt), 3'600'000);
}

TEST_F(TrackerClientTest, AResponseWhileOffersAreCollectedDoesNotMoveTheAnnounce) {
  answered(60);
  runTo(60'000);
  ASSERT_EQ(deadline(), 66'000);
  respond(swarmA_, 10);
  EXPECT_EQ(deadline(), 66'000);
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("none 1"));
  EXPECT_EQ(deadline(), 70'000);
}

// ----------------------------------------------------------------------------------------------------------- responses

TEST_F(TrackerClientTest, CountsAreToldAsOutputAndEvent) {
  announced();
  respond(swarmA_, 90);
  const auto outputs = takeOut<output::TrackerUpdate>();
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].url, "wss://one");
  EXPECT_EQ(outputs[0].complete, 0);
  EXPECT_EQ(outputs[0].incomplete, 3);
  EXPECT_EQ(outputs[0].interval, seconds(90));
  const auto updates = takeEvent<Update>();
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].infoHash, swarmA_);
  EXPECT_EQ(updates[0].complete, 0);
  EXPECT_EQ(updates[0].incomplete, 3);
}

TEST_F(TrackerClientTest, AResponseWithoutCompleteOnlySetsTheInterval) {
  announced();
  wire::AnnounceResponse response;
  response.infoHash = swarmA_;
  response.interval = 50;
  receive(wire::encode(response));
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(takeEvents(), 0U);
  EXPECT_EQ(deadline(), 50'000);
}

TEST_F(TrackerClientTest, OtherSwarmsAreIgnored) {
  announced();
  respond(swarmB_, 10);
  receive(wire::encode(wire::RelayedOffer{swarmB_, them_, someOffer_, "sdp"}));
  receive(wire::encode(wire::RelayedAnswer{swarmB_, them_, someOffer_, "sdp"}));
  receive(wire::encode(wire::ScrapeResponse{}));
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(takeEvents(), 0U);
  EXPECT_EQ(deadline(), 30'000);
}

TEST_F(TrackerClientTest, AResponseBeforeTheAnnounceIsNotOurs) {
  make();
  join(swarmA_);
  opened(kFirst);
  respond(swarmA_, 100);
  EXPECT_THAT(takeEvent<Update>(), IsEmpty());
  give(1);
  EXPECT_EQ(deadline(), 30'000);
}

TEST_F(TrackerClientTest, OurOwnOffersAndAnswersAreIgnored) {
  announced();
  receive(wire::encode(wire::RelayedOffer{swarmA_, us_, someOffer_, "sdp"}));
  receive(wire::encode(wire::RelayedAnswer{swarmA_, us_, someOffer_, "sdp"}));
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(takeEvents(), 0U);
}

TEST_F(TrackerClientTest, WarningsArePassedOn) {
  announced();
  wire::AnnounceResponse response;
  response.infoHash = swarmA_;
  response.warning = "be gentle";
  receive(wire::encode(response));
  EXPECT_THAT(takeWarnings(), ElementsAre("be gentle"));
}

TEST_F(TrackerClientTest, TheTrackerIdIsEchoedToThatTrackerInThatSwarm) {
  announced();
  join(swarmB_);
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("started 1"));
  wire::AnnounceResponse response;
  response.infoHash = swarmA_;
  response.interval = 60;
  response.trackerId = "id of ours";
  receive(wire::encode(response));
  response.trackerId.reset();
  receive(wire::encode(response));  // it stays
  response.trackerId = std::string(TrackerClient::kMaxTrackerIdBytes + 1, 'x');
  receive(wire::encode(response));  // too long
  respond(swarmB_, 61);
  runTo(60'000);
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("none 1"));
  EXPECT_EQ(lastAnnounce().trackerId, "id of ours");
  runTo(61'000);
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("none 1"));
  EXPECT_EQ(lastAnnounce().trackerId, std::nullopt);
  leave(swarmA_);
  runTo(62'000);
  EXPECT_THAT(takeSent(), ElementsAre("stopped 0"));
  EXPECT_EQ(lastAnnounce().trackerId, "id of ours");
  join(swarmA_);
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("started 1"));
  EXPECT_EQ(lastAnnounce().trackerId, std::nullopt);
}

TEST_F(TrackerClientTest, TransferTotalsAreInEveryAnnounceAndInStopped) {
  answered(60);
  client_->setTransfer(swarmA_, 1000, 2000);
  client_->setTransfer(swarmB_, 1, 2);
  runTo(60'000);
  give(0);
  EXPECT_THAT(takeSent(), ElementsAre("none 0"));
  EXPECT_EQ(lastAnnounce().uploaded, 1000);
  EXPECT_EQ(lastAnnounce().downloaded, 2000);
  client_->setTransfer(swarmA_, 3000, 4000);
  leave(swarmA_);
  runTo(61'000);
  EXPECT_THAT(takeSent(), ElementsAre("stopped 0"));
  EXPECT_EQ(lastAnnounce().uploaded, 3000);
  EXPECT_EQ(lastAnnounce().downloaded, 4000);
  runTo(62'000);
  join(swarmA_);
  give(0);
  EXPECT_THAT(takeSent(), ElementsAre("started 0"));
  EXPECT_EQ(lastAnnounce().uploaded, 0);
}

// -------------------------------------------------------------------------------------------------- offers and answers

TEST_F(TrackerClientTest, RelayedOffersAreToldAndAnswered) {
  announced();
  receive(wire::encode(wire::RelayedOffer{swarmA_, them_, someOffer_, "their sdp"}));
  const auto offers = takeEvent<OfferReceived>();
  ASSERT_EQ(offers.size(), 1U);
  EXPECT_EQ(offers[0].tracker, TrackerIndex{0});
  EXPECT_EQ(offers[0].infoHash, swarmA_);
  EXPECT_EQ(offers[0].from, them_);
  EXPECT_EQ(offers[0].offerId, someOffer_);
  EXPECT_EQ(offers[0].sdp, "their sdp");

  EXPECT_TRUE(client_->sendAnswer(now_, TrackerIndex{0}, swarmA_, them_, someOffer_, "our sdp", out_));
  EXPECT_THAT(takeSent(), ElementsAre("answer"));
  EXPECT_EQ(std::get<wire::AnswerRequest>(requests_.back()),
            (wire::AnswerRequest{swarmA_, us_, them_, someOffer_, "our sdp"}));
}

TEST_F(TrackerClientTest, RelayedAnswersAreTold) {
  announced();
  receive(wire::encode(wire::RelayedAnswer{swarmA_, them_, someOffer_, "their sdp"}));
  const auto answers = takeEvent<AnswerReceived>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].infoHash, swarmA_);
  EXPECT_EQ(answers[0].from, them_);
  EXPECT_EQ(answers[0].offerId, someOffer_);
  EXPECT_EQ(answers[0].sdp, "their sdp");
}

TEST_F(TrackerClientTest, AnswersThatCannotBeDeliveredAreRefused) {
  announced();
  const auto answer = [&](const base::InfoHash& swarm, std::size_t sdpBytes) {
    return client_->sendAnswer(now_, TrackerIndex{0}, swarm, them_, someOffer_, std::string(sdpBytes, 'x'), out_);
  };
  EXPECT_FALSE(answer(swarmB_, 10));
  const std::size_t most =
      TrackerClient::kMaxMessageBytes - wire::encode(wire::AnswerRequest{swarmA_, us_, them_, someOffer_, ""}).size();
  EXPECT_FALSE(answer(swarmA_, most + 1));
  EXPECT_THAT(takeWarnings(), ElementsAre(HasSubstr("16385 bytes")));
  EXPECT_TRUE(answer(swarmA_, most));
  EXPECT_THAT(takeSent(), ElementsAre("answer"));
  closed(kFirst);
  EXPECT_FALSE(answer(swarmA_, 10));
  leave(swarmA_);
  EXPECT_FALSE(answer(swarmA_, 10));
}

TEST_F(TrackerClientTest, OffersOfATrackerAreLimitedPerMinute) {
  announced();
  const std::string offer = wire::encode(wire::RelayedOffer{swarmA_, them_, someOffer_, "sdp"});
  for (int i = 0; i < TrackerClient::kOffersPerMinute; ++i) receive(offer);
  EXPECT_EQ(takeEvent<OfferReceived>().size(), 100U);
  EXPECT_THAT(takeWarnings(), IsEmpty());
  receive(offer);
  receive(offer);
  EXPECT_EQ(takeEvents(), 0U);
  EXPECT_THAT(takeWarnings(), ElementsAre(HasSubstr("more than 100 offers")));
  runTo(599);
  receive(offer);
  EXPECT_EQ(takeEvents(), 0U);
  runTo(600);
  receive(offer);
  EXPECT_EQ(takeEvent<OfferReceived>().size(), 1U);
  EXPECT_THAT(takeWarnings(), IsEmpty());
  receive(offer);
  EXPECT_THAT(takeWarnings(), ElementsAre(HasSubstr("more than 100 offers")));
}

// ------------------------------------------------------------------------------------------------------------- leaving

TEST_F(TrackerClientTest, LeavingSendsStoppedWithoutOffersASecondLaterAndNothingMore) {
  answered(60);
  leave(swarmA_);
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(deadline(), 1000);
  runTo(1000);
  EXPECT_THAT(takeSent(), ElementsAre("stopped 0"));
  respond(swarmA_, 60);  // bittorrent-tracker answers `stopped`
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(takeEvents(), 0U);
  runTo(30'999);
  EXPECT_THAT(out_, IsEmpty());
  runTo(31'000);
  EXPECT_EQ(takeOut<output::CloseSocket>().size(), 1U);
  EXPECT_EQ(deadline(), -1);
}

TEST_F(TrackerClientTest, StoppedGoesWhereStartedWent) {
  make({"wss://one", "wss://two", "wss://three"});
  join(swarmA_);
  opened(kFirst);
  opened(kSecond);
  const auto wanted = takeWanted();
  client_->offersReady(now_, wanted.at(0).batch, {}, out_, events_);
  EXPECT_THAT(takeSent(), ElementsAre("started 0"));
  leave(swarmA_);
  runTo(1000);
  EXPECT_THAT(takeSent(), ElementsAre("stopped 0"));
  EXPECT_FALSE(client_->offersReady(now_, wanted.at(1).batch, makeOffers(5), out_, events_));
  EXPECT_FALSE(client_->offersReady(now_, wanted.at(2).batch, makeOffers(5), out_, events_));
  opened(kThird);
  EXPECT_THAT(takeSent(), IsEmpty());
}

TEST_F(TrackerClientTest, LeavingDropsTheBatchOfAnAnnouncedSwarm) {
  answered(60);
  runTo(60'000);
  const auto wanted = takeWanted();
  leave(swarmA_);
  EXPECT_FALSE(client_->offersReady(now_, wanted.at(0).batch, makeOffers(5), out_, events_));
  receive(wire::encode(wire::RelayedOffer{swarmA_, them_, someOffer_, "sdp"}));
  EXPECT_EQ(takeEvents(), 0U);
  runTo(70'000);
  EXPECT_THAT(takeSent(), ElementsAre("stopped 0"));
}

TEST_F(TrackerClientTest, ASwarmLeftAndJoinedAgainWithinASecondOnlyGetsNewOffersLater) {
  answered(120);
  runTo(2000);
  leave(swarmA_);
  runTo(2999);
  join(swarmA_);
  EXPECT_EQ(takeEvents(), 0U);
  EXPECT_EQ(deadline(), 10'000);  // kMinInterval after the last announce
  runTo(10'000);
  give(5);
  EXPECT_THAT(takeSent(), ElementsAre("none 5"));
  EXPECT_EQ(deadline(), 130'000);
  respond(swarmA_, 120);

  runTo(100'000);
  leave(swarmA_);
  join(swarmA_);
  give(4);
  EXPECT_THAT(takeSent(), ElementsAre("none 4"));
}

TEST_F(TrackerClientTest, ASwarmJoinedAgainAfterASecondIsStartedAgain) {
  answered(120);
  leave(swarmA_);
  runTo(1000);
  EXPECT_THAT(takeSent(), ElementsAre("stopped 0"));
  join(swarmA_);
  give(5);
  EXPECT_THAT(takeSent(), ElementsAre("started 5"));
  EXPECT_EQ(deadline(), 31'000);  // until this one is answered
}

TEST_F(TrackerClientTest, AnotherPeerIdIsAnotherPeer) {
  answered(120);
  leave(swarmA_);
  ASSERT_TRUE(client_->join(now_, swarmA_, them_, out_, events_));
  EXPECT_THAT(takeSent(), ElementsAre("stopped 0"));
  EXPECT_EQ(lastAnnounce().peerId, us_);
  give(1);
  EXPECT_THAT(takeSent(), ElementsAre("started 1"));
  EXPECT_EQ(lastAnnounce().peerId, them_);
}

TEST_F(TrackerClientTest, LeavingWhatWasNotJoinedIsNothing) {
  announced();
  leave(swarmB_);
  EXPECT_THAT(out_, IsEmpty());
}

TEST_F(TrackerClientTest, ShutdownStopsAllAtOnceAndClosesTheSockets) {
  make({"wss://one", "wss://two"}, 0);
  join(swarmA_);
  join(swarmB_);
  opened(kFirst);
  EXPECT_THAT(takeSent(), ElementsAre("started 0", "started 0"));
  leave(swarmB_);
  out_.clear();
  client_->shutdown(now_, out_);
  ASSERT_EQ(out_.size(), 4U);
  EXPECT_EQ(std::get<output::CloseSocket>(out_[2]).socket, kFirst);
  EXPECT_EQ(std::get<output::CloseSocket>(out_[3]).socket, kSecond);
  EXPECT_THAT(takeSent(), ElementsAre("stopped 0", "stopped 0"));
  out_.clear();

  EXPECT_EQ(deadline(), -1);
  client_->shutdown(now_, out_);
  join(swarmA_);
  leave(swarmA_);
  client_->onTick(now_, out_, events_);
  EXPECT_FALSE(client_->onSocketOpened(now_, kSecond, out_, events_));
  EXPECT_FALSE(client_->onSocketMessage(now_, kFirst, "{}", out_, events_));
  EXPECT_FALSE(client_->onSocketClosed(now_, kFirst, {}, out_, events_));
  EXPECT_FALSE(client_->sendAnswer(now_, TrackerIndex{0}, swarmA_, them_, someOffer_, "sdp", out_));
  EXPECT_FALSE(client_->offersReady(now_, 1, {}, out_, events_));
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(takeEvents(), 0U);
}

// -------------------------------------------------------------------------------------------------------------- limits

TEST_F(TrackerClientTest, QuickSwitchesNeverReachFifteenAnnouncesInFiveMinutes) {
  make({"wss://one"}, 5);
  join(swarmA_);
  opened(kFirst);
  std::vector<base::TimePoint> sent;
  std::int64_t ms = 0;
  const auto work = [&] {
    for (const auto& wanted : takeWanted()) client_->offersReady(now_, wanted.batch, makeOffers(5), out_, events_);
    for (std::size_t i = takeSent().size(); i > 0; --i) {
      sent.push_back(now_);
      respond(swarmA_, 120);
    }
    takeOut<output::OpenSocket>();
  };
  for (int i = 0; i < 400; ++i) {  // 20 minutes of a viewer whose player cannot make up its mind
    work();
    ms += 1500;
    runTo(ms);
    work();
    leave(swarmA_);
    ms += 1500;
    runTo(ms);
    work();
    join(swarmA_);
  }
  std::size_t most = 0;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    std::size_t within = 0;
    while (i + within < sent.size() && sent[i + within] - sent[i] < seconds(300)) ++within;
    most = std::max(most, within);
  }
  EXPECT_EQ(most, 14U);
  EXPECT_GE(sent.size(), 50U);  // and it uses what it may
}

TEST_F(TrackerClientTest, StartedWaitsUntilTheWindowHasRoom) {
  make({"wss://one"}, 0);
  join(swarmA_);
  opened(kFirst);
  for (int i = 0; i < 6; ++i) {  // 2 announces each: at 2i and 2i+1 seconds
    leave(swarmA_);
    runTo(1000 + i * 2000);
    runTo(2000 + i * 2000);
    join(swarmA_);
  }
  EXPECT_EQ(takeSent().size(), 13U);
  respond(swarmA_, 120);
  leave(swarmA_);
  runTo(13'000);
  EXPECT_THAT(takeSent(), ElementsAre("stopped 0"));
  join(swarmA_);
  // 14 are out; `started` and its `stopped` need two of them to be past: those of 0 s and 1 s.
  EXPECT_EQ(deadline(), 301'000);
  runTo(300'999);
  EXPECT_THAT(takeSent(), IsEmpty());
  runTo(301'000);
  EXPECT_THAT(takeSent(), ElementsAre("started 0"));
}

TEST_F(TrackerClientTest, ATrackerThatTellsAShortIntervalGetsItsAnnouncesButFewerExtraOnes) {
  make({"wss://one"}, 10);
  join(swarmA_);
  opened(kFirst);
  std::vector<std::size_t> messages;
  for (int i = 0; i <= 30; ++i) {  // ten minutes of 20 s
    runTo(i * 20'000);
    const auto wanted = takeWanted();
    ASSERT_EQ(wanted.size(), 1U) << "announce " << i;
    client_->offersReady(now_, wanted[0].batch, makeOffers(wanted[0].count, 2000), out_, events_);  // 7 fit
    messages.push_back(takeSent().size());
    respond(swarmA_, 20);
    ASSERT_EQ(deadline(), (i + 1) * 20'000);
  }
  EXPECT_EQ(messages.front(), 2U);
  EXPECT_EQ(messages.back(), 1U);
}

TEST_F(TrackerClientTest, ExtraOffersOfManySwarmsKeepTheTrackersOwnLimit) {
  make({"wss://one"}, 10);
  std::size_t messages = 0;
  opened([&] {
    join(swarmA_);
    return kFirst;
  }());
  for (int i = 0; i < 20; ++i) {
    join(base::InfoHash{rng_.bytes20()});
    for (const auto& wanted : takeWanted()) {
      client_->offersReady(now_, wanted.batch, makeOffers(10, 2000), out_, events_);  // 7 fit
      messages += takeSent().size();
    }
  }
  // 21 swarms: two messages each until 28 are out (the last of these has one extra at most), then one each.
  EXPECT_EQ(messages, 14U * 2 + 7);
}

TEST_F(TrackerClientTest, TheLogsOfTheLast256SwarmsThatWereLeftAreKept) {
  for (const std::size_t others : {TrackerClient::kMaxSwarms - 1, TrackerClient::kMaxSwarms}) {
    lastSocketId_ = 0;
    now_ = {};
    make({"wss://one"}, 0);
    join(swarmA_);
    opened(kFirst);
    for (int i = 0; i < 6; ++i) {
      leave(swarmA_);
      runTo((i + 1) * 1000);
      join(swarmA_);
    }
    leave(swarmA_);
    runTo(7000);  // 14 announces of it are out
    std::vector<base::InfoHash> swarms;
    swarms.reserve(others);
    for (std::size_t i = 0; i < others; ++i) swarms.push_back(base::InfoHash{rng_.bytes20()});
    for (const base::InfoHash& swarm : swarms) join(swarm);
    for (const base::InfoHash& swarm : swarms) leave(swarm);
    runTo(8000);
    EXPECT_EQ(takeSent().size(), 14 + 2 * others);
    join(swarmA_);
    EXPECT_EQ(takeSent().size(), others == TrackerClient::kMaxSwarms ? 1U : 0U);
  }
}

TEST_F(TrackerClientTest, SwarmsThatWereNeverAnnouncedTakeNoPlaceInTheLogs) {
  make({"wss://one"}, 1);
  client_->wantPeers(false);
  join(swarmA_);
  opened(kFirst);
  for (int i = 0; i < 6; ++i) {
    leave(swarmA_);
    runTo((i + 1) * 1000);
    join(swarmA_);
  }
  leave(swarmA_);
  runTo(7000);
  EXPECT_EQ(takeSent().size(), 14U);
  client_->wantPeers(true);
  for (std::size_t i = 0; i < 2 * TrackerClient::kMaxSwarms; ++i) {
    const base::InfoHash swarm{rng_.bytes20()};
    join(swarm);
    leave(swarm);
  }
  EXPECT_EQ(deadline(), 37'000);
  takeEvents();
  join(swarmA_);
  EXPECT_EQ(takeEvents(), 0U);
  EXPECT_EQ(deadline(), 301'000);
}

}  // namespace
}  // namespace p2pml::engine
