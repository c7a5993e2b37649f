#include "engine/peers/peer_session.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "engine/peers/binary_peer_session.hpp"
#include "engine/peers/json_peer_session.hpp"
#include "engine/peers/node_peer_session.hpp"

namespace p2pml::engine {

using base::Error;
using base::ErrorCode;

namespace {

/// A peer that sent next to nothing for so long is measured as slow.
constexpr base::Duration kTellingWait = base::seconds(1);

}  // namespace

std::unique_ptr<PeerSession> PeerSession::make(RemotePeer remote, const Settings& settings, Timers& timers,
                                               TransferMeter& meter) {
  // Left out with the generations that are not built.
  if (!kOnlyG0 && remote.extension > 0) {
    return std::make_unique<NodePeerSession>(std::move(remote), settings, timers, meter);
  }
  if (infoOf(remote.generation).codec == Codec::json) {
    return std::make_unique<JsonPeerSession>(std::move(remote), settings, timers, meter);
  }
  return std::make_unique<BinaryPeerSession>(std::move(remote), settings, timers, meter);
}

// ------------------------------------------------------------------------------------------------------ downloading

PeerSession::Download& PeerSession::beginDownload(StepIo& io, const Segment& segment, const WireName& name) {
  P2PML_ASSERT(!download_);
  download_.emplace();
  download_->segment = segment;
  download_->segment.data.reset();
  download_->name = name;
  download_->askedAt = io.now;
  download_->running.start(io.now);
  return *download_;
}

void PeerSession::askFor(StepIo& io) {
  armDownloadTimer(io.now + answerTimeout());
  io.out.push_back(output::SegmentStart{download_->segment, Method::p2p, id()});
  sendRequest(io);
}

void PeerSession::request(StepIo& io, const Segment& segment, const WireName& name, const PartialBody* start) {
  P2PML_ASSERT(start == nullptr || resumes());
  Download& download = beginDownload(io, segment, name);
  if (start != nullptr) {
    download.resumed = true;
    download.total = start->total;
    download.body = base::BytesAssembler(static_cast<std::size_t>(start->total));
    // All bytes may be there and only the end of the segment was not told. Peers of 5.0 send no empty rest (5b.6).
    const auto most = static_cast<std::size_t>(start->total - 1);
    download.body.append(start->data.slice(0, std::min(start->data.size(), most)));
  }
  askFor(io);
}

Progress PeerSession::progress(base::TimePoint now) const {
  const std::uint64_t received = download_->body.size();
  return {.received = received,
          .total = download_->total,
          .bytesPerSecond = download_->running.bytesPerSecond(now),
          .startedAt = download_->askedAt,
          .byteAt = download_->running.byteAt()};
}

std::optional<PartialBody> PeerSession::cancelDownload(StepIo& io) {
  if (!download_) return std::nullopt;
  std::optional<PartialBody> partial = received();
  sendCancel(io);
  endDownload(io.now);
  return partial;
}

Segment PeerSession::endDownload(base::TimePoint now) {
  const base::Duration took = now - download_->askedAt;
  // Not of one that was called off before the peer could answer.
  const std::uint64_t rate = rateOf(download_->running.total(), took);
  if (rate > 0 || took >= kTellingWait) rate_.add(std::max<std::uint64_t>(rate, 1));
  Segment segment = std::move(download_->segment);
  download_.reset();
  timers_.cancel({TimerKind::peerDownload, connection().value});
  return segment;
}

void PeerSession::beginBody(StepIo& io, std::uint64_t total) {
  download_->receiving = true;
  if (download_->total == 0) download_->body = base::BytesAssembler(static_cast<std::size_t>(total));
  download_->total = total;
  armSilenceTimer(io.now);
}

void PeerSession::countBytes(StepIo& io, std::uint64_t bytes) {
  bytesDownloaded_ += bytes;
  lastCameAt_ = io.now;
  meter_.downloaded(io, Method::p2p, bytes, id());
}

void PeerSession::countUpload(StepIo& io, std::uint64_t bytes) {
  bytesUploaded_ += bytes;
  lastSentAt_ = io.now;
  meter_.uploaded(io, bytes, id());
}

void PeerSession::awaitUpload(StepIo& io) {
  if (!uploading() || mayUpload(io.now)) return;
  // A moment after the limit allows it again: who has just sent stands behind those who wait already.
  const bool sent = io.now == lastSentAt_;
  timers_.set({TimerKind::uploadLimit, connection().value},
              meter_.uploadLimit().allowsAt() + (sent ? base::milliseconds(1) : base::Duration()));
}

bool PeerSession::takeBytes(StepIo& io, const base::Bytes& bytes) {
  countBytes(io, bytes.size());
  if (bytes.size() > download_->total - download_->body.size()) {
    Error error{ErrorCode::malformed, "too many bytes received for segment"};
    fault(error);
    failDownload(io, std::move(error));
    return false;
  }
  download_->body.append(bytes);
  download_->running.add(io.now, bytes.size());
  armSilenceTimer(io.now);
  return true;
}

void PeerSession::completeDownload(StepIo& io) {
  stalls_ = 0;
  const bool resumed = download_->resumed;
  base::Bytes data = download_->body.finish();
  Segment segment = endDownload(io.now);
  segment.data = std::move(data);
  io.events.push_back(event::Downloaded{std::move(segment), Method::p2p, id(), connection(), resumed});
}

void PeerSession::onDownloadTimer(StepIo& io) {
  if (!download_) return;
  if (!download_->receiving && silenceIsFatal()) {
    Error error{ErrorCode::timeout, "peer did not start to send the segment within " +
                                        std::to_string(base::toMilliseconds(answerTimeout())) + " ms"};
    rejectDownload(io, {ErrorCode::aborted, error.detail});
    close(std::move(error));
    return;
  }
  Error error{ErrorCode::timeout,
              "segment body stalled: no bytes for " + std::to_string(settings_.p2pNotReceivingBytesTimeout) + " ms"};
  if (!download_->relayed) ++stalls_;
  // It would be asked again at once for the same segment: let others have a chance first.
  const base::TimePoint rested =
      io.now + base::milliseconds(settings_.p2pNotReceivingBytesTimeout * std::max(stalls_, 1));
  rejectDownload(io, stalls_ >= kMaxStalls ? Error{ErrorCode::aborted, error.detail} : error);
  if (stalls_ >= kMaxStalls) {
    close(std::move(error));
  } else {
    rest(rested);
  }
}

void PeerSession::onClosed(StepIo& io) {
  if (download_) failDownload(io, {ErrorCode::aborted, "peer disconnected"});
  timers_.cancel({TimerKind::peerDownload, connection().value});
  timers_.cancel({TimerKind::uploadLimit, connection().value});
}

std::optional<PartialBody> PeerSession::received() {
  if (download_->total == 0 || download_->body.size() == 0) return std::nullopt;
  return PartialBody{download_->body.finish(), download_->total};
}

void PeerSession::failDownload(StepIo& io, Error error) {
  std::optional<PartialBody> partial;
  if (error.code != ErrorCode::malformed) partial = received();
  Segment segment = endDownload(io.now);
  io.events.push_back(
      event::DownloadFailed{std::move(segment), Method::p2p, std::move(error), id(), std::move(partial)});
}

void PeerSession::rejectDownload(StepIo& io, Error error) {
  sendCancel(io);
  failDownload(io, std::move(error));
}

void PeerSession::armDownloadTimer(base::TimePoint when) {
  timers_.set({TimerKind::peerDownload, connection().value}, when);
}

void PeerSession::rest(base::TimePoint when) {
  restUntil_ = when;
  armDownloadTimer(when);  // fires without a download: the manager looks at the queue again
}

void PeerSession::fault(Error error) {
  ++meter_.stats().peerFaults;
  if (++faults_ > kMaxFaults) close(std::move(error));
}

Error PeerSession::wrongSize(std::uint64_t announced) {
  return {ErrorCode::malformed, "SegmentData announces " + std::to_string(announced) + " bytes, expected 1 to " +
                                    std::to_string(kMaxSegmentBytes)};
}

}  // namespace p2pml::engine
