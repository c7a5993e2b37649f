// usrsctp as the one global thing it is: started once in the process, ticked from the RtcThread's loop, and finding its
// way back from the numbers it holds to our associations. Owned by RtcContext; one at a time.
//
// usrsctp may still call for an association after usrsctp_close (sctplab/usrsctp#405), so what it holds is a number
// that is looked up, never a pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace p2pml::native {

class SctpAssociation;

class SctpRuntime {
 public:
  SctpRuntime();
  ~SctpRuntime();
  SctpRuntime(const SctpRuntime&) = delete;
  SctpRuntime& operator=(const SctpRuntime&) = delete;

  /// usrsctp's address of a new association. Never reused.
  void* add(SctpAssociation& association);
  void remove(void* address);
  [[nodiscard]] SctpAssociation* find(void* address) const;

  /// Like find(), for usrsctp's callbacks: null also if there is no runtime.
  [[nodiscard]] static SctpAssociation* findCurrent(void* address);

  /// Before anything is asked of usrsctp: its clock stands still between ticks, and a timer set by a clock that is late
  /// ends early. Only after a time of rest: otherwise the clock is not late by much, and timers would run out in front
  /// of the very acknowledgement that is about to be handed over.
  void beforeUse();
  /// After a packet was handed over.
  void heard() { heard_ = true; }
  /// Until the next tick is due; 0: now; -1: none is needed.
  [[nodiscard]] int millisecondsToTick() const;
  /// At the end of each turn of the loop. Lets usrsctp's clock catch up if a tick is due; best right after packets have
  /// come, else after a little patience and not before the sockets were looked at once more.
  ///
  /// The reason: usrsctp does not start its retransmission timer anew when acknowledgements come (RFC 9260
  /// section 6.3.2 rule R3), so it runs out every second in the middle of a healthy transfer. Then whatever is older
  /// than the usual round trip counts as lost, and the window falls to one packet for a single chunk. The oldest chunk
  /// is always about that old; it is youngest just after an acknowledgement.
  void tick();

 private:
  static int output(void* address, void* packet, std::size_t length, std::uint8_t tos, std::uint8_t setDf);
  static void startStack();
  [[nodiscard]] std::int64_t period() const;
  [[nodiscard]] bool resting() const;
  void advanceClock();

  std::unordered_map<std::uintptr_t, SctpAssociation*> associations_;
  bool busy_ = false;          // since the last tick
  bool heard_ = false;         // since the last call of tick()
  bool lastCall_ = false;      // a tick is due and waits for one more look at the sockets
  std::int64_t lastTick_ = 0;  // microseconds of the monotonic clock
  std::int64_t lastBusy_ = 0;
};

}  // namespace p2pml::native
