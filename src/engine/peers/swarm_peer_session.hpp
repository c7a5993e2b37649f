// A peer that speaks the protocol of its swarm's generation: what the codecs of json_peer_session.hpp and
// binary_peer_session.hpp have in common in sending.
#pragma once

#include <cstdint>
#include <utility>

#include "engine/peers/outbox.hpp"
#include "engine/peers/peer_session.hpp"

namespace p2pml::engine {

class SwarmPeerSession : public PeerSession {
 public:
  void sendAvailability(StepIo& io, const OwnAvailability& own) override;
  void onDrained(StepIo& io, std::uint64_t total) override;
  [[nodiscard]] bool uploading() const override { return outbox_.bodies() > 0; }
  void onUploadAllowed(StepIo& io) override { flush(io); }

 protected:
  SwarmPeerSession(RemotePeer remote, Outbox outbox, const Settings& settings, Timers& timers, TransferMeter& meter)
      : PeerSession(std::move(remote), settings, timers, meter), outbox_(std::move(outbox)) {}

  void sendCommand(StepIo& io, Outbox::Messages command);
  /// Sends what sendAvailability() sent last, if anything.
  void repeatAvailability(StepIo& io);
  void flush(StepIo& io);
  static base::Error askedTooMuch();

  Outbox outbox_;

 private:
  Outbox::Messages told_;  // what sendAvailability() sent last
};

}  // namespace p2pml::engine
