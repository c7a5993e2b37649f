#include "platform/sim/lab/plots.hpp"

#include <algorithm>
#include <utility>

#include "platform/sim/lab/svg.hpp"

namespace p2pml::sim::lab {

namespace {

/// Offload is shown over windows of so many seconds: single seconds jump with each segment.
constexpr std::size_t kWindowSeconds = 10;

std::string subtitleOf(const Scenario& scenario, const std::vector<PlotInput>& inputs) {
  const std::size_t viewers = inputs.empty() ? 0 : inputs.front().records->viewers.size();
  const Stream& stream = scenario.stream;
  const double duration = static_cast<double>(stream.segmentDuration.count()) / 1e6;
  // Of a file its name, wherever it lies.
  std::string name = scenario.name.substr(scenario.name.rfind('/') + 1);
  if (name.ends_with(".json")) name.resize(name.size() - 5);
  return name + ": " + std::to_string(viewers) + " viewers, " + (stream.live ? "live" : "VOD") + ", segments of " +
         fixed(duration, duration < 10 && duration != static_cast<int>(duration) ? 1 : 0) + " s";
}

Curve offloadOverTime(const PlotInput& input) {
  Curve curve{input.name, {}, false, false};
  double origin = 0;
  double delivered = 0;
  const auto& seconds = input.records->seconds;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    origin += static_cast<double>(seconds[i].originBytes);
    delivered += static_cast<double>(seconds[i].deliveredBytes);
    if (i >= kWindowSeconds) {
      origin -= static_cast<double>(seconds[i - kWindowSeconds].originBytes);
      delivered -= static_cast<double>(seconds[i - kWindowSeconds].deliveredBytes);
    }
    if (delivered > 0) curve.points.emplace_back(static_cast<double>(i + 1), std::max(0.0, 1 - origin / delivered));
  }
  return curve;
}

Curve copiesOf(const PlotInput& input, const Scenario& scenario) {
  Curve curve{input.name, {}, true, false};
  const auto& segments = input.records->segments;
  std::size_t most = 0;
  for (const auto& quality : segments) most = std::max(most, quality.size());
  for (std::size_t i = 0; i < most; ++i) {
    double copies = 0;
    bool played = false;
    for (std::size_t q = 0; q < segments.size(); ++q) {
      if (i >= segments[q].size()) continue;
      const auto bytes = static_cast<double>(scenario.stream.qualities[q].segmentBytes);
      copies += static_cast<double>(segments[q][i].originBytes) / bytes;
      played = played || segments[q][i].delivered > 0;
    }
    if (played) curve.points.emplace_back(static_cast<double>(i), copies);
  }
  if (!curve.points.empty()) curve.points.emplace_back(curve.points.back().first + 1, curve.points.back().second);
  return curve;
}

/// How large a share of the values is at most x.
Curve shareUpTo(std::string name, std::vector<double> values, std::size_t of, bool faint) {
  Curve curve{std::move(name), {{0, 0}}, true, faint};
  std::ranges::sort(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double share = static_cast<double>(i + 1) / static_cast<double>(std::max<std::size_t>(1, of));
    if (curve.points.back().first == values[i]) {
      curve.points.back().second = share;
    } else {
      curve.points.emplace_back(values[i], share);
    }
  }
  return curve;
}

/// All curves go on to the right edge: nobody waited longer.
void toTheEdge(Chart& chart) {
  double edge = 0;
  for (const Curve& curve : chart.curves) edge = std::max(edge, curve.points.back().first);
  chart.xMax = edge > 0 ? edge : 1;
  for (Curve& curve : chart.curves) curve.points.emplace_back(*chart.xMax, curve.points.back().second);
}

double seconds(base::Duration d) { return static_cast<double>(d.count()) / 1e6; }

}  // namespace

