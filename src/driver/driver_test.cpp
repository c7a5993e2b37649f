#include "driver/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace p2pml::driver {
namespace {

namespace in = engine::input;
namespace out = engine::output;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Answers each input by a script and remembers what came.
class ScriptedEngine final : public Engine {
 public:
  using Script = std::function<void(base::TimePoint, const engine::Input&, engine::Outputs&, ScriptedEngine&)>;

  void step(base::TimePoint now, const engine::Input& input, engine::Outputs& outputs) override {
    EXPECT_FALSE(stepping) << "step() inside step()";
    stepping = true;
    inputs.push_back(input);
    times.push_back(now);
    if (next <= now) next = base::kNever;
    if (script) script(now, input, outputs, *this);
    stepping = false;
  }
  [[nodiscard]] base::TimePoint deadline() const override { return next; }
  [[nodiscard]] const engine::Settings& getSettings() const override { return settings; }
  [[nodiscard]] engine::Details getDetails() const override { return {"me", {}, {}}; }
  [[nodiscard]] const engine::Stats& stats() const override { return engineStats; }

  template <class T>
  [[nodiscard]] std::size_t count() const {
    std::size_t result = 0;
    for (const auto& input : inputs) result += std::holds_alternative<T>(input) ? 1 : 0;
    return result;
  }

  Script script;
  base::TimePoint next = base::kNever;
  std::vector<engine::Input> inputs;
  std::vector<base::TimePoint> times;
  bool stepping = false;
  engine::Settings settings;
  engine::Stats engineStats;
};

/// A clock whose loop the test turns by hand.
class ManualClock final : public ClockPort {
 public:
  [[nodiscard]] base::TimePoint now() const override { return time; }
  void wakeAt(base::TimePoint when) override { alarm = when; }
  void wakeSoon() override { ++soon; }

  /// Turns the loop until nothing is due.
  void settle() {
    for (int i = 0; i < 100'000; ++i) {
      if (soon > 0) {
        soon = 0;
        wake();
      } else if (alarm <= time) {
        alarm = base::kNever;
        wake();
      } else {
        return;
      }
    }
    FAIL() << "the loop spins";
  }

  base::TimePoint time{base::seconds(1)};
  base::TimePoint alarm = base::kNever;
  int soon = 0;
};

struct Log {
  std::vector<std::string> lines;
  void add(std::string line) { lines.push_back(std::move(line)); }
};

std::string text(std::uint64_t id) { return std::to_string(id); }

class FakePorts final : public HttpPort, public SocketPort, public PeerPort {
 public:
  explicit FakePorts(Log& log) : log_(log) {}
  void start(base::RequestId request, HttpRequest what) override {
    std::string line = "start " + text(request.value) + " " + what.url;
    for (const auto& header : what.headers) line += " " + header.name + ":" + header.value;
    log_.add(line);
  }
  void cancel(base::RequestId request) override { log_.add("cancel " + text(request.value)); }
  void open(base::SocketId socket, std::string url) override { log_.add("open " + text(socket.value) + " " + url); }
  void send(base::SocketId socket, std::string message) override {
    log_.add("socket " + text(socket.value) + " " + message);
  }
  void close(base::SocketId socket) override { log_.add("close socket " + text(socket.value)); }
  void createOffer(base::ConnectionId connection, std::string label) override {
    log_.add("offer " + text(connection.value) + " " + label);
  }
  void createAnswer(base::ConnectionId connection, std::string sdp) override {
    log_.add("answer " + text(connection.value) + " " + sdp);
  }
  void setAnswer(base::ConnectionId connection, std::string sdp) override {
    log_.add("set " + text(connection.value) + " " + sdp);
  }
  void send(base::ConnectionId connection, base::Bytes data) override {
    log_.add("peer " + text(connection.value) + " " + std::string(data.text()));
  }
  void close(base::ConnectionId connection) override { log_.add("close peer " + text(connection.value)); }

