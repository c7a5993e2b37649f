#include "media/hls_timeline.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/js_text.hpp"
#include "media/uri.hpp"

namespace p2pml::media {
namespace {

TrackKind kindOf(RenditionType type) {
  switch (type) {
    case RenditionType::audio: return TrackKind::audio;
    case RenditionType::video: return TrackKind::video;
    case RenditionType::subtitles: return TrackKind::subtitles;
    case RenditionType::closedCaptions: break;
  }
  return TrackKind::other;
}

/// Whether a variant's playlist can have video: it says so, or does not say that it has audio alone.
bool hasVideo(const Variant& variant) {
  if (variant.resolution || variant.codecs.empty()) return true;
  std::string_view rest = variant.codecs;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view codec = base::jsTrim(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const bool audio = std::ranges::any_of(std::to_array<std::string_view>({"mp4a", "ac-3", "ec-3", "ac-4", "opus",
                                                                            "Opus", "fLaC", "flac", "alac", "mp3"}),
                                           [&](std::string_view name) { return codec.starts_with(name); });
    if (!codec.empty() && !audio) return true;
  }
  return false;
}

void takeVariant(TimelineStream& stream, const Variant& variant) {
  stream.id = variant.uri;
  stream.url = variant.uri;
  stream.codecs = variant.codecs;
  stream.bandwidth = variant.bandwidth;
  stream.resolution = variant.resolution;
  stream.frameRate = variant.frameRate;
  stream.label = variant.name;
  stream.group = variant.audioGroup;
}

/// A name by which engines keep streams apart that G0 does not share: like a shared one's, with the URL.
void nameApart(TimelineStream& stream, std::string_view requestUrl, std::string_view swarmId) {
  stream.names.masterSwarmId = masterSwarmIdOf(requestUrl, swarmId);
  stream.names.streamSwarmId = stream.names.masterSwarmId + "+" + stream.url;
}

/// The swarms of G2 and G3 go by the URL after redirects (docs/protocol/peer-binary.md 5b.1).
void setRedirected(StreamNames& names, std::string_view url, std::string_view swarmId) {
  std::string redirected = masterSwarmIdOf(url, swarmId);
  if (redirected != names.masterSwarmId) names.properties.redirectedSwarmId = std::move(redirected);
}

base::Error refusedUrl(std::string_view what, std::string_view url) {
  return {base::ErrorCode::malformed, "playlist: " + std::string(what) + " \"" + std::string(url.substr(0, 100)) +
                                          "\": expected a URL of http or https"};
}

/// Streams of a multivariant playlist one after the other.
class Streams {
 public:
  explicit Streams(Presentation& presentation) : presentation_(presentation) {}

  /// Whether the playlist at `uri` is a stream that is not there yet.
  bool accepts(const std::string& uri) {
    if (!seen_.insert(uri).second) return false;
    if (isHttpUrl(uri)) return true;
    constexpr std::size_t kMaxNotes = 100;
    if (presentation_.notes.size() < kMaxNotes) presentation_.notes.push_back(refusedUrl("stream", uri).detail);
    return false;
  }

