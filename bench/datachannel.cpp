// Native data channels, two processes: rate, processor time, memory, time to open.
//
//   p2pml_bench_datachannel [--bytes N] [--message N] [--runs N] [--connections N] [--idle SECONDS]
//                           [--relay-delay MS] [--loss P] [--rate MBIT] [--queue BYTES] [--seed N] [--json]
//
// With any of the relay's options the datagrams pass through a relay process (support/rtc_worker.hpp). Each process is
// this program itself with --worker. bench/datachannel.mjs compares with other implementations.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/rtc_worker.hpp"

namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

class Process {
 public:
  explicit Process(const char* self) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe(in.data()) != 0 || ::pipe(out.data()) != 0) die("no pipe");
    pid_ = ::fork();
    if (pid_ < 0) die("no process");
    if (pid_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      for (const int descriptor : {in[0], in[1], out[0], out[1]}) ::close(descriptor);
      ::execl(self, self, "--worker", nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
  }
  ~Process() {
    ::close(to_);
    ::close(from_);
    ::waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void tell(const Json& command) const {
    const std::string line = command.dump() + "\n";
    if (::write(to_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) die("a worker is gone");
  }
  [[nodiscard]] int descriptor() const { return from_; }
  /// After poll said there is something.
  void readLines(std::deque<Json>& events) {
    std::array<char, 65536> buffer{};
    const ssize_t size = ::read(from_, buffer.data(), buffer.size());
    if (size <= 0) die("a worker ended");
    rest_.append(buffer.data(), static_cast<std::size_t>(size));
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      events.push_back(Json::parse(rest_.substr(0, end)));
      rest_.erase(0, end + 1);
    }
  }

 private:
  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string rest_;
};

struct Options {
  std::uint64_t bytes = 1 << 30;
  std::uint64_t message = 65535;
  int runs = 3;
  std::uint64_t connections = 200;
  int idle = 3;
  double delay = 0;
  double loss = 0;
  double rate = 0;
  std::uint64_t queue = 500'000;
  std::uint64_t seed = 1;
  bool json = false;
  [[nodiscard]] bool relayed() const { return delay > 0 || loss > 0 || rate > 0; }
};

/// Two workers, and a third that is the bad network between them.
class Bench {
 public:
  Bench(const char* self, const Options& options) : options_(options), a_(self), b_(self) {
    if (!options.relayed()) return;
    relay_ = std::make_unique<Process>(self);
    relay_->tell({{"cmd", "relay"},
                  {"delay", options.delay},
                  {"loss", options.loss},
                  {"rate", static_cast<std::uint64_t>(options.rate * 1e6)},
                  {"queue", options.queue},
                  {"seed", options.seed}});
  }

  using Seen = std::function<bool(Process& from, const Json& event)>;

  /// Hands out events until `done` says so.
  void until(const Seen& done, double limitSeconds) {
    const auto start = Clock::now();
    while (true) {
      for (Process* worker : {&a_, &b_}) {
        std::deque<Json>& events = worker == &a_ ? eventsA_ : eventsB_;
        while (!events.empty()) {
          const Json event = std::move(events.front());
          events.pop_front();
          if (event["ev"] == "closed") die("a connection closed: " + event.dump());
          if (done(*worker, event)) return;
        }
      }
      std::array<pollfd, 2> wait{{{a_.descriptor(), POLLIN, 0}, {b_.descriptor(), POLLIN, 0}}};
      const double left = limitSeconds - since(start);
      if (left <= 0) die("nothing after " + std::to_string(limitSeconds) + " s");
      if (::poll(wait.data(), wait.size(), static_cast<int>(left * 1000) + 1) <= 0) continue;
      if (wait[0].revents != 0) a_.readLines(eventsA_);
      if (wait[1].revents != 0) b_.readLines(eventsB_);
    }
  }

  Json usage(Process& worker) {
    Json out;
    worker.tell({{"cmd", "usage"}});
    until(
        [&](Process& from, const Json& event) {
          if (&from == &worker && event["ev"] == "usage") out = event;
          return !out.is_null();
        },
        30);
    return out;
  }

  std::string relayed(const Json& event) {
    if (!relay_) return event["sdp"];
    relay_->tell({{"cmd", "rewrite"}, {"id", event["id"]}, {"sdp", event["sdp"]}});
    std::deque<Json> answer;
    while (answer.empty()) relay_->readLines(answer);
    return answer.front()["sdp"];
  }

  /// Opens connections with ids from..from+count-1, all at once. Returns seconds until the last is open on both sides.
  double open(std::uint64_t from, std::uint64_t count) {
    const auto start = Clock::now();
    for (std::uint64_t i = 0; i < count; ++i) a_.tell({{"cmd", "offer"}, {"id", from + i}});
    std::uint64_t opened = 0;
    until(
        [&](Process& worker, const Json& event) {
          if (event["ev"] == "description") {
            if (&worker == &a_) {
              b_.tell({{"cmd", "answer"}, {"id", event["id"]}, {"sdp", relayed(event)}});
            } else {
              a_.tell({{"cmd", "accept"}, {"id", event["id"]}, {"sdp", relayed(event)}});
            }
          }
          if (event["ev"] == "open") ++opened;
          return opened == 2 * count;
        },
        60);
    return since(start);
  }

  struct Run {
    double seconds = 0;
    double cpuSend = 0;
    double cpuReceive = 0;
  };
  Run transfer(std::uint64_t id) {
    const double sendBefore = usage(a_)["cpu"];
    const double receiveBefore = usage(b_)["cpu"];
    b_.tell({{"cmd", "receive"}, {"id", id}, {"bytes", options_.bytes}});
    until([&](Process& worker, const Json& event) { return &worker == &b_ && event["ev"] == "receiving"; }, 60);
    const auto start = Clock::now();
    a_.tell({{"cmd", "send"}, {"id", id}, {"bytes", options_.bytes}, {"message", options_.message}});
    until([&](Process& worker, const Json& event) { return &worker == &b_ && event["ev"] == "received"; }, 3600);
    Run run;
    run.seconds = since(start);
    run.cpuSend = usage(a_)["cpu"].get<double>() - sendBefore;
    run.cpuReceive = usage(b_)["cpu"].get<double>() - receiveBefore;
    return run;
  }

  Json run() {
    Json out;
    out["openOne"] = open(1, 1);
    const double gigabytes = static_cast<double>(options_.bytes) / 1e9;
    for (int i = 0; i < options_.runs; ++i) {
      const Run run = transfer(1);
      out["runs"].push_back({{"MBps", gigabytes * 1000 / run.seconds},
                             {"Mbitps", gigabytes * 8000 / run.seconds},
                             {"cpuSendPerGB", run.cpuSend / gigabytes},
                             {"cpuReceivePerGB", run.cpuReceive / gigabytes},
                             {"cpuPerGB", (run.cpuSend + run.cpuReceive) / gigabytes}});
      if (!options_.json) std::printf("%s\n", out["runs"].back().dump().c_str());
    }
    if (options_.connections > 0) {
      const Json beforeA = usage(a_);
      const Json beforeB = usage(b_);
      out["connections"] = options_.connections;
      out["openAll"] = open(2, options_.connections);
      const Json afterA = usage(a_);
      const Json afterB = usage(b_);
      const auto perPeer = [&](const char* key, const Json& after, const Json& before) {
        return (after[key].get<double>() - before[key].get<double>()) / static_cast<double>(options_.connections);
      };
      out["rssPerPeerA"] = perPeer("rss", afterA, beforeA);
      out["rssPerPeerB"] = perPeer("rss", afterB, beforeB);
      out["cpuPerOpening"] = perPeer("cpu", afterA, beforeA) + perPeer("cpu", afterB, beforeB);
      out["threads"] = afterA["threads"];
      ::sleep(static_cast<unsigned>(options_.idle));
      const double idle = usage(a_)["cpu"].get<double>() - afterA["cpu"].get<double>();
      out["idleCpuPercent"] = 100 * idle / options_.idle;
    }
    return out;
  }

 private:
  const Options options_;
  Process a_;
  Process b_;
  std::unique_ptr<Process> relay_;
  std::deque<Json> eventsA_;
  std::deque<Json> eventsB_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--worker") return p2pml::bench::runRtcWorker();
    if (name == "--json") {
      options.json = true;
      continue;
    }
    if (i + 1 == argc) die("usage: see the head of bench/datachannel.cpp; no value for " + std::string(name));
    const double value = std::atof(argv[++i]);
    const auto whole = static_cast<std::uint64_t>(value);
    if (name == "--bytes") {
      options.bytes = whole;
    } else if (name == "--message") {
      options.message = whole;
    } else if (name == "--runs") {
      options.runs = static_cast<int>(whole);
    } else if (name == "--connections") {
      options.connections = whole;
    } else if (name == "--idle") {
      options.idle = std::max(1, static_cast<int>(whole));
    } else if (name == "--relay-delay") {
      options.delay = value;
    } else if (name == "--loss") {
      options.loss = value;
    } else if (name == "--rate") {
      options.rate = value;
    } else if (name == "--queue") {
      options.queue = whole;
    } else if (name == "--seed") {
      options.seed = whole;
    } else {
      die("usage: see the head of bench/datachannel.cpp; unknown option " + std::string(name));
    }
  }
  std::signal(SIGPIPE, SIG_IGN);
  Bench bench("/proc/self/exe", options);
  const Json result = bench.run();
  std::printf("%s\n", options.json ? result.dump().c_str() : result.dump(2).c_str());
  return 0;
}
