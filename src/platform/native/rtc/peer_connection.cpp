#include "platform/native/rtc/peer_connection.hpp"

#include <array>
#include <utility>

#include "base/assert.hpp"
#include "platform/native/rtc/dtls_context.hpp"
#include "platform/native/rtc/sctp_runtime.hpp"
#include "wire/dcep.hpp"

namespace p2pml::native {
namespace {

using base::ErrorCode;
using wire::Ppid;

/// How long a reset channel waits for the remote's own reset before the association is aborted. A remote that answers
/// does so in a round trip; one that does not sees the ABORT.
constexpr base::Duration kFarewell = base::milliseconds(300);

/// Our name in the descriptions' o= line.
constexpr std::string_view kWriter = "p2pml";

constexpr std::uint32_t number(Ppid ppid) { return static_cast<std::uint32_t>(ppid); }

}  // namespace

PeerConnection::PeerConnection(RtcContext& context, PeerHandle handle, std::shared_ptr<const IceConfig> iceConfig,
                               std::shared_ptr<const RtcOptions> options, std::unique_ptr<PeerObserver> observer)
    : context_(context),
      handle_(handle),
      options_(std::move(options)),
      iceConfig_(std::move(iceConfig)),
      observer_(std::move(observer)),
      timer_(context.main(), [this] {
        if (state_ == State::closing) return destroySoon();
        fail({ErrorCode::timeout, std::string("the connection did not open in time: ") + phase()});
      }) {}

PeerConnection::~PeerConnection() = default;

const char* PeerConnection::phase() const {
  if (!iceUp_) return "ICE has found no path";
  if (!dtls_ || !dtls_->connected()) return "the DTLS handshake is not done";
  return channel_ ? "the remote has not acknowledged the data channel"
                  : "SCTP is not connected or no data channel was opened";
}

void PeerConnection::createOffer(std::string label) {
  label_ = std::move(label);
  static_cast<void>(start(true));
}

void PeerConnection::createAnswer(std::string_view offerSdp) {
  auto offer = wire::parseSdp(offerSdp);
  if (!offer) return fail(std::move(offer.error()));
  remote_ = std::move(*offer);
  static_cast<void>(start(false));
}

bool PeerConnection::start(bool offering) {
  P2PML_ASSERT(state_ == State::idle);
  offering_ = offering;
  state_ = State::gathering;
  const auto dtls = context_.dtls();
  if (!dtls) {
    fail(dtls.error());
    return false;
  }
  dtls_.emplace(context_.main(), **dtls, *this);
  ice_.emplace(context_, *this, iceConfig_, offering);
  if (ice_->gather()) return true;
  fail({ErrorCode::unavailable, "ICE: gathering could not be started"});
  return false;
}

void PeerConnection::onIceGathered() {
  if (state_ != State::gathering) return;
  describe();
  if (offering_) {
    state_ = State::offered;
  } else {
    connect();
  }
}

void PeerConnection::describe() {
  wire::SessionDescription local;
  local.writer = kWriter;
  const auto credentials = ice_->localCredentials();
  local.iceUfrag = credentials.ufrag;
  local.icePwd = credentials.pwd;
  local.candidates = ice_->localCandidates();
  local.fingerprints = {(*context_.dtls())->fingerprint()};
  local.maxMessageSize = options_->maxMessageSize;
  if (remote_) {
    // An answer repeats the offer's section; RFC 8842 section 5.3 would have us active wherever the offer leaves it
    // open.
    local.setup = remote_->setup == wire::DtlsSetup::active ? wire::DtlsSetup::passive : wire::DtlsSetup::active;
    local.mid = remote_->mid;
    local.bundle = remote_->bundle;
    local.legacySctpmap = remote_->legacySctpmap;
  }
  // The origin's session id only has to differ between sessions; browsers take 63 random bits (RFC 9429 section 5.2.1).
  const std::uint64_t sessionId = (handle_ * 0x9e3779b97f4a7c15U) >> 1;
  if (observer_) observer_->onPeerDescription(wire::writeSdp(local, sessionId));
}

void PeerConnection::setAnswer(std::string_view sdp) {
  if (state_ != State::offered) return;
  auto answer = wire::parseSdp(sdp);
  if (!answer) return fail(std::move(answer.error()));
  if (answer->setup == wire::DtlsSetup::actpass) {
    return fail({ErrorCode::malformed, "SDP: an answer with a=setup:actpass (expected active or passive, RFC 8842)"});
  }
  remote_ = std::move(*answer);
  connect();
}

void PeerConnection::connect() {
  state_ = State::connecting;
  timer_.start(options_->connectTimeout);
  const auto started = ice_->setRemote({remote_->iceUfrag, remote_->icePwd}, remote_->candidates);
  if (!started) fail(started.error());
}

void PeerConnection::onIceConnected() {
  if (state_ != State::connecting) return;
  iceUp_ = true;
  const bool client =
      offering_ ? remote_->setup == wire::DtlsSetup::passive : remote_->setup != wire::DtlsSetup::active;
  dtls_->start(client, remote_->fingerprints);
}

void PeerConnection::onIceFailed(base::Error reason) {
  if (state_ == State::closing) return destroySoon();
  fail(std::move(reason));
}

void PeerConnection::onIceDatagram(std::span<const std::byte> datagram) {
  // RFC 7983: the first byte tells what it is. STUN does not come here; of the rest only DTLS is ours.
  if (datagram.empty() || datagram[0] < std::byte{20} || datagram[0] > std::byte{63}) return;
  if (state_ != State::closed) dtls_->receive(datagram);
}

void PeerConnection::onDtlsSend(std::span<const std::byte> datagram) {
  context_.batch().add(*ice_, datagram);
  onSctpReady();
}

void PeerConnection::onDtlsConnected() {
  if (state_ != State::connecting) return;
  sctp_.emplace(context_.sctp(), *this, *options_, remote_->writer == kWriter);
  const auto connected = sctp_->connect(remote_->sctpPort);
  if (!connected) fail(connected.error());
}

void PeerConnection::onDtlsData(std::span<const std::byte> data) {
  if (!sctp_ || state_ == State::closed) return;
  heard_ = true;
  sctp_->input(data);
  onSctpReady();
}

void PeerConnection::onDtlsFailed(base::Error reason) {
  if (state_ == State::closing) return destroySoon();
  fail(std::move(reason));
}

void PeerConnection::onSctpSend(std::span<const std::byte> packet) { dtls_->send(packet); }

void PeerConnection::onSctpReady() {
  if (wanted_) return;
  wanted_ = true;
  context_.pumpSoon(handle_);
}

void PeerConnection::pump() {
  wanted_ = false;
  if (!sctp_ || state_ == State::closed) return;
  sctp_->readMessages();
  if (state_ == State::open) flushQueue();
}

void PeerConnection::watch() {
  if (std::exchange(heard_, false) || state_ != State::open) {
    quietPeriods_ = 0;
    return;
  }
  const base::Duration quiet = ++quietPeriods_ * RtcContext::kWatchPeriod;
  if (quiet >= options_->silenceLimit) {
    return fail({ErrorCode::timeout, "the remote gives no sign of life any more"});
  }
  // Every period from here to the limit: with 10 s twelve times, so that even with a third of all datagrams lost each
  // way a living remote is given up once in a thousand silences.
  if (quiet >= options_->silenceLimit * 2 / 5) sctp_->probe();
}

void PeerConnection::onSctpConnected() {
  if (state_ != State::connecting || !offering_ || channel_) return;
  // RFC 8832 section 6: the DTLS client has the even streams.
  channel_ = remote_->setup == wire::DtlsSetup::passive ? 0 : 1;
  wire::DataChannelOpen open;
  open.label = std::move(label_);
  if (sctp_->send(*channel_, number(Ppid::dcep), wire::encodeDcep(open)) != SctpAssociation::SendResult::sent) {
    fail({ErrorCode::unavailable, "SCTP: the data channel could not be announced"});
  }
}

void PeerConnection::onSctpMessage(std::uint16_t stream, std::uint32_t ppid, base::Bytes message) {
  if (state_ != State::connecting && state_ != State::open) return;
  switch (static_cast<Ppid>(ppid)) {
    case Ppid::dcep: return controlMessage(stream, message);
    case Ppid::string:
    case Ppid::binary: break;
    case Ppid::stringEmpty:
    case Ppid::binaryEmpty: message = {}; break;
    case Ppid::stringPartial:
    case Ppid::binaryPartial:
      return fail({ErrorCode::malformed, "data channel: a message in pieces of the deprecated kind (PPID 52, 54)"});
    default: return;
  }
  if (stream != channel_) return;
  // A message on our channel before the acknowledgement acknowledges as well (RFC 8832 section 6).
  if (state_ == State::connecting) channelOpen();
  deliver(std::move(message));
}

void PeerConnection::controlMessage(std::uint16_t stream, const base::Bytes& message) {
  const auto control = wire::decodeDcep(message.span());
  if (!control) return fail(control.error());
  if (std::holds_alternative<wire::DataChannelAck>(*control)) {
    if (offering_ && stream == channel_ && state_ == State::connecting) channelOpen();
    return;
  }
  // The answerer takes the first channel that opens (data-channel.md 5d); further ones, and any at the offerer, are
  // never answered.
  if (offering_ || channel_) return;
  channel_ = stream;
  if (sctp_->send(stream, number(Ppid::dcep), wire::encodeDcep(wire::DataChannelAck{})) !=
      SctpAssociation::SendResult::sent) {
    return fail({ErrorCode::unavailable, "SCTP: the data channel could not be acknowledged"});
  }
  channelOpen();
}

void PeerConnection::channelOpen() {
  state_ = State::open;
  timer_.stop();
  if (observer_) observer_->onPeerOpen(ice_->remoteAddress());
}

void PeerConnection::deliver(base::Bytes message) {
  if (observer_ && !observer_->onPeerMessage(std::move(message))) sctp_->setPaused(true);
}

std::optional<base::Duration> PeerConnection::roundTrip() const {
  return state_ == State::open && sctp_ ? sctp_->roundTrip() : std::nullopt;
}

void PeerConnection::resumeReading() {
  if (sctp_) sctp_->setPaused(false);
}

void PeerConnection::send(base::Bytes message) {
  if (state_ == State::closing || state_ == State::closed) return;
  queue_.push_back(std::move(message));
  if (state_ == State::open) onSctpReady();
}

void PeerConnection::flushQueue() {
  const std::uint64_t before = drained_;
  while (!queue_.empty()) {
    const base::Bytes& message = queue_.front();
    if (remote_->maxMessageSize != 0 && message.size() > remote_->maxMessageSize) {
      return fail({ErrorCode::limitExceeded, "data channel: a message of " + std::to_string(message.size()) +
                                                 " bytes for a remote that takes " +
                                                 std::to_string(remote_->maxMessageSize)});
    }
    if (message.size() > options_->maxMessageSize) {
      return fail({ErrorCode::limitExceeded, "data channel: a message of " + std::to_string(message.size()) +
                                                 " bytes is longer than " + std::to_string(options_->maxMessageSize)});
    }
    static constexpr std::array<std::byte, 1> kNothing{};
    const auto result = message.empty() ? sctp_->send(*channel_, number(Ppid::binaryEmpty), kNothing)
                                        : sctp_->send(*channel_, number(Ppid::binary), message.span());
    if (result == SctpAssociation::SendResult::full) break;
    if (result == SctpAssociation::SendResult::failed) return fail({ErrorCode::unavailable, "SCTP: sending failed"});
    drained_ += message.size();
    queue_.pop_front();
  }
  if (drained_ != before && observer_) observer_->onPeerDrained(drained_);
}

void PeerConnection::onSctpStreamReset(std::uint16_t stream) {
  if (stream != channel_) return;
  if (state_ == State::closing) return destroySoon();
  if (state_ != State::connecting && state_ != State::open) return;
  // The remote has closed the channel: ours is reset in turn (RFC 8831 section 6.7), and that answer needs a moment to
  // leave.
  if (auto observer = std::move(observer_))
    observer->onPeerClosed({ErrorCode::aborted, "data channel: closed by the remote"});
  beginClosing();
}

void PeerConnection::onSctpClosed(base::Error reason) {
  if (state_ == State::closing) return destroySoon();
  fail(std::move(reason));
}

void PeerConnection::close() {
  if (state_ == State::closing || state_ == State::closed) return;
  observer_.reset();
  if (state_ == State::open) {
    beginClosing();
  } else {
    destroySoon();
  }
}

void PeerConnection::beginClosing() {
  state_ = State::closing;
  queue_.clear();
  sctp_->setPaused(false);
  sctp_->resetStream(*channel_);
  timer_.start(kFarewell);
}

void PeerConnection::fail(base::Error reason) {
  if (state_ == State::closed) return;
  if (auto observer = std::move(observer_)) observer->onPeerClosed(std::move(reason));
  destroySoon();
}

void PeerConnection::destroySoon() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  timer_.stop();
  context_.destroySoon(handle_);
}

void PeerConnection::shutDown() {
  state_ = State::closed;
  wanted_ = true;  // nothing asks for another turn any more
  observer_.reset();
  sctp_.reset();
  if (dtls_) dtls_->close();
  context_.batch().flush();
  dtls_.reset();
  ice_.reset();
}

}  // namespace p2pml::native
