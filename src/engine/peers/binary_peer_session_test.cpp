// What the peer has and what we take from it.
#include "engine/peers/binary_peer_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "engine/peers/binary_peer_session_fixture.hpp"

namespace p2pml::engine {
namespace {

using base::Bytes;
using base::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// -------------------------------------------------------------------------------------------------- what it has

TEST_F(BinaryPeerSessionTest, AnnouncementsReplaceWhatWasKnown) {
  EXPECT_EQ(session->availability(name(1)), Availability::none);
  has({1, 3}, {2});
  EXPECT_THAT(said(), ElementsAre("changed"));
  EXPECT_EQ(session->availability(name(1)), Availability::loaded);
  EXPECT_EQ(session->availability(name(2)), Availability::loadingByHttp);
  EXPECT_EQ(session->segmentCount(), 3U);
  has({3, 1}, {2});  // the same
  EXPECT_THAT(said(), IsEmpty());
  has({2});
  EXPECT_THAT(said(), ElementsAre("changed"));
  EXPECT_EQ(session->availability(name(1)), Availability::none);
  EXPECT_EQ(session->availability(name(2)), Availability::loaded);
  has({});
  EXPECT_EQ(session->segmentCount(), 0U);
}

TEST_F(BinaryPeerSessionTest, ASegmentWithoutANumberIsNotThere) {
  has({1});
  WireName nameless = name(1);
  nameless.number.reset();
  nameless.sequence.reset();
  EXPECT_EQ(session->availability(nameless), Availability::none);
}

TEST_F(BinaryPeerSessionTest, SixHundredIdsAreAnnouncedAndUnderstood) {
  std::vector<std::int64_t> ids(600);
  std::iota(ids.begin(), ids.end(), 0);
  announce(ids);
  // 0..511 are two full blocks of 256, each cut in two, as peers up to 2.3 cannot read a count of 256 (5b.7).
  const auto sent = out;
  ASSERT_EQ(sent.size(), 1U);
  const Bytes message = std::get<output::SendToPeer>(sent[0]).data;
  EXPECT_THAT(said(), ElementsAre("announce " + describeNumbers(ids)));
  receive(message);
  EXPECT_EQ(session->segmentCount(), 600U);
  EXPECT_EQ(session->availability(name(599)), Availability::loaded);
  EXPECT_EQ(session->availability(name(600)), Availability::none);
}

TEST_F(BinaryPeerSessionTest, OnlyG4CountsBySequence) {
  make(Generation::g4);
  has({1});
  EXPECT_EQ(session->availability(name(1)), Availability::none);
  has({1001});
  EXPECT_EQ(session->availability(name(1)), Availability::loaded);
  said();
  request(1);
  EXPECT_THAT(said(), ElementsAre("begin id 1", "request 1001 r=1"));
  header(1, 1, 2);  // it is 1001 that was asked for
  bytes("ab");
  EXPECT_THAT(said(), IsEmpty());
  header(1001, 1, 2);
  bytes("ab");
  completed(1001, 1);
  EXPECT_THAT(said(), ElementsAre("down 2", "have id 1 ab"));
  for (const Generation generation : {Generation::g2, Generation::g3}) {
    make(generation);
    has({1001});
    EXPECT_EQ(session->availability(name(1)), Availability::none);
    has({1});
    EXPECT_EQ(session->availability(name(1)), Availability::loaded);
  }
}

TEST_F(BinaryPeerSessionTest, AnnouncesInTheNumbersOfItsGeneration) {
  OwnAvailability own;
  own.json = OwnAvailability::Messages{Bytes::copyOf(R"({"c":2,"m":{}})")};
  own.externalIds = wire::encodeMessages(wire::SegmentsAnnouncement{{1}, {}});
  own.sequences = wire::encodeMessages(wire::SegmentsAnnouncement{{1001}, {}});
  for (const auto& [generation, expected] :
       {std::pair(Generation::g2, "announce 1"), std::pair(Generation::g3, "announce 1"),
        std::pair(Generation::g4, "announce 1001")}) {
    make(generation);
    StepIo step = io();
    session->sendAvailability(step, own);
    EXPECT_THAT(said(), ElementsAre(expected));
  }
}

// ------------------------------------------------------------------------------------------------ downloading

TEST_F(BinaryPeerSessionTest, RequestDataChunksCompletedInExactBytes) {
  request(300);
  EXPECT_THAT(sentHex(), ElementsAre("63737472"
                                     "01"
                                     "6902012c"
                                     "720101"
                                     "63656e64"));
  EXPECT_FALSE(session->idle(now));
  EXPECT_TRUE(session->transferring());
  EXPECT_EQ(*session->downloading(), "id 300");
  // cstr 02 i=300 s=6 r=1 cend
  receive(
      hex("637374720269"
          "02012c"
          "730106"
          "720101"
          "63656e64"));
  bytes("ab");
  bytes("");  // an empty message is nothing
  bytes("cdef");
  EXPECT_THAT(said(), ElementsAre("down 2", "down 4"));  // whole by count, but not told so
  EXPECT_TRUE(session->transferring());
  receive(
      hex("637374720369"
          "02012c"
          "720101"
          "63656e64"));
  EXPECT_THAT(said(), ElementsAre("have id 300 abcdef"));
  EXPECT_TRUE(session->idle(now));
  EXPECT_FALSE(session->transferring());
  EXPECT_EQ(timers.next(), base::kNever);
  EXPECT_EQ(session->bytesDownloaded(), 6U);
  EXPECT_EQ(stats.peerFaults, 0U);
}

TEST_F(BinaryPeerSessionTest, EveryRequestHasItsOwnNumber) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    request(7);
    EXPECT_THAT(said(), ElementsAre("begin id 7", "request 7 r=" + std::to_string(i)));
    header(7, i, 1);
    bytes("x");
    completed(7, i);
    EXPECT_THAT(said(), ElementsAre("down 1", "have id 7 x"));
  }
}

