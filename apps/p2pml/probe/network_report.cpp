#include "p2pml/probe/network_report.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "p2pml/probe/report.hpp"

namespace p2pml::app {

namespace {

using Json = nlohmann::ordered_json;

double milliseconds(base::Duration duration) { return static_cast<double>(duration.count()) / 1e3; }

void put(Json& to, const char* name, const std::string& text) {
  if (!text.empty()) to[name] = text;
}
void put(Json& to, const char* name, const std::optional<base::Duration>& duration) {
  if (duration) to[name] = milliseconds(*duration);
}
template <class Number>
void put(Json& to, const char* name, const std::optional<Number>& number) {
  if (number) to[name] = *number;
}

const char* nameOf(Nat nat) {
  switch (nat) {
    case Nat::none: return "none";
    case Nat::sameForAll: return "sameForAll";
    case Nat::otherForEach: return "otherForEach";
    case Nat::unknown: break;
  }
  return "unknown";
}

const char* describe(Nat nat) {
  switch (nat) {
    case Nat::none: return "no NAT: servers see an address of this machine";
    case Nat::sameForAll: return "a NAT that keeps one port for all destinations: peers can usually be met directly";
    case Nat::otherForEach: return "a NAT that gives every destination another port (\"symmetric\")";
    case Nat::unknown: break;
  }
  return "not known: that takes the answers of two STUN servers";
}

Json jsonOf(const HttpFacts& http) {
  Json json;
  json["what"] = http.what;
  json["url"] = http.url;
  if (http.finalUrl != http.url) put(json, "finalUrl", http.finalUrl);
  if (http.status != 0) json["status"] = http.status;
  put(json, "error", http.error);
  put(json, "contentType", http.contentType);
  put(json, "length", http.length);
  put(json, "allowOrigin", http.allowOrigin);
  put(json, "cacheControl", http.cacheControl);
  put(json, "age", http.age);
  put(json, "ranges", http.ranges);
  put(json, "firstByte", http.firstByte);
  return json;
}

Json jsonOf(const TrackerFacts& tracker) {
  Json json;
  json["url"] = tracker.url;
  put(json, "connected", tracker.connected);
  put(json, "error", tracker.error);
  json["swarms"] = Json::array();
  for (const SwarmFacts& swarm : tracker.swarms) {
    Json entry;
    entry["generation"] = swarm.generation;
    entry["infoHash"] = swarm.infoHash;
    put(entry, "seeders", swarm.seeders);
    put(entry, "leechers", swarm.leechers);
    put(entry, "interval", swarm.interval);
    put(entry, "latency", swarm.latency);
    put(entry, "warning", swarm.warning);
    put(entry, "error", swarm.error);
    json["swarms"].push_back(std::move(entry));
  }
  return json;
}

Json jsonOf(const IceFacts& ice) {
  Json json;
  json["nat"] = nameOf(ice.nat);
  json["stun"] = Json::array();
  for (const StunFacts& server : ice.stun) {
    Json entry;
    entry["url"] = server.url;
    put(entry, "mapped", server.mapped);
    put(entry, "latency", server.latency);
    put(entry, "error", server.error);
    json["stun"].push_back(std::move(entry));
  }
  json["candidates"] = Json::array();
  for (const CandidateFacts& candidate : ice.candidates) {
    json["candidates"].push_back({{"type", candidate.type}, {"address", candidate.address}, {"port", candidate.port}});
  }
  put(json, "gathered", ice.gathered);
  put(json, "opened", ice.opened);
  put(json, "remoteAddress", ice.remoteAddress);
  json["turnConfigured"] = ice.turnConfigured;
  put(json, "error", ice.error);
  return json;
}

std::string ms(const std::optional<base::Duration>& duration) {
  char text[40];
  std::snprintf(text, sizeof text, "%.1f ms", duration ? milliseconds(*duration) : 0.0);
  return text;
}

void describe(std::string& out, const HttpFacts& http) {
  out += http.what + " " + http.url + "\n ";
  if (!http.finalUrl.empty() && http.finalUrl != http.url) out += " after redirects " + http.finalUrl + "\n ";
  if (http.status != 0) out += " HTTP " + std::to_string(http.status);
  if (!http.error.empty()) out += " " + http.error;
  if (!http.contentType.empty()) out += ", " + http.contentType;
  if (http.length) out += ", " + std::to_string(*http.length) + " bytes";
  if (http.firstByte) out += ", first byte after " + ms(http.firstByte);
  out += "\n  pages of other sites: " + (http.allowOrigin.empty() ? "refused" : "allowed (" + http.allowOrigin + ")");
  if (http.ranges) out += std::string("; parts: ") + (*http.ranges ? "yes" : "no");
  out += "; caches: " + (http.cacheControl.empty() ? "nothing said" : http.cacheControl);
  if (!http.age.empty()) out += ", age " + http.age + " s";
  out += "\n";
}

void describe(std::string& out, const TrackerFacts& tracker) {
  out += "tracker " + tracker.url + "\n ";
  if (tracker.connected) out += " connected after " + ms(tracker.connected);
  if (!tracker.error.empty()) out += " " + tracker.error;
  out += "\n";
  for (const SwarmFacts& swarm : tracker.swarms) {
    out += "  " + swarm.generation + " " + swarm.infoHash + ":";
    if (swarm.latency) {
      const auto count = [](const std::optional<std::int64_t>& number) {
        return number ? std::to_string(*number) : std::string("?");
      };
      out += " seeders " + count(swarm.seeders) + ", others " + count(swarm.leechers) + ", after " + ms(swarm.latency);
      if (swarm.interval) out += ", to be asked every " + std::to_string(*swarm.interval) + " s";
    }
    if (!swarm.warning.empty()) out += " (" + swarm.warning + ")";
    out += swarm.error.empty() ? "" : " " + swarm.error;
    out += "\n";
  }
}

void describe(std::string& out, const IceFacts& ice) {
  out += "peer connections\n";
  for (const StunFacts& server : ice.stun) {
    out += "  " + server.url + ": " +
           (server.mapped.empty() ? server.error : "sees " + server.mapped + ", after " + ms(server.latency)) + "\n";
  }
  out += std::string("  NAT: ") + describe(ice.nat) + "\n";
  for (const CandidateFacts& candidate : ice.candidates) {
    out += "  " + candidate.type + " " + candidate.address + " port " + std::to_string(candidate.port) + "\n";
  }
  if (ice.opened) {
    out += "  a data channel between two peers here: " + ms(ice.opened) +
           " from the answer to a message there and back, over " + ice.remoteAddress + "\n";
  } else {
    out += "  a data channel between two peers here: " + ice.error + "\n";
  }
}

}  // namespace

std::string networkJson(const NetworkProbe& probe, const std::vector<Finding>& findings) {
  const NetworkFacts& facts = probe.facts;
  Json json;
  json["mayShare"] = !hasFault(findings);
  json["verdict"] = Json::array();
  for (const Finding& finding : findings) {
    json["verdict"].push_back(
        {{"weight", finding.weight == Finding::Weight::fault ? "fault" : "doubt"}, {"text", finding.text}});
  }
  if (probe.manifest) json["manifest"] = Json::parse(probeJson(*probe.manifest));
  json["http"] = Json::array();
  for (const HttpFacts& http : facts.http) json["http"].push_back(jsonOf(http));
  put(json, "stream", facts.stream);
  json["trackers"] = Json::array();
  for (const TrackerFacts& tracker : facts.trackers) json["trackers"].push_back(jsonOf(tracker));
  if (facts.ice) json["ice"] = jsonOf(*facts.ice);
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

std::string networkText(const NetworkProbe& probe, const std::vector<Finding>& findings) {
  const NetworkFacts& facts = probe.facts;
  std::string out;
  if (probe.manifest) out += probeText(*probe.manifest, Segments::counted) + "\n";
  for (const HttpFacts& http : facts.http) describe(out, http);
  for (const TrackerFacts& tracker : facts.trackers) describe(out, tracker);
  if (facts.ice) describe(out, *facts.ice);
  out += "\n";
  for (const Finding& finding : findings) {
    out += (finding.weight == Finding::Weight::fault ? "FAULT " : "doubt ") + finding.text + "\n";
  }
  out += hasFault(findings) ? "Peers cannot help with this stream here.\n"
         : findings.empty() ? "Nothing was found that keeps peers from sharing this stream.\n"
                            : "Peers can share this stream, as far as this machine can see.\n";
  return out;
}

}  // namespace p2pml::app
