// One participant of the simulated world: a whole loader, engine and driver, on simulated ports.
//
// Made and owned by a World. Everything it tells is kept with its exact virtual time, so that tests can say what
// happened when.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/driver.hpp"
#include "engine/hybrid_loader.hpp"
#include "platform/sim/digest.hpp"
#include "platform/sim/sim_clock_port.hpp"
#include "platform/sim/sim_http_port.hpp"
#include "platform/sim/sim_peer_port.hpp"
#include "platform/sim/sim_socket_port.hpp"

namespace p2pml::sim {

class World;

struct NodeOptions {
  engine::Settings settings;  ///< World::settings() is the place to start from
  engine::Capabilities capabilities;
  Line line;
  /// Keep a text of every event (see Node::events) and how each segment came (see Node::loaded); switched off where
  /// thousands of nodes run for hours.
  bool keepEvents = true;
};

class Node final : public driver::Host, public driver::Recorder {
 public:
  /// How a segment came.
  struct Loaded {
    base::TimePoint at;
    engine::Method method = engine::Method::http;
    std::optional<base::PeerId> peer;
    std::uint64_t bytes = 0;
  };

  /// Made by World::addNode.
  Node(World& world, std::string name, NodeId id, NodeOptions options, std::uint64_t seed);
  ~Node() override;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // What an application does. Nothing happens before the world runs.
  void load(std::vector<engine::Segment> segments, std::string streamSwarmId,
            std::optional<media::StreamProperties> stream = std::nullopt);
  void getSegment(std::string id, driver::Driver::GetSegmentCallback callback);
  void destroy();
  /// Vanishes from the network without a goodbye and stops.
  void crash();
  /// Frees the engine of a node that was destroyed. Not from inside its callbacks.
  void retire();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] NodeId id() const { return id_; }
  /// False after crash() and retire().
  [[nodiscard]] bool running() const { return driver_ != nullptr; }
  /// Precondition for these three: running().
  [[nodiscard]] engine::Details details() const { return driver_->getDetails(); }
  [[nodiscard]] const engine::Stats& stats() const { return driver_->stats(); }
  [[nodiscard]] const driver::DriverStats& driverStats() const { return driver_->driverStats(); }
  [[nodiscard]] std::size_t peers() const { return driver_->getDetails().peers.size(); }

  /// "0.120 loaded <id> http", "3.004 peer_connect", ... in order; times in seconds. Bytes are only counted, not
  /// listed.
  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }
  /// The events whose text contains `part`.
  [[nodiscard]] std::vector<std::string> eventsWith(std::string_view part) const;
  [[nodiscard]] const std::map<std::string, Loaded>& loaded() const { return loaded_; }
  [[nodiscard]] bool hasLoaded(const std::string& id) const { return loaded_.contains(id); }

  // Hooks. Set before the world runs.
  std::function<void(const engine::Output&)> listener;  ///< sees every event first
  std::function<std::optional<base::Error>(const engine::output::ValidateSegment&)> validator;
  std::function<std::string(const engine::Segment&)> urlBuilder;
  /// Every input and every batch of outputs, for tests that look inside.
  std::function<void(base::TimePoint, const engine::Input&)> inputTap;
  std::function<void(base::TimePoint, const engine::Outputs&)> outputTap;

  // driver::Host
  using driver::Host::getSegment;
  std::string segmentUrl(const engine::Segment& segment) override;
  void validate(engine::output::ValidateSegment what, Done done) override;
  void onEvent(const engine::Output& event) override;
  // driver::Recorder
  void onInput(base::TimePoint now, const engine::Input& input) override;
  void onOutputs(base::TimePoint now, const engine::Outputs& outputs) override;

 private:
  void note(const std::string& text);

  World& world_;
  std::string name_;
  NodeId id_;
  bool keepEvents_;
  std::vector<std::string> events_;
  std::map<std::string, Loaded> loaded_;

  driver::Inbox inbox_;
  SimClockPort clock_;
  SimHttpPort http_;
  SimSocketPort sockets_;
  SimPeerPort peers_;
  std::unique_ptr<driver::Driver> driver_;
};

}  // namespace p2pml::sim
