#include "engine/peers/json_peer_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace p2pml::engine {
namespace {

using base::Bytes;
using base::ConnectionId;
using base::ErrorCode;
using base::milliseconds;
using base::PeerId;
using base::SegmentId;
using base::TimePoint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Drives one JsonPeerSession. `said()` tells in short: sent messages ("{...}" or "[n bytes]"), "down 5", "up 5",
/// "begin m+1", "have m+1 <text>", "failed m+1 <code>: <detail>", "wants m+1", "changed".
class JsonPeerSessionTest : public testing::Test {
 protected:
  JsonPeerSessionTest() { make(); }
  void make() {
    session = PeerSession::make({ConnectionId(5), peer, Generation::g0, "192.0.2.1"}, settings, timers, meter);
  }
  static Segment segment(const std::string& number) {
    Segment result("id " + number, "http://origin/" + number);
    return result;
  }
  void request(const std::string& number) {
    StepIo step = io();
    session->request(step, segment(number), name(number));
  }
  static WireName name(const std::string& number) {
    WireName result;
    result.stream.value = "m";
    result.entry = number;
    result.id.value = "m+" + number;
    return result;
  }
  static PeerRequest wish(const std::string& number) { return {SegmentId("m+" + number), std::nullopt, 0}; }
  void sendMap(const std::string& text) {
    StepIo step = io();
    OwnAvailability own;
    own.json = OwnAvailability::Messages{Bytes::copyOf(text)};
    session->sendAvailability(step, own);
  }
  template <class Command>
  void receive(const Command& command) {
    take(wire::encode(command));
  }
  void receiveRaw(std::string_view text) { take(Bytes::copyOf(text)); }
  /// Whatever changes what it has must be told: others remember that (availability_table.hpp).
  void take(const Bytes& message) {
    const auto before = has();
    session->takeSaysChanged();
    StepIo step = io();
    session->onMessage(step, message);
    const bool told = session->takeSaysChanged();
    EXPECT_TRUE(told || has() == before);
  }
  [[nodiscard]] std::vector<Availability> has() const {
    std::vector<Availability> all;
    for (const char* number : {"1", "2", "3", "4", "5"}) all.push_back(session->availability(name(number)));
    return all;
  }
  void header(const std::string& number, std::uint64_t size) {
    receive(wire::SegmentData{SegmentId("m+" + number), size});
  }
  void map(const std::string& numbers, const std::string& statuses) {
    receiveRaw(R"({"c":2,"m":{"m":[")" + numbers + R"(",[)" + statuses + "]]}}");
  }
  void send(const std::string& number, const Bytes& data) {
    StepIo step = io();
    session->sendSegment(step, wish(number), data);
  }
  void drained(std::uint64_t total) {
    StepIo step = io();
    session->onDrained(step, total);
  }
  void runTo(std::int64_t ms) {
    const TimePoint target(milliseconds(ms));
    while (timers.next() <= target) {
      now = timers.next();
      const TimerKey key = *timers.takeDue(now);
      EXPECT_EQ(key.kind, TimerKind::peerDownload);
      EXPECT_EQ(key.id, 5U);
      StepIo step = io();
      session->onDownloadTimer(step);
    }
    now = target;
  }
  static Bytes zeros(std::size_t size) { return Bytes::copyOf(std::string(size, '\0')); }
  std::vector<std::string> said() {
    std::vector<std::string> texts;
    for (const Output& output : out) {
      if (const auto* s = std::get_if<output::SendToPeer>(&output)) {
        EXPECT_EQ(s->connection, ConnectionId(5));
        const bool command = wire::looksLikePeerCommand(s->data.span());
        texts.push_back(command ? std::string(s->data.text()) : "[" + std::to_string(s->data.size()) + " bytes]");
      } else if (const auto* d = std::get_if<output::PieceBytesDownloaded>(&output)) {
        EXPECT_EQ(d->peerId, peer);
        EXPECT_EQ(d->method, Method::p2p);
        texts.push_back("down " + std::to_string(d->bytes));
      } else if (const auto* u = std::get_if<output::PieceBytesUploaded>(&output)) {
        EXPECT_EQ(u->peerId, peer);
        texts.push_back("up " + std::to_string(u->bytes));
      } else if (const auto* b = std::get_if<output::SegmentStart>(&output)) {
        EXPECT_EQ(b->peerId, peer);
        texts.push_back("begin " + b->segment.id);
      }
    }
    for (const InternalEvent& event : events) {
      if (const auto* d = std::get_if<event::Downloaded>(&event)) {
        EXPECT_EQ(d->connection, ConnectionId(5));
        EXPECT_EQ(d->peerId, peer);
        texts.push_back("have " + d->segment.id + " " + std::string(d->segment.data->text()));
      } else if (const auto* f = std::get_if<event::DownloadFailed>(&event)) {
        EXPECT_EQ(f->peerId, peer);
        texts.push_back("failed " + f->segment.id + " " + std::string(toString(f->error.code)) + ": " +
                        f->error.detail);
      } else if (const auto* r = std::get_if<event::SegmentRequested>(&event)) {
        texts.push_back("wants " + std::get<SegmentId>(r->request.segment).value);
      } else if (std::holds_alternative<event::PeersChanged>(event)) {
        texts.emplace_back("changed");
      }
    }
    out.clear();
    events.clear();
    return texts;
  }
  StepIo io() { return {now, out, events}; }

