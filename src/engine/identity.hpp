// How peers of each generation name a stream and its segments, and our ids in their swarms (docs/protocol/peer-json.md
// 5a.1, docs/protocol/peer-binary.md 5b.1, 5b.2). Pure functions of a row of engine/generation.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/rng.hpp"
#include "engine/generation.hpp"
#include "engine/segment.hpp"
#include "media/stream_properties.hpp"

namespace p2pml::engine {

/// Largest number that JavaScript peers can carry.
inline constexpr std::int64_t kMaxSegmentNumber = (std::int64_t{1} << 53) - 1;

/// A segment as peers know it.
struct WireName {
  base::StreamSwarmId stream;            ///< as given to load(): key of the JSON map
  std::string entry;                     ///< one item of the map's list
  base::SegmentId id;                    ///< stream + "+" + entry: what JSON requests carry
  std::optional<std::int64_t> number;    ///< Numbering::externalId
  std::optional<std::int64_t> sequence;  ///< Numbering::sequence

  [[nodiscard]] const std::optional<std::int64_t>& numberBy(Numbering numbering) const {
    return numbering == Numbering::externalId ? number : sequence;
  }
  friend bool operator==(const WireName&, const WireName&) = default;
};

/// WireName::entry of a segment of the current stream.
struct EntryName {
  std::string entry;
  friend bool operator==(const EntryName&, const EntryName&) = default;
};
/// What a peer calls a segment: text from JSON peers, a number within the swarm's stream from binary ones; p2pml nodes
/// leave the stream away.
using PeerSegmentName = std::variant<base::SegmentId, std::int64_t, EntryName>;

/// The master swarm of a segment given to load(segments, streamSwarmId).
const std::string& masterSwarmOf(const Segment& segment, const std::string& streamSwarmId);

/// None if the segment cannot be shared: an entry with `|` would break the list (5a.3). A segment without a sequence is
/// named by its id, one without a masterSwarmId belongs to the stream swarm given to load(). It has a number if
/// `externalId` is set or the sequence is a decimal integer from 0 to 2^53-1; that of G4 is `externalIdOfG4`, if set.
std::optional<WireName> wireNameOf(const Segment& segment, const std::string& streamSwarmId);

/// The stream's name inside its swarm id: the index, or the base64 SHA-1 of the property string (5b.1); `key` where
/// that is set. Empty for G0.
std::string streamKeyOf(Generation generation, const media::StreamProperties& stream);

/// The text that is hashed into the infohash, without G0's leading "2": streamSwarmId itself for G0, else
/// `<prefix>-<master swarm id>-<type>-<stream key>`, where G2 and G3 take `stream.redirectedSwarmId` if that is set.
std::string swarmIdOf(Generation generation, const std::string& streamSwarmId, const std::string& masterSwarmId,
                      const media::StreamProperties& stream);

/// Of a text from swarmIdOf().
base::InfoHash infoHashOf(Generation generation, const std::string& swarmId);

/// The generation's prefix, for example `-WW0006-`, and 12 characters of [A-Za-z0-9].
base::PeerId makePeerId(Generation generation, base::Rng& rng);

/// The streams of G2 that a streamId of generation G0 names: `V<index>` is main, `A<index>` secondary (5a.1). None for
/// anything else.
std::optional<media::StreamProperties> streamFromStreamId(const std::string& streamId);

}  // namespace p2pml::engine
