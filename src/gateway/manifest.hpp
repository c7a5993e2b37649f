// What the gateway wants of a manifest, HLS or DASH: which streams it has, with their segments on media's one timeline
// (media/timeline.hpp), and the same text with every URL pointing at the gateway.
//
// Pure. What always holds: what cannot be understood is not shared, but it is still handed on as long as its URLs can
// be found and lead to where one may go; what does not is refused with an error that names it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "gateway/urls.hpp"
#include "media/mpd.hpp"
#include "media/playlist.hpp"
#include "media/timeline.hpp"

namespace p2pml::gateway {

/// Of all streams of one manifest together: what has more is passed through and not shared.
inline constexpr std::size_t kMaxSharedSegments = 100'000;

/// A stream that viewers share, with its segments, as one version of a manifest told it.
struct ManifestStream {
  std::string key;    ///< tells it from the others of the manifest, in all its versions
  std::string label;  ///< for people: "360p 800 kbit/s", "audio en"
  media::PresentationKind kind = media::PresentationKind::hls;
  media::TimelineStream timeline;
  /// DASH: where each Period starts. A segment's `period` is a place in here.
  std::vector<base::Duration> periods;
  /// DASH, dynamic: the server's time when the gateway's clock was at zero.
  std::optional<media::WallTime> wallAtZero;
};

struct ReadManifest {
  media::PresentationKind kind = media::PresentationKind::hls;
  bool live = false;
  /// How often to look again if nobody asks: half a segment, or what the MPD says.
  base::Duration refresh = base::seconds(5);
  /// Of a multivariant playlist: its streams, without segments.
  std::vector<media::TimelineStream> listed;
  /// Of all others: what is shared.
  std::vector<ManifestStream> streams;
  media::PlaylistVariables variables;
  std::vector<std::string> locations;  ///< canonical: where its next version is
  std::vector<media::TimingSource> timing;
  /// Of an MPD whose segments become more as time passes, without a new version.
  std::shared_ptr<const media::Mpd> growing;
  std::string trouble;  ///< why it is not shared; empty: it is
};

struct ManifestContext {
  std::string openedUrl;                                ///< by it the streams are named
  const media::TimelineStream* listed = nullptr;        ///< HLS: as which it is listed; null: nothing listed it
  const media::PlaylistVariables* variables = nullptr;  ///< of the multivariant playlist
  std::optional<media::WallTime> wallAtZero;            ///< the server's time when the gateway's clock was at zero
  base::TimePoint now{};
};

/// For people. `stream` as listed or with segments.
std::string labelOf(const media::TimelineStream& stream);

/// True if the URL's name or type says that it is a manifest.
bool looksLikeManifest(std::string_view url);

/// `url`: where the text came from, after redirects. Errors: malformed ("not an HLS or DASH manifest: ...") and
/// limitExceeded for playlists. Of an MPD that cannot be understood `trouble` says why.
base::Result<ReadManifest> readManifest(std::string_view text, std::string_view url, const ManifestContext& context);

/// The streams of ReadManifest::growing as they are now. Errors: as media::presentationOf().
base::Result<std::vector<ManifestStream>> grownStreams(const media::Mpd& mpd, std::string_view url,
                                                       const ManifestContext& context);

/// Where the player is that gets the text: our path that it asked for, and our host and port as it wrote them.
struct PlayerPlace {
  std::string_view path;
  std::string_view host;
};

/// The text with every URL leading to the gateway: of playlists relative to `place` where that is shorter, of MPDs
/// absolute. Errors: malformed for what is no manifest and for URLs that nobody should load (file:, javascript:), and
/// those of UrlSpace::localPath.
base::Result<std::string> rewriteManifest(std::string_view text, std::string_view url, media::PresentationKind kind,
                                          const PlayerPlace& place, const media::PlaylistVariables& variables,
                                          UrlSpace& space);

}  // namespace p2pml::gateway
