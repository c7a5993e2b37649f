// What a binary peer gets from us.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "engine/peers/binary_peer_session_fixture.hpp"

namespace p2pml::engine {
namespace {

using base::Bytes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using BinaryPeerUploadTest = BinaryPeerSessionTest;

TEST_F(BinaryPeerUploadTest, AnswersARequestInExactBytes) {
  wanted(300, 7);
  send(wish(300, 7), Bytes::copyOf("abcdef"));
  EXPECT_THAT(sentHex(), ElementsAre("637374720269"
                                     "02012c"
                                     "730106"
                                     "720107"
                                     "63656e64",      //
                                     "616263646566",  //
                                     "637374720369"
                                     "02012c"
                                     "720107"
                                     "63656e64"));
  EXPECT_EQ(session->bytesUploaded(), 6U);
  EXPECT_FALSE(session->transferring());
  wanted(300, 8);
  sendAbsent(wish(300, 8));
  EXPECT_THAT(sentHex(), ElementsAre("637374720469"
                                     "02012c"
                                     "720108"
                                     "63656e64"));
}

TEST_F(BinaryPeerUploadTest, ChunksAreOfTheMaximumSizeAndThenTheRest) {
  wanted(299, 708);
  send(wish(299, 708), zeros(150'299));
  EXPECT_THAT(said(), ElementsAre("data 299 r=708 s=150299", "[65535 bytes]", "up 65535", "[65535 bytes]", "up 65535",
                                  "[19229 bytes]", "up 19229", "completed 299 r=708"));
}

TEST_F(BinaryPeerUploadTest, SendsFromTheByteThatIsWanted) {
  wanted(1, 3, 4);
  send(wish(1, 3, 4), Bytes::copyOf("abcdef"));
  EXPECT_THAT(said(), ElementsAre("data 1 r=3 s=2", "[2 bytes]", "up 2", "completed 1 r=3"));
  wanted(1, 4, 6);  // has all of it: nothing remains
  send(wish(1, 4, 6), Bytes::copyOf("abcdef"));
  EXPECT_THAT(said(), ElementsAre("data 1 r=4 s=0", "completed 1 r=4"));
  wanted(1, 5, 7);  // another segment than ours
  send(wish(1, 5, 7), Bytes::copyOf("abcdef"));
  EXPECT_THAT(said(), ElementsAre("absent 1 r=5"));
  EXPECT_FALSE(session->transferring());
}

TEST_F(BinaryPeerUploadTest, ASegmentWithoutAByteIsAbsent) {
  wanted(1, 3);
  send(wish(1, 3), Bytes());
  EXPECT_THAT(said(), ElementsAre("absent 1 r=3"));
}

TEST_F(BinaryPeerUploadTest, OurAnnouncementsAndRequestsOvertakeOurBody) {
  wanted(1, 3);
  send(wish(1, 3), zeros(1'000'000));
  // The header and 4 chunks: then the channel is full.
  const std::uint64_t header = 20;
  EXPECT_THAT(said(), ElementsAre("data 1 r=3 s=1000000", "[65535 bytes]", "up 65535", "[65535 bytes]", "up 65535",
                                  "[65535 bytes]", "up 65535", "[65535 bytes]", "up 65535"));
  drained(header);  // 262140 bytes are still there: room for one more message
  EXPECT_THAT(said(), ElementsAre("[65535 bytes]", "up 65535"));
  announce({1, 2});
  announce({1, 2, 3});  // only the last one counts
  request(9);
  EXPECT_THAT(said(), ElementsAre("begin id 9"));
  drained(header + 2 * 65'535);
  EXPECT_THAT(said(), ElementsAre("announce 1,2,3", "request 9 r=1", "[65535 bytes]", "up 65535"));
  drained(2'000'000);
  const auto rest = said();
  EXPECT_EQ(rest.front(), "[65535 bytes]");
  drained(2'000'000);
  drained(2'000'000);
  drained(2'000'000);
  const auto end = said();
  EXPECT_EQ(end.back(), "completed 1 r=3");
  EXPECT_EQ(session->bytesUploaded(), 1'000'000U);
}

TEST_F(BinaryPeerUploadTest, ALongAnnouncementIsSplitAndNotTornApart) {
  settings.webRtcMaxMessageSize = 64;
  make();
  // Fills the channel but for one byte, then queues.
  wanted(1, 3);
  send(wish(1, 3), zeros(300'000));
  said();
  std::vector<std::int64_t> ids(200);
  std::iota(ids.begin(), ids.end(), 0);
  announce(ids);
  EXPECT_THAT(said(), IsEmpty());
  // One message at a time: all its parts, then the body goes on.
  std::uint64_t sent = Outbox::kHighWater;
  std::vector<std::string> kinds;
  for (std::uint64_t total = 40; kinds.size() < 8; total += 8) {
    drained(total);
    for (const Output& output : out) {
      const auto* s = std::get_if<output::SendToPeer>(&output);
      if (s == nullptr) continue;
      EXPECT_LE(s->data.size(), 64U);
      sent += s->data.size();
      const std::string_view text = s->data.text();
      kinds.push_back(wire::isCommandPart(s->data.span())
                          ? std::string(text.substr(0, 4)) + " " + std::string(text.substr(text.size() - 4))
                          : "bytes");
    }
    announce(ids);  // while it goes out: again, after it
    said();
  }
  EXPECT_THAT(kinds, testing::IsSupersetOf({"cstr dend", "dstr dend", "dstr cend"}));
  // No bytes between a start and its end.
  bool open = false;
  for (const std::string& kind : kinds) {
    EXPECT_FALSE(open && (kind == "bytes" || kind.starts_with("cstr")));
    if (kind.starts_with("cstr")) open = true;
    if (kind.ends_with("cend")) open = false;
  }
  EXPECT_FALSE(session->mustClose());
}

TEST_F(BinaryPeerUploadTest, ANewRequestEndsTheRunningUploadWithoutAWord) {
  wanted(1, 3);
  send(wish(1, 3), zeros(1'000'000));
  said();
  receive(wire::BinarySegmentRequest{2, 4, 0});
  EXPECT_THAT(said(), ElementsAre("wants 2 r=4"));
  EXPECT_FALSE(session->transferring());
  send(wish(2, 4), Bytes::copyOf("abc"));
  drained(1'000'000);
  EXPECT_THAT(said(), ElementsAre("data 2 r=4 s=3", "[3 bytes]", "up 3", "completed 2 r=4"));
}

TEST_F(BinaryPeerUploadTest, OnlyTheNewestRequestIsAnswered) {
  receive(wire::BinarySegmentRequest{1, 3, 0});
  receive(wire::BinarySegmentRequest{2, 4, 0});
  said();
  send(wish(1, 3), Bytes::copyOf("abc"));  // read too late
  sendAbsent(wish(1, 3));
  EXPECT_THAT(said(), IsEmpty());
  send(wish(2, 4), Bytes::copyOf("x"));
  EXPECT_THAT(said(), ElementsAre("data 2 r=4 s=1", "[1 bytes]", "up 1", "completed 2 r=4"));
  send(wish(2, 4), Bytes::copyOf("x"));  // answered
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(BinaryPeerUploadTest, CancelBeforeTheUploadStarts) {
  wanted(1, 3);
  receive(wire::BinaryCancelRequest{1, 2});  // another one
  receive(wire::BinaryCancelRequest{2, 3});
  receive(wire::BinaryCancelRequest{1, 3});
  send(wish(1, 3), Bytes::copyOf("abc"));
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(BinaryPeerUploadTest, CancelInMidBodyEndsItWithoutCompleted) {
  wanted(1, 3);
  send(wish(1, 3), zeros(1'000'000));
  said();
  receive(wire::BinaryCancelRequest{1, 2});
  receive(wire::BinaryCancelRequest{2, 3});
  EXPECT_TRUE(session->transferring());
  receive(wire::BinaryCancelRequest{1, 3});
  EXPECT_FALSE(session->transferring());
  drained(1'000'000);
  EXPECT_THAT(said(), IsEmpty());
  announce({1});
  EXPECT_THAT(said(), ElementsAre("announce 1"));
}

TEST_F(BinaryPeerUploadTest, ChunksThatLookLikeCommandsAreCutElsewhere) {
  settings.webRtcMaxMessageSize = 64;
  make();
  const std::string looks = "cstr" + std::string(56, 'x') + "cend";
  ASSERT_EQ(looks.size(), 64U);
  wanted(1, 3);
  send(wish(1, 3), Bytes::copyOf(looks + looks));
  EXPECT_THAT(said(), ElementsAre("data 1 r=3 s=128", "[63 bytes]", "up 63", "[64 bytes]", "up 64", "[1 bytes]", "up 1",
                                  "completed 1 r=3"));
}

TEST_F(BinaryPeerUploadTest, G1RequestsHaveNoNumberAndNeitherHaveTheirAnswers) {
  receive(wire::BinarySegmentRequest{1, std::nullopt, 0});
  EXPECT_THAT(said(), ElementsAre("wants 1"));
  send({std::int64_t{1}, std::nullopt, 0}, Bytes::copyOf("a"));
  EXPECT_THAT(said(), ElementsAre("data 1 s=1", "[1 bytes]", "up 1", "completed 1"));
}

TEST_F(BinaryPeerUploadTest, APeerThatDoesNotReadIsClosed) {
  for (std::uint64_t i = 0; i < 20'000 && !session->mustClose(); ++i) {
    receive(wire::BinarySegmentRequest{1, i, 0});
    sendAbsent(wish(1, i));
  }
  ASSERT_TRUE(session->mustClose());
  EXPECT_THAT(session->mustClose()->detail, HasSubstr("peer does not read"));
}

}  // namespace
}  // namespace p2pml::engine
