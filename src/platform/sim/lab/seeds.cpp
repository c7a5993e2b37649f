#include "platform/sim/lab/seeds.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "base/assert.hpp"

namespace p2pml::sim::lab {

void forEachSeed(std::uint64_t first, std::uint64_t last, unsigned jobs,
                 const std::function<bool(std::uint64_t seed)>& work) {
  P2PML_ASSERT(jobs > 0 && first <= last);
  std::atomic<std::uint64_t> next = 0;  // counted from the first
  std::atomic<bool> stopped = false;
  const auto run = [&] {
    while (!stopped) {
      const std::uint64_t index = next++;
      if (index > last - first) return;
      if (!work(first + index)) stopped = true;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(run);
  run();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace p2pml::sim::lab
