#include "engine/peers/swarms.hpp"

#include <algorithm>
#include <utility>

namespace p2pml::engine {

namespace {

std::int64_t countOf(Generation generation, const Swarms::Counts& connected) {
  return static_cast<std::int64_t>(connected[static_cast<std::size_t>(generation)]);
}

std::optional<media::StreamProperties> propertiesFor(Generation generation, const StreamIdentity& stream) {
  const StreamNaming naming = infoOf(generation).streamNaming;
  if (stream.properties || naming == StreamNaming::streamSwarmId) {
    return stream.properties.value_or(media::StreamProperties{});
  }
  if (naming == StreamNaming::index && stream.streamId) return streamFromStreamId(*stream.streamId);
  return std::nullopt;
}

}  // namespace

Swarms::Swarms(const Settings& settings, base::Rng& rng)
    : settings_(settings), rng_(rng), firstId_(makePeerId(settings.peerProtocols.front(), rng)) {}

base::PeerId Swarms::newId(Generation generation) {
  if (generation != settings_.peerProtocols.front() || std::exchange(firstIdTaken_, true)) {
    return makePeerId(generation, rng_);
  }
  return firstId_;
}

std::vector<Swarm> Swarms::of(const StreamIdentity& stream, std::vector<Generation>& missing) {
  std::vector<Swarm> swarms;
  for (const Generation generation : settings_.peerProtocols) {
    const auto properties = propertiesFor(generation, stream);
    if (!properties) {
      missing.push_back(generation);
      continue;
    }
    Swarm swarm;
    swarm.generation = generation;
    swarm.swarmId = swarmIdOf(generation, stream.streamSwarmId, stream.masterSwarmId, *properties);
    swarm.infoHash = infoHashOf(generation, swarm.swarmId);
    auto own = ownIds_.find(swarm.infoHash);
    if (own == ownIds_.end()) own = ownIds_.emplace(swarm.infoHash, newId(generation)).first;
    swarm.ownId = own->second;
    swarms.push_back(std::move(swarm));
  }
  return swarms;
}

const Swarm* Swarms::find(Generation generation) const {
  const auto at =
      std::find_if(joined_.begin(), joined_.end(), [&](const Swarm& swarm) { return swarm.generation == generation; });
  return at == joined_.end() ? nullptr : &*at;
}

const Swarm* Swarms::find(const base::InfoHash& infoHash) const {
  const auto at =
      std::find_if(joined_.begin(), joined_.end(), [&](const Swarm& swarm) { return swarm.infoHash == infoHash; });
  return at == joined_.end() ? nullptr : &*at;
}

void Swarms::setIncomplete(const base::InfoHash& infoHash, std::int64_t incomplete) {
  for (Swarm& swarm : joined_) {
    if (swarm.infoHash == infoHash) swarm.incomplete = incomplete;
  }
}

void Swarms::setComplete(const base::InfoHash& infoHash, std::int64_t complete) {
  for (Swarm& swarm : joined_) {
    if (swarm.infoHash == infoHash) swarm.complete = complete;
  }
}

std::optional<std::int64_t> Swarms::viewers() const {
  std::optional<std::int64_t> least;
  for (const Swarm& swarm : joined_) {
    if (!swarm.incomplete) continue;
    const std::int64_t here = std::max<std::int64_t>(*swarm.incomplete + swarm.complete, 1);
    least = std::min(least.value_or(here), here);
  }
  return least;
}

std::optional<std::int64_t> Swarms::incomplete() const {
  std::int64_t others = 0;
  bool allTold = true;
  for (const Swarm& swarm : joined_) {
    if (swarm.incomplete) {
      others += std::max<std::int64_t>(*swarm.incomplete - 1, 0);
    } else {
      allTold = false;
    }
  }
  if (!allTold && others == 0) return std::nullopt;
  return others + 1;
}

std::int64_t Swarms::share() const {
  return settings_.maxPeers / std::max<std::int64_t>(static_cast<std::int64_t>(joined_.size()), 1);
}

std::int64_t Swarms::room(Generation generation, const Counts& connected) const {
  std::int64_t free = settings_.maxPeers;
  std::int64_t kept = 0;  // for the others
  for (const Swarm& swarm : joined_) {
    const std::int64_t count = countOf(swarm.generation, connected);
    free -= count;
    if (swarm.generation == generation) continue;
    const std::int64_t waiting = swarm.incomplete.value_or(1) - 1 - count;
    kept += std::max<std::int64_t>(std::min(share() - count, waiting), 0);
  }
  // Its own share is nobody else's: those that are above theirs make room for all.
  const std::int64_t own = std::min(free, share() - countOf(generation, connected));
  return std::max<std::int64_t>({free - kept, own, 0});
}

bool Swarms::belowShare(Generation generation, const Counts& connected) const {
  return countOf(generation, connected) < share();
}

bool Swarms::aboveShare(Generation generation, const Counts& connected) const {
  return countOf(generation, connected) > share();
}

}  // namespace p2pml::engine
