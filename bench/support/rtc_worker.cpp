#include "support/rtc_worker.hpp"

#include <openssl/evp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <istream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "base/rng.hpp"
#include "platform/native/rtc/native_peer_port.hpp"
#include "platform/native/udp_relay/udp_relay.hpp"

namespace p2pml::bench {
namespace {

using Json = nlohmann::json;
using base::Bytes;
using base::ConnectionId;
namespace input = engine::input;

/// Kept in the sender's queue beyond what has drained, as the engine does.
constexpr std::uint64_t kAhead = 256 * 1024;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(const Bytes& data) { EVP_DigestUpdate(context_, data.data(), data.size()); }
  std::string finish() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(context_, digest.data(), nullptr);
    return base::toHex(std::span<const std::uint8_t>(digest));
  }

 private:
  EVP_MD_CTX* context_;
};

/// One direction of one connection.
struct Transfer {
  std::uint64_t goal = 0;
  std::uint64_t done = 0;
  std::uint64_t messages = 0;
  std::size_t messageSize = 0;
  std::unique_ptr<Sha256> hash;
  bool active = false;
};

struct Connection {
  Transfer out;
  Transfer in;
  std::uint64_t handedBefore = 0;  // bytes of earlier transfers: what drains is counted from the connection's opening
  std::uint64_t drained = 0;
};

class Worker {
 public:
  Worker()
      : input_(loop_, ::dup(STDIN_FILENO)),
        port_(std::make_unique<native::NativePeerPort>(*thread_, loop_, config(), options(),
                                                       [this](engine::Input event) { take(std::move(event)); })) {
    base::Rng random(1);
    std::vector<std::byte> data(256 * 1024);
    for (auto& b : data) b = static_cast<std::byte>(random.next());
    pattern_ = Bytes::adopt(std::move(data));
  }

  int run() {
    read();
    loop_.run();
    return 0;
  }

 private:
  static engine::RtcConfig config() {
    engine::RtcConfig config;
    config.iceServers.clear();
    return config;
  }
  static native::RtcOptions options() {
    native::RtcOptions options;
    options.localAddresses = {"127.0.0.1"};
    return options;
  }