 private:
  Presentation& presentation_;
  std::set<std::string_view> seen_;
};

}  // namespace

Presentation presentationOf(const MultivariantPlaylist& master, std::string_view url, std::string_view requestUrl,
                            std::string_view swarmId) {
  Presentation presentation;
  presentation.kind = PresentationKind::hls;
  presentation.url = url;
  Streams streams(presentation);
  for (std::size_t i = 0; i < master.variants.size(); ++i) {
    const Variant& variant = master.variants[i];
    if (!streams.accepts(variant.uri)) continue;
    TimelineStream stream;
    stream.kind = hasVideo(variant) ? TrackKind::video : TrackKind::audio;
    takeVariant(stream, variant);
    stream.names = streamNamesOfVariant(requestUrl, master, i, swarmId);
    setRedirected(stream.names, url, swarmId);
    stream.sharedInG0 = stream.sharedInBinary = true;
    presentation.streams.push_back(std::move(stream));
  }
  for (std::size_t i = 0; i < master.renditions.size(); ++i) {
    const Rendition& rendition = master.renditions[i];
    if (!rendition.uri || !streams.accepts(*rendition.uri)) continue;
    TimelineStream stream;
    stream.kind = kindOf(rendition.type);
    stream.id = stream.url = *rendition.uri;
    stream.language = rendition.language;
    stream.label = rendition.name;
    stream.channels = rendition.channels;
    stream.group = rendition.groupId;
    if (!rendition.characteristics.empty()) stream.roles.push_back(rendition.characteristics);
    nameApart(stream, requestUrl, swarmId);
    if (rendition.type == RenditionType::audio) {
      stream.names.properties = audioStreamProperties(master, i);
      stream.codecs = stream.names.properties.codecs;
      setRedirected(stream.names, url, swarmId);
      stream.sharedInBinary = true;
    }
    presentation.streams.push_back(std::move(stream));
  }
  for (const Variant& variant : master.iFrameVariants) {
    if (!streams.accepts(variant.uri)) continue;
    TimelineStream stream;
    stream.kind = TrackKind::iFrames;
    takeVariant(stream, variant);
    nameApart(stream, requestUrl, swarmId);
    presentation.streams.push_back(std::move(stream));
  }
  return presentation;
}

base::Result<Presentation> presentationOf(const MediaPlaylist& playlist, std::string_view url,
                                          std::string_view requestUrl, std::string_view swarmId) {
  Presentation presentation;
  presentation.kind = PresentationKind::hls;
  presentation.url = url;
  TimelineStream stream;
  stream.kind = playlist.iFramesOnly ? TrackKind::iFrames : TrackKind::video;
  stream.id = stream.url = url;
  stream.names = streamNamesWithoutMaster(requestUrl, swarmId);
  setRedirected(stream.names, url, swarmId);
  stream.sharedInG0 = stream.sharedInBinary = !playlist.iFramesOnly;
  if (auto status = setSegments(stream, playlist); !status) return std::unexpected(status.error());
  presentation.live = stream.live;
  presentation.refreshInterval = stream.refreshInterval;
  if (playlist.endList) presentation.duration = playlist.duration();
  if (playlist.serverControl) presentation.suggestedDelay = playlist.serverControl->holdBack;
  presentation.streams.push_back(std::move(stream));
  return presentation;
}

base::Result<void> setSegments(TimelineStream& stream, const MediaPlaylist& playlist) {
  if (playlist.skipped) {
    return base::fail(base::ErrorCode::limitExceeded, "playlist: a delta update, expected it to be merged");
  }
  if (playlist.segments.size() > kMaxTimelineSegments) {
    return base::fail(base::ErrorCode::limitExceeded, "playlist: more than 400000 segments");
  }
  for (const MediaSegment& segment : playlist.segments) {
    if (!segment.gap && !isHttpUrl(segment.uri)) return std::unexpected(refusedUrl("segment", segment.uri));
  }
  for (const SegmentMap& map : playlist.maps) {
    if (!isHttpUrl(map.uri)) return std::unexpected(refusedUrl("EXT-X-MAP", map.uri));
  }
  for (const SegmentKey& key : playlist.keys) {
    if (!isKeyUrl(key.uri)) return std::unexpected(refusedUrl("EXT-X-KEY", key.uri));
  }
  stream.keys.clear();
  for (const SegmentKey& key : playlist.keys) {
    stream.keys.push_back({key.method, key.uri, key.keyFormat, {}, key.iv});
  }
  stream.inits.clear();
  for (const SegmentMap& map : playlist.maps) stream.inits.push_back({map.uri, map.byteRange, map.keys});

  stream.live = !playlist.endList;
  stream.targetDuration = playlist.targetDuration;
  // "If the client loads a Playlist and finds that it has changed, it must wait at least the target duration" (section
  // 6.3.4); a server that blocks is asked at once, and gaps of half of it are for playlists that did not change.
  stream.refreshInterval = playlist.endList ? std::nullopt : std::optional(playlist.targetDuration);
  stream.segments.clear();
  stream.segments.reserve(playlist.segments.size());
  base::Duration start{};
  for (std::size_t place = 0; place < playlist.segments.size(); ++place) {
    const MediaSegment& source = playlist.segments[place];
    TimelineSegment segment;
    segment.url = source.uri;
    segment.range = source.byteRange;
    segment.start = start;
    segment.duration = source.duration;
    segment.number = source.sequence;
    segment.sequence = std::to_string(source.sequence);
    segment.externalId = externalIdOf(playlist, place);
    segment.externalIdOfG4 = static_cast<std::int64_t>(source.sequence);
    segment.dateTime = source.dateTime;
    segment.period = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(source.discontinuitySequence - playlist.discontinuitySequence, ~std::uint32_t{0}));
    segment.discontinuity = source.discontinuity;
    segment.gap = source.gap;
    segment.init = source.map;
    segment.keys = source.keys;
    start += source.duration;
    stream.segments.push_back(std::move(segment));
  }
  return {};
}

}  // namespace p2pml::media
