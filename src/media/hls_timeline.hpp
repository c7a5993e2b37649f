// HLS playlists as a timeline (timeline.hpp): a multivariant playlist gives streams, each stream's media playlist gives
// its segments.
#pragma once

#include <string_view>

#include "media/playlist.hpp"
#include "media/timeline.hpp"

namespace p2pml::media {

/// The streams of a multivariant playlist: variants, then renditions that have a playlist of their own, then I-frame
/// playlists, in the order written; of several with one URI the first. Those whose URI is not of http or https are left
/// out, with a note. `url`: after redirects, against which it was
/// read. `requestUrl`: as it was asked for, which names the swarms of G0 and G4; `swarmId` if the application gives
/// one.
Presentation presentationOf(const MultivariantPlaylist& master, std::string_view url, std::string_view requestUrl,
                            std::string_view swarmId = {});

/// A media playlist without a multivariant one: one stream with its segments. Errors: as setSegments().
base::Result<Presentation> presentationOf(const MediaPlaylist& playlist, std::string_view url,
                                          std::string_view requestUrl, std::string_view swarmId = {});

/// Puts the playlist's segments in place of what the stream had. To keep what the version before it had, see
/// carryOver(). Errors: limitExceeded (more than kMaxTimelineSegments, or a delta update that was not merged),
/// malformed (a URL that is not of http or https, a key's that isKeyUrl() refuses).
base::Result<void> setSegments(TimelineStream& stream, const MediaPlaylist& playlist);

}  // namespace p2pml::media