 private:
  Log& log_;
};

class FakeHost final : public Host {
 public:
  explicit FakeHost(Log& log) : log_(log) {}
  std::string segmentUrl(const engine::Segment& segment) override {
    if (onSegmentUrl) onSegmentUrl();
    return segment.url + "?token";
  }
  void setupHttp(HttpRequest& request, const engine::Segment& segment) override {
    request.headers.push_back({"X-Id", segment.id});
  }
  void validate(out::ValidateSegment what, Done done) override {
    log_.add("validate " + what.segment.id);
    if (validateAtOnce) {
      done(std::nullopt);
    } else {
      pendingDone = std::move(done);
    }
  }
  void storeSegment(engine::Segment segment, Done done) override {
    log_.add("store " + segment.id);
    done(std::nullopt);
  }
  void getSegmentsMap(std::string masterSwarmId, SegmentsDone done) override {
    log_.add("map " + masterSwarmId);
    done(std::vector<engine::Segment>{{"a", "u"}});
  }
  void getSegment(std::string id, std::string masterSwarmId, SegmentDone done) override {
    log_.add("get " + id + " " + masterSwarmId);
    done(engine::Segment{"a", "u"});
  }
  void clean(std::string masterSwarmId, std::shared_ptr<const std::set<std::string>> locked, CleanDone done) override {
    log_.add("clean " + masterSwarmId + " " + text(locked->size()));
    done(true);
  }
  void destroyStorage() override { log_.add("destroy storage"); }
  void onEvent(const engine::Output& event) override {
    if (const auto* loaded = std::get_if<out::SegmentLoaded>(&event)) {
      log_.add("loaded " + loaded->segment.id);
    } else if (const auto* aborted = std::get_if<out::SegmentAbort>(&event)) {
      log_.add("abort " + aborted->segment.id);
    } else {
      log_.add("event " + text(event.index()));
    }
    if (action) action();
  }

  std::function<void()> action;
  std::function<void()> onSegmentUrl;
  bool validateAtOnce = true;
  Done pendingDone;

 private:
  Log& log_;
};

class DriverTest : public ::testing::Test {
 protected:
  DriverTest() {
    auto owned = std::make_unique<ScriptedEngine>();
    engine = owned.get();
    driver = std::make_unique<Driver>(std::move(owned), inbox, Ports{ports, ports, ports, clock}, host);
  }

