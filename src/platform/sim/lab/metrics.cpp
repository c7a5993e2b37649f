#include "platform/sim/lab/metrics.hpp"

#include <algorithm>
#include <cmath>

namespace p2pml::sim::lab {

namespace {

/// The smallest of the sorted `values` that `share` of them are not above.
double percentile(const std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const auto index = static_cast<std::size_t>(std::max(1.0, rank)) - 1;
  return values[std::min(index, values.size() - 1)];
}

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

double jain(const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
  }
  return squares > 0 ? sum * sum / (static_cast<double>(values.size()) * squares) : 1;
}

double ms(base::Duration d) { return static_cast<double>(d.count()) / 1000; }

}  // namespace

Spread spreadOf(std::vector<double> values) {
  Spread spread;
  spread.count = values.size();
  if (values.empty()) return spread;
  std::ranges::sort(values);
  double sum = 0;
  for (const double value : values) sum += value;
  spread.mean = sum / static_cast<double>(values.size());
  spread.p50 = percentile(values, 0.5);
  spread.p95 = percentile(values, 0.95);
  spread.p99 = percentile(values, 0.99);
  spread.max = values.back();
  return spread;
}

Metrics metricsOf(const Records& records, const Scenario& scenario) {
  Metrics m;
  m.viewers = records.viewers.size();
  m.seconds = ms(records.ran) / 1000;
  m.originBytes = records.originBytes;
  m.events = records.events;
  m.violations = records.violationCount;
  m.mostConnections = records.mostConnections;

  std::vector<double> startups;
  std::vector<double> uploads;
  std::vector<double> peers;
  std::vector<double> thirdPeers;
  double p2p = 0;
  double loaded = 0;
  double firstSegments = 0;
  for (const ViewerRecord& viewer : records.viewers) {
    m.deliveredBytes += viewer.deliveredBytes;
    m.skipped += viewer.skipped;
    m.jumps += viewer.jumps;
    m.badSegments += viewer.badSegments;
    m.stalls += viewer.stalls;
    if (viewer.stalls > 0) ++m.viewersWithStalls;
    p2p += static_cast<double>(viewer.p2pBytes);
    loaded += static_cast<double>(viewer.p2pBytes + viewer.originBytes);
    peers.push_back(viewer.mostPeers);
    if (viewer.thirdPeer < base::Duration(0)) {
      ++m.neverThreePeers;
    } else {
      thirdPeers.push_back(ms(viewer.thirdPeer));
    }
    if (viewer.startup < base::Duration(0)) {
      ++m.neverStarted;
    } else {
      startups.push_back(ms(viewer.startup));
    }
    const Group& group = scenario.groups[viewer.plan.group];
    const base::Json settings(group.settings);
    const base::Json* consumeOnly = settings.find("consumeOnly");
    const bool gives = viewer.plan.behaviour != Behaviour::leech &&
                       (consumeOnly == nullptr || consumeOnly->boolean() == nullptr || !*consumeOnly->boolean());
    if (gives) uploads.push_back(static_cast<double>(viewer.uploadedBytes) / 1e6);
    if (viewer.delivered > 0) {
      firstSegments += static_cast<double>(scenario.stream.qualities[0].segmentBytes);
    }
  }
  m.startupMs = spreadOf(std::move(startups));
  m.fairness = jain(uploads);
  m.uploadedMb = spreadOf(std::move(uploads));
  m.peers = spreadOf(std::move(peers));
  m.thirdPeerMs = spreadOf(std::move(thirdPeers));
  m.p2pShare = ratio(p2p, loaded);

  std::vector<double> stalls;
  for (const StallRecord& stall : records.stalls) {
    stalls.push_back(ms(stall.length));
    m.stallSeconds += ms(stall.length) / 1000;
  }
  m.stallMs = spreadOf(std::move(stalls));

  std::vector<double> copies;
  std::vector<double> further;
  std::vector<double> half;
  std::vector<double> most;
  std::vector<double> last;
  double gets = 0;
  double once = 0;
  for (std::size_t q = 0; q < records.segments.size(); ++q) {
    const auto bytes = static_cast<double>(scenario.stream.qualities[q].segmentBytes);
    for (const SegmentRecord& segment : records.segments[q]) {
      gets += segment.gets;
      if (segment.delivered == 0) continue;
      once += bytes;
      copies.push_back(static_cast<double>(segment.originBytes) / bytes);
      further.push_back(static_cast<double>(segment.originBytes - segment.firstSegmentBytes) / bytes);
      if (segment.latencies.empty()) continue;
      std::vector<double> latencies(segment.latencies.begin(), segment.latencies.end());
      const Spread spread = spreadOf(std::move(latencies));
      half.push_back(spread.p50);
      most.push_back(spread.p95);
      last.push_back(spread.max);
    }
  }
  m.getsPerSegment = ratio(gets, static_cast<double>(copies.size()));
  m.copies = spreadOf(std::move(copies));
  m.furtherCopies = spreadOf(std::move(further));
  m.latencyHalf = spreadOf(std::move(half));
  m.latency95 = spreadOf(std::move(most));
  m.latencyLast = spreadOf(std::move(last));

  const auto delivered = static_cast<double>(m.deliveredBytes);
  if (delivered > 0) {
    m.offload = 1 - static_cast<double>(m.originBytes) / delivered;
    m.offloadLimit = 1 - once / delivered;
    // The very first viewer's first segment is among those that are sent once anyway.
    const double besides =
        std::max(0.0, firstSegments - static_cast<double>(scenario.stream.qualities[0].segmentBytes));
    m.fastStartLimit = 1 - (once + besides) / delivered;
  }
  return m;
}

TwinMetrics compareOf(const Records& records, const Records& twin) {
  TwinMetrics m;
  std::vector<double> ratios;
  std::vector<double> extra;
  for (std::size_t i = 0; i < std::min(records.viewers.size(), twin.viewers.size()); ++i) {
    const base::Duration mine = records.viewers[i].startup;
    const base::Duration plain = twin.viewers[i].startup;
    if (mine < base::Duration(0) || plain <= base::Duration(0)) continue;
    ratios.push_back(ms(mine) / ms(plain));
    extra.push_back(ms(mine) - ms(plain));
  }
  m.startupRatio = spreadOf(std::move(ratios));
  m.startupExtraMs = spreadOf(std::move(extra));
  for (const StallRecord& stall : twin.stalls) m.twinStallSeconds += ms(stall.length) / 1000;
  m.twinStalls = twin.stalls.size();
  m.originRatio = ratio(static_cast<double>(records.originBytes), static_cast<double>(twin.originBytes));
  return m;
}

}  // namespace p2pml::sim::lab
