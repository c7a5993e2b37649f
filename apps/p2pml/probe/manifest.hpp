// A manifest from its text to a presentation, whichever kind it is. No network.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "media/playlist.hpp"
#include "media/timeline.hpp"

namespace p2pml::app {

struct ManifestSource {
  std::string text;
  std::string url;         ///< after redirects
  std::string requestUrl;  ///< as it was asked for
};

struct ProbedManifest {
  media::Presentation presentation;
  /// HLS: the playlist itself, which says more than the timeline.
  std::optional<media::Playlist> playlist;
};

/// `master`: the multivariant playlist that names `manifest`, if that is a media playlist; the presentation is then the
/// master's with the segments of this one stream. `now`: for a dynamic MPD. Errors name what is wrong where.
base::Result<ProbedManifest> probeManifest(const ManifestSource& manifest, const std::optional<ManifestSource>& master,
                                           std::optional<media::WallTime> now, const std::string& swarmId);

}  // namespace p2pml::app
