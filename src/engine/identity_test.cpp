#include "engine/identity.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/testing/files.hpp"
#include "media/m3u8.hpp"

namespace p2pml::engine {
namespace {

using base::Json;
using media::StreamProperties;
using media::StreamType;

constexpr const char* kMaster = "https://example.com/live/master.m3u8";

/// tests/golden/identity (see the README there).
Json::Array golden(const std::string& name) {
  auto json = base::parseJson(base::fileText(base::goldenPath("identity/" + name)));
  EXPECT_TRUE(json && json->array() != nullptr && !json->array()->empty()) << name;
  return json && json->array() != nullptr ? *json->array() : Json::Array();
}

/// The member's text, "" if there is none.
std::string text(const Json& json, std::string_view key) {
  const Json* member = json.find(key);
  return member != nullptr && member->string() != nullptr ? *member->string() : "";
}

std::int64_t number(const Json& json, std::string_view key) {
  const Json* member = json.find(key);
  return member != nullptr ? member->integer().value_or(-1) : 0;
}

StreamProperties propertiesOf(const Json& json, StreamType type) {
  StreamProperties properties;
  properties.type = type;
  properties.bitrate = static_cast<std::uint64_t>(number(json, "bitrate"));
  properties.bitrateDistinguishes = properties.bitrate != 0;
  properties.codecs = text(json, "codecs");
  properties.width = static_cast<std::uint32_t>(number(json, "width"));
  properties.height = static_cast<std::uint32_t>(number(json, "height"));
  properties.language = text(json, "language");
  properties.channels = text(json, "channels");
  properties.name = text(json, "name");
  properties.frameRate = text(json, "frameRate");
  properties.videoRange = text(json, "videoRange");
  return properties;
}

StreamType typeOf(const Json& json) { return text(json, "type") == "main" ? StreamType::main : StreamType::secondary; }

std::string infoHashText(Generation generation, const std::string& swarmId) {
  return std::string(infoHashOf(generation, swarmId).view());
}
std::string infoHashHex(const std::string& stream) {
  return base::toHex(infoHashOf(Generation::g0, swarmIdOf(Generation::g0, stream, "other", {})).view());
}

// docs/protocol/peer-json.md 5a.1
TEST(Identity, InfoHashesOfTheProtocolTable) {
  EXPECT_EQ(infoHashHex("https://example.com/live/master.m3u8"), "88d7e97fc37e99c8750f19ab3d65c93eef52510a");
  EXPECT_EQ(infoHashHex("https://example.com/live/master.m3u8+V0"), "ae9cd6bf657a583a6f33711f1cae11fa25c19b43");
  EXPECT_EQ(infoHashHex("https://example.com/live/master.m3u8+A0"), "481b41042281ac934f010ff6b2eb4ca8a6b6cbff");
  EXPECT_EQ(infoHashHex("my-swarm"), "cdb6dffe69f6bdbcbcfe7d64f99ddc76da5d21ec");
  EXPECT_EQ(infoHashHex("my-swarm+V0"), "3c4b247a200a6fb9b75f82f1f3a6bd4c7c71f304");
}

TEST(Identity, SegmentWithMasterSwarmStreamAndSequence) {
  Segment segment("my-swarm+V0+300", "http://o/300.ts");
  segment.masterSwarmId = "my-swarm";
  segment.streamId = "V0";
  segment.sequence = "300";
  const auto name = wireNameOf(segment, "ignored");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->stream.value, "my-swarm+V0");
  EXPECT_EQ(name->entry, "300");
  EXPECT_EQ(name->id.value, "my-swarm+V0+300");
}

TEST(Identity, SegmentWithoutStreamIdIsKeyedByItsMasterSwarm) {
  Segment segment("x", "http://o/x.ts");
  segment.masterSwarmId = "my-swarm";
  segment.sequence = "4";
  EXPECT_EQ(wireNameOf(segment, "ignored")->id.value, "my-swarm+4");
}

TEST(Identity, ASegmentOfDashHasANumberOfItsOwnInG4) {
  Segment segment("m+V1+8.000", "http://o/3.m4s");
  segment.masterSwarmId = "m";
  segment.streamId = "V1";
  segment.sequence = "8.000";
  segment.externalId = 16;
  EXPECT_EQ(wireNameOf(segment, "ignored")->sequence, 16);
  segment.externalIdOfG4 = 80;
  const auto name = wireNameOf(segment, "ignored");
  EXPECT_EQ(name->id.value, "m+V1+8.000");
  EXPECT_EQ(name->number, 16);
  EXPECT_EQ(name->sequence, 80);
  segment.externalIdOfG4 = -1;
  EXPECT_EQ(wireNameOf(segment, "ignored")->sequence, 16);
}

TEST(Identity, UsageExampleSegmentIsNamedByItsId) {
  const Segment segment("segment-1", "//url/to/segment/1");
  const auto name = wireNameOf(segment, "swarm-1");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->stream.value, "swarm-1");
  EXPECT_EQ(name->entry, "segment-1");
  EXPECT_EQ(name->id.value, "swarm-1+segment-1");
  EXPECT_EQ(masterSwarmOf(segment, "swarm-1"), "swarm-1");
}

