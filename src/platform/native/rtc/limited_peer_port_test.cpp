#include "platform/native/rtc/limited_peer_port.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace p2pml::native {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Notes what is sent, as "connection:bytes".
class Sent final : public driver::PeerPort {
 public:
  explicit Sent(std::vector<std::string>& said) : said_(said) {}
  void createOffer(base::ConnectionId, std::string) override { said_.emplace_back("offer"); }
  void createAnswer(base::ConnectionId, std::string) override { said_.emplace_back("answer"); }
  void setAnswer(base::ConnectionId, std::string) override { said_.emplace_back("set"); }
  void send(base::ConnectionId connection, base::Bytes data) override {
    said_.push_back(std::to_string(connection.value) + ":" + std::to_string(data.size()));
  }
  void close(base::ConnectionId) override { said_.emplace_back("close"); }

 private:
  std::vector<std::string>& said_;
};

struct LimitedPeerPortTest : testing::Test {
  boost::asio::io_context loop;
  base::TimePoint now{base::seconds(100)};
  std::vector<std::string> said;
  std::shared_ptr<ByteBudget> budget = std::make_shared<ByteBudget>(100'000);
  LimitedPeerPort port{loop, std::make_unique<Sent>(said), budget, [this] { return now; }};

  void send(std::uint64_t connection, std::size_t size) {
    port.send(base::ConnectionId(connection), base::Bytes::adopt(std::string(size, 'x')));
  }
  std::vector<std::string> pumped() {
    port.pump();
    return std::exchange(said, {});
  }
};

TEST_F(LimitedPeerPortTest, KeepsTheRate) {
  send(1, 20'000);  // a little more than may leave at once: the rest is a debt
  send(1, 10'000);
  EXPECT_THAT(pumped(), ElementsAre("1:20000"));
  now += base::milliseconds(36);  // 3616 bytes of debt
  EXPECT_THAT(pumped(), IsEmpty());
  now += base::milliseconds(1);
  EXPECT_THAT(pumped(), ElementsAre("1:10000"));
  send(1, 10'000);
  now += base::milliseconds(99);
  EXPECT_THAT(pumped(), IsEmpty());
  now += base::milliseconds(2);
  EXPECT_THAT(pumped(), ElementsAre("1:10000"));
}

TEST_F(LimitedPeerPortTest, SilenceSavesUpNoMoreThanABurst) {
  send(1, 1);
  now += base::seconds(3'600);
  send(1, 16'000);
  send(1, 16'000);
  send(1, 16'000);
  EXPECT_THAT(pumped(), ElementsAre("1:1", "1:16000", "1:16000"));
}

TEST_F(LimitedPeerPortTest, ConnectionsTakeTurns) {
  send(1, 20'000);
  for (int i = 0; i < 2; ++i) {
    send(1, 10'000);
    send(2, 10'000);
  }
  pumped();
  std::vector<std::string> order;
  for (int i = 0; i < 4; ++i) {
    now += base::milliseconds(110);
    for (const std::string& one : pumped()) order.push_back(one.substr(0, 1));
  }
  EXPECT_THAT(order, ElementsAre("2", "1", "2", "1"));
}

TEST_F(LimitedPeerPortTest, WhatWaitsForAClosedConnectionIsDropped) {
  send(1, 20'000);
  send(1, 10'000);
  port.close(base::ConnectionId(1));
  now += base::seconds(10);
  EXPECT_THAT(pumped(), ElementsAre("1:20000", "close"));
  EXPECT_EQ(port.waiting(), 0U);
}

TEST_F(LimitedPeerPortTest, TheTimerGoesOnByItself) {
  send(1, 20'000);
  send(1, 10'000);
  now += base::seconds(10);
  loop.run_for(std::chrono::seconds(20));
  EXPECT_THAT(said, ElementsAre("1:20000", "1:10000"));
}

TEST_F(LimitedPeerPortTest, AllElsePassesAtOnce) {
  port.createOffer(base::ConnectionId(1), "");
  port.createAnswer(base::ConnectionId(1), "");
  port.setAnswer(base::ConnectionId(1), "");
  EXPECT_THAT(said, ElementsAre("offer", "answer", "set"));
}

}  // namespace
}  // namespace p2pml::native