  const PeerId peer = PeerId::fromRaw("-WW0006-alice.......");
  const std::string interrupted = "failed id 1 malformed: segment download is interrupted by a command";
  const std::string cancel1 = R"({"c":4,"i":"m+1"})";
  Settings settings;
  Timers timers;
  Stats stats;
  TransferMeter meter{stats};
  std::unique_ptr<PeerSession> session;
  TimePoint now{};
  Outputs out;
  std::vector<InternalEvent> events;
};

// -------------------------------------------------------------------------------------------------- what it has

TEST_F(JsonPeerSessionTest, MapsReplaceWhatWasKnown) {
  EXPECT_EQ(session->availability(name("1")), Availability::none);
  map("1|2", "0,1");
  EXPECT_THAT(said(), ElementsAre("changed"));
  EXPECT_EQ(session->availability(name("1")), Availability::loaded);
  EXPECT_EQ(session->availability(name("2")), Availability::loadingByHttp);
  EXPECT_EQ(session->segmentCount(), 2U);
  map("2", "0");
  EXPECT_EQ(session->availability(name("1")), Availability::none);
  EXPECT_EQ(session->availability(name("2")), Availability::loaded);
  // Anything wrong anywhere: empty (5a.3).
  map("1|2|3", "0,0");
  EXPECT_EQ(session->segmentCount(), 0U);
  EXPECT_EQ(stats.peerFaults, 0U);
}

TEST_F(JsonPeerSessionTest, AbsentTakesItOutOfTheMap) {
  map("1|2", "0,0");
  said();
  receive(wire::SegmentAbsent{SegmentId("m+1")});
  EXPECT_THAT(said(), ElementsAre("changed"));
  EXPECT_EQ(session->availability(name("1")), Availability::none);
  EXPECT_EQ(session->availability(name("2")), Availability::loaded);
}

// ------------------------------------------------------------------------------------------------ downloading

TEST_F(JsonPeerSessionTest, RequestHeaderAndBytes) {
  request("1");
  EXPECT_THAT(said(), ElementsAre("begin id 1", R"({"c":3,"i":"m+1"})"));
  EXPECT_FALSE(session->idle(now));
  EXPECT_TRUE(session->transferring());
  EXPECT_EQ(*session->downloading(), "id 1");
  header("1", 6);
  receiveRaw("ab");
  receiveRaw("");  // an empty message is nothing
  receiveRaw("cdef");
  EXPECT_THAT(said(), ElementsAre("down 2", "down 4", "have id 1 abcdef"));
  EXPECT_TRUE(session->idle(now));
  EXPECT_FALSE(session->transferring());
  EXPECT_EQ(timers.next(), base::kNever);
  EXPECT_EQ(session->bytesDownloaded(), 6U);
}

TEST_F(JsonPeerSessionTest, CommandsBetweenRequestAndHeaderAreFree) {
  request("1");
  said();
  map("1", "0");
  receive(wire::SegmentRequest{SegmentId("m+8")});
  receiveRaw(R"({"c":77,"i":"m+1"})");  // unknown: ignored (clause 10)
  header("1", 2);
  receiveRaw("ab");
  EXPECT_THAT(said(), ElementsAre("down 2", "changed", "wants m+8", "have id 1 ab"));
}

TEST_F(JsonPeerSessionTest, AnyCommandInABodyEndsTheDownloadButIsHeard) {
  request("1");
  header("1", 6);
  receiveRaw("ab");
  said();
  map("3", "0");
  EXPECT_THAT(said(), ElementsAre(interrupted, "changed"));
  EXPECT_EQ(session->availability(name("3")), Availability::loaded);
  EXPECT_EQ(timers.next(), base::kNever);
  receiveRaw("cdef");  // the tail
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_EQ(session->bytesDownloaded(), 2U);

  const std::vector<std::string> others{R"({"c":3,"i":"m+9"})", R"({"c":1,"i":"m+9"})", R"({"c":4,"i":"m+9"})",
                                        R"({"c":99})", R"({"c":0,"i":"m+1","s":6})"};
  for (const std::string& command : others) {
    request("1");
    header("1", 6);
    receiveRaw("ab");
    said();
    receiveRaw(command);
    EXPECT_EQ(said().at(0), interrupted) << command;
    EXPECT_TRUE(session->idle(now));
  }
  EXPECT_EQ(stats.peerFaults, 0U);
}

TEST_F(JsonPeerSessionTest, AbsentEndsTheDownloadQuietly) {
  map("1", "0");
  request("1");
  said();
  receive(wire::SegmentAbsent{SegmentId("m+1")});
  EXPECT_THAT(said(), ElementsAre("failed id 1 notFound: peer does not have the segment any more"));
  EXPECT_TRUE(session->idle(now));
  EXPECT_EQ(session->availability(name("1")), Availability::none);
}

TEST_F(JsonPeerSessionTest, OtherHeadersAndStrayBytesAreIgnored) {
  header("9", 3);  // nothing asked
  receiveRaw("abc");
  request("1");
  said();
  header("9", 3);  // another one
  receiveRaw("abc");
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_EQ(session->bytesDownloaded(), 0U);
  header("1", 2);
  receiveRaw("ok");
  EXPECT_THAT(said(), ElementsAre("down 2", "have id 1 ok"));
}

TEST_F(JsonPeerSessionTest, CancelTellsThePeerAndKeepsWhatCame) {
  request("1");
  header("1", 6);
  receiveRaw("abcd");
  said();
  StepIo step = io();
  const auto partial = session->cancelDownload(step);
  ASSERT_TRUE(partial);
  EXPECT_EQ(partial->data.text(), "abcd");
  EXPECT_EQ(partial->total, 6U);
  EXPECT_THAT(said(), ElementsAre(cancel1));
  EXPECT_EQ(timers.next(), base::kNever);
  EXPECT_FALSE(session->cancelDownload(step));
}

TEST_F(JsonPeerSessionTest, CancelBeforeTheBodyKeepsNothing) {
  request("1");
  StepIo step = io();
  EXPECT_FALSE(session->cancelDownload(step));
  request("1");
  header("1", 6);
  EXPECT_FALSE(session->cancelDownload(step));
  EXPECT_TRUE(session->idle(now));
}

TEST_F(JsonPeerSessionTest, TheTailOfACancelledBodyIsIgnoredAlsoWhenTheSameIsAskedAgain) {
  request("1");
  header("1", 6);
  receiveRaw("ab");
  StepIo step = io();
  (void)session->cancelDownload(step);
  request("1");
  said();
  receiveRaw("cd");
  receiveRaw("ef");  // 5a.4 clause 7: comes before the new header
  EXPECT_THAT(said(), IsEmpty());
  header("1", 6);
  receiveRaw("ABCDEF");
  EXPECT_THAT(said(), ElementsAre("down 6", "have id 1 ABCDEF"));
}

TEST_F(JsonPeerSessionTest, TooManyBytes) {
  request("1");
  header("1", 3);
  receiveRaw("ab");
  said();
  receiveRaw("cd");
  EXPECT_THAT(said(), ElementsAre("down 2", "failed id 1 malformed: too many bytes received for segment"));
  EXPECT_EQ(stats.peerFaults, 1U);
  EXPECT_FALSE(session->mustClose());
}

TEST_F(JsonPeerSessionTest, ImpossibleSizes) {
  for (const std::uint64_t size : {std::uint64_t{0}, PeerSession::kMaxSegmentBytes + 1}) {
    make();
    request("1");
    said();
    header("1", size);
    EXPECT_THAT(said(), ElementsAre(cancel1, HasSubstr("failed id 1 malformed: "))) << size;
    EXPECT_TRUE(session->idle(now));
    EXPECT_EQ(timers.next(), base::kNever);
  }
  EXPECT_EQ(stats.peerFaults, 2U);
}

TEST_F(JsonPeerSessionTest, TheFourthFaultEndsThePeer) {
  for (int i = 0; i < PeerSession::kMaxFaults; ++i) receiveRaw(R"({"c":3})");
  EXPECT_FALSE(session->mustClose());
  receiveRaw(R"({"c":3})");
  ASSERT_TRUE(session->mustClose());
  EXPECT_EQ(session->mustClose()->code, ErrorCode::malformed);
  EXPECT_EQ(stats.peerFaults, 4U);
}

TEST_F(JsonPeerSessionTest, NoAnswerEndsThePeer) {
  now = TimePoint(milliseconds(1000));
  request("1");
  said();
  runTo(60'999);
  EXPECT_THAT(said(), IsEmpty());
  runTo(61'000);
  EXPECT_THAT(said(), ElementsAre(cancel1, HasSubstr("failed id 1 aborted: peer did not start to send")));
  ASSERT_TRUE(session->mustClose());
  EXPECT_EQ(session->mustClose()->code, ErrorCode::timeout);
}

TEST_F(JsonPeerSessionTest, AStalledBodyIsGivenUpAndThePeerRests) {
  request("1");
  runTo(500);
  header("1", 6);
  runTo(2000);
  receiveRaw("ab");  // the last byte: 2000
  said();
  runTo(3999);
  EXPECT_THAT(said(), IsEmpty());
  runTo(4000);
  EXPECT_THAT(said(), ElementsAre(cancel1, "failed id 1 timeout: segment body stalled: no bytes for 2000 ms"));
  EXPECT_FALSE(session->mustClose());
  EXPECT_FALSE(session->idle(TimePoint(milliseconds(5999))));
  EXPECT_TRUE(session->idle(TimePoint(milliseconds(6000))));
  EXPECT_EQ(timers.next(), TimePoint(milliseconds(6000)));  // the queue is to be looked at then
  receiveRaw("cdef");                                       // too late
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(JsonPeerSessionTest, TheStallTimeRunsFromTheHeader) {
  request("1");
  header("1", 6);
  said();
  runTo(2000);
  EXPECT_THAT(said(), ElementsAre(cancel1, HasSubstr("stalled")));
}

TEST_F(JsonPeerSessionTest, ThreeStallsInARowEndThePeer) {
  request("1");
  header("1", 6);
  runTo(2000);  // rests until 4000
  runTo(4000);
  request("1");
  header("1", 6);
  runTo(6000);  // rests until 10'000
  EXPECT_FALSE(session->idle(TimePoint(milliseconds(9999))));
  runTo(10'000);
  request("1");
  header("1", 6);
  said();
  runTo(12'000);
  EXPECT_THAT(said(), ElementsAre(cancel1, HasSubstr("failed id 1 aborted: segment body stalled")));
  EXPECT_TRUE(session->mustClose());
}

TEST_F(JsonPeerSessionTest, AWholeSegmentEndsTheRow) {
  for (int i = 0; i < 6; ++i) {
    request("1");
    header("1", 2);
    runTo(base::toMilliseconds(now) + 2000);
    runTo(base::toMilliseconds(session->restUntil()));
    request("1");
    header("1", 2);
    receiveRaw("ok");
  }
  EXPECT_FALSE(session->mustClose());
}

TEST_F(JsonPeerSessionTest, ItsEndFailsTheDownload) {
  request("1");
  said();
  StepIo step = io();
  session->onClosed(step);
  EXPECT_THAT(said(), ElementsAre("failed id 1 aborted: peer disconnected"));
  EXPECT_EQ(timers.next(), base::kNever);
  session->onClosed(step);
  EXPECT_THAT(said(), IsEmpty());
}

// --------------------------------------------------------------------------------------------------- uploading

TEST_F(JsonPeerSessionTest, HeaderAndChunks) {
  send("1", zeros(150'000));
  EXPECT_THAT(said(), ElementsAre(R"({"c":0,"i":"m+1","s":150000})", "[65535 bytes]", "up 65535", "[65535 bytes]",
                                  "up 65535", "[18930 bytes]", "up 18930"));
  EXPECT_EQ(session->bytesUploaded(), 150'000U);
  EXPECT_FALSE(session->transferring());
}

TEST_F(JsonPeerSessionTest, MessageSizeIsASetting) {
  settings.webRtcMaxMessageSize = 100;
  make();
  send("1", zeros(250));
  EXPECT_THAT(said(), ElementsAre(R"({"c":0,"i":"m+1","s":250})", "[100 bytes]", "up 100", "[100 bytes]", "up 100",
                                  "[50 bytes]", "up 50"));
}

TEST_F(JsonPeerSessionTest, AnEmptySegmentIsAbsent) {
  send("1", Bytes());
  EXPECT_THAT(said(), ElementsAre(R"({"c":1,"i":"m+1"})"));
}

TEST_F(JsonPeerSessionTest, BackPressureBoundsWhatIsHandedOver) {
  send("1", zeros(10'000'000));
  std::uint64_t handed = 0;
  for (const Output& output : out) {
    if (const auto* s = std::get_if<output::SendToPeer>(&output)) handed += s->data.size();
  }
  EXPECT_GE(handed, Outbox::kHighWater);
  EXPECT_LT(handed, Outbox::kHighWater + 65'535);
  EXPECT_TRUE(session->transferring());
  said();
  drained(0);
  EXPECT_THAT(said(), IsEmpty());
  drained(65'535);
  EXPECT_THAT(said(), ElementsAre("[65535 bytes]", "up 65535"));
  drained(50'000);  // never goes back
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(JsonPeerSessionTest, NothingInterruptsABodyBeingSent) {
  send("1", zeros(400'000));
  said();
  StepIo step = io();
  sendMap(R"({"c":2,"m":{"m":["1",[0]]}})");
  sendMap(R"({"c":2,"m":{}})");
  session->sendAbsent(step, wish("7"));
  request("2");
  EXPECT_THAT(said(), ElementsAre("begin id 2"));
  drained(10'000'000);
  EXPECT_THAT(said(), ElementsAre("[65535 bytes]", "up 65535", "[65535 bytes]", "up 65535", "[6790 bytes]", "up 6790",
                                  R"({"c":2,"m":{}})", R"({"c":1,"i":"m+7"})", R"({"c":3,"i":"m+2"})"));
}

TEST_F(JsonPeerSessionTest, CancelStopsTheBody) {
  send("1", zeros(10'000'000));
  send("2", zeros(10));
  said();
  receive(wire::CancelSegmentRequest{SegmentId("m+9")});  // not being sent
  EXPECT_THAT(said(), IsEmpty());
  receive(wire::CancelSegmentRequest{SegmentId("m+1")});
  EXPECT_THAT(said(), IsEmpty());
  drained(10'000'000);
  EXPECT_THAT(said(), ElementsAre(R"({"c":0,"i":"m+2","s":10})", "[10 bytes]", "up 10"));
}

TEST_F(JsonPeerSessionTest, QueuedBodiesAreBounded) {
  send("0", zeros(10'000'000));
  for (std::size_t i = 1; i < Outbox::kMaxBodies; ++i) send("1", zeros(10));
  EXPECT_EQ(stats.peerFaults, 0U);
  for (int i = 0; i < PeerSession::kMaxFaults; ++i) send("1", zeros(10));
  EXPECT_FALSE(session->mustClose());
  send("1", zeros(10));
  ASSERT_TRUE(session->mustClose());
  EXPECT_EQ(session->mustClose()->code, ErrorCode::limitExceeded);
}

TEST_F(JsonPeerSessionTest, QueuedCommandsAreBounded) {
  send("0", zeros(10'000'000));
  StepIo step = io();
  for (std::size_t i = 0; i < Outbox::kMaxCommands; ++i) session->sendAbsent(step, wish("7"));
  EXPECT_FALSE(session->mustClose());
  session->sendAbsent(step, wish("7"));
  ASSERT_TRUE(session->mustClose());
  EXPECT_EQ(session->mustClose()->code, ErrorCode::limitExceeded);
}

TEST_F(JsonPeerSessionTest, RequestsAreTold) {
  receive(wire::SegmentRequest{SegmentId("m+1")});
  EXPECT_THAT(said(), ElementsAre("wants m+1"));
}

}  // namespace
}  // namespace p2pml::engine
