#include "p2pml/probe/ice_check.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "p2pml/probe/pump.hpp"
#include "platform/native/rtc/ice_config.hpp"
#include "platform/native/rtc/native_peer_port.hpp"
#include "platform/native/rtc/rtc_thread.hpp"
#include "platform/native/rtc/stun.hpp"
#include "wire/sdp.hpp"

namespace p2pml::app {

namespace {

namespace input = engine::input;
using boost::asio::ip::udp;

constexpr auto kAskAgain = base::milliseconds(500);

native::StunTransaction newTransaction(std::random_device& random) {
  native::StunTransaction transaction{};
  for (auto& byte : transaction) byte = static_cast<std::uint8_t>(random());
  return transaction;
}

std::string textOf(const native::StunAddress& address) {
  const bool isV6 = address.ip.find(':') != std::string::npos;
  return (isV6 ? "[" + address.ip + "]" : address.ip) + ":" + std::to_string(address.port);
}

/// Asks all servers from one socket: a NAT that gives it another port for each of them shows.
class StunCheck {
 public:
  StunCheck(boost::asio::io_context& loop, const engine::RtcConfig& config)
      : resolver_(loop), socket_(loop), timer_(loop) {
    std::random_device random;
    for (const engine::IceServer& server : config.iceServers) {
      for (const std::string& url : server.urls) {
        const auto address = native::parseIceServerUrl(url);
        if (!address || address->kind != native::IceServerKind::stun) continue;
        servers_.push_back({StunFacts{.url = url}, *address, newTransaction(random), std::nullopt, {}});
      }
    }
    boost::system::error_code failed;
    socket_.open(udp::v4(), failed);
    if (!failed) socket_.bind(udp::endpoint(udp::v4(), 0), failed);
    if (failed) {
      for (Server& server : servers_) server.facts.error = "no UDP socket: " + failed.message();
      return;
    }
    for (Server& server : servers_) lookUp(server);
    receive();
    askAgain();
  }

  [[nodiscard]] bool done() const {
    return std::ranges::all_of(
        servers_, [](const Server& server) { return !server.facts.mapped.empty() || !server.facts.error.empty(); });
  }

  std::vector<StunFacts> finish(base::Duration limit) {
    boost::system::error_code ignored;
    resolver_.cancel();
    timer_.cancel();
    socket_.close(ignored);
    std::vector<StunFacts> facts;
    for (Server& server : servers_) {
      if (server.facts.mapped.empty() && server.facts.error.empty()) {
        server.facts.error = "no answer within " + std::to_string(base::toMilliseconds(limit)) + " ms";
      }
      facts.push_back(std::move(server.facts));
    }
    return facts;
  }

 private:
  struct Server {
    StunFacts facts;
    native::IceServerAddress address;
    native::StunTransaction transaction;
    std::optional<udp::endpoint> endpoint;
    ProbeClock::time_point asked;
  };

  void lookUp(Server& server) {
    resolver_.async_resolve(udp::v4(), server.address.host, std::to_string(server.address.port),
                            [this, &server](const boost::system::error_code& failed, const auto& found) {
                              if (failed == boost::asio::error::operation_aborted) return;
                              if (failed || found.empty()) {
                                server.facts.error = server.address.host + ": name not found: " + failed.message();
                                return;
                              }
                              server.endpoint = *found.begin();
                              ask(server);
                            });
  }

  void ask(Server& server) {
    boost::system::error_code failed;
    server.asked = ProbeClock::now();
    const auto request = native::stunBindingRequest(server.transaction);
    socket_.send_to(boost::asio::buffer(request), *server.endpoint, 0, failed);
    if (failed) server.facts.error = "cannot be sent to: " + failed.message();
  }

  void askAgain() {
    timer_.expires_after(kAskAgain);
    timer_.async_wait([this](const boost::system::error_code& failed) {
      if (failed) return;
      for (Server& server : servers_) {
        if (server.endpoint && server.facts.mapped.empty() && server.facts.error.empty()) ask(server);
      }
      askAgain();
    });
  }

  void receive() {
    socket_.async_receive_from(boost::asio::buffer(buffer_), from_,
                               [this](const boost::system::error_code& failed, std::size_t size) {
                                 if (failed == boost::asio::error::operation_aborted) return;
                                 if (!failed) take(std::span(buffer_).first(size));
                                 receive();
                               });
  }

  void take(std::span<const std::uint8_t> message) {
    for (Server& server : servers_) {
      const auto mapped = native::stunMappedAddress(message, server.transaction);
      if (!mapped || !server.facts.mapped.empty()) continue;
      server.facts.mapped = textOf(*mapped);
      server.facts.latency = since(server.asked);
    }
  }

