// One connected peer: what it has, what we are getting from it, what it gets from us. What all of them have in common;
// how those of the swarms' generations do it is in swarm_peer_session.hpp, how p2pml nodes do it among themselves in
// node_peer_session.hpp.
//
// Owned by PeerManager. What always holds: at most one request of ours is open; everything the peer can make us keep is
// bounded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "engine/identity.hpp"
#include "engine/internal_events.hpp"
#include "engine/own_availability.hpp"
#include "engine/scheduling/policy.hpp"
#include "engine/timers.hpp"
#include "engine/transfer_meter.hpp"
#include "engine/transfer_rate.hpp"

namespace p2pml::engine {

/// Who is at the other end.
struct RemotePeer {
  base::ConnectionId connection;
  base::PeerId id;
  Generation generation{};
  std::string address;          ///< may be empty
  std::uint32_t extension = 0;  ///< version of the protocol of p2pml nodes to speak; 0: that of the generation
};

class NodePeerSession;

/// What of one segment a peer was asked for has come to its end.
struct RangeEnd {
  std::string segmentId;
  std::optional<base::Error> error;  ///< none: all of it has come
};

class PeerSession {
 public:
  /// Longest segment we take from a peer.
  static constexpr std::uint64_t kMaxSegmentBytes = 256ULL << 20;
  /// Broken commands, bodies of the wrong size and the like: one more and the peer is gone.
  static constexpr int kMaxFaults = 3;
  /// Downloads in a row that stopped coming.
  static constexpr int kMaxStalls = 3;

  /// The session that speaks what `remote` speaks.
  static std::unique_ptr<PeerSession> make(RemotePeer remote, const Settings& settings, Timers& timers,
                                           TransferMeter& meter);
  virtual ~PeerSession() = default;
  PeerSession(const PeerSession&) = delete;
  PeerSession& operator=(const PeerSession&) = delete;

  [[nodiscard]] base::ConnectionId connection() const { return remote_.connection; }
  [[nodiscard]] const base::PeerId& id() const { return remote_.id; }
  [[nodiscard]] Generation generation() const { return remote_.generation; }
  [[nodiscard]] const std::string& remoteAddress() const { return remote_.address; }
  [[nodiscard]] std::uint64_t bytesDownloaded() const { return bytesDownloaded_; }
  [[nodiscard]] std::uint64_t bytesUploaded() const { return bytesUploaded_; }
  /// When bytes of a segment last came from it or went to it; long ago if never.
  [[nodiscard]] base::TimePoint usedAt() const { return std::max(lastSentAt_, lastCameAt_); }
  /// What it was asked for last did not come, or it has sent what is not of its protocol.
  [[nodiscard]] bool failing() const { return stalls_ > 0 || faults_ > 0; }

  /// This, if it is a p2pml node that speaks the nodes' protocol.
  [[nodiscard]] virtual NodePeerSession* node() { return nullptr; }
  [[nodiscard]] virtual const NodePeerSession* node() const { return nullptr; }
  /// The channel is open: once, before anything else.
  virtual void onOpened(StepIo&) {}

  [[nodiscard]] virtual Availability availability(const WireName& name) const = 0;
  /// Of a segment that it is relaying (docs/protocol/node.md).
  [[nodiscard]] virtual std::uint32_t relayDepth(const WireName&) const { return 0; }
  /// availability() or relayDepth() may answer otherwise than when this was last asked.
  bool takeSaysChanged() { return std::exchange(saysChanged_, false); }
  [[nodiscard]] virtual std::size_t segmentCount() const = 0;
  /// No request of ours is open and the peer is not resting after a stall.
  [[nodiscard]] bool idle(base::TimePoint now) const { return !download_ && now >= restUntil_; }
  [[nodiscard]] base::TimePoint restUntil() const { return restUntil_; }
  /// Bytes of a segment wait to be sent to it.
  [[nodiscard]] virtual bool uploading() const = 0;
  [[nodiscard]] bool transferring() const { return download_.has_value() || uploading(); }

  /// request() can go on where another source stopped.
  [[nodiscard]] virtual bool resumes() const = 0;
  /// Asks for the segment. Preconditions: idle; availability(name) is not none; no `start` unless resumes().
  void request(StepIo& io, const Segment& segment, const WireName& name, const PartialBody* start = nullptr);
  /// The id of the segment being downloaded, if any.
  [[nodiscard]] const std::string* downloading() const { return download_ ? &download_->segment.id : nullptr; }
  /// Of the download. Precondition: downloading().
  [[nodiscard]] Progress progress(base::TimePoint now) const;
  /// From request to end, of the downloads lately; 0: none yet.
  [[nodiscard]] std::uint64_t bytesPerSecond() const { return rate_.get(); }
  /// Gives up the download; what was received so far may be used to go on elsewhere.
  std::optional<PartialBody> cancelDownload(StepIo& io);
  /// Of the segment being downloaded. Precondition: downloading().
  [[nodiscard]] const WireName& downloadName() const { return download_->name; }
  /// Bytes of it from `offset` on, as far as they are here in one piece.
  [[nodiscard]] base::Bytes receivedAt(std::uint64_t offset) const {
    const base::BytesAssembler& body = download_->body;
    return offset < body.size() ? body.at(static_cast<std::size_t>(offset)) : base::Bytes();
  }
  [[nodiscard]] std::uint64_t downloadTotal() const { return download_->total; }
  /// What has come of the segment being downloaded. Precondition: downloading().
  [[nodiscard]] std::optional<PartialBody> received();

