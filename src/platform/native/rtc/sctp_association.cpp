#include "platform/native/rtc/sctp_association.hpp"

#include <arpa/inet.h>
#include <glib.h>
#include <sys/socket.h>
#include <usrsctp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "platform/native/rtc/sctp_runtime.hpp"
#include "wire/sdp.hpp"

namespace p2pml::native {
namespace {

/// usrsctp makes tables of this size for every peer; one channel is used, and JavaScript peers open theirs with id 0
/// or 1.
constexpr std::uint16_t kStreams = 64;
/// Of an SCTP packet. With DTLS (37 bytes), TURN (4) and UDP over IPv6 (48) it stays within 1280; browsers use 1191.
constexpr std::uint32_t kPathMtu = 1188;
/// Retransmission while connecting: a lost first packet should not show as RFC 9260's second.
constexpr std::uint32_t kRtoConnecting = 400;  // ms
/// Later the RFC's own least. usrsctp does not start the timer anew when acknowledgements come, so it runs out again
/// and again in the middle of a healthy transfer; then whatever is older than the usual round trip counts as lost and
/// the window collapses. Measured over 25 ms each way: 13 to 120 Mbit/s with 400 ms, 75 to 120 with a second; with loss
/// a second was no worse.
constexpr std::uint32_t kRtoConnected = 1000;  // ms
constexpr std::uint32_t kRtoMax = 10'000;      // ms
constexpr std::uint32_t kSackDelay = 20;       // ms
constexpr std::uint16_t kInitAttempts = 8;
constexpr std::uint16_t kInitTimeoutMax = 3000;  // ms

/// Messages that JavaScript peers and we send are at most this long; longer ones cost one more copy at first.
constexpr std::size_t kUsualMessage = 64 * 1024;
/// Below this a message is copied into a buffer of its own size rather than left alone in a big one.
constexpr std::size_t kSmallMessage = 16 * 1024;
/// Messages read in one go before others get their turn.
constexpr int kReadBudget = 64;

sockaddr_conn connAddress(void* address, std::uint16_t port) {
  sockaddr_conn out{};
  out.sconn_family = AF_CONN;
  out.sconn_port = htons(port);
  out.sconn_addr = address;
  return out;
}

/// Of the one path there is, changing nothing yet.
sctp_paddrparams pathParameters(void* address, std::uint16_t remotePort) {
  const sockaddr_conn remote = connAddress(address, remotePort);
  sctp_paddrparams out{};
  std::memcpy(&out.spp_address, &remote, sizeof remote);
  return out;
}

template <class T>
bool setOption(SctpSocket* socket, int level, int option, const T& value) {
  return usrsctp_setsockopt(socket, level, option, &value, sizeof value) == 0;
}

std::string errnoText() { return std::strerror(errno); }

}  // namespace

SctpAssociation::SctpAssociation(SctpRuntime& runtime, Owner& owner, const RtcOptions& options, bool ownKind)
    : runtime_(runtime),
      owner_(owner),
      options_(options),
      ownKind_(ownKind),
      address_(runtime.add(*this)),
      sizeHint_(kUsualMessage) {
  usrsctp_register_address(address_);
}

SctpAssociation::~SctpAssociation() {
  if (socket_ != nullptr) {
    usrsctp_set_upcall(socket_, nullptr, nullptr);
    // With SO_LINGER 0 this is an ABORT, which leaves through output(): so the address stays known until after it.
    usrsctp_close(socket_);
  }
  runtime_.remove(address_);
  usrsctp_deregister_address(address_);
}

base::Result<void> SctpAssociation::connect(std::uint16_t remotePort) {
  const auto failed = [](const char* what) {
    return base::fail(base::ErrorCode::internal, std::string("SCTP: ") + what + " failed: " + errnoText());
  };
  socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  if (socket_ == nullptr) return failed("making a socket");
  if (!configure()) return failed("setting the socket up");
  sockaddr_conn local = connAddress(address_, wire::kSctpPort);
  if (usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) return failed("binding");
  usrsctp_set_upcall(socket_, &SctpAssociation::upcall, address_);
  remotePort_ = remotePort;
  sockaddr_conn remote = connAddress(address_, remotePort);
  connectStart_ = g_get_monotonic_time();
  if (usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&remote), sizeof remote) != 0 && errno != EINPROGRESS) {
    return failed("connecting");
  }
  // No path MTU discovery: its probes would be lost in DTLS (RFC 8831 section 5).
  sctp_paddrparams path = pathParameters(address_, remotePort_);
  path.spp_flags = SPP_PMTUD_DISABLE;
  path.spp_pathmtu = kPathMtu;
  if (!setOption(socket_, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path)) return failed("setting the path MTU");
  return {};
}

