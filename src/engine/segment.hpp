// The seed's Segment: one media segment of a stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.hpp"

namespace p2pml::engine {

/// Field names and meanings are the seed's. `load()` needs id, url and priority; everything below `priority` is filled
/// by the loader.
struct Segment {
  /// Unique identifier of the segment across peers; the url where that is the same for all peers.
  std::string id;
  std::string url;
  /// A valid HTTP Range header value, e.g. "bytes=0-1023".
  std::optional<std::string> range;
  /// Non-negative; the lower the value the higher the priority.
  std::int64_t priority = 0;

  /// The manifest's swarm. Empty: the stream swarm id given to load() is then also the master swarm.
  std::string masterSwarmId;
  std::string masterManifestUri;
  std::optional<std::string> streamId;
  /// The segment's name within its stream. Empty: the id names it (see docs/protocol/peer-json.md).
  std::string sequence;
  /// The segment's number among binary peers (docs/protocol/peer-binary.md 5b.1): the media sequence number of a live
  /// stream, the place in the playlist of a VOD. None: the sequence, if that is a number.
  std::optional<std::int64_t> externalId;
  /// The number among peers of G4, where that is not the sequence: DASH, whose sequences are no integers (5b.1).
  std::optional<std::int64_t> externalIdOfG4;
  /// How long it plays, in milliseconds, as the playlist says. The cooperative policy goes by it; without it it takes
  /// the pace at which the priorities change.
  std::optional<std::int64_t> duration;
  /// Milliseconds from this load() until the player must have it; 0: it waits for it now. Without it the time is
  /// estimated from priority and duration.
  std::optional<std::int64_t> neededIn;

  /// Present only when the segment is fully loaded.
  std::optional<base::Bytes> data;
  /// Bytes per millisecond: the highest sum over one second within the last 60 s. The JavaScript library's name.
  std::int64_t downloadBandwidth = 0;
  /// The same value under the seed's name.
  std::int64_t downloadSpeed = 0;
  std::optional<std::string> requestUrl;
  std::optional<std::string> responseUrl;

  Segment() = default;
  Segment(std::string segmentId, std::string segmentUrl, std::optional<std::string> segmentRange = std::nullopt,
          std::int64_t segmentPriority = 0)
      : id(std::move(segmentId)),
        url(std::move(segmentUrl)),
        range(std::move(segmentRange)),
        priority(segmentPriority) {}

  friend bool operator==(const Segment&, const Segment&) = default;
};

}  // namespace p2pml::engine
