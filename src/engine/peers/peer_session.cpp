#include "engine/peers/peer_session.hpp"

#include <utility>

#include "base/assert.hpp"

namespace p2pml::engine {

using base::Error;
using base::ErrorCode;

PeerSession::PeerSession(base::ConnectionId connection, base::PeerId id, std::string remoteAddress,
                         const Settings& settings, Timers& timers, TransferMeter& meter)
    : connection_(connection),
      id_(id),
      remoteAddress_(std::move(remoteAddress)),
      settings_(settings),
      timers_(timers),
      meter_(meter),
      outbox_(static_cast<std::size_t>(settings.webRtcMaxMessageSize)) {}

Availability PeerSession::availability(const base::SegmentId& id) const {
  const auto found = segments_.find(id.value);
  if (found == segments_.end()) return Availability::none;
  return found->second == wire::SegmentStatus::loaded ? Availability::loaded : Availability::loadingByHttp;
}

void PeerSession::request(StepIo& io, const Segment& segment, const base::SegmentId& wireId) {
  P2PML_ASSERT(!download_);
  download_.emplace();
  download_->segment = segment;
  download_->segment.data.reset();
  download_->wireId = wireId;
  armDownloadTimer(io.now + base::milliseconds(settings_.p2pSegmentDownloadTimeout));
  io.out.push_back(output::SegmentStart{download_->segment, Method::p2p, id_});
  sendCommand(io, wire::encode(wire::SegmentRequest{wireId}));
}

std::optional<PartialBody> PeerSession::cancelDownload(StepIo& io) {
  if (!download_) return std::nullopt;
  const base::SegmentId wireId = download_->wireId;
  std::optional<PartialBody> partial = received();
  endDownload();
  sendCommand(io, wire::encode(wire::CancelSegmentRequest{wireId}));
  return partial;
}

Segment PeerSession::endDownload() {
  Segment segment = std::move(download_->segment);
  download_.reset();
  timers_.cancel({TimerKind::peerDownload, connection_.value});
  return segment;
}

void PeerSession::sendMap(StepIo& io, const base::Bytes& map) {
  outbox_.setMap(map);
  flush(io);
}

void PeerSession::sendSegment(StepIo& io, const base::SegmentId& id, const base::Bytes& data) {
  // A G0 receiver never completes an empty body (5a.4 clause 9).
  if (data.empty()) {
    sendAbsent(io, id);
    return;
  }
  if (!outbox_.addBody(id, data)) {
    fault({ErrorCode::limitExceeded, "peer asks for more segments at once than " + std::to_string(Outbox::kMaxBodies)});
    return;
  }
  flush(io);
}

void PeerSession::sendAbsent(StepIo& io, const base::SegmentId& id) {
  sendCommand(io, wire::encode(wire::SegmentAbsent{id}));
}

void PeerSession::sendCommand(StepIo& io, base::Bytes command) {
  if (!outbox_.addCommand(std::move(command))) {
    mustClose_ = Error{ErrorCode::limitExceeded, "peer does not read: too many commands are waiting for it"};
    return;
  }
  flush(io);
}

void PeerSession::flush(StepIo& io) {
  while (auto message = outbox_.take()) {
    io.out.push_back(output::SendToPeer{connection_, std::move(message->data)});
    if (message->segmentBytes == 0) continue;
    bytesUploaded_ += message->segmentBytes;
    meter_.uploaded(io, message->segmentBytes, id_);
  }
}

void PeerSession::onDrained(StepIo& io, std::uint64_t total) {
  outbox_.onDrained(total);
  flush(io);
}

void PeerSession::onMessage(StepIo& io, const base::Bytes& message) {
  wire::PeerMessage decoded = wire::decodePeerMessage(message.span());
  if (std::holds_alternative<wire::SegmentBytes>(decoded)) {
    onBytes(io, message);
  } else {
    onCommand(io, decoded);
  }
}

void PeerSession::onCommand(StepIo& io, wire::PeerMessage& message) {
  // 5a.4 clause 5: the sender has given the body up. Unlike 0.6.2 we do not lose the command itself.
  if (download_ && download_->receiving) {
    failDownload(io, {ErrorCode::malformed, "segment download is interrupted by a command"});
  }
  if (const auto* data = std::get_if<wire::SegmentData>(&message)) {
    onSegmentData(io, *data);
  } else if (const auto* absent = std::get_if<wire::SegmentAbsent>(&message)) {
    onAbsent(io, absent->id);
  } else if (const auto* map = std::get_if<wire::SegmentsMap>(&message)) {
    onMap(io, *map);
  } else if (const auto* wanted = std::get_if<wire::SegmentRequest>(&message)) {
    io.events.push_back(event::SegmentRequested{connection_, wanted->id});
  } else if (const auto* cancelled = std::get_if<wire::CancelSegmentRequest>(&message)) {
    outbox_.cancelBody(cancelled->id);
    flush(io);
  } else if (auto* malformed = std::get_if<wire::MalformedCommand>(&message)) {
    fault(malformed->error);
    // It may have been the header we wait for (s = 0 is one, 5a.4 clause 9): do not sit the whole timeout out.
    if (download_) rejectDownload(io, std::move(malformed->error));
  }
}

void PeerSession::onSegmentData(StepIo& io, const wire::SegmentData& data) {
  // Not what we asked for, or asked for no longer: its bytes will be ignored (5a.4 clauses 6, 7).
  if (!download_ || download_->wireId != data.id) return;
  if (data.size == 0 || data.size > kMaxSegmentBytes) {
    Error error{ErrorCode::malformed, "SegmentData announces " + std::to_string(data.size) + " bytes, expected 1 to " +
                                          std::to_string(kMaxSegmentBytes)};
    fault(error);
    rejectDownload(io, std::move(error));
    return;
  }
  download_->receiving = true;
  download_->size = data.size;
  download_->body = base::BytesAssembler(static_cast<std::size_t>(data.size));
  armDownloadTimer(io.now + base::milliseconds(settings_.p2pNotReceivingBytesTimeout));
}

void PeerSession::onBytes(StepIo& io, const base::Bytes& bytes) {
  if (!download_ || !download_->receiving) return;  // the tail of a body we gave up
  if (bytes.empty()) return;
  bytesDownloaded_ += bytes.size();
  meter_.downloaded(io, Method::p2p, bytes.size(), id_);
  if (bytes.size() > download_->size - download_->body.size()) {
    Error error{ErrorCode::malformed, "too many bytes received for segment"};
    fault(error);
    failDownload(io, std::move(error));
    return;
  }
  download_->body.append(bytes);
  if (download_->body.size() < download_->size) {
    armDownloadTimer(io.now + base::milliseconds(settings_.p2pNotReceivingBytesTimeout));
    return;
  }
  stalls_ = 0;
  base::Bytes data = download_->body.finish();
  Segment segment = endDownload();
  segment.data = std::move(data);
  io.events.push_back(event::Downloaded{std::move(segment), Method::p2p, id_, connection_});
}

void PeerSession::onAbsent(StepIo& io, const base::SegmentId& id) {
  segments_.erase(id.value);
  if (download_ && download_->wireId == id) {
    failDownload(io, {ErrorCode::notFound, "peer does not have the segment any more"});
  } else {
    io.events.push_back(event::PeersChanged{});
  }
}

void PeerSession::onMap(StepIo& io, const wire::SegmentsMap& map) {
  segments_.clear();
  for (const wire::StreamAvailability& stream : map.streams) {
    for (const auto& [entry, status] : stream.segments) {
      segments_.insert_or_assign(stream.stream.value + "+" + entry, status);
    }
  }
  io.events.push_back(event::PeersChanged{});
}

void PeerSession::onDownloadTimer(StepIo& io) {
  if (!download_) return;
  if (!download_->receiving) {
    // 5a.4 clause 8: no answer at all ends the peer.
    Error error{ErrorCode::timeout, "peer did not start to send the segment within " +
                                        std::to_string(settings_.p2pSegmentDownloadTimeout) + " ms"};
    rejectDownload(io, {ErrorCode::aborted, error.detail});
    mustClose_ = std::move(error);
    return;
  }
  Error error{ErrorCode::timeout,
              "segment body stalled: no bytes for " + std::to_string(settings_.p2pNotReceivingBytesTimeout) + " ms"};
  ++stalls_;
  // It would be asked again at once for the same segment: let others have a chance first.
  restUntil_ = io.now + base::milliseconds(settings_.p2pNotReceivingBytesTimeout * stalls_);
  rejectDownload(io, stalls_ >= kMaxStalls ? Error{ErrorCode::aborted, error.detail} : error);
  if (stalls_ >= kMaxStalls) {
    mustClose_ = std::move(error);
  } else {
    armDownloadTimer(restUntil_);  // fires without a download: the manager looks at the queue again
  }
}

void PeerSession::onClosed(StepIo& io) {
  if (download_) failDownload(io, {ErrorCode::aborted, "peer disconnected"});
  timers_.cancel({TimerKind::peerDownload, connection_.value});
}

std::optional<PartialBody> PeerSession::received() {
  if (!download_->receiving || download_->body.size() == 0) return std::nullopt;
  return PartialBody{download_->body.finish(), download_->size};
}

void PeerSession::failDownload(StepIo& io, Error error) {
  std::optional<PartialBody> partial;
  if (error.code == ErrorCode::aborted || error.code == ErrorCode::timeout) partial = received();
  Segment segment = endDownload();
  io.events.push_back(
      event::DownloadFailed{std::move(segment), Method::p2p, std::move(error), id_, std::move(partial)});
}

void PeerSession::rejectDownload(StepIo& io, Error error) {
  const base::SegmentId wireId = download_->wireId;
  failDownload(io, std::move(error));
  sendCommand(io, wire::encode(wire::CancelSegmentRequest{wireId}));
}

void PeerSession::fault(Error error) {
  ++meter_.stats().peerFaults;
  if (++faults_ > kMaxFaults) mustClose_ = std::move(error);
}

void PeerSession::armDownloadTimer(base::TimePoint when) {
  timers_.set({TimerKind::peerDownload, connection_.value}, when);
}

}  // namespace p2pml::engine
