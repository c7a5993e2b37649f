// A p2pml node, in the protocol of docs/protocol/node.md.
//
// What we take from it goes into bodies that several sessions may fill (node_downloads.hpp); here is only the one part
// that this node was asked for. What always holds besides PeerSession's: what the peer has open with us is bounded
// (NodeOutbox); bytes come for our requests only, in their order and within what they asked for, or the peer is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "engine/node_names.hpp"
#include "engine/peers/node_outbox.hpp"
#include "engine/peers/peer_session.hpp"
#include "engine/peers/segment_body.hpp"
#include "wire/peer_node.hpp"

namespace p2pml::engine {

class NodePeerSession final : public PeerSession {
 public:
  /// A peer that was busy is not asked again for so long.
  static constexpr base::Duration kBusyRest = base::milliseconds(500);

  NodePeerSession(RemotePeer remote, const Settings& settings, Timers& timers, TransferMeter& meter);

  [[nodiscard]] NodePeerSession* node() override { return this; }
  [[nodiscard]] const NodePeerSession* node() const override { return this; }
  void onOpened(StepIo& io) override;

  [[nodiscard]] Availability availability(const WireName& name) const override;
  [[nodiscard]] std::uint32_t relayDepth(const WireName& name) const override;
  [[nodiscard]] std::size_t segmentCount() const override { return static_cast<std::size_t>(map_.count()); }
  [[nodiscard]] bool resumes() const override { return true; }
  /// It said that it takes part in elections.
  [[nodiscard]] bool cooperative() const { return (flags_ & wire::NodeHello::kCooperative) != 0; }

  /// When it last told of trouble.
  [[nodiscard]] base::TimePoint troubleAt() const { return troubleAt_; }

  /// Asks for those bytes; `range.to` 0: to the end. What comes goes into `body`. Preconditions: idle;
  /// availability(name) is relaying or loaded.
  void requestRange(StepIo& io, const Segment& segment, const WireName& name, std::shared_ptr<SegmentBody> body,
                    BodyRange range);
  /// What it was asked for and has not sent yet. Precondition: downloading().
  [[nodiscard]] BodyRange openRange() const { return {next_, to_}; }
  [[nodiscard]] bool relayedDownload() const { return download_->relayed; }
  [[nodiscard]] std::uint64_t runningRate(base::TimePoint now) const { return download_->running.bytesPerSecond(now); }
  [[nodiscard]] base::TimePoint askedAt() const { return download_->askedAt; }
  [[nodiscard]] base::TimePoint byteAt() const { return download_->running.byteAt(); }
  /// The rest from there on comes from somebody else. Precondition: downloading().
  void shorten(StepIo& io, std::uint64_t to);
  /// Gives up what it was asked for; nothing is told but to the peer.
  void abandon(StepIo& io);
  /// What the last call brought to its end; once.
  std::optional<RangeEnd> takeRangeEnd() { return std::exchange(rangeEnd_, std::nullopt); }

  void sendAvailability(StepIo& io, const OwnAvailability& own) override;
  void sendSegment(StepIo& io, const PeerRequest& request, const base::Bytes& data) override;
  void sendAbsent(StepIo& io, const PeerRequest& request) override { end(io, request, wire::NodeEnd::Status::absent); }
  /// Answers with what there is: `bytes` follow what was given before. `total`: of the segment; 0: not known yet.
  void relay(StepIo& io, const PeerRequest& request, std::uint64_t total, const base::Bytes& bytes);
  /// Ends the answer, after what was given for it.
  void end(StepIo& io, const PeerRequest& request, wire::NodeEnd::Status status);
  /// Where the answer to the peer's request goes on; none if it is complete, or was cancelled.
  [[nodiscard]] std::optional<BodyRange> wanted(const PeerRequest& request) const;

  /// Requests of the peer that are open.
  [[nodiscard]] std::size_t uploads() const { return outbox_.uploads(); }

  void onMessage(StepIo& io, const base::Bytes& message) override;
  void onDrained(StepIo& io, std::uint64_t total) override;
  [[nodiscard]] bool uploading() const override { return outbox_.uploads() > 0; }
  void onUploadAllowed(StepIo& io) override { flush(io); }

 private:
  void sendRequest(StepIo& io) override;
  void sendCancel(StepIo& io) override;
  [[nodiscard]] base::Duration answerTimeout() const override;
  [[nodiscard]] bool silenceIsFatal() const override { return false; }
  void failDownload(StepIo& io, base::Error error) override;

  void onPayload(StepIo& io, const base::Bytes& bytes);
  void onFrame(StepIo& io, wire::NodeFrame& frame);
  void on(StepIo& io, const wire::NodeHello& hello);
  void on(StepIo& io, const wire::NodeHave& have);
  void on(StepIo& io, const wire::NodeRequest& request);
  void on(StepIo& io, const wire::NodeData& data);
  void on(StepIo& io, const wire::NodeEnd& end);
  void on(StepIo& io, const wire::NodeCancel& cancel);

  [[nodiscard]] wire::NodeStatus statusOf(const WireName& name) const;
  /// It has said that it does not have it after all.
  void forget(const WireName& name);
  [[nodiscard]] NodeOutbox::Upload* uploadOf(const PeerRequest& request);
  void send(StepIo& io, const wire::NodeFrame& frame);
  void flush(StepIo& io);
  /// It did what no sound node does.
  void broke(StepIo& io, std::string what);
  void completeRange(StepIo& io);

  NodeOutbox outbox_;
  bool greeted_ = false;
  std::uint64_t flags_ = 0;
  wire::NodeMap map_;
  std::shared_ptr<const NodeForm> told_;     // the peer knows that we have this
  std::shared_ptr<const NodeForm> telling_;  // and is to know this
  bool troubled_ = false;                    // it said so last
  base::TimePoint troubleAt_ = base::TimePoint::min();

  // Our request: download_ says of which segment.
  std::uint64_t lastRequest_ = 0;
  std::shared_ptr<SegmentBody> body_;
  std::uint64_t next_ = 0;
  std::uint64_t to_ = 0;
  std::uint64_t toldTotal_ = 0;  // what this peer said, for this request
  std::optional<RangeEnd> rangeEnd_;

  // What the last `data` announced.
  std::uint64_t payloadLeft_ = 0;
  bool payloadIsOurs_ = false;  // for the request that is open
};

}  // namespace p2pml::engine
