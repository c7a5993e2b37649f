#include "gateway/urls.hpp"

#include <gtest/gtest.h>

#include <string>

namespace p2pml::gateway {
namespace {

TEST(Urls, OriginsAreOneTextForAllSpellings) {
  EXPECT_EQ(originOf("HTTPS://Example.COM:443/a?b"), "https://example.com");
  EXPECT_EQ(originOf("http://example.com:80"), "http://example.com");
  EXPECT_EQ(originOf("http://example.com:/x"), "http://example.com");
  EXPECT_EQ(originOf("http://[2001:DB8::1]:8080/"), "http://[2001:db8::1]:8080");
  for (const char* bad : {"", "example.com", "file:///etc/passwd", "javascript:alert(1)", "http://", "http:///a",
                          "http://user@host/", "http://a b/", "http://a\\@b/", "ftp://host/"}) {
    EXPECT_EQ(originOf(bad), std::nullopt) << bad;
  }
}

TEST(Urls, CanonicalUrlsKeepPathAndQueryAsWritten) {
  EXPECT_EQ(canonicalUrl("HTTP://H:80/A%2f?q=1#part"), "http://h/A%2f?q=1");
  EXPECT_EQ(canonicalUrl("https://h?x"), "https://h/?x");
  EXPECT_EQ(canonicalUrl("https://h"), "https://h/");
}

TEST(Urls, HostsOfOrigins) {
  EXPECT_EQ(hostOf("https://example.com:8443"), "example.com");
  EXPECT_EQ(hostOf("http://[::1]:80"), "::1");
}

TEST(Urls, PrivateHosts) {
  for (const char* host : {"localhost",
                           "LOCALHOST.",
                           "router",
                           "nas.local",
                           "a.localhost",
                           "x.internal",
                           "127.0.0.1",
                           "127.9.9.9",
                           "10.0.0.1",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "0.0.0.0",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::1",
                           "::",
                           "fe80::1",
                           "fd00::1",
                           "ff02::1",
                           "::ffff:127.0.0.1",
                           "64:ff9b::7f00:1"}) {
    EXPECT_TRUE(isPrivateHost(host)) << host;
  }
  for (const char* host : {"example.com", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.0.1", "2001:db8::1",
                           "3fff::1", "127.0.0.1.example.com"}) {
    EXPECT_FALSE(isPrivateHost(host)) << host;
  }
}

TEST(Urls, SecretsAreRedacted) {
  EXPECT_EQ(redacted("https://u:p@h/a.m3u8?token=1#x"), "https://h/a.m3u8?...");
  EXPECT_EQ(redacted("https://h/a@b"), "https://h/a@b");
  EXPECT_EQ(redacted("https://h/" + std::string(400, 'a')).size(), 303U);
}

TEST(Urls, QueryParameters) {
  EXPECT_EQ(queryParameter("/play?a=1&url=https%3A%2F%2Fh%2F%3Fx%3D1&b", "url"), "https://h/?x=1");
  EXPECT_EQ(queryParameter("/play?url=", "url"), "");
  EXPECT_EQ(queryParameter("/play?url", "url"), std::nullopt);
  EXPECT_EQ(queryParameter("/play?curl=1", "url"), std::nullopt);
  EXPECT_EQ(queryParameter("/play?url=%0d%0a", "url"), std::nullopt);
  EXPECT_EQ(queryParameter("/play?url=%4", "url"), std::nullopt);
  EXPECT_EQ(withoutQueryParameter("https://h/a?_HLS_msn=1&_HLS_skip=YES", "_HLS_skip"), "https://h/a?_HLS_msn=1");
  EXPECT_EQ(withoutQueryParameter("https://h/a?_HLS_skip=YES", "_HLS_skip"), "https://h/a");
  EXPECT_EQ(withoutQueryParameter("https://h/a", "_HLS_skip"), "https://h/a");
}

TEST(Urls, SpaceGoesBothWays) {
  UrlSpace space("/s/x/", "https://h/a/index.m3u8");
  EXPECT_EQ(space.localPath("https://H:443/a/1.ts?k=1#f"), "/s/x/0/a/1.ts?k=1");
  EXPECT_EQ(space.localPath("http://cdn.example:8080"), "/s/x/1/");
  EXPECT_EQ(space.upstream("1/z?q"), "http://cdn.example:8080/z?q");
  EXPECT_EQ(space.upstream("0/a/1.ts"), "https://h/a/1.ts");
  for (const char* unknown : {"", "0", "2/a", "a/b", "-1/a", "/a", "99999999999/a"}) {
    EXPECT_EQ(space.upstream(unknown), std::nullopt) << unknown;
  }
}

TEST(Urls, SpaceRefusesWhatMustNotBeFetched) {
  UrlSpace space("/s/x/", "https://h.example/");
  EXPECT_EQ(space.localPath("http://127.0.0.1/").error().code, base::ErrorCode::invalidArgument);
  EXPECT_EQ(space.localPath("file:///etc/passwd").error().code, base::ErrorCode::malformed);
  for (std::size_t i = 1; i < UrlSpace::kMaxOrigins; ++i) {
    EXPECT_TRUE(space.localPath("https://h" + std::to_string(i) + ".example/"));
  }
  EXPECT_EQ(space.localPath("https://more.example/").error().code, base::ErrorCode::limitExceeded);
  EXPECT_TRUE(space.localPath("https://h1.example/again"));
}

}  // namespace
}  // namespace p2pml::gateway
