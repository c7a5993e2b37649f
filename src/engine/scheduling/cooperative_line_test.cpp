// For whom the cooperative policy keeps the line.
#include "engine/scheduling/cooperative_policy_fixture.hpp"

namespace p2pml::engine {
namespace {

using base::ConnectionId;
using base::milliseconds;
using base::seconds;
using Kind = Action::Kind;
using CooperativeLineTest = CooperativePolicyTest;

TEST_F(CooperativeLineTest, WhoseStoreIsNearlyEmptyHasAllPeersAtTheNextSegment) {
  comeIntoACrowd();
  only(0);
  queue[1].stored = false;
  queue[0].p2p = true;
  peers.sources[0] = 3;
  queue[0].progress = {100'000, 400'000, 300'000, at(kNow)};
  peers.has[1] = {holder(4)};
  EXPECT_TRUE(process(kNow + 100).empty());
  // One that is needed later leaves the others to others.
  queue[0].neededAt = at(kNow + 4101);
  EXPECT_EQ(process(kNow + 100), (std::vector<Action>{{Kind::startP2p, 1, ConnectionId(4)}}));
}

TEST_F(CooperativeLineTest, WhatMayComeTooLateHasTheLineForItself) {
  queue[0].http = true;
  queue[0].neededAt = at(kNow + 1500);
  queue[0].progress = {.received = 100'000, .total = 400'000, .bytesPerSecond = 100'000, .byteAt = at(kNow)};
  queue[1].p2p = true;
  peers.sources[1] = 3;
  queue[1].progress = {100'000, 400'000, 300'000, at(kNow - 500)};
  queue[2].http = true;
  queue[2].progress = {.received = 300'000, .total = 400'000, .bytesPerSecond = 500'000, .byteAt = at(kNow)};
  peers.has[3] = {holder(4)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::abortP2p, 1, {}}, {Kind::pauseHttp, 2, {}}}));
  // And keeps it although it is faster now: the others would only slow it down again.
  queue[1].p2p = queue[2].http = false;
  queue[0].progress.bytesPerSecond = 1'000'000;
  EXPECT_TRUE(process(kNow + 200).empty());
  queue[0].http = false;
  queue[0].stored = true;
  EXPECT_FALSE(process(kNow + 300).empty());
}

// Viewers of 12 Mbit/s who had asked peers for what follows waited for 3.9 MB of that.
TEST_F(CooperativeLineTest, WhatThePlayerNeedsNextHasTheLineForItselfOverHttp) {
  queue[0].http = true;
  queue[0].neededAt = at(kNow + 2000);
  queue[0].progress = {.received = 300'000, .total = 400'000, .bytesPerSecond = 400'000, .byteAt = at(kNow)};
  queue[1].p2p = true;
  peers.sources[1] = 3;
  queue[1].progress = {100'000, 400'000, 300'000, at(kNow - 500)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::abortP2p, 1, {}}}));
}

TEST_F(CooperativeLineTest, ADownloadThatWouldBeLateAtHalfItsSpeedHasTheLineForItself) {
  estimates.httpBytesPerSecond = 100'000;
  queue[0].http = true;
  queue[0].neededAt = at(kNow + 4500);
  queue[1].neededAt = at(kNow + 8500);
  // 2.5 s to go, and what is under way from the peer comes all the same.
  queue[0].progress = {.received = 80'000, .total = 400'000, .bytesPerSecond = 128'000, .byteAt = at(kNow)};
  queue[1].p2p = true;
  peers.sources[1] = 3;
  queue[1].progress = {100'000, 400'000, 300'000, at(kNow - 500)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::abortP2p, 1, {}}}));
}

TEST_F(CooperativeLineTest, ADownloadThatIsInTimeAtHalfItsSpeedToo) {
  estimates.httpBytesPerSecond = 100'000;
  queue[0].http = true;
  queue[0].neededAt = at(kNow + 4500);
  queue[1].neededAt = at(kNow + 8500);
  queue[0].progress = {.received = 176'000, .total = 400'000, .bytesPerSecond = 128'000, .byteAt = at(kNow)};
  queue[1].p2p = true;
  peers.sources[1] = 3;
  queue[1].progress = {100'000, 400'000, 300'000, at(kNow - 500)};
  EXPECT_TRUE(process(kNow).empty());
}

TEST_F(CooperativeLineTest, WhatAPeerThatIsSilentIsAskedForKeepsNoLineFree) {
  settings.httpDownloadMaxPriority = 0;
  queue[0].p2p = true;
  peers.sources[0] = 2;
  queue[0].neededAt = at(kNow);
  queue[0].progress = {0, 0, 0, at(kNow - 500)};
  peers.has[1] = {holder(3)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 1, ConnectionId(3)}}));
}

TEST_F(CooperativeLineTest, WhileWhatIsNeededNextIsOnItsWayNothingLaterIsAskedFor) {
  peers.has[0] = {holder(2)};
  peers.has[1] = {holder(3)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 0, ConnectionId(2)}}));
  queue[0].p2p = true;
  peers.sources[0] = 2;
  // Silent or not: what it does not send HTTP will have to bring, and has the line to itself then.
  queue[0].progress = {.startedAt = at(kNow), .byteAt = at(kNow)};
  EXPECT_TRUE(process(kNow + 1000).empty());
  queue[0].progress = {.received = 100'000,
                       .total = 400'000,
                       .bytesPerSecond = 400'000,
                       .startedAt = at(kNow),
                       .byteAt = at(kNow + 500)};
  EXPECT_TRUE(process(kNow + 500).empty());
  settings.peerExtension = false;
  EXPECT_EQ(process(kNow + 500), (std::vector<Action>{{Kind::startP2p, 1, ConnectionId(3)}}));
}

TEST_F(CooperativeLineTest, WhereHttpIsNotAllowedWhatASilentPeerIsAskedForHoldsUpNothing) {
  settings.httpDownloadMaxPriority = 0;
  queue[0].priority = 1;
  queue[0].p2p = true;
  peers.sources[0] = 2;
  queue[0].progress = {.startedAt = at(kNow), .byteAt = at(kNow)};
  peers.has[1] = {holder(3)};
  EXPECT_TRUE(process(kNow + 499).empty());
  EXPECT_LE(policy.wakeAt(), at(kNow + 500));
  EXPECT_EQ(process(kNow + 500), (std::vector<Action>{{Kind::startP2p, 1, ConnectionId(3)}}));
}

TEST_F(CooperativeLineTest, WhereAnAnswerMayBeWrongTheNextSegmentHasTheLineFromTheStart) {
  validated = true;
  estimates.refusedAt = at(kNow - 1000);
  peers.has[1] = {holder(2)};
  peers.has[2] = {holder(3)};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startHttp, 0, {}}}));
  // And what was begun before is stopped.
  queue[0].http = true;
  queue[0].progress = {.startedAt = at(kNow), .byteAt = at(kNow)};
  queue[3].p2p = true;
  peers.sources[3] = 4;
  queue[3].progress = {100'000, 400'000, 300'000, at(kNow - 500)};
  EXPECT_EQ(process(kNow + 1), (std::vector<Action>{{Kind::abortP2p, 3, {}}}));
}

