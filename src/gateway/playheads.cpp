#include "gateway/playheads.hpp"

#include <algorithm>

namespace p2pml::gateway {

base::Duration Playheads::Player::buffer(base::TimePoint now) const {
  const base::Duration played = std::max(now - playingSince, base::Duration::zero());
  return std::max(given - played, base::Duration::zero());
}

void Playheads::asked(base::TimePoint now, const std::string& player, std::int64_t segment, bool goesOn) {
  const auto known = players_.find(player);
  if (known == players_.end() && players_.size() >= kMaxPlayers) {
    players_.erase(std::ranges::min_element(
        players_, [](const auto& a, const auto& b) { return a.second.askedAt < b.second.askedAt; }));
  }
  const bool isKnown = known != players_.end();
  Player& it = players_[player];
  if (!isKnown || !goesOn) {
    it.given = base::Duration::zero();
    it.counted = segment - 1;
  }
  it.at = segment;
  it.waiting = true;
  it.askedAt = now;
}

void Playheads::got(base::TimePoint now, const std::string& player, std::int64_t segment, base::Duration duration) {
  const auto known = players_.find(player);
  if (known == players_.end()) return;
  Player& it = known->second;
  if (it.at == segment) it.waiting = false;
  // What it had before (a part again, or what it asked for before it jumped) is nothing more to play.
  if (segment <= it.counted || segment > it.at) return;
  it.counted = segment;
  // With nothing left it has stood still until now.
  if (it.buffer(now) == base::Duration::zero()) {
    it.playingSince = now;
    it.given = base::Duration::zero();
  }
  it.given += duration;
}

void Playheads::gaveUp(const std::string& player, std::int64_t segment) {
  const auto known = players_.find(player);
  if (known != players_.end() && known->second.at == segment) known->second.waiting = false;
}

bool Playheads::anyActive(base::TimePoint now) const {
  return std::ranges::any_of(players_, [now](const auto& entry) { return entry.second.active(now); });
}

base::TimePoint Playheads::activeUntil() const {
  base::TimePoint latest = base::TimePoint::min();
  for (const auto& [name, player] : players_) latest = std::max(latest, player.activeUntil());
  return latest;
}

}  // namespace p2pml::gateway
