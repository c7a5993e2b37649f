// The queue of inputs between adapters and driver. It is made before both, so that adapters can be built with its sink,
// and it outlives neither by promise: a sink may be called at any time, also long after the driver is gone, and then
// does nothing.
//
// Putting something in never runs engine, port or application code: adapters may call a sink from inside any callback
// of theirs. Everything happens on one loop; an Inbox is not for other threads.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "driver/ports.hpp"
#include "engine/io.hpp"

namespace p2pml::driver {

class Inbox {
 public:
  Inbox() : state_(std::make_shared<State>()) {}

  /// What adapters put their events into. Copies share this inbox's queue.
  [[nodiscard]] EventSink sink() const {
    return [state = state_](engine::Input input) { state->put(std::move(input)); };
  }

 private:
  friend class Driver;

  struct State {
    std::deque<engine::Input> queue;
    std::function<void()> onFirst;  ///< the queue was empty and is not any more; set while a driver lives
    bool closed = false;

    void put(engine::Input input) {
      if (closed) return;
      queue.push_back(std::move(input));
      if (queue.size() == 1 && onFirst) onFirst();
    }
    void close() {
      closed = true;
      queue.clear();
      onFirst = nullptr;
    }
  };

  std::shared_ptr<State> state_;
};

}  // namespace p2pml::driver
