// How generation G0 names a stream and its segments on the wire (docs/protocol/peer-json.md 5a.1), and our ids in its
// swarms.
#pragma once

#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/rng.hpp"
#include "engine/segment.hpp"

namespace p2pml::engine {

/// A segment as peers know it.
struct WireName {
  base::StreamSwarmId stream;  ///< key of the map
  std::string entry;           ///< one item of the map's list
  base::SegmentId id;          ///< stream + "+" + entry: what requests carry

  friend bool operator==(const WireName&, const WireName&) = default;
};

/// The master swarm of a segment given to load(segments, streamSwarmId).
const std::string& masterSwarmOf(const Segment& segment, const std::string& streamSwarmId);

/// None if the segment cannot be shared: an entry with `|` would break the list (5a.3). A segment without a sequence is
/// named by its id, one without a masterSwarmId belongs to the stream swarm given to load().
std::optional<WireName> wireNameOf(const Segment& segment, const std::string& streamSwarmId);

/// SHA-1 over "2" + streamSwarmId (5a.1).
base::InfoHash infoHashOf(const base::StreamSwarmId& stream);

/// `-WW0006-` and 12 characters of [A-Za-z0-9] (5a.1): what trackers in the field know from 0.6.2.
base::PeerId makePeerId(base::Rng& rng);

}  // namespace p2pml::engine
