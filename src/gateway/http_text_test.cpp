#include "gateway/http_text.hpp"

#include <gtest/gtest.h>

namespace p2pml::gateway {
namespace {

TEST(HttpText, Ranges) {
  EXPECT_EQ(parseRequestRange("bytes=0-9"), (RequestRange{0, 9}));
  EXPECT_EQ(parseRequestRange("bytes=5-"), (RequestRange{5, std::nullopt}));
  EXPECT_EQ(parseRequestRange("bytes=-5"), (RequestRange{std::nullopt, 5}));
  for (const char* header : {"", "bytes=", "bytes=-", "bytes=a-b", "bytes=9-0", "bytes=0-1,3-4", "lines=0-1",
                             "bytes=99999999999999999999-"}) {
    EXPECT_EQ(parseRequestRange(header), std::nullopt) << header;
  }
  EXPECT_EQ(spanOf({0, 9}, 5), (Span{0, 5}));
  EXPECT_EQ(spanOf({4, std::nullopt}, 5), (Span{4, 5}));
  EXPECT_EQ(spanOf({5, std::nullopt}, 5), std::nullopt);
  EXPECT_EQ(spanOf({std::nullopt, 2}, 5), (Span{3, 5}));
  EXPECT_EQ(spanOf({std::nullopt, 9}, 5), (Span{0, 5}));
  EXPECT_EQ(spanOf({std::nullopt, 0}, 5), std::nullopt);
  EXPECT_EQ(spanOf({0, UINT64_MAX}, 5), (Span{0, 5}));
  EXPECT_EQ(contentRange({3, 5}, 9), "bytes 3-4/9");
}

TEST(HttpText, TypesByExtension) {
  EXPECT_EQ(contentTypeOf("https://h/a.b/c.TS?x=.mp4"), "video/mp2t");
  EXPECT_EQ(contentTypeOf("https://h/a.mpd"), kDashType);
  EXPECT_EQ(contentTypeOf("https://h.ts/a"), "application/octet-stream");
}

TEST(HttpText, Freshness) {
  const auto of = [](const char* cacheControl, const char* age = "") {
    return freshness({{"cache-control", cacheControl}, {"Age", age}}, base::seconds(7));
  };
  EXPECT_EQ(freshness({}, base::seconds(7)), base::seconds(7));
  EXPECT_EQ(freshness({{"Expires", "0"}}, base::seconds(7)), base::Duration::zero());
  EXPECT_EQ(of("max-age=60"), base::seconds(60));
  EXPECT_EQ(of("public, Max-Age=60", "50"), base::seconds(10));
  EXPECT_EQ(of("max-age=60", "90"), base::Duration::zero());
  EXPECT_EQ(of("private"), base::seconds(7));
  EXPECT_EQ(of("max-age=60, no-store"), base::Duration::zero());
  EXPECT_EQ(of("no-cache"), base::Duration::zero());
  EXPECT_EQ(of("max-age=x"), base::Duration::zero());
}

TEST(HttpText, EntityTags) {
  EXPECT_TRUE(matchesEntityTag("\"a\", W/\"b\"", "\"b\""));
  EXPECT_TRUE(matchesEntityTag("*", "\"b\""));
  EXPECT_FALSE(matchesEntityTag("\"a\"", "\"b\""));
  EXPECT_FALSE(matchesEntityTag("", "\"b\""));
}

TEST(HttpText, WhoMayAsk) {
  const AccessRules rules{{"127.0.0.1", "[::1]"}, 8090, {"https://mine.example"}};
  const auto asked = [&](Headers headers, bool driving) { return refusal(rules, headers, driving).has_value(); };
  EXPECT_FALSE(asked({{"Host", "127.0.0.1:8090"}}, true));
  EXPECT_FALSE(asked({{"Host", "[::1]:8090"}}, true));
  EXPECT_TRUE(asked({{"Host", "[::1]"}}, true));
  EXPECT_TRUE(asked({}, false));
  EXPECT_TRUE(asked({{"Host", "127.0.0.1:8090x"}}, false));
  EXPECT_FALSE(asked({{"Host", "127.0.0.1:8090"}, {"Origin", "https://mine.example"}}, true));
  EXPECT_TRUE(asked({{"Host", "127.0.0.1:8090"}, {"Origin", "https://other.example"}}, true));
  EXPECT_FALSE(asked({{"Host", "127.0.0.1:8090"}, {"Origin", "https://other.example"}}, false));
  EXPECT_FALSE(asked({{"Host", "127.0.0.1:8090"}, {"Sec-Fetch-Site", "none"}}, true));
}

}  // namespace
}  // namespace p2pml::gateway
