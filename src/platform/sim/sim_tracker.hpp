// A tracker of the simulated world: the real tracker core behind a simulated WebSocket server, with switches for
// outages.
#pragma once

#include <memory>

#include "base/ids.hpp"
#include "platform/sim/network.hpp"
#include "platform/sim/sim_socket_port.hpp"
#include "tracker/tracker.hpp"

namespace p2pml::sim {

class SimTracker {
 public:
  SimTracker(Network& network, NodeId node, tracker::Options options);
  SimTracker(const SimTracker&) = delete;
  SimTracker& operator=(const SimTracker&) = delete;

  /// Down: takes no connections and has closed those it had; what it knew is forgotten, as after a crash.
  void setUp(bool up);
  /// Closes every socket but takes new ones.
  void dropSockets();
  /// Takes everything and answers nothing.
  bool mute = false;

  [[nodiscard]] SimSocketServer& server() { return server_; }
  [[nodiscard]] NodeId node() const { return server_.node(); }
  [[nodiscard]] tracker::Statistics statistics() const { return core_->statistics(); }
  [[nodiscard]] const tracker::Tracker& core() const { return *core_; }

 private:
  void carryOut(tracker::Outputs& outputs);
  void arm();

  Network& network_;
  tracker::Options options_;
  std::unique_ptr<tracker::Tracker> core_;
  SimSocketServer server_;
  EventQueue::Handle timer_;
  base::TimePoint armed_ = base::kNever;
};

}  // namespace p2pml::sim
