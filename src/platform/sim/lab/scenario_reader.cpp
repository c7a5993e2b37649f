#include "platform/sim/lab/scenario_reader.hpp"

#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/settings.hpp"
#include "platform/sim/lab/fields.hpp"

namespace p2pml::sim::lab {

namespace {

using base::Json;

constexpr double kWeek = static_cast<double>(kMaxSeconds);
constexpr double kMaxMbit = 1e6;
constexpr double kBytesPerMbit = 1e6 / 8;

std::string indexed(const std::string& path, std::size_t index) { return path + "[" + std::to_string(index) + "]"; }

class Reader {
 public:
  explicit Reader(Findings& findings) : findings_(findings) {}

  Scenario read(const Json& json) {
    Fields fields(json, "", findings_);
    Scenario scenario;
    fields.text("title", scenario.title);
    fields.text("description", scenario.description);
    const auto tags = fields.array("tags", 16);
    for (std::size_t i = 0; i < tags.size(); ++i) {
      if (tags[i].string() == nullptr) {
        findings_.add(indexed("tags", i), "expected a text, found " + base::toJsonText(tags[i]));
      } else {
        scenario.tags.push_back(*tags[i].string());
      }
    }
    fields.integer("seed", scenario.seed, 0, std::int64_t{1} << 53);
    if (fields.has("duration")) {
      base::Duration duration{};
      fields.seconds("duration", duration, 1, kWeek);
      scenario.duration = duration;
    }
    if (const Json* stream = fields.find("stream")) readStream(*stream, scenario.stream);
    if (const Json* player = fields.find("player")) readPlayer(*player, scenario.player);
    if (const Json* lines = fields.find("lines")) readLines(*lines);
    const auto groups = fields.array("groups", kMaxGroups);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      scenario.groups.push_back(readGroup(groups[i], indexed("groups", i)));
    }
    if (groups.empty()) fields.add("groups", "expected at least one group of viewers");
    fields.number("pairsBlocked", scenario.pairsBlocked, 0, 1);
    fields.integer("grainBytes", scenario.grainBytes, 1024, 1 << 20);
    double slowUp = static_cast<double>(scenario.slowUp) / kBytesPerMbit;
    fields.number("slowUpMbit", slowUp, 0.001, kMaxMbit);
    scenario.slowUp = static_cast<std::uint64_t>(std::llround(slowUp * kBytesPerMbit));
    if (const Json* origin = fields.find("origin")) readOrigin(*origin, scenario);
    if (const Json* tracker = fields.find("tracker")) readTracker(*tracker, scenario);
    const auto partitions = fields.array("partitions", 100);
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      Fields part(partitions[i], indexed("partitions", i), findings_);
      Partition partition;
      readSpan(part, partition.when);
      part.number("share", partition.share, 0, 1);
      scenario.partitions.push_back(partition);
    }
    fields.seconds("handshakeTimeout", scenario.handshakeTimeout, 0.1, 3600);
    fields.object("settings", scenario.settings);
    if (const Json* limits = fields.find("limits")) readLimits(*limits, scenario.limits);
    for (std::size_t i = 0; i < scenario.groups.size(); ++i) {
      const Group& group = scenario.groups[i];
      const std::string path = indexed("groups", i);
      if (!scenario.stream.live) continue;
      if (group.seeks.every > base::Duration(0)) findings_.add(path + ".seeks", "expected only for a VOD");
      if (group.stay.kind == StayKind::untilDone) findings_.add(path + ".stay", "\"untilDone\" is only for a VOD");
    }
    if (scenario.stream.live && !scenario.duration) fields.add("duration", "expected, as a live stream has no end");
    return scenario;
  }

