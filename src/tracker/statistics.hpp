// What a tracker counted, as values: for the log, /stats.json and tests.
#pragma once

#include <cstdint>

#include "base/ids.hpp"

namespace p2pml::tracker {

/// Since the tracker was made, except the first four, which are the present.
struct Statistics {
  std::uint64_t sockets = 0;
  std::uint64_t swarms = 0;
  std::uint64_t peers = 0;     ///< registrations: one peer id in two swarms counts twice
  std::uint64_t complete = 0;  ///< of peers

  std::uint64_t messages = 0;
  std::uint64_t announces = 0;  ///< valid ones, answers not included
  std::uint64_t scrapes = 0;
  std::uint64_t failures = 0;  ///< requests answered with a failure reason
  std::uint64_t offersRelayed = 0;
  std::uint64_t offersUnplaced = 0;  ///< nobody to give them to, or above numwant or the limit
  std::uint64_t answersRelayed = 0;
  std::uint64_t answersToUnknown = 0;    ///< to_peer_id is not in that swarm (any more)
  std::uint64_t answersFromUnknown = 0;  ///< the answerer is not registered on the socket it spoke from
  std::uint64_t replacedPeers = 0;       ///< moved to another socket
  std::uint64_t expiredPeers = 0;
  std::uint64_t expiredSockets = 0;
  std::uint64_t overRateSockets = 0;
  std::uint64_t oversizedMessages = 0;
  std::uint64_t refusedSockets = 0;

  /// Peer records looked at to choose receivers of offers and to find silent peers: work, for tests of cost.
  std::uint64_t peersVisited = 0;
};

struct SwarmStatistics {
  base::InfoHash infoHash;
  std::uint64_t complete = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t downloaded = 0;  ///< "completed" events while the swarm has existed
  std::uint64_t announces = 0;
  std::uint64_t offersRelayed = 0;
  std::uint64_t answersRelayed = 0;
};

}  // namespace p2pml::tracker
