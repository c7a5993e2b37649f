#include "media/m3u8_rewrite.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace p2pml::media {
namespace {

constexpr std::string_view kBase = "https://cdn.example/live/index.m3u8?t=1";

std::string rewritten(std::string_view text, const UriRewriter& rewriter, const M3u8RewriteOptions& options = {}) {
  const auto result = rewriteUris(text, kBase, rewriter, options);
  EXPECT_TRUE(result) << result.error().detail;
  return result.value_or("");
}

std::optional<std::string> local(const ManifestUri& uri) {
  return "http://127.0.0.1:1/" + std::to_string(static_cast<int>(uri.use)) + "/" + std::string(uri.url.substr(8));
}

TEST(M3u8Rewrite, EveryUriOfAMediaPlaylist) {
  const std::string text =
      "\xef\xbb\xbf#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n#EXT-X-DEFINE:NAME=\"d\",VALUE=\"dir\"\r\n"
      "#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"100@0\"\r\n#EXT-X-KEY:METHOD=AES-128,URI=../{$d}/k.key,IV=0x01\r\n"
      "#EXTINF:4,title, with comma\r\n  a.ts?x={$d} \r\n# a comment with a.ts\r\n#EXT-X-VENDOR:URI=\"x\"\r\n"
      "#EXT-X-PART:DURATION=1,URI=\"p.mp4\"\r\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"q.mp4\"\r\n"
      "#EXT-X-RENDITION-REPORT:URI=\"/o.m3u8\",LAST-MSN=1";
  EXPECT_EQ(rewritten(text, local),
            "\xef\xbb\xbf#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n#EXT-X-DEFINE:NAME=\"d\",VALUE=\"dir\"\r\n"
            "#EXT-X-MAP:URI=\"http://127.0.0.1:1/3/cdn.example/live/init.mp4\",BYTERANGE=\"100@0\"\r\n"
            "#EXT-X-KEY:METHOD=AES-128,URI=\"http://127.0.0.1:1/4/cdn.example/dir/k.key\",IV=0x01\r\n"
            "#EXTINF:4,title, with comma\r\n  http://127.0.0.1:1/0/cdn.example/live/a.ts?x=dir \r\n"
            "# a comment with a.ts\r\n#EXT-X-VENDOR:URI=\"x\"\r\n"
            "#EXT-X-PART:DURATION=1,URI=\"http://127.0.0.1:1/1/cdn.example/live/p.mp4\"\r\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"http://127.0.0.1:1/2/cdn.example/live/q.mp4\"\r\n"
            "#EXT-X-RENDITION-REPORT:URI=\"http://127.0.0.1:1/8/cdn.example/o.m3u8\",LAST-MSN=1");
}

TEST(M3u8Rewrite, EveryUriOfAMultivariantPlaylist) {
  std::vector<std::string> seen;
  const std::string text =
      "#EXTM3U\n#EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"sk\"\n#EXT-X-SESSION-DATA:DATA-ID=\"a\",URI=\"sd.json\"\n"
      "#EXT-X-SESSION-DATA:DATA-ID=\"b\",VALUE=\"v\"\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"/steer\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",URI=\"a.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"muxed\"\n"
      "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n\nv.m3u8\n";
  const std::string same = rewritten(text, [&](const ManifestUri& uri) {
    seen.push_back(std::to_string(static_cast<int>(uri.use)) + " " + std::string(uri.url));
    return std::nullopt;
  });
  EXPECT_EQ(same, text);
  const std::string base = " https://cdn.example/live/";
  EXPECT_EQ(seen, (std::vector<std::string>{"4" + base + "sk", "9" + base + "sd.json", "10 https://cdn.example/steer",
                                            "7" + base + "a.m3u8", "6" + base + "i.m3u8", "5" + base + "v.m3u8"}));
}

TEST(M3u8Rewrite, WithoutLowLatencyWhatRemainsIsWhole) {
  M3u8RewriteOptions options;
  options.withoutLowLatency = true;
  const std::string text =
      "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-PART-INF:PART-TARGET=1\n"
      "#EXT-X-PART:DURATION=1,URI=\"p\"\n#EXTINF:4,\na.ts\n#EXT-X-PART:DURATION=1,URI=\"q\"\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"r\"\n";
  EXPECT_EQ(rewritten(
                text, [](const ManifestUri&) { return std::nullopt; }, options),
            "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n");
}

TEST(M3u8Rewrite, WhatIsRefused) {
  const std::string text = "#EXTM3U\n#EXTINF:1,\na.ts\n";
  for (const char* wrong : {"", "a b", "a\nb", "#a", "a\"b", "{$x}"}) {
    const auto result = rewriteUris(text, kBase, [&](const ManifestUri&) { return wrong; });
    ASSERT_FALSE(result) << wrong;
    EXPECT_EQ(result.error().code, base::ErrorCode::invalidArgument);
  }
  const auto never = [](const ManifestUri&) { return std::nullopt; };
  EXPECT_EQ(rewriteUris("#EXTM3U\n{$none}\n", kBase, never).error().code, base::ErrorCode::malformed);
  EXPECT_EQ(rewriteUris("#EXT-X-KEY:URI=\"a\n", kBase, never).error().code, base::ErrorCode::malformed);
  EXPECT_EQ(rewriteUris(std::string(kMaxPlaylistBytes + 1, '\n'), kBase, never).error().code,
            base::ErrorCode::limitExceeded);
  EXPECT_EQ(rewriteUris(std::string(70'000, 'a'), kBase, never).error().code, base::ErrorCode::limitExceeded);
}

}  // namespace
}  // namespace p2pml::media