 private:
  void readStream(const Json& json, Stream& stream) {
    Fields fields(json, "stream", findings_);
    static constexpr const char* kKinds[] = {"vod", "live"};
    fields.choice("kind", stream.live, kKinds);
    fields.seconds("segmentSeconds", stream.segmentDuration, 0.1, 60);
    fields.integer("count", stream.count, 1, 100'000);
    fields.integer("window", stream.window, 1, 1000);
    fields.integer("liveBack", stream.liveBack, 0, 1000);
    fields.integer("segmentBytes", stream.qualities[0].segmentBytes, 1, 64 << 20);
    const auto qualities = fields.array("qualities", kMaxQualities);
    if (qualities.empty()) return;
    if (fields.has("segmentBytes")) fields.add("segmentBytes", "expected only without qualities, which have their own");
    stream.qualities.clear();
    for (std::size_t i = 0; i < qualities.size(); ++i) {
      Fields one(qualities[i], indexed("stream.qualities", i), findings_);
      Quality quality{"q" + std::to_string(i)};
      one.text("name", quality.name);
      one.integer("segmentBytes", quality.segmentBytes, 1, 64 << 20);
      stream.qualities.push_back(std::move(quality));
    }
  }

  void readPlayer(const Json& json, PlayerRules& player) {
    Fields fields(json, "player", findings_);
    fields.integer("ahead", player.ahead, 0, 1000);
    fields.integer("forward", player.forward, 1, 1000);
    fields.seconds("requestTimeout", player.requestTimeout, 0.1, 3600);
  }

  Line readLine(const Json& json, const std::string& path) {
    Line line;
    if (const std::string* name = json.string()) {
      const auto found = lines_.find(*name);
      if (found != lines_.end()) return found->second;
      std::string names;
      for (const auto& [known, value] : lines_) names += (names.empty() ? "" : ", ") + known;
      findings_.add(path, "no line \"" + *name + "\", expected one of \"lines\"" + (names.empty() ? "" : ": " + names));
      return line;
    }
    Fields fields(json, path, findings_);
    readLineFields(fields, line);
    return line;
  }
  static void readLineFields(Fields& fields, Line& line) {
    double up = 0;
    double down = 0;
    fields.number("upMbit", up, 0, kMaxMbit);
    fields.number("downMbit", down, 0, kMaxMbit);
    line.upBytesPerSecond = static_cast<std::uint64_t>(std::llround(up * kBytesPerMbit));
    line.downBytesPerSecond = static_cast<std::uint64_t>(std::llround(down * kBytesPerMbit));
    fields.milliseconds("latencyMs", line.latency, 0, 10'000);
    fields.number("loss", line.loss, 0, 0.9);
  }

  void readLines(const Json& json) {
    Fields fields(json, "lines", findings_);
    const auto* members = json.object();
    if (members == nullptr) return;
    for (const auto& [name, value] : *members) {
      fields.find(name);
      lines_[name] = readLine(value, fields.pathOf(name));
    }
  }

  /// One value, or a list of objects with "share" and the value under `key`.
  template <class T, class ReadOne>
  Mix<T> readMix(const Json& json, const std::string& path, const char* key, ReadOne readOne) {
    Mix<T> mix;
    if (json.array() == nullptr) {
      mix.push_back({1, readOne(json, path)});
      return mix;
    }
    double sum = 0;
    for (std::size_t i = 0; i < json.array()->size() && i < 100; ++i) {
      Fields fields((*json.array())[i], indexed(path, i), findings_);
      Share<T> share;
      fields.number("share", share.share, 0, 1e6);
      if (const Json* value = fields.find(key)) {
        share.value = readOne(*value, fields.pathOf(key));
      } else {
        fields.add(key, "expected");
      }
      sum += share.share;
      mix.push_back(std::move(share));
    }
    if (!(sum > 0)) findings_.add(path, "expected shares whose sum is above 0");
    return mix;
  }

  template <class Enum>
  Mix<Enum> readChoices(const Json& json, const std::string& path, const char* key,
                        std::span<const char* const> names) {
    return readMix<Enum>(json, path, key, [&](const Json& one, const std::string& where) {
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (one.string() != nullptr && *one.string() == names[i]) return static_cast<Enum>(i);
      }
      findings_.add(where, "expected " + oneOf(names) + ", found " + base::toJsonText(one));
      return Enum{};
    });
  }

  void readArrival(const Json& json, const std::string& path, Arrival& arrival) {
    Fields fields(json, path, findings_);
    struct Kind {
      const char* name;
      ArrivalKind kind;
    };
    static constexpr Kind kKinds[] = {{"at", ArrivalKind::at},
                                      {"every", ArrivalKind::every},
                                      {"within", ArrivalKind::within},
                                      {"flash", ArrivalKind::flash}};
    int given = 0;
    for (const Kind& kind : kKinds) {
      if (!fields.has(kind.name)) continue;
      ++given;
      arrival.kind = kind.kind;
      fields.seconds(kind.name, arrival.value, 0, kWeek);
    }
    if (fields.has("perSecond")) {
      ++given;
      arrival.kind = ArrivalKind::perSecond;
      fields.number("perSecond", arrival.rate, 1e-6, 1e6);
    }
    fields.seconds("start", arrival.start, 0, kWeek);
    if (given != 1) findings_.add(path, "expected one of: at, every, within, perSecond, flash");
  }

  void readStay(const Json& json, const std::string& path, Stay& stay) {
    if (const std::string* name = json.string()) {
      if (*name == "toEnd") {
        stay.kind = StayKind::toEnd;
      } else if (*name == "untilDone") {
        stay.kind = StayKind::untilDone;
      } else {
        findings_.add(path, "expected \"toEnd\", \"untilDone\" or an object, found \"" + *name + "\"");
      }
      return;
    }
    Fields fields(json, path, findings_);
    struct Kind {
      const char* name;
      StayKind kind;
    };
    static constexpr Kind kKinds[] = {{"mean", StayKind::mean}, {"for", StayKind::forTime}, {"until", StayKind::until}};
    int given = 0;
    for (const Kind& kind : kKinds) {
      if (!fields.has(kind.name)) continue;
      ++given;
      stay.kind = kind.kind;
      fields.seconds(kind.name, stay.value, 0.001, kWeek);
    }
    if (given != 1) findings_.add(path, "expected one of: mean, for, until");
  }

  void readHabit(Fields& parent, const char* name, Habit& habit, bool hasLength) {
    const Json* json = parent.find(name);
    if (json == nullptr) return;
    Fields fields(*json, parent.pathOf(name), findings_);
    if (!fields.has("every")) fields.add("every", "expected");
    fields.seconds("every", habit.every, 0.1, kWeek);
    if (hasLength) {
      if (!fields.has("for")) fields.add("for", "expected");
      fields.seconds("for", habit.length, 0.1, kWeek);
    }
  }

  Group readGroup(const Json& json, const std::string& path) {
    Fields fields(json, path, findings_);
    Group group;
    group.name = path;
    fields.text("name", group.name);
    fields.integer("count", group.count, 1, static_cast<std::int64_t>(kMaxViewers));
    if (const Json* arrive = fields.find("arrive")) readArrival(*arrive, fields.pathOf("arrive"), group.arrive);
    if (const Json* stay = fields.find("stay")) readStay(*stay, fields.pathOf("stay"), group.stay);
    fields.number("crash", group.crash, 0, 1);
    fields.flag("replace", group.replace);
    if (group.replace && group.stay.kind != StayKind::mean && group.stay.kind != StayKind::forTime) {
      fields.add("replace", "expected only with a stay of \"mean\" or \"for\"");
    }
    if (const Json* line = fields.find("line")) {
      group.line = readMix<Line>(*line, fields.pathOf("line"), "line",
                                 [&](const Json& one, const std::string& where) { return readLine(one, where); });
    } else {
      group.line.push_back({1, Line{}});
    }
    if (const Json* nat = fields.find("nat")) {
      group.nat = readChoices<Nat>(*nat, fields.pathOf("nat"), "nat", kNatNames);
    }
    if (const Json* behaviour = fields.find("behaviour")) {
      group.behaviour = readChoices<Behaviour>(*behaviour, fields.pathOf("behaviour"), "behaviour", kBehaviourNames);
    }
    readHabit(fields, "pauses", group.pauses, true);
    readHabit(fields, "seeks", group.seeks, false);
    readHabit(fields, "switches", group.switches, false);
    fields.flag("validate", group.validate);
    fields.object("settings", group.settings);
    if (const Json* protocols = fields.find("protocols")) group.settings.emplace_back("peerProtocols", *protocols);
    return group;
  }

  static void readSpan(Fields& fields, Span& span) {
    base::Duration from{};
    fields.seconds("from", from, 0, kWeek);
    span.from = base::TimePoint(from);
    if (!fields.has("to")) return;
    base::Duration to{};
    fields.seconds("to", to, 0, kWeek);
    span.to = base::TimePoint(to);
    if (span.to < span.from) fields.add("to", "expected a time after \"from\"");
  }

  void readOrigin(const Json& json, Scenario& scenario) {
    Fields fields(json, "origin", findings_);
    if (const Json* line = fields.find("line")) scenario.originLine = readLine(*line, "origin.line");
    const auto faults = fields.array("faults", 100);
    for (std::size_t i = 0; i < faults.size(); ++i) {
      Fields one(faults[i], indexed("origin.faults", i), findings_);
      OriginFault fault;
      if (!one.has("kind")) one.add("kind", "expected " + oneOf(kFaultNames));
      one.choice("kind", fault.kind, kFaultNames);
      readSpan(one, fault.when);
      one.number("share", fault.share, 0, 1);
      if (fault.kind == OriginFault::Kind::error) one.integer("status", fault.status, 400, 599);
      if (fault.kind == OriginFault::Kind::stall || fault.kind == OriginFault::Kind::truncate) {
        one.integer("afterBytes", fault.bytes, 0, std::int64_t{1} << 40);
      }
      if (fault.kind == OriginFault::Kind::slow) {
        double mbit = 1;
        one.number("mbit", mbit, 0.001, kMaxMbit);
        fault.bytesPerSecond = static_cast<std::uint64_t>(std::llround(mbit * kBytesPerMbit));
      }
      scenario.originFaults.push_back(fault);
    }
  }

  void readTracker(const Json& json, Scenario& scenario) {
    Fields fields(json, "tracker", findings_);
    if (const Json* line = fields.find("line")) scenario.trackerLine = readLine(*line, "tracker.line");
    const auto outages = fields.array("outages", 100);
    for (std::size_t i = 0; i < outages.size(); ++i) {
      Fields one(outages[i], indexed("tracker.outages", i), findings_);
      TrackerFault fault;
      static constexpr const char* kKinds[] = {"down", "mute"};
      one.choice("kind", fault.mute, kKinds);
      readSpan(one, fault.when);
      scenario.trackerFaults.push_back(fault);
    }
  }

  void readLimits(const Json& json, Limits& limits) {
    Fields fields(json, "limits", findings_);
    fields.seconds("extraStall", limits.extraStall, 0, 3600);
    fields.integer("extraStalls", limits.extraStalls, 0, 1000);
    fields.flag("stallsInAll", limits.stallsInAll);
    fields.integer("extraSkipped", limits.extraSkipped, 0, 100'000);
    fields.integer("getsPerSegment", limits.getsPerSegment, 1, 1'000'000);
    fields.integer("getsPerSecond", limits.getsPerSecond, 1, 1'000'000);
    fields.number("originBytes", limits.originBytes, 0, 1000);
  }

  Findings& findings_;
  std::map<std::string, Line> lines_;
};

}  // namespace

base::Result<void> checkSettings(const Json::Object& settings, std::string_view path) {
  auto read = engine::settingsFromJson(Json(settings));
  if (!read) return base::fail(read.error().code, std::string(path) + ": " + read.error().detail);
  return {};
}

Json settingValue(std::string_view value) {
  auto json = base::parseJson(value);
  return json ? *std::move(json) : Json(value);
}

base::Result<Scenario> readScenario(std::string_view text, std::string_view name) {
  auto json = base::parseJson(text);
  if (!json) return std::unexpected(json.error());
  Findings findings;
  Scenario scenario = Reader(findings).read(*json);
  scenario.name = name;
  if (!findings.first.empty()) return base::fail(base::ErrorCode::invalidArgument, findings.first);
  if (auto good = checkSettings(scenario.settings, "settings"); !good) return std::unexpected(good.error());
  for (std::size_t i = 0; i < scenario.groups.size(); ++i) {
    if (auto good = checkSettings(scenario.groups[i].settings, indexed("groups", i) + ".settings"); !good) {
      return std::unexpected(good.error());
    }
  }
  return scenario;
}

}  // namespace p2pml::sim::lab
