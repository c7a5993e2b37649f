// A headless player: what it asks for and when, what the viewer would see. Start-up, buffer, stalls and retries without
// a picture.
//
// One for the demo, the measurement viewer and the simulator. Time is an argument; actions are data: take them after
// every call. What always holds: one request is outstanding at most; segments are requested and played in order; what
// was delivered early stays buffered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.hpp"

namespace p2pml::media {

struct PlayerOptions {
  std::int64_t first = 0;  ///< segment to start with
  /// Segments to hold beyond the one being played.
  std::int64_t ahead = 8;
  /// Segments in one load() list, the requested one included.
  std::int64_t forward = 20;
  base::Duration segmentDuration = base::seconds(4);
  /// Durations of segments from 0, where they differ; others last segmentDuration.
  std::vector<base::Duration> durations;

  base::Duration requestTimeout = base::seconds(20);
  base::Duration firstRetry = base::seconds(1);        ///< doubled by every further failure
  base::Duration abortRetry = base::milliseconds(50);  ///< after an abort
  int maxTries = 6;                                    ///< then the segment is skipped
};

struct PlayerAction {
  enum class Kind : std::uint8_t {
    request,  ///< deliver segment `first` (look into the cache too) and load() the list
    reload,   ///< load() the list again: priorities have changed, or it has grown
  };
  Kind kind = Kind::request;
  std::int64_t first = 0;     ///< the requested segment, where the list starts
  std::int64_t count = 0;     ///< length of the list
  std::int64_t playhead = 0;  ///< the segment being played: priority of segment i is max(0, i - playhead)

  [[nodiscard]] std::int64_t priority(std::int64_t segment) const {
    return segment > playhead ? segment - playhead : 0;
  }
  friend bool operator==(const PlayerAction&, const PlayerAction&) = default;
};

class Player {
 public:
  struct Stall {
    base::TimePoint at;
    std::int64_t segment = 0;  ///< that was missing
    base::Duration length{};
  };
  using Actions = std::vector<PlayerAction>;

  explicit Player(PlayerOptions options)
      : options_(std::move(options)), next_(options_.first), playhead_(options_.first) {}

  /// Segments before `end` exist. `complete`: there will never be more. The first call starts the player.
  void setAvailable(base::TimePoint now, std::int64_t end, bool complete, Actions& actions);
  /// The requested segment is here. Others are ignored.
  void onDelivered(base::TimePoint now, std::int64_t segment, Actions& actions);
  void onFailed(base::TimePoint now, std::int64_t segment, Actions& actions);
  void onAborted(base::TimePoint now, std::int64_t segment, Actions& actions);
  void onTick(base::TimePoint now, Actions& actions);
  [[nodiscard]] base::TimePoint deadline() const;

  /// The picture stands still; segments are requested as before, until the buffer is full.
  void pause(base::TimePoint now, Actions& actions);
  void resume(base::TimePoint now, Actions& actions);
  [[nodiscard]] bool paused() const { return paused_; }
  /// Goes on with the beginning of `segment`. One that is buffered is played at once. Otherwise what was buffered is
  /// thrown away, a pending request is forgotten (nothing is said of it any more), and the player waits. Also after
  /// the end. Before the start and for a negative `segment` nothing happens.
  void seek(base::TimePoint now, std::int64_t segment, Actions& actions);

  /// In segments; the fraction is the played part of the present one.
  [[nodiscard]] double position(base::TimePoint now) const;
  /// Time that can be played without a further delivery.
  [[nodiscard]] base::Duration buffered(base::TimePoint now) const;
  /// Time until `segment` is to be played, if all before it is there; 0 for what is played or waited for now.
  /// While paused: from the end of the pause.
  [[nodiscard]] base::Duration neededIn(base::TimePoint now, std::int64_t segment) const;
  /// What a segment lasts.
  [[nodiscard]] base::Duration durationOf(std::int64_t segment) const { return duration(segment); }
  [[nodiscard]] std::int64_t next() const { return next_; }
  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] bool playing() const { return state_ == State::playing; }
  /// All has been played.
  [[nodiscard]] bool done() const { return state_ == State::done; }

  /// From the first request to the first segment; meaningful once playing.
  [[nodiscard]] base::Duration startup() const { return startup_; }
  [[nodiscard]] const std::vector<Stall>& stalls() const { return stalls_; }
  [[nodiscard]] std::int64_t skipped() const { return skipped_; }
  [[nodiscard]] std::int64_t failures() const { return failures_; }
  /// Seeks that had to wait, and for how long in all.
  [[nodiscard]] std::int64_t seeksWaited() const { return seeksWaited_; }
  [[nodiscard]] base::Duration seekWait() const { return seekWait_; }
  /// Waiting for a segment since then, for whatever reason; none while playing or done.
  [[nodiscard]] bool waiting() const {
    return state_ == State::starting || state_ == State::stalled || state_ == State::seeking;
  }
  [[nodiscard]] bool stalled() const { return state_ == State::stalled; }
  [[nodiscard]] base::TimePoint waitingSince() const { return stalledAt_; }

 private:
  enum class State : std::uint8_t { idle, starting, playing, stalled, seeking, done };

  [[nodiscard]] base::Duration duration(std::int64_t segment) const;
  /// Of the segment being played.
  [[nodiscard]] base::Duration played(base::TimePoint now) const { return (paused_ ? pausedAt_ : now) - segmentStart_; }
  [[nodiscard]] PlayerAction action(PlayerAction::Kind kind) const;
  void advancePlayhead(base::TimePoint now, Actions& actions);
  void enter(base::TimePoint now, Actions& actions);
  void requestNext(base::TimePoint now, Actions& actions);
  void failed(base::TimePoint now, base::Duration retryAfter, Actions& actions);
  void arrived(base::TimePoint now, Actions& actions);

  PlayerOptions options_;
  State state_ = State::idle;
  bool started_ = false;
  bool complete_ = false;
  std::int64_t end_ = 0;
  std::int64_t next_;      // first segment that was neither delivered nor skipped
  std::int64_t playhead_;  // segment being played, or waited for
  base::TimePoint startedAt_{};
  base::TimePoint segmentStart_{};  // of the playhead's segment, while playing
  base::TimePoint stalledAt_{};     // when the present waiting began
  bool paused_ = false;
  base::TimePoint pausedAt_{};
  bool pending_ = false;
  base::TimePoint requestDeadline_ = base::kNever;
  base::TimePoint retryAt_ = base::kNever;
  int tries_ = 0;
  std::int64_t skippedFrom_ = options_.first;
  std::vector<bool> skippedSegments_;  // from skippedFrom_
  base::Duration startup_{};
  std::vector<Stall> stalls_;
  std::int64_t skipped_ = 0;
  std::int64_t failures_ = 0;
  std::int64_t seeksWaited_ = 0;
  base::Duration seekWait_{};
};

}  // namespace p2pml::media
