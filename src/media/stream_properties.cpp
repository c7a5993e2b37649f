#include "media/stream_properties.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/assert.hpp"
#include "base/js_text.hpp"

namespace p2pml::media {
namespace {

enum class CodecKind : std::uint8_t { video, audio, other, unknown };

/// The sample entry codes that hls.js 1.6 knows; case counts.
CodecKind kindInHlsJs(std::string_view codec) {
  constexpr auto kVideo =
      std::to_array<std::string_view>({"av01", "avc1", "avc2", "avc3", "avc4", "avcp", "dav1", "drac", "dva1", "dvav",
                                       "dvh1", "dvhe", "encv", "hev1", "hvc1", "mjp2", "mp4v", "mvc1", "mvc2", "mvc3",
                                       "mvc4", "resv", "rv60", "s263", "svc1", "svc2", "vc-1", "vp08", "vp09"});
  constexpr auto kAudio = std::to_array<std::string_view>(
      {"FLAC", "Opus", "a3ds", "ac-3", "ac-4", "alac", "alaw", "dra1", "dts+", "dts-", "dtsc", "dtse",
       "dtsh", "ec-3", "enca", "fLaC", "flac", "g719", "g726", "m4ae", "mha1", "mha2", "mhm1", "mhm2",
       "mlpa", "mp4a", "opus", "samr", "sawb", "sawp", "sevc", "sqcp", "ssmv", "twos", "ulaw"});
  constexpr auto kText = std::to_array<std::string_view>({"stpp", "wvtt"});
  static_assert(std::ranges::is_sorted(kVideo) && std::ranges::is_sorted(kAudio));
  const std::string_view code = codec.substr(0, 4);
  if (std::ranges::binary_search(kVideo, code)) return CodecKind::video;
  if (std::ranges::binary_search(kAudio, code)) return CodecKind::audio;
  return std::ranges::binary_search(kText, code) ? CodecKind::other : CodecKind::unknown;
}

/// What core 5.0's manifest reader takes a codec for: the beginnings of names that it knows, in any case.
CodecKind kindInG4(std::string_view codec) {
  constexpr auto kVideo =
      std::to_array<std::string_view>({"av1", "av01", "avc1", "avc2", "avc3", "avc4", "avc01", "avc02", "avc03",
                                       "avc04", "vp8", "vp08", "vp9", "vp09", "hvc1", "hev1", "theora", "mp4v"});
  constexpr auto kAudio = std::to_array<std::string_view>(
      {"mp4a", "flac", "vorbis", "opus", "ac-3", "ac-4", "ec-3", "alac", "mp3", "speex", "aac"});
  const std::string lower = base::jsLowerCase(codec);
  const auto begins = [&](std::string_view name) { return lower.starts_with(name); };
  if (std::ranges::any_of(kVideo, begins)) return CodecKind::video;
  return std::ranges::any_of(kAudio, begins) ? CodecKind::audio : CodecKind::unknown;
}

/// The parts of `text` between any of `separators`, empty ones left out.
std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

void append(std::string& list, std::string_view item) {
  if (!list.empty()) list.push_back(',');
  list += item;
}

std::string codecsInHlsJs(const Variant& variant, CodecKind kind) {
  std::string list;
  for (const std::string_view codec : split(variant.codecs, " ,")) {
    if (kindInHlsJs(codec) == kind) append(list, codec.substr(0, codec.find('/')));
  }
  return list;
}

std::string codecsInG4(std::string_view codecs, CodecKind kind) {
  std::string list;
  for (const std::string_view part : split(codecs, ",")) {
    const std::string_view codec = base::jsTrim(part);
    if (kindInG4(codec) == kind) append(list, codec);
  }
  return list;
}

bool isKnownToHlsJs(const Variant& variant) {
  return std::ranges::none_of(split(variant.codecs, " ,"),
                              [](std::string_view codec) { return kindInHlsJs(codec) == CodecKind::unknown; });
}

/// The variants' places in the order in which hls.js lists them, behind those the ones that it leaves out.
std::vector<std::size_t> levelsOf(const MultivariantPlaylist& master) {
  std::vector<std::size_t> levels;
  std::vector<std::size_t> leftOut;
  for (std::size_t i = 0; i < master.variants.size(); ++i) {
    (isKnownToHlsJs(master.variants[i]) ? levels : leftOut).push_back(i);
  }
  levels.insert(levels.end(), leftOut.begin(), leftOut.end());
  return levels;
}

std::string frameRateOf(const Variant& variant) {
  return variant.frameRate.empty() ? "" : base::jsNumberText(base::jsNumber(variant.frameRate));
}

/// All that G4 hashes of a main stream but the bitrate.
auto g4IdentityOf(const Variant& variant) {
  const Resolution resolution = variant.resolution.value_or(Resolution{});
  return std::tuple(codecsInG4(variant.codecs, CodecKind::video), resolution.width, resolution.height,
                    frameRateOf(variant), variant.videoRange);
}

/// hls.js adds a track "main" before the renditions if none of them stands for the variants' own audio while the first
/// variant has audio and no group.
bool hasTrackOfFirstVariant(const MultivariantPlaylist& master) {
  if (master.variants.empty()) return false;
  const Variant& first = master.variants[levelsOf(master).front()];
  return first.audioGroup.empty() && !codecsInHlsJs(first, CodecKind::audio).empty() &&
         std::ranges::none_of(master.renditions, [](const Rendition& rendition) {
           return rendition.type == RenditionType::audio && !rendition.uri;
         });
}

/// hls.js takes the audio codecs of the first variant with the group, else of the first variant.
std::string audioCodecsInHlsJs(const MultivariantPlaylist& master, const std::string& group) {
  const std::vector<std::size_t> levels = levelsOf(master);
  if (levels.empty()) return {};
  // A variant that hls.js leaves out gives none, unless it leaves none out.
  const bool anyKnown = isKnownToHlsJs(master.variants[levels.front()]);
  for (const std::size_t i : levels) {
    const Variant& variant = master.variants[i];
    if (anyKnown && !isKnownToHlsJs(variant)) break;
    if (variant.audioGroup == group) return codecsInHlsJs(variant, CodecKind::audio);
  }
  return codecsInHlsJs(master.variants[levels.front()], CodecKind::audio);
}

/// Core 5.0 takes those of the first variant with the group that has any.
std::string audioCodecsInG4(const MultivariantPlaylist& master, const std::string& group) {
  for (const Variant& variant : master.variants) {
    if (variant.audioGroup != group) continue;
    std::string codecs = codecsInG4(variant.codecs, CodecKind::audio);
    if (!codecs.empty()) return codecs;
  }
  return {};
}

void setCodecsOfG4(StreamProperties& properties, std::string codecs) {
  if (codecs != properties.codecs) properties.codecsOfG4 = std::move(codecs);
}

}  // namespace

StreamProperties streamPropertiesOf(const MultivariantPlaylist& master, std::size_t variant) {
  P2PML_ASSERT(variant < master.variants.size());
  const std::vector<std::size_t> levels = levelsOf(master);
  const auto level = std::ranges::find(levels, master.variants[variant].uri,
                                       [&](std::size_t i) -> const std::string& { return master.variants[i].uri; });
  const Variant& source = master.variants[*level];

  StreamProperties properties;
  properties.index = static_cast<std::uint32_t>(level - levels.begin());
  properties.bitrate = source.bandwidth != 0 ? source.bandwidth : source.averageBandwidth.value_or(0);
  properties.codecs = codecsInHlsJs(source, CodecKind::video);
  setCodecsOfG4(properties, codecsInG4(source.codecs, CodecKind::video));
  if (source.resolution) {
    properties.width = source.resolution->width;
    properties.height = source.resolution->height;
  }
  properties.frameRate = frameRateOf(source);
  properties.videoRange = source.videoRange;
  // G4's bitrate is BANDWIDTH alone: without it there is nothing to keep.
  const auto identity = g4IdentityOf(source);
  const auto alike =
      std::ranges::count_if(master.variants, [&](const Variant& other) { return g4IdentityOf(other) == identity; });
  properties.bitrateDistinguishes = source.bandwidth != 0 && alike > 1;
  return properties;
}

StreamProperties audioStreamProperties(const MultivariantPlaylist& master, std::size_t rendition) {
  P2PML_ASSERT(rendition < master.renditions.size());
  const std::optional<std::string>& uri = master.renditions[rendition].uri;
  P2PML_ASSERT(master.renditions[rendition].type == RenditionType::audio && uri);
  const auto variant = std::ranges::find(master.variants, *uri, &Variant::uri);
  if (variant != master.variants.end()) {
    return streamPropertiesOf(master, static_cast<std::size_t>(variant - master.variants.begin()));
  }

  StreamProperties properties;
  properties.type = StreamType::secondary;
  properties.index = hasTrackOfFirstVariant(master) ? 1 : 0;
  const Rendition* source = nullptr;
  for (const Rendition& candidate : master.renditions) {
    if (candidate.type != RenditionType::audio) continue;
    if (candidate.uri == uri) {
      source = &candidate;
      break;
    }
    ++properties.index;
  }
  properties.codecs = audioCodecsInHlsJs(master, source->groupId);
  setCodecsOfG4(properties, audioCodecsInG4(master, source->groupId));
  properties.language = source->language;
  properties.channels = source->channels;
  properties.name = source->name;
  return properties;
}

std::string videoCodecsOfG4(std::string_view codecs) { return codecsInG4(codecs, CodecKind::video); }

StreamProperties streamPropertiesWithoutMaster() { return {}; }

}  // namespace p2pml::media
