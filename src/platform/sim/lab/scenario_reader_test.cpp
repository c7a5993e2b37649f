#include "platform/sim/lab/scenario_reader.hpp"

#include <gtest/gtest.h>

namespace p2pml::sim::lab {
namespace {

std::string errorOf(std::string_view text) {
  const auto scenario = readScenario(text, "test");
  return scenario ? "read" : scenario.error().detail;
}

TEST(ScenarioReader, ReadsTheDefaults) {
  const auto scenario = readScenario(R"({"groups": [{}]})", "test");
  ASSERT_TRUE(scenario) << scenario.error().detail;
  EXPECT_EQ(scenario->name, "test");
  EXPECT_FALSE(scenario->stream.live);
  EXPECT_FALSE(scenario->duration);
  EXPECT_EQ(scenario->viewers(), 1U);
  EXPECT_EQ(scenario->groups[0].arrive.kind, ArrivalKind::at);
  EXPECT_EQ(scenario->groups[0].stay.kind, StayKind::toEnd);
  ASSERT_EQ(scenario->groups[0].line.size(), 1U);
}

TEST(ScenarioReader, ReadsEverything) {
  const auto scenario = readScenario(R"({
    "title": "T", "description": "D", "tags": ["x"], "seed": 7, "duration": 90.5,
    "stream": {"kind": "live", "segmentSeconds": 2, "window": 6, "liveBack": 3,
               "qualities": [{"name": "high", "segmentBytes": 1000}, {"name": "low", "segmentBytes": 100}]},
    "player": {"ahead": 5, "forward": 10, "requestTimeout": 12},
    "lines": {"home": {"upMbit": 8, "downMbit": 16, "latencyMs": 20, "loss": 0.01}},
    "groups": [{"name": "g", "count": 3, "arrive": {"every": 2, "start": 1}, "stay": {"mean": 60}, "crash": 0.5,
                "replace": true, "line": [{"share": 1, "line": "home"}, {"share": 3, "line": {"latencyMs": 1}}],
                "nat": [{"share": 1, "nat": "symmetric"}, {"share": 1, "nat": "cone"}], "behaviour": "lying",
                "pauses": {"every": 10, "for": 5}, "switches": {"every": 20}, "validate": true,
                "settings": {"maxPeers": 4}, "protocols": ["G0", "G3"]}],
    "pairsBlocked": 0.3, "slowUpMbit": 0.8, "handshakeTimeout": 5,
    "origin": {"line": {"upMbit": 80}, "faults": [{"kind": "stall", "afterBytes": 10, "share": 0.5, "from": 3, "to": 4},
               {"kind": "slow", "mbit": 8}, {"kind": "error", "status": 503}]},
    "tracker": {"line": "home", "outages": [{"from": 1, "to": 2}, {"kind": "mute"}]},
    "partitions": [{"from": 5, "to": 9, "share": 0.25}],
    "settings": {"simultaneousP2PDownloads": 5},
    "limits": {"extraStall": 1, "getsPerSegment": 3}})",
                                     "test");
  ASSERT_TRUE(scenario) << scenario.error().detail;
  EXPECT_EQ(scenario->seed, 7U);
  EXPECT_EQ(scenario->duration, base::milliseconds(90'500));
  EXPECT_TRUE(scenario->stream.live);
  EXPECT_EQ(scenario->stream.qualities[1].segmentBytes, 100U);
  EXPECT_EQ(scenario->player.requestTimeout, base::seconds(12));
  const Group& group = scenario->groups[0];
  EXPECT_EQ(group.arrive.value, base::seconds(2));
  EXPECT_EQ(group.arrive.start, base::seconds(1));
  EXPECT_EQ(group.stay.kind, StayKind::mean);
  EXPECT_TRUE(group.replace);
  ASSERT_EQ(group.line.size(), 2U);
  EXPECT_EQ(group.line[0].value.upBytesPerSecond, 1'000'000U);
  EXPECT_EQ(group.line[0].value.latency, base::milliseconds(20));
  EXPECT_EQ(group.line[1].share, 3);
  EXPECT_EQ(group.nat[0].value, Nat::symmetric);
  EXPECT_EQ(group.behaviour[0].value, Behaviour::lying);
  EXPECT_EQ(group.pauses.length, base::seconds(5));
  EXPECT_EQ(group.settings.size(), 2U);
  EXPECT_EQ(scenario->slowUp, 100'000U);
  EXPECT_EQ(scenario->originFaults[0].kind, OriginFault::Kind::stall);
  EXPECT_EQ(scenario->originFaults[0].when.to, base::TimePoint(base::seconds(4)));
  EXPECT_EQ(scenario->originFaults[1].bytesPerSecond, 1'000'000U);
  EXPECT_EQ(scenario->trackerFaults[1].mute, true);
  EXPECT_EQ(scenario->trackerFaults[1].when.to, base::kNever);
  EXPECT_EQ(scenario->trackerLine.upBytesPerSecond, 1'000'000U);
  EXPECT_EQ(scenario->partitions[0].share, 0.25);
  EXPECT_EQ(scenario->limits.extraStall, base::seconds(1));
}

struct Bad {
  const char* text;
  const char* error;
};

class BadScenario : public ::testing::TestWithParam<Bad> {};

TEST_P(BadScenario, SaysWhereAndWhatWasExpected) { EXPECT_EQ(errorOf(GetParam().text), GetParam().error); }

INSTANTIATE_TEST_SUITE_P(
    All, BadScenario,
    ::testing::Values(
        Bad{"{", "JSON: expected a member name in quotes at byte 1"},
        Bad{"[]", "the file: expected an object, found []"},
        Bad{"{}", "groups: expected at least one group of viewers"},
        Bad{R"({"groups": [{"cuont": 3}]})",
            "groups[0].cuont: unknown name, expected one of: arrive, behaviour, count, crash, line, name, nat, pauses, "
            "protocols, replace, seeks, settings, stay, switches, validate"},
        Bad{R"({"groups": [{"count": 0}]})", "groups[0].count: expected a whole number from 1 to 1000000, found 0"},
        Bad{R"({"groups": [{"line": "home"}]})", "groups[0].line: no line \"home\", expected one of \"lines\""},
        Bad{R"({"lines": {"a": {}}, "groups": [{"line": [{"share": 1, "line": "b"}]}]})",
            "groups[0].line[0].line: no line \"b\", expected one of \"lines\": a"},
        Bad{R"({"groups": [{"line": [{"share": 0, "line": {}}]}]})",
            "groups[0].line: expected shares whose sum is above 0"},
        Bad{R"({"groups": [{"line": [{"share": 1}]}]})", "groups[0].line[0].line: expected"},
        Bad{R"({"groups": [{"nat": "full"}]})",
            "groups[0].nat: expected \"open\", \"cone\", \"symmetric\" or \"blocked\", found \"full\""},
        Bad{R"({"groups": [{"arrive": {"every": 1, "within": 2}}]})",
            "groups[0].arrive: expected one of: at, every, within, perSecond, flash"},
        Bad{R"({"groups": [{"stay": "forever"}]})",
            "groups[0].stay: expected \"toEnd\", \"untilDone\" or an object, found \"forever\""},
        Bad{R"({"groups": [{"replace": true}]})",
            "groups[0].replace: expected only with a stay of \"mean\" or \"for\""},
        Bad{R"({"groups": [{"settings": {"maxPears": 1}}]})",
            "groups[0].settings: setting maxPears: there is no such setting; did you mean maxPeers?"},
        Bad{R"({"settings": {"maxPeers": "x"}, "groups": [{}]})",
            "settings: setting maxPeers: got \"x\", expected a whole number of 0 .. 10000"},
        Bad{R"({"stream": {"kind": "live"}, "groups": [{}]})", "duration: expected, as a live stream has no end"},
        Bad{R"({"duration": 9, "stream": {"kind": "live"}, "groups": [{"seeks": {"every": 5}}]})",
            "groups[0].seeks: expected only for a VOD"},
        Bad{R"({"origin": {"faults": [{"share": 2, "kind": "error"}]}, "groups": [{}]})",
            "origin.faults[0].share: expected a number from 0 to 1, found 2"},
        Bad{R"({"origin": {"faults": [{"kind": "error", "afterBytes": 2}]}, "groups": [{}]})",
            "origin.faults[0].afterBytes: unknown name, expected one of: from, kind, share, status, to"},
        Bad{R"({"partitions": [{"from": 5, "to": 4}], "groups": [{}]})",
            "partitions[0].to: expected a time after \"from\""},
        Bad{R"({"stream": {"segmentBytes": 5, "qualities": [{}]}, "groups": [{}]})",
            "stream.segmentBytes: expected only without qualities, which have their own"}));

TEST(ScenarioReader, SettingValuesAreWhatTheyLookLike) {
  EXPECT_EQ(settingValue("3"), base::Json(3));
  EXPECT_EQ(settingValue("true"), base::Json(true));
  EXPECT_EQ(settingValue("[\"G0\"]"), base::Json(base::Json::Array{base::Json("G0")}));
  EXPECT_EQ(settingValue("cooperative"), base::Json("cooperative"));
}

}  // namespace
}  // namespace p2pml::sim::lab
