#include "engine/peers/binary_peer_session.hpp"

#include <algorithm>
#include <utility>

#include "base/sort.hpp"

namespace p2pml::engine {

using base::Error;
using base::ErrorCode;

namespace {

void sortOnce(std::vector<std::int64_t>& ids) {
  base::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

bool contains(const std::vector<std::int64_t>& sorted, std::int64_t id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

std::int64_t numberOf(const PeerRequest& request) { return std::get<std::int64_t>(request.segment); }

}  // namespace

BinaryPeerSession::BinaryPeerSession(RemotePeer remote, const Settings& settings, Timers& timers, TransferMeter& meter)
    : SwarmPeerSession(std::move(remote),
                       Outbox(static_cast<std::size_t>(settings.webRtcMaxMessageSize), Outbox::Order::commandsOvertake,
                              &wire::safeChunkLength),
                       settings, timers, meter),
      maxMessageSize_(static_cast<std::size_t>(settings.webRtcMaxMessageSize)) {}

Availability BinaryPeerSession::availability(const WireName& name) const {
  const auto& number = name.numberBy(infoOf(generation()).numbering);
  if (!number) return Availability::none;
  if (contains(loaded_, *number) && !empty_.contains(*number)) return Availability::loaded;
  return contains(loading_, *number) ? Availability::loadingByHttp : Availability::none;
}

base::Duration BinaryPeerSession::answerTimeout() const {
  return base::milliseconds(settings_.p2pNotReceivingBytesTimeout);
}

// ---------------------------------------------------------------------------------------------------------- sending

Outbox::Messages BinaryPeerSession::messagesOf(const wire::BinaryCommand& command) const {
  return wire::encodeMessages(command, maxMessageSize_);
}

void BinaryPeerSession::send(StepIo& io, const wire::BinaryCommand& command) { sendCommand(io, messagesOf(command)); }

std::int64_t BinaryPeerSession::wantedNumber() const {
  return *download_->name.numberBy(infoOf(generation()).numbering);
}

void BinaryPeerSession::sendRequest(StepIo& io) {
  send(io, wire::BinarySegmentRequest{wantedNumber(), ++lastRequest_, download_->body.size()});
}

void BinaryPeerSession::sendCancel(StepIo& io) { send(io, wire::BinaryCancelRequest{wantedNumber(), lastRequest_}); }

void BinaryPeerSession::sendSegment(StepIo& io, const PeerRequest& request, const base::Bytes& data) {
  // Cancelled or replaced while the segment was read.
  if (wanted_ != request) return;
  // Nobody can use a segment without a byte, nor one shorter than what the peer has already.
  if (data.empty() || request.from > data.size()) {
    sendAbsent(io, request);
    return;
  }
  wanted_.reset();
  base::Bytes rest = data.slice(static_cast<std::size_t>(request.from));
  const std::uint64_t size = rest.size();
  if (!outbox_.addBody(request, messagesOf(wire::BinarySegmentData{numberOf(request), size, request.request}),
                       std::move(rest), messagesOf(wire::BinarySendingCompleted{numberOf(request), request.request}))) {
    fault(askedTooMuch());
    return;
  }
  sending_ = request;
  flush(io);
}

void BinaryPeerSession::sendAbsent(StepIo& io, const PeerRequest& request) {
  if (wanted_ != request) return;
  wanted_.reset();
  send(io, wire::BinarySegmentAbsent{numberOf(request), request.request});
}

// -------------------------------------------------------------------------------------------------------- receiving

void BinaryPeerSession::onMessage(StepIo& io, const base::Bytes& message) {
  if (!wire::isCommandPart(message)) {
    onBytes(io, message);
    return;
  }
  auto command = assembler_.add(message.local().span());
  if (!command) {
    // Bytes of a segment may look like a command, and JavaScript senders do not look (5b.7).
    const bool fits = download_ && download_->receiving && message.size() <= download_->total - download_->body.size();
    if (fits) {
      onBytes(io, message);
    } else {
      fault(command.error());
    }
    return;
  }
  if (*command) std::visit([&](auto& what) { on(io, what); }, **command);
}

void BinaryPeerSession::onBytes(StepIo& io, const base::Bytes& bytes) {
  if (!download_ || !download_->receiving) return;  // before SegmentData, or of a request we gave up
  if (bytes.empty() || takeBytes(io, bytes)) return;
  close({ErrorCode::malformed, "peer sent more bytes than its SegmentData announced"});
}

void BinaryPeerSession::on(StepIo& io, wire::SegmentsAnnouncement& announcement) {
  sortOnce(announcement.loaded);
  sortOnce(announcement.loading);
  saysOtherwise();
  std::erase_if(empty_, [&](std::int64_t id) { return !contains(announcement.loaded, id); });
  if (loaded_ == announcement.loaded && loading_ == announcement.loading) return;
  loaded_ = std::move(announcement.loaded);
  loading_ = std::move(announcement.loading);
  io.events.push_back(event::PeersChanged{});
}

void BinaryPeerSession::on(StepIo& io, const wire::BinarySegmentRequest& request) {
  // 5b.6: a new request ends the upload in progress, without a word.
  outbox_.cancelBodies();
  sending_.reset();
  wanted_ = PeerRequest{request.segment, request.request, request.from};
  io.events.push_back(event::SegmentRequested{connection(), generation(), *wanted_});
}

bool BinaryPeerSession::answersUs(std::int64_t segment, const std::optional<std::uint64_t>& request) const {
  return download_ && segment == wantedNumber() && request == lastRequest_;
}

void BinaryPeerSession::on(StepIo& io, const wire::BinarySegmentData& data) {
  if (!answersUs(data.segment, data.request) || download_->receiving) return;
  const std::uint64_t have = download_->body.size();
  if (data.size > kMaxSegmentBytes - std::min<std::uint64_t>(have, kMaxSegmentBytes)) {
    Error error = wrongSize(data.size);
    fault(error);
    rejectDownload(io, std::move(error));
    return;
  }
  if (download_->total != 0 && have + data.size != download_->total) {
    // 5b.6: the peer has another segment under that number than whoever sent the beginning.
    Error error{ErrorCode::malformed, "SegmentData announces " + std::to_string(data.size) + " bytes, expected " +
                                          std::to_string(download_->total - have) + " of " +
                                          std::to_string(download_->total)};
    ++meter_.stats().peerFaults;
    rejectDownload(io, error);
    close(std::move(error));
    return;
  }
  if (have + data.size == 0) {
    // What 2.x sends when the player has detached the stored buffer: others may have the segment.
    saysOtherwise();
    if (empty_.size() < kMaxEmptySegments) {
      empty_.insert(data.segment);
    } else {
      forget(data.segment);
    }
    rejectDownload(io, {ErrorCode::notFound, "peer has the segment without a byte"});
    return;
  }
  beginBody(io, have + data.size);
}

void BinaryPeerSession::on(StepIo& io, const wire::BinarySendingCompleted& completed) {
  // JavaScript peers end the connection when the numbers are others; a cancelled request's last word may cross ours.
  if (!answersUs(completed.segment, completed.request) || !download_->receiving) return;
  if (wholeBody()) {
    completeDownload(io);
    return;
  }
  Error error{ErrorCode::malformed, "peer ended the segment after " + std::to_string(download_->body.size()) + " of " +
                                        std::to_string(download_->total) + " bytes"};
  ++meter_.stats().peerFaults;
  failDownload(io, error);
  close(std::move(error));
}

void BinaryPeerSession::on(StepIo& io, const wire::BinarySegmentAbsent& absent) {
  if (!answersUs(absent.segment, absent.request)) return;
  forget(absent.segment);
  failDownload(io, {ErrorCode::notFound, "peer does not have the segment any more"});
}

void BinaryPeerSession::forget(std::int64_t segment) {
  saysOtherwise();
  std::erase(loaded_, segment);
  std::erase(loading_, segment);
}

void BinaryPeerSession::on(StepIo& io, const wire::BinaryCancelRequest& cancel) {
  const auto matches = [&](const std::optional<PeerRequest>& request) {
    return request && numberOf(*request) == cancel.segment && request->request == cancel.request;
  };
  if (matches(wanted_)) wanted_.reset();
  if (matches(sending_)) {
    sending_.reset();
    outbox_.cancelBodies();
    flush(io);
  }
}

}  // namespace p2pml::engine
