// What the network part of `p2pml probe URL` found out: plain values, filled by the checks and read by the verdict and
// the reports. What is not known has no value; what went wrong is said in `error`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace p2pml::app {

/// One request to the origin and what its answer says of caches, players on web pages and loading in parts.
struct HttpFacts {
  std::string what;  ///< "manifest", "playlist", "segment"
  std::string url;
  std::string finalUrl;  ///< after redirects
  int status = 0;
  std::string error;  ///< why there is no status, or no body
  std::string contentType;
  std::optional<std::uint64_t> length;  ///< of the whole resource
  std::string allowOrigin;              ///< Access-Control-Allow-Origin for a page of another site
  std::string cacheControl;
  std::string age;
  std::optional<bool> ranges;  ///< a part was asked for: it came, or all of it did
  std::optional<base::Duration> firstByte;
  std::string body;  ///< of manifests only
};

/// What a tracker says of one swarm.
struct SwarmFacts {
  std::string generation;
  std::string infoHash;  ///< 40 hex digits
  std::optional<std::int64_t> seeders;
  std::optional<std::int64_t> leechers;  ///< without this probe
  std::optional<std::int64_t> interval;  ///< seconds
  std::optional<base::Duration> latency;
  std::string warning;
  std::string error;
};

struct TrackerFacts {
  std::string url;
  std::optional<base::Duration> connected;
  std::string error;
  std::vector<SwarmFacts> swarms;
};

/// One STUN server of the settings.
struct StunFacts {
  std::string url;
  std::string mapped;  ///< "address:port" as the server sees us
  std::optional<base::Duration> latency;
  std::string error;
};

enum class Nat { unknown, none, sameForAll, otherForEach };

struct CandidateFacts {
  std::string type;  ///< host, srflx, prflx, relay
  std::string address;
  std::uint16_t port = 0;
};

/// A connection from this machine to itself, as two peers would make it.
struct IceFacts {
  std::vector<StunFacts> stun;
  Nat nat = Nat::unknown;
  std::vector<CandidateFacts> candidates;
  std::optional<base::Duration> gathered;
  std::optional<base::Duration> opened;  ///< from both descriptions to a message there and back
  std::string remoteAddress;
  bool turnConfigured = false;
  std::string error;
};

struct NetworkFacts {
  std::vector<HttpFacts> http;
  std::string stream;     ///< whose swarms were asked for
  std::string notShared;  ///< why the stream has no swarm; empty if it has
  std::vector<TrackerFacts> trackers;
  std::optional<IceFacts> ice;
};

}  // namespace p2pml::app
