#include "p2pml/peer/config.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace p2pml::app {

namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, Generation>, 4> kGenNames{
    {{"06", Generation::g0}, {"22", Generation::g2}, {"23", Generation::g3}, {"50", Generation::g4}}};

Error wrong(const std::string& key, const std::string& expected) {
  return {ErrorCode::invalidArgument, "configuration: \"" + key + "\": expected " + expected};
}

/// Reads members into fields and keeps the first error.
class Reader {
 public:
  explicit Reader(const json& object) : object_(object) {}

  void read(const char* key, std::string& value) {
    const auto at = object_.find(key);
    if (at == object_.end()) return;
    if (!at->is_string()) return fail(key, "a string");
    value = at->get<std::string>();
  }
  void read(const char* key, std::optional<std::string>& value) {
    std::string text;
    read(key, text);
    if (text.empty() && object_.contains(key)) fail(key, "a string that is not empty");
    if (!text.empty()) value = std::move(text);
  }
  void read(const char* key, std::vector<std::string>& value) {
    const auto at = object_.find(key);
    if (at == object_.end()) return;
    const auto isText = [](const json& item) { return item.is_string(); };
    if (!at->is_array() || !std::all_of(at->begin(), at->end(), isText)) return fail(key, "a list of strings");
    value = at->get<std::vector<std::string>>();
  }
  void read(const char* key, bool& value) {
    const auto at = object_.find(key);
    if (at == object_.end()) return;
    if (!at->is_boolean()) return fail(key, "true or false");
    value = at->get<bool>();
  }
  template <class Integer>
  void read(const char* key, Integer& value, std::int64_t from, std::int64_t to) {
    const auto at = object_.find(key);
    if (at == object_.end()) return;
    const std::string expected = "an integer from " + std::to_string(from) + " to " + std::to_string(to);
    if (!at->is_number_integer()) return fail(key, expected);
    const auto number = at->get<std::int64_t>();
    if (number < from || number > to) return fail(key, expected);
    value = static_cast<Integer>(number);
  }
  void read(const char* key, double& value, double above, double to) {
    const auto at = object_.find(key);
    if (at == object_.end()) return;
    if (!at->is_number() || at->get<double>() <= above || at->get<double>() > to) return fail(key, "a positive number");
    value = at->get<double>();
  }
  void fail(const std::string& key, const std::string& expected) {
    if (!error_) error_ = wrong(key, expected);
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  const json& object_;
  std::optional<Error> error_;
};

/// One or several generations joined by '+', none twice; empty if `text` is anything else.
std::vector<Generation> readGenerations(std::string_view text) {
  std::vector<Generation> generations;
  for (;;) {
    const std::size_t end = std::min(text.find('+'), text.size());
    const auto row = std::find_if(kGenNames.begin(), kGenNames.end(),
                                  [&](const auto& candidate) { return candidate.first == text.substr(0, end); });
    if (row == kGenNames.end() || std::ranges::find(generations, row->second) != generations.end()) return {};
    generations.push_back(row->second);
    if (end == text.size()) return generations;
    text.remove_prefix(end + 1);
  }
}

constexpr std::int64_t kEverything = 1'000'000'000;

/// What makes a seeder or a leecher of a viewer, unless `given` says otherwise.
json roleSettings(PeerConfig::Role role) {
  switch (role) {
    case PeerConfig::Role::seed: return {{"requiredSegmentsPriority", kEverything}, {"simultaneousHttpDownloads", 4}};
    case PeerConfig::Role::leech:
      return {
          {"requiredSegmentsPriority", -1}, {"httpDownloadProbability", 0}, {"p2pDownloadMaxPriority", kEverything}};
    case PeerConfig::Role::viewer: break;
  }
  return json::object();
}

std::optional<Error> readSettings(const json& object, PeerConfig& config) {
  json settings = roleSettings(config.role);
  // No ICE servers unless the settings say so: measurements stay where they are made.
  settings["rtcConfig"] = {{"iceServers", json::array()}};
  const auto tracker = object.find("tracker");
  if (tracker == object.end() || !tracker->is_string()) return wrong("tracker", "the tracker's ws:// or wss:// URL");
  settings["trackerAnnounce"] = json::array({*tracker});
  const auto given = object.find("settings");
  if (given != object.end()) {
    if (!given->is_object()) return wrong("settings", "an object of HybridLoader settings");
    if (given->contains("peerProtocols")) return wrong("settings.peerProtocols", "nothing: \"gen\" is what tells it");
    settings.update(*given);
  }
  auto read = Settings::fromJson(settings.dump());
  if (!read) return read.error();
  config.settings = std::move(*read);
  config.settings.peerProtocols = readGenerations(config.gen);
  return std::nullopt;
}

}  // namespace

