// One headless viewer: a HybridLoader and a player that plays through it in real time, with a count of everything.
//
// Lives on its runtime's thread: all functions are called there, and destroyed there too.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <p2pml/p2pml.hpp>
#include <string>
#include <vector>

#include "media/player.hpp"
#include "platform/native/native_clock_port.hpp"

namespace p2pml::app {

/// A segment that the loader loaded, or that the player got.
struct SegmentRecord {
  std::int64_t number = 0;
  Method method = Method::http;
  std::uint64_t bytes = 0;
  double atMs = 0;    ///< since the viewer's start
  double tookMs = 0;  ///< from the player's request to its delivery
  OptionalPeerId peer;
  bool bad = false;    ///< not the bytes it should be
  std::string digest;  ///< of the bytes, if the stream wants it told
};

struct ViewerEvent {
  double atMs = 0;
  std::string name;
  std::string detail;
  OptionalPeerId peer;
  std::string protocol;  ///< the peer's; empty if it is not connected or there is none
};

struct ViewerBytes {
  std::uint64_t http = 0;
  std::uint64_t p2p = 0;
  std::uint64_t uploaded = 0;
  std::uint64_t delivered = 0;  ///< to the player
};

class Viewer {
 public:
  struct Stream {
    std::string streamSwarmId;
    std::optional<StreamProperties> properties;
    std::function<Segment(std::int64_t number)> segment;  ///< priority is set by the viewer
    /// Null: every byte is believed.
    std::function<bool(std::int64_t number, const Bytes& data)> check;
    /// Null: none is told.
    std::function<std::string(const Bytes& data)> digest;
  };
  static constexpr std::size_t kMaxEvents = 10'000;

  Viewer(std::string name, std::shared_ptr<Runtime> runtime, HybridLoader loader, Stream stream,
         media::PlayerOptions player);
  ~Viewer();
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  /// Segments before `end` exist; `complete`: there will be no more. The first call starts the viewer.
  void setAvailable(std::int64_t end, bool complete);
  /// Called whenever a segment was delivered, and when all has been played.
  std::function<void()> onProgress;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] HybridLoader& loader() { return loader_; }
  [[nodiscard]] const HybridLoader& loader() const { return loader_; }
  [[nodiscard]] const media::Player& player() const { return player_; }
  [[nodiscard]] base::TimePoint now() const { return clock_->now(); }
  [[nodiscard]] double sinceStartMs() const;
  [[nodiscard]] const ViewerBytes& bytes() const { return bytes_; }
  [[nodiscard]] std::size_t peers() const { return peers_.size(); }
  /// Connected: id to protocol.
  [[nodiscard]] const std::map<PeerId, std::string>& connected() const { return peers_; }
  [[nodiscard]] std::size_t peersMax() const { return peersMax_; }
  [[nodiscard]] const std::vector<SegmentRecord>& delivered() const { return delivered_; }
  [[nodiscard]] const std::vector<SegmentRecord>& loads() const { return loads_; }
  [[nodiscard]] const std::vector<ViewerEvent>& events() const { return events_; }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }
  [[nodiscard]] std::uint64_t badSegments() const { return bad_; }
  [[nodiscard]] bool done() const { return player_.done(); }

 private:
  void listen();
  void perform();
  void request(const media::PlayerAction& action);
  void loadList(const media::PlayerAction& action);
  void deliver(std::int64_t number, const Segment& segment);
  void note(std::string event, std::string detail, OptionalPeerId peer = std::nullopt);

  std::string name_;
  std::shared_ptr<Runtime> runtime_;
  HybridLoader loader_;
  Stream stream_;
  media::Player player_;
  media::Player::Actions actions_;
  std::unique_ptr<native::NativeClockPort> clock_;
  base::TimePoint startedAt_;
  base::TimePoint requestedAt_{};
  std::map<std::string, std::int64_t> numbers_;      // of segments asked for, by id
  std::map<std::int64_t, SegmentRecord> lastLoads_;  // where the cache's segments came from
  ViewerBytes bytes_;
  std::map<PeerId, std::string> peers_;
  std::size_t peersMax_ = 0;
  std::vector<SegmentRecord> delivered_;
  std::vector<SegmentRecord> loads_;
  std::vector<ViewerEvent> events_;
  std::uint64_t errors_ = 0;
  std::uint64_t bad_ = 0;
  bool performing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace p2pml::app
