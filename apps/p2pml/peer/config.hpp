// The configuration of `p2pml peer`: which viewer it is, of which stream, in which swarm (docs/measurement-peer.md).
#pragma once

#include <cstdint>
#include <optional>
#include <p2pml/p2pml.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace p2pml::app {

/// A generation as harnesses name it: by the first version of the JavaScript packages that is of it.
std::string_view genName(Generation generation);
/// The same for Peer::protocol and its like.
std::string_view genName(std::string_view protocol);

struct PeerConfig {
  enum class Role : std::uint8_t { viewer, seed, leech };

  std::string id = "peer";
  std::string gen = "06";  ///< as given; settings.peerProtocols says the same
  Role role = Role::viewer;
  bool live = false;
  std::string origin;
  std::string swarm = "bench";
  std::string name = "bench";
  std::uint64_t size = 1 << 20;
  std::int64_t count = 16;
  double duration = 4;  ///< seconds of a segment
  std::int64_t ahead = 8;
  std::int64_t forward = 20;
  std::int64_t liveBack = 3;
  std::int64_t window = 8;
  bool validate = false;
  bool stay = false;
  std::string manifest;       ///< URL of an HLS playlist; empty: the synthetic stream
  std::size_t variant = 0;    ///< of a multivariant playlist
  std::string manifestSwarm;  ///< "swarm", if it was given: names the manifest's stream instead of its URL
  /// The stream's name for all generations but "06"; none: "0" for a synthetic stream, what the manifest says for
  /// others.
  std::optional<std::string> streamKey;
  Settings settings;  ///< tracker, role and generations included
  NativeOptions native;

  // Of the synthetic stream:
  [[nodiscard]] std::string streamSwarmId() const { return swarm + "+V0"; }
  [[nodiscard]] std::string segmentUrl(std::int64_t number) const;
  [[nodiscard]] std::string playlistUrl() const;
  [[nodiscard]] Segment segment(std::int64_t number) const;
};

/// Unknown keys are ignored, but not inside `settings`. Errors name the key and what was expected.
Result<PeerConfig> parsePeerConfig(std::string_view text);

}  // namespace p2pml::app
