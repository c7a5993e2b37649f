// One connected peer of generation G0: what it has, what we are getting from it, what it gets from us
// (docs/protocol/peer-json.md 5a.3, 5a.4).
//
// Owned by PeerManager. What always holds: at most one request of ours is open; a body we send is never interrupted;
// everything the peer can make us keep is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "engine/http/http_downloads.hpp"
#include "engine/internal_events.hpp"
#include "engine/peers/outbox.hpp"
#include "engine/scheduling/policy.hpp"
#include "engine/timers.hpp"
#include "engine/transfer_meter.hpp"
#include "wire/peer_json.hpp"

namespace p2pml::engine {

class PeerSession {
 public:
  /// Longest segment we take from a peer.
  static constexpr std::uint64_t kMaxSegmentBytes = 256ULL << 20;
  /// Broken commands, bodies of the wrong size and the like: one more and the peer is gone.
  static constexpr int kMaxFaults = 3;
  /// Bodies in a row that stopped coming.
  static constexpr int kMaxStalls = 3;

  PeerSession(base::ConnectionId connection, base::PeerId id, std::string remoteAddress, const Settings& settings,
              Timers& timers, TransferMeter& meter);

  [[nodiscard]] base::ConnectionId connection() const { return connection_; }
  [[nodiscard]] const base::PeerId& id() const { return id_; }
  [[nodiscard]] const std::string& remoteAddress() const { return remoteAddress_; }
  [[nodiscard]] std::uint64_t bytesDownloaded() const { return bytesDownloaded_; }
  [[nodiscard]] std::uint64_t bytesUploaded() const { return bytesUploaded_; }

  [[nodiscard]] Availability availability(const base::SegmentId& id) const;
  [[nodiscard]] std::size_t segmentCount() const { return segments_.size(); }
  /// No request of ours is open and the peer is not resting after a stall.
  [[nodiscard]] bool idle(base::TimePoint now) const { return !download_ && now >= restUntil_; }
  [[nodiscard]] base::TimePoint restUntil() const { return restUntil_; }
  [[nodiscard]] bool transferring() const { return download_.has_value() || outbox_.bodies() > 0; }

  /// Asks for the segment. Precondition: idle.
  void request(StepIo& io, const Segment& segment, const base::SegmentId& wireId);
  /// The id of the segment being downloaded, if any.
  [[nodiscard]] const std::string* downloading() const { return download_ ? &download_->segment.id : nullptr; }
  /// Gives up the download; what was received so far may be used to go on elsewhere.
  std::optional<PartialBody> cancelDownload(StepIo& io);

  void sendMap(StepIo& io, const base::Bytes& map);
  void sendSegment(StepIo& io, const base::SegmentId& id, const base::Bytes& data);
  void sendAbsent(StepIo& io, const base::SegmentId& id);

  void onMessage(StepIo& io, const base::Bytes& message);
  void onDrained(StepIo& io, std::uint64_t total);
  /// The TimerKind::peerDownload timer fired.
  void onDownloadTimer(StepIo& io);
  /// The connection is gone.
  void onClosed(StepIo& io);

  /// Set when the session must end; the manager looks after every call.
  [[nodiscard]] const std::optional<base::Error>& mustClose() const { return mustClose_; }

 private:
  struct Download {
    Segment segment;
    base::SegmentId wireId;
    bool receiving = false;  // SegmentData has come
    std::uint64_t size = 0;
    base::BytesAssembler body;
  };

  void onCommand(StepIo& io, wire::PeerMessage& message);
  void onSegmentData(StepIo& io, const wire::SegmentData& data);
  void onBytes(StepIo& io, const base::Bytes& bytes);
  void onAbsent(StepIo& io, const base::SegmentId& id);
  void onMap(StepIo& io, const wire::SegmentsMap& map);
  [[nodiscard]] std::optional<PartialBody> received();
  void failDownload(StepIo& io, base::Error error);
  /// The same, and the peer is told that it need not send.
  void rejectDownload(StepIo& io, base::Error error);
  void fault(base::Error error);
  void sendCommand(StepIo& io, base::Bytes command);
  void flush(StepIo& io);
  void armDownloadTimer(base::TimePoint when);
  Segment endDownload();

  const base::ConnectionId connection_;
  const base::PeerId id_;
  const std::string remoteAddress_;
  const Settings& settings_;
  Timers& timers_;
  TransferMeter& meter_;
  Outbox outbox_;
  std::map<std::string, wire::SegmentStatus, std::less<>> segments_;
  std::optional<Download> download_;
  std::optional<base::Error> mustClose_;
  base::TimePoint restUntil_ = base::TimePoint::min();
  int stalls_ = 0;
  int faults_ = 0;
  std::uint64_t bytesDownloaded_ = 0;
  std::uint64_t bytesUploaded_ = 0;
};

}  // namespace p2pml::engine
