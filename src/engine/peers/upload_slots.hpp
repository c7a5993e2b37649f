// Who is being sent a segment, and who waits: a line shared by all who ask gives nobody a whole segment for long, and a
// whole one is what the next peer can pass on.
//
// Owned by the loader, which asks before it answers a request of a swarm's own protocol; p2pml nodes are told that we
// are busy instead. What always holds: at most `limit` peers are being
// served, besides
// those who take longer than a turn; one request of a peer at a time; those who wait are served in the order in which
// they asked, so a peer that asks again stands behind all others; what can wait is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "engine/internal_events.hpp"

namespace p2pml::engine {

class UploadSlots {
 public:
  /// Requests of one peer that wait: what a session takes before it calls that too many.
  static constexpr std::size_t kMaxWaitingPerPeer = 4;

  /// A peer that takes its segment more slowly than this keeps nobody waiting: the next one is served beside it.
  static constexpr base::Duration kTurn = base::seconds(2);

  /// 0: no limit.
  explicit UploadSlots(std::int64_t limit) : limit_(static_cast<std::size_t>(limit)) {}

  /// True if the request is to be answered now; else next() gives it back when its turn comes.
  [[nodiscard]] bool admit(const event::SegmentRequested& requested);
  /// The peer does not want it any more. Nothing happens if it does not wait.
  void cancel(base::ConnectionId connection, const PeerRequest& request);
  /// The answer is with the peer's session.
  void answered(base::ConnectionId connection);
  /// The next request to answer, if there is one and a place for it. `uploading(connection)`: its session has bytes of
  /// a segment to send; false also for one that is gone.
  template <class Uploading>
  std::optional<event::SegmentRequested> next(base::TimePoint now, Uploading uploading) {
    if (waiting_.empty()) return std::nullopt;
    std::erase_if(active_, [&](const Active& active) {
      return active.answered && (now - active.since >= kTurn || !uploading(active.connection));
    });
    return takeNext(now);
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Active {
    base::ConnectionId connection;
    base::TimePoint since;
    bool answered = false;
  };

  [[nodiscard]] bool serving(base::ConnectionId connection) const;
  [[nodiscard]] std::size_t waitingOf(base::ConnectionId connection) const;
  std::optional<event::SegmentRequested> takeNext(base::TimePoint now);

  const std::size_t limit_;
  std::vector<Active> active_;
  std::deque<event::SegmentRequested> waiting_;
};

}  // namespace p2pml::engine
