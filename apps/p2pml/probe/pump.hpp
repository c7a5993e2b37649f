// The probe asks one thing after the other: each check runs the loop until it has its answer or its time is up.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "base/time.hpp"

namespace p2pml::app {

using ProbeClock = std::chrono::steady_clock;

inline base::Duration since(ProbeClock::time_point start) {
  return std::chrono::duration_cast<base::Duration>(ProbeClock::now() - start);
}

/// True if `isDone` became true within `limit`.
template <class IsDone>
bool pump(boost::asio::io_context& loop, base::Duration limit, IsDone isDone) {
  const auto end = ProbeClock::now() + limit;
  const auto work = boost::asio::make_work_guard(loop);
  while (!isDone()) {
    loop.restart();
    if (loop.run_one_until(end) == 0 && ProbeClock::now() >= end) return isDone();
  }
  return true;
}

}  // namespace p2pml::app
