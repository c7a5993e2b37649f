#include "p2pml/hybrid_loader.hpp"

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <random>
#include <utility>

#include "api/event_emitter.hpp"
#include "api/loader_host.hpp"
#include "base/encoding.hpp"
#include "driver/driver.hpp"
#include "platform/native/http/native_http_port.hpp"
#include "platform/native/native_clock_port.hpp"
#include "platform/native/rtc/native_peer_port.hpp"
#include "platform/native/ws/native_socket_port.hpp"

namespace p2pml {

namespace {

std::uint64_t systemSeed() {
  std::random_device device;
  const std::uint64_t high = device();
  return (high << 32) | device();
}

native::NativeHttpOptions httpOptions(const NativeOptions& options) {
  native::NativeHttpOptions http;
  if (!options.userAgent.empty()) http.userAgent = options.userAgent;
  http.caBundle = options.caBundle;
  return http;
}

native::NativeSocketOptions socketOptions(const NativeOptions& options) {
  native::NativeSocketOptions sockets;
  if (!options.userAgent.empty()) sockets.userAgent = options.userAgent;
  if (!options.trackerOrigin.empty()) sockets.origin = options.trackerOrigin;
  sockets.caBundle = options.caBundle;
  return sockets;
}

native::RtcOptions rtcOptions(const NativeOptions& options) {
  native::RtcOptions rtc;
  rtc.localAddresses = options.localAddresses;
  rtc.includeLoopback = options.includeLoopback;
  return rtc;
}

std::string protocolOf(Generation generation) { return std::string(engine::infoOf(generation).name); }

Details detailsOf(const engine::Details& inner) {
  Details details;
  details.peerId = inner.peerId;
  for (const auto& peer : inner.peers) {
    details.peers.push_back({base::toHex(peer.id.view()), peer.remoteAddress, peer.bytesDownloaded, peer.bytesUploaded,
                             peer.segments, protocolOf(peer.generation)});
  }
  for (const auto& swarm : inner.swarms) {
    details.swarms.push_back({swarm.streamSwarmId, base::toHex(swarm.infoHash.view()), base::toHex(swarm.peerId.view()),
                              protocolOf(swarm.generation), swarm.peers});
  }
  return details;
}

/// What is left behind for trackers and peers after destroy(): time enough to leave through a socket that works.
constexpr std::chrono::milliseconds kFarewell{300};

}  // namespace

Result<Settings> Settings::fromJson(std::string_view text) {
  auto values = engine::settingsFromJsonText(text);
  if (!values) return std::unexpected(values.error());
  return Settings(std::move(*values));
}

/// Lives on the runtime's loop; `settings` and `emitter` alone are used from other threads.
class HybridLoader::State : public std::enable_shared_from_this<HybridLoader::State> {
 public:
  State(Settings settings, std::shared_ptr<Runtime> runtime)
      : settings_(std::move(settings)), runtime_(std::move(runtime)), host_(settings_, emitter_, runtime_) {}

  /// On the loop.
  void start(std::unique_ptr<driver::Engine> engine, const NativeOptions& options) {
    boost::asio::io_context& loop = runtime_->loop();
    rtcThread_ = native::RtcThread::shared();
    clock_ = std::make_unique<native::NativeClockPort>(loop);
    http_ = std::make_unique<native::NativeHttpPort>(loop, inbox_.sink(), httpOptions(options));
    sockets_ = std::make_unique<native::NativeSocketPort>(loop, inbox_.sink(), socketOptions(options));
    peers_ = std::make_unique<native::NativePeerPort>(*rtcThread_, loop, settings_.rtcConfig, rtcOptions(options),
                                                      inbox_.sink());
    driver_ = std::make_unique<driver::Driver>(std::move(engine), inbox_,
                                               driver::Ports{*http_, *sockets_, *peers_, *clock_}, host_);
  }

  /// Runs `work(driver)` on the loop, at once if this is it. Not after destroy().
  template <class Work>
  void onDriver(Work work) {
    if (runtime_->isHere()) {
      if (driver_) work(*driver_);
      return;
    }
    runtime_->post([self = shared_from_this(), work = std::move(work)]() mutable {
      if (self->driver_) work(*self->driver_);
    });
  }

  /// Asks the loop and waits, unless this is the loop. A default value after destroy().
  template <class T, class Ask>
  T ask(Ask ask) {
    if (runtime_->isHere()) return driver_ ? ask(*driver_) : T{};
    auto answer = std::make_shared<std::promise<T>>();
    std::future<T> result = answer->get_future();
    runtime_->post(
        [self = shared_from_this(), answer, ask] { answer->set_value(self->driver_ ? ask(*self->driver_) : T{}); });
    return result.get();
  }

  std::future<void> destroy() {
    emitter_.silence();
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> result = done->get_future();
    runtime_->post([self = shared_from_this(), done] { self->end(done); });
    return result;
  }

  Settings settings_;
  std::shared_ptr<Runtime> runtime_;
  api::EventEmitter emitter_;