  static void say(const Json& event) {
    const std::string line = event.dump() + "\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  }

  void read() {
    boost::asio::async_read_until(input_, lines_, '\n', [this](const boost::system::error_code& error, std::size_t) {
      if (error) return stop();
      std::istream stream(&lines_);
      std::string line;
      std::getline(stream, line);
      const Json command = Json::parse(line, nullptr, false);
      if (command.is_discarded() || !command.is_object()) {
        std::fprintf(stderr, "rtc worker: not a JSON object: %s\n", line.c_str());
        return stop();
      }
      if (command.value("cmd", "") == "quit") return stop();
      execute(command);
      read();
    });
  }

  void stop() {
    port_.reset();
    boost::system::error_code ignored;
    input_.close(ignored);
  }

  void execute(const Json& command) {
    const std::string name = command.value("cmd", "");
    const ConnectionId id{command.value("id", std::uint64_t{0})};
    if (name == "offer") {
      port_->createOffer(id, "p2pml");
    } else if (name == "answer") {
      port_->createAnswer(id, command.value("sdp", ""));
    } else if (name == "accept") {
      port_->setAnswer(id, command.value("sdp", ""));
    } else if (name == "close") {
      port_->close(id);
    } else if (name == "send") {
      Connection& connection = connections_[id];
      connection.handedBefore += connection.out.done;
      connection.out = transfer(command);
      connection.out.messageSize =
          std::clamp<std::size_t>(command.value("message", std::size_t{65535}), 1, pattern_.size());
      feed(id, connection);
    } else if (name == "receive") {
      connections_[id].in = transfer(command);
      say({{"ev", "receiving"}, {"id", id.value}});
    } else if (name == "usage") {
      usage();
    } else if (name == "relay") {
      relay_ = std::make_unique<native::UdpRelay>(
          native::UdpRelay::Path{.delay = base::Duration(static_cast<std::int64_t>(command.value("delay", 0.0) * 1000)),
                                 .loss = command.value("loss", 0.0),
                                 .bitsPerSecond = command.value("rate", std::uint64_t{0}),
                                 .queueBytes = command.value("queue", std::size_t{500'000}),
                                 .seed = command.value("seed", std::uint64_t{1})});
    } else if (name == "rewrite" && relay_) {
      const auto rewritten = relay_->rewrite(command.value("sdp", ""));
      say({{"ev", "rewritten"}, {"id", id.value}, {"sdp", rewritten ? *rewritten : rewritten.error().detail}});
    } else {
      std::fprintf(stderr, "rtc worker: unknown command %s\n", name.c_str());
    }
  }

  static Transfer transfer(const Json& command) {
    Transfer out;
    out.goal = command.value("bytes", std::uint64_t{0});
    out.active = true;
    if (command.value("hash", false)) out.hash = std::make_unique<Sha256>();
    return out;
  }

  void feed(ConnectionId id, Connection& connection) {
    Transfer& out = connection.out;
    if (!out.active) return;
    while (out.done < out.goal && connection.handedBefore + out.done < connection.drained + kAhead) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(out.messageSize, out.goal - out.done));
      // Every message starts elsewhere in the pattern, so that a swapped or repeated one shows in the hash.
      const auto shift = static_cast<std::size_t>(out.messages * 61 % (pattern_.size() - size + 1));
      const Bytes message = pattern_.slice(shift, size);
      if (out.hash) out.hash->update(message);
      port_->send(id, message);
      out.done += size;
      ++out.messages;
    }
    if (connection.drained < connection.handedBefore + out.goal) return;
    out.active = false;
    say({{"ev", "sent"}, {"id", id.value}, {"sha256", out.hash ? out.hash->finish() : ""}});
  }

  void take(engine::Input event) {
    if (auto* offer = std::get_if<input::OfferCreated>(&event)) {
      say({{"ev", "description"}, {"id", offer->connection.value}, {"sdp", offer->sdp}});
    } else if (auto* answer = std::get_if<input::AnswerCreated>(&event)) {
      say({{"ev", "description"}, {"id", answer->connection.value}, {"sdp", answer->sdp}});
    } else if (auto* opened = std::get_if<input::PeerOpened>(&event)) {
      say({{"ev", "open"}, {"id", opened->connection.value}, {"remoteAddress", opened->remoteAddress}});
    } else if (auto* drained = std::get_if<input::PeerDrained>(&event)) {
      Connection& connection = connections_[drained->connection];
      connection.drained = drained->drained;
      feed(drained->connection, connection);
    } else if (auto* message = std::get_if<input::PeerMessage>(&event)) {
      received(message->connection, message->data);
    } else if (auto* closed = std::get_if<input::PeerClosed>(&event)) {
      connections_.erase(closed->connection);
      say({{"ev", "closed"}, {"id", closed->connection.value}, {"reason", closed->reason.detail}});
    }
  }

  void received(ConnectionId id, const Bytes& data) {
    Transfer& in = connections_[id].in;
    in.done += data.size();
    ++in.messages;
    if (in.hash) in.hash->update(data);
    if (!in.active || in.done < in.goal) return;
    in.active = false;
    say({{"ev", "received"},
         {"id", id.value},
         {"bytes", in.done},
         {"messages", in.messages},
         {"sha256", in.hash ? in.hash->finish() : ""}});
  }

  static void usage() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    std::ifstream statm("/proc/self/statm");
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    statm >> pages >> resident;
    const auto entries = [](const char* folder) {
      return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
    };
    say({{"ev", "usage"},
         {"cpu", seconds(used.ru_utime) + seconds(used.ru_stime)},
         {"rss", resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))},
         {"fds", entries("/proc/self/fd")},
         {"threads", entries("/proc/self/task")}});
  }

  std::shared_ptr<native::RtcThread> thread_ = native::RtcThread::shared();
  boost::asio::io_context loop_;
  boost::asio::posix::stream_descriptor input_;
  boost::asio::streambuf lines_;
  std::unique_ptr<native::NativePeerPort> port_;
  std::unique_ptr<native::UdpRelay> relay_;
  std::map<ConnectionId, Connection> connections_;
  Bytes pattern_;
};

}  // namespace

int runRtcWorker() { return Worker().run(); }

}  // namespace p2pml::bench
