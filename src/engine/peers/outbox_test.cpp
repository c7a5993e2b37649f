#include "engine/peers/outbox.hpp"

#include <gtest/gtest.h>

#include <string>

#include "wire/peer_json.hpp"

namespace p2pml::engine {
namespace {

using base::Bytes;
using base::SegmentId;

std::vector<std::string> takeAll(Outbox& outbox) {
  std::vector<std::string> texts;
  while (auto message = outbox.take()) texts.emplace_back(message->data.text());
  return texts;
}

TEST(Outbox, BodyIsAtomicWhateverComesMeanwhile) {
  Outbox outbox(4);
  ASSERT_TRUE(outbox.addBody(SegmentId("s+1"), Bytes::copyOf("abcdefghij")));
  EXPECT_EQ(outbox.take()->data.text(), R"({"c":0,"i":"s+1","s":10})");
  EXPECT_TRUE(outbox.sendingBody());
  EXPECT_EQ(outbox.take()->data.text(), "abcd");
  outbox.setMap(Bytes::copyOf("map"));
  ASSERT_TRUE(outbox.addCommand(Bytes::copyOf("request")));
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{"efgh", "ij", "map", "request"}));
  EXPECT_FALSE(outbox.sendingBody());
}

TEST(Outbox, OnlyTheLastMapGoesOut) {
  Outbox outbox(100);
  outbox.setMap(Bytes::copyOf("old"));
  ASSERT_TRUE(outbox.addCommand(Bytes::copyOf("request")));
  outbox.setMap(Bytes::copyOf("new"));
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{"new", "request"}));
  outbox.setMap(Bytes::copyOf("next"));
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{"next"}));
}

TEST(Outbox, WaitsForTheChannelAtHighWater) {
  const std::size_t chunk = 65'535;
  Outbox outbox(chunk);
  ASSERT_TRUE(outbox.addBody(SegmentId("s+1"), Bytes::copyOf(std::string(10 * chunk, 'x'))));
  std::uint64_t handed = 0;
  while (auto message = outbox.take()) handed += message->data.size();
  EXPECT_GE(handed, Outbox::kHighWater);
  EXPECT_LT(handed, Outbox::kHighWater + chunk);
  outbox.onDrained(handed - Outbox::kHighWater);
  EXPECT_FALSE(outbox.take());
  outbox.onDrained(handed);
  EXPECT_TRUE(outbox.take());
}

TEST(Outbox, DrainedMoreThanSentIsNotBelieved) {
  Outbox outbox(65'535);
  outbox.onDrained(1'000'000'000);
  ASSERT_TRUE(outbox.addBody(SegmentId("s+1"), Bytes::copyOf(std::string(1'000'000, 'x'))));
  std::uint64_t handed = 0;
  while (auto message = outbox.take()) handed += message->data.size();
  EXPECT_LT(handed, 2 * Outbox::kHighWater);
}

TEST(Outbox, CancelStopsInTheMiddleOfABody) {
  Outbox outbox(4);
  ASSERT_TRUE(outbox.addBody(SegmentId("s+1"), Bytes::copyOf("abcdefghij")));
  ASSERT_TRUE(outbox.addBody(SegmentId("s+2"), Bytes::copyOf("k")));
  (void)outbox.take();
  (void)outbox.take();
  EXPECT_TRUE(outbox.cancelBody(SegmentId("s+1")));
  EXPECT_FALSE(outbox.cancelBody(SegmentId("s+1")));
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{R"({"c":0,"i":"s+2","s":1})", "k"}));
}

TEST(Outbox, ChunksThatLookLikeCommandsAreCutElsewhere) {
  Outbox outbox(8);
  const std::string data = R"({"a":12}{"b":34}tail)";
  ASSERT_TRUE(outbox.addBody(SegmentId("s+1"), Bytes::copyOf(data)));
  (void)outbox.take();
  std::string all;
  while (auto message = outbox.take()) {
    EXPECT_FALSE(wire::looksLikePeerCommand(message->data.span())) << message->data.text();
    EXPECT_EQ(message->segmentBytes, message->data.size());
    all += message->data.text();
  }
  EXPECT_EQ(all, data);
}

TEST(Outbox, LimitsOnWhatIsQueued) {
  Outbox outbox(4);
  for (std::size_t i = 0; i < Outbox::kMaxBodies; ++i) {
    ASSERT_TRUE(outbox.addBody(SegmentId(std::to_string(i)), Bytes::copyOf("x")));
  }
  EXPECT_FALSE(outbox.addBody(SegmentId("more"), Bytes::copyOf("x")));
  for (std::size_t i = 0; i < Outbox::kMaxCommands; ++i) ASSERT_TRUE(outbox.addCommand(Bytes::copyOf("c")));
  EXPECT_FALSE(outbox.addCommand(Bytes::copyOf("c")));
}

}  // namespace
}  // namespace p2pml::engine
