// The thread on which everything below "message" lives: ICE, DTLS, SCTP and data channels of all peers of this process.
//
// libnice wants a GLib main loop and usrsctp is one global state machine, so there is one such thread a process.
// Nothing but whole messages and commands crosses its border, through a queue with a mutex of our own (never through
// GLib's), one wake-up for a whole burst. Everything reached through Context (rtc_context.hpp) may only be touched on
// this thread.
#pragma once

#include <functional>
#include <memory>

namespace p2pml::native {

class RtcContext;

class RtcThread {
 public:
  /// The process's thread; started by the first call, stopped and joined when the last owner lets go. Never null.
  /// Must be let go on another thread than itself (that is: not from a task given to post()).
  static std::shared_ptr<RtcThread> shared();

  ~RtcThread();
  RtcThread(const RtcThread&) = delete;
  RtcThread& operator=(const RtcThread&) = delete;

  /// Ends the shared thread for good, if there is one, and waits for it: for the end of the process, where its owners
  /// may never let go. Tasks that are posted afterwards do not run.
  static void endShared();

  /// Runs `task` on the thread, in the order of the calls. Callable from any thread; never waits for the task.
  void post(std::function<void(RtcContext&)> task);

 private:
  RtcThread();
  void stop();

  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace p2pml::native
