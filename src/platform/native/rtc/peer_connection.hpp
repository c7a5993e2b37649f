// One WebRTC connection with its one data channel: ICE, DTLS, SCTP and DCEP put together. Lives on the RtcThread, owned
// by RtcContext.
//
//   createOffer / createAnswer -> gathering -> description told -> [setAnswer] -> ICE -> DTLS -> SCTP -> channel open
//
// An open connection is alive as long as records that DTLS has authenticated come from the remote; when they stop, it
// is asked for one by SCTP heartbeats, which every remote answers at once. That is stricter than the consent of RFC
// 7675: nobody but the remote can answer, and a third of its time is left for it.
//
// Whatever goes wrong ends this connection only: onPeerClosed is the last call its observer gets. The layers are then
// taken down at the end of the loop's turn, from the top: SCTP's ABORT and DTLS's close_notify still leave through the
// layers below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "platform/native/rtc/dtls_transport.hpp"
#include "platform/native/rtc/ice_agent.hpp"
#include "platform/native/rtc/rtc_context.hpp"
#include "platform/native/rtc/rtc_options.hpp"
#include "platform/native/rtc/rtc_timer.hpp"
#include "platform/native/rtc/sctp_association.hpp"
#include "wire/sdp.hpp"

namespace p2pml::native {

/// What a connection tells the side that asked for it.
class PeerObserver {
 public:
  virtual ~PeerObserver() = default;
  virtual void onPeerDescription(std::string sdp) = 0;
  virtual void onPeerOpen(std::string remoteAddress) = 0;
  /// False: no more, until resumeReading().
  [[nodiscard]] virtual bool onPeerMessage(base::Bytes message) = 0;
  /// Payload bytes handed to SCTP since the channel opened.
  virtual void onPeerDrained(std::uint64_t bytes) = 0;
  virtual void onPeerClosed(base::Error reason) = 0;
};

class PeerConnection final : public IceAgent::Owner, public DtlsTransport::Owner, public SctpAssociation::Owner {
 public:
  PeerConnection(RtcContext& context, PeerHandle handle, std::shared_ptr<const IceConfig> iceConfig,
                 std::shared_ptr<const RtcOptions> options, std::unique_ptr<PeerObserver> observer);
  ~PeerConnection();
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  void createOffer(std::string label);
  void createAnswer(std::string_view offerSdp);
  void setAnswer(std::string_view sdp);
  void send(base::Bytes message);
  void resumeReading();
  /// Nothing before the channel is open.
  [[nodiscard]] std::optional<base::Duration> roundTrip() const;
  /// Politely, without telling the observer: the channel is reset first, so that the remote sees it close and not fail.
  void close();

  /// For RtcContext: at the end of a turn in which pumpSoon() was asked for.
  void pump();
  /// For RtcContext: every kWatchPeriod. Time is counted in these calls and not by the clock, so that a machine that
  /// slept or a thread that was held up does not take its own silence for the remote's.
  void watch();
  /// For RtcContext: takes the layers down. The object is destroyed next.
  void shutDown();

 private:
  enum class State : std::uint8_t { idle, gathering, offered, connecting, open, closing, closed };

  void onIceGathered() override;
  void onIceConnected() override;
  void onIceFailed(base::Error reason) override;
  void onIceDatagram(std::span<const std::byte> datagram) override;
  void onDtlsSend(std::span<const std::byte> datagram) override;
  void onDtlsConnected() override;
  void onDtlsData(std::span<const std::byte> data) override;
  void onDtlsFailed(base::Error reason) override;
  void onSctpSend(std::span<const std::byte> packet) override;
  void onSctpReady() override;
  void onSctpConnected() override;
  void onSctpMessage(std::uint16_t stream, std::uint32_t ppid, base::Bytes message) override;
  void onSctpStreamReset(std::uint16_t stream) override;
  void onSctpClosed(base::Error reason) override;

  [[nodiscard]] bool start(bool offering);
  void connect();
  void describe();
  void controlMessage(std::uint16_t stream, const base::Bytes& message);
  void channelOpen();
  void deliver(base::Bytes message);
  void flushQueue();
  /// Ends the connection and tells why, unless it has ended.
  void fail(base::Error reason);
  void beginClosing();
  void destroySoon();
  [[nodiscard]] const char* phase() const;

  RtcContext& context_;
  const PeerHandle handle_;
  const std::shared_ptr<const RtcOptions> options_;
  const std::shared_ptr<const IceConfig> iceConfig_;
  std::unique_ptr<PeerObserver> observer_;  // null once it has been told of the end, or does not want to be
  State state_ = State::idle;
  bool offering_ = false;
  bool iceUp_ = false;
  bool heard_ = false;  // a record of the remote's came since the last watch()
  int quietPeriods_ = 0;
  bool wanted_ = false;  // in the context's list of those to pump
  std::string label_;
  std::optional<wire::SessionDescription> remote_;
  std::optional<std::uint16_t> channel_;  // its SCTP stream
  std::deque<base::Bytes> queue_;
  std::uint64_t drained_ = 0;
  RtcTimer timer_;  // connectTimeout, then the end of closing
  std::optional<IceAgent> ice_;
  std::optional<DtlsTransport> dtls_;
  std::optional<SctpAssociation> sctp_;
};

}  // namespace p2pml::native
