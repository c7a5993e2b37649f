// A peer that speaks binary commands, generations G2 to G4 (docs/protocol/peer-binary.md 5b.5, 5b.6).
//
// What always holds besides PeerSession's: one upload at a time, the newest request; a segment is whole only with
// SegmentDataSendingCompleted; commands may come and go between the chunks of a body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "engine/peers/swarm_peer_session.hpp"
#include "wire/peer_binary.hpp"

namespace p2pml::engine {

class BinaryPeerSession final : public SwarmPeerSession {
 public:
  /// Segments that this peer sent without a byte: more are not remembered beyond its next announcement.
  static constexpr std::size_t kMaxEmptySegments = 1024;

  BinaryPeerSession(RemotePeer remote, const Settings& settings, Timers& timers, TransferMeter& meter);

  [[nodiscard]] Availability availability(const WireName& name) const override;
  [[nodiscard]] std::size_t segmentCount() const override { return loaded_.size() + loading_.size(); }
  [[nodiscard]] bool resumes() const override { return true; }
  void sendSegment(StepIo& io, const PeerRequest& request, const base::Bytes& data) override;
  void sendAbsent(StepIo& io, const PeerRequest& request) override;
  void onMessage(StepIo& io, const base::Bytes& message) override;

 private:
  void sendRequest(StepIo& io) override;
  void sendCancel(StepIo& io) override;
  [[nodiscard]] base::Duration answerTimeout() const override;
  [[nodiscard]] bool silenceIsFatal() const override { return false; }  // 5b.6: a timeout, three in a row end the peer

  void onBytes(StepIo& io, const base::Bytes& bytes);
  void on(StepIo& io, wire::SegmentsAnnouncement& announcement);
  void on(StepIo& io, const wire::BinarySegmentRequest& request);
  void on(StepIo& io, const wire::BinarySegmentData& data);
  void on(StepIo& io, const wire::BinarySendingCompleted& completed);
  void on(StepIo& io, const wire::BinarySegmentAbsent& absent);
  void on(StepIo& io, const wire::BinaryCancelRequest& cancel);

  [[nodiscard]] std::int64_t wantedNumber() const;
  [[nodiscard]] bool answersUs(std::int64_t segment, const std::optional<std::uint64_t>& request) const;
  void send(StepIo& io, const wire::BinaryCommand& command);
  [[nodiscard]] Outbox::Messages messagesOf(const wire::BinaryCommand& command) const;
  void forget(std::int64_t segment);

  const std::size_t maxMessageSize_;
  wire::CommandAssembler assembler_;
  std::vector<std::int64_t> loaded_;    // sorted
  std::vector<std::int64_t> loading_;   // sorted
  std::set<std::int64_t> empty_;        // it has nothing of what it says it has
  std::uint64_t lastRequest_ = 0;       // ours
  std::optional<PeerRequest> wanted_;   // the peer's newest request, until it is answered or cancelled
  std::optional<PeerRequest> sending_;  // the one whose bytes are on their way, or were the last to be
};

}  // namespace p2pml::engine
