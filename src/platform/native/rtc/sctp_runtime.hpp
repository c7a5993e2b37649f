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
  /// ends early.
  void beforeUse();
  /// Until the next tick is due; 0: now; -1: none is needed.
  [[nodiscard]] int millisecondsToTick() const;
  /// Lets usrsctp's clock catch up if a tick is due.
  void tick();

 private:
  static int output(void* address, void* packet, std::size_t length, std::uint8_t tos, std::uint8_t setDf);
  static void startStack();
  [[nodiscard]] std::int64_t period() const;
  void advanceClock();

  std::unordered_map<std::uintptr_t, SctpAssociation*> associations_;
  bool busy_ = false;          // since the last tick
  std::int64_t lastTick_ = 0;  // microseconds of the monotonic clock
  std::int64_t lastBusy_ = 0;
};

}  // namespace p2pml::native
