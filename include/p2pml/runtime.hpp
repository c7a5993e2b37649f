// Runtime: the thread on which loaders live, with the sockets, HTTP connections and WebRTC connections behind it.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace p2pml {

/// Any number of loaders share one. All callbacks of its loaders come on its one thread.
class Runtime {
 public:
  /// The process's default: started by the first loader, ended with the last one.
  static std::shared_ptr<Runtime> shared();
  static std::shared_ptr<Runtime> create(const std::string& threadName = "p2pml");
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Runs `work` on the thread, later. From any thread.
  void post(std::function<void()> work);
  /// True on the runtime's own thread.
  [[nodiscard]] bool isHere() const;
  /// For applications that live on the same loop.
  [[nodiscard]] boost::asio::io_context& loop();

 private:
  Runtime();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace p2pml
