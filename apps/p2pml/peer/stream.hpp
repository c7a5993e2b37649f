// The stream that a measurement peer is a viewer of: which segments there are, how peers name them, what they must be.
// Synthetic streams (docs/measurement-peer.md) and those of an HLS manifest.
//
// Owned by MeasurementPeer, on its loop. Segments have places, numbers without holes: of a synthetic stream the
// segment's own number; of a manifest's first playlist the first segment's number among peers, then counted on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <p2pml/p2pml.hpp>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "p2pml/peer/config.hpp"

namespace p2pml::app {

/// Places of the segments that can be had now.
struct StreamWindow {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  bool complete = false;  ///< there will be no more
};

class PeerStream {
 public:
  virtual ~PeerStream() = default;

  /// For a synthetic stream or a manifest's, as `config` says; it must outlive this.
  static std::unique_ptr<PeerStream> create(boost::asio::io_context& loop, const PeerConfig& config);

  /// Called once the stream is known and whenever its window has changed. Not after stop().
  std::function<void()> onChange;
  /// A playlist could not be had or read; it is tried again.
  std::function<void(const Error& error)> onTrouble;
  /// The configuration cannot be met by what is there.
  std::function<void(const Error& error)> onFailure;

  virtual void start() = 0;
  virtual void stop() = 0;

  // The rest is for when it is known.
  [[nodiscard]] virtual StreamWindow window() const = 0;
  [[nodiscard]] virtual std::string streamSwarmId() const = 0;
  [[nodiscard]] virtual StreamProperties properties() const = 0;
  [[nodiscard]] virtual Segment segment(std::int64_t place) const = 0;
  /// What peers call it: the externalId.
  [[nodiscard]] virtual std::int64_t number(std::int64_t place) const = 0;
  /// A VOD, or a live stream of which a viewer starts near the end.
  [[nodiscard]] virtual bool live() const = 0;
  /// By place from 0, where they differ; others last segmentDuration().
  [[nodiscard]] virtual std::vector<base::Duration> durations() const { return {}; }
  [[nodiscard]] virtual base::Duration segmentDuration() const = 0;
  /// Whether these are the bytes that they must be. Streams of which nobody knows are believed.
  [[nodiscard]] virtual bool isRight(std::int64_t, const Bytes&) const { return true; }
  /// What is told of a segment's bytes where isRight() cannot judge: SHA-256 in hex digits. Else empty.
  [[nodiscard]] virtual std::string digest(const Bytes&) const { return {}; }
};

}  // namespace p2pml::app
