// The program as a user runs it: what it prints, how it ends.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <p2pml/runtime.hpp>
#include <string>
#include <vector>

#include "api/testing.hpp"
#include "base/encoding.hpp"
#include "engine/identity.hpp"
#include "media/synthetic.hpp"
#include "platform/native/native_clock_port.hpp"
#include "platform/native/server/synthetic_routes.hpp"

extern char** environ;

namespace p2pml {
namespace {

using api::testing::onLoop;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

/// A child process with its standard output and error on pipes.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments) {
    int out[2];
    int err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    arguments.insert(arguments.begin(), P2PML_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, P2PML_PROGRAM, &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Process() {
    if (pid_ > 0 && !ended_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(out_);
    close(err_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const { kill(pid_, number); }

  /// Reads until a line of standard output meets the condition; false at the end of the output or after `patience`.
  template <class Condition>
  bool waitForLine(Condition condition, std::chrono::seconds patience = std::chrono::seconds(90)) {
    const auto deadline = Clock::now() + patience;
    for (;;) {
      for (; seen_ < lines_.size(); ++seen_) {
        if (condition(lines_[seen_])) return true;
      }
      if (!readMore(deadline)) return false;
    }
  }
  /// The exit status, or -1 if it did not exit by itself in time.
  int wait(std::chrono::seconds patience = std::chrono::seconds(90)) {
    const auto deadline = Clock::now() + patience;
    while (readMore(deadline)) {
    }
    if (Clock::now() >= deadline) return -1;
    int status = 0;
    waitpid(pid_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] const std::string& output() const { return outText_; }
  [[nodiscard]] const std::string& errors() const { return errText_; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  /// False when both pipes are at their end, or at the deadline.
  bool readMore(Clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd fds[2] = {{outOpen_ ? out_ : -1, POLLIN, 0}, {errOpen_ ? err_ : -1, POLLIN, 0}};
    if (!outOpen_ && !errOpen_) return false;
    if (poll(fds, 2, static_cast<int>(left)) <= 0) return false;
    char buffer[65536];
    if (fds[0].revents != 0) {
      const ssize_t count = read(out_, buffer, sizeof buffer);
      if (count <= 0) {
        outOpen_ = false;
      } else {
        take(std::string_view(buffer, static_cast<std::size_t>(count)));
      }
    }
    if (fds[1].revents != 0) {
      const ssize_t count = read(err_, buffer, sizeof buffer);
      if (count <= 0) {
        errOpen_ = false;
      } else {
        errText_.append(buffer, static_cast<std::size_t>(count));
      }
    }
    return true;
  }
  void take(std::string_view text) {
    outText_ += text;
    partial_ += text;
    for (std::size_t end; (end = partial_.find('\n')) != std::string::npos; partial_.erase(0, end + 1)) {
      lines_.push_back(partial_.substr(0, end));
    }
  }

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  bool outOpen_ = true;
  bool errOpen_ = true;
  bool ended_ = false;
  std::string outText_;
  std::string errText_;
  std::string partial_;
  std::vector<std::string> lines_;
  std::size_t seen_ = 0;
};

TEST(Program, HelpAndVersion) {
  Process help({"--help"});
  EXPECT_EQ(help.wait(), 0);
  for (const char* command : {"demo", "peer", "settings", "tracker"}) {
    EXPECT_NE(help.output().find(command), std::string::npos) << command;
  }
  Process version({"--version"});
  EXPECT_EQ(version.wait(), 0);
  EXPECT_EQ(version.output().find("p2pml "), 0U);
}

TEST(Program, WrongUsageIsStatus2WithAReason) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{}, "Subcommands"},
      {{"demo", "--viewers", "0"}, "--viewers"},
      {{"demo", "--settings", "/nonexistent.json"}, "/nonexistent.json"},
      {{"peer"}, "--config"},
      {{"tracker", "--listen", "nonsense:port"}, "nonsense:port"},
  };
  for (const auto& [arguments, reason] : wrong) {
    Process process(arguments);
    EXPECT_EQ(process.wait(), 2) << reason;
    EXPECT_NE((process.output() + process.errors()).find(reason), std::string::npos) << process.errors();
  }
}

TEST(Program, DemoNamesAnUnreachableStream) {
  Process process({"demo", "--url", "http://127.0.0.1:1/master.m3u8"});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.errors().find("http://127.0.0.1:1/master.m3u8"), std::string::npos) << process.errors();
}

// The main job with default settings, in the small rendition: the sample lasts 40 s, the last of four viewers comes
// after 9 s.
TEST(Program, DemoEndsWithEveryViewerServedMostlyByOthers) {
  Process process({"demo", "--viewers", "4", "--rendition", "1", "--json"});
  ASSERT_EQ(process.wait(std::chrono::seconds(110)), 0) << process.output() << process.errors();
  const json summary = json::parse(process.output());
  EXPECT_EQ(summary["complete"], true);
  EXPECT_EQ(summary["segments"], 20);
  ASSERT_EQ(summary["viewers"].size(), 4U);
  for (const json& viewer : summary["viewers"]) {
    EXPECT_EQ(viewer["segments"], 20);
    EXPECT_EQ(viewer["bad"], 0);
    EXPECT_EQ(viewer["peersMax"], 3);
  }
  EXPECT_GE(summary["offload"].get<double>(), 0.85 * summary["bestOffload"].get<double>());
}

TEST(Program, DemoKeptHasAPageAndEndsWhenTold) {
  Process process({"demo", "--viewers", "1", "--keep"});
  EXPECT_TRUE(process.waitForLine([](const std::string& line) {
    return line.starts_with("the page: http://127.0.0.1:") &&
           line.find("/?play=http%3A%2F%2F127.0.0.1%3A") != std::string::npos && line.ends_with("%2Fmaster.m3u8");
  })) << process.output();
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.errors().find("stopped before the end"), std::string::npos) << process.errors();
}

/// A synthetic origin and a tracker for peers that are processes of their own.
class MeasurementTest : public ::testing::Test {
 protected:
  MeasurementTest() : runtime(Runtime::create("program test")) {
    onLoop(*runtime, [this] {
      clock = std::make_unique<native::NativeClockPort>(runtime->loop());
      routes = std::make_unique<native::SyntheticRoutes>([this] { return clock->now(); });
      origin = native::OriginServer::start(runtime->loop(), {}, [this](const native::OriginRequest& request) {
                 if (request.path == "/moved.m3u8") return native::redirectResponse(302, "/master.m3u8");
                 auto response = manifest(request.path);
                 if (!response) response = routes->handle(request);
                 return response ? std::move(*response) : native::statusResponse(404);
               }).value();
      tracker = native::TrackerServer::start(runtime->loop(), {}).value();
    });
  }
  ~MeasurementTest() override {
    onLoop(*runtime, [this] {
      origin.reset();
      tracker.reset();
      clock.reset();
    });
    for (const std::string& file : files) std::remove(file.c_str());
  }

