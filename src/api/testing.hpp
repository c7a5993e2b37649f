// For the tests of the API: a small world on 127.0.0.1 with origin and tracker, and a way to wait that fails loudly
// instead of hanging.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <p2pml/p2pml.hpp>
#include <string>
#include <utility>
#include <vector>

#include "platform/native/server/origin_server.hpp"
#include "platform/native/server/tracker_server.hpp"

namespace p2pml::api::testing {

inline constexpr std::chrono::seconds kPatience{30};

/// Something that tests wait for and callbacks on other threads change.
template <class T>
class Watched {
 public:
  template <class Change>
  void change(Change work) {
    const std::lock_guard lock(mutex_);
    work(value_);
    changed_.notify_all();
  }
  /// False after kPatience.
  template <class Condition>
  bool waitFor(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return condition(value_); });
  }
  T get() {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  T value_{};
};

/// Runs `work` on the runtime's thread and gives what it returns.
template <class Work>
auto onLoop(Runtime& runtime, Work work) {
  std::packaged_task<decltype(work())()> task(std::move(work));
  auto result = task.get_future();
  runtime.post([shared = std::make_shared<decltype(task)>(std::move(task))] { (*shared)(); });
  return result.get();
}

/// Origin: GET /N is N * 1000 + 1 bytes of the digit N; /missing is a 404. Remembers request headers.
class World {
 public:
  World() : runtime(Runtime::create("api test")) {
    onLoop(*runtime, [this] {
      origin = native::OriginServer::start(runtime->loop(), {}, [this](const native::OriginRequest& request) {
                 headers.change([&](auto& all) { all[request.path] = request.headers; });
                 if (request.path.size() != 2) return native::statusResponse(404);
                 native::OriginResponse response;
                 response.body = body(request.path[1] - '0');
                 return response;
               }).value();
      tracker = native::TrackerServer::start(runtime->loop(), {}).value();
    });
  }
  ~World() {
    onLoop(*runtime, [this] {
      origin.reset();
      tracker.reset();
    });
  }

  static Bytes body(int number) {
    return Bytes::copyOf(std::string(static_cast<std::size_t>(number) * 1000 + 1, static_cast<char>('0' + number)));
  }
  [[nodiscard]] Settings settings() const {
    Settings settings;
    settings.trackerAnnounce = {tracker->url()};
    settings.rtcConfig.iceServers.clear();
    // What is not required comes soon and for certain, instead of one time in ten a second.
    settings.httpDownloadProbability = 1;
    settings.httpDownloadProbabilityInterval = 50;
    return settings;
  }
  /// A peer that never asks the origin.
  [[nodiscard]] Settings leechSettings() const {
    Settings leech = settings();
    leech.requiredSegmentsPriority = -1;
    leech.httpDownloadProbability = 0;
    return leech;
  }
  [[nodiscard]] HybridLoader loader(Settings settings) const {
    NativeOptions options;
    options.localAddresses = {"127.0.0.1"};
    auto created = HybridLoader::create(std::move(settings), options, runtime);
    EXPECT_TRUE(created) << created.error().detail;
    return std::move(*created);
  }
  [[nodiscard]] std::vector<Segment> segments(int count) const {
    std::vector<Segment> list;
    for (int i = 0; i < count; ++i) {
      list.emplace_back("segment-" + std::to_string(i), origin->url() + "/" + std::to_string(i), std::nullopt, i);
    }
    return list;
  }
  [[nodiscard]] std::uint64_t originRequests() const {
    return onLoop(*runtime, [this] { return origin->traffic().requests; });
  }

  std::shared_ptr<Runtime> runtime;
  std::unique_ptr<native::OriginServer> origin;
  std::unique_ptr<native::TrackerServer> tracker;
  Watched<std::map<std::string, std::vector<std::pair<std::string, std::string>>>> headers;
};

/// What a loader delivered, by segment id.
struct Delivered {
  std::map<std::string, Segment> segments;
  std::map<std::string, OptionalPeerId> peers;
  std::map<std::string, Error> errors;
};

inline void record(HybridLoader& loader, Watched<Delivered>& delivered) {
  loader.on(Events::SegmentLoaded, [&delivered](const Segment& segment, const OptionalPeerId& peer) {
    delivered.change([&](Delivered& all) {
      all.segments[segment.id] = segment;
      all.peers[segment.id] = peer;
    });
  });
  loader.on(Events::SegmentError, [&delivered](const Segment& segment, const Error& error, const OptionalPeerId&) {
    delivered.change([&](Delivered& all) { all.errors[segment.id] = error; });
  });
}

}  // namespace p2pml::api::testing
