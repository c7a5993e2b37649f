#include "platform/native/ws/ws_url.hpp"

#include <gtest/gtest.h>

namespace p2pml::native {
namespace {

void expectParts(std::string_view url, bool tls, std::string_view host, int port, std::string_view target,
                 std::string_view authority) {
  const auto parsed = parseWsUrl(url);
  ASSERT_TRUE(parsed) << url << ": " << parsed.error().detail;
  EXPECT_EQ(parsed->tls, tls) << url;
  EXPECT_EQ(parsed->host, host) << url;
  EXPECT_EQ(parsed->port, port) << url;
  EXPECT_EQ(parsed->target, target) << url;
  EXPECT_EQ(parsed->authority(), authority) << url;
}

TEST(WsUrlTest, Parts) {
  expectParts("wss://tracker.openwebtorrent.com", true, "tracker.openwebtorrent.com", 443, "/",
              "tracker.openwebtorrent.com");
  expectParts("wss://tracker.example/", true, "tracker.example", 443, "/", "tracker.example");
  expectParts("wss://tracker.example:443/announce", true, "tracker.example", 443, "/announce", "tracker.example");
  expectParts("ws://tracker.example:8000/a/b?token=%20x&y", false, "tracker.example", 8000, "/a/b?token=%20x&y",
              "tracker.example:8000");
  expectParts("WS://LOCALHOST:443", false, "localhost", 443, "/", "localhost:443");
  expectParts("wss://tracker.example?x=1", true, "tracker.example", 443, "/?x=1", "tracker.example");
  expectParts("ws://127.0.0.1:65535", false, "127.0.0.1", 65535, "/", "127.0.0.1:65535");
  expectParts("ws://tracker.example:/x", false, "tracker.example", 80, "/x", "tracker.example");
  expectParts("ws://[::1]:8000/x", false, "::1", 8000, "/x", "[::1]:8000");
  expectParts("wss://[2001:DB8::1]", true, "2001:db8::1", 443, "/", "[2001:db8::1]");
}

TEST(WsUrlTest, WhatIsWrongIsNamed) {
  const struct {
    const char* url;
    const char* what;
  } cases[] = {
      {"", "begins with ws://"},
      {"tracker.example", "begins with ws://"},
      {"http://tracker.example", "begins with ws://"},
      {"udp://tracker.example:6969", "begins with ws://"},
      {"ws:/tracker.example", "begins with ws://"},
      {"ws://", "host is missing"},
      {"ws:///path", "host is missing"},
      {"ws://:80/", "host is missing"},
      {"ws://host:0/", "port"},
      {"ws://host:65536/", "port"},
      {"ws://host:80a/", "port"},
      {"ws://host:-1/", "port"},
      {"ws://a:b:c/", "port"},
      {"ws://user:pass@host/", "user name"},
      {"ws://host/#x", "fragment"},
      {"ws://h\xc3\xb6st/", "punycode"},
      {"ws://ho st/", "characters"},
      {"ws://host\r\nX: y/", "characters"},
      {"ws://host/a b", "percent-encoded"},
      {"ws://host/\r\nEvil: 1", "percent-encoded"},
      {"ws://host/caf\xc3\xa9", "percent-encoded"},
      {"ws://[::1", "closing bracket"},
      {"ws://[nonsense]/", "not an IPv6"},
      {"ws://[::1]80/", "expected a port"},
  };
  for (const auto& [url, what] : cases) {
    const auto parsed = parseWsUrl(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code, base::ErrorCode::invalidArgument) << url;
    EXPECT_NE(parsed.error().detail.find(what), std::string::npos) << url << " gave: " << parsed.error().detail;
  }
}

TEST(WsUrlTest, Limits) {
  const std::string longest = "ws://host/" + std::string(4096 - 10, 'a');
  EXPECT_TRUE(parseWsUrl(longest));
  EXPECT_FALSE(parseWsUrl(longest + "a"));
  EXPECT_TRUE(parseWsUrl("ws://" + std::string(253, 'a')));
  EXPECT_FALSE(parseWsUrl("ws://" + std::string(254, 'a')));
}

TEST(WsUrlTest, ErrorsKeepSecrets) {
  const auto parsed = parseWsUrl("ws://user:secret@host/x?token=secret");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().detail.find("secret"), std::string::npos) << parsed.error().detail;
}

}  // namespace
}  // namespace p2pml::native