  /// Multivariant playlists of synthetic streams: VODs of 8 segments of half a second, and a live one.
  static std::optional<native::OriginResponse> manifest(const std::string& path) {
    native::OriginResponse response;
    if (path == "/master.m3u8") {
      response.body = Bytes::copyOf(
          "#EXTM3U\n"
          "#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS=\"avc1.64001e,mp4a.40.2\",RESOLUTION=640x360\n"
          "synth/low/50000/500/index.m3u8?count=8\n"
          "#EXT-X-STREAM-INF:BANDWIDTH=1600000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=30.000\n"
          "synth/high/100000/500/index.m3u8?count=8\n");
    } else if (path == "/live.m3u8") {
      response.body =
          Bytes::copyOf("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000\nsynthlive/now/100000/500/index.m3u8?window=6\n");
    } else {
      return std::nullopt;
    }
    return response;
  }
  std::string config(const std::string& id, json extra) {
    json all = {{"id", id},   {"gen", "06"}, {"origin", origin->url()}, {"tracker", tracker->url()}, {"size", 100'000},
                {"count", 8}, {"dur", 0.5},  {"unknownKey", true}};
    all.update(extra);
    const std::string path = ::testing::TempDir() + "p2pml-" + std::to_string(getpid()) + "-" + id + ".json";
    std::ofstream(path) << all.dump();
    files.push_back(path);
    return path;
  }
  static bool isDone(const std::string& line) {
    const json object = json::parse(line);
    return object.contains("progress") && object["progress"]["done"] == true;
  }
  /// Ends a peer as a harness does and gives its result.
  static json stop(Process& process) {
    process.signal(SIGTERM);
    const auto start = Clock::now();
    EXPECT_EQ(process.wait(std::chrono::seconds(20)), 0) << process.errors();
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
    return json::parse(process.lines().back())["result"];
  }

  std::shared_ptr<Runtime> runtime;
  std::unique_ptr<native::NativeClockPort> clock;
  std::unique_ptr<native::SyntheticRoutes> routes;
  std::unique_ptr<native::OriginServer> origin;
  std::unique_ptr<native::TrackerServer> tracker;
  std::vector<std::string> files;
};

TEST_F(MeasurementTest, SeedServesALeechThatNeverAsksTheOrigin) {
  Process seed({"peer", "--config", config("seed", {{"role", "seed"}})});
  ASSERT_TRUE(seed.waitForLine(isDone));
  EXPECT_EQ(seed.lines().front(), R"({"ready":true})");
  Process leech({"peer", "--config", config("leech", {{"role", "leech"}, {"stay", true}})});
  ASSERT_TRUE(leech.waitForLine(isDone)) << leech.output() << leech.errors();
  const json got = stop(leech);
  const json given = stop(seed);
  EXPECT_EQ(got["got"], 8);
  EXPECT_EQ(got["bad"], 0);
  EXPECT_EQ(got["bytes"]["http"], 0);
  EXPECT_EQ(got["bytes"]["p2p"], 800'000);
  EXPECT_EQ(given["bytes"]["up"], 800'000);
  EXPECT_EQ(given["bytes"]["http"], 800'000);
  EXPECT_EQ(got["kind"], "native");
}

/// The last line of progress with swarms in it.
json swarmsOf(const Process& process) {
  for (auto line = process.lines().rbegin(); line != process.lines().rend(); ++line) {
    const json object = json::parse(*line);
    if (object.contains("progress") && !object["progress"]["swarms"].empty()) return object["progress"]["swarms"];
  }
  return json::array();
}

class GenerationTest : public MeasurementTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(GenerationTest, TwoProcessesExchangeSegments) {
  const std::string gen = GetParam();
  Process seed({"peer", "--config", config("seed", {{"role", "seed"}, {"gen", gen}, {"count", 5}})});
  ASSERT_TRUE(seed.waitForLine(isDone)) << seed.output() << seed.errors();
  Process leech({"peer", "--config", config("leech", {{"role", "leech"}, {"gen", gen}, {"count", 5}, {"stay", true}})});
  ASSERT_TRUE(leech.waitForLine(isDone)) << leech.output() << leech.errors();
  const json got = stop(leech);
  const json given = stop(seed);
  EXPECT_EQ(got["got"], 5);
  EXPECT_EQ(got["bad"], 0);
  EXPECT_EQ(got["bytes"]["http"], 0);
  EXPECT_EQ(got["gen"], gen);
  EXPECT_EQ(got["peersByGen"], (json{{gen, 1}}));
  EXPECT_EQ(given["bytes"]["up"], 500'000);
}

INSTANTIATE_TEST_SUITE_P(Generations, GenerationTest, ::testing::Values("22", "23", "50"));

// The infohashes are those of docs/protocol/peer-binary.md 5b.1, by hand: of "2bench+V0" and "v2-bench-main-0".
TEST_F(MeasurementTest, ABridgeCarriesSegmentsBetweenGenerations) {
  const json stay{{"stay", true}, {"count", 5}};
  const auto with = [&](json extra) {
    extra.update(stay);
    return extra;
  };
  Process seed({"peer", "--config", config("seed", with({{"role", "seed"}, {"gen", "06"}}))});
  ASSERT_TRUE(seed.waitForLine(isDone)) << seed.output() << seed.errors();
  Process bridge({"peer", "--config", config("bridge", with({{"role", "leech"}, {"gen", "06+23"}}))});
  Process leech({"peer", "--config", config("leech", with({{"role", "leech"}, {"gen", "23"}}))});
  ASSERT_TRUE(leech.waitForLine(isDone)) << leech.output() << leech.errors();
  ASSERT_TRUE(bridge.waitForLine(isDone)) << bridge.output() << bridge.errors();
  const json swarms = swarmsOf(bridge);
  ASSERT_EQ(swarms.size(), 2U);
  EXPECT_EQ(swarms[0]["gen"], "06");
  EXPECT_EQ(swarms[0]["infoHash"], "7b4aec436a4bcf621e3294f2f2880d05974783d7");
  EXPECT_EQ(swarms[1]["gen"], "23");
  EXPECT_EQ(swarms[1]["infoHash"], "5a4842546c655933373862717067427537497647");
  EXPECT_EQ(swarms[0]["peerId"].get<std::string>().substr(0, 16), "2d5757303030362d");  // "-WW0006-"
  const json got = stop(leech);
  const json carried = stop(bridge);
  stop(seed);
  EXPECT_EQ(got["got"], 5);
  EXPECT_EQ(got["bad"], 0);
  EXPECT_EQ(got["bytes"]["http"], 0);
  EXPECT_EQ(carried["bytes"]["http"], 0);
  EXPECT_EQ(carried["bytes"]["up"], 500'000);
  EXPECT_EQ(carried["peersByGen"], (json{{"06", 1}, {"23", 0}}));
}

TEST_F(MeasurementTest, ViewersPlayVodTogether) {
  Process first({"peer", "--config", config("v1", {{"stay", true}, {"validate", true}})});
  ASSERT_TRUE(first.waitForLine([](const std::string& line) { return line.find("progress") != std::string::npos; }));
  Process second({"peer", "--config", config("v2", {{"stay", true}})});
  ASSERT_TRUE(first.waitForLine(isDone));
  ASSERT_TRUE(second.waitForLine(isDone));
  for (const json& result : {stop(first), stop(second)}) {
    EXPECT_EQ(result["done"], true);
    EXPECT_EQ(result["segments"].size(), 8U);
    for (const json& segment : result["segments"]) EXPECT_FALSE(segment.contains("bad"));
    EXPECT_EQ(result["bytes"]["delivered"], 800'000);
    EXPECT_EQ(result["peersMax"], 1);
    EXPECT_EQ(result["errors"], 0);
  }
}

TEST_F(MeasurementTest, ALiveViewerStartsBehindTheEdgeAndGoesOn) {
  Process viewer({"peer", "--config", config("live", {{"mode", "live"}, {"liveBack", 3}})});
  ASSERT_TRUE(viewer.waitForLine([](const std::string& line) {
    const json object = json::parse(line);
    return object.contains("progress") && object["progress"]["bytes"]["delivered"].get<int>() >= 600'000;
  })) << viewer.output();
  const json result = stop(viewer);
  EXPECT_EQ(result["done"], false);
  ASSERT_GE(result["segments"].size(), 6U);
  const int first = result["segments"][0]["n"];
  for (std::size_t i = 0; i < result["segments"].size(); ++i) {
    EXPECT_EQ(result["segments"][i]["n"], first + static_cast<int>(i));
    EXPECT_FALSE(result["segments"][i].contains("bad"));
  }
}

TEST_F(MeasurementTest, AManifestsStreamGoesFromASeederToBothGenerations) {
  const auto with = [&](const char* role, const char* gen) {
    return json{
        {"role", role}, {"gen", gen}, {"stay", true}, {"manifest", origin->url() + "/master.m3u8"}, {"variant", 1}};
  };
  Process seed({"peer", "--config", config("seed", with("seed", "06+23"))});
  ASSERT_TRUE(seed.waitForLine(isDone)) << seed.output() << seed.errors();
  Process old({"peer", "--config", config("old", with("leech", "06"))});
  Process young({"peer", "--config", config("young", with("leech", "23"))});
  ASSERT_TRUE(old.waitForLine(isDone)) << old.output() << old.errors();
  ASSERT_TRUE(young.waitForLine(isDone)) << young.output() << young.errors();
  const json given = stop(seed);
  EXPECT_EQ(given["got"], 8);
  EXPECT_EQ(given["bytes"]["http"], 800'000);
  EXPECT_EQ(given["errors"], 0);
  std::map<int, std::string> digests;
  for (const json& segment : given["loads"]) digests[segment["n"]] = segment["sha256"];
  EXPECT_EQ(digests.size(), 8U);
  EXPECT_EQ(digests.begin()->first, 0);
  EXPECT_EQ(digests[0].size(), 64U);
  for (const json& got : {stop(old), stop(young)}) {
    EXPECT_EQ(got["bytes"]["http"], 0);
    std::map<int, std::string> received;
    for (const json& segment : got["loads"]) received[segment["n"]] = segment["sha256"];
    EXPECT_EQ(received, digests);
    ASSERT_FALSE(got["events"].empty());
    EXPECT_EQ(got["events"][0]["e"], "peer_connect");
    EXPECT_EQ(got["events"][0]["gen"], got["gen"]);
  }
}

TEST_F(MeasurementTest, AManifestsVodIsPlayed) {
  Process viewer({"peer", "--config", config("viewer", {{"manifest", origin->url() + "/master.m3u8"}, {"gen", "22"}})});
  ASSERT_EQ(viewer.wait(), 0) << viewer.errors();
  const json result = json::parse(viewer.lines().back())["result"];
  EXPECT_EQ(result["done"], true);
  EXPECT_EQ(result["segments"].size(), 8U);
  EXPECT_EQ(result["bytes"]["delivered"], 8 * 50'000);
  EXPECT_GE(result["elapsedMs"].get<double>(), 4000);
}

TEST_F(MeasurementTest, ALiveSeederFollowsTheManifestForAViewerWithoutHttp) {
  const std::string manifest = origin->url() + "/live.m3u8";
  Process seed({"peer", "--config", config("seed", {{"role", "seed"}, {"gen", "23"}, {"manifest", manifest}})});
  ASSERT_TRUE(seed.waitForLine([](const std::string& line) {
    const json object = json::parse(line);
    return object.contains("progress") && object["progress"]["got"].get<int>() >= 6;
  })) << seed.output()
      << seed.errors();
  Process viewer(
      {"peer", "--config",
       config("viewer", {{"gen", "23"},
                         {"manifest", manifest},
                         {"settings", {{"requiredSegmentsPriority", -1}, {"httpDownloadProbability", 0}}}})});
  ASSERT_TRUE(viewer.waitForLine([](const std::string& line) {
    const json object = json::parse(line);
    return object.contains("progress") && object["progress"]["bytes"]["delivered"].get<int>() >= 900'000;
  })) << viewer.output()
      << viewer.errors();
  const json seen = stop(viewer);
  const json given = stop(seed);
  EXPECT_EQ(seen["bytes"]["http"], 0);
  ASSERT_GE(seen["segments"].size(), 9U);
  std::map<int, std::string> digests;
  for (const json& segment : given["loads"]) digests[segment["n"]] = segment["sha256"];
  const int first = seen["segments"][0]["n"];
  for (std::size_t i = 0; i < seen["segments"].size(); ++i) {
    const json& segment = seen["segments"][i];
    EXPECT_EQ(segment["n"], first + static_cast<int>(i));
    EXPECT_EQ(segment["sha256"], digests[segment["n"]]);
  }
  EXPECT_EQ(given["done"], false);
}

// docs/protocol/peer-json.md 5a.1 and peer-binary.md 5b.1: one names a stream by what was asked for, one by what
// answered.
TEST_F(MeasurementTest, ARedirectedManifestNamesTheSwarmAsEachGenerationDoes) {
  const auto swarmsOfPeer = [&](const std::string& id, json extra) {
    extra.update({{"role", "seed"}, {"manifest", origin->url() + "/moved.m3u8"}, {"streamKey", "KEY"}});
    Process peer({"peer", "--config", config(id, extra)});
    EXPECT_TRUE(peer.waitForLine(isDone)) << peer.errors();
    json swarms = swarmsOf(peer);
    stop(peer);
    return swarms;
  };
  const auto swarmOf = [&](const std::string& id, const json& extra) {
    const json swarms = swarmsOfPeer(id, extra);
    EXPECT_EQ(swarms.size(), 1U);
    return swarms.at(0)["infoHash"].get<std::string>();
  };
  const auto hashed = [](Generation generation, const std::string& text) {
    return base::toHex(engine::infoHashOf(generation, text).view());
  };
  EXPECT_EQ(swarmOf("a", {{"gen", "06"}}), hashed(Generation::g0, origin->url() + "/moved.m3u8+V0"));
  EXPECT_EQ(swarmOf("b", {{"gen", "23"}}), hashed(Generation::g3, "v2-" + origin->url() + "/master.m3u8-main-KEY"));
  EXPECT_EQ(swarmOf("c", {{"gen", "23"}, {"swarm", "mine"}}), hashed(Generation::g3, "v2-mine-main-KEY"));
  const json both = swarmsOfPeer("d", {{"gen", "06+23"}});
  EXPECT_EQ(both.at(0)["infoHash"], hashed(Generation::g0, origin->url() + "/moved.m3u8+V0"));
  EXPECT_EQ(both.at(1)["infoHash"], hashed(Generation::g3, "v2-" + origin->url() + "/master.m3u8-main-KEY"));
}

TEST_F(MeasurementTest, AVariantThatIsNotThereIsAnErrorWithItsReason) {
  Process peer({"peer", "--config", config("peer", {{"manifest", origin->url() + "/master.m3u8"}, {"variant", 2}})});
  EXPECT_EQ(peer.wait(), 2);
  EXPECT_NE(peer.errors().find("\"variant\": expected less than 2"), std::string::npos) << peer.errors();
}

TEST_F(MeasurementTest, BadConfigurationNamesTheKey) {
  const std::vector<std::pair<json, std::string>> wrong = {
      {{{"role", "king"}}, "role"},
      {{{"count", 0}}, "count"},
      {{{"gen", "99"}}, "gen"},
      {{{"gen", "06+06"}}, "gen"},
      {{{"gen", "06+"}}, "gen"},
      {{{"streamKey", 5}}, "streamKey"},
      {{{"manifest", 5}}, "manifest"},
      {{{"manifest", "http://127.0.0.1:1/"}, {"variant", -1}}, "variant"},
      {{{"manifest", "http://127.0.0.1:1/"}, {"validate", true}}, "validate"},
      {{{"variant", 1}}, "variant"},
      {{{"includeLoopback", 1}}, "includeLoopback"},
      {{{"localAddresses", "127.0.0.1"}}, "localAddresses"},
      {{{"settings", {{"peerProtocols", {"G3"}}}}}, "peerProtocols"},
      {{{"settings", {{"cachedSegmentCount", 3}}}}, "cachedSegmentCount"},
  };
  for (const auto& [extra, key] : wrong) {
    Process process({"peer", "--config", config("bad", extra)});
    EXPECT_EQ(process.wait(), 2);
    EXPECT_NE(process.errors().find(key), std::string::npos) << process.errors();
  }
}

}  // namespace
}  // namespace p2pml
