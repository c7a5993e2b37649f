#include "driver/driver.hpp"

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/assert.hpp"

namespace p2pml::driver {

namespace {

/// After so many steps a pump gives the loop back and asks to be woken again: an application that answers every event
/// with another load() must not starve the adapters.
constexpr int kMaxStepsPerPump = 1024;

/// Ticks closer together than this, one after the other and without output, are a hot loop.
constexpr base::Duration kHotTickDistance = base::milliseconds(1);
/// More of them than any honest timer pattern gives: the engine's own bug.
constexpr std::uint64_t kMaxHotRun = 100'000;

}  // namespace

// ------------------------------------------------------------------------------------------------------- carrying out

/// Carries one output out. Every call into the application may destroy the driver, so nothing of it is touched after
/// one.
class Driver::CarryOut {
 public:
  CarryOut(Driver& driver, std::shared_ptr<Life> life) : driver_(driver), life_(std::move(life)) {}

  void operator()(engine::output::StartHttp& start) {
    // Without its hooks it would be another request than the application wants; the engine is about to end anyway.
    if (driver_.silent_) return;
    HttpRequest request;
    request.url = driver_.host_.segmentUrl(start.segment);
    if (!alive()) return;
    if (start.range) request.headers.push_back({"Range", *start.range});
    driver_.host_.setupHttp(request, start.segment);
    if (!alive() || driver_.silent_) return;
    driver_.ports_.http.start(start.request, std::move(request));
  }
  void operator()(engine::output::CancelHttp& cancel) { driver_.ports_.http.cancel(cancel.request); }

  void operator()(engine::output::OpenSocket& open) { driver_.ports_.sockets.open(open.socket, std::move(open.url)); }
  void operator()(engine::output::SendSocket& send) { driver_.ports_.sockets.send(send.socket, std::move(send.text)); }
  void operator()(engine::output::CloseSocket& close) { driver_.ports_.sockets.close(close.socket); }

  void operator()(engine::output::CreateOffer& offer) {
    driver_.ports_.peers.createOffer(offer.connection, std::move(offer.label));
  }
  void operator()(engine::output::CreateAnswer& answer) {
    driver_.ports_.peers.createAnswer(answer.connection, std::move(answer.offerSdp));
  }
  void operator()(engine::output::SetAnswer& answer) {
    driver_.ports_.peers.setAnswer(answer.connection, std::move(answer.sdp));
  }
  void operator()(engine::output::SendToPeer& send) {
    driver_.ports_.peers.send(send.connection, std::move(send.data));
  }
  void operator()(engine::output::ClosePeer& close) { driver_.ports_.peers.close(close.connection); }

  void operator()(engine::output::ValidateSegment& validate) {
    if (driver_.silent_) return;
    const base::RequestId request = validate.request;
    driver_.host_.validate(std::move(validate), [answer = answers(), request](std::optional<base::Error> error) {
      answer(engine::input::SegmentValidated{request, std::move(error)});
    });
  }
  void operator()(engine::output::StorageStore& store) {
    if (driver_.silent_) return;
    driver_.host_.storeSegment(std::move(store.segment),
                               [answer = answers(), request = store.request](std::optional<base::Error> error) {
                                 answer(engine::input::StorageStored{request, std::move(error)});
                               });
  }
  void operator()(engine::output::StorageMap& map) {
    if (driver_.silent_) return;
    driver_.host_.getSegmentsMap(std::move(map.masterSwarmId), [answer = answers(), request = map.request](
                                                                   base::Result<std::vector<engine::Segment>> result) {
      engine::input::StorageMapResult input{request, {}, std::nullopt};
      if (result) {
        input.segments = std::move(*result);
      } else {
        input.error = std::move(result.error());
      }
      answer(std::move(input));
    });
  }
  void operator()(engine::output::StorageGet& get) {
    if (driver_.silent_) return;
    driver_.host_.getSegment(
        std::move(get.id), std::move(get.masterSwarmId),
        [answer = answers(), request = get.request](base::Result<std::optional<engine::Segment>> result) {
          engine::input::StorageSegmentResult input{request, std::nullopt, std::nullopt};
          if (result) {
            input.segment = std::move(*result);
          } else {
            input.error = std::move(result.error());
          }
          answer(std::move(input));
        });
  }
  void operator()(engine::output::StorageClean& clean) {
    if (driver_.silent_) return;
    auto locked = clean.locked ? std::move(clean.locked) : std::make_shared<const std::set<std::string>>();
    driver_.host_.clean(std::move(clean.masterSwarmId), std::move(locked),
                        [answer = answers(), request = clean.request](base::Result<bool> result) {
                          engine::input::StorageCleaned input{request, result.value_or(false), std::nullopt};
                          if (!result) input.error = std::move(result.error());
                          answer(std::move(input));
                        });
  }
  void operator()(engine::output::StorageDestroy&) { driver_.host_.destroyStorage(); }

