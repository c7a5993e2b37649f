#include "platform/web/records.hpp"

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "engine/generation.hpp"

namespace p2pml::web {

namespace {

using base::ErrorCode;
using base::fail;
using base::Json;

/// A queue of 100 000 segments with long URLs.
constexpr base::JsonLimits kSegmentsLimits{.bytes = std::size_t{256} << 20, .depth = 8, .values = 4'000'000};

// ------------------------------------------------------------------------------------------------------------ writing

void appendKey(std::string& out, std::string_view key) {
  if (out.back() != '{') out.push_back(',');
  out.push_back('"');
  out += key;
  out += "\":";
}
void append(std::string& out, std::string_view key, std::string_view value) {
  appendKey(out, key);
  base::appendJsonString(out, value);
}
void append(std::string& out, std::string_view key, std::int64_t value) {
  appendKey(out, key);
  base::appendJsonNumber(out, static_cast<double>(value));
}
void appendOptional(std::string& out, std::string_view key, const std::optional<std::string>& value) {
  if (value) append(out, key, std::string_view(*value));
}

// ------------------------------------------------------------------------------------------------------------ reading

/// Reads members of one object. What is missing or null leaves its target as it was; the first wrong one is the error.
class Reader {
 public:
  Reader(const Json& object, std::string what) : object_(object), what_(std::move(what)) {
    if (object.object() == nullptr) wrong("", "an object", object);
  }

  void read(std::string_view key, std::string& out) {
    if (const Json* value = member(key)) {
      if (const std::string* text = value->string()) {
        out = *text;
      } else {
        wrong(key, "a string", *value);
      }
    }
  }
  void read(std::string_view key, bool& out) {
    if (const Json* value = member(key)) {
      if (const bool* flag = value->boolean()) {
        out = *flag;
      } else {
        wrong(key, "a boolean", *value);
      }
    }
  }
  template <class T>
  void readInteger(std::string_view key, T& out) {
    if (const Json* value = member(key)) {
      const auto number = value->integer();
      if (number && std::in_range<T>(*number)) {
        out = static_cast<T>(*number);
      } else {
        wrong(key, "a whole number", *value);
      }
    }
  }
  template <class T>
  void read(std::string_view key, std::optional<T>& out) {
    if (member(key) == nullptr) return;
    T value{};
    if constexpr (std::is_integral_v<T>) {
      readInteger(key, value);
    } else {
      read(key, value);
    }
    out = std::move(value);
  }
  void expect(bool holds, std::string_view key, std::string_view expected) {
    if (!holds && !error_) error_ = base::Error{ErrorCode::malformed, where(key) + "expected " + std::string(expected)};
  }

  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }

 private:
  const Json* member(std::string_view key) const {
    const Json* value = error_ ? nullptr : object_.find(key);
    return value == nullptr || value->isNull() ? nullptr : value;
  }
  void wrong(std::string_view key, std::string_view expected, const Json& got) {
    error_ = base::Error{ErrorCode::malformed,
                         where(key) + "expected " + std::string(expected) + ", got " + std::string(got.typeName())};
  }
  [[nodiscard]] std::string where(std::string_view key) const {
    return what_ + (key.empty() ? "" : ": ") + std::string(key) + ": ";
  }

  const Json& object_;
  const std::string what_;
  std::optional<base::Error> error_;
};

base::Result<engine::Segment> segmentOf(const Json& json, std::string what) {
  engine::Segment segment;
  Reader reader(json, std::move(what));
  reader.read("id", segment.id);
  reader.read("url", segment.url);
  reader.read("range", segment.range);
  reader.readInteger("priority", segment.priority);
  reader.read("masterSwarmId", segment.masterSwarmId);
  reader.read("masterManifestUri", segment.masterManifestUri);
  reader.read("streamId", segment.streamId);
  reader.read("sequence", segment.sequence);
  reader.read("externalId", segment.externalId);
  reader.read("duration", segment.duration);
  reader.read("neededIn", segment.neededIn);
  reader.readInteger("downloadBandwidth", segment.downloadBandwidth);
  reader.readInteger("downloadSpeed", segment.downloadSpeed);
  reader.read("requestUrl", segment.requestUrl);
  reader.read("responseUrl", segment.responseUrl);
  reader.expect(!segment.id.empty(), "id", "a string that is not empty");
  if (reader.error()) return std::unexpected(*reader.error());
  return segment;
}

}  // namespace

void appendPart(std::string& out, const PayloadPart& part) {
  out.push_back('[');
  base::appendJsonNumber(out, part.handle);
  out.push_back(',');
  base::appendJsonNumber(out, static_cast<double>(part.offset));
  out.push_back(',');
  base::appendJsonNumber(out, static_cast<double>(part.length));
  out.push_back(']');
}

