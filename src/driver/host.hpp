// The application behind a driver: its hooks (the callbacks of the seed's settings) and its listeners.
//
// All calls come on the loop, in the order of the engine's outputs, never while engine code is on the stack. From
// inside any of them the application may call every function of the driver, and may destroy the driver.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "driver/ports.hpp"
#include "engine/io.hpp"
#include "engine/segment.hpp"

namespace p2pml::driver {

class Host {
 public:
  /// Answers of the asynchronous hooks. Each is to be called once, on the loop: at once from inside the hook, or any
  /// time later, also when the driver is gone. A call too many is dropped.
  using Done = std::function<void(std::optional<base::Error>)>;
  using SegmentsDone = std::function<void(base::Result<std::vector<engine::Segment>>)>;
  using SegmentDone = std::function<void(base::Result<std::optional<engine::Segment>>)>;
  using CleanDone = std::function<void(base::Result<bool>)>;

  virtual ~Host() = default;

  /// The seed's segmentUrlBuilder.
  virtual std::string segmentUrl(const engine::Segment& segment) { return segment.url; }
  /// The seed's xhrSetup: may change everything in `request`.
  virtual void setupHttp(HttpRequest&, const engine::Segment&) {}

  /// The seed's segmentValidator. Called only with Capabilities::segmentValidator. No error: the segment is valid.
  virtual void validate(engine::output::ValidateSegment, Done done) { done(std::nullopt); }

  // The seed's SegmentsStorage. Called only with Capabilities::customStorage.
  virtual void storeSegment(engine::Segment, Done done) { done(noStorage()); }
  virtual void getSegmentsMap(std::string /*masterSwarmId*/, SegmentsDone done) { done(std::unexpected(noStorage())); }
  virtual void getSegment(std::string /*id*/, std::string /*masterSwarmId*/, SegmentDone done) {
    done(std::unexpected(noStorage()));
  }
  /// `locked` is never null. The answer: true if anything was removed.
  virtual void clean(std::string /*masterSwarmId*/, std::shared_ptr<const std::set<std::string>> /*locked*/,
                     CleanDone done) {
    done(std::unexpected(noStorage()));
  }
  virtual void destroyStorage() {}

  /// One of the seed's seven events (SegmentLoaded ... PieceBytesUploaded) or of ours (SegmentStart ... PeerError);
  /// never another output.
  virtual void onEvent(const engine::Output& event) = 0;

 private:
  // Everything is inline on purpose: this room compiles without RTTI, applications with it may derive.
  static base::Error noStorage() {
    return {base::ErrorCode::invalidArgument, "segmentsStorage: the application gave none"};
  }
};

/// Sees everything that goes into an engine and comes out of it, in order: a trace that replays the whole run.
class Recorder {
 public:
  virtual ~Recorder() = default;
  /// Before the step that takes it.
  virtual void onInput(base::TimePoint now, const engine::Input& input) = 0;
  /// After the step, before anything of it is carried out.
  virtual void onOutputs(base::TimePoint now, const engine::Outputs& outputs) = 0;
};

}  // namespace p2pml::driver
