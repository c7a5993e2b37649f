#include "engine/http/byte_range.hpp"

#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

TEST(ByteRange, ParsesOneRangeWithAndWithoutEnd) {
  EXPECT_EQ(parseByteRange("bytes=0-1023"), (ByteRange{0, 1023}));
  EXPECT_EQ(parseByteRange("bytes=500-"), (ByteRange{500, std::nullopt}));
  EXPECT_EQ(parseByteRange("bytes=0-1023")->length(), 1024U);
  EXPECT_EQ(parseByteRange("bytes=7-7")->text(), "bytes=7-7");
}

TEST(ByteRange, RefusesEverythingElse) {
  for (const char* bad : {"", "bytes=", "bytes=-5", "bytes=5-4", "bytes=1-2,4-5", "items=0-1", "bytes=a-b",
                          "bytes=0 -1", "bytes=0-18446744073709551615", "bytes=99999999999999999999-"}) {
    EXPECT_FALSE(parseByteRange(bad)) << bad;
  }
}

TEST(ByteRange, SaneHeaderHasNoLineBreaks) {
  EXPECT_TRUE(isSaneRangeHeader("bytes=1-2,4-5"));
  EXPECT_FALSE(isSaneRangeHeader("bytes=0-1\r\nHost: x"));
  EXPECT_FALSE(isSaneRangeHeader(""));
  EXPECT_FALSE(isSaneRangeHeader("nonsense"));
  EXPECT_FALSE(isSaneRangeHeader("bytes=" + std::string(300, '1')));
}

}  // namespace
}  // namespace p2pml::engine
