// What to fetch from where, now: the decisions, apart from the book-keeping.
//
// The loader shows a policy the queue and the peers and carries out the actions it answers, in order. A policy keeps no
// download state of its own; replacing it (SchedulingPolicy) changes nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "engine/settings.hpp"

namespace p2pml::engine {

/// One segment of the queue, in queue order.
struct QueueItem {
  std::int64_t priority = 0;
  bool stored = false;      ///< in the store, or on its way into it
  bool http = false;        ///< an HTTP download has it
  bool p2p = false;         ///< a P2P download has it
  bool httpFailed = false;  ///< within httpFailedSegmentTimeout of a failure
};

enum class Availability : std::uint8_t { none, loadingByHttp, loaded };

/// What connected peers have of the queue.
class PeerView {
 public:
  virtual ~PeerView() = default;
  [[nodiscard]] virtual std::size_t peerCount() const = 0;
  /// The best that any peer says of the segment at that place of the queue.
  [[nodiscard]] virtual Availability availability(std::size_t index) const = 0;
  /// Peers that have the segment and are not being asked for another one, in order of their connections.
  virtual void idleHolders(std::size_t index, std::vector<base::ConnectionId>& holders) const = 0;
  /// The peer that the P2P download of that segment comes from; none if it is complete and only waits for its
  /// validation.
  [[nodiscard]] virtual base::ConnectionId source(std::size_t index) const = 0;
  /// That peer has the segment.
  [[nodiscard]] virtual bool holds(base::ConnectionId connection, std::size_t index) const = 0;
};

struct SchedulerView {
  base::TimePoint now;
  const Settings& settings;
  const std::vector<QueueItem>& queue;
  const PeerView& peers;
  std::size_t httpCount = 0;  ///< running downloads, also of segments that are no longer queued
  std::size_t p2pCount = 0;
};

struct Action {
  enum class Kind : std::uint8_t { startHttp, abortHttp, startP2p, abortP2p };
  Kind kind = Kind::startHttp;
  std::size_t index = 0;          ///< into the queue
  base::ConnectionId connection;  ///< for startP2p
  friend bool operator==(const Action&, const Action&) = default;
};

class SchedulingPolicy {
 public:
  virtual ~SchedulingPolicy() = default;

  /// load() was called for the first time.
  virtual void start(base::TimePoint now) = 0;
  /// Something changed: the queue, a download ended, a peer's map came.
  virtual void processQueue(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) = 0;
  /// Every httpDownloadProbabilityInterval.
  virtual void randomHttp(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) = 0;
  /// A tracker told how many incomplete peers the swarm has, ourselves included. True if the queue should be looked at
  /// again.
  virtual bool swarmSize(std::int64_t incomplete) = 0;
  /// True while HTTP is held back at the start (httpDownloadInitialTimeout).
  [[nodiscard]] virtual bool holdingHttp() const = 0;
};

}  // namespace p2pml::engine
