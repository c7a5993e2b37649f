#include "media/uri.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace p2pml::media {
namespace {

struct Example {
  std::string_view reference;
  std::string_view target;
};

std::string resolved(std::string_view reference, std::string_view base) {
  const auto result = resolveUri(reference, base);
  return result ? *result : "error: " + result.error().detail;
}

// RFC 3986 section 5.4.1, all of it.
TEST(Uri, ResolvesTheNormalExamplesOfTheRfc) {
  const std::vector<Example> examples = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
  };
  for (const Example& example : examples) {
    EXPECT_EQ(resolved(example.reference, "http://a/b/c/d;p?q"), example.target) << example.reference;
  }
}

// RFC 3986 section 5.4.2, all of it, "http:g" as a strict parser has it.
TEST(Uri, ResolvesTheAbnormalExamplesOfTheRfc) {
  const std::vector<Example> examples = {
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/./x", "http://a/b/c/g#s/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
      {"http:g", "http:g"},
  };
  for (const Example& example : examples) {
    EXPECT_EQ(resolved(example.reference, "http://a/b/c/d;p?q"), example.target) << example.reference;
  }
}

TEST(Uri, ResolvesWhatPlaylistsContain) {
  const std::string_view base = "https://cdn.example:8443/live/1/index.m3u8?token=a/b#t";
  EXPECT_EQ(resolved("seg0.ts", base), "https://cdn.example:8443/live/1/seg0.ts");
  EXPECT_EQ(resolved("seg0.ts?token=x", base), "https://cdn.example:8443/live/1/seg0.ts?token=x");
  EXPECT_EQ(resolved("//other.example/s.ts", base), "https://other.example/s.ts");
  EXPECT_EQ(resolved("http://[::1]:80/s.ts", base), "http://[::1]:80/s.ts");
  EXPECT_EQ(resolved("12:30:00.ts", base), "https://cdn.example:8443/live/1/12:30:00.ts");
  EXPECT_EQ(resolved("skd://key-1", base), "skd://key-1");
  EXPECT_EQ(resolved("data:text/plain;base64,AA==", base), "data:text/plain;base64,AA==");
  EXPECT_EQ(resolved("s.ts", "https://cdn.example"), "https://cdn.example/s.ts");
  EXPECT_EQ(resolved("s.ts", "https://cdn.example?x=1"), "https://cdn.example/s.ts");
  EXPECT_EQ(resolved("?x=2", "https://cdn.example"), "https://cdn.example?x=2");
  EXPECT_EQ(resolved("HTTPS://CDN.example/A/../B", base), "HTTPS://CDN.example/B") << "case stays as written";
}

TEST(Uri, EncodesWhatNoUriHas) {
  const std::string_view base = "https://a/b/";
  EXPECT_EQ(resolved("a b.ts", base), "https://a/b/a%20b.ts");
  EXPECT_EQ(resolved("a%20b.ts", base), "https://a/b/a%20b.ts") << "what is encoded stays as it is";
  EXPECT_EQ(resolved("\xc3\xa4.ts?q={x}", base), "https://a/b/%C3%A4.ts?q=%7Bx%7D");
  EXPECT_EQ(resolved("50%.ts", base), "https://a/b/50%.ts");
  EXPECT_EQ(resolved("x", "https://a/b c/"), "https://a/b%20c/x");
}

TEST(Uri, WithoutABaseReferencesStayRelative) {
  const UriResolver resolver;
  EXPECT_EQ(resolver.resolve("a/../b.ts?x"), "a/../b.ts?x");
  EXPECT_EQ(resolver.resolve("//host/x"), "//host/x");
  EXPECT_EQ(resolver.resolve("http://a/./b"), "http://a/b");
}

TEST(Uri, APathThatBeginsWithTwoSlashesStaysAPath) {
  EXPECT_EQ(resolved("/.//x", "foo:/a"), "foo:/.//x");
  EXPECT_EQ(resolved("foo:/..//x", "http://a/"), "foo:/.//x");
  EXPECT_EQ(resolved("/.//x", "http://a/"), "http://a//x");
}

