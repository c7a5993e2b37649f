// The listeners of one loader, by event.
//
// Thread-safe: listeners come and go from any thread, events are emitted on the runtime's. A listener that is removed
// while events are emitted is not called any more; one that is added is called from the next event on. A listener that
// throws is reported and the loader goes on.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "engine/io.hpp"
#include "p2pml/events.hpp"

namespace p2pml::api {

/// Runs application code. What it throws ends here, with a line on the log.
template <class Call>
bool guarded(std::string_view what, Call call);
void reportThrown(std::string_view what, const char* message);

class EventEmitter {
 public:
  std::uint64_t add(std::uint8_t event, std::shared_ptr<void> listener, bool once);
  void remove(std::uint64_t id);
  /// From now on nobody is called any more.
  void silence() { silent_ = true; }

  /// Turns one of the engine's event outputs into the calls of its listeners.
  void emit(const engine::Output& output);

 private:
  struct Listener {
    std::uint64_t id;
    std::shared_ptr<void> function;  // std::function of the event's type
    bool once;
  };

  template <class... Args>
  void call(const Event<Args...>& event, const std::type_identity_t<Args>&... args);

  std::mutex mutex_;
  std::array<std::vector<Listener>, Events::kCount> listeners_;
  std::uint64_t lastId_ = 0;
  std::atomic<bool> silent_ = false;
};

template <class Call>
bool guarded(std::string_view what, Call call) {
  try {
    call();
    return true;
  } catch (const std::exception& thrown) {
    reportThrown(what, thrown.what());
  } catch (...) {
    reportThrown(what, "something that is no std::exception");
  }
  return false;
}

}  // namespace p2pml::api
