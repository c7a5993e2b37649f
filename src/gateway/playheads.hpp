// Where the players of one stream are, as far as their requests tell: the last segment each asked for, and how much it
// has in its buffer.
//
// Owned by a Stream. A player is believed to play in real time from its first segment on; what it was given and cannot
// have played yet is its buffer. A player that has not asked for longer than its buffer lasts is paused or gone:
// nothing is fetched ahead for it until it asks again.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/time.hpp"

namespace p2pml::gateway {

class Playheads {
 public:
  /// Beyond what its buffer lasts, a player may be silent for so long before it counts as paused.
  static constexpr base::Duration kPatience = base::seconds(20);
  /// Players of one stream; the one that has been silent longest makes room.
  static constexpr std::size_t kMaxPlayers = 64;

  struct Player {
    std::int64_t at = 0;   ///< the position of the segment it asked for last
    bool waiting = false;  ///< it does not have it yet
    base::TimePoint askedAt{};
    base::TimePoint playingSince{};
    base::Duration given{};            ///< media handed over since then
    std::int64_t counted = INT64_MIN;  ///< the last segment in `given`

    /// What it was given and cannot have played yet.
    [[nodiscard]] base::Duration buffer(base::TimePoint now) const;
    [[nodiscard]] bool active(base::TimePoint now) const { return now - askedAt <= buffer(askedAt) + kPatience; }
    /// The first moment at which it is not active any more if it stays silent.
    [[nodiscard]] base::TimePoint activeUntil() const { return askedAt + buffer(askedAt) + kPatience; }
    /// What it does not have begins at this position or behind it.
    [[nodiscard]] std::int64_t next() const { return waiting ? at : at + 1; }
  };

  /// A player asks for a segment. Unless that is the next one, or the same again (`goesOn`), it is a seek: its buffer
  /// is gone.
  void asked(base::TimePoint now, const std::string& player, std::int64_t segment, bool goesOn);
  /// It has got the segment, of that duration.
  void got(base::TimePoint now, const std::string& player, std::int64_t segment, base::Duration duration);
  /// It has hung up on a segment that it was waiting for.
  void gaveUp(const std::string& player, std::int64_t segment);

  [[nodiscard]] const std::map<std::string, Player>& all() const { return players_; }
  [[nodiscard]] bool anyActive(base::TimePoint now) const;
  /// When the last of the active ones will be inactive; TimePoint::min() if none is.
  [[nodiscard]] base::TimePoint activeUntil() const;

 private:
  std::map<std::string, Player> players_;
};

}  // namespace p2pml::gateway