  udp::resolver resolver_;
  udp::socket socket_;
  boost::asio::steady_timer timer_;
  std::vector<Server> servers_;
  std::array<std::uint8_t, 1500> buffer_{};
  udp::endpoint from_;
};

const base::ConnectionId kOfferer(1);
const base::ConnectionId kAnswerer(2);

/// Two connections of one port, to each other.
class LoopbackCheck {
 public:
  LoopbackCheck(boost::asio::io_context& loop, const engine::RtcConfig& config, native::RtcOptions options,
                IceFacts& facts)
      : facts_(facts),
        thread_(native::RtcThread::shared()),
        start_(ProbeClock::now()),
        port_(*thread_, loop, config, std::move(options), [this](const engine::Input& event) { on(event); }) {
    port_.createOffer(kOfferer, std::string(40, '0'));
  }

  [[nodiscard]] bool done() const { return failed_ || facts_.opened; }
  [[nodiscard]] bool gathered() const { return facts_.gathered.has_value(); }

 private:
  void on(const engine::Input& event) {
    if (const auto* offer = std::get_if<input::OfferCreated>(&event)) {
      facts_.gathered = since(start_);
      tellCandidates(offer->sdp);
      port_.createAnswer(kAnswerer, offer->sdp);
    } else if (const auto* answer = std::get_if<input::AnswerCreated>(&event)) {
      described_ = ProbeClock::now();
      port_.setAnswer(kOfferer, answer->sdp);
    } else if (const auto* opened = std::get_if<input::PeerOpened>(&event)) {
      if (opened->connection != kOfferer) return;
      facts_.remoteAddress = opened->remoteAddress;
      port_.send(kOfferer, base::Bytes::copyOf("p2pml"));
    } else if (const auto* message = std::get_if<input::PeerMessage>(&event)) {
      if (message->connection == kAnswerer) {
        port_.send(kAnswerer, message->data);
      } else if (!facts_.opened) {
        facts_.opened = since(described_);
      }
    } else if (const auto* closed = std::get_if<input::PeerClosed>(&event)) {
      if (facts_.error.empty()) facts_.error = closed->reason.detail;
      failed_ = true;
    }
  }

  void tellCandidates(const std::string& sdp) {
    const auto parsed = wire::parseSdp(sdp);
    if (!parsed) return;
    for (const std::string& line : parsed->candidates) {
      const auto candidate = wire::parseCandidate(line);
      if (!candidate) continue;
      facts_.candidates.push_back({toString(candidate->type), candidate->address, candidate->port});
    }
  }

  static std::string toString(wire::CandidateType type) {
    switch (type) {
      case wire::CandidateType::host: return "host";
      case wire::CandidateType::srflx: return "srflx";
      case wire::CandidateType::prflx: return "prflx";
      case wire::CandidateType::relay: return "relay";
      case wire::CandidateType::other: break;
    }
    return "other";
  }

  IceFacts& facts_;
  std::shared_ptr<native::RtcThread> thread_;
  ProbeClock::time_point start_;
  ProbeClock::time_point described_;
  bool failed_ = false;
  native::NativePeerPort port_;
};

}  // namespace

Nat natOf(const std::vector<StunFacts>& stun, const std::vector<std::string>& local) {
  std::vector<std::string> mapped;
  for (const StunFacts& server : stun) {
    if (!server.mapped.empty()) mapped.push_back(server.mapped);
  }
  if (mapped.empty()) return Nat::unknown;
  const std::string ip = mapped.front().substr(0, mapped.front().rfind(':'));
  if (std::ranges::find(local, ip) != local.end()) return Nat::none;
  if (mapped.size() < 2) return Nat::unknown;
  return std::ranges::all_of(mapped, [&](const std::string& it) { return it == mapped.front(); }) ? Nat::sameForAll
                                                                                                  : Nat::otherForEach;
}

IceFacts checkIce(boost::asio::io_context& loop, const engine::RtcConfig& config,
                  const std::vector<std::string>& localAddresses, base::Duration limit) {
  IceFacts facts;
  for (const engine::IceServer& server : config.iceServers) {
    for (const std::string& url : server.urls) facts.turnConfigured = facts.turnConfigured || url.starts_with("turn");
  }
  {
    StunCheck stun(loop, config);
    pump(loop, limit, [&] { return stun.done(); });
    facts.stun = stun.finish(limit);
    // What was cancelled says so before its owner goes.
    pump(loop, base::milliseconds(1), [] { return false; });
  }
  {
    native::RtcOptions options;
    options.localAddresses = localAddresses;
    options.gatheringTimeout = std::min(limit / 2, options.gatheringTimeout);
    LoopbackCheck check(loop, config, std::move(options), facts);
    if (!pump(loop, 2 * limit, [&] { return check.done(); }) && facts.error.empty()) {
      facts.error = std::string(check.gathered() ? "no data channel opened" : "no addresses were gathered") +
                    " within " + std::to_string(base::toMilliseconds(2 * limit)) + " ms";
    }
  }
  std::vector<std::string> local;
  for (const CandidateFacts& candidate : facts.candidates) {
    if (candidate.type == "host") local.push_back(candidate.address);
  }
  facts.nat = natOf(facts.stun, local);
  return facts;
}

}  // namespace p2pml::app
