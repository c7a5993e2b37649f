// What single viewers will do, drawn from a scenario and a seed before anything runs. So two runs that differ in the
// engine's settings alone have the very same audience, viewer by viewer.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.hpp"
#include "base/time.hpp"
#include "platform/sim/lab/scenario.hpp"

namespace p2pml::sim::lab {

/// One viewer: 40 bytes, as there may be hundreds of thousands.
struct ViewerPlan {
  base::TimePoint arrive{};
  base::TimePoint leave = base::kNever;  ///< kNever: at the end, or when done
  std::uint64_t seed = 0;                ///< of its habits
  std::uint16_t group = 0;
  std::uint16_t line = 0;  ///< index in the group's mix
  Nat nat = Nat::open;
  Behaviour behaviour = Behaviour::honest;
  bool crash = false;
  bool untilDone = false;
};

/// In the order of their arrival. `viewers`: how many there are to be instead of the groups' counts (0: those), shared
/// out in their proportion. Shares of lines, NATs and so on are kept exactly, as far as whole viewers can.
std::vector<ViewerPlan> planViewers(const Scenario& scenario, std::uint64_t seed, std::size_t viewers = 0);

/// The same scenario with `viewers` in its groups, in their proportion; at least one in each.
Scenario scaledTo(Scenario scenario, std::size_t viewers);

/// An exponential variate of this mean by von Neumann's comparison method (1951): only comparisons and additions of
/// integers, so it is the same with every compiler and library.
base::Duration exponential(base::Rng& rng, base::Duration mean);

/// Something that happens to a share of all pairs of numbers, such as viewers between whom no hole can be punched: the
/// same answer in both directions and at all times.
bool chance(std::uint64_t seed, std::uint64_t a, std::uint64_t b, double share);

/// How long the run takes: the scenario's duration, or long enough for a VOD.
base::Duration longestRun(const Scenario& scenario, const std::vector<ViewerPlan>& plan);

}  // namespace p2pml::sim::lab
