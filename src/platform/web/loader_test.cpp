#include "platform/web/loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "platform/web/records.hpp"

namespace p2pml::web {
namespace {

using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What JavaScript keeps: the bytes by their handles.
class FakeKeeper final : public PayloadKeeper {
 public:
  Handle add(std::string bytes) {
    kept[++last] = std::move(bytes);
    return last;
  }
  void peek(Handle handle, std::size_t offset, std::span<std::byte> target) override {
    std::memcpy(target.data(), kept.at(handle).data() + offset, target.size());
  }
  Handle join(std::span<const PayloadPart> parts) override {
    std::string bytes;
    for (const PayloadPart& part : parts) {
      bytes += part.handle == 0 ? std::string(reinterpret_cast<const char*>(part.offset), part.length)
                                : kept.at(part.handle).substr(part.offset, part.length);
    }
    return add(std::move(bytes));
  }
  void free(Handle handle) override { EXPECT_EQ(kept.erase(handle), 1U) << "freed twice"; }
  bool intact(Handle handle) override { return !detached.contains(handle); }

  std::map<Handle, std::string> kept;
  std::set<Handle> detached;
  Handle last = 0;
};

class WebLoaderTest : public testing::Test {
 protected:
  static constexpr const char* kQuiet = R"({"trackerAnnounce":[],"httpDownloadProbability":0})";
  static constexpr const char* kOne = R"([{"id":"m+1","url":"http://o/1","priority":0,"masterSwarmId":"m"}])";

  void make(std::uint32_t flags = 0, std::string_view settings = kQuiet) {
    auto created = Loader::create(0, settings, flags, 1, payloads);
    ASSERT_TRUE(created) << created.error().detail;
    loader = std::move(*created);
  }
  /// The record since the last call.
  Json::Array effects() {
    const std::string text = loader->effects().take();
    if (text.empty()) return {};
    const auto json = base::parseJson(text);
    EXPECT_TRUE(json) << text;
    return *json->array();
  }
  static EffectKind kindOf(const Json& effect) {
    return static_cast<EffectKind>(static_cast<int>(*effect.array()->front().number()));
  }
  std::vector<Json::Array> effectsOf(EffectKind kind) {
    std::vector<Json::Array> found;
    for (const Json& effect : effects()) {
      if (kindOf(effect) == kind) found.push_back(*effect.array());
    }
    return found;
  }
  /// The request that is started; the test fails if it is not exactly one.
  base::RequestId started() {
    const auto starts = effectsOf(EffectKind::httpStart);
    EXPECT_EQ(starts.size(), 1U);
    return base::RequestId(starts.empty() ? 0 : static_cast<std::uint64_t>(*starts[0][1].number()));
  }
  Handle respond(base::RequestId request, const std::string& body) {
    loader->put(engine::input::HttpHead{request, 200, body.size(), {}, {}, false, "http://o/1", "http://cdn/1"});
    const Handle handle = keeper.add(body);
    loader->put(engine::input::HttpData{request, payloads.view(handle, 0, body.size())});
    loader->put(engine::input::HttpDone{request});
    return handle;
  }
  static std::string dataOf(const Json& segment) {
    const Json* data = segment.find("data");
    return data == nullptr ? "none" : toJsonText(*data);
  }

