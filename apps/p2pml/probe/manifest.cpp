#include "p2pml/probe/manifest.hpp"

#include <algorithm>
#include <utility>

#include "media/dash/mpd_reader.hpp"
#include "media/dash_timeline.hpp"
#include "media/hls_timeline.hpp"
#include "media/m3u8.hpp"
#include "media/uri.hpp"

namespace p2pml::app {

namespace {

using base::ErrorCode;
using base::fail;

/// The text without a byte order mark and white space before it.
std::string_view beginningOf(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

base::Result<ProbedManifest> probeHls(const ManifestSource& manifest, const std::optional<ManifestSource>& master,
                                      const std::string& swarmId) {
  ProbedManifest probed;
  media::M3u8Options options;
  if (master) {
    const auto parsed = media::parseM3u8(master->text, master->url);
    if (!parsed) return fail(parsed.error().code, "master: " + parsed.error().detail);
    const auto* multivariant = std::get_if<media::MultivariantPlaylist>(&*parsed);
    if (multivariant == nullptr) return fail(ErrorCode::malformed, "master: expected a multivariant playlist");
    options.imports = multivariant->variables;
    probed.presentation = media::presentationOf(*multivariant, master->url, master->requestUrl, swarmId);
  }
  auto playlist = media::parseM3u8(manifest.text, manifest.url, options);
  if (!playlist) return std::unexpected(playlist.error());
  if (const auto* multivariant = std::get_if<media::MultivariantPlaylist>(&*playlist)) {
    if (master) return fail(ErrorCode::invalidArgument, "a multivariant playlist has no master");
    probed.presentation = media::presentationOf(*multivariant, manifest.url, manifest.requestUrl, swarmId);
  } else if (const auto& media = std::get<media::MediaPlaylist>(*playlist); master) {
    auto& streams = probed.presentation.streams;
    const auto stream = std::ranges::find(streams, manifest.requestUrl, &media::TimelineStream::url);
    if (stream == streams.end()) {
      return fail(ErrorCode::notFound, manifest.requestUrl + ": expected it among the streams of the master");
    }
    if (const auto status = media::setSegments(*stream, media); !status) return std::unexpected(status.error());
    probed.presentation.live = stream->live;
  } else {
    auto presentation = media::presentationOf(media, manifest.url, manifest.requestUrl, swarmId);
    if (!presentation) return std::unexpected(presentation.error());
    probed.presentation = std::move(*presentation);
  }
  probed.playlist = std::move(*playlist);
  return probed;
}

}  // namespace

base::Result<ProbedManifest> probeManifest(const ManifestSource& manifest, const std::optional<ManifestSource>& master,
                                           std::optional<media::WallTime> now, const std::string& swarmId) {
  if (!media::isHttpUrl(manifest.url)) {
    return fail(ErrorCode::invalidArgument,
                "base \"" + manifest.url.substr(0, 100) + "\": expected a URL of http or https");
  }
  const std::string_view beginning = beginningOf(manifest.text);
  if (beginning.starts_with("#EXT")) return probeHls(manifest, master, swarmId);
  if (!beginning.starts_with("<")) {
    return fail(ErrorCode::malformed, "expected an HLS playlist, which begins with #EXTM3U, or an MPD, which is XML");
  }
  if (master) return fail(ErrorCode::invalidArgument, "an MPD has no master");
  const auto mpd = media::dash::parseMpd(manifest.text, manifest.url);
  if (!mpd) return std::unexpected(mpd.error());
  auto presentation = media::presentationOf(*mpd, manifest.url, manifest.requestUrl, now, swarmId);
  if (!presentation) return std::unexpected(presentation.error());
  return ProbedManifest{std::move(*presentation), std::nullopt};
}

}  // namespace p2pml::app
