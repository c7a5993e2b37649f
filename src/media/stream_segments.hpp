// How viewers name a stream and its segments (docs/protocol/peer-json.md 5a.1, docs/protocol/peer-binary.md 5b.1): from
// a media playlist and its place in the multivariant playlist to what HybridLoader.load() takes. Pure; the names must
// be equal, byte for byte, in every viewer.
//
// A segment of HLS has two numbers. `sequence` is the media sequence number always: JSON peers and G4 go by it.
// `externalId` is what binary peers up to G3 go by, as the integrations for hls.js do: without EXT-X-ENDLIST, whatever
// EXT-X-PLAYLIST-TYPE says, the media sequence number; with it the place in the playlist, from 0, segments of EXT-X-GAP
// counted. So it changes when a live stream ends: a viewer who was there keeps the numbers that he gave, as JavaScript
// viewers do, one who comes later counts from 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "media/playlist.hpp"
#include "media/stream_properties.hpp"

namespace p2pml::media {

/// A stream's names.
struct StreamNames {
  std::string masterSwarmId;
  std::optional<std::string> streamId;  ///< "V" and the variant's position; none without a multivariant playlist
  std::string streamSwarmId;            ///< names the swarm of generation G0
  StreamProperties properties;          ///< name the swarms of the others, with masterSwarmId

  friend bool operator==(const StreamNames&, const StreamNames&) = default;
};

/// One segment with all its names.
struct StreamSegment {
  std::string id;  ///< streamSwarmId + "+" + sequence
  std::string url;
  std::optional<std::string> range;  ///< the HTTP Range header's value if it is a part of the resource
  std::string sequence;              ///< HLS: the media sequence number, decimal; DASH: the start, dash_names.hpp
  std::int64_t externalId = 0;       ///< the number among binary peers up to G3
  std::int64_t externalIdOfG4 = 0;   ///< the number among those of G4
  std::string masterSwarmId;
  std::optional<std::string> streamId;
  std::string streamSwarmId;
  base::Duration duration{};

  friend bool operator==(const StreamSegment&, const StreamSegment&) = default;
};

/// `swarmId` if it is not empty, else `manifestUrl`, the URL as it was requested (before redirects), up to its first
/// '?'.
std::string masterSwarmIdOf(std::string_view manifestUrl, std::string_view swarmId = {});

/// The first variant whose URI is `playlistUrl`, character for character; nothing for playlists that are no variant
/// (audio, subtitles), which G0 viewers do not share.
std::optional<std::size_t> variantIndexOf(const MultivariantPlaylist& master, std::string_view playlistUrl);

/// Names of the variant at `variantIndex` of the multivariant playlist at `masterUrl`, of which nothing more is known:
/// the swarms of G3 and G4 cannot be found by them, that of G2 only while all codecs are known.
StreamNames streamNamesOfVariant(std::string_view masterUrl, std::size_t variantIndex, std::string_view swarmId = {});

/// Names of a variant with all its properties.
StreamNames streamNamesOfVariant(std::string_view masterUrl, const MultivariantPlaylist& master,
                                 std::size_t variantIndex, std::string_view swarmId = {});

/// Names of a media playlist that is no part of a multivariant one.
StreamNames streamNamesWithoutMaster(std::string_view playlistUrl, std::string_view swarmId = {});

/// The number among binary peers up to G3 of the segment at `place` of the playlist.
std::int64_t externalIdOf(const MediaPlaylist& playlist, std::size_t place);

/// All segments in their order, those of EXT-X-GAP left out: there is nothing to load.
std::vector<StreamSegment> streamSegments(const MediaPlaylist& playlist, const StreamNames& names);

}  // namespace p2pml::media
