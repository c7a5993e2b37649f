#include "engine/scheduling/election.hpp"

#include <algorithm>

#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

using base::Duration;

namespace {

// In a mesh what one fetches all see within a round trip; the interval covers the fetcher who learns of a live segment
// later than we.
constexpr base::Duration kLeastMeshInterval = base::milliseconds(250);
constexpr base::Duration kMostMeshInterval = base::seconds(2);
constexpr std::int64_t kMeshSteps = 8;
// In a large swarm the segment has to come through several hops of full transfers.
constexpr base::Duration kLeastSwarmInterval = base::seconds(1);
constexpr base::Duration kMostSwarmInterval = base::seconds(4);
constexpr std::int64_t kSwarmSteps = 6;

}  // namespace

Election::Election(const Estimates& estimates, const std::vector<Neighbour>& neighbours)
    : neighbours_(neighbours), ownId_(estimates.ownId) {
  const auto near = static_cast<std::uint64_t>(neighbours.size()) + 1;
  const auto cooperative = static_cast<std::uint64_t>(
      std::count_if(neighbours.begin(), neighbours.end(), [](const Neighbour& n) { return n.cooperative; }));
  const auto told = static_cast<std::uint64_t>(std::max<std::int64_t>(estimates.viewers.value_or(1), 1));
  const std::uint64_t all = std::max(told, near);
  mesh_ = near * 5 >= all * 4;
  // Of those out of sight as many take part as of those in sight.
  viewers_ = mesh_ ? cooperative + 1 : std::max<std::uint64_t>(all * (cooperative + 1) / near, 1);
}

Duration Election::delay(std::uint64_t segmentKey, Duration spare) const {
  return mesh_ ? delayInMesh(segmentKey, spare) : delayInSwarm(segmentKey, spare);
}

Duration Election::delayInMesh(std::uint64_t segmentKey, Duration spare) const {
  const std::uint64_t own = rankOf(ownId_, segmentKey);
  const auto before = std::count_if(neighbours_.begin(), neighbours_.end(), [&](const Neighbour& n) {
    return n.cooperative && rankOf(n.id, segmentKey) < own;
  });
  if (before == 0) return Duration();
  const Duration interval = std::clamp(spare / kMeshSteps, kLeastMeshInterval, kMostMeshInterval);
  // Viewers learn of segments a whole number of intervals apart more often than not: half an interval of what is only
  // ours keeps the second of one from meeting the first of another.
  const auto ours =
      Duration(static_cast<std::int64_t>((own >> 40) * static_cast<std::uint64_t>(interval.count() / 2) >> 24));
  return interval * before + ours;
}

std::uint64_t Election::firstFetchers(Duration spare) {
  constexpr std::int64_t kLeast = 2500;
  constexpr std::int64_t kMost = 4000;
  const std::int64_t more = 16'000'000 / std::max<std::int64_t>(base::toMilliseconds(spare), 1);
  return static_cast<std::uint64_t>(std::min(kLeast + more, kMost));
}

Duration Election::delayInSwarm(std::uint64_t segmentKey, Duration spare) const {
  // Our place among all, in thousandths: the upper 32 bits of the rank are enough and leave room to multiply.
  const std::uint64_t viewers = std::min<std::uint64_t>(viewers_, 1U << 20);
  const std::uint64_t place = ((rankOf(ownId_, segmentKey) >> 32) * viewers >> 16) * 1000 >> 16;
  const std::uint64_t first = firstFetchers(spare);
  if (place < first) return Duration();
  const Duration interval = std::clamp(spare / kSwarmSteps, kLeastSwarmInterval, kMostSwarmInterval);
  return interval / 1000 * static_cast<std::int64_t>(place - first);
}

}  // namespace p2pml::engine
