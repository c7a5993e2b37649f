#include "platform/native/ws/name_lookup.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "platform/native/testing/loop_runner.hpp"
#include "platform/native/testing/slow_names.hpp"

namespace p2pml::native {
namespace {

using boost::asio::ip::make_address;

class NameLookupTest : public ::testing::Test {
 protected:
  base::Result<Endpoints> resolve(const std::string& host) {
    std::optional<base::Result<Endpoints>> answer;
    lookup->resolve(host, 8000, [&](base::Result<Endpoints> result) { answer = std::move(result); });
    EXPECT_FALSE(answer);
    EXPECT_TRUE(testing::runLoopUntil(loop, [&] { return answer.has_value(); }));
    return *answer;
  }

  boost::asio::io_context loop;
  std::unique_ptr<NameLookup> lookup = std::make_unique<NameLookup>(loop);
};

TEST_F(NameLookupTest, AddressesAreTheirOwnNames) {
  EXPECT_EQ(resolve("127.0.0.1").value(), (Endpoints{{make_address("127.0.0.1"), 8000}}));
  EXPECT_EQ(resolve("2001:db8::1").value(), (Endpoints{{make_address("2001:db8::1"), 8000}}));
}

TEST_F(NameLookupTest, Localhost) {
  const auto result = resolve("localhost");
  ASSERT_TRUE(result) << result.error().detail;
  for (const auto& endpoint : *result) {
    EXPECT_TRUE(endpoint.address().is_loopback());
    EXPECT_EQ(endpoint.port(), 8000);
  }
}

TEST_F(NameLookupTest, UnknownName) {
  const auto result = resolve("no-such-host.invalid");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::unavailable);
  EXPECT_NE(result.error().detail.find("no-such-host.invalid"), std::string::npos);
}

TEST_F(NameLookupTest, HangingNamesHoldUpNeitherOthersNorDestruction) {
  testing::SlowNames slow;
  int answers = 0;
  for (int i = 0; i < 3; ++i) lookup->resolve("a.slow.test", 1, [&](base::Result<Endpoints>) { ++answers; });
  ASSERT_TRUE(testing::runLoopUntil(loop, [&] { return slow.waiting() == 3; }));
  EXPECT_TRUE(resolve("localhost"));
  lookup.reset();
  loop.restart();
  loop.run();  // nothing is left to wait for
  EXPECT_EQ(answers, 0);
  EXPECT_EQ(slow.waiting(), 3);
}

TEST_F(NameLookupTest, MoreThanTheThreadsWaitTheirTurnAndTooManyAreRefused) {
  auto slow = std::make_unique<testing::SlowNames>();
  int unavailable = 0;
  int refused = 0;
  const auto handler = [&](base::Result<Endpoints> result) {
    ASSERT_FALSE(result);
    ++(result.error().code == base::ErrorCode::limitExceeded ? refused : unavailable);
  };
  constexpr int kTaken = static_cast<int>(NameLookup::kMaxThreads + NameLookup::kMaxWaiting);
  for (int i = 0; i < kTaken; ++i) lookup->resolve("a.slow.test", 1, handler);
  lookup->resolve("a.slow.test", 1, handler);
  ASSERT_TRUE(testing::runLoopUntil(
      loop, [&] { return slow->waiting() == static_cast<int>(NameLookup::kMaxThreads) && refused == 1; }));
  EXPECT_EQ(unavailable, 0);
  slow.reset();
  ASSERT_TRUE(testing::runLoopUntil(loop, [&] { return unavailable == kTaken; }));
  EXPECT_EQ(refused, 1);
}

TEST_F(NameLookupTest, TheHandlerMayDestroyTheLookup) {
  bool called = false;
  lookup->resolve("127.0.0.1", 1, [&](base::Result<Endpoints>) {
    called = true;
    lookup.reset();
  });
  loop.run();
  EXPECT_TRUE(called);
}

TEST(InterleavedTest, FamiliesAlternate) {
  const auto endpoint = [](const char* address) { return boost::asio::ip::tcp::endpoint(make_address(address), 1); };
  const Endpoints given{endpoint("::1"), endpoint("::2"), endpoint("::3"), endpoint("1.0.0.1"), endpoint("1.0.0.2")};
  EXPECT_EQ(interleaved(given, 8), (Endpoints{given[0], given[3], given[1], given[4], given[2]}));
  EXPECT_EQ(interleaved(given, 3), (Endpoints{given[0], given[3], given[1]}));
  EXPECT_EQ(interleaved({}, 3), Endpoints{});
}

}  // namespace
}  // namespace p2pml::native
