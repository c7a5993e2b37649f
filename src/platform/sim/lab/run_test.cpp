// Whole runs: what a scenario asks for happens, and worlds that break an invariant are found out.
#include "platform/sim/lab/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "platform/sim/lab/metrics.hpp"
#include "platform/sim/lab/scenario_reader.hpp"

namespace p2pml::sim::lab {
namespace {

using base::seconds;
using base::TimePoint;

Scenario scenarioOf(const std::string& text) {
  auto scenario = readScenario(text, "test");
  EXPECT_TRUE(scenario) << scenario.error().detail;
  return scenario.value_or(Scenario{});
}

/// A short VOD of small segments.
Scenario vod(const std::string& group = R"("count": 3, "arrive": {"every": 1})", const std::string& more = "") {
  return scenarioOf(R"({"stream": {"segmentSeconds": 2, "segmentBytes": 50000, "count": 8}, "groups": [{)" + group +
                    "}]" + more + "}");
}

Records runOf(const Scenario& scenario, RunOptions options = {}) {
  auto records = runScenario(scenario, options);
  EXPECT_TRUE(records) << records.error().detail;
  return *std::move(records);
}

std::set<std::string> broken(const Records& records) {
  std::set<std::string> checks;
  for (const auto& violation : records.violations) checks.insert(violation.check);
  return checks;
}

TEST(Run, ViewersPlayAVodToItsEndAndShareIt) {
  const Records records = runOf(vod());
  ASSERT_EQ(records.viewers.size(), 3U);
  for (const ViewerRecord& viewer : records.viewers) {
    EXPECT_TRUE(viewer.done);
    EXPECT_EQ(viewer.delivered, 8U);
    EXPECT_EQ(viewer.deliveredBytes, 400'000U);
    EXPECT_EQ(viewer.stalls, 0U);
    EXPECT_EQ(viewer.overHttp + viewer.overP2p, 8U);
    EXPECT_EQ(viewer.firstSegmentBytes, 50'000U);
    EXPECT_GE(viewer.startup, base::Duration(0));
    EXPECT_EQ(viewer.mostPeers, 2U);
    EXPECT_LT(viewer.thirdPeer, base::Duration(0));
  }
  EXPECT_EQ(records.violationCount, 0U);
  ASSERT_EQ(records.segments[0].size(), 8U);
  std::uint64_t origin = 0;
  for (const auto& segment : records.segments[0]) {
    EXPECT_EQ(segment.delivered, 3U);
    origin += segment.originBytes;
  }
  EXPECT_EQ(origin, records.originBytes);
  std::uint64_t bySecond = 0;
  for (const auto& second : records.seconds) bySecond += second.originBytes;
  EXPECT_EQ(bySecond, records.originBytes);
  EXPECT_GT(metricsOf(records, vod()).offload, 0.3);
}

TEST(Run, TheSameSeedIsTheSameRunAndTheTwinHasTheSameAudience) {
  const Scenario scenario = vod(R"("count": 5, "arrive": {"within": 5}, "stay": {"mean": 8})");
  const Records once = runOf(scenario, {.seed = 3});
  const Records again = runOf(scenario, {.seed = 3});
  EXPECT_EQ(once.digest, again.digest);
  EXPECT_EQ(once.checkpoints, again.checkpoints);
  EXPECT_NE(once.digest, runOf(scenario, {.seed = 4}).digest);
  const Records twin = runOf(scenario, {.seed = 3, .httpOnly = true});
  ASSERT_EQ(twin.viewers.size(), once.viewers.size());
  for (std::size_t i = 0; i < twin.viewers.size(); ++i) {
    EXPECT_EQ(twin.viewers[i].plan.arrive, once.viewers[i].plan.arrive);
    EXPECT_EQ(twin.viewers[i].left, once.viewers[i].left);
    EXPECT_EQ(twin.viewers[i].p2pBytes, 0U);
  }
}

TEST(Run, LiveSegmentsAreTimedFromTheirAvailability) {
  const Scenario scenario = scenarioOf(R"({"duration": 20,
      "stream": {"kind": "live", "segmentSeconds": 2, "segmentBytes": 20000, "window": 4, "liveBack": 3},
      "groups": [{"count": 4, "arrive": {"every": 1}}]})");
  const Records records = runOf(scenario);
  EXPECT_EQ(records.ran, seconds(20));
  EXPECT_EQ(records.violationCount, 0U);
  const auto& segments = records.segments[0];
  // Before anybody came: nobody to measure.
  EXPECT_TRUE(segments[0].latencies.empty());
  const auto timed = std::ranges::find_if(segments, [](const auto& s) { return s.latencies.size() == 4; });
  ASSERT_NE(timed, segments.end());
  EXPECT_GT(*std::ranges::max_element(timed->latencies), 0U);
}

TEST(Run, WhoCrashesOrLeavesIsGone) {
  const Records records =
      runOf(vod(R"("count": 4, "arrive": {"every": 0}, "stay": {"for": 6}, "crash": 0.5)", R"(, "duration": 12)"),
            {.seed = 2});
  for (const ViewerRecord& viewer : records.viewers) {
    EXPECT_EQ(viewer.left, TimePoint(seconds(6)));
    EXPECT_FALSE(viewer.done);
    EXPECT_GT(viewer.delivered, 0U);
  }
  EXPECT_EQ(records.seconds.back().viewers, 0U);
  EXPECT_EQ(records.violationCount, 0U);
}

TEST(Run, ViewersLeaveWhenTheVodIsOverIfTheyAreToldSo) {
  const Records records = runOf(vod(R"("count": 2, "arrive": {"every": 10}, "stay": "untilDone")"));
  EXPECT_LT(records.viewers[0].left, records.viewers[1].left);
  EXPECT_TRUE(records.viewers[1].done);
}

TEST(Run, PausesSeeksAndSwitchesBreakNothing) {
  const Scenario scenario = scenarioOf(R"({"duration": 60,
      "stream": {"segmentSeconds": 2, "count": 30, "qualities": [{"segmentBytes": 40000}, {"segmentBytes": 10000}]},
      "groups": [{"count": 6, "arrive": {"within": 5}, "pauses": {"every": 10, "for": 3}, "seeks": {"every": 10},
                  "switches": {"every": 8}}]})");
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Records records = runOf(scenario, {.seed = seed});
    EXPECT_EQ(broken(records), std::set<std::string>{}) << "seed " << seed;
    EXPECT_GT(records.segments[1].size(), 0U);
    EXPECT_TRUE(std::ranges::any_of(records.segments[1], [](const auto& s) { return s.delivered > 0; }));
  }
}

TEST(Run, NatsAndBlockedPairsKeepViewersApart) {
  const auto most = [](const std::string& more) {
    std::uint64_t connections = 0;
    const Records records =
        runOf(vod(R"("count": 8, "arrive": {"within": 2}, "nat": "symmetric")" + more, R"(, "handshakeTimeout": 1)"));
    for (const auto& second : records.seconds) connections = std::max<std::uint64_t>(connections, second.connections);
    return connections;
  };
  EXPECT_EQ(most(""), 0U);
  const Records open = runOf(vod(R"("count": 8, "arrive": {"within": 2})"));
  const Records half = runOf(vod(R"("count": 8, "arrive": {"within": 2})", R"(, "pairsBlocked": 0.5)"));
  EXPECT_GT(open.seconds.back().connections, 25U);
  EXPECT_LT(half.seconds.back().connections, 21U);
  EXPECT_GT(half.seconds.back().connections, 6U);
}

TEST(Run, FaultsOfTheOriginHappenInTheirTime) {
  const Records records = runOf(vod(R"("count": 1)", R"(, "origin": {"faults": [{"kind": "outage", "to": 3}]})"));
  EXPECT_GE(records.viewers[0].startup, seconds(3));
  EXPECT_TRUE(records.viewers[0].done);
  const Records corrupt =
      runOf(vod(R"("count": 1)", R"(, "origin": {"faults": [{"kind": "corrupt", "from": 1, "to": 4}]})"));
  EXPECT_EQ(broken(corrupt), std::set<std::string>{kSegmentsCorrect});
  EXPECT_GT(corrupt.viewers[0].badSegments, 0U);
}

TEST(Run, LiarsAreFoundOutByValidation) {
  const std::string liars = R"("count": 5, "arrive": {"every": 1},
      "behaviour": [{"share": 1, "behaviour": "lying"}, {"share": 4, "behaviour": "honest"}])";
  bool seen = false;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    seen = seen || broken(runOf(vod(liars), {.seed = seed})).contains(kSegmentsCorrect);
    EXPECT_EQ(broken(runOf(vod(liars + R"(, "validate": true)"), {.seed = seed})), std::set<std::string>{});
  }
  EXPECT_TRUE(seen) << "no lie was believed without a validator, which shows nothing";
}

