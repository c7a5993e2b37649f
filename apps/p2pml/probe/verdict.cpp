#include "p2pml/probe/verdict.hpp"

#include <algorithm>

namespace p2pml::app {

namespace {

using Weight = Finding::Weight;

void judge(std::vector<Finding>& findings, const HttpFacts& http) {
  const bool isManifest = http.what != "segment";
  if (!http.error.empty()) {
    findings.push_back({Weight::fault, "the " + http.what + " cannot be loaded: " + http.error});
    return;
  }
  if (http.status < 200 || http.status > 299) {
    findings.push_back({Weight::fault, "the " + http.what + " cannot be loaded: HTTP status " +
                                           std::to_string(http.status) + " for " + http.url});
    return;
  }
  if (http.allowOrigin.empty()) {
    findings.push_back({Weight::doubt, "the " + http.what +
                                           " has no Access-Control-Allow-Origin: players on pages of other sites "
                                           "cannot load it (programs and the gateway can)"});
  }
  if (!isManifest && http.ranges == false) {
    findings.push_back({Weight::doubt,
                        "the origin sends whole segments where a part is asked for: what a peer has begun "
                        "cannot be ended over HTTP, it is loaded anew"});
  }
}

void judgeTrackers(std::vector<Finding>& findings, const NetworkFacts& facts) {
  bool anyAnswer = false;
  bool anyCount = false;
  std::int64_t others = 0;
  for (const TrackerFacts& tracker : facts.trackers) {
    std::int64_t here = 0;
    bool answers = false;
    for (const SwarmFacts& swarm : tracker.swarms) {
      answers = answers || swarm.latency.has_value();
      anyCount = anyCount || swarm.seeders || swarm.leechers;
      here += swarm.seeders.value_or(0) + swarm.leechers.value_or(0);
      if (!swarm.error.empty() && tracker.error.empty()) {
        findings.push_back({Weight::doubt, "the tracker " + tracker.url + " on the swarm of " + swarm.generation +
                                               " peers: " + swarm.error});
      }
    }
    if (!tracker.error.empty()) {
      findings.push_back({Weight::doubt, "the tracker " + tracker.url + " is of no use: " + tracker.error});
    }
    anyAnswer = anyAnswer || answers;
    others = std::max(others, here);
  }
  if (facts.trackers.empty()) {
    findings.push_back({Weight::fault, "there is no tracker in the settings: peers have no way to find each other"});
  } else if (!anyAnswer) {
    findings.push_back({Weight::fault, "no tracker answers: peers have no way to find each other"});
  } else if (anyCount && others == 0) {
    findings.push_back({Weight::doubt, "nobody else watches " + facts.stream + " now: there is nobody to share with"});
  }
}

void judge(std::vector<Finding>& findings, const IceFacts& ice) {
  if (!ice.opened) {
    findings.push_back({Weight::fault, "two peers on this machine cannot connect: " + ice.error +
                                           "; a firewall on this machine may keep UDP from it"});
  }
  const bool asked = !ice.stun.empty();
  const bool anyAnswer = std::ranges::any_of(ice.stun, [](const StunFacts& server) { return !server.mapped.empty(); });
  const bool relays = std::ranges::any_of(ice.candidates, [](const CandidateFacts& it) { return it.type == "relay"; });
  if (ice.turnConfigured && !relays) {
    findings.push_back(
        {Weight::doubt, "the TURN servers of the settings gave no address: no peer is met through them"});
  }
  if (!asked) {
    findings.push_back({Weight::doubt,
                        "there is no STUN server in the settings: behind a NAT only peers of the same "
                        "network are met"});
  } else if (!anyAnswer) {
    for (const StunFacts& server : ice.stun) {
      findings.push_back({Weight::doubt, "no answer from " + server.url + ": " + server.error});
    }
    findings.push_back({Weight::doubt,
                        "no STUN server answers: UDP does not leave this network, or the servers are "
                        "away; then only peers of the same network are met, and what TURN relays"});
  } else if (ice.nat == Nat::otherForEach && !relays) {
    findings.push_back({Weight::doubt,
                        "the NAT gives every destination another port (\"symmetric\"): peers behind such a NAT, and "
                        "behind strict ones, are not met without a TURN server"});
  }
}

}  // namespace

std::vector<Finding> verdictOf(const NetworkFacts& facts) {
  std::vector<Finding> findings;
  for (const HttpFacts& http : facts.http) judge(findings, http);
  if (!facts.notShared.empty()) {
    findings.push_back({Weight::fault, "nothing of it can be shared: " + facts.notShared});
  } else if (!facts.stream.empty()) {
    judgeTrackers(findings, facts);
  }
  if (facts.ice) judge(findings, *facts.ice);
  std::ranges::stable_sort(findings, {}, &Finding::weight);
  return findings;
}

bool hasFault(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, [](const Finding& finding) { return finding.weight == Weight::fault; });
}

}  // namespace p2pml::app
