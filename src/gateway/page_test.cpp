#include "gateway/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace p2pml::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

base::Bytes bytes(std::string_view text) { return base::Bytes::copyOf(text); }

Page somePage() {
  return Page({{"/", bytes("<p>hello"), bytes("packed")},
               {"/page/page.css", bytes("p{}"), {}},
               {"/page/hls.js", {}, bytes("packed player")}});
}

std::string header(const PageAnswer& answer, std::string_view name) {
  return std::string(headerValue(answer.headers, name));
}

TEST(GatewayPage, IsPackedForThoseWhoSaySo) {
  const Page page = somePage();
  for (const char* list : {"gzip", "deflate, GZIP;q=0.5", "br,gzip"}) {
    const auto answer = page.answer("/", {{"Accept-Encoding", list}});
    EXPECT_EQ(answer->body.text(), "packed") << list;
    EXPECT_EQ(header(*answer, "Content-Encoding"), "gzip") << list;
  }
  for (const char* list : {"", "br", "gzip;q=0", "gzip; q=0.000", "gzipped"}) {
    const auto answer = page.answer("/", {{"Accept-Encoding", list}});
    EXPECT_EQ(answer->body.text(), "<p>hello") << list;
    EXPECT_EQ(header(*answer, "Content-Encoding"), "") << list;
    EXPECT_EQ(header(*answer, "Vary"), "Accept-Encoding");
  }
  EXPECT_EQ(page.answer("/page/page.css", {{"Accept-Encoding", "gzip"}})->body.text(), "p{}");
  EXPECT_EQ(page.answer("/page/hls.js", {})->body.text(), "packed player");
  EXPECT_EQ(header(*page.answer("/page/hls.js", {}), "Content-Encoding"), "gzip");
}

TEST(GatewayPage, AFileThatTheBrowserHasIsNotSentAgain) {
  const Page page = somePage();
  const std::string tag = header(*page.answer("/", {}), "ETag");
  const auto again = page.answer("/", {{"If-None-Match", tag}});
  EXPECT_EQ(again->status, 304);
  EXPECT_TRUE(again->body.empty());
  EXPECT_EQ(header(*again, "ETag"), tag);
  // The packed form is another one.
  EXPECT_EQ(page.answer("/", {{"If-None-Match", tag}, {"Accept-Encoding", "gzip"}})->status, 200);
  EXPECT_NE(header(*page.answer("/page/page.css", {}), "ETag"), tag);
}

TEST(GatewayPage, HasTypesAndAPolicyThatAllowsOnlyItself) {
  const Page page = somePage();
  EXPECT_EQ(header(*page.answer("/", {}), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(header(*page.answer("/page/page.css", {}), "Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(header(*page.answer("/page/hls.js", {}), "Content-Type"), "text/javascript; charset=utf-8");
  const std::string policy = header(*page.answer("/", {}), "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self';"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, Not(HasSubstr("http")));
  EXPECT_FALSE(page.answer("/page/other.js", {}));
}

TEST(GatewayPage, AProgramWithoutItSaysHowToPutItIn) {
  const auto answer = Page({}).answer("/", {});
  EXPECT_THAT(std::string(answer->body.text()), HasSubstr("scripts/build_page.sh"));
  EXPECT_EQ(header(*answer, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_NE(header(*answer, "Content-Security-Policy"), "");
}

}  // namespace
}  // namespace p2pml::gateway
