// What follows from several segments or several versions of a media playlist: dates by extrapolation, and delta updates
// (RFC 8216 second edition, section 4.4.5.2 and 6.2.5.1).
#pragma once

#include <optional>
#include <vector>

#include "base/error.hpp"
#include "media/playlist.hpp"

namespace p2pml::media {

/// Sets MediaSegment::dateTime of all. A date that cannot be read counts as absent. `first`: the first segment's, where
/// that is known otherwise. Linear.
void setDateTimes(std::vector<MediaSegment>& segments, std::optional<WallTime> first = std::nullopt);

/// The whole playlist that `delta`, read with M3u8Options::allowDelta, makes of the version before it. A playlist that
/// is no delta comes back as it is. Errors: notFound if `previous` does not have all of the skipped segments; then the
/// whole playlist must be asked for. Linear.
base::Result<MediaPlaylist> mergeDelta(const MediaPlaylist& previous, MediaPlaylist delta);

}  // namespace p2pml::media
