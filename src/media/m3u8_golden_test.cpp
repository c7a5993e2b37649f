// Every playlist of tests/golden/m3u8 against what stands beside it: NAME.m3u8 as read from kBaseUrl, NAME.txt the
// playlist's values as `dump` writes them, or "error CODE: DETAIL". A new playlist needs both files; the failure
// message shows the text to check.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "base/testing/files.hpp"
#include "media/m3u8.hpp"

namespace p2pml::media {
namespace {

constexpr std::string_view kBaseUrl = "https://cdn.example/live/index.m3u8?token=t%2F1&start=5";

/// Writes "  name=value" for what is not empty.
class Dump {
 public:
  std::string out;

  void line(std::string_view text) { out += std::string(out.empty() ? "" : "\n") + std::string(text); }
  void field(std::string_view name, std::string_view value) {
    if (!value.empty()) out += " " + std::string(name) + "=" + std::string(value);
  }
  void field(std::string_view name, std::uint64_t value) { field(name, std::to_string(value)); }
  void field(std::string_view name, base::Duration value) { field(name, std::to_string(value.count()) + "us"); }
  void flag(std::string_view name, bool value) {
    if (value) out += " " + std::string(name);
  }
  void range(const std::optional<ByteRange>& range) {
    if (range) field("range", std::to_string(range->length) + "@" + std::to_string(range->offset));
  }
  void places(std::string_view name, const std::vector<std::uint32_t>& places) {
    for (const auto place : places) field(name, place);
  }
  void header(const PlaylistHeader& header) {
    field("version", header.version);
    flag("independent", header.independentSegments);
    if (header.start) {
      field("start", header.start->timeOffset);
      flag("precise", header.start->precise);
    }
    for (const auto& [name, value] : header.variables) field("$" + name, value);
  }
};

std::string dump(const MediaPlaylist& playlist) {
  Dump d;
  d.line("media");
  d.header(playlist);
  d.field("target", playlist.targetDuration);
  d.field("mediaSequence", playlist.mediaSequence);
  d.field("discontinuitySequence", playlist.discontinuitySequence);
  if (playlist.type != PlaylistType::none) d.field("type", playlist.type == PlaylistType::vod ? "vod" : "event");
  d.flag("endList", playlist.endList);
  d.flag("iFramesOnly", playlist.iFramesOnly);
  for (const SegmentKey& key : playlist.keys) {
    d.line("key");
    d.field("method", key.method);
    d.field("uri", key.uri);
    if (key.iv) d.field("iv", base::toHex(*key.iv));
    d.field("format", key.keyFormat);
    d.field("versions", key.keyFormatVersions);
  }
  for (const SegmentMap& map : playlist.maps) {
    d.line("map");
    d.field("uri", map.uri);
    d.range(map.byteRange);
    d.places("key", map.keys);
  }
  for (const MediaSegment& segment : playlist.segments) {
    d.line("segment");
    d.field("sequence", segment.sequence);
    d.field("timeline", segment.discontinuitySequence);
    d.field("duration", segment.duration);
    d.field("uri", segment.uri);
    d.range(segment.byteRange);
    if (segment.map) d.field("map", *segment.map);
    d.places("key", segment.keys);
    d.flag("discontinuity", segment.discontinuity);
    d.flag("gap", segment.gap);
    d.field("at", segment.programDateTime);
    d.field("title", segment.title);
  }
  return d.out + "\n";
}

void dumpVariant(Dump& d, std::string_view kind, const Variant& variant) {
  d.line(kind);
  d.field("bandwidth", variant.bandwidth);
  if (variant.averageBandwidth) d.field("average", *variant.averageBandwidth);
  d.field("uri", variant.uri);
  d.field("codecs", variant.codecs);
  d.field("supplemental", variant.supplementalCodecs);
  if (variant.resolution) {
    d.field("resolution", std::to_string(variant.resolution->width) + "x" + std::to_string(variant.resolution->height));
  }
  if (variant.frameRateMilliHertz) d.field("mHz", *variant.frameRateMilliHertz);
  d.field("hdcp", variant.hdcpLevel);
  d.field("videoRange", variant.videoRange);
  d.field("stableId", variant.stableVariantId);
  d.field("pathway", variant.pathwayId);
  d.field("name", variant.name);
  d.field("audio", variant.audioGroup);
  d.field("video", variant.videoGroup);
  d.field("subtitles", variant.subtitlesGroup);
  d.field("captions", variant.closedCaptionsGroup);
  d.flag("captionsNone", variant.closedCaptionsNone);
}

std::string dump(const MultivariantPlaylist& playlist) {
  Dump d;
  d.line("multivariant");
  d.header(playlist);
  for (const Rendition& rendition : playlist.renditions) {
    constexpr std::string_view kTypes[] = {"audio", "video", "subtitles", "closedCaptions"};
    d.line("rendition");
    d.field("type", kTypes[static_cast<std::size_t>(rendition.type)]);
    d.field("group", rendition.groupId);
    d.field("name", rendition.name);
    d.field("uri", rendition.uri.value_or("(none)"));
    d.field("language", rendition.language);
    d.field("associated", rendition.associatedLanguage);
    d.field("channels", rendition.channels);
    d.field("characteristics", rendition.characteristics);
    d.field("instream", rendition.instreamId);
    d.field("stableId", rendition.stableRenditionId);
    d.flag("default", rendition.isDefault);
    d.flag("autoselect", rendition.autoselect);
    d.flag("forced", rendition.forced);
  }
  for (const Variant& variant : playlist.variants) dumpVariant(d, "variant", variant);
  for (const Variant& variant : playlist.iFrameVariants) dumpVariant(d, "iFrameVariant", variant);
  return d.out + "\n";
}

std::string outcome(const base::Result<Playlist>& result) {
  if (!result) return "error " + std::string(toString(result.error().code)) + ": " + result.error().detail + "\n";
  return std::visit([](const auto& playlist) { return dump(playlist); }, *result);
}

TEST(M3u8Golden, EveryPlaylistReadsAsWrittenBesideIt) {
  const std::string folder = base::goldenPath("m3u8/");
  const std::vector<std::string> playlists = base::fileNames(folder, ".m3u8");
  ASSERT_GE(playlists.size(), 25u);
  for (const std::string& file : playlists) {
    const auto result = parseM3u8(base::fileText(folder + file), kBaseUrl);
    const std::string name = file.substr(0, file.rfind('.'));
    EXPECT_EQ(result.has_value(), name.starts_with("good-")) << name;
    EXPECT_EQ(outcome(result), base::fileText(folder + name + ".txt")) << name;
  }
}

// A playlist that is cut anywhere gives a value or an error; under the sanitizers this also shows that no byte past the
// end is read.
TEST(M3u8Golden, EveryPrefixOfEveryPlaylistIsHarmless) {
  std::size_t prefixes = 0;
  const std::string folder = base::goldenPath("m3u8/");
  for (const std::string& file : base::fileNames(folder, ".m3u8")) {
    const std::string whole = base::fileText(folder + file);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      const auto result = parseM3u8(std::string_view(exact.data(), exact.size()), kBaseUrl);
      if (!result) {
        EXPECT_FALSE(result.error().detail.empty());
      }
      ++prefixes;
    }
  }
  EXPECT_GT(prefixes, 5'000u);
}

// The stream the project ships (scripts/make_sample.sh).
TEST(M3u8Golden, ReadsTheSampleStream) {
  const std::string folder = base::goldenPath("../../samples/hls/");
  const auto master = parseM3u8(base::fileText(folder + "master.m3u8"), "http://127.0.0.1:8080/hls/master.m3u8");
  ASSERT_TRUE(master) << master.error().detail;
  const auto& variants = std::get<MultivariantPlaylist>(*master).variants;
  ASSERT_EQ(variants.size(), 2u);
  EXPECT_EQ(variants[0].uri, "http://127.0.0.1:8080/hls/360p/index.m3u8");
  EXPECT_EQ(variants[0].resolution, (Resolution{640, 360}));
  EXPECT_EQ(variants[1].resolution, (Resolution{320, 180}));
  for (const auto& [name, variant] : {std::pair{"360p", variants[0]}, std::pair{"180p", variants[1]}}) {
    EXPECT_EQ(variant.frameRateMilliHertz, 25'000u);
    const auto media = parseM3u8(base::fileText(folder + name + "/index.m3u8"), variant.uri);
    ASSERT_TRUE(media) << media.error().detail;
    const auto& playlist = std::get<MediaPlaylist>(*media);
    EXPECT_EQ(playlist.type, PlaylistType::vod);
    EXPECT_TRUE(playlist.endList);
    ASSERT_EQ(playlist.segments.size(), 20u);
    EXPECT_EQ(playlist.duration(), base::seconds(40));
    std::uint64_t peak = 0;
    for (const MediaSegment& segment : playlist.segments) {
      EXPECT_EQ(segment.duration, base::seconds(2));
      const std::string file = folder + name + segment.uri.substr(segment.uri.rfind('/'));
      peak = std::max<std::uint64_t>(peak, base::fileText(file).size() * 8 / 2);
    }
    EXPECT_EQ(variant.bandwidth, peak) << "RFC 8216 section 4.3.4.2: the largest bit rate of any segment";
  }
}

}  // namespace
}  // namespace p2pml::media