TEST(Identity, AnIdWithABarIsNotShared) {
  EXPECT_FALSE(wireNameOf(Segment("a|b", "http://o/1"), "swarm-1"));
  Segment named("a|b", "http://o/1");
  named.sequence = "1";
  EXPECT_TRUE(wireNameOf(named, "swarm-1"));
}

TEST(Identity, ASegmentsNumbers) {
  struct Case {
    std::optional<std::int64_t> externalId;
    std::string sequence;
    std::optional<std::int64_t> number;
    std::optional<std::int64_t> mediaSequence;
  };
  const Case cases[] = {
      {std::nullopt, "300", 300, 300},
      {0, "300", 0, 300},
      {0, "", 0, 0},
      {kMaxSegmentNumber, "12.000", kMaxSegmentNumber, kMaxSegmentNumber},
      {kMaxSegmentNumber + 1, "7", 7, 7},
      {-1, "7", 7, 7},
      {std::nullopt, "0", 0, 0},
      {std::nullopt, "9007199254740991", kMaxSegmentNumber, kMaxSegmentNumber},
      {std::nullopt, "9007199254740992", std::nullopt, std::nullopt},
      {std::nullopt, "99999999999999999999999", std::nullopt, std::nullopt},
      {std::nullopt, "007", std::nullopt, std::nullopt},
      {std::nullopt, "12.000", std::nullopt, std::nullopt},
      {std::nullopt, "-1", std::nullopt, std::nullopt},
      {std::nullopt, "+1", std::nullopt, std::nullopt},
      {std::nullopt, "1 ", std::nullopt, std::nullopt},
      {std::nullopt, "", std::nullopt, std::nullopt},
  };
  for (const Case& c : cases) {
    Segment segment("12", "http://o/12");
    segment.externalId = c.externalId;
    segment.sequence = c.sequence;
    const auto name = wireNameOf(segment, "s");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->numberBy(Numbering::externalId), c.number) << c.sequence;
    EXPECT_EQ(name->numberBy(Numbering::sequence), c.mediaSequence) << c.sequence;
  }
}

// The table of peer-binary.md 5b.1; the row of v1 is no generation of ours.
TEST(Identity, InfohashesOfTheBinaryProtocolsTable) {
  StreamProperties stream;
  const std::string g2 = swarmIdOf(Generation::g2, "ignored", kMaster, stream);
  EXPECT_EQ(g2, "v2-https://example.com/live/master.m3u8-main-0");
  EXPECT_EQ(infoHashText(Generation::g2, g2), "L2uYwMcHhsstZuLv8ZqU");
  EXPECT_EQ(base::toHex(infoHashOf(Generation::g2, g2).view()), "4c327559774d6348687373745a754c76385a7155");
  EXPECT_EQ(infoHashText(Generation::g3, g2), "qGfgbIgh5l/Y1S937e/z");
  EXPECT_EQ(infoHashText(Generation::g2, "v1-https://example.com/live/master.m3u8-main-0"), "une7eKshmgIBypjs4oWp");
  EXPECT_EQ(infoHashText(Generation::g2, swarmIdOf(Generation::g2, "", "my-swarm", stream)), "+ljX90tpzJlEMG+sGy/2");

  StreamProperties audio;
  audio.type = StreamType::secondary;
  audio.index = 1;
  EXPECT_EQ(infoHashText(Generation::g2, swarmIdOf(Generation::g2, "", kMaster, audio)), "wdbGQYRW3YAs/ZsNMsLe");

  stream.bitrate = 2149280;
  stream.codecs = "mp4a.40.2,avc1.64001f";
  stream.width = 1280;
  stream.height = 720;
  stream.frameRate = "30.000";
  const std::string g3 = swarmIdOf(Generation::g3, "", kMaster, stream);
  EXPECT_EQ(g3, "v2-https://example.com/live/master.m3u8-main-0snm0AH7EyOZlDZkoFsh0BbUZkI=");
  EXPECT_EQ(infoHashText(Generation::g3, g3), "nvoTDzXWC+I0dKz5zNnS");

  stream.key = "Nf7Dx3c24es333uAhqh0kpYundk=";
  EXPECT_EQ(infoHashText(Generation::g4, swarmIdOf(Generation::g4, "", kMaster, stream)), "AUnHnhGrXnhWt/SDwx4O");
  stream.key = "0snm0AH7EyOZlDZkoFsh0BbUZkI=";
  EXPECT_EQ(infoHashText(Generation::g4, swarmIdOf(Generation::g4, "", kMaster, stream)), "jg4Dz26dSKziPuX9xii+");
}

