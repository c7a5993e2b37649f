#include "engine/identity.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "base/js_text.hpp"
#include "base/md5.hpp"
#include "base/sha1.hpp"

namespace p2pml::engine {
namespace {

/// The value of a decimal integer as it would be printed: no sign, no leading zeros. None above `max`.
std::optional<std::uint64_t> canonicalDecimal(std::string_view text, std::uint64_t max) {
  if (text.empty() || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

std::string hexOfTwoDigits(std::uint64_t value) {
  std::string hex(16, '0');
  const auto [end, status] = std::to_chars(hex.data(), hex.data() + hex.size(), value, 16);
  hex.resize(static_cast<std::size_t>(end - hex.data()));
  return hex.size() < 2 ? "0" + hex : hex;
}

/// Decimal avc1.P.L of RFC 4281 becomes hexadecimal; also `avc`, as the package does. `codec` is trimmed, lower case.
std::string normalisedCodec(std::string codec) {
  const std::string_view text = codec;
  const std::size_t first = text.find('.');
  if (first == std::string_view::npos) return codec;
  const std::size_t second = text.find('.', first + 1);
  if (second == std::string_view::npos) return codec;
  const std::string_view name = text.substr(0, first);
  if (name != "avc1" && name != "avc") return codec;
  const auto profile = canonicalDecimal(text.substr(first + 1, second - first - 1), kMaxSegmentNumber);
  const auto level = canonicalDecimal(text.substr(second + 1), kMaxSegmentNumber);
  if (!profile || !level) return codec;
  return std::string(name) + "." + hexOfTwoDigits(*profile) + "00" + hexOfTwoDigits(*level);
}

std::string normalisedCodecs(std::string_view codecs) {
  if (codecs.empty()) return {};
  std::vector<std::string> items;
  for (;;) {
    const std::size_t comma = std::min(codecs.find(','), codecs.size());
    items.push_back(normalisedCodec(base::jsLowerCase(base::jsTrim(codecs.substr(0, comma)))));
    if (comma == codecs.size()) break;
    codecs.remove_prefix(comma + 1);
  }
  // JavaScript sorts by UTF-16 code units, which for ASCII is by bytes; codecs are ASCII (RFC 6381).
  std::ranges::sort(items);
  std::string list = std::move(items.front());
  for (std::size_t i = 1; i < items.size(); ++i) list += "," + items[i];
  return list;
}

std::string normalisedFrameRate(std::string_view frameRate) {
  if (frameRate.empty()) return {};
  const double value = base::jsNumber(frameRate);
  return std::isnan(value) ? std::string() : base::jsNumberText(value);
}

std::string upperCaseAscii(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return upper;
}

std::string textUnlessZero(std::uint32_t value) { return value == 0 ? std::string() : std::to_string(value); }

/// Both generations' order of fields; the arguments as each wants them written.
std::string propertyString(std::string_view bitrate, const media::StreamProperties& stream, std::string_view codecs,
                           std::string_view language, std::string_view channels, std::string_view name,
                           std::string_view frameRate, std::string_view videoRange) {
  std::string text(bitrate);
  const std::string width = textUnlessZero(stream.width);
  const std::string height = textUnlessZero(stream.height);
  for (const std::string_view field :
       {codecs, std::string_view(width), std::string_view(height), language, channels, name, frameRate, videoRange}) {
    text.push_back('-');
    text += field;
  }
  return text;
}

/// hls.js takes a number that JavaScript cannot hold exactly for infinite.
std::string hlsJsBitrate(std::uint64_t bitrate) {
  return bitrate > static_cast<std::uint64_t>(kMaxSegmentNumber) ? "Infinity" : std::to_string(bitrate);
}

std::string normalisedProperties(const media::StreamProperties& stream) {
  // The integrations of 2.3 leave all out for a variant without a bitrate.
  if (stream.type == media::StreamType::main && stream.bitrate == 0)
    return propertyString("0", {}, {}, {}, {}, {}, {}, {});
  const std::string language =
      stream.language == "und" ? std::string() : base::jsLowerCase(base::jsPrefix(stream.language, 2));
  const std::string name = base::jsLowerCase(stream.name);
  const std::string videoRange = upperCaseAscii(stream.videoRange);
  return propertyString(hlsJsBitrate(stream.bitrate), stream, normalisedCodecs(stream.codecs), language,
                        std::string_view(stream.channels).substr(0, stream.channels.find('/')), base::jsTrim(name),
                        normalisedFrameRate(stream.frameRate), base::jsTrim(videoRange));
}

std::string rawProperties(const media::StreamProperties& stream) {
  if (stream.dashOfG4) {
    const auto& dash = *stream.dashOfG4;
    media::StreamProperties size;
    size.width = dash.width;
    size.height = dash.height;
    const std::uint64_t bandwidth = stream.bitrateDistinguishes ? dash.bitrate : 0;
    return propertyString(base::jsNumberText(static_cast<double>(bandwidth)), size, dash.codecs, dash.language,
                          dash.channels, dash.name, dash.frameRate, {});
  }
  const std::uint64_t bitrate = stream.bitrateDistinguishes ? stream.bitrate : 0;
  return propertyString(base::jsNumberText(static_cast<double>(bitrate)), stream,
                        stream.codecsOfG4.value_or(stream.codecs), stream.language, stream.channels, stream.name,
                        stream.frameRate, stream.videoRange);
}

/// Base64 of 15 bytes: 20 characters, which are the infohash.
base::InfoHash fromBase64Text(std::span<const std::uint8_t, 15> digest) {
  return base::InfoHash::fromRaw(base::toBase64(digest));
}

}  // namespace

const std::string& masterSwarmOf(const Segment& segment, const std::string& streamSwarmId) {
  return segment.masterSwarmId.empty() ? streamSwarmId : segment.masterSwarmId;
}

std::optional<WireName> wireNameOf(const Segment& segment, const std::string& streamSwarmId) {
  WireName name;
  name.entry = segment.sequence.empty() ? segment.id : segment.sequence;
  if (name.entry.empty() || name.entry.find('|') != std::string::npos) return std::nullopt;
  if (segment.masterSwarmId.empty()) {
    name.stream.value = streamSwarmId;
  } else if (segment.streamId) {
    name.stream.value = segment.masterSwarmId + "+" + *segment.streamId;
  } else {
    name.stream.value = segment.masterSwarmId;
  }
  name.id.value = name.stream.value + "+" + name.entry;

  const auto inRange = [](std::optional<std::int64_t> number) {
    return number && (*number < 0 || *number > kMaxSegmentNumber) ? std::nullopt : number;
  };
  const std::optional<std::int64_t> external = inRange(segment.externalId);
  const std::optional<std::int64_t> ofG4 = inRange(segment.externalIdOfG4);
  std::optional<std::int64_t> sequence;
  if (const auto value = canonicalDecimal(segment.sequence, kMaxSegmentNumber)) {
    sequence = static_cast<std::int64_t>(*value);
  }
  name.number = external ? external : sequence;
  name.sequence = ofG4 ? ofG4 : sequence ? sequence : external;
  return name;
}

std::string streamKeyOf(Generation generation, const media::StreamProperties& stream) {
  const StreamNaming naming = infoOf(generation).streamNaming;
  if (naming == StreamNaming::streamSwarmId) return {};
  if (!stream.key.empty()) return stream.key;
  if (naming == StreamNaming::index) return std::to_string(stream.index);
  const bool normalise = naming == StreamNaming::normalisedProperties;
  return base::toBase64(base::sha1(normalise ? normalisedProperties(stream) : rawProperties(stream)));
}

std::string swarmIdOf(Generation generation, const std::string& streamSwarmId, const std::string& masterSwarmId,
                      const media::StreamProperties& stream) {
  const GenerationInfo& info = infoOf(generation);
  if (info.streamNaming == StreamNaming::streamSwarmId) return streamSwarmId;
  const bool byResponse = info.manifestUrl == ManifestUrl::response && !stream.redirectedSwarmId.empty();
  const std::string& manifest = byResponse ? stream.redirectedSwarmId : masterSwarmId;
  std::string id(info.swarmPrefix);
  for (const std::string_view part : {std::string_view(manifest), std::string_view(toString(stream.type))}) {
    id.push_back('-');
    id += part;
  }
  return id + "-" + streamKeyOf(generation, stream);
}

base::InfoHash infoHashOf(Generation generation, const std::string& swarmId) {
  switch (infoOf(generation).infoHash) {
    case InfoHashRule::md5Base64: {
      const auto digest = base::md5(swarmId);
      return fromBase64Text(std::span(digest).last<15>());
    }
    case InfoHashRule::sha1Base64: {
      const auto digest = base::sha1(swarmId);
      return fromBase64Text(std::span(digest).first<15>());
    }
    case InfoHashRule::sha1: break;
  }
  base::InfoHash hash;
  hash.value = base::sha1("2" + swarmId);
  return hash;
}

base::PeerId makePeerId(Generation generation, base::Rng& rng) {
  return base::PeerId::fromRaw(std::string(infoOf(generation).peerIdPrefix) + rng.alphanumeric(12));
}

std::optional<media::StreamProperties> streamFromStreamId(const std::string& streamId) {
  if (!streamId.starts_with('V') && !streamId.starts_with('A')) return std::nullopt;
  const auto index = canonicalDecimal(std::string_view(streamId).substr(1), std::numeric_limits<std::uint32_t>::max());
  if (!index) return std::nullopt;
  media::StreamProperties stream;
  stream.type = streamId.front() == 'V' ? media::StreamType::main : media::StreamType::secondary;
  stream.index = static_cast<std::uint32_t>(*index);
  return stream;
}

}  // namespace p2pml::engine
