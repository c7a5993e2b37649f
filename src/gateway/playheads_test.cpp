#include "gateway/playheads.hpp"

#include <gtest/gtest.h>

namespace p2pml::gateway {
namespace {

base::TimePoint at(std::int64_t seconds) { return base::TimePoint(base::seconds(1'000 + seconds)); }

TEST(Playheads, WhatWasGivenAndNotPlayedIsTheBuffer) {
  Playheads heads;
  const auto buffer = [&](std::int64_t when) { return heads.all().at("p").buffer(at(when)); };
  heads.asked(at(0), "p", 5, true);
  EXPECT_EQ(heads.all().at("p").next(), 5);
  heads.got(at(1), "p", 5, base::seconds(4));
  EXPECT_EQ(heads.all().at("p").next(), 6);
  EXPECT_EQ(buffer(1), base::seconds(4));
  heads.asked(at(1), "p", 6, true);
  heads.got(at(2), "p", 6, base::seconds(4));
  EXPECT_EQ(buffer(2), base::seconds(7));
  EXPECT_EQ(buffer(9), base::Duration::zero());
  // It stood still until the next one came.
  heads.asked(at(9), "p", 7, true);
  heads.got(at(20), "p", 7, base::seconds(4));
  EXPECT_EQ(buffer(20), base::seconds(4));
}

TEST(Playheads, ThePartsOfASegmentCountOnce) {
  Playheads heads;
  heads.asked(at(0), "p", 5, true);
  heads.got(at(0), "p", 5, base::seconds(4));
  heads.asked(at(0), "p", 5, true);
  heads.got(at(0), "p", 5, base::seconds(4));
  EXPECT_EQ(heads.all().at("p").buffer(at(0)), base::seconds(4));
}

TEST(Playheads, TwoRequestsAtATimeCountBoth) {
  Playheads heads;
  heads.asked(at(0), "p", 5, true);
  heads.asked(at(0), "p", 6, true);
  heads.got(at(0), "p", 5, base::seconds(4));
  EXPECT_EQ(heads.all().at("p").next(), 6);
  heads.got(at(0), "p", 6, base::seconds(4));
  EXPECT_EQ(heads.all().at("p").next(), 7);
  EXPECT_EQ(heads.all().at("p").buffer(at(0)), base::seconds(8));
}

TEST(Playheads, ASeekEmptiesTheBuffer) {
  Playheads heads;
  heads.asked(at(0), "p", 5, true);
  heads.got(at(0), "p", 5, base::seconds(4));
  heads.asked(at(1), "p", 50, false);
  EXPECT_EQ(heads.all().at("p").buffer(at(1)), base::Duration::zero());
  heads.got(at(2), "p", 5, base::seconds(4));
  EXPECT_EQ(heads.all().at("p").buffer(at(2)), base::Duration::zero());
  heads.got(at(2), "p", 50, base::seconds(4));
  EXPECT_EQ(heads.all().at("p").buffer(at(2)), base::seconds(4));
}

TEST(Playheads, SilenceBeyondTheBufferIsAPause) {
  Playheads heads;
  heads.asked(at(0), "p", 5, true);
  heads.got(at(0), "p", 5, base::seconds(10));
  heads.asked(at(0), "p", 6, true);
  EXPECT_TRUE(heads.anyActive(at(30)));
  EXPECT_FALSE(heads.anyActive(at(31)));
  EXPECT_EQ(heads.activeUntil(), at(30));
  heads.asked(at(40), "p", 6, true);
  EXPECT_TRUE(heads.anyActive(at(40)));
}

TEST(Playheads, PlayersAreLimited) {
  Playheads heads;
  for (std::size_t i = 0; i <= Playheads::kMaxPlayers; ++i) {
    heads.asked(at(static_cast<std::int64_t>(i)), std::to_string(i), 0, true);
  }
  EXPECT_EQ(heads.all().size(), Playheads::kMaxPlayers);
  EXPECT_FALSE(heads.all().contains("0"));
  heads.got(at(100), "0", 0, base::seconds(4));
  heads.gaveUp("0", 0);
  EXPECT_EQ(heads.all().size(), Playheads::kMaxPlayers);
}

}  // namespace
}  // namespace p2pml::gateway
