#include "platform/native/ws/dialer.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "platform/native/testing/loop_runner.hpp"

namespace p2pml::native {
namespace {

using boost::asio::ip::tcp;

class DialerTest : public ::testing::Test {
 protected:
  struct Outcome {
    boost::system::error_code error;
    std::optional<tcp::endpoint> remote;
  };

  std::optional<Outcome> dial(std::vector<tcp::endpoint> endpoints) {
    std::optional<Outcome> outcome;
    const auto dialer =
        Dialer::dial(loop, std::move(endpoints), [&](boost::system::error_code error, tcp::socket socket) {
          EXPECT_FALSE(outcome);
          outcome = Outcome{error, error ? std::nullopt : std::optional(socket.remote_endpoint())};
        });
    EXPECT_FALSE(outcome);
    testing::runLoopUntil(loop, [&] { return outcome.has_value(); });
    testing::settleLoop(loop);
    return outcome;
  }

  boost::asio::io_context loop;
  tcp::acceptor listening{loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  testing::RefusingPort refusing{loop};
  tcp::endpoint refused{boost::asio::ip::address_v4::loopback(), refusing.number()};
};

/// A listening socket whose queue is full: connections to it neither succeed nor fail, as with a path that loses
/// everything.
class BlackHole {
 public:
  explicit BlackHole(boost::asio::io_context& loop) : acceptor_(loop) {
    acceptor_.open(tcp::v4());
    acceptor_.bind(tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    acceptor_.listen(0);
    for (int i = 0; i < 4; ++i) {
      fill_.push_back(std::make_unique<tcp::socket>(loop));
      fill_.back()->async_connect(acceptor_.local_endpoint(), [](boost::system::error_code) {});
    }
    testing::settleLoop(loop);
  }
  [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

 private:
  tcp::acceptor acceptor_;
  std::vector<std::unique_ptr<tcp::socket>> fill_;
};

TEST_F(DialerTest, TheOnlyAddress) {
  const auto outcome = dial({listening.local_endpoint()});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->remote, listening.local_endpoint());
}

TEST_F(DialerTest, TheNextOneAtOnceIfOneRefuses) {
  const auto outcome = dial({refused, refused, listening.local_endpoint()});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->remote, listening.local_endpoint());
}

TEST_F(DialerTest, TheLastErrorIfAllRefuse) {
  const auto outcome = dial({refused, refused});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error, boost::asio::error::connection_refused);
}

TEST_F(DialerTest, ASilentAddressIsOvertaken) {
  BlackHole hole(loop);
  const auto outcome = dial({hole.endpoint(), listening.local_endpoint()});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->remote, listening.local_endpoint());
}

TEST_F(DialerTest, NothingAfterCancel) {
  bool called = false;
  const auto dialer = Dialer::dial(loop, {listening.local_endpoint(), refused},
                                   [&](boost::system::error_code, tcp::socket) { called = true; });
  dialer->cancel();
  loop.run();
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace p2pml::native