bool SctpAssociation::configure() {
  SctpSocket* s = socket_;
  if (usrsctp_set_non_blocking(s, 1) != 0) return false;
  linger hard{};
  hard.l_onoff = 1;
  bool good = setOption(s, SOL_SOCKET, SO_LINGER, hard);
  const int buffer = static_cast<int>(options_.sctpBuffer);
  good = good && setOption(s, SOL_SOCKET, SO_SNDBUF, buffer) && setOption(s, SOL_SOCKET, SO_RCVBUF, buffer);
  const int on = 1;
  good = good && setOption(s, IPPROTO_SCTP, SCTP_NODELAY, on) && setOption(s, IPPROTO_SCTP, SCTP_RECVRCVINFO, on);
  for (const std::uint16_t type :
       {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT, SCTP_SHUTDOWN_EVENT, SCTP_PARTIAL_DELIVERY_EVENT}) {
    sctp_event event{};
    event.se_assoc_id = SCTP_ALL_ASSOC;
    event.se_type = static_cast<std::uint16_t>(type);
    event.se_on = 1;
    good = good && setOption(s, IPPROTO_SCTP, SCTP_EVENT, event);
  }
  sctp_assoc_value resets{};
  resets.assoc_id = SCTP_ALL_ASSOC;
  resets.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ;
  good = good && setOption(s, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, resets);
  sctp_initmsg init{};
  init.sinit_num_ostreams = kStreams;
  init.sinit_max_instreams = kStreams;
  init.sinit_max_attempts = kInitAttempts;
  init.sinit_max_init_timeo = kInitTimeoutMax;
  good = good && setOption(s, IPPROTO_SCTP, SCTP_INITMSG, init);
  good = good && setMinimumTimeout(kRtoConnecting);
  good = good && setSackFrequency(options_.sctpSackFrequency);
  sctp_assoc_value burst{};
  burst.assoc_value = options_.sctpMaxBurst;
  good = good && setOption(s, IPPROTO_SCTP, SCTP_MAX_BURST, burst);
  // Whole messages where they fit: a message is handed out in pieces only beyond this.
  const std::uint32_t deliveryPoint = std::min(options_.maxMessageSize + 1, options_.sctpBuffer / 2);
  good = good && setOption(s, IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, deliveryPoint);
  return good;
}

bool SctpAssociation::setMinimumTimeout(std::uint32_t milliseconds) {
  sctp_rtoinfo rto{};
  rto.srto_initial = milliseconds;
  rto.srto_min = milliseconds;
  rto.srto_max = kRtoMax;
  return setOption(socket_, IPPROTO_SCTP, SCTP_RTOINFO, rto);
}

bool SctpAssociation::setSackFrequency(std::uint32_t packets) {
  sctp_sack_info sack{};
  sack.sack_delay = kSackDelay;
  sack.sack_freq = packets;
  return setOption(socket_, IPPROTO_SCTP, SCTP_DELAYED_SACK, sack);
}

