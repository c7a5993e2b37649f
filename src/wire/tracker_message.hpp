// The WebTorrent tracker protocol over WebSocket (docs/protocol/tracker-websocket.md 5c): JSON texts <-> values, both
// directions.
//
// Twenty-byte values travel as strings of 20 code points U+0000-U+00FF. Encoders write keys in the order captured from
// real clients and servers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"

namespace p2pml::wire {

enum class AnnounceEvent : std::uint8_t { none, started, stopped, completed };

struct TrackerOffer {
  base::OfferId offerId;
  std::string sdp;
  friend bool operator==(const TrackerOffer&, const TrackerOffer&) = default;
};

// ------------------------------------------------------------------------------------------------- client -> tracker

struct AnnounceRequest {
  base::InfoHash infoHash;
  base::PeerId peerId;
  AnnounceEvent event = AnnounceEvent::none;
  std::int64_t numwant = 0;
  std::int64_t uploaded = 0;
  std::int64_t downloaded = 0;
  std::optional<std::int64_t> left;
  std::optional<std::string> trackerId;  ///< "trackerid", echoed if the tracker gave one
  std::vector<TrackerOffer> offers;      ///< the key is left out when empty
  friend bool operator==(const AnnounceRequest&, const AnnounceRequest&) = default;
};

struct AnswerRequest {
  base::InfoHash infoHash;
  base::PeerId peerId;
  base::PeerId toPeerId;
  base::OfferId offerId;
  std::string sdp;
  friend bool operator==(const AnswerRequest&, const AnswerRequest&) = default;
};

struct ScrapeRequest {
  std::vector<base::InfoHash> infoHashes;  ///< empty: all
  friend bool operator==(const ScrapeRequest&, const ScrapeRequest&) = default;
};

using TrackerRequest = std::variant<AnnounceRequest, AnswerRequest, ScrapeRequest>;

std::string encode(const AnnounceRequest& request);
std::string encode(const AnswerRequest& request);
std::string encode(const ScrapeRequest& request);

/// What the tracker should say to a request it cannot take: `reason` is the text of "failure reason".
/// Unknown events ("update", "paused" as bittorrent-tracker takes them) count as none; others are "invalid event".
base::Result<TrackerRequest> decodeTrackerRequest(std::string_view text);

// ------------------------------------------------------------------------------------------------- tracker -> client

struct AnnounceResponse {
  base::InfoHash infoHash;
  std::optional<std::int64_t> complete;
  std::optional<std::int64_t> incomplete;
  std::optional<std::int64_t> interval;     ///< seconds
  std::optional<std::int64_t> minInterval;  ///< seconds
  std::optional<std::string> trackerId;
  std::optional<std::string> warning;  ///< "warning message"
  friend bool operator==(const AnnounceResponse&, const AnnounceResponse&) = default;
};

struct RelayedOffer {
  base::InfoHash infoHash;
  base::PeerId peerId;  ///< of the offerer
  base::OfferId offerId;
  std::string sdp;
  friend bool operator==(const RelayedOffer&, const RelayedOffer&) = default;
};

struct RelayedAnswer {
  base::InfoHash infoHash;
  base::PeerId peerId;  ///< of the answerer
  base::OfferId offerId;
  std::string sdp;
  friend bool operator==(const RelayedAnswer&, const RelayedAnswer&) = default;
};

struct ScrapeEntry {
  base::InfoHash infoHash;
  std::int64_t complete = 0;
  std::int64_t incomplete = 0;
  std::int64_t downloaded = 0;
  friend bool operator==(const ScrapeEntry&, const ScrapeEntry&) = default;
};
struct ScrapeResponse {
  std::vector<ScrapeEntry> files;
  std::optional<std::int64_t> minRequestInterval;  ///< seconds, of "flags"
  friend bool operator==(const ScrapeResponse&, const ScrapeResponse&) = default;
};

/// "failure reason", with or without an action and an infohash.
struct TrackerFailure {
  std::string reason;
  std::optional<base::InfoHash> infoHash;
  bool withAction = false;  ///< "action":"announce" was there; without it JavaScript clients drop the socket
  friend bool operator==(const TrackerFailure&, const TrackerFailure&) = default;
};

using TrackerResponse = std::variant<AnnounceResponse, RelayedOffer, RelayedAnswer, ScrapeResponse, TrackerFailure>;

std::string encode(const AnnounceResponse& response);
std::string encode(const RelayedOffer& response);
std::string encode(const RelayedAnswer& response);
std::string encode(const ScrapeResponse& response);
std::string encode(const TrackerFailure& response);

/// Error malformed for what is no tracker message at all.
base::Result<TrackerResponse> decodeTrackerResponse(std::string_view text);

/// Limits both directions share.
inline constexpr std::size_t kMaxTrackerMessageBytes = 64 * 1024;
inline constexpr std::size_t kMaxOffersPerAnnounce = 20;
inline constexpr std::size_t kMaxSdpBytes = 16 * 1024;

}  // namespace p2pml::wire
