#include "media/dash/mpd_rewrite.hpp"

#include <gtest/gtest.h>

#include "base/testing/files.hpp"
#include "media/dash/mpd_reader.hpp"
#include "media/dash_timeline.hpp"

namespace p2pml::media::dash {
namespace {

TEST(MpdRewrite, EveryUriBecomesTheGivenOne) {
  const std::string text =
      "<?xml version=\"1.0\"?><!-- kept --><m:MPD "
      "xmlns:m=\"n\"><m:Location>/next.mpd</m:Location><m:BaseURL>a/</m:BaseURL>"
      "<m:Period><m:AdaptationSet><m:SegmentTemplate media=\"$Number%05d$.m4s?x=1&amp;y=2\" initialization=\"i.mp4\"/>"
      "<m:Representation id=\"1\"><m:BaseURL>b/</m:BaseURL></m:Representation></m:AdaptationSet></m:Period>"
      "<m:UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"/time\"/>"
      "<m:UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"2026\"/></m:MPD>";
  const auto result = rewriteUris(text, "https://e.x/d/m.mpd", [](const ManifestUri& uri) {
    return "http://l/" + std::to_string(static_cast<int>(uri.use)) + "/" + std::string(uri.url.substr(8));
  });
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(
      *result,
      "<?xml version=\"1.0\"?><!-- kept --><m:MPD xmlns:m=\"n\"><m:Location>http://l/16/e.x/next.mpd</m:Location>"
      "<m:Period><m:AdaptationSet><m:SegmentTemplate/><m:Representation id=\"1\"><m:BaseURL>http://l/11/e.x/d/a/b/"
      "</m:BaseURL><m:SegmentTemplate media=\"http://l/12/e.x/d/a/b/$Number%05d$.m4s?x=1&amp;y=2\" "
      "initialization=\"http://l/14/e.x/d/a/b/i.mp4\"/></m:Representation></m:AdaptationSet></m:Period>"
      "<m:UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"http://l/18/e.x/time\"/>"
      "<m:UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"2026\"/></m:MPD>");
}

TEST(MpdRewrite, TheWholeCorpusReadsTheSameAfterwards) {
  const WallTime now = *parseDateTime("2026-01-01T00:10:00Z");
  const std::string url = "https://e.x/d/m.mpd";
  std::size_t compared = 0;
  for (const std::string& name : base::fileNames(base::goldenPath("../manifests/dash"), ".mpd")) {
    const std::string text = base::fileText(base::goldenPath("../manifests/dash/" + name));
    const auto same = rewriteUris(text, url, [](const ManifestUri&) { return std::nullopt; });
    ASSERT_TRUE(same) << name << ": " << same.error().detail;
    const auto before = parseMpd(text, url);
    const auto after = parseMpd(*same, url);
    ASSERT_TRUE(before && after) << name;
    EXPECT_EQ(presentationOf(*before, url, url, now), presentationOf(*after, url, url, now)) << name;
    ++compared;
  }
  EXPECT_GE(compared, 30u);
}

TEST(MpdRewrite, WhatLeadsElsewhereByOtherWaysIsExchangedOrLeftOut) {
  const std::string text =
      "<MPD xmlns:xlink=\"x\"><PatchLocation>/p</PatchLocation><ContentSteering>https://s/</ContentSteering>"
      "<Period xlink:href=\"ad.xml\"/><Period xlink:href=\"urn:mpeg:dash:resolve-to-zero:2013\"/>"
      "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-head:2014\" value=\" /a  https://t.x/b\"/></MPD>";
  const UriRewriter rewriter = [](const ManifestUri& uri) {
    return "http://l/" + std::to_string(static_cast<int>(uri.use)) + "/" + std::string(uri.url.substr(8));
  };
  const std::string rest =
      "<Period xlink:href=\"http://l/19/e.x/d/ad.xml\"/><Period xlink:href=\"urn:mpeg:dash:resolve-to-zero:2013\"/>"
      "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-head:2014\" value=\"http://l/18/e.x/a "
      "http://l/18/t.x/b\"/></MPD>";
  EXPECT_EQ(*rewriteUris(text, "https://e.x/d/m.mpd", rewriter, MpdRewriteOptions{.withoutPatches = true}),
            "<MPD xmlns:xlink=\"x\">" + rest);
  EXPECT_EQ(*rewriteUris(text, "https://e.x/d/m.mpd", rewriter, MpdRewriteOptions{}),
            "<MPD xmlns:xlink=\"x\"><PatchLocation>http://l/17/e.x/p</PatchLocation>" + rest);
}

TEST(MpdRewrite, WhatIsRefused) {
  const std::string text = "<MPD><Period><AdaptationSet><Representation id=\"1\"/></AdaptationSet></Period></MPD>";
  EXPECT_EQ(rewriteUris(text, "https://e.x/", [](const ManifestUri&) { return "a b"; }).error().code,
            base::ErrorCode::invalidArgument);
  EXPECT_EQ(rewriteUris("<MPD", "https://e.x/", [](const ManifestUri&) { return std::nullopt; }).error().code,
            base::ErrorCode::malformed);
}

}  // namespace
}  // namespace p2pml::media::dash
