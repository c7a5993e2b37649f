// Who fetches a segment from the origin that nobody near has: decided by each viewer for itself, without a word, from
// ranks that all compute alike.
//
// In a mesh, where our neighbours are (nearly) all viewers, the one of the lowest rank fetches at once, and each
// further one takes over after one interval more. In a swarm that is larger than any neighbourhood a rank is a place
// among all viewers of whom most are out of sight: those of the first few places fetch at once, and the others step in
// one after the other, slowly enough for the segment to reach them first.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "engine/scheduling/policy.hpp"

namespace p2pml::engine {

class Election {
 public:
  /// Fetchers that start at once in a swarm larger than the neighbourhood, in thousandths. By Poisson's law none does
  /// for 8 % of the segments with 2500 and for 2 % with 4000; the less time there is to step in later, the more.
  static std::uint64_t firstFetchers(base::Duration spare);

  Election(const Estimates& estimates, const std::vector<Neighbour>& neighbours);

  /// How long to leave the segment to others. `spare`: until it would have to be fetched for us.
  [[nodiscard]] base::Duration delay(std::uint64_t segmentKey, base::Duration spare) const;
  /// Our neighbours are nearly all viewers.
  [[nodiscard]] bool mesh() const { return mesh_; }
  [[nodiscard]] bool alone() const { return viewers_ <= 1; }

 private:
  [[nodiscard]] base::Duration delayInMesh(std::uint64_t segmentKey, base::Duration spare) const;
  [[nodiscard]] base::Duration delayInSwarm(std::uint64_t segmentKey, base::Duration spare) const;

  const std::vector<Neighbour>& neighbours_;
  std::uint64_t ownId_;
  std::uint64_t viewers_ = 1;  // that take part, ourselves included
  bool mesh_ = true;
};

}  // namespace p2pml::engine
