// What help texts and documentation say of the settings. Apart from settings.cpp so that who does not print it, like
// the browser's module, does not carry it.

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "engine/settings_rows.hpp"

namespace p2pml::engine {

namespace {

struct Description {
  std::string_view name;
  std::string_view text;
};

constexpr Description kDescriptions[] = {
    {"cachedSegmentExpiration",
     "Milliseconds after its last use until a cached segment is deleted; default storage only"},
    {"cachedSegmentsCount", "Most segments kept in the cache; default storage only"},
    {"requiredSegmentsPriority", "Segments up to this priority are loaded as fast as possible, by HTTP; -1: none"},
    {"useP2P", "Exchange segments with peers"},
    {"consumeOnly", "Load from peers but upload nothing to them"},
    {"simultaneousHttpDownloads", "Most HTTP downloads at a time; 0: load by P2P only"},
    {"httpDownloadProbability", "Chance that a segment nobody near has is loaded by HTTP at each check"},
    {"httpDownloadProbabilityInterval", "Milliseconds between checks of httpDownloadProbability"},
    {"httpDownloadProbabilitySkipIfNoPeers", "No random HTTP downloads while there are no peers"},
    {"httpFailedSegmentTimeout", "Milliseconds until a segment is tried again by HTTP after a failure"},
    {"httpDownloadMaxPriority", "Segments above this priority are not loaded by HTTP; -1: none is"},
    {"httpDownloadInitialTimeout",
     "Milliseconds at the start in which only peers are asked; ends early without peers on the tracker; 0: off"},
    {"httpDownloadInitialTimeoutPerSegment",
     "Milliseconds that one segment may take of peers before httpDownloadInitialTimeout is given up"},
    {"httpUseRanges", "Go on with range requests where a P2P download was aborted, instead of starting over"},
    {"simultaneousP2PDownloads", "Most downloads from peers at a time; 0: load by HTTP only"},
    {"p2pDownloadMaxPriority", "Segments above this priority are not loaded from peers; -1: none is"},
    {"p2pSegmentDownloadTimeout", "Milliseconds that a peer may take to start sending a segment"},
    {"webRtcMaxMessageSize", "Most bytes in one data channel message; 65535 suits recent browsers, 16384 older ones"},
    {"trackerAnnounce", "WebTorrent trackers to find peers with; empty: none"},
    {"peerRequestsPerAnnounce", "Peers asked for in each announce to each tracker"},
    {"rtcConfig", "RTCConfiguration for connections to peers; members other than these two are ignored"},
    {"p2pNotReceivingBytesTimeout", "Milliseconds without a byte after which a download from a peer is dropped"},
    {"httpNotReceivingBytesTimeout",
     "Milliseconds without a byte after which an HTTP download is tried again at once; 0: never"},
    {"maxPeers", "Most connected peers of one loader"},
    {"peerTurnoverInterval",
     "Milliseconds at least from one idle peer to the next that make room for newcomers when there are maxPeers; 0: "
     "none "
     "does; cooperative only"},
    {"peerProtocols",
     "Generations of peers to exchange segments with, each in its own swarm: G0 is 0.6, G2 1.0.4 to 2.2, G3 2.3 to 4, "
     "G4 5.0"},
    {"simultaneousUploads",
     "Most peers that are sent a segment at a time, the others wait; 0: 1 where cooperative, all where classic"},
    {"uploadBandwidthLimit", "Most bytes per second that are uploaded to all peers together; 0: no limit"},
    {"schedulingPolicy",
     "Rules by which segments are fetched: those of 0.6, or viewers that share the work of fetching from the origin"},
    {"startupPolicy",
     "Where the first segment comes from: HTTP at once, or a peer if one can be asked in time; cooperative only"},
    {"peerExtension",
     "Speak the protocol of p2pml nodes, which can relay and share out segments, with those who speak it too; "
     "cooperative only"},
    {"httpPrefetchTime",
     "Milliseconds ahead of the player in which segments are fetched from the origin for all; cooperative only"},
};

std::string_view descriptionOf(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kDescriptions), std::end(kDescriptions), [&](const auto& d) { return d.name == name; });
  P2PML_ASSERT(found != std::end(kDescriptions));
  return found->text;
}

SettingInfo infoOf(const SettingRow& row) {
  const std::string_view text = descriptionOf(row.name);
  switch (row.kind) {
    case SettingKind::integer: return {row.name, "Integer", rangeText(row), text};
    case SettingKind::boolean: return {row.name, "Boolean", "", text};
    case SettingKind::probability: return {row.name, "Float", "0 .. 1", text};
    case SettingKind::trackers: return {row.name, "String[]", "at most 32 URLs, ws:// or wss://", text};
    case SettingKind::rtc:
      return {row.name, "Object", "iceServers: at most 32, stun: stuns: turn: turns:; iceTransportPolicy: all or relay",
              text};
    case SettingKind::generations: return {row.name, "String[]", "at least one of G0, G2, G3, G4", text};
    case SettingKind::scheduling: return {row.name, "String", "classic or cooperative", text};
    case SettingKind::startup: return {row.name, "String", "fast or p2pFirst", text};
  }
  return {};
}

}  // namespace

const std::vector<SettingInfo>& settingInfos() {
  static const std::vector<SettingInfo> all = [] {
    std::vector<SettingInfo> infos;
    for (const SettingRow& row : settingRows()) infos.push_back(infoOf(row));
    return infos;
  }();
  return all;
}

}  // namespace p2pml::engine
