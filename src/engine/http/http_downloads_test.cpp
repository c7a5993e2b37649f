#include "engine/http/http_downloads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "base/testing/foreign_store.hpp"

namespace p2pml::engine {
namespace {

using base::Bytes;
using base::milliseconds;
using base::RequestId;
using base::TimePoint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Drives HttpDownloads alone. `said()` tells outputs and events in order: "start #1 [range]", "cancel #1", "begin",
/// "down 5", "have abc" (event::Downloaded), "failed detail".
class HttpDownloadsTest : public testing::Test {
 protected:
  Segment segment(std::optional<std::string> range = std::nullopt) const {
    return Segment("a", "http://origin/a", std::move(range));
  }
  void start(const Segment& s, const PartialBody* partial = nullptr) {
    StepIo step = io();
    downloads.start(step, s, partial);
  }
  void start() { start(segment()); }
  struct Head {
    int status = 200;
    std::optional<std::uint64_t> length{};
    std::optional<std::uint64_t> first{};
    std::optional<std::uint64_t> total{};
    bool acceptsRanges = false;
  };
  void head(Head h) {
    StepIo step = io();
    EXPECT_TRUE(downloads.onHead(step, {RequestId(ids.lastRequest), h.status, h.length, h.first, h.total,
                                        h.acceptsRanges, "http://origin/a?key=1", "http://cdn/a"}));
  }
  void data(std::string_view text) {
    StepIo step = io();
    EXPECT_TRUE(downloads.onData(step, {RequestId(ids.lastRequest), Bytes::copyOf(text)}));
  }
  void done() {
    StepIo step = io();
    EXPECT_TRUE(downloads.onDone(step, RequestId(ids.lastRequest)));
  }
  void failed() {
    StepIo step = io();
    EXPECT_TRUE(downloads.onFailed(step, {RequestId(ids.lastRequest), {base::ErrorCode::unavailable, "reset"}}));
  }
  bool abort() {
    StepIo step = io();
    return downloads.abort(step, "a");
  }
  void runTo(std::int64_t ms) {
    const TimePoint target(milliseconds(ms));
    while (timers.next() <= target) {
      now = timers.next();
      const TimerKey key = *timers.takeDue(now);
      StepIo step = io();
      if (key.kind == TimerKind::httpSilence) downloads.onSilence(step, RequestId(key.id));
      if (key.kind == TimerKind::httpRetry) downloads.forgetOldFailures(now);
    }
    now = target;
  }
  std::vector<std::string> said() {
    std::vector<std::string> texts;
    for (const Output& output : out) {
      if (const auto* o = std::get_if<output::StartHttp>(&output)) {
        texts.push_back("start #" + std::to_string(o->request.value) + (o->range ? " " + *o->range : ""));
      } else if (const auto* c = std::get_if<output::CancelHttp>(&output)) {
        texts.push_back("cancel #" + std::to_string(c->request.value));
      } else if (std::holds_alternative<output::SegmentStart>(output)) {
        texts.emplace_back("begin");
      } else if (const auto* d = std::get_if<output::PieceBytesDownloaded>(&output)) {
        EXPECT_EQ(d->method, Method::http);
        EXPECT_EQ(d->peerId, std::nullopt);
        texts.push_back("down " + std::to_string(d->bytes));
      }
    }
    for (const InternalEvent& event : events) {
      if (const auto* d = std::get_if<event::Downloaded>(&event)) {
        texts.push_back("have " + std::string(d->segment.data->text()));
        last = d->segment;
      } else if (const auto* f = std::get_if<event::DownloadFailed>(&event)) {
        EXPECT_EQ(f->segment.data, std::nullopt);
        texts.push_back("failed " + f->error.detail);
        if (f->partial) texts.push_back("left " + std::string(f->partial->data.text()));
      }
    }
    out.clear();
    events.clear();
    return texts;
  }
  StepIo io() { return {now, out, events}; }

