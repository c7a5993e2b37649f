#include "platform/native/server/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace p2pml::native {
namespace {

using ::testing::HasSubstr;

TEST(Endpoint, TakesTheUsualForms) {
  EXPECT_EQ(parseEndpoint("127.0.0.1:8000"), (Endpoint{"127.0.0.1", 8000}));
  EXPECT_EQ(parseEndpoint("0.0.0.0:0"), (Endpoint{"0.0.0.0", 0}));
  EXPECT_EQ(parseEndpoint("localhost:65535"), (Endpoint{"127.0.0.1", 65535}));
  EXPECT_EQ(parseEndpoint("[::1]:80"), (Endpoint{"::1", 80}));
  EXPECT_EQ(parseEndpoint(":80"), (Endpoint{"127.0.0.1", 80}));
  EXPECT_EQ(parseEndpoint("80"), (Endpoint{"127.0.0.1", 80}));
}

TEST(Endpoint, IsWrittenAsInUrls) {
  EXPECT_EQ(toString(Endpoint{"127.0.0.1", 80}), "127.0.0.1:80");
  EXPECT_EQ(toString(Endpoint{"::1", 80}), "[::1]:80");
}

TEST(Endpoint, SaysWhatIsWrong) {
  const auto why = [](std::string_view text) {
    const auto result = parseEndpoint(text);
    return result ? std::string("accepted") : result.error().detail;
  };
  EXPECT_THAT(why("127.0.0.1:65536"), HasSubstr("the port is no number"));
  EXPECT_THAT(why("127.0.0.1:"), HasSubstr("the port is no number"));
  EXPECT_THAT(why("127.0.0.1:80x"), HasSubstr("\"127.0.0.1:80x\""));
  EXPECT_THAT(why("127.0.0.1:-1"), HasSubstr("the port is no number"));
  EXPECT_THAT(why(""), HasSubstr("the port is no number"));
  EXPECT_THAT(why("::1:80"), HasSubstr("brackets"));
  EXPECT_THAT(why("[::1]80"), HasSubstr("\"]:\""));
  EXPECT_THAT(why("example.org:80"), HasSubstr("no IP address"));
}

}  // namespace
}  // namespace p2pml::native
