#include "media/dash/mpd_reader.hpp"

#include <gtest/gtest.h>

#include "base/testing/files.hpp"
#include "media/dash/mpd_xml.hpp"

namespace p2pml::media::dash {
namespace {

constexpr std::string_view kUrl = "https://e.x/d/m.mpd?t=1";

Mpd read(const std::string& text) {
  auto mpd = parseMpd(text, kUrl);
  EXPECT_TRUE(mpd) << mpd.error().detail;
  return mpd ? std::move(*mpd) : Mpd();
}

std::string errorOf(const std::string& text) {
  const auto mpd = parseMpd(text, kUrl);
  return mpd ? "none" : std::string(toString(mpd.error().code)) + ": " + mpd.error().detail;
}

TEST(MpdReader, InheritsWhatIsAround) {
  const Mpd mpd = read(
      "<MPD "
      "mediaPresentationDuration=\"PT10S\"><BaseURL>a/</BaseURL><BaseURL>mirror/</BaseURL><Period><BaseURL>b/</BaseURL>"
      "<SegmentTemplate timescale=\"10\" duration=\"20\" media=\"m\" availabilityTimeOffset=\"1.5\"/>"
      "<AdaptationSet lang=\"en\" mimeType=\"audio/mp4\" codecs=\"mp4a.40.2\"><Label> Main </Label>"
      "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>"
      "<ContentProtection schemeIdUri=\"urn:s\" xmlns:cenc=\"c\" cenc:default_KID=\"1\"/>"
      "<SegmentTemplate startNumber=\"3\"/><Representation id=\"1\" bandwidth=\"5\"><BaseURL "
      "availabilityTimeOffset=\"2\">c/</BaseURL>"
      "<SegmentTemplate media=\"own\"><SegmentTimeline><S t=\"1\" d=\"2\" r=\"3\"/><S d=\"4\" r=\"-1\" "
      "n=\"9\"/></SegmentTimeline>"
      "</SegmentTemplate></Representation><Representation id=\"2\" codecs=\"ec-3\"/></AdaptationSet></Period></MPD>");
  ASSERT_EQ(mpd.periods.size(), 1u);
  EXPECT_EQ(mpd.periods[0].duration, base::seconds(10));
  const MpdAdaptationSet& set = mpd.periods[0].adaptationSets.at(0);
  EXPECT_EQ(set.label, "Main");
  EXPECT_EQ(set.own.protections.at(0).defaultKeyId, "1");
  const MpdRepresentation& first = set.representations.at(0);
  EXPECT_EQ(first.baseUrl, "https://e.x/d/a/b/c/");
  EXPECT_EQ(first.codecs, "mp4a.40.2");
  EXPECT_EQ(first.segments.timescale, 10u);
  EXPECT_EQ(first.segments.startNumber, 3u);
  EXPECT_EQ(first.segments.media, "own");
  EXPECT_EQ(first.segments.availabilityTimeOffset, base::milliseconds(3500));
  ASSERT_TRUE(first.segments.timeline);
  EXPECT_EQ(*first.segments.timeline,
            (std::vector<MpdTimelineEntry>{{1, 2, 3, std::nullopt}, {std::nullopt, 4, -1, 9}}));
  const MpdRepresentation& second = set.representations.at(1);
  EXPECT_EQ(second.codecs, "ec-3");
  EXPECT_EQ(second.segments.media, "m");
  EXPECT_FALSE(second.segments.timeline);
  EXPECT_EQ(second.baseUrl, "https://e.x/d/a/b/");
}

TEST(MpdReader, PeriodsFollowEachOther) {
  const Mpd mpd = read(
      "<MPD mediaPresentationDuration=\"PT30S\"><Period duration=\"PT4S\"/><Period duration=\"PT20S\"/><Period "
      "start=\"PT12S\"/></MPD>");
  ASSERT_EQ(mpd.periods.size(), 3u);
  EXPECT_EQ(mpd.periods[1].start, base::seconds(4));
  EXPECT_EQ(mpd.periods[1].duration, base::seconds(8)) << "cut where the next one begins";
  EXPECT_EQ(mpd.periods[2].duration, base::seconds(18));
}

TEST(MpdReader, WhatIsBehindXlinkIsNotFetched) {
  const Mpd mpd = read(
      "<MPD xmlns:xlink=\"x\" mediaPresentationDuration=\"PT30S\"><Period xlink:href=\"http://evil/\" "
      "duration=\"PT2S\"/>"
      "<Period xlink:href=\"urn:mpeg:dash:resolve-to-zero:2013\"/></MPD>");
  EXPECT_EQ(mpd.periods.size(), 1u);
  EXPECT_EQ(mpd.notes,
            (std::vector<std::string>{"Period 1: xlink:href is not followed; what stands in the element counts"}));
}

TEST(MpdReader, WhatIsWrongIsNamed) {
  EXPECT_EQ(errorOf("<MPD/>"), "malformed: MPD: expected at least one Period");
  EXPECT_EQ(errorOf("<html/>"),
            "malformed: MPD: the root element is \"html\", expected \"MPD\": this is no DASH manifest");
  EXPECT_EQ(errorOf("<!DOCTYPE MPD><MPD/>"), "malformed: MPD: a document type, expected none");
  EXPECT_EQ(
      errorOf("<MPD mediaPresentationDuration=\"-PT1S\"><Period/></MPD>"),
      "malformed: MPD: mediaPresentationDuration is \"-PT1S\", expected a duration such as PT1H2M3.5S, not negative");
  EXPECT_EQ(
      errorOf("<MPD><Period><AdaptationSet><Representation id=\"a\"><SegmentTemplate><SegmentTimeline><S d=\"0\"/>"
              "</SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period></MPD>"),
      "malformed: MPD: Period 1: AdaptationSet 1: Representation \"a\": SegmentTemplate: S@d is \"0\", expected a "
      "whole "
      "number from 1");
  EXPECT_EQ(errorOf("<MPD>\xff</MPD>"), "malformed: MPD: expected UTF-8");
  EXPECT_EQ(errorOf("<MPD><Period>"), errorOf("<MPD><Period>"));
  EXPECT_TRUE(errorOf("<MPD><Period>").starts_with("malformed: MPD: byte "));
}

TEST(MpdReader, LimitsHoldBeforeTheTreeIsMade) {
  EXPECT_EQ(errorOf(std::string(kMaxMpdBytes + 1, ' ')), "limitExceeded: MPD: longer than 8388608 bytes");
  std::string deep = "<MPD>";
  for (std::size_t i = 0; i < kMaxMpdDepth; ++i) deep += "<a>";
  EXPECT_EQ(errorOf(deep), "limitExceeded: MPD: elements more than 64 deep");
  std::string many = "<MPD>";
  for (std::size_t i = 0; i < kMaxMpdElements; ++i) many += "<a/>";
  EXPECT_EQ(errorOf(many + "</MPD>"), "limitExceeded: MPD: more than 400000 elements");
  std::string attributes = "<MPD";
  for (std::size_t i = 0; i <= kMaxMpdAttributes; ++i) attributes += " a=''";
  EXPECT_EQ(errorOf(attributes.substr(0, kMaxMpdBytes - 10)), "limitExceeded: MPD: more than 1500000 attributes");
  EXPECT_EQ(errorOf("<MPD a=\"" + std::string(kMaxMpdAttributeBytes + 1, 'x') + "\"/>"),
            "limitExceeded: MPD: an attribute longer than 8192 bytes");
  std::string representations = "<MPD><Period><AdaptationSet>";
  for (std::size_t i = 0; i <= kMaxMpdRepresentations; ++i) representations += "<Representation/>";
  EXPECT_TRUE(errorOf(representations + "</AdaptationSet></Period></MPD>").starts_with("limitExceeded: "));
}

}  // namespace
}  // namespace p2pml::media::dash
