// The events that HybridLoader emits: the seed's seven, and ours for diagnosis.
//
//   loader.on(p2pml::Events::SegmentLoaded, [](const p2pml::Segment& segment, const p2pml::OptionalPeerId& peerId) {
//   ... });
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "p2pml/settings.hpp"

namespace p2pml {

/// 40 hex digits.
using PeerId = std::string;
/// None for HTTP.
using OptionalPeerId = std::optional<PeerId>;

/// One kind of event, with the types of its listeners' arguments.
template <class... Args>
struct Event {
  std::uint8_t index;
  std::string_view name;  ///< as in JavaScript
};

/// A connected peer.
struct Peer {
  PeerId id;
  std::string remoteAddress;
  std::string protocol;  ///< its generation, as the setting peerProtocols names them: "G0", "G2", "G3", "G4"
};

/// What a tracker told of a swarm.
struct TrackerStatus {
  std::string url;
  std::optional<std::int64_t> complete;
  std::optional<std::int64_t> incomplete;
  std::int64_t intervalMs = 0;
};

struct Events {
  static constexpr Event<Segment, OptionalPeerId> SegmentLoaded{0, "segment_loaded"};
  static constexpr Event<Segment, Error, OptionalPeerId> SegmentError{1, "segment_error"};
  static constexpr Event<Segment> SegmentAbort{2, "segment_abort"};
  static constexpr Event<Peer> PeerConnect{3, "peer_connect"};
  static constexpr Event<PeerId> PeerClose{4, "peer_close"};
  static constexpr Event<Method, std::uint64_t, OptionalPeerId> PieceBytesDownloaded{5, "piece_bytes_downloaded"};
  static constexpr Event<Method, std::uint64_t, OptionalPeerId> PieceBytesUploaded{6, "piece_bytes_uploaded"};

  // Beyond the seed.
  static constexpr Event<Segment, Method, OptionalPeerId> SegmentStart{7, "segment_start"};
  static constexpr Event<TrackerStatus> TrackerUpdate{8, "tracker_update"};
  static constexpr Event<std::string, std::string> TrackerWarning{9, "tracker_warning"};  ///< url, message
  static constexpr Event<std::string, Error> TrackerError{10, "tracker_error"};           ///< url, error
  static constexpr Event<OptionalPeerId, Error> PeerError{11, "peer_error"};
  static constexpr Event<Error> StorageError{12, "storage_error"};

  static constexpr std::uint8_t kCount = 13;
};

}  // namespace p2pml