TEST_F(CooperativeLineTest, WhereAnAnswerMayBeRefusedTheNextSegmentOverHttpHasTheLineADurationSooner) {
  queue[0].neededAt = at(kNow + 5000);
  queue[1].neededAt = at(kNow + 9000);
  estimates.httpBytesPerSecond = 200'000;
  queue[0].http = true;
  queue[0].progress = {.received = 240'000, .total = 400'000, .bytesPerSecond = 300'000, .byteAt = at(kNow)};
  queue[1].p2p = true;
  peers.sources[1] = 3;
  queue[1].progress = {100'000, 400'000, 300'000, at(kNow - 500)};
  EXPECT_TRUE(process(kNow).empty());
  validated = true;
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::abortP2p, 1, {}}}));
}

TEST_F(CooperativeLineTest, WhoCouldHelpWithTheNextSegmentIsAskedForNothingLater) {
  queue[0].p2p = true;
  peers.sources[0] = 2;
  for (QueueItem& item : queue) item.neededAt += milliseconds(500);
  // Five seconds to go, and HTTP would have to begin in three.
  queue[0].progress = {.received = 100'000,
                       .total = 400'000,
                       .bytesPerSecond = 60'000,
                       .startedAt = at(kNow - 1000),
                       .byteAt = at(kNow)};
  Holder able = holder(3);
  able.resumes = true;
  peers.has[0] = {able, holder(4)};
  peers.has[1] = {able, holder(4)};
  peers.has[2] = {able};
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 1, ConnectionId(4)}}));
  queue[0].progress.bytesPerSecond = 400'000;
  peers.has[1].pop_back();
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::startP2p, 1, ConnectionId(3)}}));
}

TEST_F(CooperativeLineTest, WhatIsNeededSoonTakesTheSlotOfWhatComesSlowly) {
  for (const std::size_t far : {3U, 4U, 5U}) {
    queue[far].p2p = true;
    peers.sources[far] = far;
    queue[far].progress = {.received = 100'000,
                           .total = 400'000,
                           .bytesPerSecond = 100'000,
                           .startedAt = at(kNow - 2000),
                           .byteAt = at(kNow)};
  }
  queue[1].stored = queue[2].stored = true;
  peers.has[0] = {holder(2)};
  EXPECT_TRUE(process(kNow).empty()) << "three seconds are not long";
  queue[4].progress.bytesPerSecond = 50'000;
  EXPECT_EQ(process(kNow), (std::vector<Action>{{Kind::abortP2p, 4, {}}, {Kind::startP2p, 0, ConnectionId(2)}}));
  queue[4].progress.startedAt = at(kNow - 1999);
  EXPECT_TRUE(process(kNow).empty()) << "it has just begun";
}

}  // namespace
}  // namespace p2pml::engine
