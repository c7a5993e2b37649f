#include "wire/peer_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/rng.hpp"

namespace p2pml::wire {
namespace {

using State = NodeStatus::State;
using testing::ElementsAre;

constexpr NodeStatus kLoaded{State::loaded, 0};
constexpr NodeStatus kLoading{State::loading, 0};
constexpr NodeStatus kGone{};
constexpr NodeStatus relayingAt(std::uint32_t depth) { return {State::relaying, depth}; }

std::string hex(const base::Bytes& bytes) { return base::toHex(bytes.text()); }
base::Bytes fromHex(std::string_view digits) { return base::Bytes::copyOf(*base::fromHex(digits)); }

std::vector<NodeFrame> framesOf(const base::Bytes& message) {
  std::vector<NodeFrame> frames;
  NodeFrameReader reader(message.span());
  for (;;) {
    auto frame = reader.next();
    EXPECT_TRUE(frame.has_value()) << (frame ? "" : frame.error().detail);
    if (!frame || !*frame) return frames;
    frames.push_back(std::move(**frame));
  }
}
std::string errorOf(std::string_view digits) {
  const base::Bytes message = fromHex(digits);
  NodeFrameReader reader(message.span());
  for (;;) {
    const auto frame = reader.next();
    if (!frame) {
      const auto after = reader.next();
      EXPECT_TRUE(after && !*after) << "something was read after an error";
      return frame.error().detail;
    }
    if (!*frame) return "";
  }
}

struct Row {
  NodeFrame frame;
  const char* bytes;
};

TEST(PeerNodeTest, FramesAsTheSpecificationShowsThem) {
  const std::vector<Row> rows{
      {NodeHello{1, NodeHello::kCooperative | NodeHello::kUploads}, "01020103"},
      {NodeHave{true, {{5, 3, kLoaded}, {8, 1, relayingAt(2)}}, {}}, "020901020a020300000a00"},
      {NodeHave{false, {{100, 1, kGone}}, {{"a.ts", kLoading}}}, "020d0001c80100000104612e747301"},
      {NodeHave{true, {{5, 1, kLoaded}}, {}, true}, "020603010a000300"},
      {NodeHave{false, {}, {}, true}, "0203020000"},
      {NodeRequest{7, 300, 0, 0}, "030507b0090000"},
      {NodeRequest{7, -1, 65536, 131072}, "03080702808004808008"},
      {NodeRequest{1, std::string("a.ts"), 0, 0}, "03080109612e74730000"},
      {NodeData{7, 65536, 65535, 1048576}, "040a07808004ffff03808040"},
      {NodeEnd{7, NodeEnd::Status::complete, 1048576}, "05050700808040"},
      {NodeEnd{7, NodeEnd::Status::busy, 0}, "0503070200"},
      {NodeCancel{7, 0}, "06020700"},
      {NodeCancel{7, 65536}, "060407808004"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(hex(encode(row.frame)), row.bytes);
    EXPECT_THAT(framesOf(fromHex(row.bytes)), ElementsAre(row.frame));
  }
}

TEST(PeerNodeTest, SeveralFramesInOneMessageDataLast) {
  const auto frames = framesOf(fromHex("0602070006020800040407000500"));
  EXPECT_THAT(frames,
              ElementsAre(NodeFrame(NodeCancel{7, 0}), NodeFrame(NodeCancel{8, 0}), NodeFrame(NodeData{7, 0, 5, 0})));
  EXPECT_EQ(errorOf("04040700050006020700"), "node frame data: expected to be the last of its message");
}

TEST(PeerNodeTest, WhatALaterVersionAddsIsPassedOver) {
  EXPECT_THAT(framesOf(fromHex("7f03aabbcc06020700")), ElementsAre(NodeFrame(NodeCancel{7, 0})));
  EXPECT_THAT(framesOf(fromHex("060407000102")), ElementsAre(NodeFrame(NodeCancel{7, 0})));
  EXPECT_THAT(framesOf(fromHex("0503076300")), ElementsAre(NodeFrame(NodeEnd{7, NodeEnd::Status::failed, 0})));
  EXPECT_THAT(framesOf(base::Bytes()), ElementsAre());
}

TEST(PeerNodeTest, WhatIsBrokenIsNamed) {
  const std::string framing = "node message: expected a frame's type, its length and as many bytes";
  for (const char* bytes : {"06", "0602", "060207", "0680", "06ffffffffffffffffff01"})
    EXPECT_EQ(errorOf(bytes), framing);
  const auto broken = [](const char* frame, const char* field) {
    return "node frame " + std::string(frame) + ": " + field + " is missing or not what it must be";
  };
  EXPECT_EQ(errorOf("0600"), broken("cancel", "request"));
  EXPECT_EQ(errorOf("01020003"), broken("hello", "version"));
  EXPECT_EQ(errorOf("06088080808080808010"), broken("cancel", "request"));  // 2^53
  EXPECT_EQ(errorOf("0608ffffffffffff0f00"), "");                           // below it
  EXPECT_EQ(errorOf("030407090500"), broken("request", "segment"));
  EXPECT_EQ(errorOf("030407000505"), broken("request", "to"));
  EXPECT_EQ(errorOf("040407000000"), broken("data", "length"));
  EXPECT_EQ(errorOf("0406070081801000"), broken("data", "length"));  // 262145
  EXPECT_EQ(errorOf("040407010505"), broken("data", "total"));       // 1 + 5 > 5
  EXPECT_EQ(errorOf("020400020a02"), broken("have", "number of runs"));
  EXPECT_EQ(errorOf("020600010a020700"), broken("have", "status"));  // loaded has no depth
  EXPECT_EQ(errorOf("02050000010561"), broken("have", "name"));
  // 2^53 - 1 and one more.
  EXPECT_EQ(errorOf("020d0001feffffffffffff1f010300"), broken("have", "run of numbers"));
}

TEST(PeerNodeTest, LargestNumbersGoThrough) {
  const NodeFrame request =
      NodeRequest{static_cast<std::uint64_t>(kMaxNodeInteger), kMaxNodeInteger,
                  static_cast<std::uint64_t>(kMaxNodeInteger) - 1, static_cast<std::uint64_t>(kMaxNodeInteger)};
  EXPECT_THAT(framesOf(encode(request)), ElementsAre(request));
  const NodeFrame lowest = NodeRequest{0, -kMaxNodeInteger, 0, 0};
  EXPECT_THAT(framesOf(encode(lowest)), ElementsAre(lowest));
  const NodeFrame all =
      NodeHave{true, {{-kMaxNodeInteger, 2 * static_cast<std::uint64_t>(kMaxNodeInteger) + 1, kLoaded}}, {}};
  // A run is as long as a number can say.
  EXPECT_EQ(errorOf(hex(encode(all))), "node frame have: length of a run is missing or not what it must be");
}

TEST(PeerNodeTest, ALongMapGoesInSeveralMessages) {
  NodeHave have{true, {}, {}, true};
  for (std::int64_t i = 0; i < 1000; ++i) have.numbers.push_back({i * 1000, 1, kLoaded});
  for (int i = 0; i < 20; ++i) have.named.push_back({std::string(500, static_cast<char>('a' + i)), kLoading});
  const auto messages = encodeMessages(have, kMinNodeMessageBytes);
  EXPECT_GT(messages.size(), 10u);
  NodeMap map({{7, 1, kLoaded}}, {});
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_LE(messages[i].size(), kMinNodeMessageBytes);
    const auto frames = framesOf(messages[i]);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(std::get<NodeHave>(frames[0]).reset, i == 0);
    EXPECT_TRUE(std::get<NodeHave>(frames[0]).trouble);
    ASSERT_TRUE(map.apply(std::get<NodeHave>(frames[0])));
  }
  EXPECT_EQ(map, NodeMap(have.numbers, have.named));
  EXPECT_EQ(map.find(7), kGone);
  // Nothing at all is a message too: it takes everything back.
  EXPECT_EQ(encodeMessages({true, {}, {}}).size(), 1u);
}

// -------------------------------------------------------------------------------------------------------------- maps

TEST(NodeMapTest, RunsAreCutAndJoined) {
  NodeMap map;
  EXPECT_EQ(map.apply({false, {{10, 10, kLoaded}}, {}}), true);
  EXPECT_EQ(map.apply({false, {{12, 2, kGone}, {18, 4, relayingAt(1)}}, {}}), true);
  EXPECT_THAT(map.all().numbers,
              ElementsAre(NodeNumbers{10, 2, kLoaded}, NodeNumbers{14, 4, kLoaded}, NodeNumbers{18, 4, relayingAt(1)}));
  EXPECT_EQ(map.apply({false, {{12, 2, kLoaded}, {18, 1, kLoaded}}, {}}), true);
  EXPECT_THAT(map.all().numbers, ElementsAre(NodeNumbers{10, 9, kLoaded}, NodeNumbers{19, 3, relayingAt(1)}));
  EXPECT_EQ(map.apply({false, {{12, 2, kLoaded}}, {}}), false);
  EXPECT_EQ(map.count(), 12u);
  EXPECT_EQ(map.find(9), kGone);
  EXPECT_EQ(map.find(10), kLoaded);
  EXPECT_EQ(map.find(21), relayingAt(1));
  EXPECT_EQ(map.find(22), kGone);
  EXPECT_EQ(map.apply({true, {}, {{"x", kLoading}}}), true);
  EXPECT_EQ(map.find(10), kGone);
  EXPECT_EQ(map.find(std::string_view("x")), kLoading);
  EXPECT_EQ(map.find(NodeSegmentName(std::string("y"))), kGone);
}

TEST(NodeMapTest, LimitsHold) {
  NodeHave runs{false, {}, {}};
  for (std::size_t i = 0; i <= NodeMap::kMaxRuns; ++i)
    runs.numbers.push_back({static_cast<std::int64_t>(i) * 2, 1, kLoaded});
  NodeMap map({{1'000'000, 1, kLoaded}}, {});
  const auto refused = map.apply(runs);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::limitExceeded);
  EXPECT_EQ(map, NodeMap({{1'000'000, 1, kLoaded}}, {}));
  NodeHave names{false, {}, {}};
  for (int i = 0; i < 300; ++i) names.named.push_back({std::string(1000, 'a') + std::to_string(i), kLoaded});
  EXPECT_FALSE(map.apply(names));
  // Of our own what peers want least is left out.
  EXPECT_EQ(NodeMap(runs.numbers, {}).find(std::int64_t{0}), kGone);
  EXPECT_EQ(NodeMap(runs.numbers, {}).count(), NodeMap::kMaxRuns);
  EXPECT_EQ(NodeMap({}, names.named).count(), 261u);
  EXPECT_EQ(NodeMap({}, {{std::string(kMaxNodeText + 1, 'a'), kLoaded}}).count(), 0u);
  // A run of any length costs no more than one.
  EXPECT_EQ(map.apply({false, {{0, 1ULL << 53, kLoaded}}, {}}), true);
  EXPECT_EQ(map.count(), 1ULL << 53);
}

TEST(NodeMapTest, WhatIsGivenInAnyOrder) {
  const NodeMap map({{5, 5, kLoaded}, {1, 1, kLoading}, {7, 1, relayingAt(3)}},
                    {{"b", kLoaded}, {"a", kLoading}, {"b", kGone}});
  EXPECT_THAT(map.all().numbers, ElementsAre(NodeNumbers{1, 1, kLoading}, NodeNumbers{5, 2, kLoaded},
                                             NodeNumbers{7, 1, relayingAt(3)}, NodeNumbers{8, 2, kLoaded}));
  EXPECT_THAT(map.all().named, ElementsAre(NodeNamed{"a", kLoading}));
}

TEST(NodeMapTest, DifferencesLeadFromOneToTheOther) {
  base::Rng rng(11);
  const auto draw = [&] {
    NodeMap map;
    for (int i = 0; i < 12; ++i) {
      const auto state = static_cast<State>(rng.below(4));
      const NodeStatus status{state, state == State::relaying ? static_cast<std::uint32_t>(rng.below(3)) : 0};
      const auto number = static_cast<std::int64_t>(rng.below(24));
      EXPECT_TRUE(map.apply({false, {{number, rng.below(6) + 1, status}}, {}}));
      map.set(std::to_string(rng.below(8)), status);
    }
    return map;
  };
  for (int round = 0; round < 500; ++round) {
    const NodeMap from = draw();
    const NodeMap to = draw();
    NodeMap map = from;
    const NodeHave change = NodeMap::difference(from, to);
    EXPECT_EQ(map.apply(change), from != to);
    EXPECT_EQ(map, to);
    EXPECT_EQ(change.numbers.empty() && change.named.empty(), from == to);
    // No number is told twice, and none that stays as it is.
    for (const NodeNumbers& run : change.numbers) {
      for (std::int64_t n = run.first; n < run.end(); ++n) EXPECT_NE(from.find(n), to.find(n));
    }
  }
}

}  // namespace
}  // namespace p2pml::wire