TEST_F(BinaryPeerSessionTest, AnswersToOtherRequestsAreNotOurs) {
  request(1);
  said();
  header(2, 1, 3);                                       // another segment
  header(1, 2, 3);                                       // another request
  receive(wire::BinarySegmentData{1, 3, std::nullopt});  // G1 has no numbers
  receive(wire::BinarySegmentAbsent{2, 1});
  receive(wire::BinarySegmentAbsent{1, 9});
  bytes("abc");     // before SegmentData
  completed(1, 1);  // before SegmentData
  EXPECT_THAT(said(), IsEmpty());
  header(1, 1, 3);
  header(1, 1, 9);  // taken already
  completed(2, 1);
  completed(1, 2);
  bytes("xyz");
  EXPECT_THAT(said(), ElementsAre("down 3"));
  completed(1, 1);
  EXPECT_THAT(said(), ElementsAre("have id 1 xyz"));
  completed(1, 1);
  bytes("tail");
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_EQ(stats.peerFaults, 0U);
  EXPECT_FALSE(session->mustClose());
}

TEST_F(BinaryPeerSessionTest, CommandsInsideABodyAreTakenAndDoNotDisturbIt) {
  request(1);
  header(1, 1, 6);
  bytes("ab");
  said();
  has({1, 2});
  receive(wire::BinarySegmentRequest{8, 44, 3});
  bytes("cdef");
  EXPECT_THAT(said(), ElementsAre("down 4", "changed", "wants 8 r=44 b=3"));
  EXPECT_EQ(session->availability(name(2)), Availability::loaded);
  completed(1, 1);
  EXPECT_THAT(said(), ElementsAre("have id 1 abcdef"));
}

TEST_F(BinaryPeerSessionTest, AnAnnouncementInPartsMayComeBetweenChunks) {
  std::vector<std::int64_t> ids(100);
  std::iota(ids.begin(), ids.end(), 0);
  const auto parts = wire::encodeMessages(wire::SegmentsAnnouncement{ids, {}}, 64);
  ASSERT_EQ(parts.size(), 2U);
  request(1);
  header(1, 1, 4);
  bytes("ab");
  receive(parts[0]);
  bytes("cd");
  receive(parts[1]);
  completed(1, 1);
  said();
  EXPECT_EQ(session->segmentCount(), 100U);
  EXPECT_TRUE(session->idle(now));
}

