#include "p2pml/probe/report.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "engine/identity.hpp"

namespace p2pml::app {

namespace {

using Json = nlohmann::ordered_json;

double seconds(base::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

void put(Json& to, const char* name, const std::string& text) {
  if (!text.empty()) to[name] = text;
}
void put(Json& to, const char* name, const std::optional<base::Duration>& duration) {
  if (duration) to[name] = seconds(*duration);
}
void put(Json& to, const char* name, const std::optional<media::WallTime>& time) {
  if (time) to[name] = media::dateTimeText(*time);
}
void put(Json& to, const char* name, const std::optional<media::ByteRange>& range) {
  if (range) to[name] = {{"offset", range->offset}, {"length", range->length}};
}
void put(Json& to, const char* name, const std::optional<std::uint64_t>& number) {
  if (number) to[name] = *number;
}
void put(Json& to, const char* name, const std::vector<std::string>& list) {
  if (!list.empty()) to[name] = list;
}
void put(Json& to, const char* name, const std::vector<std::uint32_t>& list) {
  if (!list.empty()) to[name] = list;
}
void flag(Json& to, const char* name, bool value) {
  if (value) to[name] = true;
}

Json jsonOf(const media::StreamProperties& properties) {
  Json json;
  json["type"] = toString(properties.type);
  json["index"] = properties.index;
  json["bitrate"] = properties.bitrate;
  put(json, "codecs", properties.codecs);
  if (properties.width != 0) json["width"] = properties.width;
  if (properties.height != 0) json["height"] = properties.height;
  put(json, "language", properties.language);
  put(json, "channels", properties.channels);
  put(json, "name", properties.name);
  put(json, "frameRate", properties.frameRate);
  put(json, "videoRange", properties.videoRange);
  return json;
}

Json jsonOf(const media::TimelineSegment& segment) {
  Json json;
  json["url"] = segment.url;
  put(json, "range", segment.range);
  json["start"] = seconds(segment.start);
  json["duration"] = seconds(segment.duration);
  json["number"] = segment.number;
  json["sequence"] = segment.sequence;
  json["externalId"] = segment.externalId;
  json["externalIdOfG4"] = segment.externalIdOfG4;
  put(json, "dateTime", segment.dateTime);
  put(json, "availableFrom", segment.availableFrom);
  json["period"] = segment.period;
  flag(json, "discontinuity", segment.discontinuity);
  flag(json, "gap", segment.gap);
  if (segment.init) json["init"] = *segment.init;
  put(json, "keys", segment.keys);
  return json;
}

Json jsonOf(const media::TimelineStream& stream) {
  Json json;
  json["kind"] = toString(stream.kind);
  json["id"] = stream.id;
  put(json, "url", stream.url);
  if (stream.sharedInG0 || stream.sharedInBinary) {
    json["properties"] = jsonOf(stream.names.properties);
    if (stream.sharedInG0 && stream.names.streamId) json["streamId"] = *stream.names.streamId;
    for (const ProbedSwarm& swarm : swarmsOf(stream)) {
      json["swarms"].push_back(
          {{"generation", swarm.generation}, {"swarmId", swarm.id}, {"infoHash", swarm.infoHashText()}});
    }
  }
  for (const auto& [period, id] : stream.streamIdsByPeriod) {
    json["streamIdsByPeriod"].push_back({{"period", period}, {"streamId", id}});
  }
  put(json, "language", stream.language);
  put(json, "label", stream.label);
  put(json, "codecs", stream.codecs);
  put(json, "mimeType", stream.mimeType);
  put(json, "frameRate", stream.frameRate);
  put(json, "channels", stream.channels);
  put(json, "roles", stream.roles);
  put(json, "group", stream.group);
  if (stream.bandwidth != 0) json["bandwidth"] = stream.bandwidth;
  if (stream.resolution)
    json["resolution"] = {{"width", stream.resolution->width}, {"height", stream.resolution->height}};
  if (stream.live) json["live"] = *stream.live;
  put(json, "refreshInterval", stream.refreshInterval);
  if (stream.targetDuration != base::Duration()) json["targetDuration"] = seconds(stream.targetDuration);
  for (const media::TimelineKey& key : stream.keys) {
    Json entry;
    entry["method"] = key.method;
    put(entry, "uri", key.uri);
    put(entry, "keyFormat", key.keyFormat);
    put(entry, "keyId", key.keyId);
    if (key.iv) entry["iv"] = base::toHex(*key.iv);
    json["keys"].push_back(std::move(entry));
  }
  for (const media::InitSection& init : stream.inits) {
    Json entry;
    entry["url"] = init.url;
    put(entry, "range", init.range);
    put(entry, "keys", init.keys);
    json["inits"].push_back(std::move(entry));
  }
  for (const media::IndexSource& index : stream.indexes) {
    Json entry;
    entry["url"] = index.url;
    put(entry, "range", index.range);
    entry["period"] = index.period;
    entry["periodStart"] = seconds(index.periodStart);
    entry["timescale"] = index.timescale;
    entry["presentationTimeOffset"] = index.presentationTimeOffset;
    if (index.init) entry["init"] = *index.init;
    json["indexes"].push_back(std::move(entry));
  }
  json["segments"] = Json::array();
  for (const media::TimelineSegment& segment : stream.segments) json["segments"].push_back(jsonOf(segment));
  return json;
}

Json jsonOf(const media::PartialSegment& part) {
  Json json;
  json["uri"] = part.uri;
  json["duration"] = seconds(part.duration);
  put(json, "range", part.byteRange);
  flag(json, "independent", part.independent);
  flag(json, "gap", part.gap);
  return json;
}

Json jsonOf(const media::DateRange& range) {
  Json json;
  json["id"] = range.id;
  put(json, "class", range.className);
  put(json, "startDate", range.startDate);
  put(json, "endDate", range.endDate);
  put(json, "duration", range.duration);
  put(json, "plannedDuration", range.plannedDuration);
  put(json, "cue", range.cue);
  put(json, "scte35Command", range.scte35Command);
  put(json, "scte35Out", range.scte35Out);
  put(json, "scte35In", range.scte35In);
  flag(json, "endOnNext", range.endOnNext);
  for (const auto& [name, value] : range.otherAttributes) json["attributes"][name] = value;
  return json;
}

void putHeader(Json& json, const media::PlaylistHeader& header) {
  json["version"] = header.version;
  flag(json, "independentSegments", header.independentSegments);
  if (header.start) {
    json["start"] = {{"timeOffset", seconds(header.start->timeOffset)}, {"precise", header.start->precise}};
  }
  for (const auto& [name, value] : header.variables) json["variables"][name] = value;
  for (const media::UnknownTag& tag : header.unknownTags) {
    json["unknownTags"].push_back({{"line", tag.line}, {"name", tag.name}, {"value", tag.value}});
  }
}

Json jsonOf(const media::MediaPlaylist& playlist) {
  Json json;
  putHeader(json, playlist);
  json["targetDuration"] = seconds(playlist.targetDuration);
  json["mediaSequence"] = playlist.mediaSequence;
  json["discontinuitySequence"] = playlist.discontinuitySequence;
  if (playlist.type != media::PlaylistType::none) {
    json["type"] = playlist.type == media::PlaylistType::vod ? "vod" : "event";
  }
  flag(json, "endList", playlist.endList);
  flag(json, "iFramesOnly", playlist.iFramesOnly);
  put(json, "partTarget", playlist.partTarget);
  if (const auto& control = playlist.serverControl) {
    Json& entry = json["serverControl"] = Json::object();
    flag(entry, "canBlockReload", control->canBlockReload);
    flag(entry, "canSkipDateRanges", control->canSkipDateRanges);
    put(entry, "canSkipUntil", control->canSkipUntil);
    put(entry, "holdBack", control->holdBack);
    put(entry, "partHoldBack", control->partHoldBack);
  }
  for (const media::DateRange& range : playlist.dateRanges) json["dateRanges"].push_back(jsonOf(range));
  for (const media::MediaSegment& segment : playlist.segments) {
    if (segment.parts.empty() && segment.title.empty() && !segment.bitrate) continue;
    Json entry;
    entry["number"] = segment.sequence;
    put(entry, "title", segment.title);
    put(entry, "bitrate", segment.bitrate);
    for (const media::PartialSegment& part : segment.parts) entry["parts"].push_back(jsonOf(part));
    json["segments"].push_back(std::move(entry));
  }
  for (const media::PartialSegment& part : playlist.trailingParts) json["trailingParts"].push_back(jsonOf(part));
  for (const media::PreloadHint& hint : playlist.preloadHints) {
    Json entry{{"type", hint.type}, {"uri", hint.uri}, {"start", hint.start}};
    put(entry, "length", hint.length);
    json["preloadHints"].push_back(std::move(entry));
  }
  for (const media::RenditionReport& report : playlist.renditionReports) {
    Json entry{{"uri", report.uri}};
    put(entry, "lastSequence", report.lastSequence);
    put(entry, "lastPart", report.lastPart);
    json["renditionReports"].push_back(std::move(entry));
  }
  return json;
}

Json jsonOf(const media::MultivariantPlaylist& playlist) {
  Json json;
  putHeader(json, playlist);
  if (playlist.contentSteering) {
    json["contentSteering"] = {{"serverUri", playlist.contentSteering->serverUri},
                               {"pathwayId", playlist.contentSteering->pathwayId}};
  }
  for (const media::SessionData& data : playlist.sessionData) {
    Json entry{{"id", data.id}};
    put(entry, "value", data.value);
    if (data.uri) entry["uri"] = *data.uri;
    put(entry, "language", data.language);
    json["sessionData"].push_back(std::move(entry));
  }
  for (const media::SegmentKey& key : playlist.sessionKeys) {
    json["sessionKeys"].push_back({{"method", key.method}, {"uri", key.uri}, {"keyFormat", key.keyFormat}});
  }
  for (const media::Rendition& rendition : playlist.renditions) {
    if (rendition.uri) continue;  // the others are streams
    json["renditionsWithoutPlaylist"].push_back({{"group", rendition.groupId},
                                                 {"name", rendition.name},
                                                 {"language", rendition.language},
                                                 {"instreamId", rendition.instreamId}});
  }
  return json;
}

std::string decimal(base::Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds(duration));
  return text;
}

void describe(std::string& out, const media::TimelineStream& stream, Segments segments) {
  out += std::string(toString(stream.kind)) + " " + (stream.id.empty() ? "(no id)" : stream.id) + "\n ";
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) out += " " + std::string(name) + " " + text;
  };
  if (stream.bandwidth != 0) add("bandwidth", std::to_string(stream.bandwidth));
  add("codecs", stream.codecs);
  if (stream.resolution) {
    add("size", std::to_string(stream.resolution->width) + "x" + std::to_string(stream.resolution->height));
  }
  add("language", stream.language);
  add("label", stream.label);
  out += "\n";
  for (const ProbedSwarm& swarm : swarmsOf(stream)) {
    out += "  " + std::string(swarm.generation) + " " + swarm.infoHashText() + " " + swarm.id + "\n";
  }
  if (!stream.sharedInG0 && !stream.sharedInBinary) out += "  not shared\n";
  for (const media::InitSection& init : stream.inits) {
    out += "  init " + init.url + (init.range ? " " + media::rangeHeader(*init.range) : "") + "\n";
  }
  for (const media::TimelineKey& key : stream.keys) out += "  key " + key.method + " " + key.uri + key.keyId + "\n";
  for (const media::IndexSource& index : stream.indexes) {
    out += "  index " + index.url + (index.range ? " " + media::rangeHeader(*index.range) : "") + "\n";
  }
  if (segments == Segments::counted) {
    if (!stream.segments.empty()) out += "  " + std::to_string(stream.segments.size()) + " segments\n";
    return;
  }
  for (const media::TimelineSegment& segment : stream.segments) {
    out += "  " + std::to_string(segment.number) + " " + decimal(segment.start) + " +" + decimal(segment.duration);
    if (segment.discontinuity) out += " discontinuity";
    if (segment.gap) out += " gap";
    if (segment.dateTime) out += " " + media::dateTimeText(*segment.dateTime);
    out += " " + segment.url + (segment.range ? " " + media::rangeHeader(*segment.range) : "") + "\n";
  }
}

}  // namespace

