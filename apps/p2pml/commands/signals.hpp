// How a command that serves until told otherwise ends.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

namespace p2pml::app {

/// On the first SIGINT or SIGTERM calls `stop` on the loop, which may then run dry. A second one has its default
/// action, so that a process that hangs can still be ended.
class StopSignals {
 public:
  StopSignals(boost::asio::io_context& loop, std::function<void()> stop);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace p2pml::app
