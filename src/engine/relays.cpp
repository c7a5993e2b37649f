#include "engine/relays.hpp"

#include <algorithm>
#include <utility>

namespace p2pml::engine {

std::optional<std::uint32_t> Relays::tell(const std::string& segmentId, std::uint32_t depth) {
  const auto told = told_.find(segmentId);
  if (told != told_.end()) {
    told->second = std::min(told->second, depth);
    return told->second;
  }
  if (depth > wire::kMaxRelayDepth) return std::nullopt;
  told_.emplace(segmentId, depth);
  return depth;
}

std::vector<Relays::Waiting> Relays::take(const std::string& segmentId) {
  const auto at = waiting_.find(segmentId);
  if (at == waiting_.end()) return {};
  std::vector<Waiting> taken = std::move(at->second);
  waiting_.erase(at);
  return taken;
}

}  // namespace p2pml::engine
