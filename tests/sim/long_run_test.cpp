// Ten hours of a live stream: the work of an hour at the end is the work of an hour at the start.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <string>

#include "tests/sim/swarm.hpp"

namespace p2pml::sim {
namespace {

using base::seconds;

struct Work {
  std::uint64_t steps = 0;
  std::uint64_t outputs = 0;
  std::uint64_t events = 0;
};

Work workOf(Swarm& swarm) {
  Work work;
  for (const auto& viewer : swarm.viewers) {
    work.steps += viewer->node().driverStats().steps;
    work.outputs += viewer->node().driverStats().outputs;
  }
  work.events = swarm.world.queue().executed();
  return work;
}

Work operator-(const Work& a, const Work& b) { return {a.steps - b.steps, a.outputs - b.outputs, a.events - b.events}; }

TEST(LongRun, TenHoursOfLiveCostTheSameEveryHour) {
  StreamOptions stream;
  stream.live = true;
  stream.liveBack = 5;
  stream.segmentBytes = 2'000;  // what is measured is the number of things that happen
  stream.segmentDuration = seconds(4);
  Swarm swarm(1, stream);
  swarm.world.run(seconds(60));
  for (int i = 0; i < 3; ++i) {
    swarm.join(NodeOptions{.settings = swarm.world.settings(), .keepEvents = false});
    swarm.world.run(seconds(1));
  }
  swarm.world.run(seconds(600));
  Work before = workOf(swarm);
  swarm.world.run(seconds(3600));
  const Work first = workOf(swarm) - before;
  swarm.world.run(seconds(8 * 3600));
  before = workOf(swarm);
  swarm.world.run(seconds(3600));
  const Work last = workOf(swarm) - before;
  std::cout << "steps an hour: " << first.steps << " then " << last.steps << ", outputs " << first.outputs << " then "
            << last.outputs << ", events " << first.events << " then " << last.events << "\n";
  EXPECT_LT(last.steps, first.steps * 11 / 10);
  EXPECT_LT(last.outputs, first.outputs * 11 / 10);
  EXPECT_LT(last.events, first.events * 11 / 10);
  EXPECT_EQ(swarm.badSegments(), 0U);
  EXPECT_LT(swarm.stallTime(), seconds(1));
  EXPECT_GE(swarm.offload(), 0.5);
}

}  // namespace
}  // namespace p2pml::sim
