#include "engine/scheduling/classic_policy.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace p2pml::engine {
namespace {

using base::ConnectionId;
using base::milliseconds;
using base::TimePoint;
using Kind = Action::Kind;

/// Peers by what they hold; a busy one is asked for something else.
class FakePeers final : public PeerView {
 public:
  std::map<std::uint64_t, std::set<std::size_t>> loaded;
  std::map<std::uint64_t, std::set<std::size_t>> loading;
  std::set<std::uint64_t> busy;

  [[nodiscard]] std::size_t peerCount() const override { return loaded.size(); }
  [[nodiscard]] Availability availability(std::size_t index) const override {
    for (const auto& [id, has] : loaded) {
      if (has.contains(index)) return Availability::loaded;
    }
    for (const auto& [id, has] : loading) {
      if (has.contains(index)) return Availability::loadingByHttp;
    }
    return Availability::none;
  }
  std::map<std::size_t, std::uint64_t> sources;
  [[nodiscard]] ConnectionId source(std::size_t index) const override {
    const auto found = sources.find(index);
    return found == sources.end() ? ConnectionId() : ConnectionId(found->second);
  }
  [[nodiscard]] bool holds(ConnectionId connection, std::size_t index) const override {
    const auto found = loaded.find(connection.value);
    return found != loaded.end() && found->second.contains(index);
  }
  void holders(std::size_t, std::vector<Holder>&) const override {}
  void neighbours(std::vector<Neighbour>&) const override {}
  void idleHolders(std::size_t index, std::vector<ConnectionId>& holders) const override {
    for (const auto& [id, has] : loaded) {
      if (has.contains(index) && !busy.contains(id)) holders.emplace_back(id);
    }
  }
};

class ClassicPolicyTest : public ::testing::Test {
 protected:
  ClassicPolicyTest() {
    for (std::int64_t i = 0; i < 6; ++i) queue.push_back({.priority = i});
  }
  std::vector<Action> process(TimePoint now = TimePoint{}) {
    std::vector<Action> actions;
    policy.processQueue(view(now), rng, actions);
    return actions;
  }
  std::vector<Action> random(TimePoint now = TimePoint{}) {
    std::vector<Action> actions;
    policy.randomHttp(view(now), rng, actions);
    return actions;
  }
  [[nodiscard]] SchedulerView view(TimePoint now) const {
    std::size_t http = extraHttp;
    std::size_t p2p = 0;
    for (const QueueItem& item : queue) {
      http += item.http ? 1 : 0;
      p2p += item.p2p ? 1 : 0;
    }
    return {now, settings, queue, peers, http, p2p};
  }

