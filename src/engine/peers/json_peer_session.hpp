// A peer that speaks JSON commands, generation G0 (docs/protocol/peer-json.md 5a.3, 5a.4).
//
// What always holds besides PeerSession's: a body we send is never interrupted; a segment is whole with its last byte.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/peers/swarm_peer_session.hpp"
#include "wire/peer_json.hpp"

namespace p2pml::engine {

class JsonPeerSession final : public SwarmPeerSession {
 public:
  JsonPeerSession(RemotePeer remote, const Settings& settings, Timers& timers, TransferMeter& meter);

  [[nodiscard]] Availability availability(const WireName& name) const override;
  [[nodiscard]] std::size_t segmentCount() const override { return segments_.size(); }
  [[nodiscard]] bool resumes() const override { return false; }
  void sendSegment(StepIo& io, const PeerRequest& request, const base::Bytes& data) override;
  void sendAbsent(StepIo& io, const PeerRequest& request) override;
  void onMessage(StepIo& io, const base::Bytes& message) override;

 private:
  void sendRequest(StepIo& io) override;
  void sendCancel(StepIo& io) override;
  [[nodiscard]] base::Duration answerTimeout() const override;
  [[nodiscard]] bool silenceIsFatal() const override { return true; }  // 5a.4 clause 8

  void onCommand(StepIo& io, wire::PeerMessage& message);
  void onSegmentData(StepIo& io, const wire::SegmentData& data);
  void onBytes(StepIo& io, const base::Bytes& bytes);
  void onAbsent(StepIo& io, const base::SegmentId& id);
  void onMap(StepIo& io, const wire::SegmentsMap& map);

  /// What its last map said: a number for each segment id (hash and status), sorted. Thousands of peers with dozens of
  /// segments each are known in a simulation, and every look at the queue asks all of a loader's peers. Two ids with
  /// one hash would only make a peer say that it has what it has not, which it can say anyway.
  std::vector<std::uint64_t> segments_;
  /// 0.6.2 does nothing upon a map that comes before its own 'connect' event, and sends its map right after that event:
  /// so its first map is answered with ours, once more.
  bool heardMap_ = false;
};

}  // namespace p2pml::engine
