// Viewers that share the work of fetching from the origin (docs/scheduling.md): from a peer wherever one has the
// segment and time allows, over HTTP in time, and what nobody near has by the one who is elected for it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "engine/scheduling/policy.hpp"

namespace p2pml::engine {

class CooperativePolicy final : public SchedulingPolicy {
 public:
  /// startupPolicy p2pFirst waits so long for a peer: 400 ms less what it takes to act on it.
  static constexpr base::Duration kStartupHold = base::milliseconds(380);
  /// So long after the start nothing is fetched for others: peers are still being met.
  static constexpr base::Duration kMeetingTime = base::milliseconds(1500);
  /// From a connection to the peer's first map.
  static constexpr base::Duration kMapTime = base::milliseconds(300);

  /// So long a viewer has little in store, and what it takes from the origin everybody takes who comes.
  static constexpr base::Duration kArrivalTime = base::seconds(20);

  explicit CooperativePolicy(const Settings& settings) : settings_(settings) {}

  void start(base::TimePoint now) override;
  void processQueue(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) override;
  /// Nothing: elections have taken the place of chance.
  void randomHttp(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) override;
  bool swarmSize(std::int64_t incomplete) override;
  [[nodiscard]] bool holdingHttp() const override { return false; }
  [[nodiscard]] base::TimePoint wakeAt() const override { return wakeAt_; }

 private:
  class Pass;

  const Settings& settings_;
  base::TimePoint startedAt_{};
  bool alone_ = false;  // trackers know nobody else
  /// Since when nobody near has had a segment that we could fetch, by its key.
  std::map<std::uint64_t, base::TimePoint> missingSince_;
  std::set<std::uint64_t> gaveWay_;  // keys of queued segments whose HTTP download was left to another viewer
  std::uint64_t keptFor_ = 0;        // key of the running download that the line is kept for; 0: none
  int late_ = 0;                     // how often patience with peers was doubled
  base::TimePoint lateAt_{};
  base::TimePoint wakeAt_ = base::kNever;
};

}  // namespace p2pml::engine
