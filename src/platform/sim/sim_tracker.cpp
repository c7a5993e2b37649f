#include "platform/sim/sim_tracker.hpp"

#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace p2pml::sim {

SimTracker::SimTracker(Network& network, NodeId node, tracker::Options options)
    : network_(network),
      options_(std::move(options)),
      core_(std::make_unique<tracker::Tracker>(options_)),
      server_(node) {
  server_.handlers.onOpen = [this](base::SocketId socket, NodeId client) {
    const auto admission = core_->onOpen(network_.events().now(), socket, "node-" + std::to_string(client.value), "");
    arm();
    return admission == tracker::Admission::admitted;
  };
  server_.handlers.onMessage = [this](base::SocketId socket, std::string text) {
    if (mute) return;
    tracker::Outputs outputs;
    core_->onMessage(network_.events().now(), socket, text, outputs);
    carryOut(outputs);
    arm();
  };
  server_.handlers.onClose = [this](base::SocketId socket) {
    core_->onClose(network_.events().now(), socket);
    arm();
  };
}

void SimTracker::setUp(bool up) {
  server_.up = up;
  if (up) return;
  server_.closeAll({base::ErrorCode::unavailable, "connection reset"});
  core_ = std::make_unique<tracker::Tracker>(options_);
  arm();
}

void SimTracker::dropSockets() {
  server_.closeAll({base::ErrorCode::unavailable, "connection reset"});
  core_ = std::make_unique<tracker::Tracker>(options_);
  arm();
}

void SimTracker::carryOut(tracker::Outputs& outputs) {
  for (auto& output : outputs) {
    if (auto* send = std::get_if<tracker::SendText>(&output)) {
      if (!mute) server_.send(send->socket, std::move(send->text));
    } else if (auto* close = std::get_if<tracker::CloseSocket>(&output)) {
      server_.close(close->socket, {base::ErrorCode::unavailable, std::string(tracker::toString(close->reason))});
    }
  }
}

void SimTracker::arm() {
  const base::TimePoint deadline = core_->deadline();
  // One that comes too early looks again; see SimClockPort.
  if (deadline >= armed_) return;
  network_.events().cancel(timer_);
  armed_ = deadline;
  timer_ = network_.events().at(deadline, [this] {
    armed_ = base::kNever;
    if (core_->deadline() <= network_.events().now()) {
      tracker::Outputs outputs;
      core_->onTick(network_.events().now(), outputs);
      carryOut(outputs);
    }
    arm();
  });
}

}  // namespace p2pml::sim
