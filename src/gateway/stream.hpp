// One stream of an opened manifest: its segments on media's timeline as the versions of the manifest told them, and
// what its engine should load for the players that are on it.
//
// Pure; owned by Streams. What always holds: segments rise by position; a segment keeps the names it was first given,
// as peers know it by them, and gets the newest address. An older version of the manifest, as a cache may have it,
// takes nothing away. A stream that began anew (an encoder that was restarted, qualities that changed places) has
// nothing of before, and no segment under a number that meant another one lately: peers may still have that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "gateway/io.hpp"
#include "gateway/manifest.hpp"
#include "gateway/playheads.hpp"
#include "media/sidx.hpp"

namespace p2pml::gateway {

struct PlanLimits {
  std::size_t segments = 21;                 ///< ahead of each player
  base::Duration time = base::seconds(120);  ///< the same in time
};

class Stream {
 public:
  /// Of segments that are listed no more: for players behind a live window.
  static constexpr std::size_t kMaxKept = 100;
  /// Until a seed's next segment is "needed": nobody plays it, so none may become so urgent on a slow line that others
  /// are called off for it; within httpPrefetchTime, so that it is fetched at all.
  static constexpr base::Duration kSeedTime = base::seconds(15);
  static constexpr base::Duration kKept = base::seconds(600);
  /// A cache's version of a live playlist is behind by no more than that.
  static constexpr base::Duration kMostBehind = base::seconds(60);

  explicit Stream(const ManifestStream& told);

  /// A newer version of it. True if it listed anything new.
  bool update(base::TimePoint now, ManifestStream&& told);
  /// How often it began anew: what was loaded before is of no use then, to nobody.
  [[nodiscard]] std::uint64_t beginnings() const { return beginnings_; }
  /// Of indexes(): the segments that it says there are. Errors: as media::applyIndex().
  base::Result<void> applyIndex(base::TimePoint now, const media::IndexSource& index,
                                const media::SegmentIndexBox& box);

  [[nodiscard]] const media::StreamNames& names() const { return timeline_.names; }
  [[nodiscard]] const std::string& label() const { return label_; }
  [[nodiscard]] const std::string& mimeType() const { return timeline_.mimeType; }
  [[nodiscard]] bool live() const { return timeline_.live.value_or(false); }
  [[nodiscard]] base::Duration targetDuration() const { return timeline_.targetDuration; }
  /// When a version last listed something new.
  [[nodiscard]] base::TimePoint changedAt() const { return changedAt_; }
  [[nodiscard]] const std::vector<media::TimelineSegment>& segments() const { return timeline_.segments; }
  /// Segment indexes that must be read before their segments are known.
  [[nodiscard]] const std::vector<media::IndexSource>& indexes() const { return timeline_.indexes; }

  /// The segment's place in the stream's order. HLS: its media sequence number; DASH: its start in microseconds.
  [[nodiscard]] std::int64_t positionOf(const media::TimelineSegment& segment) const;
  /// The segment at that position; null if none is there, or if that position was another segment's lately.
  [[nodiscard]] const media::TimelineSegment* at(std::int64_t position) const;
  /// A position for people. HLS: the media sequence number; DASH: milliseconds.
  [[nodiscard]] std::int64_t numberAt(std::int64_t position) const { return dash_ ? position / 1000 : position; }
  /// With all its names.
  [[nodiscard]] media::StreamSegment named(const media::TimelineSegment& segment) const;

  /// A player asks for the segment at that position.
  void asked(base::TimePoint now, const std::string& player, std::int64_t position);
  [[nodiscard]] Playheads& players() { return players_; }
  [[nodiscard]] const Playheads& players() const { return players_; }

  struct Plan {
    std::vector<QueuedSegment> queue;
    /// When a segment that a player needs becomes available; kNever if all are.
    base::TimePoint more = base::kNever;
  };
  /// What the active players need next, the most urgent first.
  [[nodiscard]] Plan plan(base::TimePoint now, const PlanLimits& limits) const;
  /// What a seed keeps: of a live stream the newest, of another the first, as many as `count`. Those that are not among
  /// `loaded` have rising priorities.
  [[nodiscard]] Plan seedPlan(base::TimePoint now, std::size_t count, const std::set<std::string>& loaded) const;

 private:
  using Segments = std::vector<media::TimelineSegment>;

  [[nodiscard]] Segments::const_iterator from(std::int64_t position) const;
  /// When the server has it, by the gateway's clock.
  [[nodiscard]] base::TimePoint availableAt(const media::TimelineSegment& segment) const;
  [[nodiscard]] bool shared(const media::TimelineSegment& segment) const;
  [[nodiscard]] bool isOlder(base::TimePoint now, const media::TimelineStream& next);
  void beginAnew(base::TimePoint now, bool otherStream);
  void numberPeriods(ManifestStream& told);
  void forgetOld(std::int64_t first);

  media::TimelineStream timeline_;
  std::string label_;
  bool dash_ = false;
  bool wasLive_ = false;
  std::optional<media::WallTime> wallAtZero_;
  /// DASH: the Periods that segments refer to, by a number of ours, which stays when the manifest drops the first ones;
  /// G0 names a stream anew in each.
  struct Period {
    base::Duration start{};
    std::optional<std::string> streamId;
  };
  std::map<std::uint32_t, Period> periods_;
  std::uint32_t lastPeriod_ = 0;
  base::TimePoint changedAt_{};
  /// Since when only older versions came.
  std::optional<base::TimePoint> olderSince_;
  std::uint64_t beginnings_ = 0;
  /// Positions from the first to the last that had another segment each, for a while.
  struct Taken {
    std::int64_t first = 0;
    std::int64_t last = 0;
    base::TimePoint until{};
  };
  std::optional<Taken> taken_;
  Playheads players_;
};

}  // namespace p2pml::gateway
