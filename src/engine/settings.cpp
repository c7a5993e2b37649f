#include "engine/settings.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

#include "engine/settings_rows.hpp"

namespace p2pml::engine {
namespace {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Json;
using base::Result;

/// The counts and milliseconds of the seed are JavaScript numbers that end up in setTimeout and array lengths: 31 bits.
constexpr std::int32_t kMaxCount = std::numeric_limits<std::int32_t>::max();
/// 64: a smaller message would be mostly framing, and a split command of the binary protocols would not fit. 262144:
/// what browsers say they take (a=max-message-size, docs/protocol/data-channel.md); a larger message would close the
/// channel.
constexpr std::int32_t kMinMessageSize = 64;
constexpr std::int32_t kMaxMessageSize = 262'144;
/// Each is a WebSocket; each ICE URL is asked for candidates by every connection.
constexpr std::size_t kMaxTrackers = 32;
constexpr std::size_t kMaxIceServers = 32;
constexpr std::size_t kMaxUrlsPerIceServer = 8;
/// Longest piece of a wrong value that an error repeats.
constexpr std::size_t kMaxShownBytes = 100;

constexpr SettingRow integer(std::string_view name, std::int64_t Settings::*member, std::int32_t from,
                             std::int32_t to) {
  return {name, SettingKind::integer, member, nullptr, from, to};
}
constexpr SettingRow count(std::string_view name, std::int64_t Settings::*member) {
  return integer(name, member, 0, kMaxCount);
}
/// -1 is below every segment's priority: none.
constexpr SettingRow priority(std::string_view name, std::int64_t Settings::*member) {
  return integer(name, member, -1, kMaxCount);
}
constexpr SettingRow boolean(std::string_view name, bool Settings::*member) {
  return {name, SettingKind::boolean, nullptr, member, 0, 0};
}
constexpr SettingRow other(std::string_view name, SettingKind kind) { return {name, kind, nullptr, nullptr, 0, 0}; }

constexpr SettingRow kRows[] = {
    count("cachedSegmentExpiration", &Settings::cachedSegmentExpiration),
    count("cachedSegmentsCount", &Settings::cachedSegmentsCount),
    priority("requiredSegmentsPriority", &Settings::requiredSegmentsPriority),
    boolean("useP2P", &Settings::useP2P),
    boolean("consumeOnly", &Settings::consumeOnly),
    count("simultaneousHttpDownloads", &Settings::simultaneousHttpDownloads),
    other("httpDownloadProbability", SettingKind::probability),
    integer("httpDownloadProbabilityInterval", &Settings::httpDownloadProbabilityInterval, 1, kMaxCount),
    boolean("httpDownloadProbabilitySkipIfNoPeers", &Settings::httpDownloadProbabilitySkipIfNoPeers),
    count("httpFailedSegmentTimeout", &Settings::httpFailedSegmentTimeout),
    priority("httpDownloadMaxPriority", &Settings::httpDownloadMaxPriority),
    count("httpDownloadInitialTimeout", &Settings::httpDownloadInitialTimeout),
    count("httpDownloadInitialTimeoutPerSegment", &Settings::httpDownloadInitialTimeoutPerSegment),
    boolean("httpUseRanges", &Settings::httpUseRanges),
    count("simultaneousP2PDownloads", &Settings::simultaneousP2PDownloads),
    priority("p2pDownloadMaxPriority", &Settings::p2pDownloadMaxPriority),
    count("p2pSegmentDownloadTimeout", &Settings::p2pSegmentDownloadTimeout),
    integer("webRtcMaxMessageSize", &Settings::webRtcMaxMessageSize, kMinMessageSize, kMaxMessageSize),
    other("trackerAnnounce", SettingKind::trackers),
    integer("peerRequestsPerAnnounce", &Settings::peerRequestsPerAnnounce, 0, 10),
    other("rtcConfig", SettingKind::rtc),
    integer("p2pNotReceivingBytesTimeout", &Settings::p2pNotReceivingBytesTimeout, 1, kMaxCount),
    count("httpNotReceivingBytesTimeout", &Settings::httpNotReceivingBytesTimeout),
    integer("maxPeers", &Settings::maxPeers, 0, 10'000),
    count("peerTurnoverInterval", &Settings::peerTurnoverInterval),
    other("peerProtocols", SettingKind::generations),
    // The module of G0 alone serves all at once, as the seed does.
    integer("simultaneousUploads", &Settings::simultaneousUploads, 0, kOnlyG0 ? 0 : kMaxCount),
    count("uploadBandwidthLimit", &Settings::uploadBandwidthLimit),
    other("schedulingPolicy", SettingKind::scheduling),
    other("startupPolicy", SettingKind::startup),
    boolean("peerExtension", &Settings::peerExtension),
    count("httpPrefetchTime", &Settings::httpPrefetchTime),
};

/// One of two words; the enumerators are their places.
using Words = std::array<std::string_view, 2>;
constexpr Words kScheduling = {"classic", "cooperative"};
constexpr Words kStartup = {"fast", "p2pFirst"};

constexpr std::string_view kProbability = "a number of 0 .. 1";
constexpr std::string_view kGenerationNames = "an array of at least one of G0, G2, G3, G4";

/// The legacy name of two settings, and the seed's settings that are functions.
constexpr std::string_view kBufferedSegmentsCount = "bufferedSegmentsCount";
constexpr std::array<std::string_view, 4> kCallbacks = {"segmentValidator", "xhrSetup", "segmentUrlBuilder",
                                                        "segmentsStorage"};

std::unexpected<Error> wrong(std::string_view name, std::string_view got, std::string_view expected) {
  std::string shown(got.substr(0, kMaxShownBytes));
  if (shown.size() < got.size()) shown += "...";
  return fail(ErrorCode::invalidArgument,
              "setting " + std::string(name) + ": got " + shown + ", expected " + std::string(expected));
}

/// Objects and arrays are named by their type only: an rtcConfig may hold credentials.
std::string shown(const Json& value) {
  if (value.object() != nullptr || value.array() != nullptr) return "an " + std::string(value.typeName());
  return toJsonText(value);
}

std::string wholeNumber(const SettingRow& row) { return "a whole number of " + rangeText(row); }

// --------------------------------------------------------------------------------------------------------- validation

/// `scheme` followed by something that can be a host, without white space and controls.
bool isUrlOf(std::string_view url, std::string_view scheme) {
  if (!url.starts_with(scheme)) return false;
  const std::string_view rest = url.substr(scheme.size());
  constexpr std::string_view kNoHost = "/?#:@";
  if (rest.empty() || kNoHost.find(rest.front()) != std::string_view::npos) return false;
  return std::all_of(rest.begin(), rest.end(), [](char c) { return c > 0x20 && c != 0x7f; });
}

std::string quotedText(std::string_view text) {
  std::string out;
  base::appendJsonString(out, text);
  return out;
}

Result<void> checkTrackers(std::string_view name, const std::vector<std::string>& urls) {
  if (urls.size() > kMaxTrackers) {
    return wrong(name, std::to_string(urls.size()) + " URLs", "at most " + std::to_string(kMaxTrackers));
  }
  for (const std::string& url : urls) {
    if (!isUrlOf(url, "ws://") && !isUrlOf(url, "wss://")) {
      return wrong(name, quotedText(url), "a URL of ws:// or wss://");
    }
  }
  return {};
}

Result<void> checkIceServers(std::string_view rtcConfig, const std::vector<IceServer>& servers) {
  if (servers.size() > kMaxIceServers) {
    return wrong(rtcConfig, std::to_string(servers.size()) + " iceServers",
                 "at most " + std::to_string(kMaxIceServers));
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const IceServer& server = servers[i];
    const std::string name = std::string(rtcConfig) + ": iceServers[" + std::to_string(i) + "]";
    if (server.urls.empty() || server.urls.size() > kMaxUrlsPerIceServer) {
      return wrong(name, std::to_string(server.urls.size()) + " urls", "1 .. " + std::to_string(kMaxUrlsPerIceServer));
    }
    for (const std::string& url : server.urls) {
      const bool turn = isUrlOf(url, "turn:") || isUrlOf(url, "turns:");
      if (!turn && !isUrlOf(url, "stun:") && !isUrlOf(url, "stuns:")) {
        return wrong(name, quotedText(url), "a URL of stun:, stuns:, turn: or turns:");
      }
      // As RTCPeerConnection's constructor: InvalidAccessError.
      if (turn && (server.username.empty() || server.credential.empty())) {
        return wrong(name, quotedText(url), "username and credential with a TURN server");
      }
    }
  }
  return {};
}

Result<void> checkGenerations(std::string_view name, const std::vector<Generation>& generations) {
  if (generations.empty()) return wrong(name, "none", kGenerationNames);
  for (auto at = generations.begin(); at != generations.end(); ++at) {
    if (std::find(std::next(at), generations.end(), *at) != generations.end()) {
      return wrong(name, std::string(infoOf(*at).name) + " twice", "each generation once");
    }
  }
  return {};
}

std::string choiceOf(const Words& words) {
  return "\"" + std::string(words[0]) + "\" or \"" + std::string(words[1]) + "\"";
}

template <class Enum>
Result<void> checkWord(std::string_view name, Enum value, const Words& words) {
  const auto place = static_cast<std::size_t>(value);
  if (place >= words.size()) return wrong(name, std::to_string(place), choiceOf(words));
  return {};
}

Result<void> check(const SettingRow& row, const Settings& settings) {
  switch (row.kind) {
    case SettingKind::integer: {
      const std::int64_t value = settings.*row.integer;
      if (value < row.from || value > row.to) return wrong(row.name, std::to_string(value), wholeNumber(row));
      break;
    }
    case SettingKind::boolean: break;
    case SettingKind::probability: {
      const double value = settings.httpDownloadProbability;
      if (value >= 0 && value <= 1) break;
      return wrong(row.name, value != value ? "NaN" : toJsonText(Json(value)), kProbability);
    }
    case SettingKind::trackers: return checkTrackers(row.name, settings.trackerAnnounce);
    case SettingKind::rtc: return checkIceServers(row.name, settings.rtcConfig.iceServers);
    case SettingKind::generations: return checkGenerations(row.name, settings.peerProtocols);
    case SettingKind::scheduling:
      if (kOnlyG0 && settings.schedulingPolicy != Scheduling::classic) {
        return wrong(row.name, kScheduling[1], "classic: this build has no other");
      }
      return checkWord(row.name, settings.schedulingPolicy, kScheduling);
    case SettingKind::startup: return checkWord(row.name, settings.startupPolicy, kStartup);
  }
  return {};
}

// ------------------------------------------------------------------------------------------------------------ reading

Result<std::vector<std::string>> readTexts(std::string_view name, const Json& json, std::string_view expected) {
  std::vector<std::string> texts;
  if (json.array() == nullptr) return wrong(name, shown(json), expected);
  for (const Json& item : *json.array()) {
    if (item.string() == nullptr) return wrong(name, shown(item) + " in it", expected);
    texts.push_back(*item.string());
  }
  return texts;
}

Result<void> readGenerations(std::string_view name, const Json& json, std::vector<Generation>& target) {
  Result<std::vector<std::string>> names = readTexts(name, json, kGenerationNames);
  if (!names) return std::unexpected(std::move(names.error()));
  target.clear();
  for (const std::string& text : *names) {
    const auto generation = generationNamed(text);
    if (!generation) return wrong(name, quotedText(text), kGenerationNames);
    target.push_back(*generation);
  }
  return {};
}

Result<std::string> readText(const std::string& name, const Json& object, std::string_view key) {
  const Json* member = object.find(key);
  if (member == nullptr) return std::string();
  if (member->string() == nullptr) {
    return wrong(name + ": " + std::string(key), "a value of type " + std::string(member->typeName()), "a string");
  }
  return *member->string();
}

/// RTCIceServer as browsers take it: `urls` is a string or an array of them; `url` is its name in old code.
Result<IceServer> readIceServer(const std::string& name, const Json& json) {
  if (json.object() == nullptr) return wrong(name, shown(json), "an object with urls");
  const Json* urls = json.find("urls");
  if (urls == nullptr) urls = json.find("url");
  if (urls == nullptr) return wrong(name, "an object without urls", "urls: a string or an array of strings");
  IceServer server;
  if (urls->string() != nullptr) {
    server.urls.push_back(*urls->string());
  } else {
    Result<std::vector<std::string>> several = readTexts(name + ": urls", *urls, "a string or an array of strings");
    if (!several) return std::unexpected(std::move(several.error()));
    server.urls = *std::move(several);
  }
  Result<std::string> username = readText(name, json, "username");
  if (!username) return std::unexpected(std::move(username.error()));
  server.username = *std::move(username);
  Result<std::string> credential = readText(name, json, "credential");
  if (!credential) return std::unexpected(std::move(credential.error()));
  server.credential = *std::move(credential);
  return server;
}

/// Absent members keep their defaults, as simple-peer merges a given configuration over its own.
Result<void> readRtcConfig(const std::string& name, const Json& json, RtcConfig& target) {
  if (json.object() == nullptr) return wrong(name, shown(json), "an object");
  RtcConfig config;
  if (const Json* servers = json.find("iceServers")) {
    if (servers->array() == nullptr) return wrong(name + ": iceServers", shown(*servers), "an array");
    config.iceServers.clear();
    for (const Json& item : *servers->array()) {
      Result<IceServer> server =
          readIceServer(name + ": iceServers[" + std::to_string(config.iceServers.size()) + "]", item);
      if (!server) return std::unexpected(std::move(server.error()));
      config.iceServers.push_back(*std::move(server));
    }
  }
  if (const Json* policy = json.find("iceTransportPolicy")) {
    const std::string* text = policy->string();
    if (text == nullptr || (*text != "all" && *text != "relay")) {
      return wrong(name + ": iceTransportPolicy", shown(*policy), "\"all\" or \"relay\"");
    }
    config.iceTransportPolicy = *text == "relay" ? IceTransportPolicy::relay : IceTransportPolicy::all;
  }
  target = std::move(config);
  return {};
}

template <class Enum>
Result<void> readWord(std::string_view name, const Json& json, const Words& words, Enum& target) {
  if (json.string() == nullptr) return wrong(name, shown(json), choiceOf(words));
  const auto at = std::find(words.begin(), words.end(), *json.string());
  if (at == words.end()) return wrong(name, quotedText(*json.string()), choiceOf(words));
  target = static_cast<Enum>(at - words.begin());
  return {};
}

Result<void> read(const SettingRow& row, const Json& json, Settings& settings) {
  switch (row.kind) {
    case SettingKind::integer: {
      const auto value = json.integer();
      if (!value) return wrong(row.name, shown(json), wholeNumber(row));
      settings.*row.integer = *value;
      break;
    }
    case SettingKind::boolean:
      if (json.boolean() == nullptr) return wrong(row.name, shown(json), "true or false");
      settings.*row.boolean = *json.boolean();
      break;
    case SettingKind::probability:
      if (json.number() == nullptr) return wrong(row.name, shown(json), kProbability);
      settings.httpDownloadProbability = *json.number();
      break;
    case SettingKind::trackers: {
      Result<std::vector<std::string>> urls = readTexts(row.name, json, "an array of URLs");
      if (!urls) return std::unexpected(std::move(urls.error()));
      settings.trackerAnnounce = *std::move(urls);
      break;
    }
    case SettingKind::rtc: return readRtcConfig(std::string(row.name), json, settings.rtcConfig);
    case SettingKind::generations: return readGenerations(row.name, json, settings.peerProtocols);
    case SettingKind::scheduling: return readWord(row.name, json, kScheduling, settings.schedulingPolicy);
    case SettingKind::startup: return readWord(row.name, json, kStartup, settings.startupPolicy);
  }
  return {};
}

// ------------------------------------------------------------------------------------------------------------ writing

Json writeTexts(const std::vector<std::string>& texts) {
  Json::Array items;
  for (const std::string& text : texts) items.emplace_back(text);
  return items;
}

Json writeGenerations(const std::vector<Generation>& generations) {
  Json::Array names;
  for (const Generation generation : generations) names.emplace_back(infoOf(generation).name);
  return names;
}

Json writeRtcConfig(const RtcConfig& config) {
  Json::Array servers;
  for (const IceServer& server : config.iceServers) {
    Json::Object object;
    object.emplace_back("urls", writeTexts(server.urls));
    if (!server.username.empty()) object.emplace_back("username", server.username);
    if (!server.credential.empty()) object.emplace_back("credential", server.credential);
    servers.emplace_back(std::move(object));
  }
  Json::Object object;
  object.emplace_back("iceServers", std::move(servers));
  object.emplace_back("iceTransportPolicy", config.iceTransportPolicy == IceTransportPolicy::relay ? "relay" : "all");
  return object;
}

Json write(const SettingRow& row, const Settings& settings) {
  switch (row.kind) {
    case SettingKind::integer: return settings.*row.integer;
    case SettingKind::boolean: return settings.*row.boolean;
    case SettingKind::probability: return settings.httpDownloadProbability;
    case SettingKind::trackers: return writeTexts(settings.trackerAnnounce);
    case SettingKind::rtc: return writeRtcConfig(settings.rtcConfig);
    case SettingKind::generations: return writeGenerations(settings.peerProtocols);
    case SettingKind::scheduling: return kScheduling[static_cast<std::size_t>(settings.schedulingPolicy)];
    case SettingKind::startup: return kStartup[static_cast<std::size_t>(settings.startupPolicy)];
  }
  return {};
}

// ------------------------------------------------------------------------------------------------------ unknown names

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Levenshtein's distance without regard to case.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

std::unexpected<Error> unknown(std::string_view name) {
  std::string text = "setting " + std::string(name.substr(0, kMaxShownBytes)) + ": ";
  if (std::find(kCallbacks.begin(), kCallbacks.end(), name) != kCallbacks.end()) {
    return fail(ErrorCode::invalidArgument, text + "is a callback, which no JSON can hold; expected it in code");
  }
  text += "there is no such setting";
  const SettingRow* nearest = nullptr;
  std::size_t least = 0;
  for (const SettingRow& row : kRows) {
    const std::size_t d = distance(name.substr(0, kMaxShownBytes), row.name);
    if (nearest == nullptr || d < least) {
      nearest = &row;
      least = d;
    }
  }
  // A third of the letters wrong is a typing error; more is another word.
  if (least <= nearest->name.size() / 3) text += "; did you mean " + std::string(nearest->name) + "?";
  return fail(ErrorCode::invalidArgument, text);
}

}  // namespace

Result<void> validate(const Settings& settings) {
  for (const SettingRow& row : kRows) {
    if (Result<void> checked = check(row, settings); !checked) return checked;
  }
  return {};
}

Result<Settings> settingsFromJson(const Json& json) {
  if (json.object() == nullptr) {
    return fail(ErrorCode::invalidArgument, "settings: got " + shown(json) + ", expected an object");
  }
  Settings settings;
  for (const auto& [name, value] : *json.object()) {
    if (name == kBufferedSegmentsCount) {
      const auto number = value.integer();
      if (!number || *number < 0 || *number > kMaxCount) {
        return wrong(name, shown(value), wholeNumber(count(name, nullptr)));
      }
      // The JavaScript library takes 0 as not given.
      if (*number != 0 && json.find("p2pDownloadMaxPriority") == nullptr) settings.p2pDownloadMaxPriority = *number;
      if (*number != 0 && json.find("httpDownloadMaxPriority") == nullptr) settings.httpDownloadMaxPriority = *number;
      continue;
    }
    const auto row =
        std::find_if(std::begin(kRows), std::end(kRows), [&](const SettingRow& r) { return r.name == name; });
    if (row == std::end(kRows)) return unknown(name);
    if (Result<void> taken = read(*row, value, settings); !taken) return std::unexpected(std::move(taken.error()));
  }
  if (Result<void> valid = validate(settings); !valid) return std::unexpected(std::move(valid.error()));
  return settings;
}

Result<Settings> settingsFromJsonText(std::string_view text) {
  const Result<Json> json = base::parseJson(text);
  if (!json) return fail(ErrorCode::invalidArgument, "settings: " + json.error().detail);
  return settingsFromJson(*json);
}

Json toJson(const Settings& settings) {
  Json::Object object;
  for (const SettingRow& row : kRows) {
    object.emplace_back(std::string(row.name), write(row, settings));
  }
  return object;
}

std::span<const SettingRow> settingRows() { return kRows; }

std::string rangeText(const SettingRow& row) {
  return std::to_string(row.from) + " .. " + (row.to == kMaxCount ? "2^31-1" : std::to_string(row.to));
}

}  // namespace p2pml::engine
