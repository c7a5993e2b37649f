#include "engine/peers/node_peer_session.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.hpp"

namespace p2pml::engine {

using base::Error;
using base::ErrorCode;

namespace {

using State = wire::NodeStatus::State;

std::size_t frameLimit(const Settings& settings) {
  return std::clamp(static_cast<std::size_t>(settings.webRtcMaxMessageSize), wire::kMinNodeMessageBytes,
                    wire::kMaxNodeSentBytes);
}

}  // namespace

NodePeerSession::NodePeerSession(RemotePeer remote, const Settings& settings, Timers& timers, TransferMeter& meter)
    : PeerSession(std::move(remote), settings, timers, meter),
      outbox_(static_cast<std::size_t>(settings.webRtcMaxMessageSize)) {}

void NodePeerSession::onOpened(StepIo& io) {
  wire::NodeHello hello;
  hello.version = remote_.extension;
  if (settings_.schedulingPolicy == Scheduling::cooperative) hello.flags |= wire::NodeHello::kCooperative;
  if (!settings_.consumeOnly) hello.flags |= wire::NodeHello::kUploads;
  send(io, hello);
}

// ------------------------------------------------------------------------------------------------------ what it has

wire::NodeStatus NodePeerSession::statusOf(const WireName& name) const {
  return nodeStatusOf(map_, name, generation());
}

Availability NodePeerSession::availability(const WireName& name) const {
  const bool serves = (flags_ & wire::NodeHello::kUploads) != 0;
  switch (statusOf(name).state) {
    case State::loaded: return serves ? Availability::loaded : Availability::none;
    case State::relaying: return serves ? Availability::relaying : Availability::none;
    case State::loading: return Availability::loadingByHttp;
    case State::gone: break;
  }
  return Availability::none;
}

void NodePeerSession::forget(const WireName& name) {
  saysOtherwise();
  map_.set(*nodeNameOf(name, generation()), {});
}

std::uint32_t NodePeerSession::relayDepth(const WireName& name) const { return statusOf(name).depth; }

// --------------------------------------------------------------------------------------------------------- receiving

base::Duration NodePeerSession::answerTimeout() const {
  return base::milliseconds(settings_.p2pNotReceivingBytesTimeout);
}

void NodePeerSession::requestRange(StepIo& io, const Segment& segment, const WireName& name,
                                   std::shared_ptr<SegmentBody> body, BodyRange range) {
  Download& download = beginDownload(io, segment, name);
  download.relayed = availability(name) == Availability::relaying;
  body_ = std::move(body);
  next_ = range.from;
  to_ = range.to;
  toldTotal_ = 0;
  // What is still to come of a frame that has begun is of an earlier request.
  payloadIsOurs_ = false;
  askFor(io);
}

void NodePeerSession::sendRequest(StepIo& io) {
  send(io, wire::NodeRequest{++lastRequest_, *nodeNameOf(download_->name, generation()), next_, to_});
}

void NodePeerSession::sendCancel(StepIo& io) { send(io, wire::NodeCancel{lastRequest_, 0}); }

void NodePeerSession::shorten(StepIo& io, std::uint64_t to) {
  P2PML_ASSERT(to > next_ && (to_ == 0 || to < to_));
  to_ = to;
  send(io, wire::NodeCancel{lastRequest_, to});
}

void NodePeerSession::abandon(StepIo& io) {
  if (!download_) return;
  sendCancel(io);
  endDownload(io.now);
  body_.reset();
}

void NodePeerSession::failDownload(StepIo& io, Error error) {
  body_.reset();
  rangeEnd_ = RangeEnd{endDownload(io.now).id, std::move(error)};
}

void NodePeerSession::completeRange(StepIo& io) {
  cameWhole();
  body_.reset();
  rangeEnd_ = RangeEnd{endDownload(io.now).id, std::nullopt};
}

void NodePeerSession::broke(StepIo& io, std::string what) {
  Error error{ErrorCode::malformed, "p2pml node: " + std::move(what)};
  ++meter_.stats().peerFaults;
  if (download_) failDownload(io, {ErrorCode::aborted, error.detail});
  close(std::move(error));
}

void NodePeerSession::onMessage(StepIo& io, const base::Bytes& message) {
  if (payloadLeft_ > 0) {
    onPayload(io, message);
    return;
  }
  if (message.size() > wire::kMaxNodeMessageBytes) {
    broke(io, "a message of " + std::to_string(message.size()) + " bytes that is no payload");
    return;
  }
  const base::Bytes frames = message.local();
  wire::NodeFrameReader reader(frames.span());
  while (!mustClose()) {
    auto frame = reader.next();
    if (!frame) {
      broke(io, frame.error().detail);
      return;
    }
    if (!*frame) return;
    onFrame(io, **frame);
  }
}

void NodePeerSession::onFrame(StepIo& io, wire::NodeFrame& frame) {
  if (greeted_ == std::holds_alternative<wire::NodeHello>(frame)) {
    broke(io, greeted_ ? "a second hello" : "expected hello as its first frame");
    return;
  }
  std::visit([&](auto& what) { on(io, what); }, frame);
}

void NodePeerSession::on(StepIo& io, const wire::NodeHello& hello) {
  greeted_ = true;
  flags_ = hello.flags;
  saysOtherwise();
  io.events.push_back(event::PeersChanged{});
}

void NodePeerSession::on(StepIo& io, const wire::NodeHave& have) {
  const auto changed = map_.apply(have);
  const bool news = std::exchange(troubled_, have.trouble) != have.trouble;
  if (have.trouble) troubleAt_ = io.now;
  if (!changed) {
    broke(io, changed.error().detail);
    return;
  }
  if (*changed) saysOtherwise();
  if (*changed || news) io.events.push_back(event::PeersChanged{});
}

void NodePeerSession::on(StepIo& io, const wire::NodeData& data) {
  payloadLeft_ = data.length;
  payloadIsOurs_ = download_ && data.request == lastRequest_;
  if (data.request == 0 || data.request > lastRequest_) {
    broke(io, "data for request " + std::to_string(data.request) + ", which was never made");
    return;
  }
  if (!payloadIsOurs_) return;  // of a request that is over
  if (data.offset != next_) {
    broke(io, "data from byte " + std::to_string(data.offset) + " on, expected " + std::to_string(next_));
    return;
  }
  const std::uint64_t end = data.offset + data.length;
  if (end > kMaxSegmentBytes || data.total > kMaxSegmentBytes) {
    broke(io, "a segment of more than " + std::to_string(kMaxSegmentBytes) + " bytes");
    return;
  }
  if (toldTotal_ != 0 && data.total != toldTotal_) {
    broke(io, "a segment of " + std::to_string(data.total) + " bytes, expected " + std::to_string(toldTotal_));
    return;
  }
  toldTotal_ = data.total;
  const std::uint64_t known = body_->total();
  // (What was asked for may have become less while this was on its way: then it comes all the same.)
  if ((data.total != 0 && !body_->setTotal(data.total)) || (known != 0 && end > known)) {
    // Others have sent parts of another segment. Nobody knows whose is the right one.
    payloadIsOurs_ = false;
    rejectDownload(io, {ErrorCode::malformed, "peer has a segment of " + std::to_string(data.total) +
                                                  " bytes, others have sent parts of one of " + std::to_string(known)});
    rest(io.now + kBusyRest);
    return;
  }
  download_->receiving = true;
}

void NodePeerSession::onPayload(StepIo& io, const base::Bytes& bytes) {
  if (bytes.size() > payloadLeft_) {
    broke(io, "payload of " + std::to_string(bytes.size()) + " bytes where " + std::to_string(payloadLeft_) +
                  " were announced");
    return;
  }
  payloadLeft_ -= bytes.size();
  if (bytes.empty()) return;
  countBytes(io, bytes.size());
  if (!payloadIsOurs_ || !download_) return;
  download_->running.add(io.now, bytes.size());
  body_->add(next_, bytes);
  next_ += bytes.size();
  if (body_->complete()) {
    // Its end frame is still to come, or bytes that somebody else has sent.
    if (to_ != next_ && next_ != body_->total()) sendCancel(io);
    payloadIsOurs_ = false;
    completeRange(io);
    return;
  }
  armSilenceTimer(io.now);
}

void NodePeerSession::on(StepIo& io, const wire::NodeEnd& end) {
  if (!download_ || end.request != lastRequest_) return;
  using Status = wire::NodeEnd::Status;
  switch (end.status) {
    case Status::complete: {
      const std::uint64_t total = body_->total();
      const bool fits = end.total == 0 || total == end.total || (total == 0 && end.total <= kMaxSegmentBytes);
      const std::uint64_t whole = total != 0 ? total : end.total;
      const std::uint64_t last = to_ == 0 ? whole : whole == 0 ? to_ : std::min(to_, whole);
      if (!fits || last == 0 || next_ < last || (total == 0 && end.total != 0 && !body_->setTotal(end.total))) {
        broke(io, "the end of a request after byte " + std::to_string(next_) + ", expected " + std::to_string(last));
        return;
      }
      completeRange(io);
      return;
    }
    case Status::absent:
      forget(download_->name);
      failDownload(io, {ErrorCode::notFound, "peer does not have the segment any more"});
      return;
    case Status::busy:
      failDownload(io, {ErrorCode::unavailable, "peer is busy"});
      rest(io.now + kBusyRest);
      return;
    case Status::failed:
      forget(download_->name);
      failDownload(io, {ErrorCode::unavailable, "what the peer relayed broke off"});
      return;
  }
}

// ----------------------------------------------------------------------------------------------------------- sending

void NodePeerSession::send(StepIo& io, const wire::NodeFrame& frame) {
  if (!outbox_.addFrame(wire::encode(frame))) {
    close({ErrorCode::limitExceeded, "peer does not read: too many commands are waiting for it"});
    return;
  }
  flush(io);
}

void NodePeerSession::flush(StepIo& io) {
  for (;;) {
    // What we have is told as it is when it can go out.
    if (telling_ && outbox_.idle()) {
      const auto& messages = telling_->messagesAfter(told_.get(), frameLimit(settings_));
      if (!messages.empty()) outbox_.setAnnouncement(messages);
      told_ = std::exchange(telling_, nullptr);
    }
    auto message = outbox_.take(mayUpload(io.now));
    if (!message) break;
    io.out.push_back(output::SendToPeer{connection(), std::move(message->data)});
    if (message->segmentBytes > 0) countUpload(io, message->segmentBytes);
  }
  awaitUpload(io);
}

void NodePeerSession::onDrained(StepIo& io, std::uint64_t total) {
  meter_.uplink().passedOn(io.now, outbox_.onDrained(io.now, total));
  flush(io);
}

void NodePeerSession::sendAvailability(StepIo& io, const OwnAvailability& own) {
  telling_ = own.nodeFormFor(generation());
  flush(io);
}

void NodePeerSession::on(StepIo& io, const wire::NodeRequest& request) {
  if (outbox_.find(request.request) != nullptr) {
    broke(io, "request " + std::to_string(request.request) + " twice");
    return;
  }
  if (outbox_.uploads() >= NodeOutbox::kMaxUploads) {
    send(io, wire::NodeEnd{request.request, wire::NodeEnd::Status::busy, 0});
    return;
  }
  outbox_.open(request.request, request.from, request.to);
  io.events.push_back(event::SegmentRequested{
      connection(), generation(), {peerNameOf(request.segment, generation()), request.request, request.from}});
}

NodeOutbox::Upload* NodePeerSession::uploadOf(const PeerRequest& request) {
  return request.request ? outbox_.find(*request.request) : nullptr;
}

std::optional<BodyRange> NodePeerSession::wanted(const PeerRequest& request) const {
  const NodeOutbox::Upload* upload = request.request ? outbox_.find(*request.request) : nullptr;
  if (upload == nullptr || upload->end) return std::nullopt;
  return BodyRange{upload->given, upload->to};
}

void NodePeerSession::sendSegment(StepIo& io, const PeerRequest& request, const base::Bytes& data) {
  NodeOutbox::Upload* upload = uploadOf(request);
  if (upload == nullptr || upload->end) return;  // cancelled meanwhile
  if (upload->given >= data.size() || (upload->total != 0 && upload->total != data.size())) {
    // Nothing of it can be wanted, or it is not what was relayed so far.
    end(io, request, upload->next == request.from ? wire::NodeEnd::Status::absent : wire::NodeEnd::Status::failed);
    return;
  }
  upload->total = data.size();
  NodeOutbox::give(*upload, data.slice(static_cast<std::size_t>(upload->given)));
  flush(io);
}

void NodePeerSession::relay(StepIo& io, const PeerRequest& request, std::uint64_t total, const base::Bytes& bytes) {
  NodeOutbox::Upload* upload = uploadOf(request);
  if (upload == nullptr || upload->end) return;
  if (upload->total == 0) upload->total = total;
  NodeOutbox::give(*upload, bytes);
  flush(io);
}

void NodePeerSession::end(StepIo& io, const PeerRequest& request, wire::NodeEnd::Status status) {
  NodeOutbox::Upload* upload = uploadOf(request);
  if (upload == nullptr || upload->end) return;
  NodeOutbox::finish(*upload, status);
  flush(io);
}

void NodePeerSession::on(StepIo& io, const wire::NodeCancel& cancel) {
  outbox_.cancel(cancel.request, cancel.from);
  flush(io);
}

}  // namespace p2pml::engine
