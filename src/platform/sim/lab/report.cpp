#include "platform/sim/lab/report.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

namespace p2pml::sim::lab {

namespace {

using base::Json;

using Cell = std::function<std::string(const Variant&)>;

struct Row {
  const char* label;
  Cell cell;
};

std::string seconds(base::TimePoint at) { return fixed(static_cast<double>(at.time_since_epoch().count()) / 1e6, 3); }
std::string seconds(base::Duration d) { return fixed(static_cast<double>(d.count()) / 1e6, 3); }

std::string megabytes(std::uint64_t bytes) { return fixed(static_cast<double>(bytes) / 1e6, 1) + " MB"; }

std::string spreadText(const Spread& spread, int digits, const char* unit) {
  if (spread.count == 0) return "-";
  return fixed(spread.p50, digits) + " / " + fixed(spread.p95, digits) + " / " + fixed(spread.max, digits) + unit;
}

std::vector<Row> rowsFor(const Scenario& scenario, const std::vector<Variant>& variants) {
  std::vector<Row> rows{
      {"viewers in all", [](const Variant& v) { return std::to_string(v.metrics.viewers); }},
      {"virtual time", [](const Variant& v) { return fixed(v.metrics.seconds, 0) + " s"; }},
      {"offload (limit, fast-start limit)",
       [](const Variant& v) {
         return fixed(v.metrics.offload, 3) + " (" + fixed(v.metrics.offloadLimit, 3) + ", " +
                fixed(v.metrics.fastStartLimit, 3) + ")";
       }},
      {"origin / delivered",
       [](const Variant& v) { return megabytes(v.metrics.originBytes) + " / " + megabytes(v.metrics.deliveredBytes); }},
      {"P2P share of loaded bytes", [](const Variant& v) { return fixed(v.metrics.p2pShare, 3); }},
      {"origin copies of a segment, mean / max",
       [](const Variant& v) { return fixed(v.metrics.copies.mean, 2) + " / " + fixed(v.metrics.copies.max, 2); }},
      {"  besides viewers' first segments",
       [](const Variant& v) {
         return fixed(v.metrics.furtherCopies.mean, 2) + " / " + fixed(v.metrics.furtherCopies.max, 2);
       }},
      {"start-up p50 / p95 / max", [](const Variant& v) { return spreadText(v.metrics.startupMs, 0, " ms"); }},
      {"never started", [](const Variant& v) { return std::to_string(v.metrics.neverStarted); }},
      {"stalls (viewers, seconds)",
       [](const Variant& v) {
         return std::to_string(v.metrics.stalls) + " (" + std::to_string(v.metrics.viewersWithStalls) + ", " +
                fixed(v.metrics.stallSeconds, 1) + ")";
       }},
      {"segments given up / jumps",
       [](const Variant& v) { return std::to_string(v.metrics.skipped) + " / " + std::to_string(v.metrics.jumps); }},
      {"uploaded MB p50 / p95 / max", [](const Variant& v) { return spreadText(v.metrics.uploadedMb, 1, ""); }},
      {"upload fairness (Jain)", [](const Variant& v) { return fixed(v.metrics.fairness, 3); }},
      {"peers p50 / p95 / max", [](const Variant& v) { return spreadText(v.metrics.peers, 0, ""); }},
      {"three peers after p50 / p95 / max (never)",
       [](const Variant& v) {
         return spreadText(v.metrics.thirdPeerMs, 0, " ms") + " (" + std::to_string(v.metrics.neverThreePeers) + ")";
       }},
  };
  if (scenario.stream.live) {
    rows.push_back({"a segment's way to 50 % of viewers", [](const Variant& v) {
                      return fixed(v.metrics.latencyHalf.p50 / 1000, 2) + " s (max " +
                             fixed(v.metrics.latencyHalf.max / 1000, 2) + ")";
                    }});
    rows.push_back({"  to 95 %", [](const Variant& v) {
                      return fixed(v.metrics.latency95.p50 / 1000, 2) + " s (max " +
                             fixed(v.metrics.latency95.max / 1000, 2) + ")";
                    }});
    rows.push_back({"  to the last", [](const Variant& v) {
                      return fixed(v.metrics.latencyLast.p50 / 1000, 2) + " s (max " +
                             fixed(v.metrics.latencyLast.max / 1000, 2) + ")";
                    }});
  }
  if (std::ranges::any_of(variants, [](const Variant& v) { return v.twin.has_value(); })) {
    const auto ofTwin = [](auto text) {
      return [text](const Variant& v) { return v.twin ? text(*v.twin) : std::string("-"); };
    };
    rows.push_back({"start-up, times plain HTTP, p50 / p95 / max",
                    ofTwin([](const TwinMetrics& t) { return spreadText(t.startupRatio, 2, ""); })});
    rows.push_back({"start-up, more than plain HTTP, p50 / p95 / max",
                    ofTwin([](const TwinMetrics& t) { return spreadText(t.startupExtraMs, 0, " ms"); })});
    rows.push_back({"stalls over plain HTTP (seconds)", ofTwin([](const TwinMetrics& t) {
                      return std::to_string(t.twinStalls) + " (" + fixed(t.twinStallSeconds, 1) + ")";
                    })});
    rows.push_back(
        {"origin bytes, times plain HTTP", ofTwin([](const TwinMetrics& t) { return fixed(t.originRatio, 3); })});
  }
  rows.push_back({"invariants broken", [](const Variant& v) { return std::to_string(v.metrics.violations); }});
  rows.push_back({"digest", [](const Variant& v) { return v.digest; }});
  if (std::ranges::any_of(variants, [](const Variant& v) { return v.cost.has_value(); })) {
    const auto ofCost = [](auto text) {
      return [text](const Variant& v) { return v.cost ? text(v) : std::string("-"); };
    };
    rows.push_back({"wall time (virtual / wall)", ofCost([](const Variant& v) {
                      return fixed(v.cost->wallSeconds, 2) + " s (" +
                             fixed(v.metrics.seconds / std::max(1e-6, v.cost->wallSeconds), 1) + " x)";
                    })});
    rows.push_back(
        {"events (a wall second)", ofCost([](const Variant& v) {
           return std::to_string(v.metrics.events) + " (" +
                  fixed(static_cast<double>(v.metrics.events) / std::max(1e-6, v.cost->wallSeconds) / 1000, 0) + " k)";
         })});
    rows.push_back({"peak memory of the program (per viewer)", ofCost([](const Variant& v) {
                      const auto viewers = static_cast<double>(std::max<std::size_t>(1, v.metrics.viewers));
                      return megabytes(v.cost->peakRssBytes) + " (" +
                             fixed(static_cast<double>(v.cost->peakRssBytes) / viewers / 1000, 0) + " kB)";
                    })});
  }
  return rows;
}

Json spreadJson(const Spread& spread) {
  return Json(Json::Object{{"count", Json(static_cast<std::int64_t>(spread.count))},
                           {"mean", Json(spread.mean)},
                           {"p50", Json(spread.p50)},
                           {"p95", Json(spread.p95)},
                           {"p99", Json(spread.p99)},
                           {"max", Json(spread.max)}});
}

Json whole(std::uint64_t value) { return Json(static_cast<std::int64_t>(value)); }

/// A field of a CSV line, in quotes if it needs them (RFC 4180).
std::string csv(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string table(const Scenario& scenario, const std::vector<Variant>& variants) {
  const std::vector<Row> rows = rowsFor(scenario, variants);
  std::size_t labels = 0;
  for (const Row& row : rows) labels = std::max(labels, std::string_view(row.label).size());
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const Variant& variant : variants) {
    std::vector<std::string> column;
    std::size_t width = variant.name.size();
    for (const Row& row : rows) {
      column.push_back(row.cell(variant));
      width = std::max(width, column.back().size());
    }
    cells.push_back(std::move(column));
    widths.push_back(width);
  }
  std::string text(labels, ' ');
  for (std::size_t c = 0; c < variants.size(); ++c) {
    text += "  " + std::string(widths[c] - variants[c].name.size(), ' ') + variants[c].name;
  }
  text += '\n';
  for (std::size_t r = 0; r < rows.size(); ++r) {
    text += rows[r].label + std::string(labels - std::string_view(rows[r].label).size(), ' ');
    for (std::size_t c = 0; c < variants.size(); ++c) {
      text += "  " + std::string(widths[c] - cells[c][r].size(), ' ') + cells[c][r];
    }
    text += '\n';
  }
  return text;
}

std::string violationsText(const Records& records) {
  std::string text;
  for (const Violation& violation : records.violations) {
    text += "broken: " + violation.check + ": " +
            (violation.viewer == 0 ? std::string() : "viewer " + std::to_string(violation.viewer) + ", ") + "at " +
            seconds(violation.at) + " s: " + violation.what + "\n";
  }
  if (records.violationCount > records.violations.size()) {
    text += "... " + std::to_string(records.violationCount) + " in all\n";
  }
  return text;
}

Json toJson(const Scenario& scenario, const Variant& variant, const Records& records) {
  const Metrics& m = variant.metrics;
  Json::Object all{
      {"scenario", Json(scenario.name)},
      {"variant", Json(variant.name)},
      {"seed", whole(variant.seed)},
      {"viewers", whole(m.viewers)},
      {"virtualSeconds", Json(m.seconds)},
      {"offload", Json(m.offload)},
      {"offloadLimit", Json(m.offloadLimit)},
      {"offloadLimitFastStart", Json(m.fastStartLimit)},
      {"originBytes", whole(m.originBytes)},
      {"deliveredBytes", whole(m.deliveredBytes)},
      {"p2pShare", Json(m.p2pShare)},
      {"originCopies", spreadJson(m.copies)},
      {"originCopiesBesidesFirstSegments", spreadJson(m.furtherCopies)},
      {"getsPerSegment", Json(m.getsPerSegment)},
      {"startupMs", spreadJson(m.startupMs)},
      {"neverStarted", whole(m.neverStarted)},
      {"stalls", whole(m.stalls)},
      {"stallSeconds", Json(m.stallSeconds)},
      {"viewersWithStalls", whole(m.viewersWithStalls)},
      {"stallMs", spreadJson(m.stallMs)},
      {"skippedSegments", whole(m.skipped)},
      {"jumps", whole(m.jumps)},
      {"badSegments", whole(m.badSegments)},
      {"uploadFairness", Json(m.fairness)},
      {"uploadedMb", spreadJson(m.uploadedMb)},
      {"peers", spreadJson(m.peers)},
      {"thirdPeerMs", spreadJson(m.thirdPeerMs)},
      {"neverThreePeers", whole(m.neverThreePeers)},
      {"mostConnections", whole(m.mostConnections)},
      {"events", whole(m.events)},
      {"digest", Json(variant.digest)},
  };
  if (scenario.stream.live) {
    all.emplace_back("latencyMs", Json(Json::Object{{"half", spreadJson(m.latencyHalf)},
                                                    {"p95", spreadJson(m.latency95)},
                                                    {"last", spreadJson(m.latencyLast)}}));
  }
  if (variant.twin) {
    all.emplace_back("twin", Json(Json::Object{{"startupRatio", spreadJson(variant.twin->startupRatio)},
                                               {"startupExtraMs", spreadJson(variant.twin->startupExtraMs)},
                                               {"stalls", whole(variant.twin->twinStalls)},
                                               {"stallSeconds", Json(variant.twin->twinStallSeconds)},
                                               {"originRatio", Json(variant.twin->originRatio)}}));
  }
  if (variant.cost) {
    all.emplace_back("wallSeconds", Json(variant.cost->wallSeconds));
    all.emplace_back("peakRssBytes", whole(variant.cost->peakRssBytes));
  }
  Json::Array violations;
  for (const Violation& violation : records.violations) {
    violations.push_back(Json(Json::Object{{"check", Json(violation.check)},
                                           {"viewer", whole(violation.viewer)},
                                           {"atMs", Json(base::toMilliseconds(violation.at))},
                                           {"what", Json(violation.what)}}));
  }
  all.emplace_back("violationCount", whole(records.violationCount));
  all.emplace_back("violations", Json(std::move(violations)));
  return Json(std::move(all));
}

std::vector<File> csvFiles(const Records& records, const Scenario& scenario) {
  std::string seconds_ = "second,viewers,connections,waiting,gets,originBytes,deliveredBytes,p2pBytes\n";
  for (std::size_t i = 0; i < records.seconds.size(); ++i) {
    const SecondRecord& s = records.seconds[i];
    seconds_ += std::to_string(i) + "," + std::to_string(s.viewers) + "," + std::to_string(s.connections) + "," +
                std::to_string(s.waiting) + "," + std::to_string(s.gets) + "," + std::to_string(s.originBytes) + "," +
                std::to_string(s.deliveredBytes) + "," + std::to_string(s.p2pBytes) + "\n";
  }
  std::string segments =
      "quality,segment,gets,originBytes,firstSegmentBytes,originCopies,delivered,latencyHalfMs,latency95Ms,"
      "latencyLastMs\n";
  for (std::size_t q = 0; q < records.segments.size(); ++q) {
    const Quality& quality = scenario.stream.qualities[q];
    for (std::size_t i = 0; i < records.segments[q].size(); ++i) {
      const SegmentRecord& s = records.segments[q][i];
      const Spread latency = spreadOf({s.latencies.begin(), s.latencies.end()});
      segments += csv(quality.name) + "," + std::to_string(records.firstSegment + static_cast<std::int64_t>(i)) + "," +
                  std::to_string(s.gets) + "," + std::to_string(s.originBytes) + "," +
                  std::to_string(s.firstSegmentBytes) + "," +
                  fixed(static_cast<double>(s.originBytes) / static_cast<double>(quality.segmentBytes), 3) + "," +
                  std::to_string(s.delivered) + "," + fixed(latency.p50, 0) + "," + fixed(latency.p95, 0) + "," +
                  fixed(latency.max, 0) + "\n";
    }
  }
  std::string viewers =
      "viewer,group,behaviour,nat,arrive,leave,crash,startupMs,stalls,stallSeconds,delivered,skipped,jumps,bad,"
      "overHttp,"
      "overP2p,gets,deliveredBytes,originBytes,firstSegmentBytes,p2pBytes,uploadedBytes,mostPeers,thirdPeerMs\n";
  for (std::size_t i = 0; i < records.viewers.size(); ++i) {
    const ViewerRecord& v = records.viewers[i];
    viewers += std::to_string(i + 1) + "," + csv(scenario.groups[v.plan.group].name) + "," +
               kBehaviourNames[static_cast<std::size_t>(v.plan.behaviour)] + "," +
               kNatNames[static_cast<std::size_t>(v.plan.nat)] + "," + seconds(v.plan.arrive) + "," +
               (v.left == base::kNever ? std::string() : seconds(v.left)) + "," + (v.plan.crash ? "1" : "0") + "," +
               (v.startup < base::Duration(0) ? std::string() : std::to_string(base::toMilliseconds(v.startup))) + "," +
               std::to_string(v.stalls) + "," + seconds(v.stallTime) + "," + std::to_string(v.delivered) + "," +
               std::to_string(v.skipped) + "," + std::to_string(v.jumps) + "," + std::to_string(v.badSegments) + "," +
               std::to_string(v.overHttp) + "," + std::to_string(v.overP2p) + "," + std::to_string(v.gets) + "," +
               std::to_string(v.deliveredBytes) + "," + std::to_string(v.originBytes) + "," +
               std::to_string(v.firstSegmentBytes) + "," + std::to_string(v.p2pBytes) + "," +
               std::to_string(v.uploadedBytes) + "," + std::to_string(v.mostPeers) + "," +
               (v.thirdPeer < base::Duration(0) ? std::string() : std::to_string(base::toMilliseconds(v.thirdPeer))) +
               "\n";
  }
  std::string stalls = "viewer,segment,at,seconds\n";
  for (const StallRecord& s : records.stalls) {
    stalls += std::to_string(s.viewer + 1) + "," + std::to_string(s.segment) + "," + seconds(s.at) + "," +
              seconds(s.length) + "\n";
  }
  return {{"seconds.csv", std::move(seconds_)},
          {"segments.csv", std::move(segments)},
          {"viewers.csv", std::move(viewers)},
          {"stalls.csv", std::move(stalls)}};
}

}  // namespace p2pml::sim::lab