TEST(Identity, AnApplicationsKeyStandsForIndexAndHash) {
  StreamProperties stream;
  stream.index = 3;
  stream.key = "camera-1";
  EXPECT_EQ(swarmIdOf(Generation::g2, "s", "m", stream), "v2-m-main-camera-1");
  EXPECT_EQ(swarmIdOf(Generation::g3, "s", "m", stream), "v2-m-main-camera-1");
  EXPECT_EQ(swarmIdOf(Generation::g4, "s", "m", stream), "v3-m-main-camera-1");
  EXPECT_EQ(swarmIdOf(Generation::g0, "s", "m", stream), "s");
  EXPECT_EQ(streamKeyOf(Generation::g0, stream), "");
}

// "swarmId = config swarmId, else the manifest URL before `?` (<=4.x: response URL ...; 5.x: requested URL)" (5b.1)
TEST(Identity, ARedirectedManifestHasTwoNames) {
  StreamProperties stream;
  stream.key = "k";
  stream.redirectedSwarmId = "https://cdn/master.m3u8";
  EXPECT_EQ(swarmIdOf(Generation::g2, "s", "m", stream), "v2-https://cdn/master.m3u8-main-k");
  EXPECT_EQ(swarmIdOf(Generation::g3, "s", "m", stream), "v2-https://cdn/master.m3u8-main-k");
  EXPECT_EQ(swarmIdOf(Generation::g4, "s", "m", stream), "v3-m-main-k");
  EXPECT_EQ(swarmIdOf(Generation::g0, "s", "m", stream), "s");
}

TEST(Identity, InfohashesOfThePackages) {
  for (const Json& row : golden("infohashes.json")) {
    const Generation generation = text(row, "rule") == "g2" ? Generation::g2 : Generation::g3;
    EXPECT_EQ(infoHashText(generation, text(row, "swarmId")), text(row, "infoHash")) << base::toJsonText(row);
  }
}

TEST(Identity, StreamKeysOfCore231) {
  for (const Json& row : golden("properties.json")) {
    // Secondary: what main streams without a bitrate lose is up to the integrations (manifests.json).
    const StreamProperties properties = propertiesOf(*row.find("properties"), StreamType::secondary);
    EXPECT_EQ(streamKeyOf(Generation::g3, properties), text(row, "g3")) << base::toJsonText(row);
  }
}

TEST(Identity, PublishedStreamKeysOfCore5) {
  const std::string master = "https://example.com/hls/master.m3u8";
  for (const Json& row : golden("published.json")) {
    const StreamProperties properties = propertiesOf(*row.find("properties"), typeOf(row));
    EXPECT_EQ(streamKeyOf(Generation::g4, properties), text(row, "g4")) << base::toJsonText(row);
    EXPECT_EQ(infoHashText(Generation::g4, swarmIdOf(Generation::g4, "", master, properties)), text(row, "g4InfoHash"));
    if (row.find("g3") == nullptr) continue;
    EXPECT_EQ(streamKeyOf(Generation::g3, properties), text(row, "g3")) << base::toJsonText(row);
    EXPECT_EQ(infoHashText(Generation::g3, swarmIdOf(Generation::g3, "", master, properties)), text(row, "g3InfoHash"));
  }
}