  virtual void sendAvailability(StepIo& io, const OwnAvailability& own) = 0;
  /// Answers the peer's request.
  virtual void sendSegment(StepIo& io, const PeerRequest& request, const base::Bytes& data) = 0;
  virtual void sendAbsent(StepIo& io, const PeerRequest& request) = 0;

  virtual void onMessage(StepIo& io, const base::Bytes& message) = 0;
  virtual void onDrained(StepIo& io, std::uint64_t total) = 0;
  /// The TimerKind::uploadLimit timer fired.
  virtual void onUploadAllowed(StepIo& io) = 0;
  /// The TimerKind::peerDownload timer fired.
  void onDownloadTimer(StepIo& io);
  /// The connection is gone.
  void onClosed(StepIo& io);

  /// Set when the session must end; the manager looks after every call.
  [[nodiscard]] const std::optional<base::Error>& mustClose() const { return mustClose_; }

 protected:
  struct Download {
    Segment segment;
    WireName name;
    bool resumed = false;     // somebody else sent the beginning
    bool receiving = false;   // SegmentData has come
    bool relayed = false;     // by a peer that is still getting it: it may have to wait itself
    std::uint64_t total = 0;  // bytes of the whole segment; 0: not known yet
    base::TimePoint askedAt{};
    RunningRate running;
    base::BytesAssembler body;
  };

  PeerSession(RemotePeer remote, const Settings& settings, Timers& timers, TransferMeter& meter)
      : remote_(std::move(remote)), settings_(settings), timers_(timers), meter_(meter) {}

  // What a codec does its own way.
  virtual void sendRequest(StepIo& io) = 0;
  virtual void sendCancel(StepIo& io) = 0;
  /// How long the peer may take to answer a request.
  [[nodiscard]] virtual base::Duration answerTimeout() const = 0;
  /// A peer that gave no answer in time is gone; else that is a stall like any other.
  [[nodiscard]] virtual bool silenceIsFatal() const = 0;

  /// The body begins: `total` bytes in all. Precondition: download_.
  void beginBody(StepIo& io, std::uint64_t total);
  /// Counts and keeps bytes of the body. False if there are more than there should be: the download has failed then.
  bool takeBytes(StepIo& io, const base::Bytes& bytes);
  /// The body is whole.
  void completeDownload(StepIo& io);
  [[nodiscard]] bool wholeBody() const { return download_->body.size() == download_->total; }
  virtual void failDownload(StepIo& io, base::Error error);
  /// The same, and the peer is told that it need not send.
  void rejectDownload(StepIo& io, base::Error error);
  void fault(base::Error error);
  /// Opens a download. Precondition: there is none.
  Download& beginDownload(StepIo& io, const Segment& segment, const WireName& name);
  /// Asks for what download_ says.
  void askFor(StepIo& io);
  Segment endDownload(base::TimePoint now);
  /// Bytes of the download have come.
  void countBytes(StepIo& io, std::uint64_t bytes);
  void countUpload(StepIo& io, std::uint64_t bytes);
  /// Bytes of a segment may go out (uploadBandwidthLimit).
  [[nodiscard]] bool mayUpload(base::TimePoint now) { return meter_.uploadLimit().allows(now); }
  /// Asks for onUploadAllowed() if something waits for that.
  void awaitUpload(StepIo& io);
  /// Neither request nor bytes for so long: the download is given up.
  void armDownloadTimer(base::TimePoint when);
  void armSilenceTimer(base::TimePoint now) {
    armDownloadTimer(now + base::milliseconds(settings_.p2pNotReceivingBytesTimeout));
  }
  /// The peer is not asked for anything until then.
  void rest(base::TimePoint when);
  void cameWhole() { stalls_ = 0; }
  /// To be called with every change of what the peer says it has.
  void saysOtherwise() { saysChanged_ = true; }
  void close(base::Error error) { mustClose_ = std::move(error); }
  static base::Error wrongSize(std::uint64_t announced);

  const RemotePeer remote_;
  const Settings& settings_;
  Timers& timers_;
  TransferMeter& meter_;
  std::optional<Download> download_;

 private:
  std::optional<base::Error> mustClose_;
  bool saysChanged_ = false;
  base::TimePoint restUntil_ = base::TimePoint::min();
  SmoothedValue rate_;
  base::TimePoint lastSentAt_ = base::TimePoint::min();  // bytes of a segment
  base::TimePoint lastCameAt_ = base::TimePoint::min();
  int stalls_ = 0;
  int faults_ = 0;
  std::uint64_t bytesDownloaded_ = 0;
  std::uint64_t bytesUploaded_ = 0;
};

}  // namespace p2pml::engine
