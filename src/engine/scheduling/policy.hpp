// What to fetch from where, now: the decisions, apart from the book-keeping.
//
// The loader shows a policy the queue and the peers and carries out the actions it answers, in order. A policy keeps no
// download state of its own; replacing it (SchedulingPolicy) changes nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "engine/settings.hpp"
#include "engine/transfer_rate.hpp"

namespace p2pml::engine {

/// One segment of the queue, in queue order.
struct QueueItem {
  std::int64_t priority = 0;
  bool stored = false;            ///< in the store, or on its way into it
  bool http = false;              ///< an HTTP download has it
  bool p2p = false;               ///< a P2P download has it
  bool httpFailed = false;        ///< within httpFailedSegmentTimeout of a failure
  base::TimePoint httpRetryAt{};  ///< after a failure: when the origin may be asked again for what cannot wait longer

  // What the cooperative policy goes by.
  std::uint64_t key = 0;       ///< of the segment, the same at all peers (segment_key.hpp); 0: it cannot be shared
  base::TimePoint neededAt{};  ///< the player must have it; it has waited for it since then if that is past
  base::Duration duration{};
  base::TimePoint queuedAt{};  ///< since when it is in the queue without a break
  Progress progress;  ///< of the download, if there is one; else `received` are bytes that another may go on with
};

/// From the worst to the best.
enum class Availability : std::uint8_t {
  none,
  loadingByHttp,
  relaying,  ///< it is still receiving the segment and passes on what has come
  loaded,
};

/// A peer that has something of a segment, or will.
struct Holder {
  base::ConnectionId connection;
  Availability state = Availability::none;
  bool idle = false;                 ///< it may be asked for a segment now
  bool resumes = false;              ///< it can send the rest of a segment
  std::uint64_t bytesPerSecond = 0;  ///< measured; 0: never
  std::uint8_t depth = 0;            ///< relaying: peers between it and one that has the segment

  friend bool operator==(const Holder&, const Holder&) = default;
};

/// A connected peer.
struct Neighbour {
  base::ConnectionId connection;
  std::uint64_t id = 0;      ///< hash of the name that it has among p2pml nodes; 0: it is none
  bool cooperative = false;  ///< it takes part in elections
  base::TimePoint since{};   ///< connected
  /// When it last told that the origin, or what its validator looked at, had failed it lately.
  base::TimePoint troubleAt = base::TimePoint::min();

  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

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

  // Each appends, always in the same order.
  /// Peers that have the segment in any way.
  virtual void holders(std::size_t index, std::vector<Holder>& holders) const = 0;
  virtual void neighbours(std::vector<Neighbour>& neighbours) const = 0;
};

/// What is known of the origin and of the stream; 0 or none: nothing yet.
struct Estimates {
  std::uint64_t httpBytesPerSecond = 0;
  base::Duration httpLatency{};                           ///< from a request to its head
  std::uint64_t segmentBytes = 0;                         ///< of the segments lately
  std::optional<std::int64_t> viewers;                    ///< in our swarms, ourselves included, as trackers told
  std::uint64_t ownId = 0;                                ///< hash of our name among p2pml nodes
  base::TimePoint httpFailedAt = base::TimePoint::min();  ///< when a request to the origin last failed or broke off
  base::TimePoint refusedAt = base::TimePoint::min();     ///< when a validator last refused what a peer had sent
  std::int64_t httpFailures = 0;                          ///< of these since bytes of a body last came
};

struct SchedulerView {
  base::TimePoint now;
  const Settings& settings;
  const std::vector<QueueItem>& queue;
  const PeerView& peers;
  std::size_t httpCount = 0;  ///< running downloads, also of segments that are no longer queued
  std::size_t p2pCount = 0;
  Estimates estimates{};
  bool validated = false;  ///< the application looks at whole segments, and may refuse what peers have sent
};

struct Action {
  enum class Kind : std::uint8_t {
    startHttp,  ///< with what has come of the segment already, if the policy resumes
    abortHttp,
    pauseHttp,     ///< as abortHttp, but another source may go on with what has come
    askAgainHttp,  ///< the origin has stopped on its way: it is asked for the rest, and has failed
    startP2p,
    abortP2p,  ///< another source may go on with what has come
  };
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
  /// Something changed: the queue, a download ended, a peer's map came, wakeAt() has come.
  virtual void processQueue(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) = 0;
  /// Every httpDownloadProbabilityInterval.
  virtual void randomHttp(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) = 0;
  /// A tracker told how many incomplete peers the swarm has, ourselves included. True if the queue should be looked at
  /// again.
  virtual bool swarmSize(std::int64_t incomplete) = 0;
  /// True while HTTP is held back at the start (httpDownloadInitialTimeout).
  [[nodiscard]] virtual bool holdingHttp() const = 0;
  /// When processQueue is to be called even if nothing changes. Asked after every call of it.
  [[nodiscard]] virtual base::TimePoint wakeAt() const { return base::kNever; }
};

/// The one that `settings` asks for. `settings` must outlive it.
std::unique_ptr<SchedulingPolicy> makePolicy(const Settings& settings);

/// HTTP goes on by a range request with what another source has sent of a segment.
constexpr bool resumesOverHttp(const Settings& settings) {
  return settings.httpUseRanges || settings.schedulingPolicy == Scheduling::cooperative;
}

}  // namespace p2pml::engine
