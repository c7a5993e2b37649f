// One headless viewer, seeder or leecher for measurements (docs/measurement-peer.md). Lives on its runtime's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <p2pml/p2pml.hpp>
#include <string>

#include "p2pml/peer/config.hpp"
#include "p2pml/viewer/fetch.hpp"
#include "p2pml/viewer/viewer.hpp"

namespace p2pml::app {

class MeasurementPeer {
 public:
  MeasurementPeer(std::shared_ptr<Runtime> runtime, PeerConfig config);
  ~MeasurementPeer();

  /// Error: a setting is out of range.
  Result<void> start();
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
  Result<void> startViewer(std::int64_t first);
  void startTransfer();
  void loadRest();
  void pollPlaylist();
  void onPlaylist(const std::string& text);
  /// Null until the stream is known.
  [[nodiscard]] const HybridLoader* loader() const;
  [[nodiscard]] const std::map<PeerId, std::string>& connected() const;
  [[nodiscard]] bool isRight(std::int64_t number, const Bytes& data) const;

  std::shared_ptr<Runtime> runtime_;
  PeerConfig config_;
  std::unique_ptr<native::NativeClockPort> clock_;
  std::unique_ptr<TextFetcher> fetcher_;
  std::chrono::system_clock::time_point startedAt_;
  base::TimePoint start_{};

  std::unique_ptr<Viewer> viewer_;  // role viewer

  // Roles seed and leech: no player.
  std::unique_ptr<HybridLoader> loader_;
  std::vector<bool> have_;
  std::int64_t got_ = 0;
  std::int64_t bad_ = 0;
  ViewerBytes bytes_;
  double firstP2pMs_ = -1;
  double lastAtMs_ = -1;
  std::map<PeerId, std::string> peers_;  // connected: id to protocol
  std::size_t peersMax_ = 0;
  std::uint64_t errors_ = 0;
  std::vector<SegmentRecord> loads_;
};

}  // namespace p2pml::app