  Settings settings;
  std::vector<QueueItem> queue;
  FakePeers peers;
  std::size_t extraHttp = 0;
  base::Rng rng{1};
  ClassicPolicy policy{settings};
};

TEST_F(ClassicPolicyTest, RequiredSegmentsGoOverHttp) {
  EXPECT_EQ(process(), (std::vector<Action>{{Kind::startHttp, 0, {}}, {Kind::startHttp, 1, {}}}));
}

TEST_F(ClassicPolicyTest, RequiredSegmentsDisplaceTheLastHttpDownload) {
  queue[3].http = queue[4].http = true;
  EXPECT_EQ(
      process(),
      (std::vector<Action>{
          {Kind::abortHttp, 4, {}}, {Kind::startHttp, 0, {}}, {Kind::abortHttp, 3, {}}, {Kind::startHttp, 1, {}}}));
}

TEST_F(ClassicPolicyTest, DownloadsBeforeARequiredSegmentAreNotDisplaced) {
  queue[0].http = true;
  extraHttp = 1;  // not queued any more, so it cannot be displaced
  EXPECT_TRUE(process().empty());
}

TEST_F(ClassicPolicyTest, RequiredSegmentTakesOverFromPeerWhenHttpHasASlot) {
  peers.loaded[1] = {0};
  queue[0].p2p = true;
  EXPECT_EQ(process(),
            (std::vector<Action>{{Kind::abortP2p, 0, {}}, {Kind::startHttp, 0, {}}, {Kind::startHttp, 1, {}}}));
}

TEST_F(ClassicPolicyTest, RequiredSegmentsGoOverP2pWhenHttpHasNoSlotOrFailed) {
  settings.simultaneousHttpDownloads = 1;
  queue[0].httpFailed = true;
  peers.loaded[7] = {0};
  EXPECT_EQ(process(), (std::vector<Action>{{Kind::startP2p, 0, ConnectionId(7)}, {Kind::startHttp, 1, {}}}));
}

TEST_F(ClassicPolicyTest, RequiredSegmentDisplacesTheLastP2pDownload) {
  settings.simultaneousHttpDownloads = 0;
  settings.simultaneousP2PDownloads = 1;
  queue[5].p2p = true;
  peers.loaded[1] = {0};
  EXPECT_EQ(process(), (std::vector<Action>{{Kind::abortP2p, 5, {}}, {Kind::startP2p, 0, ConnectionId(1)}}));
}

TEST_F(ClassicPolicyTest, TheDisplacedPeerIsIdleWithinTheSamePass) {
  settings.simultaneousHttpDownloads = 0;
  settings.simultaneousP2PDownloads = 1;
  queue[5].p2p = true;
  peers.loaded[1] = {0, 5};
  peers.busy = {1};
  peers.sources[5] = 1;
  EXPECT_EQ(process(), (std::vector<Action>{{Kind::abortP2p, 5, {}}, {Kind::startP2p, 0, ConnectionId(1)}}));
}

TEST_F(ClassicPolicyTest, OthersGoOverP2pWhileSlotsLastOnePerPeer) {
  queue[0].stored = queue[1].stored = true;
  peers.loaded[1] = {2, 3, 4, 5};
  peers.loaded[2] = {3, 4, 5};
  const auto actions = process();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(actions[0], (Action{Kind::startP2p, 2, ConnectionId(1)}));
  EXPECT_EQ(actions[1], (Action{Kind::startP2p, 3, ConnectionId(2)}));
}

TEST_F(ClassicPolicyTest, SimultaneousP2PDownloadsIsALimit) {
  settings.simultaneousP2PDownloads = 2;
  queue[0].stored = queue[1].stored = true;
  for (std::uint64_t i = 1; i <= 4; ++i) peers.loaded[i] = {2, 3, 4, 5};
  EXPECT_EQ(process().size(), 2U);
}

TEST_F(ClassicPolicyTest, P2pDownloadMaxPriorityIsIncluded) {
  settings.p2pDownloadMaxPriority = 3;
  queue[0].stored = queue[1].stored = queue[2].stored = true;
  for (std::uint64_t i = 1; i <= 4; ++i) peers.loaded[i] = {3, 4, 5};
  const auto actions = process();
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(actions[0].index, 3U);
}

TEST_F(ClassicPolicyTest, BusyPeersAreNotAsked) {
  queue[0].stored = queue[1].stored = true;
  peers.loaded[1] = {2};
  peers.busy = {1};
  EXPECT_TRUE(process().empty());
}

TEST_F(ClassicPolicyTest, HoldersAreChosenAtRandom) {
  queue[0].stored = queue[1].stored = true;
  for (std::uint64_t i = 1; i <= 4; ++i) peers.loaded[i] = {2};
  std::set<std::uint64_t> chosen;
  for (int i = 0; i < 100; ++i) chosen.insert(process().at(0).connection.value);
  EXPECT_EQ(chosen.size(), 4U);
}

TEST_F(ClassicPolicyTest, InitialTimeoutHoldsHttpUntilItIsOver) {
  settings.httpDownloadInitialTimeout = 5000;
  settings.httpDownloadInitialTimeoutPerSegment = 10'000;
  policy.start(TimePoint{});
  EXPECT_TRUE(process(TimePoint{} + milliseconds(4999)).empty());
  EXPECT_TRUE(policy.holdingHttp());
  EXPECT_EQ(process(TimePoint{} + milliseconds(5000)).size(), 2U);
  EXPECT_FALSE(policy.holdingHttp());
}

TEST_F(ClassicPolicyTest, PerSegmentTimeoutEndsTheHoldOnlyForASegmentOfPriorityZero) {
  settings.httpDownloadInitialTimeout = 60'000;
  policy.start(TimePoint{});
  EXPECT_TRUE(process(TimePoint{} + milliseconds(4000)).empty());  // not more than 4000 ms yet
  queue[0].stored = true;
  EXPECT_TRUE(process(TimePoint{} + milliseconds(4001)).empty());  // first missing one has priority 1
  queue[0].stored = false;
  EXPECT_EQ(process(TimePoint{} + milliseconds(4001)).size(), 2U);
}

TEST_F(ClassicPolicyTest, LonelySwarmEndsTheHold) {
  settings.httpDownloadInitialTimeout = 60'000;
  policy.start(TimePoint{});
  EXPECT_FALSE(policy.swarmSize(2));
  EXPECT_TRUE(policy.holdingHttp());
  EXPECT_TRUE(policy.swarmSize(1));
  EXPECT_FALSE(policy.holdingHttp());
}

TEST_F(ClassicPolicyTest, NoHoldWithoutPerSegmentTimeout) {
  settings.httpDownloadInitialTimeout = 60'000;
  settings.httpDownloadInitialTimeoutPerSegment = 0;
  policy.start(TimePoint{});
  EXPECT_FALSE(policy.holdingHttp());
}

class RandomHttpTest : public ClassicPolicyTest {
 protected:
  RandomHttpTest() { queue[0].stored = queue[1].stored = true; }
};

TEST_F(RandomHttpTest, ProbabilityIsPerCandidate) {
  settings.httpDownloadProbability = 0.05;  // 4 candidates: 0.2
  int started = 0;
  std::set<std::size_t> which;
  for (int i = 0; i < 5000; ++i) {
    for (const Action& action : random()) {
      ++started;
      which.insert(action.index);
    }
  }
  EXPECT_NEAR(started / 5000.0, 0.2, 0.02);
  EXPECT_EQ(which, (std::set<std::size_t>{2, 3, 4, 5}));
}

TEST_F(RandomHttpTest, CertainWhenProbabilityTimesCandidatesReachesOne) {
  settings.httpDownloadProbability = 0.25;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random().size(), 1U);
}

