#include "base/json.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/rng.hpp"

namespace p2pml::base {
namespace {

Json parsed(std::string_view text) {
  const Result<Json> value = parseJson(text);
  EXPECT_TRUE(value) << text << ": " << (value ? "" : value.error().detail);
  return value ? *value : Json();
}

ErrorCode errorOf(std::string_view text, const JsonLimits& limits = {}) {
  const Result<Json> value = parseJson(text, limits);
  EXPECT_FALSE(value) << text;
  return value ? ErrorCode::internal : value.error().code;
}

std::string stringOf(std::string_view text) {
  const Json value = parsed(text);
  EXPECT_NE(value.string(), nullptr) << text;
  return value.string() != nullptr ? *value.string() : "";
}

double numberOf(std::string_view text) {
  const Json value = parsed(text);
  EXPECT_NE(value.number(), nullptr) << text;
  return value.number() != nullptr ? *value.number() : 0;
}

std::string numberText(double value) {
  std::string out;
  appendJsonNumber(out, value);
  return out;
}

std::string stringText(std::string_view value) {
  std::string out;
  appendJsonString(out, value);
  return out;
}

TEST(JsonParse, Values) {
  EXPECT_TRUE(parsed("null").isNull());
  EXPECT_TRUE(*parsed("true").boolean());
  EXPECT_FALSE(*parsed(" \t\r\nfalse \t\r\n").boolean());
  EXPECT_EQ(numberOf("-12.5e1"), -125.0);
  EXPECT_EQ(stringOf(R"("")"), "");
  EXPECT_TRUE(parsed("[]").array()->empty());
  EXPECT_TRUE(parsed("{ }").object()->empty());
  const Json nested = parsed(R"( { "a" : [ 1 , { "b" : null } ] , "c" : "d" } )");
  EXPECT_EQ(nested.find("a")->array()->size(), 2U);
  EXPECT_TRUE((*nested.find("a")->array())[1].find("b")->isNull());
  EXPECT_EQ(*nested.find("c")->string(), "d");
  EXPECT_EQ(nested.find("e"), nullptr);
  EXPECT_EQ(parsed("[]").find("a"), nullptr);
}

TEST(JsonParse, TypeNames) {
  EXPECT_EQ(parsed("null").typeName(), "null");
  EXPECT_EQ(parsed("true").typeName(), "boolean");
  EXPECT_EQ(parsed("1").typeName(), "number");
  EXPECT_EQ(parsed("\"\"").typeName(), "string");
  EXPECT_EQ(parsed("[]").typeName(), "array");
  EXPECT_EQ(parsed("{}").typeName(), "object");
}

TEST(JsonParse, RefusesWhatIsNotRfc8259) {
  for (const std::string_view text : {"",
                                      " ",
                                      "nul",
                                      "nulll",
                                      "True",
                                      "NaN",
                                      "Infinity",
                                      "-",
                                      "+1",
                                      "01",
                                      "-01",
                                      "1.",
                                      ".5",
                                      "1.e5",
                                      "1e",
                                      "1e+",
                                      "0x10",
                                      "1_000",
                                      "'a'",
                                      "\"",
                                      "\"a",
                                      "\"\\\"",
                                      "\"\\x41\"",
                                      "\"\\",
                                      "\"\\u",
                                      "\"\\u12\"",
                                      "\"\\u12g4\"",
                                      "\"\t\"",
                                      "\"\n\"",
                                      "[",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "]",
                                      "{",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":1",
                                      "{\"a\":1,",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{\"a\" 1}",
                                      "{1:1}",
                                      "{\"a\":}",
                                      "}",
                                      "[1}",
                                      "{\"a\":1]",
                                      "1 1",
                                      "[] []",
                                      "// c\n1",
                                      "/**/1",
                                      "\xef\xbb\xbf"
                                      "1",
                                      "\"\x80\"",
                                      "\"\xc0\xaf\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xe2\x82\"",
                                      "\"\xe2\x82",
                                      "\xa0"
                                      "1",
                                      "\v1",
                                      "\f1"}) {
    EXPECT_EQ(errorOf(text), ErrorCode::malformed) << text;
  }
  EXPECT_EQ(errorOf(std::string_view("1\0", 2)), ErrorCode::malformed);
  EXPECT_EQ(errorOf(std::string_view("\0", 1)), ErrorCode::malformed);
  EXPECT_EQ(errorOf(std::string_view("\"\0\"", 3)), ErrorCode::malformed);
  EXPECT_EQ(errorOf(std::string_view("[1\0", 3)), ErrorCode::malformed);
}

TEST(JsonParse, ErrorsNameTheByte) {
  EXPECT_EQ(parseJson("[1,x]").error().detail, "JSON: expected a value at byte 3");
  EXPECT_EQ(parseJson("{\"a\";1}").error().detail, "JSON: expected ':' at byte 4");
  EXPECT_EQ(parseJson("[1e999]").error().detail, "JSON: expected a number within the range of a double at byte 1");
}

TEST(JsonParse, Escapes) {
  EXPECT_EQ(stringOf(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(stringOf(R"("\u0041\u00e9\u20AC")"), "A\xc3\xa9\xe2\x82\xac");
  EXPECT_EQ(stringOf(R"("a\u0000b")"), std::string("a\0b", 3));
  EXPECT_EQ(stringOf(R"("\ud83d\ude00")"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(stringOf(R"("\udbff\udfff")"), "\xf4\x8f\xbf\xbf");
  EXPECT_EQ(stringOf("\"\x7f\xc2\x80\""), "\x7f\xc2\x80");
}

TEST(JsonParse, LoneSurrogatesAreReplaced) {
  const std::string replacement = "\xef\xbf\xbd";
  EXPECT_EQ(stringOf(R"("\ud83d")"), replacement);
  EXPECT_EQ(stringOf(R"("\ude00")"), replacement);
  EXPECT_EQ(stringOf(R"("\ud83dx")"), replacement + "x");
  EXPECT_EQ(stringOf(R"("\ud83d\n")"), replacement + "\n");
  EXPECT_EQ(stringOf(R"("\ud83d\u0041")"), replacement + "A");
  EXPECT_EQ(stringOf(R"("\ud83d\ud83d\ude00")"), replacement + "\xf0\x9f\x98\x80");
  EXPECT_EQ(stringOf(R"("\ude00\ud83d")"), replacement + replacement);
  EXPECT_EQ(errorOf(R"("\ud83d\u12")"), ErrorCode::malformed);
}

TEST(JsonParse, RepeatedKeysKeepTheFirstPlaceAndTheLastValue) {
  EXPECT_EQ(toJsonText(parsed(R"({"a":1,"b":2,"a":3,"c":4,"a":5})")), R"({"a":5,"b":2,"c":4})");
  std::string many = "{";
  for (int i = 0; i < 300; ++i) {
    many += "\"k" + std::to_string(i % 100) + "\":" + std::to_string(i) + ",";
  }
  many.back() = '}';
  const Json value = parsed(many);
  ASSERT_EQ(value.object()->size(), 100U);
  for (int i = 0; i < 100; ++i) {
    const Json::Member& member = (*value.object())[static_cast<std::size_t>(i)];
    EXPECT_EQ(member.first, "k" + std::to_string(i));
    EXPECT_EQ(member.second.integer(), 200 + i);
  }
  // A value put together by hand may repeat a key too.
  EXPECT_EQ(Json(Json::Object{{"a", 1}, {"a", 2}}).find("a")->integer(), 2);
}

TEST(JsonParse, Numbers) {
  EXPECT_EQ(numberOf("0"), 0.0);
  EXPECT_TRUE(std::signbit(numberOf("-0")));
  EXPECT_EQ(numberOf("0.1"), 0.1);
  EXPECT_EQ(numberOf("1E+2"), 100.0);
  EXPECT_EQ(numberOf("1.7976931348623157e308"), std::numeric_limits<double>::max());
  EXPECT_EQ(numberOf("9007199254740993"), 9007199254740992.0);  // ties to even
  EXPECT_EQ(numberOf("123456789012345678901234567890"), 123456789012345678901234567890.0);
  EXPECT_EQ(numberOf("0." + std::string(400, '0') + "1e401"), 1.0);
  EXPECT_EQ(numberOf("1" + std::string(400, '0') + "e-400"), 1.0);
}

TEST(JsonParse, NumbersTooLargeAreMalformedAndTooSmallAreZero) {
  for (const std::string& text :
       {std::string("1e309"), std::string("-1e309"), std::string("1.8e308"), std::string("1e99999999999999999999"),
        std::string(400, '9'), "1e" + std::string(1000, '9'), "0.1e" + std::string(30, '9')}) {
    EXPECT_EQ(errorOf(text), ErrorCode::malformed) << text;
  }
  for (const std::string& text : {std::string("1e-400"), std::string("1e-99999999999999999999"),
                                  "0." + std::string(400, '0') + "1", std::string("0e99999999999999999999"),
                                  std::string("0.0e999"), std::string("5e-324"), std::string("2.2e-308")}) {
    EXPECT_EQ(numberOf(text), 0.0) << text;
    EXPECT_FALSE(std::signbit(numberOf(text))) << text;
  }
  EXPECT_TRUE(std::signbit(numberOf("-1e-400")));
  EXPECT_EQ(numberOf("2.2250738585072014e-308"), std::numeric_limits<double>::min());
}

TEST(JsonParse, Integer) {
  EXPECT_EQ(parsed("9007199254740991").integer(), 9007199254740991);
  EXPECT_EQ(parsed("-9007199254740991").integer(), -9007199254740991);
  EXPECT_FALSE(parsed("9007199254740992").integer());
  EXPECT_EQ(parsed("1.0").integer(), 1);
  EXPECT_EQ(parsed("1e3").integer(), 1000);
  EXPECT_EQ(parsed("-0").integer(), 0);
  EXPECT_FALSE(parsed("1.5").integer());
  EXPECT_FALSE(parsed("1e300").integer());
  EXPECT_FALSE(parsed("\"1\"").integer());
  EXPECT_FALSE(Json(std::numeric_limits<double>::quiet_NaN()).integer());
}

TEST(JsonParse, LimitOfBytes) {
  EXPECT_TRUE(parseJson("[1,2]", {.bytes = 5}));
  EXPECT_EQ(errorOf("[1,2]", {.bytes = 4}), ErrorCode::limitExceeded);
  EXPECT_EQ(parseJson("[1,2]", {.bytes = 4}).error().detail, "JSON: text of 5 bytes, the limit is 4");
}

TEST(JsonParse, LimitOfDepth) {
  EXPECT_TRUE(parseJson(std::string(16, '[') + std::string(16, ']')));
  EXPECT_EQ(errorOf(std::string(17, '[') + std::string(17, ']')), ErrorCode::limitExceeded);
  EXPECT_TRUE(parseJson(R"({"a":[1]})", {.depth = 2}));
  EXPECT_EQ(errorOf(R"({"a":[{}]})", {.depth = 2}), ErrorCode::limitExceeded);
  EXPECT_TRUE(parseJson("1", {.depth = 0}));
  EXPECT_EQ(errorOf("{}", {.depth = 0}), ErrorCode::limitExceeded);
  EXPECT_EQ(errorOf(std::string(1'000'000, '[')), ErrorCode::limitExceeded);
}

TEST(JsonParse, LimitOfValues) {
  EXPECT_TRUE(parseJson(R"([1,"2",{"a":null}])", {.values = 5}));
  EXPECT_EQ(errorOf(R"([1,"2",{"a":null}])", {.values = 4}), ErrorCode::limitExceeded);
  EXPECT_EQ(parseJson("[1,2]", {.values = 2}).error().detail, "JSON: more than 2 values at byte 3");
}

TEST(JsonWrite, StringsAsJsonStringify) {
  EXPECT_EQ(stringText("\"\\/\b\f\n\r\t"), R"("\"\\/\b\f\n\r\t")");
  EXPECT_EQ(stringText(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(stringText("\xe2\x80\xa8\xf0\x9f\x98\x80"), "\"\xe2\x80\xa8\xf0\x9f\x98\x80\"");
  EXPECT_EQ(stringText("a\xff"
                       "b\xe2\x82"),
            "\"a\xef\xbf\xbd"
            "b\xef\xbf\xbd\"");
}

TEST(JsonWrite, EveryByteOfABinaryStringComesBack) {
  for (int i = 0; i < 256; ++i) {
    std::string text;
    appendJsonBinaryString(text, std::string(1, static_cast<char>(i)));
    std::string expected;
    appendJsonString(expected, i < 0x80   ? std::string(1, static_cast<char>(i))
                               : i < 0xc0 ? std::string("\xc2") + static_cast<char>(i)
                                          : std::string("\xc3") + static_cast<char>(i - 0x40));
    EXPECT_EQ(text, expected);
    EXPECT_TRUE(parseJson(text));
  }
}

// Texts as JSON.stringify gives them (ECMA-262 Number::toString).
TEST(JsonWrite, NumbersAsJavaScript) {
  const std::pair<double, std::string_view> rows[] = {
      {0.0, "0"},
      {-0.0, "0"},
      {1.0, "1"},
      {-1.5, "-1.5"},
      {0.1, "0.1"},
      {100.0, "100"},
      {100000.0, "100000"},
      {123456.789, "123456.789"},
      {9007199254740991.0, "9007199254740991"},
      {9007199254740992.0, "9007199254740992"},
      {1e20, "100000000000000000000"},
      {1e21, "1e+21"},
      {1.5e21, "1.5e+21"},
      {123e-8, "0.00000123"},
      {1e-6, "0.000001"},
      {1e-7, "1e-7"},
      {1.25e-7, "1.25e-7"},
      {-1e-7, "-1e-7"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {0.30000000000000004, "0.30000000000000004"},
      {333333333.33333329, "333333333.3333333"},
  };
  for (const auto& [value, text] : rows) EXPECT_EQ(numberText(value), text);
  EXPECT_EQ(numberText(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(numberText(-std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(numberText(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(JsonWrite, NumbersReadBackTheSame) {
  Rng rng(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(rng.next());
    if (!std::isnormal(value)) continue;
    ASSERT_EQ(numberOf(numberText(value)), value) << numberText(value);
  }
}

TEST(JsonWrite, CompactInOrder) {
  const std::string text = R"({"z":[1,-2.5,true,false,null,"x"],"a":{"b":{}},"":[]})";
  EXPECT_EQ(toJsonText(parsed(text)), text);
}

Json randomJson(Rng& rng, int depth) {
  const auto kind = rng.below(depth > 0 ? 6 : 4);
  switch (kind) {
    case 0: return {};
    case 1: return rng.below(2) == 1;
    case 2: return static_cast<double>(rng.between(-1000, 1000)) / 8;
    case 3: {
      std::string raw;
      const auto length = rng.below(8);
      for (std::uint64_t i = 0; i < length; ++i) raw.push_back(static_cast<char>(rng.below(128)));
      return raw;
    }
    case 4: {
      Json::Array items;
      const auto length = rng.below(5);
      for (std::uint64_t i = 0; i < length; ++i) items.push_back(randomJson(rng, depth - 1));
      return items;
    }
    default: {
      Json::Object members;
      const auto length = rng.below(25);
      for (std::uint64_t i = 0; i < length; ++i) {
        members.emplace_back("k" + std::to_string(i), randomJson(rng, depth - 1));
      }
      return members;
    }
  }
}

TEST(JsonWrite, WhatIsWrittenReadsBackTheSame) {
  Rng rng(42);
  for (int i = 0; i < 300; ++i) {
    const Json value = randomJson(rng, 3);
    ASSERT_EQ(parsed(toJsonText(value)), value) << toJsonText(value);
  }
}

}  // namespace
}  // namespace p2pml::base
