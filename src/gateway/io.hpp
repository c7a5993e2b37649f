// What goes into the gateway and what comes out: the whole border between it and the world.
//
// Players ask (Request), origins answer (Fetch*), engines deliver (Segment*). There is one engine, a lane, for each
// stream that somebody plays. Every Request is answered by RespondHead, RespondBody* and RespondEnd, or by RespondCut
// where the rest of a promised body cannot come; after RequestGone nothing is said to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/strong.hpp"
#include "base/time.hpp"
#include "media/iso8601.hpp"
#include "media/stream_segments.hpp"

namespace p2pml::gateway {

struct ExchangeIdTag;
struct FetchIdTag;
struct LaneIdTag;
/// A player's request and its answer. The host names them.
using ExchangeId = base::StrongId<ExchangeIdTag>;
/// A request of ours to an origin.
using FetchId = base::StrongId<FetchIdTag>;
/// The engine of one stream.
using LaneId = base::StrongId<LaneIdTag>;

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};
using Headers = std::vector<Header>;
/// The first of that name, in any case; empty if there is none.
std::string_view headerValue(const Headers& headers, std::string_view name);

/// A connected peer of a lane, for statistics.
struct PeerReport {
  std::string id;
  std::string generation;
  std::string address;
  std::uint64_t downloaded = 0;
  std::uint64_t uploaded = 0;
  std::uint64_t segments = 0;               ///< that it says it has
  std::optional<base::Duration> roundTrip;  ///< smoothed; nothing: not measured yet
  std::string lastError;                    ///< empty: none
};
/// A swarm that a lane is in.
struct SwarmReport {
  std::string generation;
  std::string infoHash;
  std::uint64_t peers = 0;
};

namespace input {

struct Tick {};

/// What time it is in the world; the host tells it at the start and about once a second.
struct WallClock {
  media::WallTime time;
};

/// Opens a stream for the user who started the program; answered by output::Opened.
struct Open {
  std::string url;
};
/// Keeps a stream for peers although nobody plays it.
struct Seed {
  std::string url;
};

struct Request {
  ExchangeId id;
  std::string method;
  std::string target;  ///< path and query, as on the request line
  Headers headers;
};
/// So much of the answer's body has left in all.
struct RequestDrained {
  ExchangeId id;
  std::uint64_t bytes = 0;
};
/// The player hung up. Final.
struct RequestGone {
  ExchangeId id;
};

/// Of the last response if there were redirects.
struct FetchHead {
  FetchId id;
  int status = 0;
  std::optional<std::uint64_t> length;  ///< of this body
  std::optional<std::uint64_t> total;   ///< of the resource, from Content-Range
  Headers headers;
  std::string url;  ///< after redirects
};
struct FetchData {
  FetchId id;
  base::Bytes data;
};
struct FetchDone {
  FetchId id;
};
struct FetchFailed {
  FetchId id;
  base::Error error;
};

/// Answers output::Lookup.
struct SegmentFound {
  LaneId lane;
  std::string segment;
  std::optional<base::Bytes> data;
};
/// Bytes of a followed segment. Offset 0 again: what was told before was wrong.
struct SegmentBytes {
  LaneId lane;
  std::string segment;
  std::uint64_t offset = 0;
  base::Bytes data;
  std::uint64_t total = 0;  ///< 0: not known
};
struct SegmentLoaded {
  LaneId lane;
  std::string segment;
  base::Bytes data;
  bool fromPeer = false;
};
/// The origin failed; code notFound: it says that there is nothing. `elsewhere`: a connected peer has it.
struct SegmentFailed {
  LaneId lane;
  std::string segment;
  base::Error error;
  bool elsewhere = false;
};
/// How a lane is doing; the host sends it about once a second, and once more when the lane is closed.
struct LaneReport {
  LaneId lane;
  std::uint64_t httpBytes = 0;
  std::uint64_t p2pBytes = 0;
  std::uint64_t uploadedBytes = 0;
  std::uint64_t segmentsOverHttp = 0;
  std::uint64_t segmentsOverP2p = 0;
  std::vector<PeerReport> peers;
  std::vector<SwarmReport> swarms;
};
/// Something worth a line: a peer came, a tracker failed.
struct LaneEvent {
  LaneId lane;
  std::string text;
  bool trouble = false;
};

}  // namespace input

using Input = std::variant<input::Tick, input::WallClock, input::Open, input::Seed, input::Request,
                           input::RequestDrained, input::RequestGone, input::FetchHead, input::FetchData,
                           input::FetchDone, input::FetchFailed, input::SegmentFound, input::SegmentBytes,
                           input::SegmentLoaded, input::SegmentFailed, input::LaneReport, input::LaneEvent>;

/// A place in a lane's queue.
struct QueuedSegment {
  media::StreamSegment segment;
  std::int64_t priority = 0;
  base::Duration neededIn{};  ///< until a player needs it, as far as can be told; 0: now

  friend bool operator==(const QueuedSegment&, const QueuedSegment&) = default;
};

namespace output {

/// The stream can be played from this path of ours.
struct Opened {
  std::string path;
};

/// Without length the body's end is told by RespondEnd alone (chunked).
struct RespondHead {
  ExchangeId id;
  int status = 200;
  Headers headers;
  std::optional<std::uint64_t> length;
};
struct RespondBody {
  ExchangeId id;
  base::Bytes data;
};
struct RespondEnd {
  ExchangeId id;
};
/// Close the connection: what was promised cannot come.
struct RespondCut {
  ExchangeId id;
};

/// GET, redirects followed.
struct Fetch {
  FetchId id;
  std::string url;
  Headers headers;
  bool publicOnly = true;  ///< refuse to connect to private and local addresses
};
struct CancelFetch {
  FetchId id;
};

struct OpenLane {
  LaneId lane;
  std::string name;  ///< for logs
  bool publicOnly = true;
};
/// The lane's new queue; may be empty.
struct Load {
  LaneId lane;
  std::vector<QueuedSegment> queue;
  std::string streamSwarmId;
  media::StreamProperties properties;
  std::string manifestUrl;
};
/// Tell SegmentBytes of these and no others.
struct Follow {
  LaneId lane;
  std::vector<std::string> segments;
};
/// Is it in the lane's store?
struct Lookup {
  LaneId lane;
  std::string segment;
};
struct CloseLane {
  LaneId lane;
};

struct Log {
  std::string text;  ///< URLs in it are redacted
  bool trouble = false;
};

}  // namespace output

using Output = std::variant<output::Opened, output::RespondHead, output::RespondBody, output::RespondEnd,
                            output::RespondCut, output::Fetch, output::CancelFetch, output::OpenLane, output::Load,
                            output::Follow, output::Lookup, output::CloseLane, output::Log>;
using Outputs = std::vector<Output>;

}  // namespace p2pml::gateway