TEST_F(BinaryPeerSessionTest, AbsentEndsTheRequestAndForgetsTheSegment) {
  has({1, 2}, {1});
  request(1);
  said();
  receive(wire::BinarySegmentAbsent{1, 1});
  EXPECT_THAT(said(), ElementsAre("failed id 1 notFound: peer does not have the segment any more"));
  EXPECT_EQ(session->availability(name(1)), Availability::none);
  EXPECT_EQ(session->availability(name(2)), Availability::loaded);
  EXPECT_TRUE(session->idle(now));
  EXPECT_EQ(timers.next(), base::kNever);
}

TEST_F(BinaryPeerSessionTest, ASegmentWithoutAByteIsNotAskedForAgain) {
  has({1, 2});
  request(1);
  said();
  header(1, 1, 0);
  EXPECT_THAT(said(), ElementsAre("cancel 1 r=1", "failed id 1 notFound: peer has the segment without a byte"));
  EXPECT_EQ(session->availability(name(1)), Availability::none);
  EXPECT_TRUE(session->idle(now));
  has({1, 2, 3});
  EXPECT_EQ(session->availability(name(1)), Availability::none);
  EXPECT_EQ(session->availability(name(3)), Availability::loaded);
  has({2, 3});
  has({1, 2, 3});  // it has it anew
  EXPECT_EQ(session->availability(name(1)), Availability::loaded);
  EXPECT_EQ(stats.peerFaults, 0U);
}

TEST_F(BinaryPeerSessionTest, TooManyEmptySegmentsAreForgottenAsLongAsItSaysNothing) {
  std::vector<std::int64_t> ids(BinaryPeerSession::kMaxEmptySegments + 1);
  std::iota(ids.begin(), ids.end(), 0);
  has(ids);
  for (const std::int64_t id : ids) {
    request(id);
    header(id, static_cast<std::uint64_t>(id) + 1, 0);
    EXPECT_EQ(session->availability(name(id)), Availability::none);
  }
  has(ids);
  EXPECT_EQ(session->availability(name(ids.front())), Availability::none);
  EXPECT_EQ(session->availability(name(ids.back())), Availability::loaded);
}

TEST_F(BinaryPeerSessionTest, TooManyBytesEndThePeer) {
  request(1);
  header(1, 1, 3);
  bytes("ab");
  said();
  bytes("cd");
  EXPECT_THAT(said(), ElementsAre("down 2", "failed id 1 malformed: too many bytes received for segment"));
  ASSERT_TRUE(session->mustClose());
  EXPECT_THAT(session->mustClose()->detail, HasSubstr("more bytes than its SegmentData announced"));
  EXPECT_EQ(stats.peerFaults, 1U);
}

TEST_F(BinaryPeerSessionTest, TooFewBytesAtTheEndEndThePeer) {
  request(1);
  header(1, 1, 3);
  bytes("ab");
  said();
  completed(1, 1);
  EXPECT_THAT(said(), ElementsAre("failed id 1 malformed: peer ended the segment after 2 of 3 bytes"));
  ASSERT_TRUE(session->mustClose());
  EXPECT_EQ(session->mustClose()->code, ErrorCode::malformed);
  EXPECT_EQ(stats.peerFaults, 1U);
}

TEST_F(BinaryPeerSessionTest, AnImpossibleSizeIsRefused) {
  request(1);
  said();
  header(1, 1, PeerSession::kMaxSegmentBytes + 1);
  const auto texts = said();
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts[0], "cancel 1 r=1");
  EXPECT_THAT(texts[1], HasSubstr("failed id 1 malformed: SegmentData announces 268435457 bytes"));
  EXPECT_EQ(stats.peerFaults, 1U);
  EXPECT_FALSE(session->mustClose());
  // With what is there already, too.
  const PartialBody start = partial("ab", PeerSession::kMaxSegmentBytes);
  request(1, &start);
  said();
  header(1, 2, PeerSession::kMaxSegmentBytes);
  EXPECT_THAT(said(), ElementsAre("cancel 1 r=2", HasSubstr("failed id 1 malformed")));
}

