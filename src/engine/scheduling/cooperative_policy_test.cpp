#include "engine/scheduling/cooperative_policy.hpp"

#include "engine/scheduling/cooperative_policy_fixture.hpp"

namespace p2pml::engine {
namespace {

using base::ConnectionId;
using base::milliseconds;
using base::seconds;
using Kind = Action::Kind;

TEST_F(CooperativePolicyTest, AsksThePeerThatHasIt) {
  peers.has[0] = {holder(3)};
  only(0);
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 0, ConnectionId(3)}}));
}

TEST_F(CooperativePolicyTest, EachPeerOneSegment) {
  for (std::size_t i = 0; i < 6; ++i) peers.has[i] = {holder(3)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 0, ConnectionId(3)}}));
}

TEST_F(CooperativePolicyTest, WaitsForAPeerThatIsFetchingItUntilTimeIsUp) {
  peers.has[0] = {holder(3, Availability::loadingByHttp)};
  const std::int64_t due = latest(0);
  EXPECT_LE(due, kNow + 4000 - 1750);
  EXPECT_GE(due, kNow + 4000 - 2250);
  EXPECT_TRUE(process(due - 1).empty());
  EXPECT_EQ(process(due + 1), (std::vector<Action>{{Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, TheElectedFetchesAtOnce) {
  queue[3].key = keyOfFirst();
  only(3);
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 3, {}}}));
}

TEST_F(CooperativePolicyTest, TheOthersStepInLater) {
  only(3);  // needed in 16 s: three intervals of 14 s / 8 or a little less
  EXPECT_TRUE(process(kNow).empty());
  const std::int64_t due = base::toMilliseconds(policy.wakeAt());
  EXPECT_GE(due, kNow + 3 * 1600);
  EXPECT_LE(due, kNow + 3 * 1800 + 900);
  EXPECT_TRUE(process(kNow + 3 * 1500).empty());
  EXPECT_EQ(process(kNow + 3 * 1800 + 900).size(), 1U);
}

TEST_F(CooperativePolicyTest, ASegmentThatSomebodyHadCountsAsMissingAnewWhenItIsGone) {
  only(3);
  process(kNow);
  peers.has[3] = {holder(3, Availability::loadingByHttp)};
  EXPECT_TRUE(process(kNow + 4000).empty());
  peers.has.clear();
  EXPECT_TRUE(process(kNow + 4500).empty());
  EXPECT_TRUE(process(kNow + 6000).empty());
}

TEST_F(CooperativePolicyTest, NothingIsFetchedForAllBeyondTheWindow) {
  settings.httpPrefetchTime = 10'000;
  queue[3].key = keyOfFirst();
  only(3);
  EXPECT_TRUE(process(kNow).empty());
  EXPECT_EQ(policy.wakeAt(), at(kNow + 6000));
  EXPECT_EQ(process(kNow + 6000).size(), 1U);
}

TEST_F(CooperativePolicyTest, NothingIsFetchedForAllByWhoDoesNotShare) {
  settings.consumeOnly = true;
  queue[3].key = keyOfFirst();
  only(3);
  EXPECT_TRUE(process(kNow).empty());
}

TEST_F(CooperativePolicyTest, NothingIsFetchedForAllWhilePeersAreStillBeingMet) {
  queue[3].key = keyOfFirst();
  only(3);
  policy.start(at(kNow));
  estimates.viewers = 5;  // one is still out of sight
  EXPECT_TRUE(process(kNow + 1499).empty());
  EXPECT_EQ(process(kNow + 1500).size(), 1U);
}

TEST_F(CooperativePolicyTest, WhoIsAloneNeedNotWait) {
  policy.start(at(kNow));
  policy.swarmSize(1);
  peers.near.clear();
  estimates.viewers = 1;
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 0, {}}, {Kind::startHttp, 1, {}}}));
}

TEST_F(CooperativePolicyTest, TheFirstSegmentComesOverHttpAtOnce) {
  policy.start(at(kNow));
  queue[0].neededAt = at(kNow);
  peers.has[0] = {holder(3)};
  only(0);
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, WhileThePlayerWaitsNothingElseIsStarted) {
  queue[0].neededAt = at(kNow);
  queue[0].http = true;
  queue[3].key = keyOfFirst();
  peers.has[1] = {holder(3)};
  EXPECT_TRUE(process(kNow).empty());
  queue[0].stored = true;
  queue[0].http = false;
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 1, ConnectionId(3)}, {Kind::startHttp, 3, {}}}));
}

