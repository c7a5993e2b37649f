// The configuration of `p2pml peer`: which viewer it is, of which stream, in which swarm (docs/measurement-peer.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "p2pml/settings.hpp"

namespace p2pml::app {

struct PeerConfig {
  enum class Role : std::uint8_t { viewer, seed, leech };

  std::string id = "peer";
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
  Settings settings;  ///< tracker and role included

  [[nodiscard]] std::string streamSwarmId() const { return swarm + "+V0"; }
  [[nodiscard]] std::string segmentUrl(std::int64_t number) const;
  [[nodiscard]] std::string playlistUrl() const;
  [[nodiscard]] Segment segment(std::int64_t number) const;
};

/// Unknown keys are ignored, but not inside `settings`. Errors name the key and what was expected.
Result<PeerConfig> parsePeerConfig(std::string_view text);

}  // namespace p2pml::app
