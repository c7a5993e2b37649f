// One viewer with a simulated player: the fixed work by which implementations are compared. media::Player decides what
// is asked for and when; this joins it to a loader of the world and checks every byte that is delivered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "media/player.hpp"
#include "platform/sim/world.hpp"

namespace p2pml::sim {

/// A synthetic stream at the world's origin that viewers watch.
struct StreamOptions {
  std::string swarm = "bench";
  std::string name = "bench";  ///< of the synthetic bodies
  std::size_t segmentBytes = 1 << 20;
  std::int64_t count = 16;  ///< of a VOD; a live stream has no end
  base::Duration segmentDuration = base::seconds(4);
  bool live = false;             ///< segment n can be had from (n + 1) segment durations on
  std::int64_t liveBack = 3;     ///< segments behind the edge where playback starts
  std::int64_t window = 8;       ///< segments in a live playlist
  std::string path = "/synth/";  ///< of the segments' URLs, one stream each
  /// By which peers after G0 find each other.
  std::optional<media::StreamProperties> properties = World::streamProperties();
};

/// Puts the stream on the world's origin; before any viewer asks for it.
void serveStream(World& world, const StreamOptions& stream);

class SimViewer {
 public:
  /// Starts to watch at once. `node` must outlive this.
  SimViewer(World& world, Node& node, StreamOptions stream, media::PlayerOptions player = {});
  ~SimViewer();
  SimViewer(const SimViewer&) = delete;
  SimViewer& operator=(const SimViewer&) = delete;

  [[nodiscard]] const media::Player& player() const { return player_; }
  [[nodiscard]] bool done() const { return player_.done(); }
  [[nodiscard]] base::Duration stallTime() const;
  [[nodiscard]] std::uint64_t deliveredBytes() const { return deliveredBytes_; }
  /// Segments that were not the origin's bytes.
  [[nodiscard]] std::uint64_t badSegments() const { return badSegments_; }
  [[nodiscard]] Node& node() { return node_; }
  /// Leaves as a player does: destroys the loader and asks for nothing more.
  void leave();
  /// Goes over to another stream of the same kind, as adaptive players do: plays on from the same segment.
  void switchTo(const std::string& swarm, const std::string& path);

 private:
  void onEvent(const engine::Output& event);
  void deliver(std::int64_t number, const engine::Segment& segment);
  void poll();
  void act(const media::Player::Actions& actions);
  void arm();
  /// The number of a segment of the present stream, or -1.
  [[nodiscard]] std::int64_t numberOf(const std::string& segmentId) const;

  World& world_;
  Node& node_;
  StreamOptions stream_;
  media::PlayerOptions playerOptions_;
  media::Player player_;
  std::shared_ptr<SimViewer*> life_;  ///< points to null once this is gone
  EventQueue::Handle timer_;
  EventQueue::Handle pollTimer_;
  base::TimePoint armed_ = base::kNever;
  std::uint64_t deliveredBytes_ = 0;
  std::uint64_t badSegments_ = 0;
  bool gone_ = false;
};

}  // namespace p2pml::sim
