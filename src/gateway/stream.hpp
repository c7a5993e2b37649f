// One stream of an opened manifest: its segments as the playlists told them, and what its engine should load for the
// players that are on it.
//
// Pure; owned by Streams. What always holds: segments rise by position; a segment keeps the names it was first given,
// as peers know it by them, and gets the newest address.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "gateway/io.hpp"
#include "gateway/manifest.hpp"
#include "gateway/playheads.hpp"

namespace p2pml::gateway {

struct PlanLimits {
  std::size_t segments = 21;                 ///< ahead of each player
  base::Duration time = base::seconds(120);  ///< the same in time
};

class Stream {
 public:
  /// Of segments that are listed no more: for players behind a live window.
  static constexpr std::size_t kMaxKept = 100;

  Stream(media::StreamNames names, std::string label) : names_(std::move(names)), label_(std::move(label)) {}

  /// A newer playlist of it. True if it listed anything new.
  bool update(base::TimePoint now, ManifestStream&& told);

  [[nodiscard]] const media::StreamNames& names() const { return names_; }
  [[nodiscard]] const std::string& label() const { return label_; }
  [[nodiscard]] bool live() const { return live_; }
  [[nodiscard]] base::Duration targetDuration() const { return targetDuration_; }
  /// When a playlist last listed something new.
  [[nodiscard]] base::TimePoint changedAt() const { return changedAt_; }
  [[nodiscard]] const std::deque<media::StreamSegment>& segments() const { return segments_; }
  /// By position and by id; null if it is not known.
  [[nodiscard]] const media::StreamSegment* at(std::int64_t position) const;

  [[nodiscard]] Playheads& players() { return players_; }
  [[nodiscard]] const Playheads& players() const { return players_; }

  /// What the active players need next, the most urgent first.
  [[nodiscard]] std::vector<QueuedSegment> plan(base::TimePoint now, const PlanLimits& limits) const;
  /// What a seed keeps: of a live stream the newest, of another the first, as many as `count`. Those that are not among
  /// `loaded` have rising priorities.
  [[nodiscard]] std::vector<QueuedSegment> seedPlan(std::size_t count, const std::set<std::string>& loaded) const;

 private:
  media::StreamNames names_;
  std::string label_;
  std::deque<media::StreamSegment> segments_;
  bool live_ = false;
  base::Duration targetDuration_{};
  base::TimePoint changedAt_{};
  Playheads players_;
};

}  // namespace p2pml::gateway
