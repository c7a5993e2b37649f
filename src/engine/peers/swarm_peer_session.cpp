#include "engine/peers/swarm_peer_session.hpp"

#include <string>

namespace p2pml::engine {

using base::Error;
using base::ErrorCode;

void SwarmPeerSession::sendAvailability(StepIo& io, const OwnAvailability& own) {
  const OwnAvailability::Messages* messages = own.messagesFor(generation());
  if (messages == nullptr) return;
  told_ = *messages;
  repeatAvailability(io);
}

void SwarmPeerSession::repeatAvailability(StepIo& io) {
  if (told_.empty()) return;
  outbox_.setAnnouncement(told_);
  flush(io);
}

void SwarmPeerSession::sendCommand(StepIo& io, Outbox::Messages command) {
  if (!outbox_.addCommand(std::move(command))) {
    close({ErrorCode::limitExceeded, "peer does not read: too many commands are waiting for it"});
    return;
  }
  flush(io);
}

void SwarmPeerSession::flush(StepIo& io) {
  while (auto message = outbox_.take(mayUpload(io.now))) {
    io.out.push_back(output::SendToPeer{connection(), std::move(message->data)});
    if (message->segmentBytes > 0) countUpload(io, message->segmentBytes);
  }
  awaitUpload(io);
}

void SwarmPeerSession::onDrained(StepIo& io, std::uint64_t total) {
  outbox_.onDrained(total);
  flush(io);
}

Error SwarmPeerSession::askedTooMuch() {
  return {ErrorCode::limitExceeded, "peer asks for more segments at once than " + std::to_string(Outbox::kMaxBodies)};
}

}  // namespace p2pml::engine
