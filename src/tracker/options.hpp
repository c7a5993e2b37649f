// What an operator may decide about a tracker. Every limit on what a remote can make us keep is here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/tracker_message.hpp"

namespace p2pml::tracker {

/// A token bucket of messages for one socket.
struct MessageRate {
  std::uint32_t perSecond = 20;
  std::uint32_t burst = 400;
};

struct Options {
  /// Told to clients, in whole seconds on the wire; 120 s is what JavaScript clients are told elsewhere (docs/protocol
  /// 5c.4).
  base::Duration interval = base::seconds(120);
  /// A peer that says nothing for so long is gone; none: 2 x interval, as wt-tracker.
  std::optional<base::Duration> peerTimeout;
  /// A socket without any valid request for so long is closed; none: 2 x interval.
  std::optional<base::Duration> socketTimeout;

  /// Empty: every infohash is served.
  std::vector<base::InfoHash> allowedInfoHashes;
  /// Origin headers, compared exactly; empty: all. A missing header (native clients) passes unless denyEmptyOrigin.
  std::vector<std::string> allowedOrigins;
  bool denyEmptyOrigin = false;
  /// A scrape without info_hash lists every swarm (up to maxScrapeEntries).
  bool allowFullScrape = true;

  std::size_t maxMessageBytes = wire::kMaxTrackerMessageBytes;
  /// Offers above this number are not relayed; the announce itself stands.
  std::size_t maxOffersPerAnnounce = 10;
  std::size_t maxSdpBytes = wire::kMaxSdpBytes;
  /// (infohash, peer id) pairs of one socket: bounds the infohashes, and the peer ids, one connection may use.
  std::size_t maxRegistrationsPerSocket = 100;
  std::size_t maxPeersPerSwarm = 200'000;
  std::size_t maxSwarms = 100'000;
  std::size_t maxSockets = 100'000;
  /// 0: no limit. Whole audiences sit behind one address (NAT, proxies), so there is none unless asked for.
  std::size_t maxSocketsPerAddress = 0;
  std::size_t maxScrapeEntries = 500;
  /// A socket above its rate is closed; none: no limit.
  std::optional<MessageRate> messageRate = MessageRate{};

  /// Of the generator that picks who gets an offer.
  std::uint64_t seed = 1;
};

}  // namespace p2pml::tracker