void appendSegment(std::string& out, const engine::Segment& segment) {
  out.push_back('{');
  append(out, "id", segment.id);
  append(out, "url", segment.url);
  appendOptional(out, "range", segment.range);
  append(out, "priority", segment.priority);
  append(out, "masterSwarmId", segment.masterSwarmId);
  append(out, "masterManifestUri", segment.masterManifestUri);
  appendOptional(out, "streamId", segment.streamId);
  append(out, "sequence", segment.sequence);
  if (segment.externalId) append(out, "externalId", *segment.externalId);
  if (segment.duration) append(out, "duration", *segment.duration);
  if (segment.neededIn) append(out, "neededIn", *segment.neededIn);
  if (segment.data) {
    appendKey(out, "data");
    appendPart(out, Payloads::partOf(*segment.data));
  }
  if (segment.downloadBandwidth != 0) append(out, "downloadBandwidth", segment.downloadBandwidth);
  if (segment.downloadSpeed != 0) append(out, "downloadSpeed", segment.downloadSpeed);
  appendOptional(out, "requestUrl", segment.requestUrl);
  appendOptional(out, "responseUrl", segment.responseUrl);
  out.push_back('}');
}

base::Result<std::vector<engine::Segment>> readSegments(std::string_view text) {
  const auto json = base::parseJson(text, kSegmentsLimits);
  if (!json) return std::unexpected(json.error());
  const Json::Array* array = json->array();
  if (array == nullptr) {
    return fail(ErrorCode::malformed, "segments: expected an array, got " + std::string(json->typeName()));
  }
  std::vector<engine::Segment> segments;
  segments.reserve(array->size());
  for (const Json& item : *array) {
    auto segment = segmentOf(item, "segments[" + std::to_string(segments.size()) + "]");
    if (!segment) return std::unexpected(segment.error());
    segments.push_back(*std::move(segment));
  }
  return segments;
}

base::Result<engine::Segment> readSegment(std::string_view text) {
  const auto json = base::parseJson(text);
  if (!json) return std::unexpected(json.error());
  return segmentOf(*json, "segment");
}

base::Result<media::StreamProperties> readStream(std::string_view text) {
  const auto json = base::parseJson(text);
  if (!json) return std::unexpected(json.error());
  media::StreamProperties stream;
  std::string type = toString(stream.type);
  Reader reader(*json, "stream");
  reader.read("type", type);
  reader.readInteger("index", stream.index);
  reader.readInteger("bitrate", stream.bitrate);
  reader.read("codecs", stream.codecs);
  reader.readInteger("width", stream.width);
  reader.readInteger("height", stream.height);
  reader.read("language", stream.language);
  reader.read("channels", stream.channels);
  reader.read("name", stream.name);
  reader.read("frameRate", stream.frameRate);
  reader.read("videoRange", stream.videoRange);
  reader.read("key", stream.key);
  reader.read("bitrateDistinguishes", stream.bitrateDistinguishes);
  reader.read("codecsOfG4", stream.codecsOfG4);
  reader.read("redirectedSwarmId", stream.redirectedSwarmId);
  if (type == "secondary") stream.type = media::StreamType::secondary;
  reader.expect(type == toString(stream.type), "type", "\"main\" or \"secondary\"");
  if (reader.error()) return std::unexpected(*reader.error());
  return stream;
}

std::string toText(const engine::Details& details) {
  std::string out = "{";
  append(out, "peerId", details.peerId);
  appendKey(out, "peers");
  out.push_back('[');
  for (const engine::PeerDetails& peer : details.peers) {
    out += out.back() == '[' ? "{" : ",{";
    append(out, "id", base::toHex(peer.id.view()));
    append(out, "generation", infoOf(peer.generation).name);
    append(out, "remoteAddress", peer.remoteAddress);
    append(out, "bytesDownloaded", static_cast<std::int64_t>(peer.bytesDownloaded));
    append(out, "bytesUploaded", static_cast<std::int64_t>(peer.bytesUploaded));
    append(out, "segments", static_cast<std::int64_t>(peer.segments));
    out.push_back('}');
  }
  out += "],\"swarms\":[";
  for (const engine::SwarmDetails& swarm : details.swarms) {
    out += out.back() == '[' ? "{" : ",{";
    append(out, "generation", infoOf(swarm.generation).name);
    append(out, "streamSwarmId", swarm.streamSwarmId);
    append(out, "infoHash", base::toHex(swarm.infoHash.view()));
    append(out, "peerId", base::toHex(swarm.peerId.view()));
    append(out, "peers", static_cast<std::int64_t>(swarm.peers));
    out.push_back('}');
  }
  out += "]}";
  return out;
}

std::string toText(const engine::Stats& stats) {
  std::string out = "{";
  const std::pair<std::string_view, std::uint64_t> rows[] = {
      {"httpBytes", stats.httpBytes},
      {"p2pBytes", stats.p2pBytes},
      {"uploadedBytes", stats.uploadedBytes},
      {"segmentsOverHttp", stats.segmentsOverHttp},
      {"segmentsOverP2p", stats.segmentsOverP2p},
      {"staleInputs", stats.staleInputs},
      {"peerFaults", stats.peerFaults},
      {"mapsSent", stats.mapsSent},
  };
  for (const auto& [name, value] : rows) append(out, name, static_cast<std::int64_t>(value));
  out.push_back('}');
  return out;
}

}  // namespace p2pml::web
