#include "engine/scheduling/holder_choice.hpp"

#include <algorithm>

namespace p2pml::engine {

namespace {

/// 1 for a holder of the whole segment, less for each hop to one.
std::uint64_t weightOf(const Holder& holder, std::uint64_t best) {
  constexpr std::uint64_t kUnit = 1000;
  std::uint64_t weight = kUnit / 2;
  if (best == 0) weight = kUnit;
  if (holder.bytesPerSecond > 0) {
    // Speeds are bounded by what a line carries: the product stays far below 2^64.
    weight = std::max<std::uint64_t>(
        std::min<std::uint64_t>(holder.bytesPerSecond, 1ULL << 40) * kUnit / std::min<std::uint64_t>(best, 1ULL << 40),
        kUnit / 10);
  }
  if (holder.state == Availability::relaying) weight /= 2ULL + holder.depth;
  return std::max<std::uint64_t>(weight, 1);
}

std::uint64_t bestOf(const std::vector<Holder>& holders) {
  std::uint64_t best = 0;
  for (const Holder& holder : holders) best = std::max(best, holder.bytesPerSecond);
  return best;
}

}  // namespace

std::optional<std::size_t> chooseHolder(const std::vector<Holder>& holders, base::Rng& rng) {
  if (holders.empty()) return std::nullopt;
  const std::uint64_t best = bestOf(holders);
  std::uint64_t sum = 0;
  for (const Holder& holder : holders) sum += weightOf(holder, best);
  std::uint64_t draw = rng.below(sum);
  for (std::size_t i = 0; i < holders.size(); ++i) {
    const std::uint64_t weight = weightOf(holders[i], best);
    if (draw < weight) return i;
    draw -= weight;
  }
  return holders.size() - 1;
}

std::optional<std::size_t> fastestHolder(const std::vector<Holder>& holders) {
  const std::uint64_t best = bestOf(holders);
  if (best == 0) return std::nullopt;
  const auto at =
      std::find_if(holders.begin(), holders.end(), [&](const Holder& h) { return h.bytesPerSecond == best; });
  return static_cast<std::size_t>(at - holders.begin());
}

}  // namespace p2pml::engine
