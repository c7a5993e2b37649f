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
  std::string streamId = "V0";   ///< of the rendition; those of one `swarm` have one master swarm
  /// By which peers after G0 find each other.
  std::optional<media::StreamProperties> properties = World::streamProperties();
};

class SimViewer;

/// Puts the stream on the world's origin; before any viewer asks for it.
void serveStream(World& world, const StreamOptions& stream);

/// Who wants to know what a viewer sees; see src/platform/sim/lab.
class ViewerObserver {
 public:
  virtual ~ViewerObserver() = default;
  /// Every event of the loader, before the viewer acts on it.
  virtual void onEvent(SimViewer& viewer, const engine::Output& event) = 0;
  /// The player took segment `number`.
  virtual void onDelivered(SimViewer& viewer, std::int64_t number, std::uint64_t bytes, bool correct) = 0;
};

class SimViewer {
 public:
  /// Starts to watch at once. `node` and `observer` (may be null) must outlive this.
  SimViewer(World& world, Node& node, StreamOptions stream, media::PlayerOptions player = {},
            ViewerObserver* observer = nullptr);
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
  /// The same to another rendition, which may have segments of another size and other bytes.
  void switchTo(StreamOptions stream);
  void pause();
  void resume();
  void seek(std::int64_t segment);
  [[nodiscard]] const StreamOptions& stream() const { return stream_; }
  /// Live: how often what the player needed next had left the playlist, so that it went on near the edge.
  [[nodiscard]] std::uint64_t jumps() const { return jumps_; }
  /// The number of a segment of the present stream, or -1.
  [[nodiscard]] std::int64_t numberOf(const std::string& segmentId) const;

 private:
  void onEvent(const engine::Output& event);
  void deliver(std::int64_t number, const engine::Segment& segment);
  void poll();
  void act(const media::Player::Actions& actions);
  void arm();
  /// What the player asked for is asked for again, of the present stream.
  void askAgain();

  World& world_;
  Node& node_;
  StreamOptions stream_;
  media::PlayerOptions playerOptions_;
  media::Player player_;
  ViewerObserver* observer_;
  std::shared_ptr<SimViewer*> life_;  ///< points to null once this is gone
  EventQueue::Handle timer_;
  EventQueue::Handle pollTimer_;
  base::TimePoint armed_ = base::kNever;
  std::uint64_t deliveredBytes_ = 0;
  std::uint64_t badSegments_ = 0;
  std::uint64_t jumps_ = 0;
  bool gone_ = false;
};

}  // namespace p2pml::sim
