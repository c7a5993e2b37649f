#include "engine/own_availability.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "wire/peer_binary.hpp"
#include "wire/peer_json.hpp"

namespace p2pml::engine {
namespace {

using base::Bytes;

class AvailabilityMapTest : public testing::Test {
 protected:
  AvailabilityMapTest() { open("my-swarm"); }
  void open(const std::string& master) {
    StepIo io{{}, out, events};
    store.open(io, master);
  }
  static Segment segment(const std::string& sequence, const char* stream = "V0") {
    Segment result;
    result.masterSwarmId = "my-swarm";
    if (stream != nullptr) result.streamId = stream;
    result.sequence = sequence;
    result.id = "my-swarm+" + (stream != nullptr ? std::string(stream) + "+" : "") + sequence;
    result.url = "http://origin/" + result.id;
    return result;
  }
  void stored(Segment s) {
    s.data = Bytes::copyOf("x");
    StepIo io{{}, out, events};
    store.store(io, std::move(s), std::nullopt);
  }
  void loading(const Segment& s) {
    StepIo io{{}, out, events};
    http.start(io, s);
  }
  std::string map() const { return std::string(makeAvailabilityMap(store, http).text()); }

  Settings settings;
  Timers timers;
  IdCounters ids;
  Stats stats;
  TransferMeter meter{stats};
  SegmentStore store{settings, false, ids};
  HttpDownloads http{settings, timers, ids, meter};
  Outputs out;
  std::vector<InternalEvent> events;
};

TEST_F(AvailabilityMapTest, Empty) { EXPECT_EQ(map(), R"({"c":2,"m":{}})"); }

// docs/protocol/peer-json.md 5a.3, "Real bytes".
TEST_F(AvailabilityMapTest, GoldenBytes) {
  stored(segment("1"));
  stored(segment("2"));
  stored(segment("3"));
  loading(segment("300"));
  EXPECT_EQ(map(), R"({"c":2,"m":{"my-swarm+V0":["1|2|3|300",[0,0,0,1]]}})");
  EXPECT_EQ(map().size(), 51U);
}

TEST_F(AvailabilityMapTest, StoredInTheOrderOfStoringThenLoading) {
  stored(segment("7"));
  loading(segment("1"));
  stored(segment("3"));
  EXPECT_EQ(map(), R"({"c":2,"m":{"my-swarm+V0":["7|3|1",[0,0,1]]}})");
}

TEST_F(AvailabilityMapTest, StoredWinsOverLoading) {
  stored(segment("1"));
  loading(segment("1"));
  EXPECT_EQ(map(), R"({"c":2,"m":{"my-swarm+V0":["1",[0]]}})");
}

TEST_F(AvailabilityMapTest, SeveralStreamsOfOneMasterSwarm) {
  stored(segment("1"));
  stored(segment("1", "A1"));
  stored(segment("2"));
  stored(segment("9", nullptr));
  loading(segment("5", "A2"));
  EXPECT_EQ(map(), R"({"c":2,"m":{"my-swarm+V0":["1|2",[0,0]],"my-swarm+A1":["1",[0]],"my-swarm":["9",[0]],)"
                   R"("my-swarm+A2":["5",[1]]}})");
}

TEST_F(AvailabilityMapTest, OtherMasterSwarmsAreNotTold) {
  stored(segment("1"));
  loading(segment("2"));
  open("other");
  EXPECT_EQ(map(), R"({"c":2,"m":{}})");
}

TEST_F(AvailabilityMapTest, WhatTheMapCannotSayIsLeftOut) {
  stored(segment("1|2"));
  loading(segment("3|4"));
  stored(segment("5"));
  EXPECT_EQ(map(), R"({"c":2,"m":{"my-swarm+V0":["5",[0]]}})");
}

TEST_F(AvailabilityMapTest, WithoutSequenceTheIdIsTheEntry) {
  Segment s("segment-1", "//url/to/segment/1");
  s.masterSwarmId = "my-swarm";
  stored(s);
  EXPECT_EQ(map(), R"({"c":2,"m":{"my-swarm":["segment-1",[0]]}})");
}

TEST_F(AvailabilityMapTest, TheNewestAreToldWhenNotAllFit) {
  const std::string filler(1000, 'x');
  for (int i = 0; i < 300; ++i) stored(segment(std::to_string(i) + filler));
  loading(segment("loading"));
  const std::string text = map();
  EXPECT_LE(text.size(), kMaxMapBytes);
  EXPECT_GT(text.size(), kMaxMapBytes - 2100);
  const auto decoded = std::get<wire::SegmentsMap>(wire::decodePeerMessage(std::as_bytes(std::span(text))));
  ASSERT_EQ(decoded.streams.size(), 1U);
  const auto& entries = decoded.streams[0].segments;
  EXPECT_EQ(entries.back().first, "loading");
  EXPECT_EQ(entries[entries.size() - 2].first, "299" + filler);
  // Without a gap from some segment on.
  EXPECT_EQ(entries.front().first, std::to_string(300 - (entries.size() - 1)) + filler);
}

TEST_F(AvailabilityMapTest, EscapesCountIntoTheLimit) {
  // Every one of these bytes takes six in JSON.
  const std::string filler(1000, '\x01');
  for (int i = 0; i < 100; ++i) stored(segment(std::to_string(i) + filler));
  EXPECT_LE(map().size(), kMaxMapBytes);
  EXPECT_GT(map().size(), kMaxMapBytes - 12'100);
}

TEST_F(AvailabilityMapTest, ManyStreamsFitToo) {
  for (int i = 0; i < 3000; ++i) {
    stored(segment("1", (std::to_string(i) + std::string(100, 'y')).c_str()));
  }
  EXPECT_LE(map().size(), kMaxMapBytes);
  EXPECT_GT(map().size(), kMaxMapBytes - 8000);
}

// docs/protocol/peer-binary.md 5b.5: "Announcement l=[1,2,3,300] p=[4,513]".
TEST_F(AvailabilityMapTest, GoldenBytesOfTheAnnouncement) {
  settings.peerProtocols = {Generation::g3, Generation::g0};
  for (const char* sequence : {"1", "2", "3", "300"}) stored(segment(sequence));
  loading(segment("4"));
  loading(segment("513"));
  const OwnAvailability own = makeOwnAvailability(store, http, "my-swarm+V0", settings);
  ASSERT_NE(own.messagesFor(Generation::g3), nullptr);
  ASSERT_EQ(own.messagesFor(Generation::g3)->size(), 1U);
  EXPECT_EQ(base::toHex(own.messagesFor(Generation::g3)->front().text()),
            "63737472006c10020103010203020101"
            "2c70100201010402020101"
            "63656e64");
  EXPECT_EQ(own.messagesFor(Generation::g2), own.messagesFor(Generation::g3));
  ASSERT_NE(own.messagesFor(Generation::g0), nullptr);
  EXPECT_EQ(own.messagesFor(Generation::g0)->front().text(), map());
  EXPECT_EQ(own.messagesFor(Generation::g4), nullptr);  // nobody asked for it
}

TEST_F(AvailabilityMapTest, BinaryPeersAreToldOfTheirStreamOnlyAndOfWhatHasANumber) {
  settings.peerProtocols = {Generation::g2, Generation::g4};
  stored(segment("7", "V1"));
  stored(segment("seven"));
  Segment vod = segment("101");
  vod.externalId = 0;
  stored(vod);
  const auto announced = [&](Generation generation) {
    const OwnAvailability own = makeOwnAvailability(store, http, "my-swarm+V0", settings);
    wire::CommandAssembler assembler;
    const auto command = assembler.add(own.messagesFor(generation)->front().span());
    return std::get<wire::SegmentsAnnouncement>(**command).loaded;
  };
  EXPECT_EQ(announced(Generation::g2), std::vector<std::int64_t>{0});
  EXPECT_EQ(announced(Generation::g4), std::vector<std::int64_t>{101});
}

wire::NodeMap numbers(std::int64_t first, std::uint64_t count) {
  return {{{first, count, {wire::NodeStatus::State::loaded, 0}}}, {}};
}

TEST(NodeForm, TellsEachNodeWhatItDoesNotKnow) {
  const wire::NodeMap maps[] = {numbers(1, 3), numbers(2, 3), numbers(4, 9)};
  const NodeForm forms[] = {{1, maps[0]}, {2, maps[1]}, {3, maps[2]}};
  // In an order in which neither the same node comes always, nor always another.
  for (const int before : {0, 0, 1, 1, 0, -1, -1, 1, 2}) {
    const NodeForm* known = before < 0 ? nullptr : &forms[before];
    wire::NodeMap told = before < 0 ? numbers(77, 1) : maps[before];
    const auto& messages = forms[2].messagesAfter(known, wire::kMaxNodeSentBytes);
    EXPECT_EQ(messages.empty(), before == 2) << before;
    for (const Bytes& message : messages) {
      const auto frame = wire::NodeFrameReader(message.span()).next();
      ASSERT_TRUE(frame && *frame);
      ASSERT_TRUE(told.apply(std::get<wire::NodeHave>(**frame)));
    }
    EXPECT_EQ(told, maps[2]) << before;
  }
}

TEST(NodeForm, TroubleIsToldWhenItBeginsAndWhenItEnds) {
  const NodeForm sound(1, numbers(1, 3));
  const NodeForm troubled(2, numbers(1, 3), /*trouble=*/true);
  EXPECT_FALSE(sound == troubled);
  const auto told = [](const NodeForm& form, const NodeForm* before) {
    const auto& messages = form.messagesAfter(before, wire::kMaxNodeSentBytes);
    EXPECT_EQ(messages.size(), 1U);
    const auto frame = wire::NodeFrameReader(messages[0].span()).next();
    return std::get<wire::NodeHave>(**frame);
  };
  EXPECT_EQ(told(troubled, &sound), (wire::NodeHave{false, {}, {}, true}));
  EXPECT_EQ(told(sound, &troubled), (wire::NodeHave{}));
  EXPECT_TRUE(told(troubled, nullptr).trouble);
  EXPECT_TRUE(troubled.messagesAfter(&troubled, wire::kMaxNodeSentBytes).empty());
}

TEST(NodeForm, MessagesAreAsShortAsAsked) {
  std::vector<wire::NodeNamed> named;
  for (int i = 0; i < 40; ++i) {
    named.push_back({std::to_string(i) + std::string(200, 'x'), {wire::NodeStatus::State::loaded, 0}});
  }
  const NodeForm form(1, {{}, std::move(named)});
  EXPECT_EQ(form.messagesAfter(nullptr, wire::kMaxNodeSentBytes).size(), 1U);
  EXPECT_GT(form.messagesAfter(nullptr, wire::kMinNodeMessageBytes).size(), 3U);
}

TEST(OwnAvailability, IsEqualByWhatItTells) {
  OwnAvailability a;
  OwnAvailability b;
  EXPECT_EQ(a, b);
  a.nodes[0] = std::make_shared<const NodeForm>(1, numbers(1, 3));
  EXPECT_FALSE(a == b);
  b.nodes[0] = std::make_shared<const NodeForm>(2, numbers(1, 3));
  EXPECT_EQ(a, b);
  b.nodes[0] = std::make_shared<const NodeForm>(3, numbers(1, 4));
  EXPECT_FALSE(a == b);
  b.nodes = a.nodes;
  b.json = OwnAvailability::Messages{Bytes::copyOf("{}")};
  EXPECT_FALSE(a == b);
}

}  // namespace
}  // namespace p2pml::engine
