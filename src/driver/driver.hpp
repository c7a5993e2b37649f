// Driver: the one production loop. It steps an engine with what adapters and application put in, and carries the
// outputs out through the ports, in their order. Native program, browser module and simulator run this very code.
//
// Who owns it: the public API (native, browser) or a simulated node. It owns its engine; inbox, ports and host belong
// to whoever made them and must outlive it.
//
// What always holds:
// - engine, ports and application never run inside each other: commands and events only queue; a pump works the queue
// off;
// - port calls never happen inside a sink call, so an adapter may report from inside any callback of its own;
// - the application may call everything from inside its callbacks, destroy() and the destructor included;
// - after destroy() or the destructor nothing is delivered to the application any more (but destroyStorage).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "driver/engine.hpp"
#include "driver/host.hpp"
#include "driver/inbox.hpp"
#include "driver/ports.hpp"
#include "engine/io.hpp"

namespace p2pml::driver {

struct Ports {
  HttpPort& http;
  SocketPort& sockets;
  PeerPort& peers;
  ClockPort& clock;
};

/// What the loop did, for tests and for finding one that spins.
struct DriverStats {
  std::uint64_t steps = 0;
  std::uint64_t outputs = 0;
  std::uint64_t ticks = 0;      ///< steps taken because the deadline had come
  std::uint64_t idleTicks = 0;  ///< of these, without any output
  /// Longest run of steps at one instant that gave no output and did not move the deadline.
  std::uint64_t longestFruitlessRun = 0;
  /// Longest run of ticks without any output, each less than a millisecond after the one before: a hot loop, if long.
  std::uint64_t longestHotRun = 0;
};

class Driver {
 public:
  using GetSegmentCallback = std::function<void(std::optional<engine::Segment>)>;

  /// `inbox` is the one whose sink the adapters of `ports` were made with; one driver each. `recorder` may be null.
  Driver(std::unique_ptr<Engine> engine, Inbox& inbox, Ports ports, Host& host, Recorder* recorder = nullptr);
  /// Ends what runs in the ports if destroy() was not called; calls nothing of the application but destroyStorage.
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // The seed's methods. They queue and return; what comes of them is carried out from the loop.
  /// `stream`: see engine::input::Load.
  void load(std::vector<engine::Segment> segments, std::string streamSwarmId,
            std::optional<media::StreamProperties> stream = std::nullopt);
  /// `callback` gets the segment with its data, or nothing. It is not called if destroy() comes first.
  void getSegment(std::string id, GetSegmentCallback callback);
  /// See engine::input::Follow: its bytes come as events output::SegmentBytes.
  void follow(std::vector<std::string> ids);
  void destroy();

  [[nodiscard]] const engine::Settings& getSettings() const { return engine_->getSettings(); }
  [[nodiscard]] engine::Details getDetails() const { return engine_->getDetails(); }
  [[nodiscard]] const engine::Stats& stats() const { return engine_->stats(); }
  [[nodiscard]] const DriverStats& driverStats() const { return stats_; }
  [[nodiscard]] bool destroyed() const { return silent_; }
  /// As Engine::memory().
  [[nodiscard]] const void* engineMemory() const { return engine_->memory(); }

  /// Queues one input.
  void post(engine::Input input);
  /// Works the queue off now, and the deadline if it has come. The clock calls it; so may an application's own loop.
  /// From inside a callback it does nothing: the pump that is running goes on.
  void pump();

 private:
  struct Life {
    Driver* driver;
  };
  class CarryOut;

  /// False if this driver was destroyed by what the step set off.
  bool step(base::TimePoint now, const engine::Input& input);
  void noteStep(base::TimePoint now, bool tick, bool anyOutput, bool deadlineMoved);
  void wakeSoon();
  void end();

  std::unique_ptr<Engine> engine_;
  std::shared_ptr<Inbox::State> inbox_;
  Ports ports_;
  Host& host_;
  Recorder* recorder_;

  std::shared_ptr<Life> life_;  ///< its driver is null once this object is gone
  std::map<std::uint64_t, GetSegmentCallback> getSegmentCallbacks_;
  std::uint64_t lastToken_ = 0;
  bool pumping_ = false;
  bool wakeRequested_ = false;
  bool silent_ = false;  ///< destroy() was called: nothing more for the application
  bool ended_ = false;   ///< the engine took its Destroy

  DriverStats stats_;
  base::TimePoint lastStep_ = base::TimePoint::min();
  base::TimePoint deadline_ = base::kNever;  ///< the engine's, as it was after its last step
  base::TimePoint armed_ = base::kNever;
  std::uint64_t fruitlessRun_ = 0;
  std::uint64_t hotRun_ = 0;
  base::TimePoint lastIdleTick_ = base::TimePoint::min();
};

}  // namespace p2pml::driver
