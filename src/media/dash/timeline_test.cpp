// MPDs as timelines: media/dash_timeline.hpp and media/dash_names.hpp, from the text on.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/testing/files.hpp"
#include "media/dash/mpd_reader.hpp"
#include "media/dash_names.hpp"
#include "media/dash_timeline.hpp"

namespace p2pml::media {
namespace {

const WallTime kNow = *parseDateTime("2026-01-01T00:10:00Z");

std::string manifestPath(const std::string& name) { return base::goldenPath("../manifests/dash/" + name); }

Presentation timelineOf(const std::string& text, const std::string& url = "https://e.x/d/m.mpd?t=1") {
  const auto mpd = dash::parseMpd(text, url);
  EXPECT_TRUE(mpd) << mpd.error().detail;
  if (!mpd) return {};
  auto presentation = presentationOf(*mpd, url, url, kNow);
  EXPECT_TRUE(presentation) << presentation.error().detail;
  return presentation ? std::move(*presentation) : Presentation();
}

std::string withSegments(const std::string& segments,
                         const std::string& attributes = "mediaPresentationDuration=\"PT10S\"") {
  return "<MPD " + attributes + "><Period>" + "<AdaptationSet mimeType=\"video/mp4\">" + segments +
         "<Representation id=\"v\" bandwidth=\"1\" codecs=\"avc1.4d401e\"/></AdaptationSet></Period></MPD>";
}

base::Error errorOf(const std::string& text) {
  const auto mpd = dash::parseMpd(text, "https://e.x/m.mpd");
  if (!mpd) return mpd.error();
  const auto presentation = presentationOf(*mpd, "https://e.x/m.mpd", "https://e.x/m.mpd", kNow);
  EXPECT_FALSE(presentation);
  return presentation ? base::Error{} : presentation.error();
}

TEST(DashTimeline, FixedThreeDigitsAsJavaScriptRounds) {
  // Number.prototype.toFixed(3) under node 20.
  EXPECT_EQ(toFixed3(0), "0.000");
  EXPECT_EQ(toFixed3(1.0005), "1.000");
  EXPECT_EQ(toFixed3(1.0015), "1.002");
  EXPECT_EQ(toFixed3(0.0005), "0.001");
  EXPECT_EQ(toFixed3(2.5), "2.500");
  EXPECT_EQ(toFixed3(538.5379999999999), "538.538");
  EXPECT_EQ(toFixed3(1767226204.0106664), "1767226204.011");
  EXPECT_EQ(toFixed3(-0.25), "-0.250");
  EXPECT_EQ(toFixed3(1e-300), "0.000");
  EXPECT_EQ(toFixed3(999'999'999'999.0), "999999999999.000");
}

/// Whether two URLs are of one segment. Only the file's name counts: of several base URLs Shaka takes the second, and
/// of an MPD with a Location it resolves against that. It rounds a $Time$ above 2^53.
bool isSameFile(const std::string& manifest, const std::string& a, const std::string& b) {
  const auto fileOf = [](const std::string& url) { return url.substr(url.rfind('/') + 1); };
  return manifest == "epoch-live-time.mpd" || fileOf(a) == fileOf(b);
}

// tests/golden/identity/mpds.json: what the integrations for Shaka Player gave.
TEST(DashTimeline, NamesAreThoseOfTheIntegrations) {
  base::JsonLimits limits;
  limits.values = 1'000'000;
  const auto json = base::parseJson(base::fileText(base::goldenPath("identity/mpds.json")), limits);
  ASSERT_TRUE(json && json->array() != nullptr && !json->array()->empty());
  std::size_t segments = 0;
  for (const base::Json& row : *json->array()) {
    const std::string& name = *row.find("name")->string();
    const Presentation ours = timelineOf(base::fileText(manifestPath(name)), "https://example.com/dash/" + name);
    if (const base::Json* g2 = row.find("g2")) {
      for (const base::Json& theirs : *g2->array()) {
        const std::string& id = *theirs.find("id")->string();
        const auto stream = std::ranges::find_if(ours.streams, [&](const TimelineStream& candidate) {
          return candidate.id == id && candidate.sharedInBinary;
        });
        ASSERT_NE(stream, ours.streams.end()) << name << " " << id;
        EXPECT_EQ(toString(stream->names.properties.type), *theirs.find("type")->string()) << name << " " << id;
        EXPECT_EQ(stream->names.properties.index, theirs.find("index")->integer()) << name << " " << id;
        for (const base::Json& segment : *theirs.find("segments")->array()) {
          const std::string& url = *(*segment.array())[1].string();
          const double start = *(*segment.array())[2].number();
          // They announce some that are not there yet.
          if (name == "dashif-low-latency.mpd" && start >= 600) continue;
          const auto found = std::ranges::find_if(stream->segments, [&](const TimelineSegment& candidate) {
            return std::abs(static_cast<double>(candidate.start.count()) / 1e6 - start) < 0.001;
          });
          ASSERT_NE(found, stream->segments.end()) << name << " " << id << " " << url;
          EXPECT_TRUE(isSameFile(name, found->url, url)) << name << " " << url;
          EXPECT_EQ(found->externalId, (*segment.array())[0].integer()) << name << " " << url;
          ++segments;
        }
      }
    }
    if (const base::Json* g0 = row.find("g0")) {
      for (const base::Json& theirs : *g0->array()) {
        const std::string& id = *theirs.find("id")->string();
        const std::string& streamId = *theirs.find("streamId")->string();
        const auto period = static_cast<std::uint32_t>(*theirs.find("period")->integer());
        const auto stream = std::ranges::find_if(ours.streams, [&](const TimelineStream& candidate) {
          return candidate.id == id && candidate.names.streamId;
        });
        ASSERT_NE(stream, ours.streams.end()) << name << " " << id;
        const auto other = stream->streamIdsByPeriod.find(period);
        EXPECT_EQ(other == stream->streamIdsByPeriod.end() ? *stream->names.streamId : other->second, streamId)
            << name << " " << id << " in Period " << period;
        for (const base::Json& segment : *theirs.find("segments")->array()) {
          const std::string& url = *(*segment.array())[1].string();
          const auto found = std::ranges::find_if(stream->segments, [&](const TimelineSegment& candidate) {
            return isSameFile(name, candidate.url, url) && candidate.period == period &&
                   candidate.sequence == *(*segment.array())[0].string();
          });
          EXPECT_NE(found, stream->segments.end()) << name << " " << url << " " << *(*segment.array())[0].string();
          ++segments;
        }
      }
    }
  }
  EXPECT_GT(segments, 200u);
}

TEST(DashTimeline, ALiveWindowByDuration) {
  const std::string live =
      "type=\"dynamic\" availabilityStartTime=\"2026-01-01T00:00:00Z\" minimumUpdatePeriod=\"PT0S\" "
      "timeShiftBufferDepth=\"PT10S\"";
  const auto presentation =
      timelineOf(withSegments("<SegmentTemplate timescale=\"10\" duration=\"40\" startNumber=\"5\" media=\"$Number$\" "
                              "availabilityTimeOffset=\"1\"/>",
                              live));
  EXPECT_EQ(presentation.refreshInterval, base::seconds(1));
  ASSERT_EQ(presentation.streams.size(), 1u);
  const auto& segments = presentation.streams[0].segments;
  // 600 s: 150 segments are whole; the window begins with the one that plays at 590 s.
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[0].url, "https://e.x/d/152");
  EXPECT_EQ(segments[0].number, 152u);
  EXPECT_EQ(segments[0].start, base::seconds(588));
  EXPECT_EQ(segments[2].availableFrom, kNow - base::seconds(1));
  EXPECT_EQ(segments[2].dateTime, kNow - base::seconds(4));
  EXPECT_EQ(liveEdgeOf(presentation.streams[0], kNow), base::seconds(600));
}

TEST(DashTimeline, AnOpenWindowIsLimited) {
  const auto presentation = timelineOf(withSegments("<SegmentTemplate duration=\"2\" media=\"$Number$\"/>",
                                                    "type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:00:00Z\""));
  EXPECT_EQ(presentation.streams[0].segments.size(), kMaxOpenWindow);
  EXPECT_EQ(presentation.streams[0].segments.back().url, "https://e.x/d/" + std::to_string(1'767'226'200 / 2));
  EXPECT_EQ(presentation.notes.size(), 1u);
}

TEST(DashTimeline, RepeatsRunUpToTheNextTimeTheEndOrNow) {
  const auto entries = [](const std::string& inside) {
    return "<SegmentTemplate media=\"$Time$\"><SegmentTimeline>" + inside + "</SegmentTimeline></SegmentTemplate>";
  };
  const auto closed = timelineOf(withSegments(entries("<S t=\"0\" d=\"2\" r=\"-1\"/><S t=\"5\" d=\"3\" r=\"-1\"/>")));
  std::vector<std::string> urls;
  for (const auto& segment : closed.streams[0].segments) urls.push_back(segment.url.substr(14));
  EXPECT_EQ(urls, (std::vector<std::string>{"0", "2", "4", "5", "8"}));
  const auto open = timelineOf(withSegments(entries("<S t=\"590\" d=\"2\" r=\"-1\"/>"),
                                            "type=\"dynamic\" availabilityStartTime=\"2026-01-01T00:00:00Z\""));
  EXPECT_EQ(open.streams[0].segments.size(), 5u);
  EXPECT_EQ(errorOf(withSegments(entries("<S t=\"0\" d=\"2\" r=\"-1\"/><S d=\"3\"/>"))).code,
            base::ErrorCode::malformed);
}

TEST(DashTimeline, WhatIsTooMuchIsRefused) {
  EXPECT_EQ(errorOf(withSegments("<SegmentTemplate timescale=\"1000000\" duration=\"1\" media=\"$Number$\"/>")).code,
            base::ErrorCode::limitExceeded);
  EXPECT_EQ(errorOf(withSegments("<SegmentTemplate timescale=\"4294967295\" duration=\"1\" media=\"$Number$\"/>",
                                 "mediaPresentationDuration=\"PT99999999999S\""))
                .code,
            base::ErrorCode::malformed);
  EXPECT_EQ(errorOf(withSegments(
                        "<SegmentTemplate timescale=\"1000000\" media=\"$Time$\" presentationTimeOffset=\"9000000000\">"
                        "<SegmentTimeline><S t=\"0\" d=\"1\" r=\"4294967295\"/></SegmentTimeline></SegmentTemplate>"))
                .code,
            base::ErrorCode::limitExceeded);
  EXPECT_EQ(errorOf(withSegments("<SegmentTemplate duration=\"2\" media=\"$Number$\"/>", "type=\"static\"")).detail,
            "MPD: Period 1: Representation \"v\": expected the Period's duration or mediaPresentationDuration");
}

TEST(DashTimeline, ADynamicOneNeedsTheTime) {
  const auto mpd = dash::parseMpd(withSegments("<SegmentTemplate duration=\"2\" media=\"$Number$\"/>",
                                               "type=\"dynamic\" availabilityStartTime=\"2026-01-01T00:00:00Z\""),
                                  "https://e.x/m.mpd");
  ASSERT_TRUE(mpd);
  EXPECT_EQ(presentationOf(*mpd, "https://e.x/m.mpd", "https://e.x/m.mpd", std::nullopt).error().code,
            base::ErrorCode::invalidArgument);
}

TEST(DashTimeline, AnIndexBecomesSegments) {
  auto presentation =
      timelineOf(withSegments("<SegmentBase indexRange=\"100-199\" timescale=\"1000\" presentationTimeOffset=\"500\">"
                              "<Initialization range=\"0-99\"/></SegmentBase>"));
  TimelineStream& stream = presentation.streams[0];
  ASSERT_EQ(stream.indexes.size(), 1u);
  EXPECT_TRUE(stream.segments.empty());
  EXPECT_EQ(stream.indexes[0].range, (ByteRange{100, 100}));
  ASSERT_EQ(stream.inits.size(), 1u);
  SegmentIndexBox box;
  box.timescale = 1000;
  box.references = {
      {{200, 50}, 500, 4000, false, true}, {{250, 60}, 4500, 3000, false, true}, {{310, 9}, 7500, 9, true, false}};
  ASSERT_TRUE(applyIndex(stream, 0, box));
  ASSERT_EQ(stream.segments.size(), 2u);
  EXPECT_EQ(stream.segments[1].start, base::seconds(4));
  EXPECT_EQ(stream.segments[1].duration, base::seconds(3));
  EXPECT_EQ(stream.segments[1].range, (ByteRange{250, 60}));
  EXPECT_EQ(stream.segments[1].externalId, 8);
  EXPECT_EQ(stream.segments[1].externalIdOfG4, 40);
  ASSERT_EQ(stream.indexes.size(), 1u) << "the further index";
  EXPECT_EQ(stream.indexes[0].range, (ByteRange{310, 9}));
  EXPECT_EQ(applyIndex(stream, 5, box).error().code, base::ErrorCode::invalidArgument);
}

TEST(DashTimeline, AnUpdateKeepsWhatIsNotListedAnyMore) {
  const auto at = [](int first) {
    return timelineOf(withSegments("<SegmentTemplate media=\"$Time$\"><SegmentTimeline><S t=\"" +
                                       std::to_string(first) +
                                       "\" d=\"2\" r=\"2\"/></SegmentTimeline></SegmentTemplate>",
                                   "type=\"dynamic\" availabilityStartTime=\"2026-01-01T00:00:00Z\""));
  };
  Presentation next = at(104);
  carryOver(at(100), next, base::seconds(2));
  ASSERT_EQ(next.streams[0].segments.size(), 4u);
  EXPECT_EQ(next.streams[0].segments[0].start, base::seconds(102));
  EXPECT_EQ(next.streams[0].segments[3].start, base::seconds(108));
}

}  // namespace
}  // namespace p2pml::media
