#include "platform/native/rtc/sctp_runtime.hpp"

#include <glib.h>
#include <usrsctp.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>

#include "base/assert.hpp"
#include "platform/native/rtc/crc32c.hpp"
#include "platform/native/rtc/sctp_association.hpp"

namespace p2pml::native {
namespace {

// Fine enough for delayed acknowledgements of 20 ms while anything happens. Later what is left are retransmissions and
// heartbeats, and in the end the freeing of what was closed.
constexpr std::int64_t kBusyPeriod = 10'000;
constexpr std::int64_t kIdlePeriod = 100'000;
constexpr std::int64_t kPatience = 10'000;
constexpr std::int64_t kBusyFor = 1'000'000;
constexpr std::int64_t kAftermath = 5'000'000;

SctpRuntime* current = nullptr;  // on the RtcThread only
std::uintptr_t lastAddress = 0;  // likewise

}  // namespace

SctpRuntime::SctpRuntime() : lastTick_(g_get_monotonic_time()), lastBusy_(lastTick_ - kAftermath) {
  P2PML_ASSERT(current == nullptr);
  current = this;
  static std::once_flag once;
  std::call_once(once, &SctpRuntime::startStack);
}

SctpRuntime::~SctpRuntime() { current = nullptr; }

void SctpRuntime::startStack() {
  // Without threads: usrsctp_init would start four, two of them reading raw sockets. No port of its own, no log.
  usrsctp_init_nothreads(0, &SctpRuntime::output, nullptr);
  usrsctp_enable_crc32c_offload();
  // Nothing of this is of use over DTLS (RFC 8831 section 5), and each is code that a remote could reach.
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auto_asconf(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  // A packet for no association gets no answer: nobody could hear it.
  usrsctp_sysctl_set_sctp_blackhole(2);
  // The default of 512 packets would stop a window of 1 MiB half way.
  usrsctp_sysctl_set_sctp_max_chunks_on_queue(10 * 1024);
  // RFC 3649, of which this version has the one half: a loss costs a large window less than half of it; small windows
  // are as ever. With 0.1 % loss over 50 ms up to half as fast again, with 1 % the same. H-TCP, the other choice,
  // stalls for seconds after each loss here.
  usrsctp_sysctl_set_sctp_default_cc_module(SCTP_CC_HSTCP);
  usrsctp_sysctl_set_sctp_initial_cwnd(10);  // RFC 6928's value, as browsers have it
  usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
}

void* SctpRuntime::add(SctpAssociation& association) {
  beforeUse();
  ++lastAddress;
  associations_.emplace(lastAddress, &association);
  return reinterpret_cast<void*>(lastAddress);
}

void SctpRuntime::remove(void* address) {
  associations_.erase(reinterpret_cast<std::uintptr_t>(address));
  busy_ = true;
}

SctpAssociation* SctpRuntime::find(void* address) const {
  const auto found = associations_.find(reinterpret_cast<std::uintptr_t>(address));
  return found == associations_.end() ? nullptr : found->second;
}

SctpAssociation* SctpRuntime::findCurrent(void* address) {
  return current == nullptr ? nullptr : current->find(address);
}

int SctpRuntime::output(void* address, void* packet, std::size_t length, std::uint8_t, std::uint8_t) {
  SctpAssociation* association = findCurrent(address);
  if (association == nullptr || length < sizeof(sctp_common_header)) return 0;
  const std::span data(static_cast<std::byte*>(packet), length);
  // The checksum is ours (offload). It is computed over the packet with a zero in its place, and stored low byte first.
  constexpr std::size_t kChecksum = offsetof(sctp_common_header, crc32c);
  std::memset(data.data() + kChecksum, 0, 4);
  const std::uint32_t crc = crc32c(data);
  for (std::size_t i = 0; i < 4; ++i) data[kChecksum + i] = static_cast<std::byte>(crc >> (8 * i) & 0xff);
  current->busy_ = true;
  association->output(data);
  return 0;
}

bool SctpRuntime::resting() const { return !busy_ && lastTick_ - lastBusy_ >= kBusyFor; }

std::int64_t SctpRuntime::period() const {
  if (!resting()) return kBusyPeriod;
  if (!associations_.empty() || lastTick_ - lastBusy_ < kAftermath) return kIdlePeriod;
  return -1;
}

int SctpRuntime::millisecondsToTick() const {
  const std::int64_t wait = period();
  if (wait < 0) return -1;
  const std::int64_t left = lastTick_ + wait + kPatience - g_get_monotonic_time();
  return static_cast<int>(std::clamp<std::int64_t>((left + 999) / 1000, 0, (wait + kPatience) / 1000));
}

void SctpRuntime::beforeUse() {
  if (resting()) advanceClock();
  busy_ = true;
}

void SctpRuntime::tick() {
  const bool heard = std::exchange(heard_, false);
  const std::int64_t wait = period();
  if (wait < 0) return;
  const std::int64_t now = g_get_monotonic_time();
  if (now < lastTick_ + wait + (heard ? 0 : kPatience)) return;
  if (!heard && !std::exchange(lastCall_, true)) return;
  lastCall_ = false;
  if (busy_) lastBusy_ = now;
  busy_ = false;
  advanceClock();
}

void SctpRuntime::advanceClock() {
  // Whole milliseconds; the rest is left for the next time.
  const std::int64_t milliseconds = (g_get_monotonic_time() - lastTick_) / 1000;
  if (milliseconds == 0) return;
  lastTick_ += milliseconds * 1000;
  usrsctp_handle_timers(static_cast<std::uint32_t>(milliseconds));
}

}  // namespace p2pml::native
