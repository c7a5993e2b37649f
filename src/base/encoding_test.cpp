#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.hpp"

namespace p2pml::base {
namespace {

std::string allBytes() {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  return all;
}

std::string base64Of(std::string_view text) {
  return toBase64(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

TEST(Encoding, Hex) {
  EXPECT_EQ(toHex(std::string_view("\x00\x0f\xf0\xff", 4)), "000ff0ff");
  EXPECT_EQ(toHex(std::string_view()), "");
  EXPECT_EQ(fromHex(""), "");
  EXPECT_EQ(fromHex("00fFAb"), std::string("\x00\xff\xab", 3));
  EXPECT_EQ(fromHex(toHex(allBytes())), allBytes());
}

TEST(Encoding, HexRefusesWhatIsNone) {
  EXPECT_FALSE(fromHex("abc"));
  EXPECT_FALSE(fromHex("0g"));
  EXPECT_FALSE(fromHex("g0"));
  EXPECT_FALSE(fromHex(" 0"));
  EXPECT_FALSE(fromHex("/0"));
  EXPECT_FALSE(fromHex(":0"));
  EXPECT_FALSE(fromHex("@0"));
  EXPECT_FALSE(fromHex("`0"));
}

// RFC 4648 section 10.
TEST(Encoding, Base64Vectors) {
  const std::pair<std::string_view, std::string_view> rows[] = {{"", ""},
                                                                {"f", "Zg=="},
                                                                {"fo", "Zm8="},
                                                                {"foo", "Zm9v"},
                                                                {"foob", "Zm9vYg=="},
                                                                {"fooba", "Zm9vYmE="},
                                                                {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : rows) {
    EXPECT_EQ(base64Of(plain), encoded);
    EXPECT_EQ(fromBase64(encoded), std::string(plain));
  }
  EXPECT_EQ(base64Of("\xfb\xff\xbf"), "+/+/");
  for (std::size_t length = 0; length <= 256; ++length) {
    const std::string part = allBytes().substr(256 - length);
    ASSERT_EQ(fromBase64(base64Of(part)), part);
  }
}

TEST(Encoding, Base64RefusesWhatIsNone) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "====", "Z===", "=", "Zg==Zg==", "Z=g=", "Zm9-", "Zm9_",
                                      "Zm 9", "Zh==", "Zm9=", "Zm9v\n"}) {
    EXPECT_FALSE(fromBase64(text)) << text;
  }
}

TEST(Encoding, Latin1) {
  EXPECT_EQ(latin1ToUtf8("a\x80\xff"), "a\xc2\x80\xc3\xbf");
  EXPECT_EQ(utf8ToLatin1(latin1ToUtf8(allBytes())), allBytes());
  EXPECT_FALSE(utf8ToLatin1("\xc4\x80"));  // U+0100, the first that is no byte
  EXPECT_FALSE(utf8ToLatin1("\xc3"));
  EXPECT_FALSE(utf8ToLatin1("\xff"));
}

// docs/protocol/tracker-websocket.md 5c.1: the 45 bytes JavaScript puts on the wire for this infohash.
TEST(Encoding, BinaryStringOnTheWire) {
  const std::string hash = *fromHex("ae9cd6bf657a583a6f33711f1cae11fa25c19b43");
  std::string json;
  appendJsonBinaryString(json, hash);
  EXPECT_EQ(toHex(json),
            "22c2aec29cc396c2bf657a583a6f3371"
            "5c7530303166"
            "5c7530303163"
            "c2ae"
            "5c7530303131"
            "c3ba25c381c29b4322");
  EXPECT_EQ(json.size(), 45U);
}

TEST(Encoding, IsUtf8) {
  EXPECT_TRUE(isUtf8(""));
  EXPECT_TRUE(isUtf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
  EXPECT_FALSE(isUtf8("a\x80"));
  EXPECT_FALSE(isUtf8("\xed\xa0\x80"));
  EXPECT_FALSE(isUtf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(isUtf8("ok\xe2\x82"));
}

}  // namespace
}  // namespace p2pml::base
