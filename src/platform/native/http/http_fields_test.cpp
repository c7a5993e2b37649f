#include "platform/native/http/http_fields.hpp"

#include <gtest/gtest.h>

namespace p2pml::native {
namespace {

TEST(HttpFieldsTest, ContentLengthIsDigitsOnly) {
  EXPECT_EQ(parseContentLength("0"), 0u);
  EXPECT_EQ(parseContentLength("4194304"), 4194304u);
  EXPECT_EQ(parseContentLength("5, 5"), 5u);
  EXPECT_EQ(parseContentLength("9223372036854775807"), 9223372036854775807u);
  EXPECT_EQ(parseContentLength("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parseContentLength("99999999999999999999999"), std::nullopt);
  EXPECT_EQ(parseContentLength(""), std::nullopt);
  EXPECT_EQ(parseContentLength("-1"), std::nullopt);
  EXPECT_EQ(parseContentLength("+1"), std::nullopt);
  EXPECT_EQ(parseContentLength("0x10"), std::nullopt);
  EXPECT_EQ(parseContentLength("5, 6"), std::nullopt);
  EXPECT_EQ(parseContentLength("5,"), std::nullopt);
  EXPECT_EQ(parseContentLength("5 5"), std::nullopt);
}

TEST(HttpFieldsTest, ContentRangeOfRfc9110) {
  EXPECT_EQ(parseContentRange("bytes 42-1233/1234"), (ContentRange{42, 1233, 1234}));
  EXPECT_EQ(parseContentRange("Bytes 42-1233/*"), (ContentRange{42, 1233, std::nullopt}));
  EXPECT_EQ(parseContentRange("bytes */1234"), (ContentRange{std::nullopt, std::nullopt, 1234}));
  EXPECT_EQ(parseContentRange("bytes 0-0/1"), (ContentRange{0, 0, 1}));
}

TEST(HttpFieldsTest, ContentRangeThatIsWrongIsNone) {
  for (const char* wrong :
       {"", "bytes", "bytes ", "bytes 5-4/10", "bytes 0-10/10", "bytes */*", "bytes 1-/5", "bytes -5/9", "items 0-1/5",
        "bytes=0-1/5", "bytes 0-1", "bytes 0 - 1/5", "bytes 0-1/5x", "bytes 0-1/99999999999999999999"}) {
    EXPECT_EQ(parseContentRange(wrong), std::nullopt) << wrong;
  }
}

TEST(HttpFieldsTest, HeaderLine) {
  const auto line = parseHeaderLine("Content-Length:  12 \r\n");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->name, "Content-Length");
  EXPECT_EQ(line->value, "12");
  EXPECT_FALSE(parseHeaderLine("HTTP/1.1 200 OK\r\n"));
  EXPECT_FALSE(parseHeaderLine("Bad Name: 1\r\n"));
  EXPECT_FALSE(parseHeaderLine("\r\n"));
}

TEST(HttpFieldsTest, NothingCanBeSmuggledIntoAHeader) {
  EXPECT_TRUE(isFieldName("X-Token"));
  EXPECT_FALSE(isFieldName(""));
  EXPECT_FALSE(isFieldName("X Token"));
  EXPECT_FALSE(isFieldName("X-Token:"));
  EXPECT_TRUE(isFieldValue("bytes=0-"));
  EXPECT_FALSE(isFieldValue("a\r\nEvil: 1"));
  EXPECT_FALSE(isFieldValue(std::string_view("a\0b", 3)));
}

TEST(HttpFieldsTest, UrlsAreShownWithoutSecrets) {
  EXPECT_EQ(redactedUrl("https://cdn.example/a/b.ts"), "https://cdn.example/a/b.ts");
  EXPECT_EQ(redactedUrl("https://cdn.example/a/b.ts?token=secret#x"), "https://cdn.example/a/b.ts?...");
  EXPECT_EQ(redactedUrl("https://user:pass@cdn.example/a@b"), "https://cdn.example/a@b");
  EXPECT_EQ(redactedUrl("https://user:pass@cdn.example"), "https://cdn.example");
  EXPECT_EQ(redactedUrl("http://h/\r\nX"), "http://h/??X");
  EXPECT_EQ(redactedUrl("http://h/" + std::string(1000, 'a')).size(), 203u);
}

}  // namespace
}  // namespace p2pml::native