void SctpAssociation::connected() {
  setMinimumTimeout(kRtoConnected);
  // From our INIT to here at least one round trip has passed on either side, whoever was first; so this is never too
  // small. Refused or not makes no difference but cost.
  const auto taken = base::Duration(g_get_monotonic_time() - connectStart_);
  if (ownKind_ && taken <= RtcOptions::kLocalRoundTrip) setSackFrequency(options_.sctpLocalSackFrequency);
  owner_.onSctpConnected();
}

void SctpAssociation::upcall(SctpSocket*, void* address, int) {
  if (SctpAssociation* self = SctpRuntime::findCurrent(address)) self->owner_.onSctpReady();
}

void SctpAssociation::input(std::span<const std::byte> packet) {
  if (socket_ == nullptr || closed_) return;
  runtime_.beforeUse();
  usrsctp_conninput(address_, packet.data(), packet.size(), 0);
  runtime_.heard();
}

void SctpAssociation::setPaused(bool paused) {
  paused_ = paused;
  if (!paused) owner_.onSctpReady();
}

void SctpAssociation::readMessages() {
  for (int i = 0; i < kReadBudget; ++i) {
    if (socket_ == nullptr || closed_ || paused_) return;
    if (!readOne()) return;
  }
  owner_.onSctpReady();
}

bool SctpAssociation::readOne() {
  if (partial_.capacity() == 0) partial_ = base::Buffer(sizeHint_);
  if (partial_.free() == 0) {
    // One byte more than allowed, to tell a message of the greatest size from one that is too long.
    base::Buffer larger(std::size_t{options_.maxMessageSize} + 1);
    larger.append(partial_.view().span());
    partial_ = std::move(larger);
  }
  sockaddr_conn from{};
  socklen_t fromLength = sizeof from;
  sctp_rcvinfo info{};
  socklen_t infoLength = sizeof info;
  unsigned infoType = 0;
  int flags = 0;
  const auto room = partial_.tail();
  const ssize_t length = usrsctp_recvv(socket_, room.data(), room.size(), reinterpret_cast<sockaddr*>(&from),
                                       &fromLength, &info, &infoLength, &infoType, &flags);
  if (length < 0) {
    if (partial_.used() == 0) partial_ = {};  // an idle peer keeps no buffer
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    close({base::ErrorCode::unavailable, "SCTP: " + errnoText()});
    return false;
  }
  if (length == 0) {
    close({base::ErrorCode::aborted, "SCTP: the remote ended the association"});
    return false;
  }
  const auto size = static_cast<std::size_t>(length);
  if ((flags & MSG_NOTIFICATION) != 0) {
    // Not committed: the next message is written over it.
    notification(room.first(size));
    return true;
  }
  // A message that came whole and would leave most of the buffer empty gets one of its own size; the buffer is used
  // again.
  if ((flags & MSG_EOR) != 0 && partial_.used() == 0 && size < kSmallMessage) {
    owner_.onSctpMessage(info.rcv_sid, ntohl(info.rcv_ppid), base::Bytes::copyOf(room.first(size)));
    return true;
  }
  partial_.commit(size);
  if (partial_.used() > options_.maxMessageSize) {
    close({base::ErrorCode::limitExceeded,
           "SCTP: the remote sent a message longer than " + std::to_string(options_.maxMessageSize) + " bytes"});
    return false;
  }
  if ((flags & MSG_EOR) == 0) return true;
  base::Bytes message = partial_.view();
  sizeHint_ = std::max(message.size(), kUsualMessage);
  partial_ = {};
  owner_.onSctpMessage(info.rcv_sid, ntohl(info.rcv_ppid), std::move(message));
  return true;
}

