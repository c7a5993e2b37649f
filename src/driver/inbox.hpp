// The queue of inputs between adapters and driver. It is made before both, so that adapters can be built with its sink,
// and it outlives neither by promise: a sink may be called at any time, also long after the driver is gone, and then
// does nothing.
//
// Putting something in never runs engine, port or application code: adapters may call a sink from inside any callback
// of theirs. Everything happens on one loop; an Inbox is not for other threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

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

  /// Mostly of one input, and in one piece of memory.
  class Queue {
   public:
    [[nodiscard]] bool empty() const { return next_ == inputs_.size(); }
    [[nodiscard]] std::size_t size() const { return inputs_.size() - next_; }
    void push(engine::Input input) { inputs_.push_back(std::move(input)); }
    /// Precondition: not empty.
    engine::Input take() {
      engine::Input input = std::move(inputs_[next_++]);
      if (empty()) clear();
      return input;
    }
    void clear() {
      inputs_.clear();
      next_ = 0;
      if (inputs_.capacity() > kMaxKept) inputs_.shrink_to_fit();
    }

   private:
    static constexpr std::size_t kMaxKept = 4;  ///< places that an empty queue keeps
    std::vector<engine::Input> inputs_;
    std::size_t next_ = 0;
  };

  struct State {
    Queue queue;
    std::function<void()> onFirst;  ///< the queue was empty and is not any more; set while a driver lives
    bool closed = false;

    void put(engine::Input input) {
      if (closed) return;
      queue.push(std::move(input));
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
