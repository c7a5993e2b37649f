// What goes into the engine and what comes out: the whole border between the engine and the world.
//
// Inputs say what happened, outputs say what to do; both are plain values. A driver carries outputs out in their order
// after step() has returned and feeds back what comes of them. Every request that carries a RequestId is answered by
// exactly one final input unless it was cancelled; answers for unknown ids are dropped and counted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "engine/generation.hpp"
#include "engine/segment.hpp"
#include "engine/settings.hpp"
#include "media/stream_properties.hpp"

namespace p2pml::engine {

/// What the world can do besides the settings. All false is the plain engine with its own memory storage.
struct Capabilities {
  bool webRtc = true;  ///< false: no data channels here, so everything goes over HTTP (the seed's isSupported)
  bool segmentValidator = false;  ///< ValidateSegment outputs will be answered
  bool customStorage = false;     ///< Storage* outputs will be answered; else the engine keeps segments in memory
};

enum class Method : std::uint8_t { http, p2p };
constexpr const char* toString(Method method) { return method == Method::http ? "http" : "p2p"; }

// ----------------------------------------------------------------------------------------------------------------
// inputs

namespace input {

/// The deadline passed (or any other reason to look again).
struct Tick {};

/// The seed's loader.load(segments, streamSwarmId).
struct Load {
  std::vector<Segment> segments;
  std::string streamSwarmId;
  /// What the manifest says of the stream: by it peers of later generations name its swarm (setting peerProtocols).
  std::optional<media::StreamProperties> stream = std::nullopt;
};
/// The seed's loader.getSegment(id), answered by output::GetSegmentResult with the same token.
struct GetSegment {
  std::string id;
  std::uint64_t token = 0;
};
/// From now on output::SegmentBytes tells of these segments as their bytes come, and of no others. With a
/// segmentValidator nothing is told, as nothing is known to be right before the end.
struct Follow {
  std::vector<std::string> ids;  ///< at most Following::kMaxFollowed count
};
/// The seed's loader.destroy(). The engine ends everything and is silent afterwards.
struct Destroy {};

/// Status line and headers are in. For a redirected request: of the last response.
struct HttpHead {
  base::RequestId request;
  int status = 0;
  std::optional<std::uint64_t> contentLength;  ///< of this body, not of the whole resource; none if unknown or encoded
  std::optional<std::uint64_t> rangeStart;     ///< from Content-Range of a 206
  std::optional<std::uint64_t> rangeTotal;     ///< complete length from Content-Range, if told
  bool acceptsRanges = false;                  ///< Accept-Ranges: bytes was there
  std::string requestUrl;                      ///< after segmentUrlBuilder
  std::string responseUrl;                     ///< after redirects
  /// Further header fields, where an adapter was asked to tell them: the engine has no use for them.
  std::vector<std::pair<std::string, std::string>> headers;
};
struct HttpData {
  base::RequestId request;
  base::Bytes data;
};
/// The body ended where the protocol says it ends (not necessarily with contentLength bytes).
struct HttpDone {
  base::RequestId request;
};
/// Connection, TLS, name or protocol failure. Final. (A status like 404 is not: it has a head, a body and HttpDone.)
struct HttpFailed {
  base::RequestId request;
  base::Error error;
};

struct SocketOpened {
  base::SocketId socket;
};
struct SocketMessage {
  base::SocketId socket;
  std::string text;
};
/// Final; also for a connection that never opened.
struct SocketClosed {
  base::SocketId socket;
  base::Error reason;
};

/// Answers output::CreateOffer. `sdp` holds all candidates (no trickle).
struct OfferCreated {
  base::ConnectionId connection;
  std::string sdp;
};
/// Answers output::CreateAnswer.
struct AnswerCreated {
  base::ConnectionId connection;
  std::string sdp;
};
/// The data channel is open both ways.
struct PeerOpened {
  base::ConnectionId connection;
  std::string remoteAddress;  ///< of the selected candidate pair, without port; may be empty
};
struct PeerMessage {
  base::ConnectionId connection;
  base::Bytes data;
};
/// How much of all that was handed to SendToPeer has left the sending side's queues. The world sends it so that after
/// every send `drained` comes within 64 KiB of the total handed over (unless the connection closes).
struct PeerDrained {
  base::ConnectionId connection;
  std::uint64_t drained = 0;  ///< cumulative payload bytes since the channel opened
};
/// Final; also for a connection that never opened.
struct PeerClosed {
  base::ConnectionId connection;
  base::Error reason;
};

/// Answers output::ValidateSegment.
struct SegmentValidated {
  base::RequestId request;
  std::optional<base::Error> error;  ///< none: the segment is valid
};

/// Answers output::StorageStore.
struct StorageStored {
  base::RequestId request;
  std::optional<base::Error> error;
};
/// Answers output::StorageMap with the ids of all stored segments of that master swarm.
struct StorageMapResult {
  base::RequestId request;
  std::vector<Segment> segments;  ///< data may be left out
  std::optional<base::Error> error;
};
/// Answers output::StorageGet.
struct StorageSegmentResult {
  base::RequestId request;
  std::optional<Segment> segment;
  std::optional<base::Error> error;
};
/// Answers output::StorageClean: true if anything was removed.
struct StorageCleaned {
  base::RequestId request;
  bool removed = false;
  std::optional<base::Error> error;
};

}  // namespace input

using Input =
    std::variant<input::Tick, input::Load, input::GetSegment, input::Destroy, input::HttpHead, input::HttpData,
                 input::HttpDone, input::HttpFailed, input::SocketOpened, input::SocketMessage, input::SocketClosed,
                 input::OfferCreated, input::AnswerCreated, input::PeerOpened, input::PeerMessage, input::PeerDrained,
                 input::PeerClosed, input::SegmentValidated, input::StorageStored, input::StorageMapResult,
                 input::StorageSegmentResult, input::StorageCleaned, input::Follow>;

// ---------------------------------------------------------------------------------------------------------------
// outputs

namespace output {

/// GET segment.url (after segmentUrlBuilder). The driver applies segmentUrlBuilder and xhrSetup.
struct StartHttp {
  base::RequestId request;
  Segment segment;                   ///< without data
  std::optional<std::string> range;  ///< Range header value to send
  /// Longest silence (no head, no body bytes) after which the engine itself gives up: informative for adapters.
  base::Duration silence{};
};
struct CancelHttp {
  base::RequestId request;
};

struct OpenSocket {
  base::SocketId socket;
  std::string url;
};
struct SendSocket {
  base::SocketId socket;
  std::string text;
};
/// After it nothing of that socket is delivered any more. What was sent before is still flushed.
struct CloseSocket {
  base::SocketId socket;
};

/// Make a connection with one ordered reliable data channel, gather candidates (5 s at most), answer with OfferCreated
/// or PeerClosed.
struct CreateOffer {
  base::ConnectionId connection;
  std::string label;  ///< of the data channel (data-channel.md: 40 hex digits)
};
/// Take the remote offer, answer with AnswerCreated or PeerClosed.
struct CreateAnswer {
  base::ConnectionId connection;
  std::string offerSdp;
};
/// The remote answer to our offer has come.
struct SetAnswer {
  base::ConnectionId connection;
  std::string sdp;
};
/// One binary message, in order.
struct SendToPeer {
  base::ConnectionId connection;
  base::Bytes data;
};
/// After it nothing of that connection is delivered any more. Politely: what was sent is not waited for.
struct ClosePeer {
  base::ConnectionId connection;
};

struct ValidateSegment {
  base::RequestId request;
  Segment segment;  ///< with data
  Method method = Method::http;
  std::optional<base::PeerId> peerId;
};

struct StorageStore {
  base::RequestId request;
  Segment segment;  ///< with data
};
struct StorageMap {
  base::RequestId request;
  std::string masterSwarmId;
};
struct StorageGet {
  base::RequestId request;
  std::string id;
  std::string masterSwarmId;
};
struct StorageClean {
  base::RequestId request;
  std::string masterSwarmId;
  /// Segments that must stay, as the filter of the seed's clean() answers. A snapshot: shared, never changed.
  std::shared_ptr<const std::set<std::string>> locked;
};
struct StorageDestroy {};

struct GetSegmentResult {
  std::uint64_t token = 0;
  std::optional<Segment> segment;
};

// The seed's seven events, arguments as documented there.
struct SegmentLoaded {
  Segment segment;  ///< with data
  std::optional<base::PeerId> peerId;
};
struct SegmentError {
  Segment segment;
  base::Error error;
  std::optional<base::PeerId> peerId;
  bool elsewhere = false;  ///< of the origin's error: a connected peer says that it has the segment
};
struct SegmentAbort {
  Segment segment;
};
struct PeerConnect {
  base::PeerId id;
  std::string remoteAddress;
  Generation generation{};
};
struct PeerClose {
  base::PeerId id;
};
struct PieceBytesDownloaded {
  Method method = Method::http;
  std::uint64_t bytes = 0;
  std::optional<base::PeerId> peerId;
};
struct PieceBytesUploaded {
  Method method = Method::p2p;
  std::uint64_t bytes = 0;
  std::optional<base::PeerId> peerId;
};

/// Bytes of a followed segment that is still being loaded: they follow what was told of it before. Offset 0 again: what
/// was told before was not of this segment.
struct SegmentBytes {
  std::string id;
  std::uint64_t offset = 0;
  base::Bytes data;
  std::uint64_t total = 0;  ///< of the whole segment; 0: not known
};

// Beyond the seed, for diagnosis.
struct SegmentStart {
  Segment segment;
  Method method = Method::http;
  std::optional<base::PeerId> peerId;
};
struct TrackerUpdate {
  std::string url;
  std::optional<std::int64_t> complete;
  std::optional<std::int64_t> incomplete;
  base::Duration interval{};
};
struct TrackerWarning {
  std::string url;
  std::string message;
};
struct TrackerError {
  std::string url;
  base::Error error;
};
struct PeerError {
  std::optional<base::PeerId> id;
  base::Error error;
};
/// A custom storage failed. The viewer is not harmed: the segment was delivered, it is only not shared.
struct StorageError {
  base::Error error;
};

}  // namespace output

using Output =
    std::variant<output::StartHttp, output::CancelHttp, output::OpenSocket, output::SendSocket, output::CloseSocket,
                 output::CreateOffer, output::CreateAnswer, output::SetAnswer, output::SendToPeer, output::ClosePeer,
                 output::ValidateSegment, output::StorageStore, output::StorageMap, output::StorageGet,
                 output::StorageClean, output::StorageDestroy, output::GetSegmentResult, output::SegmentLoaded,
                 output::SegmentError, output::SegmentAbort, output::PeerConnect, output::PeerClose,
                 output::PieceBytesDownloaded, output::PieceBytesUploaded, output::SegmentStart, output::TrackerUpdate,
                 output::TrackerWarning, output::TrackerError, output::PeerError, output::StorageError,
                 output::SegmentBytes>;

/// One step's outputs, in the order in which they are to be carried out.
using Outputs = std::vector<Output>;

}  // namespace p2pml::engine
