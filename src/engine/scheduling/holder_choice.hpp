// Which of several peers is asked for a segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "engine/scheduling/policy.hpp"

namespace p2pml::engine {

/// At random, weighted by measured speed: the fastest is not asked by all, and the slowest is tried again now and then
/// (a tenth of the best's weight at least). One that was never measured weighs half of the best. One that relays weighs
/// less the further it is from a whole copy. Place in `holders`; none if it is empty.
std::optional<std::size_t> chooseHolder(const std::vector<Holder>& holders, base::Rng& rng);

/// The one with the highest measured speed; none if none was measured.
std::optional<std::size_t> fastestHolder(const std::vector<Holder>& holders);

}  // namespace p2pml::engine
