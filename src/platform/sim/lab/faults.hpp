// Carries out the faults of a scenario in its world: what the origin, the tracker, the network and dishonest peers do,
// and when.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "engine/io.hpp"
#include "platform/sim/lab/scenario.hpp"
#include "platform/sim/world.hpp"

namespace p2pml::sim::lab {

class Faults {
 public:
  Faults(World& world, const Scenario& scenario, std::uint64_t seed)
      : world_(world), scenario_(scenario), seed_(seed) {}
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  /// Puts everything into the world's queue. `start`: the scenario's beginning in the world's time.
  void schedule(base::TimePoint start);
  void onArrival(NodeId node, std::uint32_t viewer, Behaviour behaviour);
  void onGone(NodeId node);
  /// Knows the right bytes of every segment.
  [[nodiscard]] std::function<std::optional<base::Error>(const engine::output::ValidateSegment&)> validator(
      const std::vector<Quality>& qualities);

 private:
  struct Member {
    NodeId node;
    std::uint32_t viewer;
  };
  void setOriginUp();
  void spoilReply(const HttpAsk& ask, HttpReply& reply);
  void setTracker();
  void setPartition();
  [[nodiscard]] bool active(const Span& span) const;
  [[nodiscard]] int sideOf(std::uint32_t viewer) const;

  World& world_;
  const Scenario& scenario_;
  std::uint64_t seed_;
  base::TimePoint start_{};
  /// How often a viewer has asked for a URL: the fate of its n-th request is the same in every run.
  std::map<std::pair<NodeId, std::string>, std::uint32_t> asked_;
  std::vector<Member> members_;  ///< who is there; kept only if there are partitions
};

}  // namespace p2pml::sim::lab