TEST_F(CooperativePolicyTest, P2pFirstWaitsForAPeer380Milliseconds) {
  settings.startupPolicy = Startup::p2pFirst;
  policy.start(at(kNow));
  queue[0].neededAt = at(kNow);
  only(0);
  EXPECT_TRUE(process(kNow).empty());
  EXPECT_EQ(policy.wakeAt(), at(kNow + 380));
  EXPECT_EQ(process(kNow + 380), (std::vector<Action>{{Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, P2pFirstAsksAPeerThatIsThere) {
  settings.startupPolicy = Startup::p2pFirst;
  policy.start(at(kNow));
  queue[0].neededAt = at(kNow);
  peers.has[0] = {holder(3)};
  only(0);
  EXPECT_EQ(process(kNow + 200), (std::vector<Action>{{Kind::startP2p, 0, ConnectionId(3)}}));
}

TEST_F(CooperativePolicyTest, P2pFirstGivesTheRestToHttpWhenTheHoldIsOver) {
  settings.startupPolicy = Startup::p2pFirst;
  policy.start(at(kNow));
  estimates = {.viewers = 4, .ownId = 1};
  queue[0].neededAt = at(kNow);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  queue[0].progress = {.received = 100'000,
                       .total = 400'000,
                       .bytesPerSecond = 1'000'000,
                       .startedAt = at(kNow + 200),
                       .byteAt = at(kNow + 379)};
  only(0);
  EXPECT_TRUE(process(kNow + 379).empty());
  EXPECT_EQ(process(kNow + 380), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}}));
  queue[0].progress.received = 380'000;
  EXPECT_TRUE(process(kNow + 380).empty()) << "20 ms more";
}

TEST_F(CooperativePolicyTest, P2pFirstDoesNotWaitWhereNobodyElseIs) {
  settings.startupPolicy = Startup::p2pFirst;
  policy.start(at(kNow));
  policy.swarmSize(1);
  queue[0].neededAt = at(kNow);
  only(0);
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, ADownloadFromAPeerThatWillBeLateGoesOnOverHttp) {
  only(0);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  queue[0].progress = {100'000, 400'000, 50'000, at(kNow)};  // 6 s to go
  EXPECT_TRUE(process(kNow + 1000).empty());
  EXPECT_EQ(process(kNow + 2700), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, ADownloadFromAPeerThatIsInTimeIsLeftAlone) {
  only(0);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  // 600 ms to go.
  queue[0].progress = {.received = 370'000,
                       .total = 400'000,
                       .bytesPerSecond = 50'000,
                       .startedAt = at(kNow),
                       .byteAt = at(kNow + 2900)};
  EXPECT_TRUE(process(kNow + 3000).empty());
  EXPECT_EQ(policy.wakeAt(), at(kNow + 3200));
}

TEST_F(CooperativePolicyTest, APeerThatStopsBeforeTheLastByteIsNotInTime) {
  only(0);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  queue[0].progress = {.received = 399'999,
                       .total = 400'000,
                       .bytesPerSecond = 20'000,
                       .startedAt = at(kNow),
                       .byteAt = at(kNow + 3300)};
  EXPECT_EQ(process(kNow + 3400), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, APeerMayTryFirstAsLongAsHttpWouldBeInTimeAfterThat) {
  comeIntoACrowd();
  // HTTP takes 500 ms. With half of that and 200 ms to spare, and 500 ms for the peer's answer: 1450 ms before the
  // need.
  peers.has[0] = {holder(3)};
  only(0);
  EXPECT_EQ(process(kNow + 2540), (std::vector<Action>{{Kind::startP2p, 0, ConnectionId(3)}}));
  EXPECT_EQ(process(kNow + 2560), (std::vector<Action>{{Kind::startHttp, 0, {}}}));
  // It is asked, and has not answered yet.
  queue[0].p2p = true;
  peers.sources[0] = 3;
  queue[0].progress = {0, 0, 0, at(kNow + 2400)};
  EXPECT_TRUE(process(kNow + 2540).empty());
  EXPECT_EQ(process(kNow + 2560), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, OneThatDoesNotAnswerIsLeftForAnotherAsLong) {
  comeIntoACrowd();
  peers.has[0] = {holder(3), holder(4)};
  only(0);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  queue[0].progress = {0, 0, 0, at(kNow + 2000)};
  EXPECT_TRUE(process(kNow + 2499).empty());
  EXPECT_EQ(process(kNow + 2500), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startP2p, 0, ConnectionId(4)}}));
  EXPECT_EQ(process(kNow + 2560), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, APeerThatWillBeFreeInAMomentIsWaitedForAsLong) {
  comeIntoACrowd();
  peers.has[0] = {holder(3)};
  peers.has[0][0].idle = false;
  only(0);
  EXPECT_TRUE(process(kNow + 2540).empty());
  EXPECT_EQ(policy.wakeAt(), at(kNow + 2740));
  EXPECT_EQ(process(kNow + 2560), (std::vector<Action>{{Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, APeerThatSendsNothingIsLeftForAnother) {
  only(3);
  queue[3].p2p = true;
  peers.sources[3] = 3;
  queue[3].progress = {0, 0, 0, at(kNow)};
  peers.has[3] = {holder(3), holder(4)};
  EXPECT_TRUE(process(kNow + 1499).empty());
  EXPECT_EQ(process(kNow + 1500), (std::vector<Action>{{Kind::abortP2p, 3, {}}, {Kind::startP2p, 3, ConnectionId(4)}}));
}

TEST_F(CooperativePolicyTest, OfTwoFetchersOneGivesUp) {
  only(3);  // we are the last of all
  queue[3].http = true;
  queue[3].progress = {100'000, 400'000, 1'000'000, at(kNow)};
  peers.has[3] = {holder(2, Availability::loadingByHttp)};
  EXPECT_EQ(process(kNow + 100), (std::vector<Action>{{Kind::pauseHttp, 3, {}}}));
  queue[3].progress.received = 300'000;
  EXPECT_TRUE(process(kNow + 100).empty()) << "too far to give up";
  queue[3].progress.received = 100'000;
  queue[3].key = keyOfFirst();
  EXPECT_TRUE(process(kNow + 100).empty()) << "the other one does";
}

TEST_F(CooperativePolicyTest, WhatAPeerHasMeanwhileIsTakenFromIt) {
  only(3);
  queue[3].http = true;
  queue[3].progress = {100'000, 400'000, 1'000'000, at(kNow)};
  peers.has[3] = {holder(2)};
  EXPECT_EQ(process(kNow + 100), (std::vector<Action>{{Kind::pauseHttp, 3, {}}, {Kind::startP2p, 3, ConnectionId(2)}}));
}

TEST_F(CooperativePolicyTest, RarestFirstBeyondTheNearOnes) {
  settings.simultaneousP2PDownloads = 1;
  peers.has[4] = {holder(2), holder(3)};
  peers.has[5] = {holder(3)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 5, ConnectionId(3)}}));
}

TEST_F(CooperativePolicyTest, UrgentHttpTakesTheSlotOfTheLeastUrgent) {
  queue[4].http = queue[5].http = true;
  queue[0].neededAt = at(kNow);
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::pauseHttp, 5, {}}, {Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, WhoGaveWayOnceDoesNotDoSoAgain) {
  only(3);
  queue[3].http = true;
  queue[3].progress = {100'000, 400'000, 1'000'000, at(kNow)};
  peers.has[3] = {holder(2, Availability::loadingByHttp)};
  EXPECT_EQ(process(kNow + 100), (std::vector<Action>{{Kind::pauseHttp, 3, {}}}));
  // The other one left it too: it was started anew.
  EXPECT_TRUE(process(kNow + 200).empty());
}

TEST_F(CooperativePolicyTest, WhatWasStartedLateIsNotGivenUpForAnother) {
  peers.has[0] = {holder(2, Availability::loadingByHttp)};
  const std::int64_t due = latest(0);
  queue[0].http = true;
  // Little is left, so that by this alone there would be time.
  queue[0].progress = {190'000, 400'000, 1'000'000, at(due), 0, at(due)};
  EXPECT_TRUE(process(due + 1).empty());
}

TEST_F(CooperativePolicyTest, WhatLiesBehindAHoleHttpHasToBringToo) {
  only(0);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  // 10 kB are missing, but HTTP would go on after the first 100 kB: 400 ms, so it must start 1600 ms before the need.
  queue[0].progress = {
      .received = 390'000, .total = 400'000, .bytesPerSecond = 5'000, .startedAt = at(kNow), .behindHole = 290'000};
  EXPECT_EQ(process(kNow + 4000 - 1600), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, AFailedSegmentThatIsNeededNowIsTriedAgainSoon) {
  peers.has[0] = {holder(2, Availability::loadingByHttp)};
  const std::int64_t due = latest(0);
  queue[0].httpFailed = true;
  queue[0].httpRetryAt = at(due + 500);
  EXPECT_TRUE(process(due + 1).empty());
  EXPECT_EQ(policy.wakeAt(), at(due + 500));
  EXPECT_EQ(process(due + 500), (std::vector<Action>{{Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, AFailedSegmentThatCanWaitIsLeftToOthersUntilTheTimeoutIsOver) {
  only(5);
  queue[5].key = keyOfFirst();
  queue[5].httpFailed = true;
  queue[5].httpRetryAt = at(kNow - 1);
  EXPECT_TRUE(process(kNow).empty());
  queue[5].httpFailed = false;
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 5, {}}}));
}

TEST_F(CooperativePolicyTest, AfterAFailureOfTheOriginThereIsTimeForMoreTries) {
  only(1);
  peers.has[1] = {holder(3, Availability::loadingByHttp)};
  EXPECT_TRUE(process(kNow).empty());
  estimates.httpFailedAt = at(kNow - 1000);
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 1, {}}}));
  estimates.httpFailedAt = at(kNow - 60'000);
  EXPECT_TRUE(process(kNow).empty());
}

TEST_F(CooperativePolicyTest, WhereOthersTellOfTroubleThereIsTimeForMoreTries) {
  only(1);
  peers.has[1] = {holder(3, Availability::loadingByHttp)};
  for (std::uint64_t id = 5; id <= 10; ++id) peers.near.push_back({ConnectionId(id), id, true, at(0)});
  peers.near.push_back({ConnectionId(11), 0, false, at(0)});  // no node: it cannot tell
  EXPECT_TRUE(process(kNow).empty());
  peers.near[1].troubleAt = at(kNow - 1000);
  EXPECT_TRUE(process(kNow).empty()) << "one of nine";
  peers.near[2].troubleAt = at(kNow - 59'999);
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 1, {}}}));
  peers.near[2].troubleAt = at(kNow - 60'000);
  EXPECT_TRUE(process(kNow).empty()) << "long ago";
}

