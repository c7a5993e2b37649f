#include "p2pml/demo/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace p2pml::app {

namespace {

[[gnu::format(printf, 1, 2)]] std::string format(const char* text, ...) {
  char buffer[512];
  va_list args;
  va_start(args, text);
  std::vsnprintf(buffer, sizeof buffer, text, args);
  va_end(args);
  return buffer;
}

std::string bytesText(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < 1'000'000) return format("%.0f kB", value / 1e3);
  return format("%.2f MB", value / 1e6);
}

std::string bar(double part, std::size_t width) {
  const auto filled = static_cast<std::size_t>(std::lround(std::clamp(part, 0.0, 1.0) * static_cast<double>(width)));
  std::string result;
  for (std::size_t i = 0; i < width; ++i) result += i < filled ? "█" : "·";
  return result;
}

template <class Get>
std::uint64_t sum(const std::vector<ViewerReport>& viewers, Get get) {
  std::uint64_t total = 0;
  for (const ViewerReport& viewer : viewers) total += get(viewer);
  return total;
}

}  // namespace

std::uint64_t DemoReport::originBytes() const {
  return sum(viewers, [](const ViewerReport& v) { return v.http; });
}

std::uint64_t DemoReport::deliveredBytes() const {
  return sum(viewers, [](const ViewerReport& v) { return v.delivered; });
}

double DemoReport::offload() const {
  const std::uint64_t delivered = deliveredBytes();
  return delivered == 0 ? 0 : 1.0 - static_cast<double>(originBytes()) / static_cast<double>(delivered);
}

double DemoReport::bestOffload() const {
  const auto n = static_cast<double>(viewers.size());
  return n == 0 ? 0 : (n - 1) / n;
}

double DemoReport::rulesOffload() const {
  const auto n = static_cast<double>(viewers.size());
  const auto s = static_cast<double>(segmentCount);
  if (n == 0 || s == 0) return 0;
  return 1.0 - (s + std::min(2.0, s) * (n - 1)) / (n * s);
}

bool DemoReport::complete() const {
  return !viewers.empty() && std::all_of(viewers.begin(), viewers.end(), [this](const ViewerReport& v) {
    return v.done && v.bad == 0 && v.skipped == 0 && v.segments == segmentCount;
  });
}

std::string progressText(const DemoReport& report, bool color) {
  std::string text = "viewer  playing                    buffer  peers  over HTTP   from peers  to peers\n";
  for (const ViewerReport& v : report.viewers) {
    const char* state = v.done ? "done" : (v.started ? "" : "wait");
    text += format("%-6s  ", v.name.c_str());
    if (color) text += "\033[36m";
    text += bar(report.segmentCount == 0 ? 0 : v.position / static_cast<double>(report.segmentCount), 16);
    if (color) text += "\033[0m";
    text += format(" %5.1f %-4s %6.1f s %5zu  %10s  %10s  %10s\n", v.position, state, v.bufferedMs / 1000, v.peers,
                   bytesText(v.http).c_str(), bytesText(v.p2p).c_str(), bytesText(v.uploaded).c_str());
  }
  return text;
}

std::string summaryText(const DemoReport& report) {
  std::string text = format("\n%s\n%zu segments, %.0f s, %zu viewers\n\n", report.stream.c_str(), report.segmentCount,
                            report.durationMs / 1000, report.viewers.size());
  text += "viewer  start-up  stalls  segments  over HTTP   from peers  to peers    peers  errors\n";
  for (const ViewerReport& v : report.viewers) {
    text += format("%-6s  %5.0f ms  %6zu  %4zu/%-4zu %10s  %10s  %10s  %5zu  %6llu%s\n", v.name.c_str(), v.startupMs,
                   v.stalls, v.segments, report.segmentCount, bytesText(v.http).c_str(), bytesText(v.p2p).c_str(),
                   bytesText(v.uploaded).c_str(), v.peersMax, static_cast<unsigned long long>(v.errors),
                   v.bad > 0 ? "  WRONG BYTES" : (v.done ? "" : "  NOT FINISHED"));
  }
  const double best = report.bestOffload();
  text += format("\nfrom the origin  %s of %s delivered\n", bytesText(report.originBytes()).c_str(),
                 bytesText(report.deliveredBytes()).c_str());
  text += format("offload          %.1f %%", report.offload() * 100);
  if (best > 0)
    text += format(", %.0f %% of the theoretical best (%.1f %%)", report.offload() / best * 100, best * 100);
  text +=
      format("\n                 the seed's rules allow %.1f %%: every viewer takes its first two segments over HTTP\n",
             report.rulesOffload() * 100);
  text += report.complete() ? "every viewer played every segment, byte-identical\n"
                            : "NOT every viewer played every segment, byte-identical\n";
  return text;
}

std::string summaryJson(const DemoReport& report) {
  nlohmann::ordered_json json;
  json["stream"] = report.stream;
  json["segments"] = report.segmentCount;
  json["durationMs"] = report.durationMs;
  json["originBytes"] = report.originBytes();
  json["deliveredBytes"] = report.deliveredBytes();
  json["offload"] = report.offload();
  json["bestOffload"] = report.bestOffload();
  json["rulesOffload"] = report.rulesOffload();
  json["complete"] = report.complete();
  json["viewers"] = nlohmann::ordered_json::array();
  for (const ViewerReport& v : report.viewers) {
    json["viewers"].push_back(
        {{"name", v.name},
         {"done", v.done},
         {"startupMs", v.startupMs},
         {"stalls", v.stalls},
         {"stalledMs", v.stalledMs},
         {"segments", v.segments},
         {"bad", v.bad},
         {"skipped", v.skipped},
         {"errors", v.errors},
         {"peersMax", v.peersMax},
         {"bytes", {{"http", v.http}, {"p2p", v.p2p}, {"up", v.uploaded}, {"delivered", v.delivered}}}});
  }
  return json.dump(2);
}

}  // namespace p2pml::app