TEST(Identity, G4DropsABitrateThatDistinguishesNothing) {
  StreamProperties stream;
  stream.bitrate = 4521000;
  stream.codecs = "avc1.64002a";
  const std::string without = streamKeyOf(Generation::g4, stream);
  stream.bitrate = 1;
  EXPECT_EQ(streamKeyOf(Generation::g4, stream), without);
  stream.bitrateDistinguishes = true;
  EXPECT_NE(streamKeyOf(Generation::g4, stream), without);
}

/// Every URI of the playlist that is a main or secondary stream, with its properties.
std::vector<std::pair<std::string, StreamProperties>> streamsOf(const media::Playlist& playlist,
                                                                const std::string& url) {
  std::vector<std::pair<std::string, StreamProperties>> streams;
  const auto* master = std::get_if<media::MultivariantPlaylist>(&playlist);
  if (master == nullptr) return {{url, media::streamPropertiesWithoutMaster()}};
  for (std::size_t i = 0; i < master->variants.size(); ++i) {
    streams.emplace_back(master->variants[i].uri, media::streamPropertiesOf(*master, i));
  }
  for (std::size_t i = 0; i < master->renditions.size(); ++i) {
    const media::Rendition& rendition = master->renditions[i];
    if (rendition.type != media::RenditionType::audio || !rendition.uri) continue;
    streams.emplace_back(*rendition.uri, media::audioStreamProperties(*master, i));
  }
  return streams;
}

// From the text of a manifest to the swarm, as hls.js and the integrations went.
TEST(Identity, StreamsOfManifestsAreNamedAsTheIntegrationsNameThem) {
  for (const Json& row : golden("manifests.json")) {
    const std::string url = text(row, "url");
    const auto playlist = media::parseM3u8(text(row, "text"), url);
    ASSERT_TRUE(playlist) << text(row, "name") << ": " << playlist.error().detail;
    const auto ours = streamsOf(*playlist, url);
    for (const Json& stream : *row.find("streams")->array()) {
      bool found = false;
      // All entries with the URI: they are one stream.
      for (const auto& [uri, properties] : ours) {
        if (uri != text(stream, "url")) continue;
        found = true;
        const std::string where = text(row, "name") + ": " + uri;
        EXPECT_EQ(properties.type, typeOf(stream)) << where;
        EXPECT_EQ(streamKeyOf(Generation::g2, properties), std::to_string(number(stream, "g2"))) << where;
        EXPECT_EQ(streamKeyOf(Generation::g3, properties), text(stream, "g3")) << where;
        if (stream.find("g4") != nullptr) {
          EXPECT_EQ(streamKeyOf(Generation::g4, properties), text(stream, "g4")) << where;
        }
      }
      EXPECT_TRUE(found) << text(row, "name") << ": " << text(stream, "url");
    }
  }
}

TEST(Identity, PeerIdsHaveTheirGenerationsPrefix) {
  base::Rng rng(5);
  std::set<std::string> ids;
  for (const Generation generation : allGenerations()) {
    const base::PeerId first = makePeerId(generation, rng);
    const base::PeerId second = makePeerId(generation, rng);
    EXPECT_TRUE(first.view().starts_with(infoOf(generation).peerIdPrefix));
    ids.insert(std::string(first.view()));
    ids.insert(std::string(second.view()));
    for (const char c : first.view().substr(8)) EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c))) << c;
  }
  EXPECT_EQ(ids.size(), 2 * kGenerations);
  EXPECT_EQ(makePeerId(Generation::g0, rng).view().substr(0, 8), "-WW0006-");
  EXPECT_EQ(makePeerId(Generation::g3, rng).view().substr(0, 8), "-PM0203-");
}

TEST(Identity, StreamsThatAStreamIdNames) {
  const auto video = streamFromStreamId("V12");
  ASSERT_TRUE(video);
  EXPECT_EQ(video->type, StreamType::main);
  EXPECT_EQ(video->index, 12u);
  const auto audio = streamFromStreamId("A0");
  ASSERT_TRUE(audio);
  EXPECT_EQ(audio->type, StreamType::secondary);
  EXPECT_EQ(audio->index, 0u);
  for (const char* none : {"", "V", "v0", "V-1", "V01", "V0 ", "V+1", "T0", "0", "V4294967296", "VV0"}) {
    EXPECT_FALSE(streamFromStreamId(none)) << none;
  }
}

}  // namespace
}  // namespace p2pml::engine
