#include "wire/peer_json.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/rng.hpp"
#include "base/testing/foreign_store.hpp"
#include "wire/captures_testing.hpp"

namespace p2pml::wire {
namespace {

using base::ErrorCode;
using base::SegmentId;
using base::StreamSwarmId;

std::span<const std::byte> bytesOf(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

PeerMessage decode(std::string_view text) { return decodePeerMessage(bytesOf(text)); }

template <class Command>
std::string encoded(const Command& command) {
  return std::string(encode(command).text());
}

/// Encodes what was decoded; "" for what is no command of ours.
std::string encodedAgain(const PeerMessage& message) {
  return std::visit(
      [](const auto& command) -> std::string {
        if constexpr (requires { encode(command); }) {
          return encoded(command);
        } else {
          return "";
        }
      },
      message);
}

void expectMalformed(std::string_view text, ErrorCode code = ErrorCode::malformed) {
  const PeerMessage message = decode(text);
  const auto* wrong = std::get_if<MalformedCommand>(&message);
  ASSERT_NE(wrong, nullptr) << text.substr(0, 200);
  EXPECT_EQ(wrong->error.code, code) << wrong->error.detail;
}

void expectEmptyMap(std::string_view text) {
  EXPECT_EQ(decode(text), PeerMessage(SegmentsMap{})) << text.substr(0, 200);
}

std::string swapped(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

constexpr auto kLoaded = SegmentStatus::loaded;
constexpr auto kLoading = SegmentStatus::loadingByHttp;

// ------------------------------------------------------------------------------- the bytes of
// docs/protocol/peer-json.md

TEST(PeerJsonGolden, Map) {
  const std::string bytes = *base::fromHex(
      "7b2263223a322c226d223a7b226d792d737761726d2b5630223a5b22317c327c337c333030222c5b302c302c302c315d5d7d7d");
  EXPECT_EQ(bytes, R"({"c":2,"m":{"my-swarm+V0":["1|2|3|300",[0,0,0,1]]}})");
  EXPECT_EQ(bytes.size(), 51U);
  const SegmentsMap map{
      {{StreamSwarmId("my-swarm+V0"), {{"1", kLoaded}, {"2", kLoaded}, {"3", kLoaded}, {"300", kLoading}}}}};
  EXPECT_EQ(decode(bytes), PeerMessage(map));
  EXPECT_EQ(encoded(map), bytes);
}

TEST(PeerJsonGolden, Request) {
  const std::string bytes = *base::fromHex("7b2263223a332c2269223a226d792d737761726d2b56302b333030227d");
  const SegmentRequest request{SegmentId("my-swarm+V0+300")};
  EXPECT_EQ(decode(bytes), PeerMessage(request));
  EXPECT_EQ(encoded(request), bytes);
}

TEST(PeerJsonGolden, DataHeader) {
  const SegmentData data{SegmentId("my-swarm+V0+300"), 150'000};
  const std::string text = R"({"c":0,"i":"my-swarm+V0+300","s":150000})";
  EXPECT_EQ(decode(text), PeerMessage(data));
  EXPECT_EQ(encoded(data), text);
}

TEST(PeerJsonGolden, Exchange) {
  const std::string swarm = "https://example.com/live/master.m3u8+V0";
  const SegmentsMap four{{{StreamSwarmId(swarm), {{"1", kLoaded}, {"2", kLoaded}, {"3", kLoaded}, {"300", kLoaded}}}}};
  const std::string mapText = R"({"c":2,"m":{"https://example.com/live/master.m3u8+V0":["1|2|3|300",[0,0,0,0]]}})";
  EXPECT_EQ(mapText.size(), 79U);
  EXPECT_EQ(decode(mapText), PeerMessage(four));
  EXPECT_EQ(encoded(four), mapText);

  EXPECT_EQ(decode(R"({"c":2,"m":{}})"), PeerMessage(SegmentsMap{}));
  EXPECT_EQ(encoded(SegmentsMap{}), R"({"c":2,"m":{}})");

  const SegmentRequest request{SegmentId(swarm + "+1")};
  const std::string requestText = R"({"c":3,"i":"https://example.com/live/master.m3u8+V0+1"})";
  EXPECT_EQ(decode(requestText), PeerMessage(request));
  EXPECT_EQ(encoded(request), requestText);

  const SegmentData data{SegmentId(swarm + "+1"), 150'000};
  const std::string dataText = R"({"c":0,"i":"https://example.com/live/master.m3u8+V0+1","s":150000})";
  EXPECT_EQ(dataText.size(), 66U);
  EXPECT_EQ(decode(dataText), PeerMessage(data));
  EXPECT_EQ(encoded(data), dataText);

  const SegmentsMap one{{{StreamSwarmId(swarm), {{"1", kLoaded}}}}};
  const std::string oneText = R"({"c":2,"m":{"https://example.com/live/master.m3u8+V0":["1",[0]]}})";
  EXPECT_EQ(decode(oneText), PeerMessage(one));
  EXPECT_EQ(encoded(one), oneText);
}

TEST(PeerJsonGolden, AbsentAndCancel) {
  EXPECT_EQ(decode(R"({"c":1,"i":"s+V0+1"})"), PeerMessage(SegmentAbsent{SegmentId("s+V0+1")}));
  EXPECT_EQ(encoded(SegmentAbsent{SegmentId("s+V0+1")}), R"({"c":1,"i":"s+V0+1"})");
  EXPECT_EQ(decode(R"({"c":4,"i":"s+V0+1"})"), PeerMessage(CancelSegmentRequest{SegmentId("s+V0+1")}));
  EXPECT_EQ(encoded(CancelSegmentRequest{SegmentId("s+V0+1")}), R"({"c":4,"i":"s+V0+1"})");
}

// Every message of a real session of two 0.6.2 peers: all commands are ours and come out as the same bytes, all payload
// is payload.
TEST(PeerJsonGolden, CapturedSession) {
  std::array<int, std::variant_size_v<PeerMessage>> seen{};
  for (const CapturedLine& line : readCapture("06-datachannel.jsonl")) {
    const std::string direction = line.text("dir");
    if (direction != "in" && direction != "out") continue;
    const std::string text = line.text("text");
    const std::string raw = text.empty() ? base::fromBase64(line.text("b64")).value_or("") : text;
    ASSERT_FALSE(raw.empty()) << line.where;
    const PeerMessage message = decode(raw);
    ++seen[message.index()];
    if (text.empty()) {
      EXPECT_EQ(message, PeerMessage(SegmentBytes{})) << line.where;
    } else {
      EXPECT_EQ(static_cast<std::int64_t>(text.size()), line.json.find("len")->integer()) << line.where;
      EXPECT_EQ(encodedAgain(message), text) << line.where;
    }
  }
  EXPECT_EQ(seen, (std::array<int, std::variant_size_v<PeerMessage>>{28, 9, 2, 18, 11, 1, 0, 0}));
}

// ---------------------------------------------------------------------------------------------------- 5a.2: command or
// data

TEST(PeerJson, LooksLikePeerCommand) {
  EXPECT_TRUE(looksLikePeerCommand(bytesOf(R"({"c":3})")));
  EXPECT_TRUE(looksLikePeerCommand(bytesOf(R"({"})")));
  for (const std::string_view text : {"", "{", "}", "{\"", "{}", "{ \"c\":3}", "{\"c\":3}\n", "[\"}", "x{\"c\":3}"}) {
    EXPECT_FALSE(looksLikePeerCommand(bytesOf(text))) << text;
    EXPECT_EQ(decode(text), PeerMessage(SegmentBytes{})) << text;
  }
}

TEST(PeerJson, WhatDoesNotParseIsData) {
  for (const std::string_view text : {R"({"})", R"({"c"})", R"({"c":3,})", R"({"c":3,"i":"a"} {"c":3,"i":"a"})",
                                      "{\"c\":3,\"i\":\"\x80\"}", R"({"c":03,"i":"a"})"}) {
    EXPECT_EQ(decode(text), PeerMessage(SegmentBytes{})) << text;
  }
}

TEST(PeerJson, AnyKeyOrderAndUnknownKeys) {
  EXPECT_EQ(decode(R"({"x":[{}],"i":"a","c":3})"), PeerMessage(SegmentRequest{SegmentId("a")}));
  EXPECT_EQ(decode(R"({"s":7,"c":0,"i":"a"})"), PeerMessage(SegmentData{SegmentId("a"), 7}));
  EXPECT_EQ(decode(R"({"c" : 3 , "i" : "a" })"), PeerMessage(SegmentRequest{SegmentId("a")}));
  EXPECT_EQ(decode(R"({"c":1,"c":3,"i":"b","i":"a"})"), PeerMessage(SegmentRequest{SegmentId("a")}));
}

TEST(PeerJson, UnknownCodesAreIgnored) {
  for (const std::string_view text :
       {R"({"c":5,"i":"a"})", R"({"c":-1})", R"({"c":"3","i":"a"})", R"({"c":3.5,"i":"a"})", R"({"c":null})",
        R"({"c":1e300})", R"({"i":"a"})", R"({"":0})"}) {
    EXPECT_EQ(decode(text), PeerMessage(UnknownCommand{})) << text;
  }
}

// --------------------------------------------------------------------------------------------------- 5a.3: strict in
// fields

TEST(PeerJson, SegmentIdIsRequired) {
  for (const std::string_view code : {"0", "1", "3", "4"}) {
    const std::string start = "{\"c\":" + std::string(code) + ",\"s\":5";
    expectMalformed(start + "}");
    expectMalformed(start + R"(,"i":""})");
    expectMalformed(start + R"(,"i":7})");
    expectMalformed(start + R"(,"i":null})");
    expectMalformed(start + R"(,"i":["a"]})");
  }
}

TEST(PeerJson, LimitOfSegmentId) {
  const std::string longest(kMaxSegmentIdBytes, 'x');
  EXPECT_EQ(decode(R"({"c":3,"i":")" + longest + "\"}"), PeerMessage(SegmentRequest{SegmentId(longest)}));
  expectMalformed(R"({"c":3,"i":")" + longest + "x\"}", ErrorCode::limitExceeded);
  expectMalformed(R"({"c":0,"s":1,"i":")" + longest + "x\"}", ErrorCode::limitExceeded);
}

TEST(PeerJson, SegmentsOfASwarmNamedByALongUrl) {
  const std::string stream = std::string(8'192, 's') + "+V0";
  const SegmentId id(stream + "+1700000000");
  EXPECT_EQ(decode(R"({"c":3,"i":")" + id.value + "\"}"), PeerMessage(SegmentRequest{id}));
  const PeerMessage map = decode(R"({"c":2,"m":{")" + stream + R"(":["1700000000",[0]]}})");
  ASSERT_TRUE(std::holds_alternative<SegmentsMap>(map));
  EXPECT_EQ(std::get<SegmentsMap>(map).streams.size(), 1U);
}

TEST(PeerJson, SizeOfSegmentData) {
  EXPECT_EQ(decode(R"({"c":0,"i":"a","s":1})"), PeerMessage(SegmentData{SegmentId("a"), 1}));
  EXPECT_EQ(decode(R"({"c":0,"i":"a","s":9007199254740991})"),
            PeerMessage(SegmentData{SegmentId("a"), 9'007'199'254'740'991}));
  // 5a.4 clause 9: 0 is an error.
  for (const std::string_view size : {"0", "-1", "1.5", "\"5\"", "null", "9007199254740992", "1e300"}) {
    expectMalformed(R"({"c":0,"i":"a","s":)" + std::string(size) + "}");
  }
  expectMalformed(R"({"c":0,"i":"a"})");
}

TEST(PeerJson, AnythingWrongMakesTheWholeMapEmpty) {
  const std::string good = R"({"c":2,"m":{"s+V0":["1|2",[0,1]],"s+V1":["7",[0]]}})";
  const SegmentsMap both{
      {{StreamSwarmId("s+V0"), {{"1", kLoaded}, {"2", kLoading}}}, {StreamSwarmId("s+V1"), {{"7", kLoaded}}}}};
  EXPECT_EQ(decode(good), PeerMessage(both));
  for (const std::string_view wrong : {R"(["",[]])",
                                       R"(["7",[]])",
                                       R"(["7",[0,0]])",
                                       R"(["7|8",[0]])",
                                       R"(["7",[2]])",
                                       R"(["7",[-1]])",
                                       R"(["7",[0.5]])",
                                       R"(["7",["0"]])",
                                       R"(["7",[null]])",
                                       R"(["7",[true]])",
                                       R"([7,[0]])",
                                       R"(["7",0])",
                                       R"(["7",{"0":0}])",
                                       R"(["7"])",
                                       R"(["7",[0],1])",
                                       R"("7")",
                                       "7",
                                       "null",
                                       "{}",
                                       "[]"}) {
    expectEmptyMap(swapped(good, R"(["7",[0]])", wrong));
  }
}

TEST(PeerJson, MapOfWrongShapeIsEmpty) {
  for (const std::string_view text : {R"({"c":2})", R"({"c":2,"m":null})", R"({"c":2,"m":[]})", R"({"c":2,"m":"x"})",
                                      R"({"c":2,"m":7})", R"({"c":2,"m":[["1",[0]]]})"}) {
    expectEmptyMap(text);
  }
}

TEST(PeerJson, EmptySequencesAreSequences) {
  // "" splits into one empty part, as String.prototype.split does.
  EXPECT_EQ(decode(R"({"c":2,"m":{"s":["",[0]]}})"), PeerMessage(SegmentsMap{{{StreamSwarmId("s"), {{"", kLoaded}}}}}));
  EXPECT_EQ(decode(R"({"c":2,"m":{"s":["1|",[0,1]]}})"),
            PeerMessage(SegmentsMap{{{StreamSwarmId("s"), {{"1", kLoaded}, {"", kLoading}}}}}));
}

TEST(PeerJson, MapOfARepeatedStreamIsTheLastOne) {
  EXPECT_EQ(
      decode(R"({"c":2,"m":{"s":["1",[0]],"t":["2",[0]],"s":["3",[1]]}})"),
      PeerMessage(SegmentsMap{{{StreamSwarmId("s"), {{"3", kLoading}}}, {StreamSwarmId("t"), {{"2", kLoaded}}}}}));
}

std::string mapOf(const std::string& stream, std::size_t entries) {
  std::string ids(entries * 2 - 1, 'a');
  std::string statuses(entries * 2 - 1, '0');
  for (std::size_t i = 1; i < ids.size(); i += 2) {
    ids[i] = '|';
    statuses[i] = ',';
  }
  return R"({"c":2,"m":{")" + stream + "\":[\"" + ids + "\",[" + statuses + "]]}}";
}

TEST(PeerJson, LimitOfMapEntries) {
  const PeerMessage most = decode(mapOf("s", kMaxMapEntries));
  ASSERT_TRUE(std::holds_alternative<SegmentsMap>(most));
  EXPECT_EQ(std::get<SegmentsMap>(most).streams.at(0).segments.size(), kMaxMapEntries);
  expectEmptyMap(mapOf("s", kMaxMapEntries + 1));
  // The longest text that can be a command, all of it entries: still a map, and an empty one.
  const std::size_t overhead = mapOf("s", 1).size() - 2;
  const std::string longest = mapOf("s", (kMaxPeerCommandBytes - overhead + 2) / 4);
  EXPECT_LE(longest.size(), kMaxPeerCommandBytes);
  EXPECT_GT(longest.size() + 4, kMaxPeerCommandBytes);
  expectEmptyMap(longest);
}

TEST(PeerJson, LimitsOfIdsInAMap) {
  // "<stream>+a"
  EXPECT_NE(decode(mapOf(std::string(kMaxSegmentIdBytes - 2, 's'), 1)), PeerMessage(SegmentsMap{}));
  expectEmptyMap(mapOf(std::string(kMaxSegmentIdBytes - 1, 's'), 1));
  const std::size_t idBytes = 1024;
  const std::string stream(idBytes - 2, 's');
  EXPECT_NE(decode(mapOf(stream, kMaxMapIdBytes / idBytes)), PeerMessage(SegmentsMap{}));
  expectEmptyMap(mapOf(stream, kMaxMapIdBytes / idBytes + 1));
}

TEST(PeerJson, LimitOfTheText) {
  const std::string start = R"({"c":3,"i":"a","x":")";
  const std::string longest = start + std::string(kMaxPeerCommandBytes - start.size() - 2, 'x') + "\"}";
  ASSERT_EQ(longest.size(), kMaxPeerCommandBytes);
  EXPECT_EQ(decode(longest), PeerMessage(SegmentRequest{SegmentId("a")}));
  EXPECT_EQ(decode(swapped(longest, "x\":", "xx\":")), PeerMessage(SegmentBytes{}));
}

TEST(PeerJson, LimitsOfTheShape) {
  const auto nested = [](std::size_t depth) {
    return R"({"c":3,"i":"a","x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(decode(nested(15)), PeerMessage(SegmentRequest{SegmentId("a")}));
  expectMalformed(nested(16), ErrorCode::limitExceeded);
}

// ---------------------------------------------------------------------------------------------------------------
// writing

TEST(PeerJson, StreamsWithoutSegmentsAreLeftOut) {
  const SegmentsMap map{{{StreamSwarmId("a"), {}}, {StreamSwarmId("b"), {{"1", kLoaded}}}, {StreamSwarmId("c"), {}}}};
  EXPECT_EQ(encoded(map), R"({"c":2,"m":{"b":["1",[0]]}})");
}

TEST(PeerJson, SequencesThatAMapCannotSayAreLeftOut) {
  const SegmentsMap map{
      {{StreamSwarmId("a"), {{"1|2", kLoaded}, {"3", kLoading}}}, {StreamSwarmId("b"), {{"|", kLoaded}}}}};
  EXPECT_EQ(encoded(map), R"({"c":2,"m":{"a":["3",[1]]}})");
}

TEST(PeerJson, NamesAreEscapedAsJavaScriptDoes) {
  const SegmentRequest request{SegmentId("a\"\\\x01\n\xc3\xa9/")};
  EXPECT_EQ(encoded(request), "{\"c\":3,\"i\":\"a\\\"\\\\\\u0001\\n\xc3\xa9/\"}");
  EXPECT_EQ(decode(encoded(request)), PeerMessage(request));
}

TEST(PeerJson, RandomMapsComeBack) {
  base::Rng rng(11);
  for (int round = 0; round < 200; ++round) {
    SegmentsMap map;
    const auto streams = rng.below(5);
    for (std::uint64_t s = 0; s < streams; ++s) {
      StreamAvailability& stream = map.streams.emplace_back();
      stream.stream = StreamSwarmId("stream+" + std::to_string(s));
      const auto count = rng.between(1, 40);
      for (std::int64_t i = 0; i < count; ++i) {
        const auto length = static_cast<std::size_t>(rng.below(6));
        std::string sequence = rng.alphanumeric(length);
        stream.segments.emplace_back(std::move(sequence), rng.below(2) == 0 ? kLoaded : kLoading);
      }
    }
    ASSERT_EQ(decode(encoded(map)), PeerMessage(map));
  }
}

// In a page the bytes of segments stay in JavaScript; only commands come into the program's memory.
TEST(PeerJson, OfForeignMessagesOnlyCommandsAreRead) {
  base::ForeignStore page;
  const base::Bytes bytes = page.add(std::string(60'000, 'x') + "}");
  EXPECT_FALSE(looksLikePeerCommand(bytes));
  EXPECT_TRUE(std::holds_alternative<SegmentBytes>(decodePeerMessage(bytes)));
  EXPECT_LE(page.peekedBytes(), 6U);
  const base::Bytes command = page.add(encode(SegmentRequest{base::SegmentId("s+1")}).text());
  EXPECT_TRUE(looksLikePeerCommand(command));
  EXPECT_EQ(std::get<SegmentRequest>(decodePeerMessage(command)).id.value, "s+1");
  const std::size_t peeked = page.peekedBytes();
  const base::Bytes tooLong = page.add("{\"" + std::string(kMaxPeerCommandBytes, 'x') + "}");
  EXPECT_TRUE(std::holds_alternative<SegmentBytes>(decodePeerMessage(tooLong)));
  EXPECT_LE(page.peekedBytes() - peeked, 3U);
}

}  // namespace
}  // namespace p2pml::wire
