// What all peers on the RtcThread share: its main loop, the DTLS certificate, the SCTP stack, name look-ups, the batch
// of datagrams on their way out, and the peers themselves. Owned by the RtcThread, used on it only.
//
// Two things are put off to the end of a turn of the loop, so that a burst of packets costs them once: reading messages
// and filling the send buffer ("pumping" a peer), and destroying a peer that has ended (its objects are then on
// nobody's stack).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "platform/native/rtc/rtc_timer.hpp"

typedef struct _GMainContext GMainContext;

namespace p2pml::native {

class DtlsContext;
class HostLookup;
class IceAgent;
class PeerConnection;
class SctpRuntime;

/// Names a peer across threads. Never reused within the process.
using PeerHandle = std::uint64_t;

/// Datagrams of one peer that leave in one call. Another peer's datagram, or a full batch, sends what is there first.
class DatagramBatch {
 public:
  void add(IceAgent& from, std::span<const std::byte> datagram);
  void flush();
  /// Drops what `agent` has in it; for an agent that goes away.
  void forget(const IceAgent& agent);

 private:
  static constexpr std::size_t kMaxDatagrams = 32;
  static constexpr std::size_t kMaxDatagramBytes = 2048;  // DTLS handshake flights and SCTP packets are below 1300

  IceAgent* agent_ = nullptr;
  std::size_t count_ = 0;
  std::array<std::size_t, kMaxDatagrams> sizes_{};
  std::array<std::array<std::byte, kMaxDatagramBytes>, kMaxDatagrams> datagrams_{};
};

class RtcContext {
 public:
  /// Each peer is asked so often whether it has heard of its remote: by one timer for all of them.
  static constexpr base::Duration kWatchPeriod = base::milliseconds(500);

  explicit RtcContext(GMainContext* main);
  ~RtcContext();
  RtcContext(const RtcContext&) = delete;
  RtcContext& operator=(const RtcContext&) = delete;

  [[nodiscard]] GMainContext* main() const { return main_; }
  /// Error: the certificate could not be made; no connection is possible.
  [[nodiscard]] base::Result<DtlsContext*> dtls();
  [[nodiscard]] SctpRuntime& sctp() { return *sctp_; }
  [[nodiscard]] HostLookup& lookup() { return *lookup_; }
  [[nodiscard]] DatagramBatch& batch() { return *batch_; }

  void add(PeerHandle handle, std::unique_ptr<PeerConnection> peer);
  /// Null if there is none (any more).
  [[nodiscard]] PeerConnection* find(PeerHandle handle);

  void pumpSoon(PeerHandle handle) { toPump_.push_back(handle); }
  void destroySoon(PeerHandle handle) { toDestroy_.push_back(handle); }

  /// For the loop: how long it may sleep (ms, -1: for ever), and what is to be done when it does not.
  [[nodiscard]] int sleepMilliseconds() const;
  void turn();
  /// Ends all peers at once.
  void destroyAll();

 private:
  void watch();

  GMainContext* main_;
  RtcTimer watchTimer_;  // runs while there are peers
  std::unique_ptr<DatagramBatch> batch_;
  base::Result<std::unique_ptr<DtlsContext>> dtls_;
  std::unique_ptr<HostLookup> lookup_;
  std::unique_ptr<SctpRuntime> sctp_;
  std::unordered_map<PeerHandle, std::unique_ptr<PeerConnection>> peers_;
  std::vector<PeerHandle> toPump_;
  std::vector<PeerHandle> pumping_;  // scratch of turn()
  std::vector<PeerHandle> toDestroy_;
};

}  // namespace p2pml::native
