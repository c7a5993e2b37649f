// The seed's settings, with its names, units and defaults. Callbacks of the seed's table (segmentValidator, xhrSetup,
// segmentUrlBuilder, segmentsStorage) are not data: the public API carries them, the engine is only told that they
// exist (Capabilities in io.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "engine/generation.hpp"

namespace p2pml::engine {

/// RTCIceServer: one or several URLs (stun:, turn:, turns:) with optional credentials.
struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;

  friend bool operator==(const IceServer&, const IceServer&) = default;
};

enum class IceTransportPolicy : std::uint8_t { all, relay };

/// The part of RTCConfiguration that data channels need.
struct RtcConfig {
  std::vector<IceServer> iceServers{{{"stun:stun.l.google.com:19302"}, "", ""},
                                    {{"stun:global.stun.twilio.com:3478"}, "", ""}};
  IceTransportPolicy iceTransportPolicy = IceTransportPolicy::all;

  friend bool operator==(const RtcConfig&, const RtcConfig&) = default;
};

/// Which rules say what is fetched from where (docs/scheduling.md).
enum class Scheduling : std::uint8_t {
  classic,      ///< the seed's
  cooperative,  ///< viewers share the work of fetching from the origin
};

/// Where the cooperative policy takes the first segment from.
enum class Startup : std::uint8_t {
  fast,      ///< HTTP, at once
  p2pFirst,  ///< a peer, if one can be asked in time
};

/// Times are integers in milliseconds, as in the seed's table.
struct Settings {
  std::int64_t cachedSegmentExpiration = 300'000;
  std::int64_t cachedSegmentsCount = 30;
  std::int64_t requiredSegmentsPriority = 1;  ///< -1: no segment is required, so none is forced over HTTP
  bool useP2P = true;
  bool consumeOnly = false;
  std::int64_t simultaneousHttpDownloads = 2;
  double httpDownloadProbability = 0.1;
  std::int64_t httpDownloadProbabilityInterval = 1000;
  bool httpDownloadProbabilitySkipIfNoPeers = false;
  std::int64_t httpFailedSegmentTimeout = 10'000;
  std::int64_t httpDownloadMaxPriority = 20;
  std::int64_t httpDownloadInitialTimeout = 0;
  std::int64_t httpDownloadInitialTimeoutPerSegment = 4000;
  bool httpUseRanges = false;
  std::int64_t simultaneousP2PDownloads = 3;
  std::int64_t p2pDownloadMaxPriority = 20;
  std::int64_t p2pSegmentDownloadTimeout = 60'000;
  std::int64_t webRtcMaxMessageSize = 64 * 1024 - 1;
  std::vector<std::string> trackerAnnounce{"wss://tracker.novage.com.ua", "wss://tracker.openwebtorrent.com"};
  std::int64_t peerRequestsPerAnnounce = 10;
  RtcConfig rtcConfig;

  // Beyond the seed.
  std::int64_t p2pNotReceivingBytesTimeout = 2000;   ///< a P2P body without bytes for so long is dropped
  std::int64_t httpNotReceivingBytesTimeout = 3000;  ///< an HTTP body without bytes for so long is retried at once
  std::int64_t maxPeers = 100;                       ///< connected peers of one loader
  /// The generations of peers to exchange segments with: one swarm for each, one store for all. Not empty, none twice.
  std::vector<Generation> peerProtocols{Generation::g0};
  Scheduling schedulingPolicy = Scheduling::classic;
  std::int64_t simultaneousUploads = 0;   ///< 0: the policy's own number, none for classic
  std::int64_t uploadBandwidthLimit = 0;  ///< bytes per second to all peers together; 0: no limit
  // Of the cooperative policy.
  std::int64_t peerTurnoverInterval = 15'000;  ///< an idle peer of a full set makes room so often at most; 0: none does
  Startup startupPolicy = Startup::fast;
  bool peerExtension = true;               ///< the nodes' own protocol (docs/protocol/node.md); cooperative policy
  std::int64_t httpPrefetchTime = 30'000;  ///< how far ahead of the player segments are fetched for all

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// Checks every value. Error: invalidArgument, naming the setting, its value and the accepted range.
base::Result<void> validate(const Settings& settings);

/// Reads an object of settings on top of the defaults and validates the result. An unknown name or a wrong type is an
/// error naming it and what was expected. `bufferedSegmentsCount` (legacy) gives p2pDownloadMaxPriority and
/// httpDownloadMaxPriority where these are not set.
base::Result<Settings> settingsFromJson(const base::Json& json);
base::Result<Settings> settingsFromJsonText(std::string_view text);

/// All settings with their present values, in the order of the seed's table.
base::Json toJson(const Settings& settings);

/// One row for help texts and documentation: name, type, default, accepted range.
struct SettingInfo {
  std::string_view name;
  std::string_view type;  ///< "Integer", "Float", "Boolean", "String[]", "Object"
  std::string range;      ///< e.g. "0 .. 2^31-1"; empty where any value is accepted
  std::string_view description;
};
/// In the order of the seed's table, then ours.
const std::vector<SettingInfo>& settingInfos();

}  // namespace p2pml::engine
