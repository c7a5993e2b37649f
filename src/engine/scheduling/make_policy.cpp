#include "engine/scheduling/classic_policy.hpp"
#include "engine/scheduling/cooperative_policy.hpp"

namespace p2pml::engine {

std::unique_ptr<SchedulingPolicy> makePolicy(const Settings& settings) {
  if (!kOnlyG0 && settings.schedulingPolicy == Scheduling::cooperative)
    return std::make_unique<CooperativePolicy>(settings);
  return std::make_unique<ClassicPolicy>(settings);
}

}  // namespace p2pml::engine