  void operator()(engine::output::GetSegmentResult& result) {
    auto found = driver_.getSegmentCallbacks_.find(result.token);
    if (found == driver_.getSegmentCallbacks_.end()) return;
    const GetSegmentCallback callback = std::move(found->second);
    driver_.getSegmentCallbacks_.erase(found);
    if (callback) callback(std::move(result.segment));
  }

  /// False once an application callback has destroyed the driver.
  [[nodiscard]] bool alive() const { return life_->driver != nullptr; }
  void event(const engine::Output& output) {
    if (!driver_.silent_) driver_.host_.onEvent(output);
  }

 private:
  /// Puts answers of hooks into the inbox, for as long as that is open.
  [[nodiscard]] EventSink answers() const {
    return [state = std::weak_ptr(driver_.inbox_)](engine::Input input) {
      if (const auto inbox = state.lock()) inbox->put(std::move(input));
    };
  }

  Driver& driver_;
  std::shared_ptr<Life> life_;
};

// -------------------------------------------------------------------------------------------------------------- driver

Driver::Driver(std::unique_ptr<Engine> engine, Inbox& inbox, Ports ports, Host& host, Recorder* recorder)
    : engine_(std::move(engine)),
      inbox_(inbox.state_),
      ports_(ports),
      host_(host),
      recorder_(recorder),
      life_(std::make_shared<Life>(Life{this})) {
  P2PML_ASSERT(!inbox_->onFirst && !inbox_->closed);  // one driver each
  inbox_->onFirst = [this] { wakeSoon(); };
  ports_.clock.wake = [life = life_] {
    if (life->driver != nullptr) life->driver->pump();
  };
  armed_ = deadline_ = engine_->deadline();
  if (armed_ != base::kNever) ports_.clock.wakeAt(armed_);
  if (!inbox_->queue.empty()) wakeSoon();
}

Driver::~Driver() {
  silent_ = true;
  if (!ended_) end();
  // The clock keeps a wake that does nothing: this may run inside that very function.
  life_->driver = nullptr;
}

void Driver::load(std::vector<engine::Segment> segments, std::string streamSwarmId,
                  std::optional<media::StreamProperties> stream) {
  post(engine::input::Load{std::move(segments), std::move(streamSwarmId), std::move(stream)});
}

void Driver::getSegment(std::string id, GetSegmentCallback callback) {
  if (silent_) return;
  const std::uint64_t token = ++lastToken_;
  getSegmentCallbacks_.emplace(token, std::move(callback));
  post(engine::input::GetSegment{std::move(id), token});
}

void Driver::follow(std::vector<std::string> ids) { post(engine::input::Follow{std::move(ids)}); }

void Driver::destroy() {
  if (silent_) return;
  silent_ = true;
  getSegmentCallbacks_.clear();
  // Nothing that waits can matter to an engine that is about to end.
  inbox_->queue.clear();
  inbox_->put(engine::input::Destroy{});
}

void Driver::post(engine::Input input) {
  if (!silent_) inbox_->put(std::move(input));
}

void Driver::wakeSoon() {
  if (pumping_ || wakeRequested_) return;
  wakeRequested_ = true;
  ports_.clock.wakeSoon();
}

void Driver::pump() {
  if (pumping_ || ended_) return;
  // Not asked for by wakeSoon(): then it may be the timer, which has to be set again even if it came a little early.
  if (!wakeRequested_) armed_ = base::kNever;
  wakeRequested_ = false;
  const std::shared_ptr<Life> life = life_;
  pumping_ = true;
  int left = kMaxStepsPerPump;
  while (!ended_ && left > 0) {
    const base::TimePoint now = std::max(ports_.clock.now(), lastStep_);
    if (!inbox_->queue.empty()) {
      const engine::Input input = inbox_->queue.take();
      if (std::holds_alternative<engine::input::Destroy>(input)) {
        silent_ = true;
        end();
        if (life->driver == nullptr) return;
        break;
      }
      if (!step(now, input)) return;
    } else if (deadline_ <= now) {
      if (!step(now, engine::input::Tick{})) return;
    } else {
      break;
    }
    --left;
  }
  pumping_ = false;
  if (ended_) return;
  if (left == 0) wakeSoon();
  if (deadline_ != armed_) {
    armed_ = deadline_;
    ports_.clock.wakeAt(deadline_);
  }
}

bool Driver::step(base::TimePoint now, const engine::Input& input) {
  if (recorder_ != nullptr) recorder_->onInput(now, input);
  const base::TimePoint before = deadline_;
  engine::Outputs outputs;
  engine_->step(now, input, outputs);
  const base::TimePoint after = deadline_ = engine_->deadline();
  P2PML_ASSERT(after > now);
  stats_.outputs += outputs.size();
  noteStep(now, std::holds_alternative<engine::input::Tick>(input), !outputs.empty(), after != before);
  if (recorder_ != nullptr) recorder_->onOutputs(now, outputs);

  CarryOut carryOut(*this, life_);
  for (engine::Output& output : outputs) {
    std::visit(
        [&]<class Alternative>(Alternative& alternative) {
          if constexpr (std::is_invocable_v<CarryOut&, Alternative&>) {
            carryOut(alternative);
          } else {
            carryOut.event(output);
          }
        },
        output);
    if (!carryOut.alive()) return false;
  }
  return true;
}

void Driver::noteStep(base::TimePoint now, bool tick, bool anyOutput, bool deadlineMoved) {
  ++stats_.steps;
  fruitlessRun_ = (now == lastStep_ && !anyOutput && !deadlineMoved) ? fruitlessRun_ + 1 : 0;
  stats_.longestFruitlessRun = std::max(stats_.longestFruitlessRun, fruitlessRun_);
  lastStep_ = now;
  if (!tick) return;
  ++stats_.ticks;
  if (anyOutput) {
    hotRun_ = 0;
    return;
  }
  ++stats_.idleTicks;
  hotRun_ = (hotRun_ > 0 && now - lastIdleTick_ < kHotTickDistance) ? hotRun_ + 1 : 1;
  lastIdleTick_ = now;
  stats_.longestHotRun = std::max(stats_.longestHotRun, hotRun_);
  P2PML_ASSERT(hotRun_ < kMaxHotRun);
}

/// Lets the engine end what runs. Used by destroy() from the pump and by the destructor, where no application code may
/// run.
void Driver::end() {
  ended_ = true;
  const base::TimePoint now = std::max(ports_.clock.now(), lastStep_);
  // The deadline of a destroyed engine does not matter any more, hence not step().
  const engine::Input input = engine::input::Destroy{};
  if (recorder_ != nullptr) recorder_->onInput(now, input);
  engine::Outputs outputs;
  engine_->step(now, input, outputs);
  if (recorder_ != nullptr) recorder_->onOutputs(now, outputs);
  ++stats_.steps;
  stats_.outputs += outputs.size();
  ports_.clock.wakeAt(base::kNever);
  inbox_->close();
  getSegmentCallbacks_.clear();
  const std::shared_ptr<Life> life = life_;
  CarryOut carryOut(*this, life);
  for (engine::Output& output : outputs) {
    std::visit(
        [&]<class Alternative>(Alternative& alternative) {
          if constexpr (std::is_invocable_v<CarryOut&, Alternative&>) carryOut(alternative);
        },
        output);
    if (!carryOut.alive()) return;
  }
}

}  // namespace p2pml::driver
