#include "base/js_text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace p2pml::base {
namespace {

// What node answers for the same expressions.
TEST(JsText, Numbers) {
  const auto text = [](std::string_view number) { return jsNumberText(jsNumber(number)); };
  EXPECT_EQ(text("30.000"), "30");
  EXPECT_EQ(text("29.970"), "29.97");
  EXPECT_EQ(text("59.94005994005994"), "59.94005994005994");
  EXPECT_EQ(text(" 050. \n"), "50");
  EXPECT_EQ(text(".5"), "0.5");
  EXPECT_EQ(text(""), "0");
  EXPECT_EQ(text("-0"), "0");
  EXPECT_EQ(text("+7"), "7");
  EXPECT_EQ(text("1e+2"), "100");
  EXPECT_EQ(text("1.5e-7"), "1.5e-7");
  EXPECT_EQ(text("100000000000000000000000"), "1e+23");
  EXPECT_EQ(text("1e400"), "Infinity");
  EXPECT_EQ(text("-1e99999999999999999999"), "-Infinity");
  EXPECT_EQ(text("0e99999999999999999999"), "0");
  EXPECT_EQ(text("1e-400"), "0");
  EXPECT_EQ(text("0." + std::string(400, '0') + "1"), "0");
  EXPECT_EQ(text("1" + std::string(400, '0')), "Infinity");
  EXPECT_EQ(text("-Infinity"), "-Infinity");
  EXPECT_EQ(text("0x1E"), "30");
  EXPECT_EQ(text("0o17"), "15");
  EXPECT_EQ(text("0b11"), "3");
  for (const std::string_view no : {"30fps", ".", "1_0", "1e", "1e+", "+-1", "0x", "0xg", "-0x1", "0b2", "infinity",
                                    "nan", "1 2", "1..2", "--1", "\xd9\xa3"}) {
    EXPECT_EQ(text(no), "NaN") << no;
  }
}

TEST(JsText, Trim) {
  EXPECT_EQ(jsTrim("\t \u00a0\ufeff\u3000x y\u2028 \n"), "x y");
  EXPECT_EQ(jsTrim(" \u2003 "), "");
  EXPECT_EQ(jsTrim(""), "");
  EXPECT_EQ(jsTrim("\u200bx"), "\u200bx") << "of no width but no white space";
  EXPECT_EQ(jsTrim(" \xff "), "\xff");
}

TEST(JsText, LowerCase) {
  EXPECT_EQ(jsLowerCase("AZ az 09[@`{"), "az az 09[@`{");
  EXPECT_EQ(jsLowerCase("\u00c9T\u00c9 \u0178 \u0104\u0105\u0139\u013a"),
            "\u00e9t\u00e9 \u00ff \u0105\u0105\u013a\u013a");
  EXPECT_EQ(jsLowerCase("\u0420\u0443\u0441\u0421\u041a"), "\u0440\u0443\u0441\u0441\u043a");
  EXPECT_EQ(jsLowerCase("\u0130"), "i\u0307");
  EXPECT_EQ(jsLowerCase("\u1e9e\u212a\U00010400\U0001e921"), "\u00dfk\U00010428\U0001e943");
  EXPECT_EQ(jsLowerCase("\u65e5\u672c"), "\u65e5\u672c");
  EXPECT_EQ(jsLowerCase("\xff"), "\ufffd");
}

TEST(JsText, SigmaAtAWordsEnd) {
  EXPECT_EQ(jsLowerCase("\u039f\u0394\u039f\u03a3"), "\u03bf\u03b4\u03bf\u03c2");
  EXPECT_EQ(jsLowerCase("\u039f\u03a3 \u0391"), "\u03bf\u03c2 \u03b1");
  EXPECT_EQ(jsLowerCase("\u03a3"), "\u03c3");
  EXPECT_EQ(jsLowerCase("\u03a3\u039f"), "\u03c3\u03bf");
  EXPECT_EQ(jsLowerCase("\u0391\u03a3.\u0392"), "\u03b1\u03c3.\u03b2");
  EXPECT_EQ(jsLowerCase("\u0391\u03a3\u0301"), "\u03b1\u03c2\u0301");
}

TEST(JsText, Prefix) {
  EXPECT_EQ(jsPrefix("en-US", 2), "en");
  EXPECT_EQ(jsPrefix("e", 2), "e");
  EXPECT_EQ(jsPrefix("\u00c9T\u00c9", 2), "\u00c9T");
  EXPECT_EQ(jsPrefix("\U0001f600x", 2), "\U0001f600");
  EXPECT_EQ(jsPrefix("a\U0001f600", 2), "a\ufffd");
  EXPECT_EQ(jsPrefix("", 2), "");
}

}  // namespace
}  // namespace p2pml::base