  Settings settings;
  Timers timers;
  IdCounters ids;
  Stats stats;
  TransferMeter meter{stats};
  HttpDownloads downloads{settings, timers, ids, meter};
  TimePoint now{};
  Outputs out;
  std::vector<InternalEvent> events;
  Segment last;
};

TEST_F(HttpDownloadsTest, WholeBody) {
  start();
  EXPECT_THAT(said(), ElementsAre("begin", "start #1"));
  EXPECT_TRUE(downloads.active("a"));
  EXPECT_EQ(downloads.count(), 1U);
  head({.length = 6});
  data("abc");
  data("def");
  done();
  EXPECT_THAT(said(), ElementsAre("down 3", "down 3", "have abcdef"));
  EXPECT_EQ(last.requestUrl, "http://origin/a?key=1");
  EXPECT_EQ(last.responseUrl, "http://cdn/a");
  // Its slot stays taken until the loader has looked at it.
  EXPECT_TRUE(downloads.active("a"));
  downloads.release("a");
  EXPECT_FALSE(downloads.active("a"));
  EXPECT_EQ(timers.next(), base::kNever);
}

TEST_F(HttpDownloadsTest, BodyOfUnknownLengthEndsWhereItEnds) {
  start();
  head({});
  data("abc");
  done();
  EXPECT_THAT(said(), ElementsAre("begin", "start #1", "down 3", "have abc"));
}

TEST_F(HttpDownloadsTest, ConnectionsToldTheirSilence) {
  start();
  EXPECT_EQ(std::get<output::StartHttp>(out[1]).silence, milliseconds(3000));
}

TEST_F(HttpDownloadsTest, ErrorStatusFailsAtOnceAndWaits) {
  for (const int status : {300, 304, 404, 500, 503}) {
    start();
    said();
    head({.status = status, .length = 3});
    EXPECT_THAT(said(), ElementsAre("cancel #" + std::to_string(ids.lastRequest),
                                    "failed HTTP status " + std::to_string(status)));
    EXPECT_FALSE(downloads.active("a"));
    EXPECT_TRUE(downloads.failedRecently(now, "a"));
  }
}

TEST_F(HttpDownloadsTest, FailedSegmentTimeoutIsExact) {
  now = TimePoint(milliseconds(500));
  start();
  failed();
  EXPECT_EQ(timers.next(), TimePoint(milliseconds(10'500)));
  EXPECT_TRUE(downloads.failedRecently(TimePoint(milliseconds(10'499)), "a"));
  EXPECT_FALSE(downloads.failedRecently(TimePoint(milliseconds(10'500)), "a"));
  EXPECT_FALSE(downloads.failedRecently(now, "b"));
  runTo(10'500);
  EXPECT_EQ(timers.next(), base::kNever);
}

TEST_F(HttpDownloadsTest, SuccessForgetsTheFailure) {
  start();
  failed();
  start();
  head({.length = 1});
  data("x");
  done();
  EXPECT_EQ(downloads.failures(), 0);
  downloads.release("a");
  EXPECT_FALSE(downloads.failedRecently(now, "a"));
}

TEST_F(HttpDownloadsTest, AnOriginThatSendsSomethingIsNotDown) {
  start();
  failed();
  start();
  head({.length = 3});
  EXPECT_EQ(downloads.failures(), 1);
  data("x");
  EXPECT_EQ(downloads.failures(), 0);
  downloads.noteSilence(now);
  EXPECT_EQ(downloads.failures(), 1);
  EXPECT_EQ(downloads.failedAt(), now);
}

TEST_F(HttpDownloadsTest, WhatWasRefusedMayBeAskedForAgainSoonerAndEachTimeLater) {
  const auto refusedAfter = [&](std::int64_t ms) {
    start();
    head({.length = 1});
    data("x");
    runTo(base::toMilliseconds(now) + ms);
    done();
    downloads.refuse(now, "a");
    EXPECT_FALSE(downloads.active("a"));
    EXPECT_TRUE(downloads.failedRecently(now, "a"));
    EXPECT_EQ(downloads.failures(), 1);
    return base::toMilliseconds(downloads.retryAt("a") - now);
  };
  EXPECT_EQ(refusedAfter(100), 150) << "a quarter of a second after it was asked for";
  EXPECT_EQ(refusedAfter(100), 400);
  EXPECT_EQ(refusedAfter(1500), -500);
  EXPECT_EQ(refusedAfter(0), 2000);
  downloads.refuse(now, "b");
  EXPECT_FALSE(downloads.failedRecently(now, "b"));
}

TEST_F(HttpDownloadsTest, FailureBeforeTheHeadFailsTheSegment) {
  start();
  said();
  failed();
  EXPECT_THAT(said(), ElementsAre("failed reset"));
}

TEST_F(HttpDownloadsTest, EmptyBodyIsNoSegment) {
  start();
  said();
  head({.length = 0});
  done();
  EXPECT_THAT(said(), ElementsAre("failed HTTP body is empty"));
  start();
  said();
  head({.status = 204});
  done();
  EXPECT_THAT(said(), ElementsAre("failed HTTP body is empty"));
}

TEST_F(HttpDownloadsTest, BodyLongerThanAnnouncedFails) {
  start();
  said();
  head({.length = 3});
  data("abcd");
  EXPECT_THAT(said(), ElementsAre("down 4", "cancel #1", "failed HTTP body longer than announced"));
}

TEST_F(HttpDownloadsTest, TruncatedBodyStartsOverAndFailsAtTheThird) {
  start();
  head({.length = 6});
  data("abc");
  done();
  EXPECT_THAT(said(), ElementsAre("begin", "start #1", "down 3", "start #2"));
  head({.length = 6});
  data("abc");
  done();
  EXPECT_THAT(said(), ElementsAre("down 3", "start #3"));
  head({.length = 6});
  data("abc");
  done();
  EXPECT_THAT(said(), ElementsAre("down 3", "failed HTTP body truncated: 3 of 6 bytes"));
  EXPECT_TRUE(downloads.failedRecently(now, "a"));
}

TEST_F(HttpDownloadsTest, TruncatedBodyGoesOnByRangeWhereTheServerCan) {
  start();
  head({.length = 6, .acceptsRanges = true});
  data("abc");
  done();
  EXPECT_THAT(said(), ElementsAre("begin", "start #1", "down 3", "start #2 bytes=3-"));
  head({.status = 206, .length = 3, .first = 3, .total = 6});
  data("def");
  done();
  EXPECT_THAT(said(), ElementsAre("down 3", "have abcdef"));
}

TEST_F(HttpDownloadsTest, StallInTheBodyRetriesAtOnceFromScratch) {
  start();
  runTo(100);
  head({.length = 6});
  runTo(1000);
  data("abc");
  said();
  runTo(3999);
  EXPECT_THAT(said(), IsEmpty());
  runTo(4000);
  EXPECT_THAT(said(), ElementsAre("cancel #1", "start #2"));
  EXPECT_FALSE(downloads.failedRecently(now, "a"));
  head({.length = 6});
  data("abcdef");
  done();
  EXPECT_THAT(said(), ElementsAre("down 6", "have abcdef"));
}

TEST_F(HttpDownloadsTest, StallGoesOnByRangeWithHttpUseRanges) {
  settings.httpUseRanges = true;
  start();
  head({.length = 6});
  data("abcd");
  said();
  runTo(3000);
  EXPECT_THAT(said(), ElementsAre("cancel #1", "start #2 bytes=4-"));
}

TEST_F(HttpDownloadsTest, StallAfterTheLastByteIsTheWholeBody) {
  // "bytes=N-" where N is the size would be a 416; and there is nothing to wait for.
  settings.httpUseRanges = true;
  start();
  head({.length = 3});
  data("abc");
  said();
  runTo(3000);
  EXPECT_THAT(said(), ElementsAre("cancel #1", "have abc"));
  downloads.release("a");
  start();
  head({.length = 3});
  data("abc");
  said();
  failed();
  EXPECT_THAT(said(), ElementsAre("have abc"));
}

TEST_F(HttpDownloadsTest, StallAfterTheLastByteOfARangeIsTheWholeRange) {
  settings.httpUseRanges = true;
  start(segment("bytes=10-12"));
  head({.status = 206, .first = 10});
  data("abc");
  said();
  runTo(3000);
  EXPECT_THAT(said(), ElementsAre("cancel #1", "have abc"));
}

// A page's request tells its progress, but gives its bytes only when all are there.
TEST_F(HttpDownloadsTest, ProgressWithoutBytesIsNothingToGoOnWith) {
  settings.httpUseRanges = true;
  base::ForeignStore page;
  const Bytes body = page.add("abcdef");
  page.detach(body);
  start();
  head({.length = 6, .acceptsRanges = true});
  said();
  for (const std::size_t length : {3U, 6U}) {
    StepIo step = io();
    downloads.onData(step, {RequestId(ids.lastRequest), body.slice(0, length)});
    runTo(base::toMilliseconds(now) + settings.httpNotReceivingBytesTimeout);
    const std::string next = std::to_string(ids.lastRequest);
    EXPECT_THAT(said(), ElementsAre("down " + std::to_string(length), "cancel #" + std::to_string(ids.lastRequest - 1),
                                    "start #" + next));
    head({.length = 6});
  }
}

TEST_F(HttpDownloadsTest, SilenceBeforeTheHeadHasTenTimesThePatience) {
  start();
  said();
  runTo(29'999);
  EXPECT_THAT(said(), IsEmpty());
  runTo(30'000);
  EXPECT_THAT(said(), ElementsAre("cancel #1", "start #2"));
  runTo(60'000);
  EXPECT_THAT(said(), ElementsAre("cancel #2", "start #3"));
  runTo(90'000);
  EXPECT_THAT(said(), ElementsAre("cancel #3", "failed HTTP request not answered for 30000 ms"));
}

TEST_F(HttpDownloadsTest, ProgressKeepsARetriedDownloadGoing) {
  settings.httpUseRanges = true;
  start();
  head({.length = 10});
  for (int i = 0; i < 9; ++i) {
    data("x");
    said();
    runTo((i + 1) * 3000);
    EXPECT_THAT(said(), ElementsAre("cancel #" + std::to_string(i + 1),
                                    "start #" + std::to_string(i + 2) + " bytes=" + std::to_string(i + 1) + "-"));
    head({.status = 206, .length = static_cast<std::uint64_t>(9 - i), .first = static_cast<std::uint64_t>(i + 1)});
  }
  data("x");
  done();
  EXPECT_THAT(said(), ElementsAre("down 1", "have xxxxxxxxxx"));
}

TEST_F(HttpDownloadsTest, AServerThatOnlyRepeatsTheSameStartFails) {
  // It says that it takes ranges, but sends the first half of the whole each time: no new byte, so not 64 times.
  settings.httpUseRanges = true;
  start();
  int requests = 0;
  while (downloads.active("a") && requests < 100) {
    ++requests;
    head({.length = 6, .acceptsRanges = true});
    data("abc");
    done();
  }
  EXPECT_EQ(requests, 4);
  EXPECT_THAT(said().back(), HasSubstr("truncated"));
}

TEST_F(HttpDownloadsTest, AnOriginWhoseContentLengthIsWrongFailsSoon) {
  // 6 announced, 3 sent, and "bytes=3-" is not satisfiable: from scratch, the same again.
  start();
  int requests = 0;
  while (downloads.active("a") && requests < 100) {
    ++requests;
    const auto& range = [&]() -> std::optional<std::string> {
      for (auto it = out.rbegin(); it != out.rend(); ++it) {
        if (const auto* s = std::get_if<output::StartHttp>(&*it)) return s->range;
      }
      return std::nullopt;
    }();
    if (range) {
      head({.status = 416});
    } else {
      head({.length = 6, .acceptsRanges = true});
      data("abc");
      done();
    }
  }
  EXPECT_LE(requests, 6);
  EXPECT_TRUE(downloads.failedRecently(now, "a"));
}

TEST_F(HttpDownloadsTest, EndlessSmallStepsEndAtTheRequestLimit) {
  settings.httpUseRanges = true;
  start();
  int requests = 1;
  head({.length = 1000});
  data("x");
  done();
  while (downloads.active("a") && requests < 1000) {
    ++requests;
    head({.status = 206, .first = static_cast<std::uint64_t>(requests - 1)});
    data("x");
    done();
  }
  EXPECT_EQ(requests, 64);
}

TEST_F(HttpDownloadsTest, ContinuesAPartialBody) {
  settings.httpUseRanges = true;
  const PartialBody partial{Bytes::copyOf("abcd"), 6};
  start(segment(), &partial);
  EXPECT_THAT(said(), ElementsAre("begin", "start #1 bytes=4-"));
  head({.status = 206, .length = 2, .first = 4, .total = 6});
  data("ef");
  done();
  EXPECT_THAT(said(), ElementsAre("down 2", "have abcdef"));
}

TEST_F(HttpDownloadsTest, PartialBodyIsNotUsedWithoutRanges) {
  const PartialBody partial{Bytes::copyOf("abcd"), 6};
  start(segment(), &partial);
  EXPECT_THAT(said(), ElementsAre("begin", "start #1"));
}

TEST_F(HttpDownloadsTest, APartialBodyThatIsWholeAsksForNothing) {
  settings.httpUseRanges = true;
  const PartialBody partial{Bytes::copyOf("abcdef"), 6};
  start(segment(), &partial);
  EXPECT_THAT(said(), ElementsAre("have abcdef"));
}

TEST_F(HttpDownloadsTest, A200ToARangeRequestIsTheFullBody) {
  settings.httpUseRanges = true;
  const PartialBody partial{Bytes::copyOf("abcd"), 6};
  start(segment(), &partial);
  said();
  head({.length = 6});
  data("ABCDEF");
  done();
  EXPECT_THAT(said(), ElementsAre("down 6", "have ABCDEF"));
}

TEST_F(HttpDownloadsTest, APartialBodyThatDoesNotFitTheRestStartsOver) {
  settings.httpUseRanges = true;
  const PartialBody partial{Bytes::copyOf("abcd"), 6};
  // Another size than the peer said; another place than asked for; no such place.
  for (const Head wrong : {Head{.status = 206, .length = 5, .first = 4, .total = 9},
                           Head{.status = 206, .length = 6, .first = 0, .total = 6}, Head{.status = 416}}) {
    start(segment(), &partial);
    const std::string first = std::to_string(ids.lastRequest);
    said();
    head(wrong);
    EXPECT_THAT(said(), ElementsAre("cancel #" + first, "start #" + std::to_string(ids.lastRequest)));
    head({.length = 3});
    data("xyz");
    done();
    EXPECT_THAT(said(), ElementsAre("down 3", "have xyz"));
    downloads.release("a");
  }
}

TEST_F(HttpDownloadsTest, SegmentRangeIsAskedForAndTaken) {
  start(segment("bytes=10-12"));
  EXPECT_THAT(said(), ElementsAre("begin", "start #1 bytes=10-12"));
  head({.status = 206, .length = 3, .first = 10, .total = 100});
  data("abc");
  done();
  EXPECT_THAT(said(), ElementsAre("down 3", "have abc"));
}

TEST_F(HttpDownloadsTest, SegmentRangeIsCutOutOfA200) {
  start(segment("bytes=2-4"));
  said();
  head({.length = 8});
  data("01234567");
  done();
  EXPECT_THAT(said(), ElementsAre("down 8", "have 234"));
  downloads.release("a");
  start(segment("bytes=5-"));
  said();
  head({.length = 8});
  data("01234567");
  done();
  EXPECT_THAT(said(), ElementsAre("down 8", "have 567"));
}

TEST_F(HttpDownloadsTest, A200TooShortForTheRangeFails) {
  for (const char* range : {"bytes=2-4", "bytes=4-", "bytes=9-"}) {
    start(segment(range));
    said();
    head({.length = 4});
    data("0123");
    done();
    EXPECT_THAT(said(), ElementsAre("down 4", "failed HTTP 200 with fewer bytes than the asked range")) << range;
  }
}

TEST_F(HttpDownloadsTest, A206OfAnotherPlaceOrLengthFails) {
  start(segment("bytes=2-4"));
  said();
  head({.status = 206, .length = 3, .first = 0});
  EXPECT_THAT(said(), ElementsAre("cancel #1", "failed HTTP 206 with another range than asked for"));
  start(segment("bytes=2-4"));
  said();
  head({.status = 206, .length = 2, .first = 2});
  data("23");
  done();
  EXPECT_THAT(said(), ElementsAre("down 2", "failed HTTP 206 with another length than the asked range"));
}

TEST_F(HttpDownloadsTest, SegmentRangeGoesOnWithinItself) {
  settings.httpUseRanges = true;
  start(segment("bytes=10-15"));
  head({.status = 206, .length = 6, .first = 10, .total = 100});
  data("abc");
  said();
  runTo(3000);
  EXPECT_THAT(said(), ElementsAre("cancel #1", "start #2 bytes=13-15"));
  head({.status = 206, .length = 3, .first = 13, .total = 100});
  data("def");
  done();
  EXPECT_THAT(said(), ElementsAre("down 3", "have abcdef"));
}

TEST_F(HttpDownloadsTest, APartialBodyThatIsNoPartOfTheRangeIsNotUsed) {
  settings.httpUseRanges = true;
  // The peer said 100 bytes, the range has 6: what it sent is something else.
  const PartialBody partial{Bytes::copyOf("abcdefgh"), 100};
  start(segment("bytes=10-15"), &partial);
  EXPECT_THAT(said(), ElementsAre("begin", "start #1 bytes=10-15"));
}

TEST_F(HttpDownloadsTest, ARangeThatCannotBeCutOutIsNoSegmentOfA200) {
  // Suffix and several ranges are sent as they are, but of the full body nobody could say what was asked for.
  for (const char* range : {"bytes=-500", "bytes=0-1,4-5"}) {
    start(segment(range));
    said();
    head({.length = 8});
    EXPECT_THAT(said(), ElementsAre("cancel #" + std::to_string(ids.lastRequest),
                                    HasSubstr("failed HTTP 200 to a request for")));
  }
}

TEST_F(HttpDownloadsTest, ACappedRangeIsNotTheWholeRest) {
  // The first answer told no length; the second covers two bytes of the six that are left.
  settings.httpUseRanges = true;
  start();
  head({});
  data("ab");
  said();
  runTo(3000);
  said();
  head({.status = 206, .length = 2, .first = 2, .total = 8});
  data("cd");
  done();
  EXPECT_THAT(said(), ElementsAre("down 2", "start #3 bytes=4-"));
  head({.status = 206, .length = 4, .first = 4, .total = 8});
  data("efgh");
  done();
  EXPECT_THAT(said(), ElementsAre("down 4", "have abcdefgh"));
}

TEST_F(HttpDownloadsTest, ABodyHasALimit) {
  start();
  said();
  head({.length = HttpDownloads::kMaxBodyBytes + 1});
  EXPECT_THAT(said(), ElementsAre("cancel #1", HasSubstr("failed HTTP body is larger than")));
  start();
  said();
  head({.length = UINT64_MAX});
  EXPECT_THAT(said(), ElementsAre("cancel #2", HasSubstr("failed HTTP body is larger than")));
  settings.httpUseRanges = true;
  const PartialBody partial{Bytes::copyOf("abcd"), 6};
  start(segment(), &partial);
  said();
  head({.status = 206, .length = UINT64_MAX - 3, .first = 4});
  EXPECT_THAT(said(), testing::Not(testing::Contains(HasSubstr("have"))));
}

TEST_F(HttpDownloadsTest, WhatHadComeIsThereForOthersAfterAFailure) {
  settings.httpUseRanges = true;
  const PartialBody partial{Bytes::copyOf("abc"), 6};
  start(segment(), &partial);
  said();
  head({.status = 503});
  EXPECT_THAT(said(), ElementsAre("cancel #1", "failed HTTP status 503", "left abc"));
  start(segment(), &partial);
  said();
  failed();
  EXPECT_THAT(said(), ElementsAre("failed reset", "left abc"));
}

TEST_F(HttpDownloadsTest, ThePauseAfterAFailureDoublesUntilItIsTheTimeout) {
  settings.httpFailedSegmentTimeout = 3000;
  const auto failNow = [&] {
    start();
    failed();
    said();
    return base::toMilliseconds(downloads.retryAt("a") - now);
  };
  EXPECT_EQ(downloads.retryAt("a"), TimePoint());
  EXPECT_EQ(failNow(), 250);
  EXPECT_EQ(failNow(), 500);
  EXPECT_EQ(failNow(), 1000);
  EXPECT_EQ(failNow(), 2000);
  EXPECT_EQ(failNow(), 3000);
  EXPECT_EQ(downloads.failures(), 5);
  EXPECT_EQ(downloads.failedAt(), now);
  runTo(3000);
  EXPECT_FALSE(downloads.failedRecently(now, "a"));
  EXPECT_EQ(failNow(), 250) << "the others are forgotten";
}

TEST_F(HttpDownloadsTest, AbortAtEveryStage) {
  EXPECT_FALSE(abort());
  start();
  said();
  EXPECT_TRUE(abort());  // no head yet
  EXPECT_THAT(said(), ElementsAre("cancel #1"));
  start();
  head({.length = 6});
  said();
  EXPECT_TRUE(abort());  // no body yet
  EXPECT_THAT(said(), ElementsAre("cancel #2"));
  start();
  head({.length = 6});
  data("abc");
  said();
  EXPECT_TRUE(abort());  // in the body
  EXPECT_THAT(said(), ElementsAre("cancel #3"));
  start();
  head({.length = 3});
  data("abc");
  done();
  said();
  EXPECT_TRUE(abort());  // complete, not released
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_FALSE(downloads.active("a"));
  EXPECT_FALSE(downloads.failedRecently(now, "a"));
  EXPECT_EQ(timers.next(), base::kNever);
}

TEST_F(HttpDownloadsTest, AnswersForWhatIsNotOpenAreUnknown) {
  StepIo step = io();
  EXPECT_FALSE(downloads.onHead(step, {.request = RequestId(1)}));
  EXPECT_FALSE(downloads.onData(step, {RequestId(1), Bytes::copyOf("x")}));
  EXPECT_FALSE(downloads.onDone(step, RequestId(1)));
  EXPECT_FALSE(downloads.onFailed(step, {RequestId(1), {}}));
  start();
  head({.length = 1});
  data("x");
  done();
  EXPECT_FALSE(downloads.onDone(step, RequestId(1)));  // complete
  EXPECT_FALSE(downloads.onHead(step, {.request = RequestId(1)}));
}

TEST_F(HttpDownloadsTest, AbortAllEndsEverything) {
  start();
  start(Segment("b", "http://origin/b"));
  said();
  StepIo step = io();
  downloads.abortAll(step);
  EXPECT_THAT(said(), ElementsAre("cancel #1", "cancel #2"));
  EXPECT_EQ(downloads.count(), 0U);
}

}  // namespace
}  // namespace p2pml::engine
