// How the main thread asks something of the runtime's.
#pragma once

#include <future>
#include <memory>
#include <p2pml/runtime.hpp>
#include <type_traits>
#include <utility>

namespace p2pml::app {

/// Runs `ask` on the runtime's thread and waits for what it returns. Not to be called on that thread.
template <class Ask>
auto onRuntime(Runtime& runtime, Ask ask) {
  using Answer = decltype(ask());
  auto answer = std::make_shared<std::promise<Answer>>();
  auto result = answer->get_future();
  runtime.post([answer, ask = std::move(ask)]() mutable {
    if constexpr (std::is_void_v<Answer>) {
      ask();
      answer->set_value();
    } else {
      answer->set_value(ask());
    }
  });
  return result.get();
}

}  // namespace p2pml::app
