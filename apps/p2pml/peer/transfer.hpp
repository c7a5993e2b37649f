// A peer without a player: a seeder loads everything over HTTP and serves it, a leecher takes everything from peers, in
// order, as fast as it can. Of a live stream both keep to its window; to a seeder the newest is the most urgent.
//
// Owned by MeasurementPeer, on its loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <p2pml/p2pml.hpp>
#include <set>
#include <string>
#include <vector>

#include "p2pml/peer/config.hpp"
#include "p2pml/peer/stream.hpp"
#include "p2pml/viewer/viewer.hpp"

namespace p2pml::app {

class Transfer {
 public:
  /// `sinceStartMs`: the time for all records. `config` and `stream` must outlive this.
  Transfer(HybridLoader loader, const PeerConfig& config, const PeerStream& stream,
           std::function<double()> sinceStartMs);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// The stream's window has changed.
  void reload();

  [[nodiscard]] HybridLoader& loader() { return loader_; }
  [[nodiscard]] const HybridLoader& loader() const { return loader_; }
  /// All segments of a stream that has come to its end are here.
  [[nodiscard]] bool done() const;
  [[nodiscard]] std::size_t got() const { return have_.size(); }
  [[nodiscard]] std::uint64_t badSegments() const { return bad_; }
  [[nodiscard]] const ViewerBytes& bytes() const { return bytes_; }
  [[nodiscard]] double firstP2pMs() const { return firstP2pMs_; }  ///< negative: none yet
  [[nodiscard]] double lastAtMs() const { return lastAtMs_; }      ///< negative: none yet
  [[nodiscard]] const std::map<PeerId, std::string>& connected() const { return peers_; }
  [[nodiscard]] std::size_t peersMax() const { return peersMax_; }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }
  [[nodiscard]] const std::vector<SegmentRecord>& loads() const { return loads_; }
  [[nodiscard]] const std::vector<ViewerEvent>& events() const { return events_; }

 private:
  void listen();
  void onLoaded(const Segment& segment, const OptionalPeerId& peer);
  void note(std::string event, std::string detail, const OptionalPeerId& peer = std::nullopt);

  HybridLoader loader_;
  const PeerConfig& config_;
  const PeerStream& stream_;
  std::function<double()> sinceStartMs_;
  std::map<std::string, std::int64_t> places_;  // of segments asked for, by id
  std::set<std::int64_t> have_;                 // places
  std::uint64_t bad_ = 0;
  ViewerBytes bytes_;
  double firstP2pMs_ = -1;
  double lastAtMs_ = -1;
  std::map<PeerId, std::string> peers_;  // connected: id to protocol
  std::size_t peersMax_ = 0;
  std::uint64_t errors_ = 0;
  std::vector<SegmentRecord> loads_;
  std::vector<ViewerEvent> events_;
};

}  // namespace p2pml::app
