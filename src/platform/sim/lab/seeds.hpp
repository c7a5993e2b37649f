// Many seeds on several threads: each run is a world of its own, nothing is shared between them.
#pragma once

#include <cstdint>
#include <functional>

namespace p2pml::sim::lab {

/// Calls `work` for each seed from `first` to `last` (both included), on `jobs` threads, the caller's among them; the
/// seeds are taken in their order. Once a call has returned false no further seed is begun. Returns when all calls have
/// returned. `work` is called from several threads at once. Preconditions: jobs > 0; first <= last.
void forEachSeed(std::uint64_t first, std::uint64_t last, unsigned jobs,
                 const std::function<bool(std::uint64_t seed)>& work);

}  // namespace p2pml::sim::lab