TEST(Run, APartitionSplitsConnectionsUntilItEnds) {
  const Records records = runOf(scenarioOf(R"({"duration": 400,
      "stream": {"segmentSeconds": 2, "segmentBytes": 10000, "count": 200},
      "groups": [{"count": 12, "arrive": {"within": 2}}],
      "partitions": [{"from": 20, "to": 60, "share": 0.5}]})"));
  EXPECT_GT(records.seconds[18].connections, 50U);
  EXPECT_LT(records.seconds[50].connections, records.seconds[18].connections);
  EXPECT_GT(records.seconds.back().connections, records.seconds[50].connections);
  EXPECT_EQ(records.violationCount, 0U);
}

TEST(Run, SettingsComeFromScenarioGroupAndCommandLineInThisOrder) {
  Scenario scenario = vod(R"("count": 1, "settings": {"maxPeers": 5})", R"(, "settings": {"maxPeers": 4})");
  RunOptions options;
  EXPECT_EQ(settingsOf(scenario, scenario.groups[0], options)->maxPeers, 5);
  options.settings.emplace_back("maxPeers", base::Json(6));
  EXPECT_EQ(settingsOf(scenario, scenario.groups[0], options)->maxPeers, 6);
  options.settings.emplace_back("maxPears", base::Json(6));
  const auto wrong = runScenario(scenario, options);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail.find("maxPears"), std::string::npos);
}