TEST(Uri, RefusesBrokenBasesAndReferences) {
  EXPECT_EQ(UriResolver::forBase("index.m3u8").error().code, base::ErrorCode::malformed);
  EXPECT_NE(UriResolver::forBase("/live/index.m3u8").error().detail.find("absolute"), std::string::npos);
  EXPECT_FALSE(UriResolver::forBase("http:///index.m3u8"));
  EXPECT_FALSE(UriResolver::forBase("http://user@:80/index.m3u8"));
  EXPECT_FALSE(UriResolver::forBase("http://a:65536/"));
  EXPECT_FALSE(UriResolver::forBase("http://a:http/"));
  EXPECT_FALSE(UriResolver::forBase("http://[::1/"));
  EXPECT_FALSE(UriResolver::forBase("http://[::1]x/"));
  EXPECT_FALSE(UriResolver::forBase("http://a]b/"));
  EXPECT_TRUE(UriResolver::forBase("http://a:65535/"));
  EXPECT_TRUE(UriResolver::forBase("http://a:/"));
  EXPECT_TRUE(UriResolver::forBase("http://u:p@a:1/"));
  EXPECT_FALSE(resolveUri(std::string_view("a\0b", 3), "http://a/"));
  EXPECT_FALSE(resolveUri("a\nb", "http://a/"));
  EXPECT_FALSE(resolveUri("//b:x/", "http://a/"));
  EXPECT_FALSE(resolveUri("///b", "http://a/")) << "no host";
  EXPECT_EQ(resolved("///b", "foo:/a"), "foo:///b");
}

TEST(Uri, HasALengthLimit) {
  const std::string url = "http://a/";
  EXPECT_TRUE(UriResolver::forBase(url + std::string(kMaxBaseUriBytes - url.size(), 'x')));
  EXPECT_EQ(UriResolver::forBase(url + std::string(kMaxBaseUriBytes - url.size() + 1, 'x')).error().code,
            base::ErrorCode::limitExceeded);
  EXPECT_TRUE(resolveUri(std::string(kMaxUriBytes, 'x'), "http://a/"));
  EXPECT_EQ(resolveUri(std::string(kMaxUriBytes + 1, 'x'), "http://a/").error().code, base::ErrorCode::limitExceeded);
}

TEST(Uri, ManyDotSegmentsAreHarmless) {
  std::string up;
  for (int i = 0; i < 20'000; ++i) up += "../";
  EXPECT_EQ(resolved(up + "x", "http://a/b/c/d"), "http://a/x");
  std::string there;
  for (int i = 0; i < 10'000; ++i) there += "y/../";
  EXPECT_EQ(resolved(there + "x", "http://a/b/"), "http://a/b/x");
}

TEST(Uri, KnowsWhatAnHttpClientCanLoad) {
  EXPECT_TRUE(isHttpUrl("http://a/b"));
  EXPECT_TRUE(isHttpUrl("HTTPS://a"));
  EXPECT_FALSE(isHttpUrl("http:g"));
  EXPECT_FALSE(isHttpUrl("http://"));
  EXPECT_FALSE(isHttpUrl("http://:80/"));
  EXPECT_FALSE(isHttpUrl("//a/b"));
  EXPECT_FALSE(isHttpUrl("ftp://a/b"));
  EXPECT_FALSE(isHttpUrl(""));
}

TEST(Uri, ReadsQueryParameters) {
  const std::string_view url = "https://a/p?x=1&token=a%2Fb%3D&x=2&flag&empty=#x=3";
  EXPECT_EQ(uriQueryParameter(url, "x"), "1");
  EXPECT_EQ(uriQueryParameter(url, "token"), "a/b=");
  EXPECT_EQ(uriQueryParameter(url, "empty"), "");
  EXPECT_EQ(uriQueryParameter(url, "flag"), std::nullopt);
  EXPECT_EQ(uriQueryParameter(url, "y"), std::nullopt);
  EXPECT_EQ(uriQueryParameter("https://a/p?v=%2", "v"), "%2");
  EXPECT_EQ(uriQueryParameter("https://a/p", "v"), std::nullopt);
}

TEST(Uri, WhereAKeyMayComeFrom) {
  for (const char* good : {"https://k/1", "http://k/1", "data:text/plain;base64,AA", "skd://key"})
    EXPECT_TRUE(isKeyUrl(good)) << good;
  for (const char* bad : {"javascript:alert(1)", "FILE:///etc/passwd", "k.bin", "", "http://"})
    EXPECT_FALSE(isKeyUrl(bad)) << bad;
}

}  // namespace
}  // namespace p2pml::media
