#include "engine/peers/outbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "wire/peer_json.hpp"

namespace p2pml::engine {
namespace {

using base::Bytes;
using base::SegmentId;

std::size_t jsonCut(const Bytes& remaining, std::size_t maxMessageSize) {
  std::size_t length = std::min(remaining.size(), maxMessageSize);
  while (length > 1 && wire::looksLikePeerCommand(remaining.slice(0, length))) --length;
  return length;
}

Outbox atomicOutbox(std::size_t maxMessageSize) { return {maxMessageSize, Outbox::Order::atomicBodies, &jsonCut}; }
Outbox overtakingOutbox(std::size_t maxMessageSize) {
  return {maxMessageSize, Outbox::Order::commandsOvertake, &jsonCut};
}

PeerRequest requestFor(const std::string& id) { return {SegmentId(id), std::nullopt, 0}; }

[[nodiscard]] bool addBody(Outbox& outbox, const std::string& id, const Bytes& data) {
  return outbox.addBody(requestFor(id), {wire::encode(wire::SegmentData{SegmentId(id), data.size()})}, data);
}

std::vector<std::string> takeAll(Outbox& outbox) {
  std::vector<std::string> texts;
  while (auto message = outbox.take()) texts.emplace_back(message->data.text());
  return texts;
}

TEST(Outbox, BodyIsAtomicWhateverComesMeanwhile) {
  Outbox outbox = atomicOutbox(4);
  ASSERT_TRUE(addBody(outbox, "s+1", Bytes::copyOf("abcdefghij")));
  EXPECT_EQ(outbox.take()->data.text(), R"({"c":0,"i":"s+1","s":10})");
  EXPECT_EQ(outbox.take()->data.text(), "abcd");
  outbox.setAnnouncement({Bytes::copyOf("map")});
  ASSERT_TRUE(outbox.addCommand(Bytes::copyOf("request")));
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{"efgh", "ij", "map", "request"}));
  EXPECT_EQ(outbox.bodies(), 0U);
}

TEST(Outbox, OnlyTheLastAnnouncementGoesOut) {
  Outbox outbox = atomicOutbox(100);
  outbox.setAnnouncement({Bytes::copyOf("old")});
  ASSERT_TRUE(outbox.addCommand(Bytes::copyOf("request")));
  outbox.setAnnouncement({Bytes::copyOf("new")});
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{"new", "request"}));
  outbox.setAnnouncement({Bytes::copyOf("next")});
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{"next"}));
}

TEST(Outbox, WaitsForTheChannelAtHighWater) {
  const std::size_t chunk = 65'535;
  Outbox outbox = atomicOutbox(chunk);
  ASSERT_TRUE(addBody(outbox, "s+1", Bytes::copyOf(std::string(10 * chunk, 'x'))));
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
  Outbox outbox = atomicOutbox(65'535);
  outbox.onDrained(1'000'000'000);
  ASSERT_TRUE(addBody(outbox, "s+1", Bytes::copyOf(std::string(1'000'000, 'x'))));
  std::uint64_t handed = 0;
  while (auto message = outbox.take()) handed += message->data.size();
  EXPECT_LT(handed, 2 * Outbox::kHighWater);
}

TEST(Outbox, CancelStopsInTheMiddleOfABody) {
  Outbox outbox = atomicOutbox(4);
  ASSERT_TRUE(addBody(outbox, "s+1", Bytes::copyOf("abcdefghij")));
  ASSERT_TRUE(addBody(outbox, "s+2", Bytes::copyOf("k")));
  (void)outbox.take();
  (void)outbox.take();
  EXPECT_TRUE(outbox.cancelBody(requestFor("s+1")));
  EXPECT_FALSE(outbox.cancelBody(requestFor("s+1")));
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{R"({"c":0,"i":"s+2","s":1})", "k"}));
}

TEST(Outbox, ChunksThatLookLikeCommandsAreCutElsewhere) {
  Outbox outbox = atomicOutbox(8);
  const std::string data = R"({"a":12}{"b":34}tail)";
  ASSERT_TRUE(addBody(outbox, "s+1", Bytes::copyOf(data)));
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
  Outbox outbox = atomicOutbox(4);
  for (std::size_t i = 0; i < Outbox::kMaxBodies; ++i) {
    ASSERT_TRUE(addBody(outbox, std::to_string(i), Bytes::copyOf("x")));
  }
  EXPECT_FALSE(addBody(outbox, "more", Bytes::copyOf("x")));
  for (std::size_t i = 0; i < Outbox::kMaxCommands; ++i) ASSERT_TRUE(outbox.addCommand(Bytes::copyOf("c")));
  EXPECT_FALSE(outbox.addCommand(Bytes::copyOf("c")));
}

// docs/protocol/peer-binary.md 5b.6
TEST(Outbox, CommandsOvertakeChunksButNeverTearACommandApart) {
  Outbox outbox = overtakingOutbox(4);
  ASSERT_TRUE(outbox.addBody(requestFor("1"), {Bytes::copyOf("head"), Bytes::copyOf("er")}, Bytes::copyOf("abcdefghij"),
                             {Bytes::copyOf("trai"), Bytes::copyOf("ler")}));
  EXPECT_EQ(outbox.take()->data.text(), "head");
  ASSERT_TRUE(outbox.addCommand({Bytes::copyOf("C1"), Bytes::copyOf("C2")}));
  EXPECT_EQ(outbox.take()->data.text(), "er");
  EXPECT_EQ(outbox.take()->data.text(), "C1");
  outbox.setAnnouncement({Bytes::copyOf("A1"), Bytes::copyOf("A2")});
  EXPECT_EQ(outbox.take()->data.text(), "C2");
  EXPECT_EQ(outbox.take()->data.text(), "A1");
  outbox.setAnnouncement({Bytes::copyOf("B")});
  EXPECT_EQ(outbox.take()->data.text(), "A2");
  EXPECT_EQ(outbox.take()->data.text(), "B");
  EXPECT_EQ(outbox.take()->data.text(), "abcd");
  EXPECT_EQ(outbox.take()->data.text(), "efgh");
  EXPECT_EQ(outbox.take()->data.text(), "ij");
  EXPECT_EQ(outbox.take()->data.text(), "trai");
  ASSERT_TRUE(outbox.addCommand(Bytes::copyOf("last")));
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{"ler", "last"}));
  EXPECT_EQ(outbox.bodies(), 0U);
}

TEST(Outbox, ABodyWithoutBytesIsItsHeaderAndTrailer) {
  Outbox outbox = overtakingOutbox(4);
  ASSERT_TRUE(outbox.addBody(requestFor("1"), {Bytes::copyOf("header")}, Bytes(), {Bytes::copyOf("trailer")}));
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{"header", "trailer"}));
  EXPECT_EQ(outbox.bodies(), 0U);
}

TEST(Outbox, CancelledBodiesLeaveTheCommands) {
  Outbox outbox = overtakingOutbox(4);
  ASSERT_TRUE(addBody(outbox, "1", Bytes::copyOf("abc")));
  ASSERT_TRUE(addBody(outbox, "2", Bytes::copyOf("def")));
  ASSERT_TRUE(outbox.addCommand(Bytes::copyOf("command")));
  outbox.cancelBodies();
  EXPECT_EQ(outbox.bodies(), 0U);
  EXPECT_EQ(takeAll(outbox), (std::vector<std::string>{"command"}));
}

}  // namespace
}  // namespace p2pml::engine
