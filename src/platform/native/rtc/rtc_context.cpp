#include "platform/native/rtc/rtc_context.hpp"

#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "platform/native/rtc/dtls_context.hpp"
#include "platform/native/rtc/host_lookup.hpp"
#include "platform/native/rtc/ice_agent.hpp"
#include "platform/native/rtc/peer_connection.hpp"
#include "platform/native/rtc/sctp_runtime.hpp"

namespace p2pml::native {

void DatagramBatch::add(IceAgent& from, std::span<const std::byte> datagram) {
  if (agent_ != &from || count_ == kMaxDatagrams) flush();
  // Longer ones are not made: the handshake is cut by DTLS_set_link_mtu, data by SCTP's path MTU.
  if (datagram.size() > kMaxDatagramBytes) return;
  agent_ = &from;
  std::memcpy(datagrams_[count_].data(), datagram.data(), datagram.size());
  sizes_[count_++] = datagram.size();
}

void DatagramBatch::flush() {
  if (count_ == 0) return;
  std::array<std::span<const std::byte>, kMaxDatagrams> spans;
  for (std::size_t i = 0; i < count_; ++i) spans[i] = std::span(datagrams_[i]).first(sizes_[i]);
  // Emptied first: sending may come back here through the agent.
  const std::size_t count = std::exchange(count_, 0);
  std::exchange(agent_, nullptr)->send(std::span(spans).first(count));
}

void DatagramBatch::forget(const IceAgent& agent) {
  if (agent_ != &agent) return;
  agent_ = nullptr;
  count_ = 0;
}

RtcContext::RtcContext(GMainContext* main)
    : main_(main),
      watchTimer_(main, [this] { watch(); }),
      batch_(std::make_unique<DatagramBatch>()),
      dtls_(DtlsContext::create()),
      lookup_(std::make_unique<HostLookup>(main)),
      sctp_(std::make_unique<SctpRuntime>()) {}

RtcContext::~RtcContext() { destroyAll(); }

base::Result<DtlsContext*> RtcContext::dtls() {
  if (!dtls_) return std::unexpected(dtls_.error());
  return dtls_->get();
}

void RtcContext::add(PeerHandle handle, std::unique_ptr<PeerConnection> peer) {
  const bool isNew = peers_.emplace(handle, std::move(peer)).second;
  P2PML_ASSERT(isNew);
  if (!watchTimer_.running()) watchTimer_.start(kWatchPeriod);
}

void RtcContext::watch() {
  if (peers_.empty()) return;
  watchTimer_.start(kWatchPeriod);
  for (const auto& [handle, peer] : peers_) peer->watch();
}

PeerConnection* RtcContext::find(PeerHandle handle) {
  const auto found = peers_.find(handle);
  return found == peers_.end() ? nullptr : found->second.get();
}

int RtcContext::sleepMilliseconds() const {
  if (!toPump_.empty() || !toDestroy_.empty()) return 0;
  return sctp_->millisecondsToTick();
}

void RtcContext::turn() {
  sctp_->tick();
  pumping_.swap(toPump_);
  for (const PeerHandle handle : pumping_) {
    if (PeerConnection* peer = find(handle)) peer->pump();
  }
  pumping_.clear();
  while (!toDestroy_.empty()) {
    const PeerHandle handle = toDestroy_.back();
    toDestroy_.pop_back();
    // Out of the table after its end, not before: its last packets go through it.
    const auto found = peers_.find(handle);
    if (found == peers_.end()) continue;
    found->second->shutDown();
    peers_.erase(found);
  }
  batch_->flush();
}

void RtcContext::destroyAll() {
  for (auto& [handle, peer] : peers_) peer->shutDown();
  peers_.clear();
  toPump_.clear();
  toDestroy_.clear();
}

}  // namespace p2pml::native
