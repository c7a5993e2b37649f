// One headless viewer, seeder or leecher for measurements (docs/measurement-peer.md). Lives on its runtime's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <p2pml/p2pml.hpp>
#include <string>

#include "p2pml/peer/config.hpp"
#include "p2pml/peer/stream.hpp"
#include "p2pml/peer/transfer.hpp"
#include "p2pml/viewer/viewer.hpp"

namespace p2pml::app {

class MeasurementPeer {
 public:
  MeasurementPeer(std::shared_ptr<Runtime> runtime, PeerConfig config);
  ~MeasurementPeer();

  /// Error: a setting is out of range.
  Result<void> start();
  /// The stream cannot be played as configured.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  /// One JSON object without line break: {"progress":{...}}.
  [[nodiscard]] std::string progressLine() const;
  /// {"result":{...}}.
  [[nodiscard]] std::string resultLine() const;
  /// Everything was played (viewer) or loaded (seed, leech).
  [[nodiscard]] bool done() const;
  /// Leaves the swarm; the future is ready when the goodbyes are on their way.
  std::future<void> leave();

 private:
  Result<HybridLoader> makeLoader();
  void onStreamChange();
  void start(HybridLoader loader);
  void fail(Error error);
  /// Null until the stream is known.
  [[nodiscard]] const HybridLoader* loader() const;
  [[nodiscard]] const std::map<PeerId, std::string>& connected() const;
  [[nodiscard]] double sinceStartMs() const;

  std::shared_ptr<Runtime> runtime_;
  PeerConfig config_;
  std::unique_ptr<native::NativeClockPort> clock_;
  std::chrono::system_clock::time_point startedAt_;
  base::TimePoint start_{};
  std::uint64_t troubles_ = 0;  // with playlists
  std::string lastTrouble_;
  std::optional<Error> failure_;
  std::unique_ptr<PeerStream> stream_;
  // One of them, once the stream is known.
  std::unique_ptr<Viewer> viewer_;      // role viewer
  std::unique_ptr<Transfer> transfer_;  // roles seed and leech
};

}  // namespace p2pml::app