  FakeKeeper keeper;
  Payloads payloads{keeper};
  std::unique_ptr<Loader> loader;
};

TEST_F(WebLoaderTest, WrongSettingsAreNamed) {
  const auto wrong = Loader::create(0, R"({"cachedSegmentsCount":"x"})", 0, 1, payloads);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().detail, HasSubstr("cachedSegmentsCount"));
  EXPECT_FALSE(Loader::create(0, "{", 0, 1, payloads));
  make();
  EXPECT_THAT(loader->getSettings(), HasSubstr(R"("httpDownloadProbability":0,)"));
  EXPECT_EQ(loader->getDetails(), R"({"peerId":"","peers":[],"swarms":[]})");
}

TEST_F(WebLoaderTest, ASegmentIsNamedByItsHandleAndFreedWithItsLastView) {
  make();
  ASSERT_TRUE(loader->load(kOne, "m", ""));
  const Handle handle = respond(started(), "0123456789");
  const auto loaded = effectsOf(EffectKind::segmentLoaded);
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(*loaded[0][1].find("id")->string(), "m+1");
  EXPECT_EQ(dataOf(loaded[0][1]), "[" + std::to_string(handle) + ",0,10]");
  EXPECT_TRUE(loaded[0][2].isNull());
  EXPECT_THAT(loader->getStats(), HasSubstr(R"("httpBytes":10,)"));
  loader->effects().release();
  EXPECT_EQ(keeper.kept.size(), 1U);
  loader->destroy();
  EXPECT_THAT(keeper.kept, IsEmpty());
}

TEST_F(WebLoaderTest, WhatNobodyWantsIsFreedAtOnce) {
  make();
  loader->put(engine::input::HttpData{base::RequestId(99), payloads.view(keeper.add("abc"), 0, 3)});
  EXPECT_THAT(keeper.kept, IsEmpty());
  EXPECT_TRUE(payloads.view(keeper.add(""), 0, 0).empty());
  EXPECT_THAT(keeper.kept, IsEmpty());
  EXPECT_TRUE(payloads.view(0, 0, 5).empty());
}

TEST_F(WebLoaderTest, ViewsOfOneHandleAreOnePayload) {
  const Handle handle = keeper.add("abcdef");
  base::Bytes first = payloads.view(handle, 0, 3);
  const base::Bytes rest = payloads.view(handle, 3, 3);
  EXPECT_TRUE(first.continuesInto(rest));
  EXPECT_EQ(Payloads::partOf(first.joinedWith(rest)), (PayloadPart{handle, 0, 6}));
  first = base::Bytes();
  EXPECT_EQ(keeper.kept.size(), 1U);
  const base::Bytes here = base::Bytes::copyOf("xy");
  EXPECT_EQ(Payloads::partOf(here), (PayloadPart{0, reinterpret_cast<std::uintptr_t>(here.data()), 2}));
  base::BytesAssembler both;
  both.append(here);
  both.append(rest);
  EXPECT_EQ(both.finish().local().text(), "xydef");
}

TEST_F(WebLoaderTest, PayloadsOfARecordLiveUntilItIsReleased) {
  make(0, R"({"trackerAnnounce":[],"httpDownloadProbability":0,"cachedSegmentsCount":0})");
  ASSERT_TRUE(loader->load(kOne, "m", ""));
  respond(started(), "abc");
  loader->setTime(1000);
  ASSERT_TRUE(loader->load("[]", "m", ""));  // the storage lets go of it
  EXPECT_EQ(keeper.kept.size(), 1U);
  EXPECT_EQ(effectsOf(EffectKind::segmentLoaded).size(), 1U);
  EXPECT_EQ(keeper.kept.size(), 1U);
  loader->effects().release();
  EXPECT_THAT(keeper.kept, IsEmpty());
}

TEST_F(WebLoaderTest, GetSegmentIsAnsweredByItsToken) {
  make();
  ASSERT_TRUE(loader->load(kOne, "m", ""));
  const Handle handle = respond(started(), "abc");
  effects();
  loader->getSegment("m+1", 7);
  loader->getSegment("m+2", 8);
  const auto results = effectsOf(EffectKind::segmentResult);
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(*results[0][1].number(), 7);
  EXPECT_EQ(*results[1][1].number(), 8);
  EXPECT_TRUE(results[1][2].isNull());
  keeper.detached.insert(handle);
  loader->getSegment("m+1", 9);
  EXPECT_TRUE(effectsOf(EffectKind::segmentResult)[0][2].isNull());
}

TEST_F(WebLoaderTest, HooksAreAnsweredOnceAndByTheRightAnswer) {
  make(kSegmentValidator | kCustomStorage);
  ASSERT_TRUE(loader->load(kOne, "m", ""));
  const auto token = [&](EffectKind kind) {
    const auto asked = effectsOf(kind);
    EXPECT_EQ(asked.size(), 1U);
    return asked.empty() ? Token{0} : static_cast<Token>(*asked[0][1].number());
  };
  const Token map = token(EffectKind::storageMap);
  loader->hookDone(map);         // of another hook
  loader->hookDone(Token{999});  // of none
  EXPECT_THAT(effects(), IsEmpty());
  loader->hookSegments(map, R"([{"id":"m+9","url":"u","masterSwarmId":"m"}])");
  loader->hookSegments(map, "[]");
  respond(started(), "abc");
  const Token validating = token(EffectKind::validate);
  loader->hookDone(validating);
  loader->hookFailed(validating, "too late");
  const Token storing = token(EffectKind::storageStore);
  loader->hookFailed(storing, "quota");
  const Json::Array after = effects();
  ASSERT_FALSE(after.empty());
  EXPECT_EQ(kindOf(after[0]), EffectKind::storageError);
  EXPECT_EQ(toJsonText((*after[0].array())[1]), R"(["unavailable","quota"])");

  loader->getSegment("m+9", 1);
  const Token reading = token(EffectKind::storageGet);
  loader->hookSegment(reading, R"({"id":"m+9","url":"u"})", keeper.add("xyz"), 3);
  EXPECT_THAT(dataOf(effectsOf(EffectKind::segmentResult)[0][2]), HasSubstr(",0,3]"));
  loader->hookSegment(reading, R"({"id":"m+9","url":"u"})", keeper.add("again"), 5);
  loader->effects().release();
  EXPECT_THAT(keeper.kept, IsEmpty());
  loader->getSegment("m+9", 2);
  loader->hookSegment(token(EffectKind::storageGet), "", 0, 0);
  EXPECT_TRUE(effectsOf(EffectKind::segmentResult)[0][2].isNull());
  loader->destroy();
  EXPECT_EQ(effectsOf(EffectKind::storageDestroy).size(), 1U);
}

TEST_F(WebLoaderTest, TheClockNeverGoesBackAndTellsWhenItIsDue) {
  make(kWebRtc, R"({"trackerAnnounce":["wss://t"],"httpDownloadProbability":0.5,
                    "httpDownloadProbabilityInterval":1000})");
  EXPECT_EQ(loader->deadline(), INFINITY);
  loader->setTime(100.5);
  ASSERT_TRUE(loader->load(kOne, "m", ""));
  const double first = loader->deadline();
  EXPECT_GT(first, 100.5);
  EXPECT_LE(first, 1100.5);
  loader->setTime(50);
  loader->setTime(NAN);
  loader->setTime(-1);
  loader->tick();
  EXPECT_EQ(loader->deadline(), first);
  loader->setTime(first);
  loader->tick();
  EXPECT_GT(loader->deadline(), first);
  loader->destroy();
  EXPECT_EQ(loader->deadline(), INFINITY);
  EXPECT_EQ(effectsOf(EffectKind::socketClose).size(), 1U);
}