std::vector<ProbedSwarm> swarmsOf(const media::TimelineStream& stream) {
  std::vector<ProbedSwarm> swarms;
  for (const engine::Generation generation : engine::allGenerations()) {
    if (!(generation == engine::Generation::g0 ? stream.sharedInG0 : stream.sharedInBinary)) continue;
    std::string id =
        engine::swarmIdOf(generation, stream.names.streamSwarmId, stream.names.masterSwarmId, stream.names.properties);
    const base::InfoHash infoHash = engine::infoHashOf(generation, id);
    swarms.push_back({engine::infoOf(generation).name, std::move(id), infoHash});
  }
  return swarms;
}

std::string probeJson(const ProbedManifest& probed) {
  const media::Presentation& presentation = probed.presentation;
  Json json;
  json["kind"] = toString(presentation.kind);
  json["url"] = presentation.url;
  if (presentation.live) json["live"] = *presentation.live;
  put(json, "duration", presentation.duration);
  put(json, "refreshInterval", presentation.refreshInterval);
  put(json, "timeShiftBufferDepth", presentation.timeShiftBufferDepth);
  put(json, "suggestedDelay", presentation.suggestedDelay);
  put(json, "availabilityStart", presentation.availabilityStart);
  for (const media::TimelinePeriod& period : presentation.periods) {
    Json entry;
    put(entry, "id", period.id);
    entry["start"] = seconds(period.start);
    put(entry, "duration", period.duration);
    json["periods"].push_back(std::move(entry));
  }
  for (const media::TimingSource& timing : presentation.timing) {
    json["timing"].push_back({{"scheme", timing.scheme}, {"value", timing.value}});
  }
  put(json, "locations", presentation.locations);
  put(json, "notes", presentation.notes);
  json["streams"] = Json::array();
  for (const media::TimelineStream& stream : presentation.streams) json["streams"].push_back(jsonOf(stream));
  if (probed.playlist) {
    json["playlist"] = std::visit([](const auto& playlist) { return jsonOf(playlist); }, *probed.playlist);
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

std::string probeText(const ProbedManifest& probed, Segments segments) {
  const media::Presentation& presentation = probed.presentation;
  std::string out = std::string(toString(presentation.kind)) + " " + presentation.url + "\n";
  if (presentation.live) out += *presentation.live ? "live" : "on demand";
  if (presentation.duration) out += ", " + decimal(*presentation.duration) + " s";
  if (presentation.refreshInterval) out += ", to be read again every " + decimal(*presentation.refreshInterval) + " s";
  if (out.back() != '\n') out += "\n";
  for (const std::string& note : presentation.notes) out += "note: " + note + "\n";
  for (const media::TimelineStream& stream : presentation.streams) describe(out, stream, segments);
  return out;
}

}  // namespace p2pml::app
