#include "gateway/server_clocks.hpp"

#include <gtest/gtest.h>

#include "gateway/http_text.hpp"

namespace p2pml::gateway {
namespace {

constexpr base::TimePoint kNow{base::seconds(1'000)};
const std::string kOpened = "https://h.example/i.mpd";

media::WallTime wall(const char* text) { return *media::parseDateTime(text); }
std::vector<media::TimingSource> timing(const std::string& kind, const std::string& value) {
  return {{"urn:mpeg:dash:utc:" + kind + ":2014", value}};
}

struct ServerClocksTest : testing::Test {
  void learn(const std::vector<media::TimingSource>& from) { clocks.learn(kNow, out, kOpened, from, true, lastFetch); }
  std::string now() {
    const auto zero = clocks.atZero(kOpened);
    return zero ? media::dateTimeText(*zero + kNow.time_since_epoch()) : "unknown";
  }

  ServerClocks clocks;
  Outputs out;
  std::uint64_t lastFetch = 0;
};

TEST_F(ServerClocksTest, ThisMachinesClockUnlessTheDateShowsItToBeWrong) {
  EXPECT_EQ(now(), "unknown");
  clocks.setLocal(kNow, wall("2026-01-01T00:00:00Z"));
  EXPECT_EQ(now(), "2026-01-01T00:00:00Z");
  clocks.arrived(kNow, kOpened, {{"Date", "Wed, 31 Dec 2025 23:59:30 GMT"}});
  EXPECT_EQ(now(), "2026-01-01T00:00:00Z");
  clocks.arrived(kNow, kOpened, {{"Date", "Thu, 01 Jan 2026 00:00:31 GMT"}});
  EXPECT_EQ(now(), "2026-01-01T00:00:31Z");
  // Cut to a second: an earlier one is no news, a later one is nearer, a far one is another clock.
  clocks.arrived(kNow, kOpened, {{"Date", "Thu, 01 Jan 2026 00:00:30 GMT"}, {"Age", "0"}});
  EXPECT_EQ(now(), "2026-01-01T00:00:31Z");
  clocks.arrived(kNow, kOpened, {{"Date", "Thu, 01 Jan 2026 00:00:30 GMT"}, {"Age", "2"}});
  EXPECT_EQ(now(), "2026-01-01T00:00:32Z");
  clocks.arrived(kNow, kOpened, {{"Date", "Thu, 01 Jan 2015 00:00:00 GMT"}});
  EXPECT_EQ(now(), "2015-01-01T00:00:00Z");
  clocks.arrived(kNow, kOpened, {{"Date", "yesterday"}});
  EXPECT_EQ(now(), "2015-01-01T00:00:00Z");
}

TEST_F(ServerClocksTest, AManifestThatHoldsTheTimeIsBelievedMost) {
  clocks.arrived(kNow, kOpened, {{"Date", "Thu, 01 Jan 2015 00:00:00 GMT"}});
  learn(timing("direct", "2026-01-01T00:00:00.25Z"));
  EXPECT_EQ(now(), "2026-01-01T00:00:00.25Z");
  clocks.arrived(kNow, kOpened, {{"Date", "Thu, 01 Jan 2015 00:00:00 GMT"}});
  EXPECT_EQ(now(), "2026-01-01T00:00:00.25Z");
  learn(timing("direct", "soon"));
  EXPECT_TRUE(out.empty());
}

TEST_F(ServerClocksTest, AServersDateIsAskedForOnce) {
  learn(timing("http-head", "https://t.example/x https://t2.example/"));
  ASSERT_EQ(out.size(), 1U);
  const auto& fetch = std::get<output::Fetch>(out[0]);
  EXPECT_EQ(fetch.url, "https://t.example/x");
  const FetchId id = fetch.id;
  EXPECT_TRUE(clocks.on(kNow, out, input::FetchHead{id, 200, {}, {}, {{"Date", "Thu, 01 Jan 2026 00:00:00 GMT"}}, ""}));
  EXPECT_EQ(std::get<output::CancelFetch>(out.back()).id, id);
  EXPECT_EQ(now(), "2026-01-01T00:00:00Z");
  EXPECT_EQ(clocks.takeLearnt(), std::vector<std::string>{kOpened});
  learn(timing("http-head", "https://t.example/x"));
  EXPECT_EQ(lastFetch, 1U);
}

TEST_F(ServerClocksTest, WhatIsNoTimeIsNotHeard) {
  learn(timing("ntp", "t.example"));
  learn(timing("http-xsdate", "file:///etc/passwd"));
  EXPECT_TRUE(out.empty());
  learn(timing("http-xsdate", "https://t.example/"));
  const FetchId id = std::get<output::Fetch>(out[0]).id;
  clocks.on(kNow, out, input::FetchHead{id, 200, {}, {}, {}, ""});
  clocks.on(out, input::FetchData{id, base::Bytes::copyOf("<html>")});
  clocks.on(kNow, input::FetchDone{id});
  EXPECT_EQ(now(), "unknown");
  EXPECT_FALSE(clocks.on(input::FetchFailed{id, {}}));
}

TEST(GatewayHttpText, DatesOfAnswers) {
  EXPECT_EQ(dateOf({{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}), media::parseDateTime("1994-11-06T08:49:37Z"));
  EXPECT_EQ(dateOf({{"date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"Age", "23"}}),
            media::parseDateTime("1994-11-06T08:50:00Z"));
  for (const char* broken : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT",
                             "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET"}) {
    EXPECT_EQ(dateOf({{"Date", broken}}), std::nullopt) << broken;
  }
}

}  // namespace
}  // namespace p2pml::gateway
