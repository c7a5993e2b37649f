// Counters of one loader.
#pragma once

#include <cstdint>

namespace p2pml::engine {

/// Counters since the start, for tests and statistics.
struct Stats {
  std::uint64_t httpBytes = 0;
  std::uint64_t p2pBytes = 0;
  std::uint64_t uploadedBytes = 0;
  std::uint64_t segmentsOverHttp = 0;
  std::uint64_t segmentsOverP2p = 0;
  std::uint64_t staleInputs = 0;  ///< answers for ids that are not open (any more): dropped
  std::uint64_t peerFaults = 0;   ///< things peers sent that are not of the protocol
  std::uint64_t mapsSent = 0;
  std::uint64_t storedSegments = 0;  ///< at present, of the current master swarm
};

}  // namespace p2pml::engine
