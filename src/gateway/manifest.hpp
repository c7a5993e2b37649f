// What the gateway wants of a manifest: which streams it has and where their segments are, and the same text with every
// URL pointing at the gateway.
//
// The narrow border to media/: formats come and go behind it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "gateway/urls.hpp"
#include "media/playlist.hpp"
#include "media/stream_segments.hpp"

namespace p2pml::gateway {

/// A stream that a multivariant playlist lists.
struct ListedStream {
  std::string url;  ///< of its playlist
  media::StreamNames names;
  std::string label;   ///< for people: "360p 800 kbit/s", "audio en"
  bool shared = true;  ///< subtitles and I-frames are not
};

/// A stream with its segments, as one manifest told it.
struct ManifestStream {
  media::StreamNames names;
  std::string label;
  std::vector<media::StreamSegment> segments;  ///< rising by position()
  bool live = false;
  base::Duration targetDuration{};
};

struct ReadManifest {
  bool dash = false;  ///< served as it is: DASH is played, not shared
  bool multivariant = false;
  std::vector<ListedStream> listed;     ///< of a multivariant playlist
  std::vector<ManifestStream> streams;  ///< of all others; empty for what is not shared
  media::PlaylistVariables variables;

  [[nodiscard]] bool live() const;
};

/// A segment's place in its stream's order: its media sequence number.
std::int64_t position(const media::StreamSegment& segment);

struct ManifestContext {
  std::string openedUrl;                                ///< by it the stream is named
  const ListedStream* listed = nullptr;                 ///< null: nothing listed it
  const media::PlaylistVariables* variables = nullptr;  ///< of the multivariant playlist
};

/// True if the URL's name or type says that it is a manifest.
bool looksLikeManifest(std::string_view url);

/// True for the beginning of an MPEG-DASH MPD.
bool looksLikeMpd(std::string_view text);

/// `url`: where the text came from, after redirects. Errors: malformed ("not an HLS ... manifest: ..."), limitExceeded.
base::Result<ReadManifest> readManifest(std::string_view text, std::string_view url, const ManifestContext& context);

/// The text with every URL that would not lead to the gateway by itself replaced by our path for it. `localUrl` is the
/// path that the player asked for. Errors: malformed for URLs that nobody should load (file:, javascript:), and those
/// of UrlSpace::localPath.
base::Result<std::string> rewriteManifest(std::string_view text, std::string_view url, std::string_view localUrl,
                                          const media::PlaylistVariables& variables, UrlSpace& space);

}  // namespace p2pml::gateway
