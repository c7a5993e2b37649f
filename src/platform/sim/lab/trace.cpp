#include "platform/sim/lab/trace.hpp"

#include <algorithm>
#include <utility>

#include "platform/sim/lab/fields.hpp"
#include "platform/sim/lab/report.hpp"
#include "platform/sim/lab/scenario.hpp"

namespace p2pml::sim::lab {

namespace {

using base::Json;

constexpr std::size_t kMaxTraceBytes = 16 << 20;

std::string at(const Checkpoint& point) {
  return fixed(static_cast<double>(point.at.time_since_epoch().count()) / 1e6, 3) + " s";
}

}  // namespace

std::string toText(const Trace& trace) {
  Json::Array points;
  for (const Checkpoint& point : trace.checkpoints) {
    points.push_back(Json(Json::Object{{"atUs", Json(static_cast<std::int64_t>(point.at.time_since_epoch().count()))},
                                       {"digest", Json(point.digest)},
                                       {"events", Json(static_cast<std::int64_t>(point.events))}}));
  }
  const Json json(Json::Object{{"name", Json(trace.name)},
                               {"scenario", Json(trace.scenario)},
                               {"seed", Json(std::to_string(trace.seed))},
                               {"viewers", Json(static_cast<std::int64_t>(trace.viewers))},
                               {"httpOnly", Json(trace.httpOnly)},
                               {"settings", Json(trace.settings)},
                               {"checkpoints", Json(std::move(points))},
                               {"digest", Json(trace.digest)}});
  return base::toJsonText(json) + "\n";
}

base::Result<Trace> readTrace(std::string_view text) {
  base::JsonLimits limits;
  limits.bytes = kMaxTraceBytes;
  limits.values = 1'000'000;
  auto json = base::parseJson(text, limits);
  if (!json) return std::unexpected(json.error());
  Findings findings;
  Trace trace;
  {
    Fields fields(*json, "", findings);
    fields.text("name", trace.name);
    fields.text("scenario", trace.scenario);
    std::string seed;
    fields.text("seed", seed);
    const bool number =
        !seed.empty() && seed.size() <= 20 && std::ranges::all_of(seed, [](char c) { return c >= '0' && c <= '9'; });
    if (number) {
      trace.seed = 0;
      for (const char c : seed) trace.seed = trace.seed * 10 + static_cast<std::uint64_t>(c - '0');
    } else {
      fields.add("seed", "expected a whole number in quotes");
    }
    fields.integer("viewers", trace.viewers, 0, static_cast<std::int64_t>(kMaxViewers));
    fields.flag("httpOnly", trace.httpOnly);
    fields.object("settings", trace.settings);
    fields.text("digest", trace.digest);
    const auto points = fields.array("checkpoints", 1'000'000);
    for (std::size_t i = 0; i < points.size(); ++i) {
      Fields one(points[i], "checkpoints[" + std::to_string(i) + "]", findings);
      Checkpoint point;
      std::int64_t us = 0;
      one.integer("atUs", us, 0, std::int64_t{1} << 50);
      point.at = base::TimePoint(base::Duration(us));
      one.text("digest", point.digest);
      one.integer("events", point.events, 0, std::int64_t{1} << 53);
      trace.checkpoints.push_back(std::move(point));
    }
    if (trace.scenario.empty()) fields.add("scenario", "expected the text of a scenario file");
  }
  if (!findings.first.empty()) return base::fail(base::ErrorCode::invalidArgument, findings.first);
  return trace;
}

std::optional<std::string> firstDifference(const Trace& trace, const Records& run) {
  const std::size_t both = std::min(trace.checkpoints.size(), run.checkpoints.size());
  for (std::size_t i = 0; i < both; ++i) {
    const Checkpoint& then = trace.checkpoints[i];
    const Checkpoint& now = run.checkpoints[i];
    if (then == now) continue;
    const std::string before = i == 0 ? "from the beginning" : "after " + at(trace.checkpoints[i - 1]);
    return before + ", until " + at(then) + ": the trace has digest " + then.digest + " after " +
           std::to_string(then.events) + " events, this run " + now.digest + " after " + std::to_string(now.events) +
           " at " + at(now);
  }
  if (trace.checkpoints.size() != run.checkpoints.size()) {
    return "the trace has " + std::to_string(trace.checkpoints.size()) + " checkpoints, this run " +
           std::to_string(run.checkpoints.size());
  }
  if (trace.digest != run.digest) return "only the digest at the end: " + trace.digest + " and " + run.digest;
  return std::nullopt;
}

}  // namespace p2pml::sim::lab
