#include "media/dash_names.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <tuple>

#include "base/js_text.hpp"
#include "media/m3u8_lexer.hpp"
#include "media/stream_properties.hpp"

namespace p2pml::media {
namespace {

double secondsOf(base::Duration duration) {
  // Exact below 2^53 microseconds; a manifest's own seconds have few digits, so the quotient is the nearest double to
  // what is written there.
  return static_cast<double>(duration.count()) / 1e6;
}

/// From the Period's start. As Shaka reckons: the times of a timeline in units, those of @duration by its seconds.
double inPeriod(const DashTime& time) {
  if (time.segmentUnits == 0) return static_cast<double>(time.units) / static_cast<double>(time.timescale);
  const double segment = static_cast<double>(time.segmentUnits) / static_cast<double>(time.timescale);
  return static_cast<double>(time.index) * segment;
}

std::int64_t wholeNumber(double value) {
  constexpr double kMax = 9'007'199'254'740'991.0;
  return static_cast<std::int64_t>(std::clamp(value, -kMax, kMax));
}

constexpr std::string_view kTrickMode = "http://dashif.org/guidelines/trickmode";

bool isTrickMode(const MpdDescriptors& descriptors) {
  const auto says = [](const MpdDescriptor& property) { return property.schemeIdUri == kTrickMode; };
  return std::ranges::any_of(descriptors.essential, says) || std::ranges::any_of(descriptors.supplemental, says);
}

/// Channels as Shaka 4 counts them: by the MPEG schemes the plain number.
std::string channelsOf(const MpdAdaptationSet& set, const MpdRepresentation& representation) {
  for (const MpdDescriptors* descriptors : {&representation.own, &set.own}) {
    for (const MpdDescriptor& channels : descriptors->channels) {
      if (channels.schemeIdUri.find("23003:3:audio_channel_configuration") == std::string::npos) continue;
      const auto count = parseDecimalInteger(channels.value);
      if (count && *count > 0) return std::to_string(*count);
    }
  }
  return {};
}

/// By ISO/IEC 23091-2: what Shaka 4 calls the transfer characteristics.
std::string videoRangeOf(const MpdAdaptationSet& set, const MpdRepresentation& representation) {
  for (const auto* properties :
       {&representation.own.essential, &representation.own.supplemental, &set.own.essential, &set.own.supplemental}) {
    for (const MpdDescriptor& property : *properties) {
      if (property.schemeIdUri != "urn:mpeg:mpegB:cicp:TransferCharacteristics") continue;
      constexpr auto kSdr = std::to_array<std::string_view>({"1", "6", "13", "14", "15"});
      if (std::ranges::find(kSdr, property.value) != kSdr.end()) return "SDR";
      if (property.value == "16") return "PQ";
      if (property.value == "18") return "HLG";
    }
  }
  return {};
}

/// Without the audio codecs, lower case, as the integration of 2.3 hands them on.
std::string videoCodecsOf(const std::string& codecs) {
  constexpr auto kAudio = std::to_array<std::string_view>({"mp4a", "ac-3", "ec-3", "ec+3", "opus", "vorb", "flac"});
  std::string list;
  for (std::string_view rest = codecs; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string codec = base::jsLowerCase(base::jsTrim(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (std::ranges::any_of(kAudio, [&](std::string_view name) { return codec.starts_with(name); })) continue;
    if (!list.empty()) list += ',';
    list += codec;
  }
  return list;
}

/// All that G4 hashes of a main stream but the bitrate.
auto identityOfG4(const StreamProperties& properties) {
  const StreamProperties::DashOfG4& g4 = *properties.dashOfG4;
  return std::tuple(properties.type, g4.codecs, properties.width, properties.height, g4.frameRate);
}

}  // namespace

std::string toFixed3(double value) {
  // Exactly: value = mantissa * 2^exponent, so value * 1000 is a whole number of such powers.
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const bool negative = (bits >> 63) != 0;
  const auto exponentBits = static_cast<int>(bits >> 52 & 0x7ff);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  const std::uint64_t mantissa = exponentBits == 0 ? fraction : fraction | std::uint64_t{1} << 52;
  const int shift = 1075 - std::max(exponentBits, 1);  // value = mantissa / 2^shift
  const std::uint64_t thousandfold = mantissa * 1000;  // below 2^63
  std::uint64_t thousandths = 0;
  if (shift <= 0) {
    thousandths = thousandfold << std::min(-shift, 63);
  } else if (shift < 64) {
    // The nearest, of two as near the larger (ECMA-262 21.1.3.3).
    thousandths = (thousandfold >> shift) + (thousandfold >> (shift - 1) & 1);
  }
  std::string text = std::to_string(thousandths % 1000);
  text.insert(0, 3 - text.size(), '0');
  text = std::to_string(thousandths / 1000) + "." + text;
  return negative && thousandths != 0 ? "-" + text : text;
}

void nameSegment(TimelineSegment& segment, const DashTime& time) {
  const double within = inPeriod(time);
  const double start = within + secondsOf(time.periodStart);
  // G0's player, Shaka 2, counts from the start of the Period.
  segment.sequence = toFixed3(within);
  constexpr double kResolution = 0.5;
  segment.externalId = wholeNumber(std::trunc(start / kResolution));
  segment.externalIdOfG4 = wholeNumber(std::floor(start * 10 + 0.5));
}

TrackKind kindOf(const MpdAdaptationSet& set, const MpdRepresentation& representation) {
  if (isTrickMode(set.own) || isTrickMode(representation.own)) return TrackKind::iFrames;
  const std::string_view mime = representation.mimeType;
  const std::string_view codecs = representation.codecs;
  const auto begins = [](std::string_view text, std::initializer_list<std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view name) { return text.starts_with(name); });
  };
  if (set.contentType == "text" || mime.starts_with("text/") || mime == "application/ttml+xml" ||
      begins(codecs, {"stpp", "wvtt"})) {
    return TrackKind::subtitles;
  }
  if (set.contentType == "video" || mime.starts_with("video/")) return TrackKind::video;
  if (set.contentType == "audio" || mime.starts_with("audio/")) return TrackKind::audio;
  if (!set.contentType.empty() || !mime.empty()) return TrackKind::other;
  if (representation.width != 0 || begins(codecs, {"avc", "hvc", "hev", "vp0", "vp9", "av01"})) return TrackKind::video;
  return begins(codecs, {"mp4a", "ac-3", "ec-3", "opus"}) ? TrackKind::audio : TrackKind::other;
}

bool isPlayedByShaka2(const MpdAdaptationSet& set) {
  return std::ranges::all_of(set.own.essential,
                             [](const MpdDescriptor& property) { return property.schemeIdUri == kTrickMode; });
}

std::string frameRateNumber(std::string_view frameRate) {
  if (frameRate.empty()) return {};
  const std::size_t slash = frameRate.find('/');
  double value = base::jsNumber(frameRate.substr(0, slash));
  if (slash != std::string_view::npos) value = value / base::jsNumber(frameRate.substr(slash + 1));
  return std::isfinite(value) && value > 0 ? base::jsNumberText(value) : std::string();
}

void nameStreams(Presentation& presentation,
                 const std::vector<std::pair<const MpdAdaptationSet*, const MpdRepresentation*>>& sources,
                 std::string_view requestUrl, std::string_view swarmId) {
  std::vector<TimelineStream>& streams = presentation.streams;
  const std::string master = masterSwarmIdOf(requestUrl, swarmId);
  const std::string redirected = masterSwarmIdOf(presentation.url, swarmId);
  const bool anyVideo =
      std::ranges::any_of(streams, [](const TimelineStream& stream) { return stream.kind == TrackKind::video; });
  const auto firstAudio =
      std::ranges::find_if(streams, [](const TimelineStream& stream) { return stream.kind == TrackKind::audio; });
  std::uint32_t videos = 0;
  std::uint32_t audios = 0;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    TimelineStream& stream = streams[i];
    const auto& [set, representation] = sources[i];
    stream.names.masterSwarmId = master;
    stream.names.streamSwarmId = master + "+" + stream.names.streamId.value_or(stream.id);
    if (stream.kind != TrackKind::video && stream.kind != TrackKind::audio) continue;

    StreamProperties& properties = stream.names.properties;
    StreamProperties::DashOfG4 g4;
    if (redirected != master) properties.redirectedSwarmId = redirected;
    if (stream.kind == TrackKind::video) {
      properties.index = videos++;
      // A variant of Shaka has the bandwidth of both its streams; the first one with this video has the first audio.
      properties.bitrate = stream.bandwidth + (firstAudio != streams.end() ? firstAudio->bandwidth : 0);
      properties.codecs = videoCodecsOf(stream.codecs);
      properties.width = g4.width = representation->width;
      properties.height = g4.height = representation->height;
      properties.frameRate = g4.frameRate = frameRateNumber(representation->frameRate);
      properties.videoRange = videoRangeOf(*set, *representation);
      g4.bitrate = stream.bandwidth;
      g4.codecs = videoCodecsOfG4(stream.codecs);
    } else {
      properties.index = audios++;
      properties.type = anyVideo ? StreamType::secondary : StreamType::main;
      const std::string channels = channelsOf(*set, *representation);
      if (anyVideo) {
        properties.codecs = stream.codecs;
        properties.language = stream.language;
        properties.channels = channels;
        properties.name = stream.label.empty() ? stream.id : stream.label;
      } else {
        properties.bitrate = stream.bandwidth;
      }
      g4.codecs = stream.codecs;
      g4.language = stream.language;
      g4.channels = channels;
      g4.name = stream.id;
    }
    properties.dashOfG4 = std::move(g4);
    stream.sharedInBinary = true;
    // Its integration loads nothing but video through the loader.
    stream.sharedInG0 = stream.kind == TrackKind::video && stream.names.streamId.has_value();
  }
  for (TimelineStream& stream : streams) {
    StreamProperties& properties = stream.names.properties;
    if (!properties.dashOfG4 || stream.kind != TrackKind::video || stream.bandwidth == 0) continue;
    const auto alike = std::ranges::count_if(streams, [&](const TimelineStream& other) {
      return other.kind == TrackKind::video && identityOfG4(other.names.properties) == identityOfG4(properties);
    });
    properties.bitrateDistinguishes = alike > 1;
  }
}

}  // namespace p2pml::media
