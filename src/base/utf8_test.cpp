#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace p2pml::base {
namespace {

TEST(Utf8, EveryCodePointComesBack) {
  for (char32_t codePoint = 0; codePoint <= 0x10ffff; ++codePoint) {
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
    std::string text;
    appendUtf8(text, codePoint);
    const Utf8Unit unit = decodeUtf8(text, 0);
    ASSERT_TRUE(unit.valid) << static_cast<std::uint32_t>(codePoint);
    ASSERT_EQ(unit.codePoint, codePoint);
    ASSERT_EQ(unit.length, text.size());
  }
}

struct Broken {
  std::string text;
  int length;  // of the maximal subpart
};

TEST(Utf8, BrokenTextGivesTheMaximalSubpart) {
  // The rows of Unicode 15 tables 3-8 to 3-11 that differ in kind.
  const Broken rows[] = {
      {"\x80", 1},              // a continuation alone
      {"\xc0\xaf", 1},          // overlong
      {"\xc1\xbf", 1},          // overlong
      {"\xe0\x80\xbf", 1},      // overlong in three bytes
      {"\xe0\x9f\xbf", 1},      // overlong in three bytes, last one
      {"\xed\xa0\x80", 1},      // surrogate U+D800
      {"\xed\xbf\xbf", 1},      // surrogate U+DFFF
      {"\xf0\x8f\xbf\xbf", 1},  // overlong in four bytes
      {"\xf4\x90\x80\x80", 1},  // U+110000
      {"\xf5\x80\x80\x80", 1},  // no such lead byte
      {"\xff", 1},
      {"\xc3", 1},          // cut off
      {"\xe1\x80", 2},      // cut off
      {"\xf1\x80\x80", 3},  // cut off
      {"\xf1\x80\x41", 2},  // interrupted
      {"\xe1\x80\xe2", 2},  // interrupted
  };
  for (const Broken& row : rows) {
    const Utf8Unit unit = decodeUtf8(row.text, 0);
    EXPECT_FALSE(unit.valid) << testing::PrintToString(row.text);
    EXPECT_EQ(unit.codePoint, kReplacementCharacter);
    EXPECT_EQ(int{unit.length}, row.length) << testing::PrintToString(row.text);
  }
}

TEST(Utf8, ReadsAtAPosition) {
  const std::string text = "a\xe2\x82\xac";
  EXPECT_EQ(decodeUtf8(text, 1).codePoint, char32_t{0x20ac});
  EXPECT_FALSE(decodeUtf8(text, 2).valid);
}

}  // namespace
}  // namespace p2pml::base