void SctpAssociation::notification(std::span<const std::byte> data) {
  // The fixed part of every kind is in the union; only stream resets have a list behind it.
  sctp_notification event{};
  std::memcpy(&event, data.data(), std::min(data.size(), sizeof event));
  switch (event.sn_header.sn_type) {
    case SCTP_ASSOC_CHANGE:
      switch (event.sn_assoc_change.sac_state) {
        case SCTP_COMM_UP: return connected();
        case SCTP_CANT_STR_ASSOC:
          return close({base::ErrorCode::unavailable, "SCTP: the association could not be set up"});
        case SCTP_COMM_LOST: return close({base::ErrorCode::aborted, "SCTP: the association was aborted or lost"});
        case SCTP_SHUTDOWN_COMP: return close({base::ErrorCode::aborted, "SCTP: the remote shut the association down"});
        default: return;
      }
    case SCTP_SHUTDOWN_EVENT: return close({base::ErrorCode::aborted, "SCTP: the remote shut the association down"});
    case SCTP_PARTIAL_DELIVERY_EVENT:
      return close({base::ErrorCode::aborted, "SCTP: the remote gave a message up half way"});
    case SCTP_STREAM_RESET_EVENT: {
      constexpr std::size_t kHead = offsetof(sctp_stream_reset_event, strreset_stream_list);
      if ((event.sn_strreset_event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) == 0) return;
      for (std::size_t at = kHead; at + 2 <= data.size() && !closed_; at += 2) {
        std::uint16_t stream = 0;
        std::memcpy(&stream, data.data() + at, 2);
        owner_.onSctpStreamReset(stream);
      }
      return;
    }
    default: return;
  }
}

SctpAssociation::SendResult SctpAssociation::send(std::uint16_t stream, std::uint32_t ppid,
                                                  std::span<const std::byte> message) {
  if (socket_ == nullptr || closed_) return SendResult::failed;
  runtime_.beforeUse();
  sctp_sndinfo info{};
  info.snd_sid = stream;
  info.snd_flags = SCTP_EOR;
  info.snd_ppid = htonl(ppid);
  const ssize_t sent =
      usrsctp_sendv(socket_, message.data(), message.size(), nullptr, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
  if (sent >= 0) return SendResult::sent;
  return errno == EAGAIN || errno == EWOULDBLOCK ? SendResult::full : SendResult::failed;
}

void SctpAssociation::resetStream(std::uint16_t stream) {
  if (socket_ == nullptr || closed_) return;
  runtime_.beforeUse();
  alignas(sctp_reset_streams) std::array<std::byte, sizeof(sctp_reset_streams) + sizeof(std::uint16_t)> request{};
  sctp_reset_streams head{};
  head.srs_assoc_id = SCTP_ALL_ASSOC;
  head.srs_flags = SCTP_STREAM_RESET_OUTGOING;
  head.srs_number_streams = 1;
  std::memcpy(request.data(), &head, sizeof head);
  std::memcpy(request.data() + offsetof(sctp_reset_streams, srs_stream_list), &stream, sizeof stream);
  // Refused (e.g. while another reset is under way): the ABORT that ends the connection follows anyway.
  static_cast<void>(usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, request.data(),
                                       offsetof(sctp_reset_streams, srs_stream_list) + sizeof stream));
}

void SctpAssociation::probe() {
  if (socket_ == nullptr || closed_) return;
  runtime_.beforeUse();
  sctp_paddrparams path = pathParameters(address_, remotePort_);
  path.spp_flags = SPP_HB_DEMAND;
  // Refused while the association is not open or ends: then other timers run.
  static_cast<void>(setOption(socket_, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path));
}

std::optional<base::Duration> SctpAssociation::roundTrip() const {
  if (socket_ == nullptr || closed_) return std::nullopt;
  sctp_status status{};
  socklen_t length = sizeof status;
  if (usrsctp_getsockopt(socket_, IPPROTO_SCTP, SCTP_STATUS, &status, &length) != 0) return std::nullopt;
  if (status.sstat_state != SCTP_ESTABLISHED) return std::nullopt;
  return base::milliseconds(status.sstat_primary.spinfo_srtt);
}

void SctpAssociation::close(base::Error reason) {
  if (closed_) return;
  closed_ = true;
  owner_.onSctpClosed(std::move(reason));
}

}  // namespace p2pml::native