TEST(Run, WhoWatchesMayStopIt) {
  RunOptions options;
  options.onSecond = [](const Progress& progress) { return progress.now < seconds(3); };
  const Records records = runOf(vod(), options);
  EXPECT_TRUE(records.stopped);
  EXPECT_EQ(records.ran, seconds(3));
}

// ------------------------------------------------------------------------------------------------------------
// Worlds whose engines misbehave.

class Misbehaving final : public driver::Engine {
 public:
  using Change = std::function<void(base::TimePoint, const engine::Input&, engine::Outputs&)>;
  Misbehaving(std::unique_ptr<driver::Engine> real, Change change)
      : real_(std::move(real)), change_(std::move(change)) {}
  void step(base::TimePoint now, const engine::Input& input, engine::Outputs& outputs) override {
    real_->step(now, input, outputs);
    change_(now, input, outputs);
  }
  [[nodiscard]] base::TimePoint deadline() const override { return real_->deadline(); }
  [[nodiscard]] const engine::Settings& getSettings() const override { return real_->getSettings(); }
  [[nodiscard]] engine::Details getDetails() const override { return real_->getDetails(); }
  [[nodiscard]] const engine::Stats& stats() const override { return real_->stats(); }

 private:
  std::unique_ptr<driver::Engine> real_;
  Change change_;
};

Records runWith(Misbehaving::Change change, const Scenario& scenario = vod()) {
  RunOptions options;
  options.makeEngine = [change](engine::Options how) -> base::Result<std::unique_ptr<driver::Engine>> {
    auto real = driver::makeEngine(std::move(how));
    if (!real) return real;
    return std::make_unique<Misbehaving>(*std::move(real), change);
  };
  return runOf(scenario, options);
}

TEST(RunFindsOut, AnEngineThatSaysEverythingTwice) {
  const Records records = runWith([](base::TimePoint, const engine::Input&, engine::Outputs& outputs) {
    for (std::size_t i = 0, end = outputs.size(); i < end; ++i) {
      if (std::holds_alternative<engine::output::SegmentLoaded>(outputs[i])) outputs.push_back(outputs[i]);
    }
  });
  EXPECT_TRUE(broken(records).contains(kSegmentsOnce));
}

TEST(RunFindsOut, AnEngineThatDeliversWrongBytes) {
  const Records records = runWith([](base::TimePoint, const engine::Input&, engine::Outputs& outputs) {
    for (auto& output : outputs) {
      auto* loaded = std::get_if<engine::output::SegmentLoaded>(&output);
      if (loaded != nullptr) loaded->segment.data = base::Bytes::copyOf("nothing of the sort");
    }
  });
  EXPECT_TRUE(broken(records).contains(kSegmentsCorrect));
}

TEST(RunFindsOut, AnEngineThatAsksTheOriginAgainAndAgain) {
  std::uint64_t id = 1'000'000;
  const Records records = runWith([&id](base::TimePoint, const engine::Input& input, engine::Outputs& outputs) {
    const auto* load = std::get_if<engine::input::Load>(&input);
    if (load == nullptr) return;
    for (int i = 0; i < 10; ++i) {
      engine::output::StartHttp start;
      start.request = base::RequestId(++id);
      start.segment = load->segments.front();
      outputs.push_back(start);
    }
  });
  EXPECT_TRUE(broken(records).contains(kNoStorm));
}

TEST(RunFindsOut, AnEngineThatHasMorePeersThanItMay) {
  const Records records = runWith(
      [](base::TimePoint, const engine::Input& input, engine::Outputs& outputs) {
        if (std::holds_alternative<engine::input::PeerOpened>(input)) {
          for (int i = 0; i < 3; ++i) outputs.push_back(engine::output::PeerConnect{});
        }
      },
      vod(R"("count": 3, "arrive": {"every": 1}, "settings": {"maxPeers": 2})"));
  EXPECT_TRUE(broken(records).contains(kMaxPeers));
}

TEST(RunFindsOut, AnEngineThatLeavesConnectionsBehind) {
  const Records records = runWith([](base::TimePoint, const engine::Input& input, engine::Outputs& outputs) {
    if (std::holds_alternative<engine::input::Destroy>(input)) outputs.clear();
  });
  ASSERT_TRUE(broken(records).contains(kSilentAfterEnd));
  EXPECT_NE(records.violations.back().what.find("connections were left open"), std::string::npos);
}

}  // namespace
}  // namespace p2pml::sim::lab
