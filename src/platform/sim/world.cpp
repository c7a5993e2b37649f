#include "platform/sim/world.hpp"

#include <utility>

namespace p2pml::sim {

World::World(std::uint64_t seed, WorldOptions options)
    : options_(std::move(options)),
      rng_(seed),
      network_(queue_, options_.chunkBytes),
      bodies_(options_.bodies),
      fabric_(network_, options_.fabric) {
  addOrigin(kOriginHost, options_.originLine);
  addTracker("tracker", options_.trackerLine);
}

World::~World() = default;

engine::Settings World::settings() const {
  engine::Settings settings;
  settings.trackerAnnounce = {kTrackerUrl};
  settings.rtcConfig.iceServers.clear();
  return settings;
}

SimOrigin& World::addOrigin(const std::string& host, Line line) {
  const std::uint64_t seed = rng_.next();
  origins_.push_back(std::make_unique<SimOrigin>(bodies_, network_.addNode(line), seed));
  web_.add(host, *origins_.back());
  return *origins_.back();
}

SimTracker& World::addTracker(const std::string& host, Line line) {
  tracker::Options options = options_.tracker;
  options.seed = rng_.next();
  trackers_.push_back(std::make_unique<SimTracker>(network_, network_.addNode(line), std::move(options)));
  web_.add(host, trackers_.back()->server());
  return *trackers_.back();
}

Node& World::addNode(NodeOptions options) {
  const NodeId id = network_.addNode(options.line);
  const std::uint64_t seed = rng_.next();
  nodes_.push_back(
      std::make_unique<Node>(*this, "v" + std::to_string(nodes_.size() + 1), id, std::move(options), seed));
  return *nodes_.back();
}

Node& World::addNode() {
  NodeOptions options;
  options.settings = settings();
  return addNode(std::move(options));
}

std::vector<engine::Segment> World::segments(const std::string& swarm, std::uint64_t from, std::uint64_t to,
                                             const std::string& path, const std::string& suffix,
                                             const std::string& streamId) {
  std::vector<engine::Segment> result;
  for (std::uint64_t n = from; n <= to; ++n) {
    engine::Segment segment(segmentId(swarm, n, streamId),
                            std::string("http://") + kOriginHost + path + std::to_string(n) + suffix, std::nullopt,
                            static_cast<std::int64_t>(n - from));
    segment.masterSwarmId = swarm;
    segment.streamId = streamId;
    segment.sequence = std::to_string(n);
    result.push_back(std::move(segment));
  }
  return result;
}

media::StreamProperties World::streamProperties() {
  media::StreamProperties stream;
  stream.bitrate = 2'149'280;
  stream.codecs = "avc1.64001f";
  stream.width = 1280;
  stream.height = 720;
  stream.frameRate = "30";
  return stream;
}

bool World::runUntil(const std::function<bool()>& done, base::Duration limit) {
  const base::TimePoint end = now() + limit;
  while (!done()) {
    if (queue_.nextTime() > end) {
      queue_.runUntil(end);
      return done();
    }
    queue_.step();
  }
  return true;
}

}  // namespace p2pml::sim
