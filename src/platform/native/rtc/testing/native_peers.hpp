// Two sides of native data channels in one process, for tests: ports on one loop, and what each has reported.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/rng.hpp"
#include "platform/native/rtc/native_peer_port.hpp"

namespace p2pml::native::testing {

inline RtcOptions loopbackOptions() {
  RtcOptions options;
  options.localAddresses = {"127.0.0.1"};
  return options;
}

inline engine::RtcConfig noServers() {
  engine::RtcConfig config;
  config.iceServers.clear();
  return config;
}

/// What one port has reported of one connection.
struct Seen {
  std::string sdp;
  bool open = false;
  std::string remoteAddress;
  std::vector<base::Bytes> messages;
  std::uint64_t received = 0;
  std::uint64_t drained = 0;
  std::optional<base::Error> closed;
  int afterClose = 0;
};

class Side {
 public:
  Side(RtcThread& thread, boost::asio::io_context& loop, RtcOptions options = loopbackOptions(),
       engine::RtcConfig config = noServers())
      : port(std::make_unique<NativePeerPort>(thread, loop, std::move(config), std::move(options),
                                              [this](engine::Input event) { take(std::move(event)); })) {}

  Seen& operator[](base::ConnectionId id) { return seen_[id]; }

  bool keepMessages = true;
  std::function<void(base::ConnectionId)> onEvent;
  std::unique_ptr<NativePeerPort> port;

 private:
  void take(engine::Input event) {
    base::ConnectionId id{};
    if (auto* offer = std::get_if<engine::input::OfferCreated>(&event)) {
      id = offer->connection;
      seen_[id].sdp = offer->sdp;
    } else if (auto* answer = std::get_if<engine::input::AnswerCreated>(&event)) {
      id = answer->connection;
      seen_[id].sdp = answer->sdp;
    } else if (auto* opened = std::get_if<engine::input::PeerOpened>(&event)) {
      id = opened->connection;
      EXPECT_FALSE(seen_[id].open);
      seen_[id].open = true;
      seen_[id].remoteAddress = opened->remoteAddress;
    } else if (auto* message = std::get_if<engine::input::PeerMessage>(&event)) {
      id = message->connection;
      EXPECT_TRUE(seen_[id].open);
      seen_[id].received += message->data.size();
      if (keepMessages) seen_[id].messages.push_back(std::move(message->data));
    } else if (auto* drained = std::get_if<engine::input::PeerDrained>(&event)) {
      id = drained->connection;
      EXPECT_GT(drained->drained, seen_[id].drained);
      seen_[id].drained = drained->drained;
    } else if (auto* closed = std::get_if<engine::input::PeerClosed>(&event)) {
      id = closed->connection;
      EXPECT_FALSE(seen_[id].closed);
      seen_[id].closed = closed->reason;
      if (onEvent) onEvent(id);
      return;
    }
    if (seen_[id].closed) ++seen_[id].afterClose;
    if (onEvent) onEvent(id);
  }

  std::map<base::ConnectionId, Seen> seen_;
};

class NativePeers : public ::testing::Test {
 protected:
  /// Turns the loop until `done`; false after the deadline.
  bool runUntil(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      loop.restart();
      if (loop.run_one_until(std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(20))) ==
              0 &&
          std::chrono::steady_clock::now() >= deadline) {
        return false;
      }
    }
    return true;
  }

  using Change = std::function<std::string(std::string)>;

  /// Offer from a, answer from b, descriptions changed on their way.
  bool exchange(Side& a, Side& b, base::ConnectionId id, const Change& offerTo = {}, const Change& answerTo = {}) {
    a.port->createOffer(id, "label");
    if (!runUntil([&] { return !a[id].sdp.empty() || a[id].closed; }) || a[id].closed) return false;
    b.port->createAnswer(id, offerTo ? offerTo(a[id].sdp) : a[id].sdp);
    if (!runUntil([&] { return !b[id].sdp.empty() || b[id].closed; }) || b[id].closed) return false;
    a.port->setAnswer(id, answerTo ? answerTo(b[id].sdp) : b[id].sdp);
    return true;
  }

  bool connect(Side& a, Side& b, base::ConnectionId id, const Change& offerTo = {}, const Change& answerTo = {}) {
    return exchange(a, b, id, offerTo, answerTo) && runUntil([&] { return a[id].open && b[id].open; });
  }

  static base::Bytes pattern(std::size_t size, std::uint64_t seed) {
    base::Rng random(seed);
    std::vector<std::byte> data(size);
    for (auto& b : data) b = static_cast<std::byte>(random.next());
    return base::Bytes::adopt(std::move(data));
  }

  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from << " in\n" << text;
    return text.replace(at, from.size(), to);
  }

  std::shared_ptr<RtcThread> thread = RtcThread::shared();
  boost::asio::io_context loop;
};

inline constexpr base::ConnectionId kOne{1};

}  // namespace p2pml::native::testing