TEST_F(CooperativePolicyTest, WhereThereIsTroubleWhoHasJustComeTakesTheSecondSegmentFromTheOrigin) {
  comeIntoACrowd();
  only(0);
  queue[0].neededAt = at(kNow + 2500);
  peers.has[0] = {holder(3)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 0, ConnectionId(3)}}));
  queue[0].p2p = false;
  for (Neighbour& neighbour : peers.near) neighbour.troubleAt = at(kNow);
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, AnUrgentDownloadThatBringsNothingIsAskedForAgain) {
  only(0);
  queue[0].neededAt = at(kNow + 1200);
  queue[0].http = true;
  queue[0].progress = {.received = 100'000,
                       .total = 400'000,
                       .bytesPerSecond = 50'000,
                       .startedAt = at(kNow - 1500),
                       .byteAt = at(kNow - 1000)};
  EXPECT_TRUE(process(kNow - 1).empty());
  EXPECT_EQ(policy.wakeAt(), at(kNow));
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::askAgainHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, WhereEveryPeerIsLateTheyAreGivenMoreTime) {
  only(5);
  queue[5].p2p = true;
  peers.sources[5] = 3;
  peers.has[5] = {holder(3), holder(4)};
  queue[5].progress = {0, 0, 0, at(kNow)};
  EXPECT_EQ(process(kNow + 1500).size(), 2U);
  peers.sources[5] = 4;
  queue[5].progress = {0, 0, 0, at(kNow + 1500)};
  EXPECT_TRUE(process(kNow + 4499).empty());
  EXPECT_EQ(process(kNow + 4500).size(), 2U);
  // 15 s later half of that is forgotten, and in the end all.
  queue[5].neededAt = at(kNow + 100'000);
  queue[5].progress = {0, 0, 0, at(kNow + 40'000)};
  EXPECT_TRUE(process(kNow + 41'499).empty());
  EXPECT_EQ(process(kNow + 41'500).size(), 2U);
}

TEST_F(CooperativePolicyTest, WhatMayBeRefusedMustBeHereInTimeForOtherTries) {
  validated = true;
  estimates.refusedAt = at(kNow - 1000);
  peers.has[2] = {holder(2, Availability::loadingByHttp)};
  const std::int64_t due = latest(2);
  EXPECT_LE(due, kNow + 12'000 - 1750 - 8000);
  EXPECT_GE(due, kNow + 12'000 - 2250 - 8000);
  queue[2].p2p = true;
  peers.sources[2] = 3;
  queue[2].progress = {
      .received = 399'000, .total = 400'000, .bytesPerSecond = 500'000, .startedAt = at(kNow), .byteAt = at(due - 1)};
  EXPECT_TRUE(process(due - 1).empty());
  EXPECT_EQ(process(due + 1), (std::vector<Action>{{Kind::abortP2p, 2, {}}, {Kind::startHttp, 2, {}}}));
}

TEST_F(CooperativePolicyTest, WhereAValidatorHasRefusedNothingLatelyThereIsTimeForOneMoreTry) {
  peers.has[2] = {holder(2, Availability::loadingByHttp)};
  const std::int64_t due = latest(2);
  validated = true;
  EXPECT_EQ(latest(2), due - 625);
  estimates.refusedAt = at(kNow - 60'000);
  EXPECT_EQ(latest(2), due - 625);
}

TEST_F(CooperativePolicyTest, APeerThatHasStoppedIsNotInTimeHoweverFastItWas) {
  only(0);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  queue[0].progress = {.received = 380'000,
                       .total = 400'000,
                       .bytesPerSecond = 500'000,
                       .startedAt = at(kNow),
                       .byteAt = at(kNow + 3000)};
  EXPECT_TRUE(process(kNow + 3500).empty());
  EXPECT_EQ(process(kNow + 3501), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, SeveralPeersAreAsFastAsTheSlowestOfThem) {
  only(0);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  // Together they send the rest in 100 ms, but the one with the last part takes two seconds more.
  queue[0].progress = {.received = 300'000,
                       .total = 400'000,
                       .bytesPerSecond = 1'000'000,
                       .startedAt = at(kNow),
                       .behindHole = 100'000,
                       .byteAt = at(kNow + 3000),
                       .rest = milliseconds(900)};
  EXPECT_EQ(process(kNow + 3000), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}}));
  queue[0].progress.rest = milliseconds(250);
  EXPECT_TRUE(process(kNow + 3000).empty());
}

TEST_F(CooperativePolicyTest, WhileTheOriginIsDownPeersAreNotStoppedForIt) {
  only(0);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  queue[0].progress = {.received = 100'000,
                       .total = 400'000,
                       .bytesPerSecond = 50'000,
                       .startedAt = at(kNow),
                       .byteAt = at(kNow + 2700)};
  estimates.httpFailedAt = at(kNow + 2000);
  estimates.httpFailures = 3;
  EXPECT_TRUE(process(kNow + 2700).empty());
  estimates.httpFailures = 2;
  EXPECT_EQ(process(kNow + 2700).size(), 2U);
  estimates.httpFailures = 3;
  estimates.httpFailedAt = at(kNow + 2700 - 4000);
  EXPECT_EQ(process(kNow + 2700).size(), 2U) << "it is looked after now and then";
}

TEST_F(CooperativePolicyTest, WhileTheOriginIsDownAPeerMayTakeItsTimeToAnswer) {
  only(0);
  queue[0].p2p = true;
  peers.sources[0] = 3;
  queue[0].progress = {.startedAt = at(kNow + 2500), .byteAt = at(kNow + 2500)};
  estimates.httpFailedAt = at(kNow + 2500);
  estimates.httpFailures = 3;
  EXPECT_TRUE(process(kNow + 4999).empty());
  EXPECT_EQ(process(kNow + 5000), (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}}));
}

TEST_F(CooperativePolicyTest, TheLastQuarterComesOverHttpWhereNobodySendsIt) {
  only(1);
  peers.has[1] = {holder(2, Availability::loadingByHttp)};
  queue[1].progress = {.received = 299'999, .total = 400'000};
  EXPECT_TRUE(process(kNow).empty());
  queue[1].progress.received = 300'000;
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 1, {}}}));
  peers.has[1] = {holder(2)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 1, ConnectionId(2)}}));
}

TEST_F(CooperativePolicyTest, ALateDownloadThatBringsNothingIsAskedForAgainIfItHasBroughtSomething) {
  only(0);
  queue[0].neededAt = at(kNow - 100);
  queue[0].http = true;
  queue[0].progress = {.received = 100'000,
                       .total = 400'000,
                       .bytesPerSecond = 50'000,
                       .startedAt = at(kNow - 1500),
                       .byteAt = at(kNow - 1000)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::askAgainHttp, 0, {}}}));
  queue[0].progress.startedAt = queue[0].progress.byteAt;
  EXPECT_TRUE(process(kNow + 5000).empty());
}

TEST_F(CooperativePolicyTest, OfABodyThatIsWholeTheEndIsNotWaitedFor) {
  only(0);
  queue[0].neededAt = at(kNow + 1200);
  queue[0].http = true;
  queue[0].progress = {.received = 400'000,
                       .total = 400'000,
                       .bytesPerSecond = 50'000,
                       .startedAt = at(kNow - 1500),
                       .byteAt = at(kNow - 200)};
  EXPECT_TRUE(process(kNow - 1).empty());
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::askAgainHttp, 0, {}}}));
}

}  // namespace
}  // namespace p2pml::engine
