#include "wire/peer_json.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace p2pml::wire {
namespace {

using base::ErrorCode;
using base::Json;

enum class CommandCode : std::uint8_t {
  segmentData = 0,
  segmentAbsent = 1,
  segmentsMap = 2,
  segmentRequest = 3,
  cancelSegmentRequest = 4,
};

/// A text within kMaxPeerCommandBytes that is a map takes 4 bytes an entry and one value, so no map is refused by this.
constexpr base::JsonLimits kCommandLimits{
    .bytes = kMaxPeerCommandBytes, .depth = 16, .values = 4 * kMaxMapEntries + 16};

std::string_view asText(std::span<const std::byte> message) {
  return {reinterpret_cast<const char*>(message.data()), message.size()};
}

MalformedCommand malformed(ErrorCode code, std::string detail) { return {base::Error{code, std::move(detail)}}; }

/// Splits `ids` at each `|` as String.prototype.split does (an empty text is one empty part) and pairs the parts with
/// `statuses`. False if the counts differ, a status is unknown or a limit is hit; `entries` and `idBytes` count over
/// the whole map.
bool addStream(StreamAvailability& out, std::string_view ids, const Json::Array& statuses, std::size_t& entries,
               std::size_t& idBytes) {
  entries += statuses.size();
  if (entries > kMaxMapEntries) return false;
  out.segments.reserve(statuses.size());
  std::size_t start = 0;
  for (const Json& statusJson : statuses) {
    if (start > ids.size()) return false;  // fewer ids than statuses
    const std::size_t end = std::min(ids.find('|', start), ids.size());
    const std::string_view sequence = ids.substr(start, end - start);
    start = end + 1;

    const auto status = statusJson.integer();
    if (!status || *status < 0 || *status > 1) return false;
    const std::size_t idLength = out.stream.value.size() + 1 + sequence.size();
    idBytes += idLength;
    if (idLength > kMaxSegmentIdBytes || idBytes > kMaxMapIdBytes) return false;
    out.segments.emplace_back(std::string(sequence), static_cast<SegmentStatus>(*status));
  }
  return start == ids.size() + 1;  // else more ids than statuses
}

/// 5a.3: any wrong shape anywhere makes the whole map empty.
SegmentsMap readMap(const Json* json) {
  const Json::Object* streams = json != nullptr ? json->object() : nullptr;
  if (streams == nullptr) return {};
  SegmentsMap map;
  std::size_t entries = 0;
  std::size_t idBytes = 0;
  for (const auto& [streamSwarmId, value] : *streams) {
    const Json::Array* pair = value.array();
    if (pair == nullptr || pair->size() != 2) return {};
    const std::string* ids = (*pair)[0].string();
    const Json::Array* statuses = (*pair)[1].array();
    if (ids == nullptr || statuses == nullptr) return {};
    StreamAvailability& stream = map.streams.emplace_back();
    stream.stream = base::StreamSwarmId(streamSwarmId);
    if (!addStream(stream, *ids, *statuses, entries, idBytes)) return {};
  }
  return map;
}

/// Reads `i` into `out`; gives what is wrong with it, if anything.
std::optional<MalformedCommand> readSegmentId(const Json& command, base::SegmentId& out) {
  const Json* i = command.find("i");
  const std::string* id = i != nullptr ? i->string() : nullptr;
  if (id == nullptr || id->empty()) {
    return malformed(ErrorCode::malformed, "peer command: i: expected a segment id, a string that is not empty");
  }
  if (id->size() > kMaxSegmentIdBytes) {
    return malformed(ErrorCode::limitExceeded, "peer command: i: a segment id of " + std::to_string(id->size()) +
                                                   " bytes, the limit is " + std::to_string(kMaxSegmentIdBytes));
  }
  out = base::SegmentId(*id);
  return std::nullopt;
}

template <class Command>
PeerMessage readIdCommand(const Json& json) {
  Command command;
  if (auto wrong = readSegmentId(json, command.id)) return *std::move(wrong);
  return command;
}

PeerMessage readSegmentData(const Json& json) {
  SegmentData command;
  if (auto wrong = readSegmentId(json, command.id)) return *std::move(wrong);
  const Json* s = json.find("s");
  const auto size = s != nullptr ? s->integer() : std::nullopt;
  if (!size || *size <= 0) {
    return malformed(ErrorCode::malformed, "SegmentData: s: expected the segment's size, a whole number above 0");
  }
  command.size = static_cast<std::uint64_t>(*size);
  return command;
}

std::string beginIdCommand(CommandCode code, const base::SegmentId& id) {
  std::string text;
  text.reserve(id.value.size() + 40);
  text += "{\"c\":";
  text.push_back(static_cast<char>('0' + static_cast<int>(code)));
  text += ",\"i\":";
  base::appendJsonString(text, id.value);
  return text;
}

base::Bytes idCommand(CommandCode code, const base::SegmentId& id) {
  std::string text = beginIdCommand(code, id);
  text.push_back('}');
  return base::Bytes::adopt(std::move(text));
}

}  // namespace