std::string_view genName(Generation generation) {
  return std::ranges::find(kGenNames, generation, &decltype(kGenNames)::value_type::second)->first;
}

std::string_view genName(std::string_view protocol) {
  const auto generation = engine::generationNamed(protocol);
  return generation ? genName(*generation) : protocol;
}

std::string PeerConfig::segmentUrl(std::int64_t number) const {
  const std::string base = origin + "/t/" + id;
  const std::string file = "/" + std::to_string(number) + ".bin";
  if (!live) return base + "/synth/" + name + "/" + std::to_string(size) + file;
  return base + "/synthlive/" + name + "/" + std::to_string(size) + "/" +
         std::to_string(std::llround(duration * 1000)) + file;
}

std::string PeerConfig::playlistUrl() const {
  return origin + "/t/" + id + "/synthlive/" + name + "/" + std::to_string(size) + "/" +
         std::to_string(std::llround(duration * 1000)) + "/index.m3u8?window=" + std::to_string(window);
}

Segment PeerConfig::segment(std::int64_t number) const {
  const std::string sequence = std::to_string(number);
  Segment segment(streamSwarmId() + "+" + sequence, segmentUrl(number));
  segment.masterSwarmId = swarm;
  segment.masterManifestUri = origin;
  segment.streamId = "V0";
  segment.sequence = sequence;
  segment.externalId = number;
  return segment;
}

Result<PeerConfig> parsePeerConfig(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object())
    return std::unexpected(Error{ErrorCode::invalidArgument, "configuration: expected a JSON object"});
  PeerConfig config;
  Reader reader(object);
  std::string role = "viewer";
  std::string mode = "vod";
  reader.read("id", config.id);
  reader.read("gen", config.gen);
  reader.read("role", role);
  reader.read("mode", mode);
  reader.read("origin", config.origin);
  reader.read("swarm", config.swarm);
  reader.read("name", config.name);
  reader.read("size", config.size, 1, 64 << 20);
  reader.read("count", config.count, 1, 100'000);
  reader.read("dur", config.duration, 0, 3600);
  reader.read("ahead", config.ahead, 0, 100'000);
  reader.read("forward", config.forward, 1, 100'000);
  reader.read("liveBack", config.liveBack, 1, 100'000);
  reader.read("window", config.window, 1, 10'000);
  reader.read("validate", config.validate);
  reader.read("stay", config.stay);
  reader.read("streamKey", config.streamKey);
  reader.read("manifest", config.manifest);
  reader.read("variant", config.variant, 0, 1000);
  if (object.contains("swarm")) config.manifestSwarm = config.swarm;
  reader.read("localAddresses", config.native.localAddresses);
  reader.read("includeLoopback", config.native.includeLoopback);
  if (readGenerations(config.gen).empty()) {
    reader.fail("gen", "\"06\", \"22\", \"23\", \"50\" or several of these joined by \"+\"");
  }
  if (role == "seed") {
    config.role = PeerConfig::Role::seed;
  } else if (role == "leech") {
    config.role = PeerConfig::Role::leech;
  } else if (role != "viewer") {
    reader.fail("role", "\"viewer\", \"seed\" or \"leech\"");
  }
  config.live = mode == "live";
  if (!config.live && mode != "vod") reader.fail("mode", "\"vod\" or \"live\"");
  if (config.manifest.empty() && object.contains("manifest")) reader.fail("manifest", "the URL of an HLS playlist");
  if (config.manifest.empty() && object.contains("variant")) reader.fail("variant", "nothing without \"manifest\"");
  if (!config.manifest.empty() && config.validate) {
    reader.fail("validate", "false: nobody knows what the segments of a manifest must be");
  }
  if (config.manifest.empty() && config.origin.empty()) reader.fail("origin", "the origin's URL");
  while (config.origin.ends_with('/')) config.origin.pop_back();
  if (reader.error()) return std::unexpected(*reader.error());
  if (auto error = readSettings(object, config)) return std::unexpected(std::move(*error));
  return config;
}

}  // namespace p2pml::app