 private:
  void end(const std::shared_ptr<std::promise<void>>& done) {
    if (!driver_ || driver_->destroyed()) {
      done->set_value();
      return;
    }
    driver_->destroy();
    // The ports still carry what destroy() has sent; then everything goes, on the loop it lives on.
    farewell_ = std::make_unique<boost::asio::steady_timer>(runtime_->loop(), kFarewell);
    farewell_->async_wait([self = shared_from_this(), done](const boost::system::error_code&) {
      self->driver_.reset();
      self->peers_.reset();
      self->sockets_.reset();
      self->http_.reset();
      self->clock_.reset();
      self->farewell_.reset();
      done->set_value();
    });
  }

  api::LoaderHost host_;
  std::shared_ptr<native::RtcThread> rtcThread_;
  driver::Inbox inbox_;
  std::unique_ptr<native::NativeClockPort> clock_;
  std::unique_ptr<native::NativeHttpPort> http_;
  std::unique_ptr<native::NativeSocketPort> sockets_;
  std::unique_ptr<native::NativePeerPort> peers_;
  std::unique_ptr<driver::Driver> driver_;
  std::unique_ptr<boost::asio::steady_timer> farewell_;
};

HybridLoader::HybridLoader(std::shared_ptr<State> state) : state_(std::move(state)) {}
HybridLoader::HybridLoader(HybridLoader&&) noexcept = default;
HybridLoader& HybridLoader::operator=(HybridLoader&& other) noexcept {
  if (this != &other) {
    if (state_) state_->destroy();
    state_ = std::move(other.state_);
  }
  return *this;
}
HybridLoader::~HybridLoader() {
  if (state_) state_->destroy();
}

Result<HybridLoader> HybridLoader::create(Settings settings, NativeOptions options, std::shared_ptr<Runtime> runtime) {
  engine::Options engineOptions;
  engineOptions.settings = static_cast<const engine::Settings&>(settings);
  engineOptions.capabilities.segmentValidator = static_cast<bool>(settings.segmentValidator);
  engineOptions.capabilities.customStorage = settings.segmentsStorage != nullptr;
  engineOptions.seed = options.seed.value_or(systemSeed());
  auto engine = driver::makeEngine(std::move(engineOptions));
  if (!engine) return std::unexpected(engine.error());
  if (!runtime) runtime = Runtime::shared();
  auto state = std::make_shared<State>(std::move(settings), std::move(runtime));
  const auto start = [state, options = std::move(options),
                      engine = std::make_shared<std::unique_ptr<driver::Engine>>(std::move(*engine))] {
    state->start(std::move(*engine), options);
  };
  if (state->runtime_->isHere()) {
    start();
  } else {
    state->runtime_->post(start);
  }
  return HybridLoader(std::move(state));
}

void HybridLoader::load(std::vector<Segment> segments, std::string streamSwarmId,
                        std::optional<StreamProperties> stream) {
  state_->onDriver([segments = std::move(segments), streamSwarmId = std::move(streamSwarmId),
                    stream = std::move(stream)](driver::Driver& driver) mutable {
    driver.load(std::move(segments), std::move(streamSwarmId), std::move(stream));
  });
}

void HybridLoader::getSegment(std::string id, std::function<void(std::optional<Segment>)> callback) {
  auto guardedCallback = [callback = std::move(callback)](std::optional<Segment> segment) {
    api::guarded("getSegment callback", [&] { callback(std::move(segment)); });
  };
  const auto work = [id = std::move(id), guardedCallback](driver::Driver& driver) {
    driver.getSegment(id, guardedCallback);
  };
  state_->onDriver(work);
}

std::future<std::optional<Segment>> HybridLoader::getSegment(std::string id) {
  // A loader that is destroyed first drops the callback, and with it the last owner of the answer: nothing is found
  // then.
  struct Answer {
    std::promise<std::optional<Segment>> promise;
    bool given = false;
    ~Answer() {
      if (!given) promise.set_value(std::nullopt);
    }
  };
  auto answer = std::make_shared<Answer>();
  auto result = answer->promise.get_future();
  getSegment(std::move(id), [answer](std::optional<Segment> segment) {
    answer->given = true;
    answer->promise.set_value(std::move(segment));
  });
  return result;
}

const Settings& HybridLoader::getSettings() const { return state_->settings_; }

Details HybridLoader::getDetails() const {
  return state_->ask<Details>([](const driver::Driver& driver) { return detailsOf(driver.getDetails()); });
}

Stats HybridLoader::getStats() const {
  return state_->ask<Stats>([](const driver::Driver& driver) { return driver.stats(); });
}

std::future<void> HybridLoader::destroy() { return state_->destroy(); }

ListenerId HybridLoader::add(std::uint8_t event, std::shared_ptr<void> listener, bool once) {
  return ListenerId{state_->emitter_.add(event, std::move(listener), once)};
}

void HybridLoader::off(ListenerId listener) { state_->emitter_.remove(static_cast<std::uint64_t>(listener)); }

}  // namespace p2pml
