#include "media/dash_template.hpp"

#include <gtest/gtest.h>

namespace p2pml::media {
namespace {

std::string filled(std::string_view text) {
  const auto parsed = UrlTemplate::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? parsed->fill({"v1", 128'000, 42, 7'200}) : "";
}

TEST(DashTemplate, IdentifiersAndWidths) {
  EXPECT_EQ(filled("$RepresentationID$/$Bandwidth$/$Number$-$Time$.m4s"), "v1/128000/42-7200.m4s");
  EXPECT_EQ(filled("$Number%05d$|$Time%02d$|$Bandwidth%08d$"), "00042|7200|00128000");
  EXPECT_EQ(filled("a$$b$$$Number$"), "a$b$42");
  EXPECT_EQ(filled("plain.m4s"), "plain.m4s");
  EXPECT_EQ(filled(""), "");
}

TEST(DashTemplate, WhatIsNoIdentifierStays) {
  EXPECT_EQ(filled("$SubNumber$-$Number$"), "$SubNumber$-42");
  EXPECT_EQ(filled("cost$Number"), "cost$Number");
  EXPECT_EQ(filled("$x$Number$"), "$x42");
}

TEST(DashTemplate, WidthsAreLimited) {
  for (const char* wrong :
       {"$Number%0999999999d$", "$Number%5d$", "$Number%05x$", "$Number%$", "$RepresentationID%05d$"}) {
    const auto parsed = UrlTemplate::parse(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, base::ErrorCode::malformed);
  }
}

TEST(DashTemplate, WhetherItVaries) {
  EXPECT_TRUE(UrlTemplate::parse("$Time$")->varies());
  EXPECT_FALSE(UrlTemplate::parse("$RepresentationID$.mp4")->varies());
}

}  // namespace
}  // namespace p2pml::media
