#include "gateway/manifest.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "gateway/http_text.hpp"
#include "media/dash/mpd_reader.hpp"
#include "media/dash/mpd_rewrite.hpp"
#include "media/dash_timeline.hpp"
#include "media/hls_timeline.hpp"
#include "media/m3u8.hpp"
#include "media/m3u8_rewrite.hpp"
#include "media/uri.hpp"

namespace p2pml::gateway {

namespace {

using base::ErrorCode;
using media::PresentationKind;
using media::TimelineStream;
using media::TrackKind;

/// Clocks differ: a player whose clock is ahead of ours by less than this asks for nothing that is not known.
constexpr base::Duration kClockTolerance = base::seconds(10);

/// True for the beginning of an MPEG-DASH MPD.
bool looksLikeMpd(std::string_view text) {
  constexpr std::size_t kProlog = 4096;
  const std::string_view start = text.substr(0, kProlog);
  const std::size_t first = start.find('<');
  if (first == std::string_view::npos) return false;
  const std::string_view before = start.substr(0, first);
  const bool onlyBlanks = before.find_first_not_of("\xef\xbb\xbf \t\r\n") == std::string_view::npos;
  for (std::size_t at = first; onlyBlanks && at != std::string_view::npos; at = start.find('<', at + 1)) {
    const std::string_view name = start.substr(at + 1, start.find_first_of(" \t\r\n/>", at) - at - 1);
    if (name.substr(name.find(':') == std::string_view::npos ? 0 : name.find(':') + 1) == "MPD") return true;
  }
  return false;
}

bool isShared(const TimelineStream& stream) { return stream.sharedInG0 || stream.sharedInBinary; }

/// G0 has no name for alternative audio and for what its players leave out: only p2pml nodes meet by these.
void nameForNodes(TimelineStream& stream, PresentationKind kind) {
  media::StreamNames& names = stream.names;
  if (names.streamId || !isShared(stream)) return;
  if (kind == PresentationKind::dash) {
    names.streamId = std::string(toString(stream.kind)) + ":" + stream.id;
  } else if (names.properties.type == media::StreamType::secondary) {
    names.streamId = "A" + std::to_string(names.properties.index);
  } else {
    return;  // a playlist alone: it has its manifest's name
  }
  names.streamSwarmId = names.masterSwarmId + "+" + *names.streamId;
}

std::vector<ManifestStream> streamsOf(media::Presentation&& presentation, const ManifestContext& context) {
  std::vector<ManifestStream> streams;
  std::vector<base::Duration> periods;
  const bool dash = presentation.kind == PresentationKind::dash;
  for (const media::TimelinePeriod& period : presentation.periods) periods.push_back(period.start);
  std::map<std::string, int> seen;
  for (TimelineStream& timeline : presentation.streams) {
    if (!isShared(timeline)) continue;
    nameForNodes(timeline, presentation.kind);
    ManifestStream stream;
    stream.label = labelOf(timeline);
    stream.kind = presentation.kind;
    stream.key = dash ? std::string(toString(timeline.kind)) + " " + timeline.id : timeline.names.streamSwarmId;
    // A Representation without an id of its own is known by its place.
    if (const int before = seen[stream.key]++; before > 0) stream.key += " " + std::to_string(before);
    if (dash) stream.periods = periods;
    if (dash && presentation.live.value_or(false)) stream.wallAtZero = context.wallAtZero;
    stream.timeline = std::move(timeline);
    streams.push_back(std::move(stream));
  }
  return streams;
}

base::Result<ReadManifest> readPlaylist(std::string_view text, std::string_view url, const ManifestContext& context) {
  media::M3u8Options options;
  if (context.variables != nullptr) options.imports = *context.variables;
  auto playlist = media::parseM3u8(text, url, options);
  if (!playlist) {
    return base::fail(playlist.error().code, "not an HLS or DASH manifest: " + playlist.error().detail);
  }
  ReadManifest read;
  if (const auto* master = std::get_if<media::MultivariantPlaylist>(&*playlist)) {
    read.variables = master->variables;
    read.listed = media::presentationOf(*master, url, context.openedUrl).streams;
    for (TimelineStream& stream : read.listed) nameForNodes(stream, PresentationKind::hls);
    return read;
  }
  auto& media = std::get<media::MediaPlaylist>(*playlist);
  read.variables = media.variables;
  read.live = !media.endList;
  read.refresh = std::max(media.targetDuration / 2, base::milliseconds(500));
  auto presentation = media::presentationOf(media, url, context.openedUrl);
  if (!presentation) {
    read.trouble = presentation.error().detail;
  } else if (presentation->streams.front().segments.size() > kMaxSharedSegments) {
    read.trouble = "more than " + std::to_string(kMaxSharedSegments) + " segments";
  } else {
    TimelineStream& stream = presentation->streams.front();
    if (context.listed != nullptr) {
      const bool framesOnly = media.iFramesOnly;
      TimelineStream listed = *context.listed;
      listed.segments = std::move(stream.segments);
      listed.live = stream.live;
      listed.targetDuration = stream.targetDuration;
      stream = std::move(listed);
      if (framesOnly) stream.sharedInG0 = stream.sharedInBinary = false;
    }
    read.streams = streamsOf(*std::move(presentation), context);
  }
  return read;
}

/// Whether time alone brings segments.
bool grows(const media::Mpd& mpd) {
  if (!mpd.dynamic) return false;
  for (const media::MpdPeriod& period : mpd.periods) {
    for (const media::MpdAdaptationSet& set : period.adaptationSets) {
      const bool any = std::ranges::any_of(set.representations, [](const media::MpdRepresentation& representation) {
        const media::MpdSegments& segments = representation.segments;
        if (segments.addressing != media::MpdAddressing::byTemplate) return false;
        if (!segments.timeline) return segments.duration.has_value();
        return !segments.timeline->empty() && segments.timeline->back().repeat < 0;
      });
      if (any) return true;
    }
  }
  return false;
}

base::Result<media::Presentation> timelineOf(const media::Mpd& mpd, std::string_view url,
                                             const ManifestContext& context) {
  std::optional<media::WallTime> now;
  if (context.wallAtZero) now = *context.wallAtZero + context.now.time_since_epoch() + kClockTolerance;
  if (mpd.dynamic && !now) return base::fail(ErrorCode::invalidArgument, "the time is not known");
  auto presentation = media::presentationOf(mpd, url, context.openedUrl, now);
  if (!presentation) return presentation;
  std::size_t segments = 0;
  for (const TimelineStream& stream : presentation->streams) segments += stream.segments.size();
  if (segments > kMaxSharedSegments) {
    return base::fail(ErrorCode::limitExceeded, "more than " + std::to_string(kMaxSharedSegments) + " segments");
  }
  return presentation;
}

ReadManifest readMpd(std::string_view text, std::string_view url, const ManifestContext& context) {
  ReadManifest read;
  read.kind = PresentationKind::dash;
  auto mpd = media::dash::parseMpd(text, url);
  if (!mpd) {
    read.live = true;  // the next version may be better
    read.trouble = mpd.error().detail;
    return read;
  }
  read.live = mpd->dynamic;
  for (const std::string& location : mpd->locations) {
    if (auto canonical = canonicalUrl(location)) read.locations.push_back(*std::move(canonical));
  }
  for (const media::MpdDescriptor& timing : mpd->timing) read.timing.push_back({timing.schemeIdUri, timing.value});
  auto presentation = timelineOf(*mpd, url, context);
  if (!presentation) {
    read.trouble = presentation.error().detail;
    return read;
  }
  base::Duration longest{};
  for (const TimelineStream& stream : presentation->streams) longest = std::max(longest, stream.targetDuration);
  if (longest > base::Duration::zero()) read.refresh = std::max(longest / 2, base::milliseconds(500));
  if (grows(*mpd)) {
    read.growing = std::make_shared<const media::Mpd>(*std::move(mpd));
  } else {
    read.refresh = std::max(read.refresh, presentation->refreshInterval.value_or(base::Duration::zero()));
  }
  read.streams = streamsOf(*std::move(presentation), context);
  return read;
}

/// Schemes that mean something to players and lead nowhere near an HTTP server.
bool isOpaqueScheme(std::string_view scheme) {
  return equalsIgnoringCase(scheme, "data") || equalsIgnoringCase(scheme, "skd") || equalsIgnoringCase(scheme, "urn") ||
         equalsIgnoringCase(scheme, "uuid");
}

/// Our path `target` as a playlist at our path `from` may write it: what is in the same folder by its name.
std::string relativeTo(std::string_view from, const std::string& target) {
  from = from.substr(0, from.find('?'));
  const std::string_view folder = from.substr(0, from.rfind('/') + 1);
  if (folder.empty() || !target.starts_with(folder)) return target;
  std::string name = target.substr(folder.size());
  const std::size_t first = name.find_first_of("/?");
  const bool readsOtherwise = name.empty() || first == 0 || name.substr(0, first).find(':') != std::string::npos;
  if (readsOtherwise) return target;
  return name;
}

}  // namespace

std::string labelOf(const TimelineStream& stream) {
  const std::string rate = stream.bandwidth > 0 ? std::to_string(stream.bandwidth / 1000) + " kbit/s" : "";
  const auto joined = [](std::string text, const std::string& more) {
    return text.empty() || more.empty() ? text + more : text + " " + more;
  };
  const std::string& name = stream.language.empty() ? stream.label : stream.language;
  if (stream.kind == TrackKind::audio) return joined(joined("audio", name), rate);
  const std::string size = stream.resolution ? std::to_string(stream.resolution->height) + "p" : "";
  const std::string label = joined(size, rate);
  return label.empty() ? "single stream" : label;
}

bool looksLikeManifest(std::string_view url) {
  const std::string_view type = contentTypeOf(url);
  return type == kHlsType || type == kDashType;
}

base::Result<ReadManifest> readManifest(std::string_view text, std::string_view url, const ManifestContext& context) {
  return looksLikeMpd(text) ? readMpd(text, url, context) : readPlaylist(text, url, context);
}

base::Result<std::vector<ManifestStream>> grownStreams(const media::Mpd& mpd, std::string_view url,
                                                       const ManifestContext& context) {
  auto presentation = timelineOf(mpd, url, context);
  if (!presentation) return std::unexpected(presentation.error());
  return streamsOf(*std::move(presentation), context);
}

base::Result<std::string> rewriteManifest(std::string_view text, std::string_view url, PresentationKind kind,
                                          const PlayerPlace& place, const media::PlaylistVariables& variables,
                                          UrlSpace& space) {
  const bool dash = kind == PresentationKind::dash;
  std::optional<base::Error> refused;
  const auto rewriter = [&](const media::ManifestUri& uri) -> std::optional<std::string> {
    if (isOpaqueScheme(media::splitUri(uri.url).scheme.value_or(""))) return std::nullopt;
    const auto path = space.localPath(uri.url);
    if (!path) {
      if (!refused) refused = path.error();
      return std::nullopt;
    }
    // Not all players of DASH understand a path without a host.
    return dash ? "http://" + std::string(place.host) + *path : relativeTo(place.path, *path);
  };
  auto result = dash ? media::dash::rewriteUris(text, url, rewriter, {.withoutPatches = true})
                     : media::rewriteUris(text, url, rewriter, {.imports = variables, .withoutSteering = true});
  if (refused) return std::unexpected(*refused);
  return result;
}

}  // namespace p2pml::gateway