TEST_F(RandomHttpTest, NeverWithProbabilityZero) {
  settings.httpDownloadProbability = 0;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(random().empty());
}

TEST_F(RandomHttpTest, LeavesOutWhatAnybodyHasOrLoadsOrWhatFailed) {
  settings.httpDownloadProbability = 1;
  peers.loaded[1] = {2};
  peers.loading[1] = {3};
  queue[4].httpFailed = true;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(random(), (std::vector<Action>{{Kind::startHttp, 5, {}}}));
  queue[5].p2p = true;
  EXPECT_TRUE(random().empty());
}

TEST_F(RandomHttpTest, HttpDownloadMaxPriorityIsIncluded) {
  settings.httpDownloadProbability = 1;
  settings.httpDownloadMaxPriority = 2;
  EXPECT_EQ(random(), (std::vector<Action>{{Kind::startHttp, 2, {}}}));
  settings.httpDownloadMaxPriority = 1;
  EXPECT_TRUE(random().empty());
}

TEST_F(RandomHttpTest, NotWhenConsumeOnlyOrSlotsAreFullOrHeldOrAlone) {
  settings.httpDownloadProbability = 1;
  settings.consumeOnly = true;
  EXPECT_TRUE(random().empty());
  settings.consumeOnly = false;
  extraHttp = 2;
  EXPECT_TRUE(random().empty());
  extraHttp = 0;
  settings.httpDownloadProbabilitySkipIfNoPeers = true;
  EXPECT_TRUE(random().empty());
  peers.loaded[1] = {};
  EXPECT_EQ(random().size(), 1U);
  settings.httpDownloadInitialTimeout = 60'000;
  policy.start(TimePoint{});
  EXPECT_TRUE(random().empty());
}

}  // namespace
}  // namespace p2pml::engine
