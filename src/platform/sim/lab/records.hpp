// What a run left behind, as numbers: per viewer, per segment and per second. Metrics, invariants and tables are made
// from it. Lean, as there may be hundreds of thousands of viewers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "platform/sim/lab/plan.hpp"

namespace p2pml::sim::lab {

struct StallRecord {
  std::uint32_t viewer = 0;
  std::int64_t segment = 0;
  base::TimePoint at{};  ///< of the scenario
  base::Duration length{};
};

struct ViewerRecord {
  ViewerPlan plan;
  base::TimePoint left = base::kNever;  ///< kNever: was there at the end
  base::Duration startup{-1};           ///< less than 0: never started
  base::Duration thirdPeer{-1};         ///< from its arrival until it had three peers; less than 0: never
  base::Duration stallTime{};
  base::Duration seekWait{};
  std::uint32_t stalls = 0;
  std::uint32_t longStalls = 0;  ///< longer than Limits::extraStall and what the rules excuse
  // What the classic policy's rules cost by themselves (docs/simulator.md, no-more-stalls-than-http); 0 under others.
  base::Duration ruledStall{};  ///< of stallTime: the origin had failed for that segment and was not to be asked again
  base::Duration ruledLate{};   ///< a segment without a deadline may be so late
  std::uint32_t skipped = 0;
  std::uint32_t jumps = 0;
  std::uint32_t badSegments = 0;
  std::uint32_t delivered = 0;  ///< segments the player took
  std::uint32_t overHttp = 0;   ///< segments the loader loaded
  std::uint32_t overP2p = 0;
  std::uint32_t gets = 0;
  std::uint16_t mostPeers = 0;
  bool done = false;
  std::uint64_t deliveredBytes = 0;
  std::uint64_t originBytes = 0;
  std::uint64_t firstSegmentBytes = 0;  ///< of these, of the segment it started with
  std::uint64_t p2pBytes = 0;
  std::uint64_t uploadedBytes = 0;
};

struct SegmentRecord {
  std::uint64_t originBytes = 0;
  std::uint64_t firstSegmentBytes = 0;  ///< of these, for viewers who started with it
  std::uint32_t gets = 0;
  std::uint32_t delivered = 0;
  /// Live: milliseconds from its availability at the origin until a viewer who was already there had it.
  std::vector<std::uint32_t> latencies;
};

struct SecondRecord {
  std::uint32_t viewers = 0;
  std::uint32_t connections = 0;
  std::uint32_t gets = 0;
  std::uint32_t waiting = 0;  ///< viewers who wait for a segment at its end
  std::uint64_t originBytes = 0;
  std::uint64_t deliveredBytes = 0;
  std::uint64_t p2pBytes = 0;
};

struct Violation {
  std::string check;
  std::uint32_t viewer = 0;  ///< from 1; 0: nobody in particular
  base::TimePoint at{};
  std::string what;
};

/// The digest of everything so far, at one moment.
struct Checkpoint {
  base::TimePoint at{};
  std::string digest;
  std::uint64_t events = 0;
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

struct Records {
  std::vector<ViewerRecord> viewers;
  std::vector<std::vector<SegmentRecord>> segments;  ///< of each quality, by number less `firstSegment`
  std::int64_t firstSegment = 0;
  std::vector<SecondRecord> seconds;
  std::vector<StallRecord> stalls;
  std::vector<Violation> violations;
  std::uint64_t violationCount = 0;
  std::vector<Checkpoint> checkpoints;
  std::string digest;
  base::Duration ran{};  ///< virtual time, from the scenario's start
  std::uint64_t events = 0;
  std::uint64_t originBytes = 0;
  std::uint64_t originGets = 0;
  std::uint64_t mostConnections = 0;
  bool stopped = false;  ///< before its end, by who watched
};

}  // namespace p2pml::sim::lab
