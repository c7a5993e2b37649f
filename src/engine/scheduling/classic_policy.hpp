// The seed's rules (docs/protocol/peer-json.md 5a.5), exactly as 0.6.2 applies them.
#pragma once

#include <optional>

#include "engine/scheduling/policy.hpp"

namespace p2pml::engine {

class ClassicPolicy final : public SchedulingPolicy {
 public:
  explicit ClassicPolicy(const Settings& settings) : settings_(settings) {}

  void start(base::TimePoint now) override;
  void processQueue(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) override;
  void randomHttp(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) override;
  bool swarmSize(std::int64_t incomplete) override;
  [[nodiscard]] bool holdingHttp() const override { return heldSince_.has_value(); }

 private:
  void endHoldIfDue(const SchedulerView& view);

  const Settings& settings_;
  /// Since when HTTP is held back; none if it is not, or no longer.
  std::optional<base::TimePoint> heldSince_;
};

}  // namespace p2pml::engine
