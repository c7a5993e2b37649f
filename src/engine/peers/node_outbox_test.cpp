#include "engine/peers/node_outbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/testing/node_peer.hpp"

namespace p2pml::engine {
namespace {

using Status = wire::NodeEnd::Status;
using testing::ElementsAre;
using testing::IsEmpty;

class NodeOutboxTest : public testing::Test {
 protected:
  std::vector<std::string> taken() {
    std::vector<base::Bytes> messages;
    while (auto message = outbox.take()) {
      sent += message->data.size();
      messages.push_back(std::move(message->data));
    }
    return reader.read(messages);
  }
  static base::Bytes zeros(std::size_t size) { return base::Bytes::copyOf(std::string(size, '\0')); }
  void give(std::uint64_t request, std::size_t size) { NodeOutbox::give(*outbox.find(request), zeros(size)); }

  NodeOutbox outbox{65535};
  NodeReader reader;
  std::uint64_t sent = 0;
};

TEST_F(NodeOutboxTest, AWholeSegmentInTurnsAndItsEnd) {
  outbox.open(1, 0, 0);
  outbox.find(1)->total = 200'000;
  give(1, 200'000);
  EXPECT_THAT(taken(),
              ElementsAre("data 1 at 0 of 200000", "[65535 bytes]", "[65535 bytes]", "[2 bytes]",
                          "data 1 at 131072 of 200000", "[65535 bytes]", "[3393 bytes]", "end 1 complete 200000"));
  EXPECT_EQ(outbox.uploads(), 0u);
}

TEST_F(NodeOutboxTest, UploadsTakeTurnsAndFramesGoBetweenThem) {
  for (const std::uint64_t request : {1, 2}) {
    outbox.open(request, 0, 0);
    outbox.find(request)->total = 140'000;
    give(request, 140'000);
  }
  EXPECT_THAT(taken(), ElementsAre("data 1 at 0 of 140000", "[65535 bytes]", "[65535 bytes]", "[2 bytes]",
                                   "data 2 at 0 of 140000", "[65535 bytes]", "[65535 bytes]"));
  // In the middle of what was announced nothing else can go.
  EXPECT_TRUE(outbox.addFrame(wire::encode(wire::NodeCancel{9, 0})));
  EXPECT_FALSE(outbox.idle());
  EXPECT_THAT(taken(), IsEmpty());
  outbox.onDrained(base::TimePoint(), sent);
  EXPECT_THAT(taken(), ElementsAre("[2 bytes]", "cancel 9 from 0", "data 1 at 131072 of 140000", "[8928 bytes]",
                                   "data 2 at 131072 of 140000", "[8928 bytes]", "end 1 complete 140000",
                                   "end 2 complete 140000"));
}

TEST_F(NodeOutboxTest, WhatIsRelayedGoesOutAsItComes) {
  outbox.open(1, 5, 0);
  EXPECT_THAT(taken(), IsEmpty());
  give(1, 3);
  EXPECT_THAT(taken(), ElementsAre("data 1 at 5 of 0", "[3 bytes]"));
  outbox.find(1)->total = 10;
  give(1, 1);
  EXPECT_THAT(taken(), ElementsAre("data 1 at 8 of 10", "[1 bytes]"));
  NodeOutbox::finish(*outbox.find(1), Status::failed);
  EXPECT_THAT(taken(), ElementsAre("end 1 failed 0"));
}

TEST_F(NodeOutboxTest, WhatTheChannelHasPassedOnCountsOnce) {
  outbox.open(1, 0, 0);
  outbox.find(1)->total = 100'000;
  give(1, 100'000);
  taken();
  EXPECT_EQ(outbox.onDrained(base::TimePoint(), 60'000), 60'000u);
  EXPECT_EQ(outbox.onDrained(base::TimePoint(), 60'000), 0u);
  EXPECT_EQ(outbox.onDrained(base::TimePoint(), 100), 0u);
  EXPECT_EQ(outbox.onDrained(base::TimePoint(), sent + 1), sent - 60'000);
}

TEST_F(NodeOutboxTest, ASlowChannelGetsLessAtATimeAndCanBeCalledOffSooner) {
  outbox.open(1, 0, 0);
  outbox.find(1)->total = 900'000;
  give(1, 900'000);
  taken();
  outbox.onDrained(base::TimePoint(), 65'535);
  taken();
  outbox.onDrained(base::TimePoint(base::seconds(10)), sent);
  // Half of 96 KiB at a time, and no more until that has gone.
  EXPECT_THAT(taken(), ElementsAre("[65535 bytes]", "[2 bytes]", "data 1 at 393216 of 900000", "[49152 bytes]"));
}

TEST_F(NodeOutboxTest, OnlyWhatIsWanted) {
  outbox.open(1, 2, 6);
  outbox.find(1)->total = 10;
  give(1, 8);
  EXPECT_THAT(taken(), ElementsAre("data 1 at 2 of 10", "[4 bytes]", "end 1 complete 10"));
  outbox.open(2, 2, 60);
  outbox.find(2)->total = 10;
  give(2, 8);
  EXPECT_THAT(taken(), ElementsAre("data 2 at 2 of 10", "[8 bytes]", "end 2 complete 10"));
}

TEST_F(NodeOutboxTest, CancelledFromSomewhere) {
  outbox.open(1, 0, 0);
  outbox.find(1)->total = 500'000;
  give(1, 500'000);
  taken();
  const std::uint64_t next = outbox.find(1)->next;
  EXPECT_EQ(next, 262'144u);
  outbox.cancel(1, 300'000);
  outbox.onDrained(base::TimePoint(), sent);
  EXPECT_THAT(taken(),
              ElementsAre("[2 bytes]", "data 1 at 262144 of 500000", "[37856 bytes]", "end 1 complete 500000"));
  // Further than that already: it ends where it is. What was announced still goes out.
  outbox.open(2, 0, 0);
  outbox.find(2)->total = 500'000;
  give(2, 500'000);
  outbox.onDrained(base::TimePoint(), sent);
  taken();
  outbox.cancel(2, 1);
  outbox.onDrained(base::TimePoint(), sent);
  EXPECT_THAT(taken(), ElementsAre("[2 bytes]", "end 2 complete 500000"));
  outbox.open(3, 0, 0);
  outbox.cancel(3, 0);
  EXPECT_EQ(outbox.uploads(), 0u);
  outbox.cancel(3, 0);
  EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(NodeOutboxTest, FramesAreBounded) {
  for (std::size_t i = 0; i < NodeOutbox::kMaxFrames; ++i) {
    EXPECT_TRUE(outbox.addFrame(wire::encode(wire::NodeCancel{1, 0})));
  }
  EXPECT_FALSE(outbox.addFrame(wire::encode(wire::NodeCancel{1, 0})));
}

}  // namespace
}  // namespace p2pml::engine