TEST(WebRecords, ASegmentComesBackAsItWent) {
  engine::Segment segment("i\"d\n", "http://o/\u00e9", "bytes=0-9", 3);
  segment.masterSwarmId = "m";
  segment.masterManifestUri = "http://o/m.m3u8";
  segment.streamId = "V0";
  segment.sequence = "12";
  segment.externalId = 5;
  segment.duration = 4000;
  segment.neededIn = 1500;
  segment.downloadBandwidth = 100;
  segment.downloadSpeed = 100;
  segment.requestUrl = "http://o/1?x";
  segment.responseUrl = "http://cdn/1";
  std::string text;
  appendSegment(text, segment);
  const auto back = readSegment(text);
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(*back, segment);
  text.clear();
  appendSegment(text, engine::Segment("a", "u"));
  EXPECT_EQ(text, R"({"id":"a","url":"u","priority":0,"masterSwarmId":"","masterManifestUri":"","sequence":""})");
}

TEST(WebRecords, WhatIsWrongIsNamed) {
  const auto wrong = [](std::string_view text) { return readSegments(text).error().detail; };
  EXPECT_THAT(wrong("{}"), HasSubstr("expected an array, got object"));
  EXPECT_THAT(wrong("[1]"), HasSubstr("segments[0]: expected an object, got number"));
  EXPECT_THAT(wrong(R"([{"id":"a"},{"id":"b","priority":1.5}])"), HasSubstr("segments[1]: priority: expected a whole"));
  EXPECT_THAT(wrong(R"([{"url":"u"}])"), HasSubstr("segments[0]: id: expected a string that is not empty"));
  EXPECT_FALSE(readSegments("[").has_value());
  EXPECT_TRUE(readSegments(R"([{"id":"a","range":null,"other":[1]}])").has_value());
}

TEST(WebRecords, AStreamIsReadByItsMembers) {
  const auto stream = readStream(R"({"type":"secondary","index":2,"bitrate":128000,"codecs":"mp4a.40.2","width":0,
    "language":"de","frameRate":"29.97","bitrateDistinguishes":true,"codecsOfG4":"mp4a"})");
  ASSERT_TRUE(stream) << stream.error().detail;
  EXPECT_EQ(stream->type, media::StreamType::secondary);
  EXPECT_EQ(stream->index, 2U);
  EXPECT_EQ(stream->bitrate, 128'000U);
  EXPECT_EQ(stream->frameRate, "29.97");
  EXPECT_TRUE(stream->bitrateDistinguishes);
  EXPECT_EQ(stream->codecsOfG4, "mp4a");
  EXPECT_EQ(*readStream("{}"), media::StreamProperties());
  EXPECT_THAT(readStream(R"({"type":"third"})").error().detail, HasSubstr("\"main\" or \"secondary\""));
  EXPECT_THAT(readStream(R"({"index":-1})").error().detail, HasSubstr("index: expected a whole number"));
}

}  // namespace
}  // namespace p2pml::web
