// What the swarm tests share: viewers of one stream who join one after the other, and what they took from where.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "platform/sim/sim_viewer.hpp"
#include "platform/sim/world.hpp"

namespace p2pml::sim {

class Swarm {
 public:
  explicit Swarm(std::uint64_t seed, StreamOptions streamOptions = {}, WorldOptions options = {})
      : world(seed, std::move(options)), stream(std::move(streamOptions)) {
    serveStream(world, stream);
  }

  SimViewer& join(NodeOptions options, media::PlayerOptions player = {}) {
    Node& node = world.addNode(std::move(options));
    viewers.push_back(std::make_unique<SimViewer>(world, node, stream, player));
    return *viewers.back();
  }
  SimViewer& join() { return join(NodeOptions{.settings = world.settings()}); }

  /// `count` viewers, each `apart` after the one before.
  void joinAll(int count, base::Duration apart) {
    for (int i = 0; i < count; ++i) {
      if (i > 0) world.run(apart);
      join();
    }
  }
  bool runToEnd(base::Duration limit) {
    return world.runUntil(
        [this] {
          for (const auto& viewer : viewers) {
            if (viewer->node().running() && !viewer->done()) return false;
          }
          return true;
        },
        limit);
  }

  [[nodiscard]] std::uint64_t deliveredBytes() const {
    std::uint64_t total = 0;
    for (const auto& viewer : viewers) total += viewer->deliveredBytes();
    return total;
  }
  /// The share of what was played that the origin did not have to send.
  [[nodiscard]] double offload() {
    return 1 - static_cast<double>(world.origin().total().bytes) / static_cast<double>(deliveredBytes());
  }
  [[nodiscard]] base::Duration stallTime() const {
    base::Duration total{};
    for (const auto& viewer : viewers) total += viewer->stallTime();
    return total;
  }
  [[nodiscard]] std::uint64_t badSegments() const {
    std::uint64_t total = 0;
    for (const auto& viewer : viewers) total += viewer->badSegments();
    return total;
  }
  [[nodiscard]] std::int64_t skippedSegments() const {
    std::int64_t total = 0;
    for (const auto& viewer : viewers) total += viewer->player().skipped();
    return total;
  }

  World world;
  StreamOptions stream;
  std::vector<std::unique_ptr<SimViewer>> viewers;
};

}  // namespace p2pml::sim
