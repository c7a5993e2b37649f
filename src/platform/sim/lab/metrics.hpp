// Figures of a run, made from its records. docs/simulator.md says what each means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/sim/lab/records.hpp"
#include "platform/sim/lab/scenario.hpp"

namespace p2pml::sim::lab {

/// Of a set of values; all 0 for an empty one. Percentiles are the smallest value that so many are not above.
struct Spread {
  std::size_t count = 0;
  double mean = 0;
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
};
Spread spreadOf(std::vector<double> values);

struct Metrics {
  std::size_t viewers = 0;
  double seconds = 0;  ///< virtual
  std::uint64_t originBytes = 0;
  std::uint64_t deliveredBytes = 0;
  double offload = 0;       ///< 1 - origin / delivered
  double offloadLimit = 0;  ///< if the origin had sent each segment that anybody played just once
  /// The same with one first segment per viewer besides.
  double fastStartLimit = 0;
  double p2pShare = 0;   ///< of the bytes that loaders loaded
  Spread copies;         ///< of each segment from the origin, those that anybody played
  Spread furtherCopies;  ///< of these, without the viewers' first segments
  double getsPerSegment = 0;
  Spread startupMs;
  std::size_t neverStarted = 0;
  std::uint64_t stalls = 0;
  std::size_t viewersWithStalls = 0;
  double stallSeconds = 0;
  Spread stallMs;  ///< of single stalls
  std::uint64_t skipped = 0;
  std::uint64_t jumps = 0;
  std::uint64_t badSegments = 0;
  double fairness = 1;  ///< Jain's index of what viewers uploaded, those who may upload
  Spread uploadedMb;    ///< of these
  Spread peers;         ///< most at a time, of each viewer
  Spread thirdPeerMs;   ///< from a viewer's arrival until it had three peers, of those who ever had
  std::size_t neverThreePeers = 0;
  std::uint64_t mostConnections = 0;
  /// Live, in milliseconds: of each segment, the time until half, 95 % and all of those who were there had it; the
  /// median and the maximum over the segments.
  Spread latencyHalf;
  Spread latency95;
  Spread latencyLast;
  std::uint64_t events = 0;
  std::uint64_t violations = 0;
};

Metrics metricsOf(const Records& records, const Scenario& scenario);

/// Beside its HTTP-only twin.
struct TwinMetrics {
  Spread startupRatio;  ///< of each viewer
  Spread startupExtraMs;
  std::uint64_t twinStalls = 0;
  double twinStallSeconds = 0;
  double originRatio = 0;  ///< bytes
};
TwinMetrics compareOf(const Records& records, const Records& twin);

/// What the program measured around a run; not part of what a seed gives again.
struct Cost {
  double wallSeconds = 0;
  std::uint64_t peakRssBytes = 0;  ///< of the whole program so far
};

}  // namespace p2pml::sim::lab
