#include "platform/sim/lab/scenario.hpp"

namespace p2pml::sim::lab {

bool natsMeet(Nat a, Nat b) {
  if (a == Nat::blocked || b == Nat::blocked) return false;
  return a != Nat::symmetric || b != Nat::symmetric;
}

std::size_t Scenario::viewers() const {
  std::size_t sum = 0;
  for (const Group& group : groups) sum += group.count;
  return sum;
}

}  // namespace p2pml::sim::lab
