// The one place where transferred bytes are counted and told: statistics, bandwidth, and the seed's PieceBytes events.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.hpp"
#include "engine/bandwidth.hpp"
#include "engine/internal_events.hpp"
#include "engine/peers/upload_limit.hpp"
#include "engine/stats.hpp"
#include "engine/uplink.hpp"

namespace p2pml::engine {

class TransferMeter {
 public:
  /// `uploadLimit`: bytes per second; 0: none.
  explicit TransferMeter(Stats& stats, std::int64_t uploadLimit = 0) : stats_(stats), uploadLimit_(uploadLimit) {}

  void downloaded(StepIo& io, Method method, std::uint64_t bytes, std::optional<base::PeerId> peer) {
    (method == Method::http ? stats_.httpBytes : stats_.p2pBytes) += bytes;
    bandwidth_.add(io.now, bytes);
    io.out.push_back(output::PieceBytesDownloaded{method, bytes, peer});
  }
  void uploaded(StepIo& io, std::uint64_t bytes, const base::PeerId& peer) {
    stats_.uploadedBytes += bytes;
    uploadLimit_.take(bytes);
    io.out.push_back(output::PieceBytesUploaded{Method::p2p, bytes, peer});
  }
  /// Of both methods together, as Segment.downloadBandwidth tells it.
  [[nodiscard]] std::int64_t bytesPerMillisecond(base::TimePoint now) { return bandwidth_.bytesPerMillisecond(now); }
  /// Of everything that goes out, all peers together.
  [[nodiscard]] UploadLimit& uploadLimit() { return uploadLimit_; }
  /// What the own line gives to p2pml nodes.
  [[nodiscard]] Uplink& uplink() { return uplink_; }
  [[nodiscard]] const Uplink& uplink() const { return uplink_; }
  [[nodiscard]] Stats& stats() { return stats_; }

 private:
  Stats& stats_;
  UploadLimit uploadLimit_;
  BandwidthMeter bandwidth_;
  Uplink uplink_;
};

}  // namespace p2pml::engine
