#include "media/m3u8_context.hpp"

#include <gtest/gtest.h>

#include <string>

namespace p2pml::media {
namespace {

class M3u8ContextTest : public testing::Test {
 protected:
  M3u8Context make(std::string_view baseUrl = "https://a/b/c.m3u8?token=x%20y") {
    auto context = M3u8Context::make(baseUrl, options_);
    EXPECT_TRUE(context);
    context->enter(3, "EXT-X-DEFINE");
    return std::move(*context);
  }

  static std::string define(M3u8Context& context, std::string_view attributes) {
    const auto list = M3u8AttributeList::parse(attributes);
    EXPECT_TRUE(list);
    const auto status = context.define(*list);
    return status ? "" : status.error().detail;
  }

  M3u8Options options_;
};

TEST_F(M3u8ContextTest, DefinesVariablesInThreeWays) {
  options_.imports["imp"] = "imported";
  M3u8Context context = make();
  EXPECT_EQ(define(context, "NAME=\"n-1_A\",VALUE=\"v\""), "");
  EXPECT_EQ(define(context, "NAME=\"empty\",VALUE=\"\""), "");
  EXPECT_EQ(define(context, "IMPORT=\"imp\""), "");
  EXPECT_EQ(define(context, "QUERYPARAM=\"token\""), "");
  EXPECT_EQ(context.substitute("<{$n-1_A}{$empty}|{$imp}|{$token}>"), "<v|imported|x y>");
  EXPECT_EQ(context.resolve("{$token}.ts"), "https://a/b/x%20y.ts");
}

TEST_F(M3u8ContextTest, RefusesBrokenDefinitions) {
  M3u8Context context = make();
  EXPECT_EQ(define(context, "VALUE=\"v\""),
            "line 3: EXT-X-DEFINE: expected exactly one of the attributes NAME, IMPORT and QUERYPARAM");
  EXPECT_EQ(define(context, "NAME=\"a\""), "line 3: EXT-X-DEFINE: VALUE is missing, expected it beside NAME");
  EXPECT_NE(define(context, "NAME=\"a b\",VALUE=\"v\""), "");
  EXPECT_NE(define(context, "NAME=\"\",VALUE=\"v\""), "");
  EXPECT_NE(define(context, "IMPORT=\"a\""), "");
  EXPECT_NE(define(context, "QUERYPARAM=\"a\""), "");
  EXPECT_EQ(define(context, "NAME=\"a\",VALUE=\"1\""), "");
  EXPECT_NE(define(context, "NAME=\"a\",VALUE=\"1\""), "") << "defined twice";
}

TEST_F(M3u8ContextTest, ValuesAreNotSubstitutedAgain) {
  options_.imports["a"] = "{$b}";
  M3u8Context context = make();
  EXPECT_EQ(define(context, "IMPORT=\"a\""), "");
  EXPECT_EQ(context.substitute("{$a}"), "{$b}");
}

TEST_F(M3u8ContextTest, LeavesAloneWhatIsNoReference) {
  M3u8Context context = make();
  for (const std::string text : {"", "{", "{$", "{$}", "{$a", "{$a b}", "$a", "{a}", "{${$"}) {
    EXPECT_EQ(context.substitute(text), text);
  }
  EXPECT_EQ(define(context, "NAME=\"a\",VALUE=\"1\""), "");
  EXPECT_EQ(context.substitute("{${$a}}{$a"), "{$1}{$a");
}

TEST_F(M3u8ContextTest, LimitsLinesAndTheSumOfAll) {
  options_.imports["big"] = std::string(kMaxPlaylistLineBytes / 2, 'x');
  std::uint64_t work = 0;
  options_.work = &work;
  M3u8Context context = make();
  EXPECT_EQ(define(context, "IMPORT=\"big\""), "");
  EXPECT_TRUE(context.substitute("{$big}{$big}"));
  EXPECT_EQ(context.substitute("{$big}{$big}x").error().code, base::ErrorCode::limitExceeded);

  base::Result<std::string> last = std::string();
  std::size_t calls = 0;
  while (last && calls < 100'000) {
    last = context.substitute("{$big}");
    ++calls;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, base::ErrorCode::limitExceeded);
  EXPECT_LE(calls, kMaxPlaylistProducedBytes / (kMaxPlaylistLineBytes / 2));
  EXPECT_LE(work, kMaxPlaylistProducedBytes + kMaxPlaylistLineBytes);
}

TEST_F(M3u8ContextTest, LimitsTheNumberOfVariables) {
  M3u8Context context = make();
  for (std::size_t i = 0; i < kMaxPlaylistVariables; ++i) {
    EXPECT_EQ(define(context, "NAME=\"v" + std::to_string(i) + "\",VALUE=\"\""), "");
  }
  EXPECT_NE(define(context, "NAME=\"more\",VALUE=\"\""), "");
}

TEST_F(M3u8ContextTest, AttributeReaderKeepsTheFirstError) {
  M3u8Context context = make();
  M3u8AttributeReader attributes(context, "A=1,B=x,C=\"t\",D=YES,E=2x3,F=0x1,G=-1.5");
  EXPECT_EQ(attributes.requiredInteger("A"), 1u);
  EXPECT_EQ(attributes.text("C"), "t");
  EXPECT_TRUE(attributes.yes("D"));
  EXPECT_EQ(attributes.resolution("E"), (Resolution{2, 3}));
  EXPECT_EQ(attributes.hex128("F")->at(15), 1);
  EXPECT_EQ(attributes.signedDecimal("G", 6), -1'500'000);
  EXPECT_EQ(attributes.integer("Z"), std::nullopt);
  EXPECT_EQ(attributes.optionalText("Z"), std::nullopt);
  EXPECT_FALSE(attributes.yes("Z"));
  EXPECT_TRUE(attributes.status());
  EXPECT_EQ(attributes.integer("B"), std::nullopt);
  EXPECT_EQ(attributes.requiredText("Z"), "");
  EXPECT_EQ(attributes.text("C"), "") << "nothing is read after an error";
  ASSERT_FALSE(attributes.status());
  EXPECT_EQ(attributes.status().error().detail,
            "line 3: EXT-X-DEFINE: B is \"x\", expected a whole number from 0 to 2^64 - 1");
}

}  // namespace
}  // namespace p2pml::media
