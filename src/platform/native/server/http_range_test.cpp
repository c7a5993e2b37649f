#include "platform/native/server/http_range.hpp"

#include <gtest/gtest.h>

namespace p2pml::native {
namespace {

using Parsed = std::variant<WholeBody, ByteRange, Unsatisfiable>;

TEST(HttpRange, FindsOneRange) {
  EXPECT_EQ(parseRange("bytes=0-0", 10), Parsed(ByteRange{0, 0}));
  EXPECT_EQ(parseRange("bytes=2-5", 10), Parsed(ByteRange{2, 5}));
  EXPECT_EQ(parseRange("bytes=2-", 10), Parsed(ByteRange{2, 9}));
  EXPECT_EQ(parseRange("bytes=-3", 10), Parsed(ByteRange{7, 9}));
}

TEST(HttpRange, CutsWhatGoesBeyondTheEnd) {
  EXPECT_EQ(parseRange("bytes=9-99", 10), Parsed(ByteRange{9, 9}));
  EXPECT_EQ(parseRange("bytes=-99", 10), Parsed(ByteRange{0, 9}));
}

TEST(HttpRange, NothingWithinTheBodyIsUnsatisfiable) {
  EXPECT_EQ(parseRange("bytes=10-", 10), Parsed(Unsatisfiable{}));
  EXPECT_EQ(parseRange("bytes=10-12", 10), Parsed(Unsatisfiable{}));
  EXPECT_EQ(parseRange("bytes=-0", 10), Parsed(Unsatisfiable{}));
  EXPECT_EQ(parseRange("bytes=0-", 0), Parsed(Unsatisfiable{}));
  EXPECT_EQ(parseRange("bytes=-1", 0), Parsed(Unsatisfiable{}));
}

TEST(HttpRange, WhatIsNotUnderstoodMeansTheWholeBody) {
  for (const char* header : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=0-1,3-4", "lines=0-1",
                             "bytes=1-2x", "bytes=+1-2", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(parseRange(header, 10), Parsed(WholeBody{})) << header;
  }
}

}  // namespace
}  // namespace p2pml::native
