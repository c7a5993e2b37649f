#include "media/m3u8_lexer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace p2pml::media {
namespace {

std::vector<std::string> linesOf(std::string_view text) {
  std::vector<std::string> lines;
  M3u8LineReader reader(text);
  while (const auto line = reader.next()) lines.push_back(std::to_string(line->number) + ":" + std::string(line->text));
  return lines;
}

TEST(M3u8Lexer, ReadsLinesOfEveryKindOfEnd) {
  EXPECT_EQ(linesOf("a\nb\r\n\n  c \t\nlast"), (std::vector<std::string>{"1:a", "2:b", "3:", "4:c", "5:last"}));
  EXPECT_EQ(linesOf("\xef\xbb\xbf#EXTM3U\n"), (std::vector<std::string>{"1:#EXTM3U"}));
  EXPECT_TRUE(linesOf("").empty());
  EXPECT_EQ(linesOf("\n"), (std::vector<std::string>{"1:"}));
}

TEST(M3u8Lexer, TellsTagsFromCommentsAndUris) {
  EXPECT_EQ(classify(""), M3u8LineKind::blank);
  EXPECT_EQ(classify("#EXTINF:1,"), M3u8LineKind::tag);
  EXPECT_EQ(classify("#ext"), M3u8LineKind::comment);
  EXPECT_EQ(classify("# EXTINF"), M3u8LineKind::comment);
  EXPECT_EQ(classify("a#EXT"), M3u8LineKind::uri);
}

TEST(M3u8Lexer, SplitsTags) {
  EXPECT_EQ(splitTag("#EXTM3U").name, "EXTM3U");
  EXPECT_EQ(splitTag("#EXTM3U").value, "");
  EXPECT_EQ(splitTag("#EXT-X-MAP:URI=\"a:b\"").name, "EXT-X-MAP");
  EXPECT_EQ(splitTag("#EXT-X-MAP:URI=\"a:b\"").value, "URI=\"a:b\"");
  EXPECT_EQ(splitTag("#EXTINF: 4 ").value, "4");
}

TEST(M3u8Lexer, ReadsIntegers) {
  EXPECT_EQ(parseDecimalInteger("0"), 0u);
  EXPECT_EQ(parseDecimalInteger("007"), 7u);
  EXPECT_EQ(parseDecimalInteger("18446744073709551615"), 18446744073709551615u);
  EXPECT_EQ(parseDecimalInteger("18446744073709551616"), std::nullopt);
  EXPECT_EQ(parseDecimalInteger(""), std::nullopt);
  EXPECT_EQ(parseDecimalInteger("-1"), std::nullopt);
  EXPECT_EQ(parseDecimalInteger("1.0"), std::nullopt);
}

TEST(M3u8Lexer, ReadsDecimalsExactly) {
  EXPECT_EQ(parseDecimal("9.009", 6), 9'009'000);
  EXPECT_EQ(parseDecimal("10", 6), 10'000'000);
  EXPECT_EQ(parseDecimal("10.", 6), 10'000'000);
  EXPECT_EQ(parseDecimal(".5", 6), 500'000);
  EXPECT_EQ(parseDecimal("2.0000001", 6), 2'000'000);
  EXPECT_EQ(parseDecimal("2.0000005", 6), 2'000'001) << "half rounds up";
  EXPECT_EQ(parseDecimal("2.00000049999999999999999999", 6), 2'000'000)
      << "rounded once, from the first digit left over";
  EXPECT_EQ(parseDecimal("9.9999999", 6), 10'000'000);
  EXPECT_EQ(parseDecimal("0.1", 6), 100'000);
  EXPECT_EQ(parseDecimal("4611686.018427387904", 6), 4'611'686'018'427);
  EXPECT_EQ(parseDecimal("1000000000", 6), 1'000'000'000'000'000);
  EXPECT_EQ(parseDecimal("1000000000.000001", 6), std::nullopt);
  EXPECT_EQ(parseDecimal("1000000000.0000009", 6), std::nullopt);
  EXPECT_EQ(parseDecimal(std::string(4000, '9'), 6), std::nullopt);
  EXPECT_EQ(parseDecimal("1e3", 6), std::nullopt);
  EXPECT_EQ(parseDecimal("1.2.3", 6), std::nullopt);
  EXPECT_EQ(parseDecimal(".", 6), std::nullopt);
  EXPECT_EQ(parseDecimal("", 6), std::nullopt);
  EXPECT_EQ(parseDecimal("-1", 6), std::nullopt);
  EXPECT_EQ(parseDecimal("29.97", 3), 29'970);
  EXPECT_EQ(parseSignedDecimal("-4.5", 6), -4'500'000);
  EXPECT_EQ(parseSignedDecimal("+4.5", 6), 4'500'000);
  EXPECT_EQ(parseSignedDecimal("--4", 6), std::nullopt);
}

TEST(M3u8Lexer, ReadsInitialisationVectors) {
  const auto iv = parseHex128("0x10ffAB");
  ASSERT_TRUE(iv);
  EXPECT_EQ(iv->at(15), 0xab);
  EXPECT_EQ(iv->at(14), 0xff);
  EXPECT_EQ(iv->at(13), 0x10);
  EXPECT_EQ(iv->at(0), 0);
  EXPECT_EQ(parseHex128("0xF")->at(15), 0x0f);
  EXPECT_TRUE(parseHex128("0X" + std::string(32, 'f')));
  EXPECT_FALSE(parseHex128("0x" + std::string(33, 'f')));
  EXPECT_FALSE(parseHex128("0x"));
  EXPECT_FALSE(parseHex128("12"));
  EXPECT_FALSE(parseHex128("0x1g"));
}

TEST(M3u8Lexer, ReadsByteRanges) {
  EXPECT_EQ(parseByteRange("100")->length, 100u);
  EXPECT_FALSE(parseByteRange("100")->offset);
  EXPECT_EQ(parseByteRange("100@0")->offset, 0u);
  EXPECT_TRUE(parseByteRange("1@9223372036854775806"));
  EXPECT_FALSE(parseByteRange("2@9223372036854775806"));
  EXPECT_FALSE(parseByteRange("0@5"));
  EXPECT_FALSE(parseByteRange("5@"));
  EXPECT_FALSE(parseByteRange("@5"));
  EXPECT_FALSE(parseByteRange("5-9"));
}

TEST(M3u8Lexer, ReadsAttributeLists) {
  const auto list =
      M3u8AttributeList::parse("BANDWIDTH=128, CODECS = \"avc1.4d401e,mp4a.40.2\" ,,RESOLUTION=640x360,X-E=\"\",Y=,");
  ASSERT_TRUE(list) << list.error().detail;
  ASSERT_EQ(list->all().size(), 5u);
  EXPECT_EQ(list->find("BANDWIDTH")->value, "128");
  EXPECT_FALSE(list->find("BANDWIDTH")->quoted);
  EXPECT_EQ(list->find("CODECS")->value, "avc1.4d401e,mp4a.40.2");
  EXPECT_TRUE(list->find("CODECS")->quoted);
  EXPECT_EQ(list->find("RESOLUTION")->value, "640x360");
  EXPECT_EQ(list->find("X-E")->value, "");
  EXPECT_EQ(list->find("Y")->value, "");
  EXPECT_EQ(list->find("bandwidth"), nullptr);
  EXPECT_TRUE(M3u8AttributeList::parse("")->all().empty());
}

TEST(M3u8Lexer, RefusesBrokenAttributeLists) {
  const auto detail = [](std::string_view text) {
    const auto list = M3u8AttributeList::parse(text);
    return list ? std::string("parsed") : list.error().detail;
  };
  EXPECT_EQ(detail("A=\"open"), "A: expected a closing quote");
  EXPECT_EQ(detail("A"), "expected NAME=value, found \"A\"");
  EXPECT_EQ(detail("A=1,B"), "expected NAME=value, found \"B\"");
  EXPECT_EQ(detail("A,B=1"), "expected NAME=value, found \"A,B=1\"");
  EXPECT_EQ(detail("=1"), "expected an attribute name before \"=1\"");
  EXPECT_EQ(detail("A=\"x\"y"), "A: expected a comma after the closing quote, found \"y\"");
  EXPECT_EQ(detail("A=1,A=2"), "attribute \"A\" appears twice, expected once");
}

TEST(M3u8Lexer, LimitsTheNumberOfAttributes) {
  std::string text;
  for (std::size_t i = 0; i < kMaxAttributes; ++i) text += "A" + std::to_string(i) + "=1,";
  EXPECT_TRUE(M3u8AttributeList::parse(text));
  EXPECT_EQ(M3u8AttributeList::parse(text + "B=1").error().code, base::ErrorCode::limitExceeded);
}

}  // namespace
}  // namespace p2pml::media
