// Passing on segments that are still coming (docs/protocol/node.md, "Relaying"): at which depth we say that we relay
// each, and who waits for the bytes.
//
// Owned by the loader, which tells what has come. What always holds: a depth that was told does not rise while we go on
// with the segment; who waits is bounded by what each peer may have open (NodeOutbox::kMaxUploads).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "engine/internal_events.hpp"
#include "wire/peer_node.hpp"

namespace p2pml::engine {

class Relays {
 public:
  /// Less than that is passed on only where it completes the segment, or what was asked for of it.
  static constexpr std::uint64_t kLeastBytes = 16 * 1024;

  struct Waiting {
    base::ConnectionId connection;
    PeerRequest request;
  };

  // -------------------------------------------------------------------------------------------------- what we tell

  /// We have bytes of it from a source at that depth. What we tell of it: that depth, or the lower one told before.
  /// None: it is too far from a complete source.
  std::optional<std::uint32_t> tell(const std::string& segmentId, std::uint32_t depth);
  /// We go on with none but these.
  template <class Keep>
  void forgetUnless(Keep keep) {
    std::erase_if(told_, [&](const auto& entry) { return !keep(entry.first); });
  }
  /// Only relays of a lower depth than that may be our source of the segment.
  [[nodiscard]] std::uint32_t limit(const std::string& segmentId) const {
    const auto told = told_.find(segmentId);
    return told == told_.end() ? wire::kMaxRelayDepth : told->second;
  }

  // --------------------------------------------------------------------------------------------------- who waits

  void add(const std::string& segmentId, Waiting who) { waiting_[segmentId].push_back(std::move(who)); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  /// Those who wait for the segment, who do so no longer.
  std::vector<Waiting> take(const std::string& segmentId);
  /// `serve(segmentId, look(segmentId), waiting)` answers whether it still waits; `look` is asked once for each
  /// segment.
  template <class Look, class Serve>
  void forEach(Look look, Serve serve) {
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const auto seen = look(at->first);
      std::erase_if(at->second, [&](const Waiting& who) { return !serve(at->first, seen, who); });
      at = at->second.empty() ? waiting_.erase(at) : std::next(at);
    }
  }

 private:
  std::map<std::string, std::uint32_t> told_;            // by segment
  std::map<std::string, std::vector<Waiting>> waiting_;  // by segment; no empty ones
};

}  // namespace p2pml::engine