TEST_F(BinaryPeerSessionTest, CancelTellsThePeerAndKeepsWhatCame) {
  request(1);
  header(1, 1, 6);
  bytes("abc");
  said();
  StepIo step = io();
  const auto kept = session->cancelDownload(step);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->data.text(), "abc");
  EXPECT_EQ(kept->total, 6U);
  EXPECT_THAT(said(), ElementsAre("cancel 1 r=1"));
  EXPECT_EQ(timers.next(), base::kNever);
  bytes("def");
  completed(1, 1);
  EXPECT_THAT(said(), IsEmpty());
  // The tail of the old body comes before the new header.
  request(1);
  bytes("def");
  completed(1, 1);
  header(1, 2, 2);
  bytes("xy");
  completed(1, 2);
  EXPECT_THAT(said(), ElementsAre("begin id 1", "request 1 r=2", "down 2", "have id 1 xy"));
}

// --------------------------------------------------------------------------------------------------- resuming

TEST_F(BinaryPeerSessionTest, GoesOnWhereAnotherSourceStopped) {
  const PartialBody start = partial("abc", 6);
  request(300, &start);
  EXPECT_THAT(sentHex(), ElementsAre("63737472"
                                     "01"
                                     "6902012c"
                                     "720101"
                                     "620103"
                                     "63656e64"));
  header(300, 1, 3);
  bytes("def");
  completed(300, 1);
  EXPECT_THAT(said(), ElementsAre("down 3", "have id 300 abcdef"));
}

TEST_F(BinaryPeerSessionTest, AnotherSizeThanTheBeginningsEndsThePeer) {
  for (const std::uint64_t size : {2, 4, 6}) {  // 6: the whole size instead of the rest, as <= 2.3 reads it
    make();
    const PartialBody start = partial("abc", 6);
    request(1, &start);
    said();
    header(1, 1, size);
    EXPECT_THAT(said(), ElementsAre("cancel 1 r=1", "failed id 1 malformed: SegmentData announces " +
                                                        std::to_string(size) + " bytes, expected 3 of 6"));
    ASSERT_TRUE(session->mustClose());
  }
}

TEST_F(BinaryPeerSessionTest, AFailedContinuationKeepsAllThatIsThere) {
  const PartialBody start = partial("abc", 6);
  request(1, &start);
  header(1, 1, 3);
  bytes("d");
  said();
  StepIo step = io();
  session->onClosed(step);
  EXPECT_THAT(said(), ElementsAre("failed id 1 aborted: peer disconnected +abcd of 6"));
  EXPECT_EQ(timers.next(), base::kNever);
  // Also when it never began.
  request(1, &start);
  said();
  receive(wire::BinarySegmentAbsent{1, 2});
  EXPECT_THAT(said(), ElementsAre("failed id 1 notFound: peer does not have the segment any more +abc of 6"));
}

TEST_F(BinaryPeerSessionTest, OfAWholeBodyThatWasNotCompletedTheLastByteIsAskedForAgain) {
  request(1);
  header(1, 1, 3);
  bytes("abc");
  said();
  runTo(2000);
  const auto texts = said();
  EXPECT_THAT(texts,
              ElementsAre("cancel 1 r=1", "failed id 1 timeout: segment body stalled: no bytes for 2000 ms +abc of 3"));
  make();
  const PartialBody start = partial("abc", 3);
  request(1, &start);
  EXPECT_THAT(said(), ElementsAre("begin id 1", "request 1 r=1 b=2"));
  header(1, 1, 1);
  bytes("c");
  completed(1, 1);
  EXPECT_THAT(said(), ElementsAre("down 1", "have id 1 abc"));
}

// ------------------------------------------------------------------------------------------------------ stalls

