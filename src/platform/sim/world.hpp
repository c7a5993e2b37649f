// World: a whole simulated network with an origin, a tracker and any number of loaders, run in virtual time.
//
//   World world(seed);
//   world.origin().serveSegments("/s/", ".ts", "demo", 100'000);
//   Node& a = world.addNode();
//   a.load(world.segments("demo", 0, 9), "swarm");
//   world.run(base::seconds(4));
//
// Same seed and same calls: the same events, outputs and digest, with every compiler. Nothing runs but inside run().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.hpp"
#include "base/time.hpp"
#include "driver/engine.hpp"
#include "platform/sim/digest.hpp"
#include "platform/sim/event_queue.hpp"
#include "platform/sim/network.hpp"
#include "platform/sim/node.hpp"
#include "platform/sim/sim_origin.hpp"
#include "platform/sim/sim_peer_port.hpp"
#include "platform/sim/sim_tracker.hpp"

namespace p2pml::sim {

struct WorldOptions {
  std::uint32_t chunkBytes = 16 * 1024;  ///< see Network; with thousands of viewers better 64 KiB
  /// Named ones cost no memory and no comparing. Who looks into payload bytes then needs Bytes::local().
  Bodies bodies = Bodies::real;
  Line originLine;
  Line trackerLine;
  tracker::Options tracker;
  PeerFabricOptions fabric;
  std::function<base::Result<std::unique_ptr<driver::Engine>>(engine::Options)> makeEngine = driver::makeEngine;
};

class World {
 public:
  static constexpr const char* kOriginHost = "origin";
  static constexpr const char* kTrackerUrl = "ws://tracker";

  explicit World(std::uint64_t seed, WorldOptions options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// The defaults, with this world's tracker and no ICE servers.
  [[nodiscard]] engine::Settings settings() const;
  /// A node with these options, named "v1", "v2", ...
  Node& addNode(NodeOptions options);
  /// One with settings() on the default line.
  Node& addNode();
  /// Another origin, reached as http://{host}/.
  SimOrigin& addOrigin(const std::string& host, Line line);
  /// Another tracker, reached as ws://{host}.
  SimTracker& addTracker(const std::string& host, Line line);

  /// http://origin/.
  [[nodiscard]] SimOrigin& origin() { return *origins_.front(); }
  [[nodiscard]] SimTracker& tracker() { return *trackers_.front(); }
  [[nodiscard]] const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }

  /// Segments from..to (both included) of the G0 stream `swarm`+`streamId`, at http://origin{path}{n}{suffix}; the
  /// priority counts from 0.
  [[nodiscard]] static std::vector<engine::Segment> segments(const std::string& swarm, std::uint64_t from,
                                                             std::uint64_t to, const std::string& path = "/s/",
                                                             const std::string& suffix = ".ts",
                                                             const std::string& streamId = "V0");
  /// `{swarm}+V0` and `{swarm}+V0+{n}` (docs/protocol/peer-json.md 5a.1).
  [[nodiscard]] static std::string streamSwarmId(const std::string& swarm, const std::string& streamId = "V0") {
    return swarm + "+" + streamId;
  }
  [[nodiscard]] static std::string segmentId(const std::string& swarm, std::uint64_t n,
                                             const std::string& streamId = "V0") {
    return streamSwarmId(swarm, streamId) + "+" + std::to_string(n);
  }

  /// What all streams here are said to be: 720p with 30 frames a second.
  [[nodiscard]] static media::StreamProperties streamProperties();

  void run(base::Duration duration) { queue_.runUntil(queue_.now() + duration); }
  void runUntil(base::TimePoint end) { queue_.runUntil(end); }
  /// Runs until `done` is true after an event; false if `limit` passed before.
  bool runUntil(const std::function<bool()>& done, base::Duration limit);

  [[nodiscard]] base::TimePoint now() const { return queue_.now(); }
  /// Of everything so far.
  [[nodiscard]] std::string digest() const { return digest_.text(); }

  [[nodiscard]] EventQueue& queue() { return queue_; }
  [[nodiscard]] Network& network() { return network_; }
  [[nodiscard]] Web& web() { return web_; }
  [[nodiscard]] BodyCache& bodies() { return bodies_; }
  [[nodiscard]] PeerFabric& fabric() { return fabric_; }
  [[nodiscard]] Digest& digestOf() { return digest_; }
  /// The world's own random numbers, for scenarios.
  [[nodiscard]] base::Rng& rng() { return rng_; }
  [[nodiscard]] base::Result<std::unique_ptr<driver::Engine>> makeEngine(engine::Options options) const {
    return options_.makeEngine(std::move(options));
  }

 private:
  WorldOptions options_;
  base::Rng rng_;
  Digest digest_;
  EventQueue queue_;
  Network network_;
  Web web_;
  BodyCache bodies_;
  PeerFabric fabric_;
  std::vector<std::unique_ptr<SimOrigin>> origins_;
  std::vector<std::unique_ptr<SimTracker>> trackers_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace p2pml::sim