  Log log;
  FakePorts ports{log};
  FakeHost host{log};
  ManualClock clock;
  Inbox inbox;
  ScriptedEngine* engine = nullptr;
  std::unique_ptr<Driver> driver;
};

engine::Segment segment(const std::string& id) { return {id, "http://o/" + id}; }

TEST_F(DriverTest, CommandsQueueAndAreTakenFromTheLoop) {
  driver->load({segment("a")}, "swarm");
  EXPECT_THAT(engine->inputs, IsEmpty());
  clock.settle();
  ASSERT_EQ(engine->inputs.size(), 1U);
  const auto& load = std::get<in::Load>(engine->inputs[0]);
  EXPECT_EQ(load.streamSwarmId, "swarm");
  EXPECT_THAT(load.segments, ElementsAre(segment("a")));
  EXPECT_FALSE(load.stream);
  EXPECT_EQ(engine->times[0], clock.time);
}

TEST_F(DriverTest, LoadCarriesWhatTheManifestSaysOfTheStream) {
  media::StreamProperties stream;
  stream.bitrate = 2'149'280;
  stream.codecs = "avc1.64001f";
  driver->load({segment("a")}, "swarm", stream);
  clock.settle();
  ASSERT_EQ(engine->inputs.size(), 1U);
  EXPECT_EQ(std::get<in::Load>(engine->inputs[0]).stream, stream);
}

TEST_F(DriverTest, ASinkCallRunsNoPortAndNoEngine) {
  engine->script = [](auto, const auto&, auto& outputs, auto&) {
    outputs.push_back(out::CancelHttp{base::RequestId{1}});
  };
  inbox.sink()(in::HttpDone{base::RequestId{1}});
  EXPECT_THAT(log.lines, IsEmpty());
  EXPECT_EQ(clock.soon, 1);
  clock.settle();
  EXPECT_THAT(log.lines, ElementsAre("cancel 1"));
}

TEST_F(DriverTest, OneWakeServesManyInputs) {
  for (int i = 0; i < 5; ++i) inbox.sink()(in::HttpDone{base::RequestId{1}});
  EXPECT_EQ(clock.soon, 1);
  clock.settle();
  EXPECT_EQ(engine->inputs.size(), 5U);
}

TEST_F(DriverTest, EveryOutputGoesToItsPortInOrder) {
  engine->script = [](auto, const auto& input, auto& outputs, auto&) {
    if (!std::holds_alternative<in::Load>(input)) return;
    outputs.push_back(out::StartHttp{base::RequestId{1}, segment("a"), "bytes=1-", {}});
    outputs.push_back(out::OpenSocket{base::SocketId{2}, "ws://t"});
    outputs.push_back(out::SendSocket{base::SocketId{2}, "hello"});
    outputs.push_back(out::CreateOffer{base::ConnectionId{3}, "label"});
    outputs.push_back(out::CreateAnswer{base::ConnectionId{4}, "sdp4"});
    outputs.push_back(out::SetAnswer{base::ConnectionId{3}, "sdp3"});
    outputs.push_back(out::SendToPeer{base::ConnectionId{3}, base::Bytes::copyOf("data")});
    outputs.push_back(out::SegmentLoaded{segment("b"), std::nullopt});
    outputs.push_back(out::ClosePeer{base::ConnectionId{3}});
    outputs.push_back(out::CloseSocket{base::SocketId{2}});
    outputs.push_back(out::CancelHttp{base::RequestId{1}});
    outputs.push_back(out::StorageDestroy{});
  };
  driver->load({}, "s");
  clock.settle();
  EXPECT_THAT(log.lines, ElementsAre("start 1 http://o/a?token Range:bytes=1- X-Id:a", "open 2 ws://t",
                                     "socket 2 hello", "offer 3 label", "answer 4 sdp4", "set 3 sdp3", "peer 3 data",
                                     "loaded b", "close peer 3", "close socket 2", "cancel 1", "destroy storage"));
}

TEST_F(DriverTest, HooksThatAnswerAtOnceAreStillTakenAsLaterInputs) {
  engine->script = [](auto, const auto& input, auto& outputs, auto&) {
    if (!std::holds_alternative<in::Load>(input)) return;
    outputs.push_back(out::ValidateSegment{base::RequestId{1}, segment("a")});
    outputs.push_back(out::StorageStore{base::RequestId{2}, segment("b")});
    outputs.push_back(out::StorageMap{base::RequestId{3}, "m"});
    outputs.push_back(out::StorageGet{base::RequestId{4}, "a", "m"});
    outputs.push_back(out::StorageClean{base::RequestId{5}, "m", nullptr});
  };
  driver->load({}, "s");
  clock.settle();
  EXPECT_THAT(log.lines, ElementsAre("validate a", "store b", "map m", "get a m", "clean m 0"));
  ASSERT_EQ(engine->inputs.size(), 6U);
  EXPECT_EQ(std::get<in::SegmentValidated>(engine->inputs[1]).request, base::RequestId{1});
  EXPECT_EQ(std::get<in::StorageStored>(engine->inputs[2]).request, base::RequestId{2});
  EXPECT_EQ(std::get<in::StorageMapResult>(engine->inputs[3]).segments.size(), 1U);
  EXPECT_EQ(std::get<in::StorageSegmentResult>(engine->inputs[4]).segment->id, "a");
  EXPECT_TRUE(std::get<in::StorageCleaned>(engine->inputs[5]).removed);
}

/// A host that gives nothing but the listener.
class BareHost final : public Host {
 public:
  void onEvent(const engine::Output&) override {}
};

TEST_F(DriverTest, AStorageHookThatIsMissingAnswersWithAnError) {
  BareHost bare;
  Inbox bareInbox;
  auto owned = std::make_unique<ScriptedEngine>();
  ScriptedEngine& bareEngine = *owned;
  bareEngine.script = [](auto, const auto& input, auto& outputs, auto&) {
    if (!std::holds_alternative<in::Load>(input)) return;
    outputs.push_back(out::ValidateSegment{base::RequestId{1}, segment("a")});
    outputs.push_back(out::StorageGet{base::RequestId{2}, "a", "m"});
    outputs.push_back(out::StartHttp{base::RequestId{3}, segment("c"), std::nullopt, {}});
  };
  ManualClock bareClock;
  Driver bareDriver(std::move(owned), bareInbox, Ports{ports, ports, ports, bareClock}, bare);
  bareDriver.load({}, "s");
  bareClock.settle();
  ASSERT_EQ(bareEngine.inputs.size(), 3U);
  EXPECT_FALSE(std::get<in::SegmentValidated>(bareEngine.inputs[1]).error);
  EXPECT_EQ(std::get<in::StorageSegmentResult>(bareEngine.inputs[2]).error->code, base::ErrorCode::invalidArgument);
  EXPECT_THAT(log.lines, ElementsAre("start 3 http://o/c"));
}

TEST_F(DriverTest, TheDeadlineIsArmedAndTicksOnce) {
  engine->script = [](auto now, const auto& input, auto&, auto& self) {
    if (std::holds_alternative<in::Load>(input)) self.next = now + base::milliseconds(250);
  };
  driver->load({}, "s");
  clock.settle();
  EXPECT_EQ(clock.alarm, clock.time + base::milliseconds(250));
  clock.time += base::milliseconds(249);
  clock.settle();
  EXPECT_EQ(engine->count<in::Tick>(), 0U);
  clock.time += base::milliseconds(1);
  clock.settle();
  EXPECT_EQ(engine->count<in::Tick>(), 1U);
  EXPECT_EQ(clock.alarm, base::kNever);
}

TEST_F(DriverTest, ATimerThatComesEarlyIsSetAgain) {
  engine->script = [](auto now, const auto& input, auto&, auto& self) {
    if (std::holds_alternative<in::Load>(input)) self.next = now + base::milliseconds(250);
  };
  driver->load({}, "s");
  clock.settle();
  const base::TimePoint due = clock.alarm;
  clock.time += base::milliseconds(249);
  clock.alarm = base::kNever;
  clock.wake();
  EXPECT_EQ(clock.alarm, due);
}

TEST_F(DriverTest, LoadFromInsideAListenerIsTakenAfterTheBatch) {
  engine->script = [](auto, const auto& input, auto& outputs, auto&) {
    const auto* load = std::get_if<in::Load>(&input);
    if (load == nullptr || load->streamSwarmId != "first") return;
    outputs.push_back(out::SegmentLoaded{segment("a"), std::nullopt});
    outputs.push_back(out::CancelHttp{base::RequestId{7}});
  };
  host.action = [&] {
    driver->load({}, "second");
    driver->pump();  // legal, and without effect from here
    EXPECT_EQ(engine->inputs.size(), 1U);
  };
  driver->load({}, "first");
  clock.settle();
  EXPECT_THAT(log.lines, ElementsAre("loaded a", "cancel 7"));
  ASSERT_EQ(engine->inputs.size(), 2U);
  EXPECT_EQ(std::get<in::Load>(engine->inputs[1]).streamSwarmId, "second");
}

TEST_F(DriverTest, GetSegmentCallsBackOnce) {
  engine->script = [](auto, const auto& input, auto& outputs, auto&) {
    if (const auto* get = std::get_if<in::GetSegment>(&input)) {
      outputs.push_back(out::GetSegmentResult{get->token, segment(get->id)});
      outputs.push_back(out::GetSegmentResult{get->token, segment(get->id)});
    }
  };
  std::vector<std::string> got;
  driver->getSegment("a", [&](auto found) { got.push_back(found->id); });
  driver->getSegment("b", [&](auto found) { got.push_back(found->id); });
  EXPECT_THAT(got, IsEmpty());
  clock.settle();
  EXPECT_THAT(got, ElementsAre("a", "b"));
}

TEST_F(DriverTest, AfterDestroyNothingIsDelivered) {
  engine->script = [](auto, const auto& input, auto& outputs, auto&) {
    if (std::holds_alternative<in::Load>(input)) {
      outputs.push_back(out::SegmentAbort{segment("a")});
      outputs.push_back(out::SegmentAbort{segment("b")});
      outputs.push_back(out::StartHttp{base::RequestId{1}, segment("c"), std::nullopt, {}});
      outputs.push_back(out::ClosePeer{base::ConnectionId{1}});
    }
    if (std::holds_alternative<in::Destroy>(input)) {
      outputs.push_back(out::SegmentAbort{segment("d")});
      outputs.push_back(out::CloseSocket{base::SocketId{1}});
      outputs.push_back(out::StorageDestroy{});
    }
  };
  host.action = [&] { driver->destroy(); };
  bool called = false;
  driver->getSegment("a", [&](auto) { called = true; });
  driver->load({}, "s");
  driver->load({}, "t");
  clock.settle();
  EXPECT_THAT(log.lines, ElementsAre("abort a", "close peer 1", "close socket 1", "destroy storage"));
  EXPECT_EQ(engine->count<in::Load>(), 1U) << "what waited behind destroy() does not matter any more";
  EXPECT_EQ(engine->count<in::Destroy>(), 1U);
  EXPECT_FALSE(called);
  const std::size_t steps = engine->inputs.size();
  driver->load({}, "u");
  inbox.sink()(in::HttpDone{base::RequestId{1}});
  clock.settle();
  EXPECT_EQ(engine->inputs.size(), steps);
  EXPECT_TRUE(driver->destroyed());
}

TEST_F(DriverTest, TheDestructorEndsWhatRunsWithoutCallingTheApplication) {
  engine->script = [](auto, const auto& input, auto& outputs, auto&) {
    if (!std::holds_alternative<in::Destroy>(input)) return;
    outputs.push_back(out::SegmentAbort{segment("d")});
    outputs.push_back(out::SendSocket{base::SocketId{1}, "stopped"});
    outputs.push_back(out::CloseSocket{base::SocketId{1}});
  };
  driver->load({}, "s");
  driver.reset();
  EXPECT_THAT(log.lines, ElementsAre("socket 1 stopped", "close socket 1"));
  inbox.sink()(in::HttpDone{base::RequestId{1}});
  clock.wake();
  EXPECT_EQ(clock.alarm, base::kNever);
}

TEST_F(DriverTest, TheDriverMayBeDestroyedFromAnyCallback) {
  for (const char* where : {"event", "segmentUrl", "getSegment"}) {
    SCOPED_TRACE(where);
    Log ownLog;
    FakePorts ownPorts{ownLog};
    FakeHost ownHost{ownLog};
    ManualClock ownClock;
    Inbox ownInbox;
    auto owned = std::make_unique<ScriptedEngine>();
    owned->script = [&](auto, const auto& input, auto& outputs, auto&) {
      if (std::holds_alternative<in::GetSegment>(input)) {
        if (where == std::string("event")) outputs.push_back(out::SegmentLoaded{segment("a"), std::nullopt});
        if (where == std::string("segmentUrl")) {
          outputs.push_back(out::StartHttp{base::RequestId{1}, segment("a"), std::nullopt, {}});
        }
        outputs.push_back(out::GetSegmentResult{1, std::nullopt});
        outputs.push_back(out::CancelHttp{base::RequestId{9}});
      }
      if (std::holds_alternative<in::Destroy>(input)) outputs.push_back(out::CloseSocket{base::SocketId{1}});
    };
    auto own =
        std::make_unique<Driver>(std::move(owned), ownInbox, Ports{ownPorts, ownPorts, ownPorts, ownClock}, ownHost);
    ownHost.action = [&] { own.reset(); };
    if (where == std::string("segmentUrl")) ownHost.onSegmentUrl = [&] { own.reset(); };
    own->getSegment("x", [&](auto) { own.reset(); });
    own->load({}, "never");
    ownClock.settle();
    EXPECT_EQ(own, nullptr);
    EXPECT_THAT(ownLog.lines, ::testing::Contains("close socket 1"));
    EXPECT_THAT(ownLog.lines, ::testing::Not(::testing::Contains("cancel 9")));
    EXPECT_THAT(ownLog.lines, ::testing::Not(::testing::Contains(::testing::StartsWith("start"))));
  }
}

TEST_F(DriverTest, AHookMayAnswerAfterTheDriverIsGone) {
  host.validateAtOnce = false;
  engine->script = [](auto, const auto& input, auto& outputs, auto&) {
    if (std::holds_alternative<in::Load>(input)) {
      outputs.push_back(out::ValidateSegment{base::RequestId{1}, segment("a")});
    }
  };
  driver->load({}, "s");
  clock.settle();
  ASSERT_TRUE(host.pendingDone);
  driver.reset();
  host.pendingDone(std::nullopt);
}

TEST_F(DriverTest, AnApplicationThatAnswersEveryEventWithLoadDoesNotStarveTheLoop) {
  engine->script = [](auto, const auto&, auto& outputs, auto&) { outputs.push_back(out::SegmentAbort{segment("a")}); };
  host.action = [&] { driver->load({}, "again"); };
  driver->load({}, "s");
  clock.soon = 0;
  clock.wake();
  EXPECT_GT(engine->inputs.size(), 100U);
  EXPECT_EQ(clock.soon, 1) << "the rest waits for the next turn";
}

TEST_F(DriverTest, StepsThatChangeNothingAreCounted) {
  for (int i = 0; i < 6; ++i) inbox.sink()(in::HttpDone{base::RequestId{1}});
  clock.settle();
  EXPECT_EQ(driver->driverStats().steps, 6U);
  EXPECT_EQ(driver->driverStats().longestFruitlessRun, 5U);
  EXPECT_EQ(driver->driverStats().longestHotRun, 0U);
}

TEST_F(DriverTest, ATimerWithoutEffectThatComesAtOnceAgainIsAHotRun) {
  engine->script = [](auto now, const auto&, auto&, auto& self) {
    if (self.inputs.size() < 50) self.next = now + base::Duration(1);
  };
  driver->load({}, "s");
  for (int i = 0; i < 100; ++i) {
    clock.settle();
    clock.time += base::Duration(1);
  }
  EXPECT_EQ(driver->driverStats().ticks, 49U);
  EXPECT_EQ(driver->driverStats().idleTicks, 49U);
  EXPECT_EQ(driver->driverStats().longestHotRun, 49U);
}

using DriverDeathTest = DriverTest;

TEST_F(DriverDeathTest, ADeadlineThatIsNotInTheFutureIsTheEnginesBug) {
  engine->script = [](auto now, const auto&, auto&, auto& self) { self.next = now; };
  driver->load({}, "s");
  EXPECT_DEATH_IF_SUPPORTED(clock.settle(), "after > now");
}

class Trace final : public Recorder {
 public:
  void onInput(base::TimePoint now, const engine::Input& input) override {
    lines.push_back("in " + std::to_string(base::toMilliseconds(now)) + " " + text(input.index()));
  }
  void onOutputs(base::TimePoint now, const engine::Outputs& outputs) override {
    lines.push_back("out " + std::to_string(base::toMilliseconds(now)) + " " + text(outputs.size()));
  }
  std::vector<std::string> lines;
};

TEST_F(DriverTest, TheRecorderSeesEveryInputAndItsOutputs) {
  Trace trace;
  Inbox ownInbox;
  ManualClock ownClock;
  auto owned = std::make_unique<ScriptedEngine>();
  owned->script = [](auto, const auto&, auto& outputs, auto&) {
    outputs.push_back(out::CancelHttp{base::RequestId{1}});
  };
  {
    Driver own(std::move(owned), ownInbox, Ports{ports, ports, ports, ownClock}, host, &trace);
    own.load({}, "s");
    ownClock.settle();
  }
  EXPECT_THAT(trace.lines, ElementsAre("in 1000 1", "out 1000 1", "in 1000 3", "out 1000 1"));
}

TEST_F(DriverTest, InputsThatCameBeforeTheDriverAreTaken) {
  Inbox early;
  early.sink()(in::HttpDone{base::RequestId{1}});
  ManualClock ownClock;
  auto owned = std::make_unique<ScriptedEngine>();
  ScriptedEngine& ownEngine = *owned;
  Driver own(std::move(owned), early, Ports{ports, ports, ports, ownClock}, host);
  ownClock.settle();
  EXPECT_EQ(ownEngine.inputs.size(), 1U);
}

}  // namespace
}  // namespace p2pml::driver
