// One thread that runs one asio loop: where an engine, its driver and its adapters live in a native program.
//
// Owned by the public API. Always holds: everything posted runs on that one thread, in order; after stop() nothing runs
// any more. The thread takes no signals (they go to the program's other threads), SIGPIPE included, so that a broken
// connection under OpenSSL cannot end the program. An exception out of a posted function is a bug and ends the program.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace p2pml::native {

class LoopThread {
 public:
  /// `name` is what debuggers and `top -H` show; Linux takes its first 15 bytes.
  explicit LoopThread(const std::string& name);
  /// Stops and joins. On the loop's own thread (a callback that drops the last owner) it cannot join: the thread then
  /// ends by itself when the callback returns, and the loop with it.
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  /// For adapters. May be used only as long as this object lives, or from functions that run on the loop.
  [[nodiscard]] boost::asio::io_context& loop();
  /// From any thread; also from the loop, where it means "later". After stop() it is dropped.
  void post(std::function<void()> work);
  /// True on the loop's own thread.
  [[nodiscard]] bool isHere() const;
  /// From any thread, more than once. Returns when nothing runs any more, or at once on the loop's own thread, where it
  /// means that nothing follows what is running now. Work that was posted but did not run is destroyed with the loop.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace p2pml::native