bool looksLikePeerCommand(std::span<const std::byte> message) {
  const std::string_view text = asText(message);
  return text.starts_with("{\"") && text.ends_with('}');
}

bool looksLikePeerCommand(const base::Bytes& message) { return message.startsWith("{\"") && message.endsWith("}"); }

PeerMessage decodePeerMessage(const base::Bytes& message) {
  if (!looksLikePeerCommand(message) || message.size() > kMaxPeerCommandBytes) return SegmentBytes{};
  return decodePeerMessage(message.local().span());
}

PeerMessage decodePeerMessage(std::span<const std::byte> message) {
  if (!looksLikePeerCommand(message) || message.size() > kMaxPeerCommandBytes) return SegmentBytes{};
  const base::Result<Json> json = base::parseJson(asText(message), kCommandLimits);
  if (!json) {
    // Too deep or too many values: no JavaScript peer sends that, and what it would be is not worth finding out.
    if (json.error().code == ErrorCode::limitExceeded) return MalformedCommand{json.error()};
    return SegmentBytes{};
  }
  const Json* c = json->find("c");
  const auto code = c != nullptr ? c->integer() : std::nullopt;
  if (!code || *code < 0 || *code > 4) return UnknownCommand{};
  switch (static_cast<CommandCode>(*code)) {
    case CommandCode::segmentData: return readSegmentData(*json);
    case CommandCode::segmentAbsent: return readIdCommand<SegmentAbsent>(*json);
    case CommandCode::segmentsMap: return readMap(json->find("m"));
    case CommandCode::segmentRequest: return readIdCommand<SegmentRequest>(*json);
    case CommandCode::cancelSegmentRequest: return readIdCommand<CancelSegmentRequest>(*json);
  }
  return UnknownCommand{};
}

base::Bytes encode(const SegmentData& command) {
  std::string text = beginIdCommand(CommandCode::segmentData, command.id);
  text += ",\"s\":" + std::to_string(command.size) + '}';
  return base::Bytes::adopt(std::move(text));
}

base::Bytes encode(const SegmentAbsent& command) { return idCommand(CommandCode::segmentAbsent, command.id); }

base::Bytes encode(const SegmentsMap& command) {
  std::string text = "{\"c\":2,\"m\":{";
  bool firstStream = true;
  for (const StreamAvailability& stream : command.streams) {
    std::string ids;
    std::string statuses;
    for (const auto& [sequence, status] : stream.segments) {
      if (sequence.find('|') != std::string::npos) continue;
      if (!statuses.empty()) {
        ids.push_back('|');
        statuses.push_back(',');
      }
      ids += sequence;
      statuses.push_back(static_cast<char>('0' + static_cast<int>(status)));
    }
    if (statuses.empty()) continue;
    if (!firstStream) text.push_back(',');
    firstStream = false;
    base::appendJsonString(text, stream.stream.value);
    text += ":[";
    base::appendJsonString(text, ids);
    text += ",[" + statuses + "]]";
  }
  text += "}}";
  return base::Bytes::adopt(std::move(text));
}

base::Bytes encode(const SegmentRequest& command) { return idCommand(CommandCode::segmentRequest, command.id); }

base::Bytes encode(const CancelSegmentRequest& command) {
  return idCommand(CommandCode::cancelSegmentRequest, command.id);
}

}  // namespace p2pml::wire