std::vector<File> plotFiles(const Scenario& scenario, const std::vector<PlotInput>& inputs) {
  const std::string subtitle = subtitleOf(scenario, inputs);
  Chart offload{"Offload over time",
                subtitle + ", over " + std::to_string(kWindowSeconds) + " s each",
                "time since the scenario's start (s)",
                "bytes that did not come from the origin",
                {},
                {},
                0,
                1.0,
                true};
  Chart copies{"Origin copies of each segment",
               subtitle,
               "segment, from the first one played",
               "times it was sent by the origin",
               {},
               {},
               0,
               {},
               false};
  Chart startup{"Start-up", subtitle, "time until the first segment (ms)", "share of viewers", {}, {}, 0, 1.0, true};
  Chart stalls{"Stalls", subtitle, "time spent stalled (s)", "share of viewers with at most that", {}, {}, 0,
               1.0,      true};
  Chart latency{"How long a segment takes to the viewers",
                subtitle + ", those who were there",
                "segment, from the first one played",
                "since its availability at the origin (s)",
                {},
                {},
                0,
                {},
                false};
  Chart viewers{
      "Viewers and connections", subtitle, "time since the scenario's start (s)", "number", {}, {}, 0, {}, false};
  // What belongs to one run has one colour; a twin stands behind its run.
  std::size_t runs = 0;
  for (const PlotInput& input : inputs) {
    const bool twin = input.metrics == nullptr;
    if (!twin) ++runs;
    const std::size_t colour = runs > 0 ? runs - 1 : 0;
    std::vector<double> startups;
    std::vector<double> stallTimes;
    for (const ViewerRecord& viewer : input.records->viewers) {
      if (viewer.startup >= base::Duration(0)) startups.push_back(seconds(viewer.startup) * 1000);
      stallTimes.push_back(seconds(viewer.stallTime));
    }
    const std::size_t all = input.records->viewers.size();
    startup.curves.push_back(shareUpTo(input.name, std::move(startups), all, twin));
    stalls.curves.push_back(shareUpTo(input.name, std::move(stallTimes), all, twin));
    startup.curves.back().colour = stalls.curves.back().colour = colour;
    if (twin) continue;
    offload.curves.push_back(offloadOverTime(input));
    offload.curves.back().colour = colour;
    Curve limit{inputs.size() > 1 ? "limit of " + input.name : "limit", {}, false, true, kNeutralColour};
    limit.points = {{0, input.metrics->offloadLimit},
                    {static_cast<double>(input.records->seconds.size()), input.metrics->offloadLimit}};
    if (offload.curves.size() == 1) offload.curves.push_back(std::move(limit));
    copies.curves.push_back(copiesOf(input, scenario));
    copies.curves.back().colour = colour;
    Curve present{input.name + ", viewers", {}, false, false, colour};
    Curve connections{input.name + ", connections", {}, false, true, colour};
    for (std::size_t i = 0; i < input.records->seconds.size(); ++i) {
      present.points.emplace_back(static_cast<double>(i + 1), input.records->seconds[i].viewers);
      connections.points.emplace_back(static_cast<double>(i + 1), input.records->seconds[i].connections);
    }
    viewers.curves.push_back(std::move(present));
    viewers.curves.push_back(std::move(connections));
    Curve half{input.name + ", half", {}, false, true, colour};
    Curve last{input.name + ", the last", {}, false, false, colour};
    for (const auto& quality : input.records->segments) {
      for (std::size_t i = 0; i < quality.size(); ++i) {
        if (quality[i].latencies.empty()) continue;
        const Spread spread = spreadOf({quality[i].latencies.begin(), quality[i].latencies.end()});
        half.points.emplace_back(static_cast<double>(i), spread.p50 / 1000);
        last.points.emplace_back(static_cast<double>(i), spread.max / 1000);
      }
    }
    std::ranges::sort(half.points);
    std::ranges::sort(last.points);
    latency.curves.push_back(std::move(half));
    latency.curves.push_back(std::move(last));
  }
  toTheEdge(startup);
  toTheEdge(stalls);
  std::vector<File> files{{"offload.svg", chartSvg(offload)},
                          {"copies.svg", chartSvg(copies)},
                          {"startup.svg", chartSvg(startup)},
                          {"stalls.svg", chartSvg(stalls)},
                          {"viewers.svg", chartSvg(viewers)}};
  if (scenario.stream.live) files.push_back({"latency.svg", chartSvg(latency)});
  return files;
}

}  // namespace p2pml::sim::lab
