// platform/sim/lab/scenario_reader: what is refused names the place; what is accepted keeps the limits, and an audience
// can be drawn from it.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "platform/sim/lab/plan.hpp"
#include "platform/sim/lab/scenario_reader.hpp"

using namespace p2pml;
using namespace p2pml::sim;

namespace {

void checkAudience(const lab::Scenario& scenario) {
  // Who is replaced again and again makes an audience of millions: allowed, but nothing for a fuzzer.
  if (std::ranges::any_of(scenario.groups, &lab::Group::replace)) return;
  // Shared out among at most kMaxGroups: a few of each.
  constexpr std::size_t kViewers = 100;
  const auto plan = lab::planViewers(scenario, 7, kViewers);
  P2PML_ASSERT(plan.size() <= kViewers + scenario.groups.size());  // none where all come after the end
  base::TimePoint before{};
  for (const lab::ViewerPlan& viewer : plan) {
    P2PML_ASSERT(viewer.arrive >= before);
    before = viewer.arrive;
    P2PML_ASSERT(viewer.group < scenario.groups.size());
    P2PML_ASSERT(viewer.line < scenario.groups[viewer.group].line.size());
  }
  P2PML_ASSERT(lab::longestRun(scenario, plan) > base::Duration(0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto scenario = lab::readScenario({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!scenario) {
    P2PML_ASSERT(!scenario.error().detail.empty());
    return 0;
  }
  P2PML_ASSERT(!scenario->groups.empty() && scenario->groups.size() <= lab::kMaxGroups);
  P2PML_ASSERT(scenario->viewers() > 0 && scenario->viewers() <= lab::kMaxViewers);
  P2PML_ASSERT(!scenario->stream.qualities.empty() && scenario->stream.qualities.size() <= lab::kMaxQualities);
  P2PML_ASSERT(scenario->stream.segmentDuration > base::Duration(0) && scenario->grainBytes > 0);
  checkAudience(*scenario);
  return 0;
}