TEST_F(BinaryPeerSessionTest, TwoSecondsWithoutAnAnswerAndAfterThreeInARowItIsGone) {
  request(1);
  said();
  runTo(1999);
  EXPECT_THAT(said(), IsEmpty());
  runTo(2000);
  EXPECT_THAT(said(), ElementsAre("cancel 1 r=1", "failed id 1 timeout: segment body stalled: no bytes for 2000 ms"));
  EXPECT_FALSE(session->idle(now));  // it rests
  EXPECT_FALSE(session->mustClose());
  runTo(3999);
  EXPECT_FALSE(session->idle(now));
  runTo(4000);
  EXPECT_TRUE(session->idle(now));

  request(1);
  header(1, 2, 10);
  bytes("ab");
  runTo(5999);
  bytes("c");  // once more two seconds
  runTo(7998);
  EXPECT_THAT(said(), ElementsAre("begin id 1", "request 1 r=2", "down 2", "down 1"));
  runTo(7999);
  EXPECT_THAT(said(), ElementsAre("cancel 1 r=2",
                                  "failed id 1 timeout: segment body stalled: no bytes for 2000 ms +abc of 10"));
  runTo(11'998);
  EXPECT_FALSE(session->idle(now));
  runTo(11'999);
  EXPECT_TRUE(session->idle(now));

  request(1);
  said();
  runTo(13'999);
  EXPECT_THAT(said(), ElementsAre("cancel 1 r=3", "failed id 1 aborted: segment body stalled: no bytes for 2000 ms"));
  ASSERT_TRUE(session->mustClose());
  EXPECT_EQ(session->mustClose()->code, ErrorCode::timeout);
}

TEST_F(BinaryPeerSessionTest, ASuccessForgivesStalls) {
  std::uint64_t number = 0;
  for (int round = 0; round < 3; ++round) {
    for (int stall = 0; stall < 2; ++stall) {
      request(1);
      ++number;
      runTo(base::toMilliseconds(now) + 2000 + 2000 * (stall + 1));
      ASSERT_TRUE(session->idle(now));
    }
    request(1);
    header(1, ++number, 1);
    bytes("x");
    completed(1, number);
    ASSERT_FALSE(session->mustClose());
  }
}

// ------------------------------------------------------------------------------------------------- malformed

TEST_F(BinaryPeerSessionTest, BrokenCommandsAreCountedAndTheFourthEndsThePeer) {
  const Bytes noNumber =
      hex("63737472"
          "01"
          "720101"
          "63656e64");  // SegmentRequest without i
  const Bytes middle =
      hex("64737472"
          "01"
          "64656e64");  // nothing is pending
  receive(noNumber);
  receive(middle);
  receive(noNumber);
  EXPECT_FALSE(session->mustClose());
  EXPECT_EQ(stats.peerFaults, 3U);
  receive(middle);
  EXPECT_EQ(stats.peerFaults, 4U);
  ASSERT_TRUE(session->mustClose());
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(BinaryPeerSessionTest, UnknownCommandsAndFieldsAreIgnored) {
  receive(
      hex("63737472"
          "09"
          "690101"
          "63656e64"));
  EXPECT_THAT(said(), IsEmpty());
  receive(
      hex("63737472"
          "01"
          "690101"
          "7a0105"
          "720102"
          "63656e64"));
  EXPECT_THAT(said(), ElementsAre("wants 1 r=2"));
  EXPECT_EQ(stats.peerFaults, 0U);
}

TEST_F(BinaryPeerSessionTest, BytesThatLookLikeABrokenCommandInsideABodyAreBytes) {
  // A SegmentRequest of which nothing can be read.
  const std::string looks = "cstr\x01" + std::string(11, '\xff') + "cend";
  request(1);
  header(1, 1, 2 + looks.size());
  bytes("ab");
  bytes(looks);
  completed(1, 1);
  EXPECT_THAT(said(), ElementsAre("begin id 1", "request 1 r=1", "down 2", "down 20", "have id 1 ab" + looks));
  EXPECT_EQ(stats.peerFaults, 0U);
  // More than is wanted is no part of the body.
  request(1);
  header(1, 2, 5);
  bytes(looks);
  EXPECT_EQ(stats.peerFaults, 1U);
  EXPECT_TRUE(session->transferring());
}

}  // namespace
}  // namespace p2pml::engine
