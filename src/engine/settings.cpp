#include "engine/settings.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <utility>
#include <variant>

namespace p2pml::engine {
namespace {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Json;
using base::Result;

/// The counts and milliseconds of the seed are JavaScript numbers that end up in setTimeout and array lengths: 31 bits.
constexpr std::int64_t kMaxCount = std::numeric_limits<std::int32_t>::max();
/// 64: a smaller message would be mostly framing, and a split command of the binary protocols would not fit. 262144:
/// what browsers say they take (a=max-message-size, docs/protocol/data-channel.md); a larger message would close the
/// channel.
constexpr std::int64_t kMinMessageSize = 64;
constexpr std::int64_t kMaxMessageSize = 262'144;
/// Each is a WebSocket; each ICE URL is asked for candidates by every connection.
constexpr std::size_t kMaxTrackers = 32;
constexpr std::size_t kMaxIceServers = 32;
constexpr std::size_t kMaxUrlsPerIceServer = 8;
/// Longest piece of a wrong value that an error repeats.
constexpr std::size_t kMaxShownBytes = 100;

struct IntegerSetting {
  std::int64_t Settings::*member;
  std::int64_t from;
  std::int64_t to;
};
/// From 0 to 1.
struct ProbabilitySetting {
  double Settings::*member;
};
struct BooleanSetting {
  bool Settings::*member;
};
struct TrackerSetting {
  std::vector<std::string> Settings::*member;
};
struct RtcSetting {
  RtcConfig Settings::*member;
};
struct GenerationsSetting {
  std::vector<Generation> Settings::*member;
};
/// One of several words; the enumerators are their places.
template <class Enum>
struct ChoiceSetting {
  Enum Settings::*member;
  std::array<std::string_view, 2> words;
};

struct Row {
  SettingInfo info;
  std::variant<IntegerSetting, ProbabilitySetting, BooleanSetting, TrackerSetting, RtcSetting, GenerationsSetting,
               ChoiceSetting<Scheduling>, ChoiceSetting<Startup>>
      access;
};

constexpr std::string_view kGenerationNames = "an array of at least one of G0, G2, G3, G4";
constexpr std::string_view kAnyCount = "0 .. 2^31-1";
constexpr std::string_view kPriority = "-1 .. 2^31-1";

Row count(std::string_view name, std::int64_t Settings::*member, std::string_view description) {
  return {{name, "Integer", kAnyCount, description}, IntegerSetting{member, 0, kMaxCount}};
}
/// -1 is below every segment's priority: none.
Row priority(std::string_view name, std::int64_t Settings::*member, std::string_view description) {
  return {{name, "Integer", kPriority, description}, IntegerSetting{member, -1, kMaxCount}};
}
Row integer(std::string_view name, std::int64_t Settings::*member, std::int64_t from, std::int64_t to,
            std::string_view range, std::string_view description) {
  return {{name, "Integer", range, description}, IntegerSetting{member, from, to}};
}
Row boolean(std::string_view name, bool Settings::*member, std::string_view description) {
  return {{name, "Boolean", "", description}, BooleanSetting{member}};
}

std::vector<Row> makeRows() {
  using S = Settings;
  return {
      count("cachedSegmentExpiration", &S::cachedSegmentExpiration,
            "Milliseconds after its last use until a cached segment is deleted; default storage only"),
      count("cachedSegmentsCount", &S::cachedSegmentsCount, "Most segments kept in the cache; default storage only"),
      priority("requiredSegmentsPriority", &S::requiredSegmentsPriority,
               "Segments up to this priority are loaded as fast as possible, by HTTP; -1: none"),
      boolean("useP2P", &S::useP2P, "Exchange segments with peers"),
      boolean("consumeOnly", &S::consumeOnly, "Load from peers but upload nothing to them"),
      count("simultaneousHttpDownloads", &S::simultaneousHttpDownloads,
            "Most HTTP downloads at a time; 0: load by P2P only"),
      {{"httpDownloadProbability", "Float", "0 .. 1",
        "Chance that a segment nobody near has is loaded by HTTP at each check"},
       ProbabilitySetting{&S::httpDownloadProbability}},
      integer("httpDownloadProbabilityInterval", &S::httpDownloadProbabilityInterval, 1, kMaxCount, "1 .. 2^31-1",
              "Milliseconds between checks of httpDownloadProbability"),
      boolean("httpDownloadProbabilitySkipIfNoPeers", &S::httpDownloadProbabilitySkipIfNoPeers,
              "No random HTTP downloads while there are no peers"),
      count("httpFailedSegmentTimeout", &S::httpFailedSegmentTimeout,
            "Milliseconds until a segment is tried again by HTTP after a failure"),
      priority("httpDownloadMaxPriority", &S::httpDownloadMaxPriority,
               "Segments above this priority are not loaded by HTTP; -1: none is"),
      count("httpDownloadInitialTimeout", &S::httpDownloadInitialTimeout,
            "Milliseconds at the start in which only peers are asked; ends early without peers on the tracker; 0: off"),
      count("httpDownloadInitialTimeoutPerSegment", &S::httpDownloadInitialTimeoutPerSegment,
            "Milliseconds that one segment may take of peers before httpDownloadInitialTimeout is given up"),
      boolean("httpUseRanges", &S::httpUseRanges,
              "Go on with range requests where a P2P download was aborted, instead of starting over"),
      count("simultaneousP2PDownloads", &S::simultaneousP2PDownloads,
            "Most downloads from peers at a time; 0: load by HTTP only"),
      priority("p2pDownloadMaxPriority", &S::p2pDownloadMaxPriority,
               "Segments above this priority are not loaded from peers; -1: none is"),
      count("p2pSegmentDownloadTimeout", &S::p2pSegmentDownloadTimeout,
            "Milliseconds that a peer may take to start sending a segment"),
      integer("webRtcMaxMessageSize", &S::webRtcMaxMessageSize, kMinMessageSize, kMaxMessageSize, "64 .. 262144",
              "Most bytes in one data channel message; 65535 suits recent browsers, 16384 older ones"),
      {{"trackerAnnounce", "String[]", "at most 32 URLs, ws:// or wss://",
        "WebTorrent trackers to find peers with; empty: none"},
       TrackerSetting{&S::trackerAnnounce}},
      integer("peerRequestsPerAnnounce", &S::peerRequestsPerAnnounce, 0, 10, "0 .. 10",
              "Peers asked for in each announce to each tracker"),
      {{"rtcConfig", "Object", "iceServers: at most 32, stun: stuns: turn: turns:; iceTransportPolicy: all or relay",
        "RTCConfiguration for connections to peers; members other than these two are ignored"},
       RtcSetting{&S::rtcConfig}},
      integer("p2pNotReceivingBytesTimeout", &S::p2pNotReceivingBytesTimeout, 1, kMaxCount, "1 .. 2^31-1",
              "Milliseconds without a byte after which a download from a peer is dropped"),
      count("httpNotReceivingBytesTimeout", &S::httpNotReceivingBytesTimeout,
            "Milliseconds without a byte after which an HTTP download is tried again at once; 0: never"),
      integer("maxPeers", &S::maxPeers, 0, 10'000, "0 .. 10000", "Most connected peers of one loader"),
      {{"peerProtocols", "String[]", "at least one of G0, G2, G3, G4",
        "Generations of peers to exchange segments with, each in its own swarm: G0 is 0.6, G2 1.0.4 to 2.2, G3 2.3 to "
        "4, "
        "G4 5.0"},
       GenerationsSetting{&S::peerProtocols}},
      {{"schedulingPolicy", "String", "classic or cooperative",
        "Rules by which segments are fetched: those of 0.6, or viewers that share the work of fetching from the "
        "origin"},
       ChoiceSetting<Scheduling>{&S::schedulingPolicy, {"classic", "cooperative"}}},
      {{"startupPolicy", "String", "fast or p2pFirst",
        "Where the first segment comes from: HTTP at once, or a peer if one can be asked in time; cooperative only"},
       ChoiceSetting<Startup>{&S::startupPolicy, {"fast", "p2pFirst"}}},
      count("httpPrefetchTime", &S::httpPrefetchTime,
            "Milliseconds ahead of the player in which segments are fetched from the origin for all; cooperative only"),
  };
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = makeRows();
  return all;
}

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

std::string wholeNumber(const SettingInfo& info) { return "a whole number of " + std::string(info.range); }

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

Result<void> check(const IntegerSetting& setting, const Row& row, const Settings& settings) {
  const std::int64_t value = settings.*setting.member;
  if (value < setting.from || value > setting.to) {
    return wrong(row.info.name, std::to_string(value), wholeNumber(row.info));
  }
  return {};
}

Result<void> check(const ProbabilitySetting& setting, const Row& row, const Settings& settings) {
  const double value = settings.*setting.member;
  if (!(value >= 0 && value <= 1)) {
    return wrong(row.info.name, value != value ? "NaN" : toJsonText(Json(value)), "a number of 0 .. 1");
  }
  return {};
}

Result<void> check(const BooleanSetting&, const Row&, const Settings&) { return {}; }

Result<void> check(const TrackerSetting& setting, const Row& row, const Settings& settings) {
  const std::vector<std::string>& urls = settings.*setting.member;
  if (urls.size() > kMaxTrackers) {
    return wrong(row.info.name, std::to_string(urls.size()) + " URLs", "at most " + std::to_string(kMaxTrackers));
  }
  for (const std::string& url : urls) {
    if (!isUrlOf(url, "ws://") && !isUrlOf(url, "wss://")) {
      return wrong(row.info.name, quotedText(url), "a URL of ws:// or wss://");
    }
  }
  return {};
}

Result<void> check(const RtcSetting& setting, const Row& row, const Settings& settings) {
  const std::vector<IceServer>& servers = (settings.*setting.member).iceServers;
  if (servers.size() > kMaxIceServers) {
    return wrong(row.info.name, std::to_string(servers.size()) + " iceServers",
                 "at most " + std::to_string(kMaxIceServers));
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const IceServer& server = servers[i];
    const std::string name = std::string(row.info.name) + ": iceServers[" + std::to_string(i) + "]";
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

Result<void> check(const GenerationsSetting& setting, const Row& row, const Settings& settings) {
  const std::vector<Generation>& generations = settings.*setting.member;
  if (generations.empty()) return wrong(row.info.name, "none", kGenerationNames);
  for (auto at = generations.begin(); at != generations.end(); ++at) {
    if (std::find(std::next(at), generations.end(), *at) != generations.end()) {
      return wrong(row.info.name, std::string(infoOf(*at).name) + " twice", "each generation once");
    }
  }
  return {};
}

template <class Enum>
std::string wordsOf(const ChoiceSetting<Enum>& setting) {
  return "\"" + std::string(setting.words[0]) + "\" or \"" + std::string(setting.words[1]) + "\"";
}

template <class Enum>
Result<void> check(const ChoiceSetting<Enum>& setting, const Row& row, const Settings& settings) {
  const auto place = static_cast<std::size_t>(settings.*setting.member);
  if (place >= setting.words.size()) return wrong(row.info.name, std::to_string(place), wordsOf(setting));
  return {};
}

// ------------------------------------------------------------------------------------------------------------ reading

Result<void> read(const IntegerSetting& setting, const Row& row, const Json& json, Settings& settings) {
  const auto value = json.integer();
  if (!value) return wrong(row.info.name, shown(json), wholeNumber(row.info));
  settings.*setting.member = *value;
  return {};
}

Result<void> read(const ProbabilitySetting& setting, const Row& row, const Json& json, Settings& settings) {
  if (json.number() == nullptr) return wrong(row.info.name, shown(json), "a number of 0 .. 1");
  settings.*setting.member = *json.number();
  return {};
}

Result<void> read(const BooleanSetting& setting, const Row& row, const Json& json, Settings& settings) {
  if (json.boolean() == nullptr) return wrong(row.info.name, shown(json), "true or false");
  settings.*setting.member = *json.boolean();
  return {};
}

Result<std::vector<std::string>> readTexts(std::string_view name, const Json& json, std::string_view expected) {
  std::vector<std::string> texts;
  if (json.array() == nullptr) return wrong(name, shown(json), expected);
  for (const Json& item : *json.array()) {
    if (item.string() == nullptr) return wrong(name, shown(item) + " in it", expected);
    texts.push_back(*item.string());
  }
  return texts;
}

Result<void> read(const TrackerSetting& setting, const Row& row, const Json& json, Settings& settings) {
  Result<std::vector<std::string>> urls = readTexts(row.info.name, json, "an array of URLs");
  if (!urls) return std::unexpected(std::move(urls.error()));
  settings.*setting.member = *std::move(urls);
  return {};
}

Result<void> read(const GenerationsSetting& setting, const Row& row, const Json& json, Settings& settings) {
  Result<std::vector<std::string>> names = readTexts(row.info.name, json, kGenerationNames);
  if (!names) return std::unexpected(std::move(names.error()));
  std::vector<Generation> generations;
  for (const std::string& name : *names) {
    const auto generation = generationNamed(name);
    if (!generation) return wrong(row.info.name, quotedText(name), kGenerationNames);
    generations.push_back(*generation);
  }
  settings.*setting.member = std::move(generations);
  return {};
}

template <class Enum>
Result<void> read(const ChoiceSetting<Enum>& setting, const Row& row, const Json& json, Settings& settings) {
  if (json.string() == nullptr) return wrong(row.info.name, shown(json), wordsOf(setting));
  const auto at = std::find(setting.words.begin(), setting.words.end(), *json.string());
  if (at == setting.words.end()) return wrong(row.info.name, quotedText(*json.string()), wordsOf(setting));
  settings.*setting.member = static_cast<Enum>(at - setting.words.begin());
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
Result<void> read(const RtcSetting& setting, const Row& row, const Json& json, Settings& settings) {
  const std::string name(row.info.name);
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
  settings.*setting.member = std::move(config);
  return {};
}

// ------------------------------------------------------------------------------------------------------------ writing

Json write(const IntegerSetting& setting, const Settings& settings) { return settings.*setting.member; }
Json write(const ProbabilitySetting& setting, const Settings& settings) { return settings.*setting.member; }
Json write(const BooleanSetting& setting, const Settings& settings) { return settings.*setting.member; }

Json writeTexts(const std::vector<std::string>& texts) {
  Json::Array items;
  for (const std::string& text : texts) items.emplace_back(text);
  return items;
}

Json write(const TrackerSetting& setting, const Settings& settings) { return writeTexts(settings.*setting.member); }

Json write(const GenerationsSetting& setting, const Settings& settings) {
  Json::Array names;
  for (const Generation generation : settings.*setting.member) names.emplace_back(std::string(infoOf(generation).name));
  return names;
}

template <class Enum>
Json write(const ChoiceSetting<Enum>& setting, const Settings& settings) {
  return std::string(setting.words[static_cast<std::size_t>(settings.*setting.member)]);
}

Json write(const RtcSetting& setting, const Settings& settings) {
  const RtcConfig& config = settings.*setting.member;
  Json::Array servers;
  for (const IceServer& server : config.iceServers) {
    Json::Object object{{"urls", writeTexts(server.urls)}};
    if (!server.username.empty()) object.emplace_back("username", server.username);
    if (!server.credential.empty()) object.emplace_back("credential", server.credential);
    servers.emplace_back(std::move(object));
  }
  return Json::Object{{"iceServers", std::move(servers)},
                      {"iceTransportPolicy", config.iceTransportPolicy == IceTransportPolicy::relay ? "relay" : "all"}};
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
  const Row* nearest = nullptr;
  std::size_t least = 0;
  for (const Row& row : rows()) {
    const std::size_t d = distance(name.substr(0, kMaxShownBytes), row.info.name);
    if (nearest == nullptr || d < least) {
      nearest = &row;
      least = d;
    }
  }
  // A third of the letters wrong is a typing error; more is another word.
  if (least <= nearest->info.name.size() / 3) text += "; did you mean " + std::string(nearest->info.name) + "?";
  return fail(ErrorCode::invalidArgument, text);
}

}  // namespace

Result<void> validate(const Settings& settings) {
  for (const Row& row : rows()) {
    Result<void> checked = std::visit([&](const auto& access) { return check(access, row, settings); }, row.access);
    if (!checked) return checked;
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
        return wrong(name, shown(value), "a whole number of " + std::string(kAnyCount));
      }
      // The JavaScript library takes 0 as not given.
      if (*number != 0 && json.find("p2pDownloadMaxPriority") == nullptr) settings.p2pDownloadMaxPriority = *number;
      if (*number != 0 && json.find("httpDownloadMaxPriority") == nullptr) settings.httpDownloadMaxPriority = *number;
      continue;
    }
    const auto row = std::find_if(rows().begin(), rows().end(), [&](const Row& r) { return r.info.name == name; });
    if (row == rows().end()) return unknown(name);
    const Json& given = value;
    Result<void> taken =
        std::visit([&](const auto& access) { return read(access, *row, given, settings); }, row->access);
    if (!taken) return std::unexpected(std::move(taken.error()));
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
  for (const Row& row : rows()) {
    object.emplace_back(std::string(row.info.name),
                        std::visit([&](const auto& access) { return write(access, settings); }, row.access));
  }
  return object;
}

const std::vector<SettingInfo>& settingInfos() {
  static const std::vector<SettingInfo> all = [] {
    std::vector<SettingInfo> infos;
    for (const Row& row : rows()) infos.push_back(row.info);
    return infos;
  }();
  return all;
}

}  // namespace p2pml::engine
