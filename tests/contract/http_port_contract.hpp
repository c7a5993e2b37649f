// What every HttpPort keeps to (driver/ports.hpp), as tests that each platform's adapter passes in its own world.
//
// A platform writes a class `MyWorld : HttpWorld` that can be default-constructed, and in its *_test.cpp:
//   INSTANTIATE_TYPED_TEST_SUITE_P(Native, HttpPortContract, MyWorld);
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "driver/ports.hpp"

namespace p2pml::contract {

/// What the origin does with every request for one URL.
struct HttpBehaviour {
  int status = 200;
  std::string body;
  bool tellLength = true;                 ///< false: the body ends where the server says so otherwise (close, chunks)
  std::optional<std::size_t> cutAfter;    ///< the connection breaks after so many body bytes
  std::optional<std::size_t> stallAfter;  ///< after so many body bytes nothing more comes, and the connection stays
  std::string contentRange;               ///< value of Content-Range, if not empty
  std::string redirectTo;                 ///< value of Location, if not empty
  bool contentEncoded = false;            ///< the body is said to be gzip
};

class HttpWorld {
 public:
  virtual ~HttpWorld() = default;
  /// Made at the first call, and anew at the first call after destroyPort().
  virtual driver::HttpPort& port() = 0;
  virtual void destroyPort() = 0;
  /// The URL under which the origin behaves so from now on. None if this world has no such behaviour (the test is
  /// skipped).
  virtual std::optional<std::string> serve(HttpBehaviour behaviour) = 0;
  /// A URL of a host that does not take connections.
  virtual std::string refusingUrl() = 0;
  /// Runs the world until `done` is true; false after a generous deadline.
  virtual bool runUntil(const std::function<bool()>& done) = 0;
  /// Runs until everything that is under way has had its chance to be delivered. Works without the port.
  virtual void settle() = 0;

  std::vector<engine::Input> events;
  std::function<void(const engine::Input&)> onEvent;  ///< called after the event was noted

 protected:
  driver::EventSink sink() {
    return [this](engine::Input input) {
      events.push_back(input);
      if (onEvent) onEvent(input);
    };
  }
};

/// What came for one request, checked for order while it is read.
struct HttpStory {
  std::vector<engine::input::HttpHead> heads;
  std::string body;
  int dones = 0;
  std::vector<engine::input::HttpFailed> failures;
  bool inOrder = true;  ///< one head, then data, then one final event, then nothing

  [[nodiscard]] bool ended() const { return dones > 0 || !failures.empty(); }
};

inline HttpStory storyOf(const std::vector<engine::Input>& events, base::RequestId request) {
  HttpStory story;
  for (const engine::Input& event : events) {
    if (const auto* head = std::get_if<engine::input::HttpHead>(&event); head && head->request == request) {
      story.inOrder = story.inOrder && story.heads.empty() && !story.ended();
      story.heads.push_back(*head);
    } else if (const auto* data = std::get_if<engine::input::HttpData>(&event); data && data->request == request) {
      story.inOrder = story.inOrder && story.heads.size() == 1 && !story.ended() && !data->data.empty();
      story.body += data->data.text();
    } else if (const auto* done = std::get_if<engine::input::HttpDone>(&event); done && done->request == request) {
      story.inOrder = story.inOrder && story.heads.size() == 1 && !story.ended();
      ++story.dones;
    } else if (const auto* failed = std::get_if<engine::input::HttpFailed>(&event);
               failed && failed->request == request) {
      story.inOrder = story.inOrder && !story.ended();
      story.failures.push_back(*failed);
    }
  }
  return story;
}

/// `size` bytes that differ from place to place, so that a chunk lost or swapped shows.
inline std::string patternedBody(std::size_t size) {
  std::string body(size, '\0');
  std::uint32_t state = 12345;
  for (char& c : body) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return body;
}

template <class World>
class HttpPortContract : public testing::Test {
 protected:
  static constexpr base::RequestId kFirst{1};
  static constexpr base::RequestId kSecond{2};

  void start(base::RequestId request, std::string url) {
    driver::HttpRequest what;
    what.url = std::move(url);
    world.port().start(request, std::move(what));
  }
  [[nodiscard]] HttpStory story(base::RequestId request) const { return storyOf(world.events, request); }
  bool runToEnd(base::RequestId request) {
    return world.runUntil([&] { return story(request).ended(); });
  }
  /// A request that works, to show that the port still does.
  void expectUsable(base::RequestId request) {
    const auto url = world.serve({.body = "still here"});
    ASSERT_TRUE(url);
    start(request, *url);
    ASSERT_TRUE(runToEnd(request));
    EXPECT_EQ(story(request).body, "still here");
    EXPECT_EQ(story(request).dones, 1);
  }

  World world;
};

TYPED_TEST_SUITE_P(HttpPortContract);

#define P2PML_SERVE_OR_SKIP(url, ...)              \
  const auto url = this->world.serve(__VA_ARGS__); \
  if (!url) GTEST_SKIP() << "this world has no such behaviour"

TYPED_TEST_P(HttpPortContract, HeadThenBodyThenDoneAllLaterThanTheCall) {
  const std::string body = patternedBody(300'000);
  P2PML_SERVE_OR_SKIP(url, {.body = body});
  this->start(this->kFirst, *url);
  EXPECT_TRUE(this->world.events.empty());
  ASSERT_TRUE(this->runToEnd(this->kFirst));
  this->world.settle();
  const HttpStory story = this->story(this->kFirst);
  EXPECT_TRUE(story.inOrder);
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].status, 200);
  EXPECT_EQ(story.heads[0].contentLength, body.size());
  EXPECT_EQ(story.heads[0].rangeStart, std::nullopt);
  EXPECT_EQ(story.heads[0].requestUrl, *url);
  EXPECT_EQ(story.heads[0].responseUrl, *url);
  EXPECT_TRUE(story.body == body);
  EXPECT_EQ(story.dones, 1);
  EXPECT_TRUE(story.failures.empty());
}

TYPED_TEST_P(HttpPortContract, LengthIsNoneWhereItIsNotTold) {
  const std::string body = patternedBody(150'000);
  P2PML_SERVE_OR_SKIP(url, {.body = body, .tellLength = false});
  this->start(this->kFirst, *url);
  ASSERT_TRUE(this->runToEnd(this->kFirst));
  const HttpStory story = this->story(this->kFirst);
  EXPECT_TRUE(story.inOrder);
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].contentLength, std::nullopt);
  EXPECT_TRUE(story.body == body);
  EXPECT_EQ(story.dones, 1);
}

TYPED_TEST_P(HttpPortContract, EncodedBodyHasNoLength) {
  P2PML_SERVE_OR_SKIP(url, {.body = "not really gzip", .contentEncoded = true});
  this->start(this->kFirst, *url);
  ASSERT_TRUE(this->runToEnd(this->kFirst));
  const HttpStory story = this->story(this->kFirst);
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].contentLength, std::nullopt);
}

TYPED_TEST_P(HttpPortContract, EmptyBody) {
  P2PML_SERVE_OR_SKIP(url, {.body = ""});
  this->start(this->kFirst, *url);
  ASSERT_TRUE(this->runToEnd(this->kFirst));
  const HttpStory story = this->story(this->kFirst);
  EXPECT_TRUE(story.inOrder);
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].contentLength, 0u);
  EXPECT_EQ(story.body, "");
  EXPECT_EQ(story.dones, 1);
}

TYPED_TEST_P(HttpPortContract, StatusIsNoFailure) {
  for (const int status : {404, 416, 500, 503}) {
    const base::RequestId request{static_cast<std::uint64_t>(status)};
    P2PML_SERVE_OR_SKIP(url, {.status = status, .body = "sorry"});
    this->start(request, *url);
    ASSERT_TRUE(this->runToEnd(request));
    const HttpStory story = this->story(request);
    EXPECT_TRUE(story.inOrder);
    ASSERT_EQ(story.heads.size(), 1u);
    EXPECT_EQ(story.heads[0].status, status);
    EXPECT_EQ(story.dones, 1);
  }
}

TYPED_TEST_P(HttpPortContract, PartialContentTellsItsPlace) {
  P2PML_SERVE_OR_SKIP(url, {.status = 206, .body = "0123456789", .contentRange = "bytes 90-99/100"});
  this->start(this->kFirst, *url);
  ASSERT_TRUE(this->runToEnd(this->kFirst));
  const HttpStory story = this->story(this->kFirst);
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].status, 206);
  EXPECT_EQ(story.heads[0].contentLength, 10u);
  EXPECT_EQ(story.heads[0].rangeStart, 90u);
  EXPECT_EQ(story.heads[0].rangeTotal, 100u);
}

TYPED_TEST_P(HttpPortContract, RedirectGivesOnlyTheLastHead) {
  P2PML_SERVE_OR_SKIP(target, {.body = "found"});
  P2PML_SERVE_OR_SKIP(url, {.status = 302, .body = "go away", .redirectTo = *target});
  this->start(this->kFirst, *url);
  ASSERT_TRUE(this->runToEnd(this->kFirst));
  const HttpStory story = this->story(this->kFirst);
  EXPECT_TRUE(story.inOrder);
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].status, 200);
  EXPECT_EQ(story.heads[0].requestUrl, *url);
  EXPECT_EQ(story.heads[0].responseUrl, *target);
  EXPECT_EQ(story.body, "found");
}

TYPED_TEST_P(HttpPortContract, TruncatedBodyCannotPassForAWholeOne) {
  const std::string body = patternedBody(100'000);
  P2PML_SERVE_OR_SKIP(url, {.body = body, .cutAfter = 60'000});
  this->start(this->kFirst, *url);
  ASSERT_TRUE(this->runToEnd(this->kFirst));
  this->world.settle();
  const HttpStory story = this->story(this->kFirst);
  EXPECT_TRUE(story.inOrder);
  ASSERT_EQ(story.heads.size(), 1u);
  EXPECT_EQ(story.heads[0].contentLength, body.size());
  EXPECT_LE(story.body.size(), 60'000u);
  EXPECT_EQ(story.body, body.substr(0, story.body.size()));
  EXPECT_EQ(story.dones + static_cast<int>(story.failures.size()), 1);
}

TYPED_TEST_P(HttpPortContract, RefusedConnectionFails) {
  this->start(this->kFirst, this->world.refusingUrl());
  EXPECT_TRUE(this->world.events.empty());
  ASSERT_TRUE(this->runToEnd(this->kFirst));
  this->world.settle();
  EXPECT_EQ(this->world.events.size(), 1u);
  const HttpStory story = this->story(this->kFirst);
  ASSERT_EQ(story.failures.size(), 1u);
  EXPECT_EQ(story.failures[0].error.code, base::ErrorCode::unavailable) << story.failures[0].error.detail;
  EXPECT_FALSE(story.failures[0].error.detail.empty());
}

TYPED_TEST_P(HttpPortContract, NonsenseUrlFailsLater) {
  std::uint64_t next = 1;
  for (const char* url : {"", "nonsense", "ftp://127.0.0.1/file", "http://", "file:///etc/passwd"}) {
    const base::RequestId request{next++};
    this->world.events.clear();
    this->start(request, url);
    EXPECT_TRUE(this->world.events.empty()) << url;
    ASSERT_TRUE(this->runToEnd(request)) << url;
    EXPECT_EQ(this->world.events.size(), 1u) << url;
    EXPECT_EQ(this->story(request).failures.size(), 1u) << url;
  }
  this->expectUsable(base::RequestId{100});
}

TYPED_TEST_P(HttpPortContract, NothingAfterCancelAtOnce) {
  P2PML_SERVE_OR_SKIP(url, {.body = patternedBody(10'000)});
  this->start(this->kFirst, *url);
  this->world.port().cancel(this->kFirst);
  this->world.settle();
  EXPECT_TRUE(this->world.events.empty());
  this->expectUsable(this->kSecond);
  EXPECT_TRUE(this->story(this->kFirst).heads.empty());
}

TYPED_TEST_P(HttpPortContract, NothingAfterCancelOfAFailure) {
  this->start(this->kFirst, "nonsense");
  this->world.port().cancel(this->kFirst);
  this->world.settle();
  EXPECT_TRUE(this->world.events.empty());
}

TYPED_TEST_P(HttpPortContract, NothingAfterCancelInTheHeadsHandler) {
  P2PML_SERVE_OR_SKIP(url, {.body = patternedBody(10'000)});
  this->world.onEvent = [this](const engine::Input& event) {
    if (std::holds_alternative<engine::input::HttpHead>(event)) this->world.port().cancel(this->kFirst);
  };
  this->start(this->kFirst, *url);
  ASSERT_TRUE(this->world.runUntil([this] { return !this->world.events.empty(); }));
  this->world.settle();
  EXPECT_EQ(this->world.events.size(), 1u);
  this->world.onEvent = nullptr;
  this->expectUsable(this->kSecond);
  EXPECT_TRUE(this->story(this->kFirst).body.empty());
}

TYPED_TEST_P(HttpPortContract, StalledBodyComesAsFarAsItGoesAndCanBeCancelled) {
  const std::string body = patternedBody(50'000);
  P2PML_SERVE_OR_SKIP(url, {.body = body, .stallAfter = 20'000});
  this->start(this->kFirst, *url);
  ASSERT_TRUE(this->world.runUntil([this] { return this->story(this->kFirst).body.size() == 20'000; }));
  EXPECT_FALSE(this->story(this->kFirst).ended());
  this->world.port().cancel(this->kFirst);
  const std::size_t before = this->world.events.size();
  this->world.settle();
  EXPECT_EQ(this->world.events.size(), before);
  this->expectUsable(this->kSecond);
}

TYPED_TEST_P(HttpPortContract, CancelOfUnknownAndFinishedIsHarmless) {
  this->world.port().cancel(base::RequestId{77});
  this->expectUsable(this->kFirst);
  this->world.port().cancel(this->kFirst);
  this->expectUsable(this->kSecond);
}

TYPED_TEST_P(HttpPortContract, SeveralAtOnceDoNotMix) {
  constexpr std::uint64_t kCount = 8;
  std::vector<std::string> bodies;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    bodies.push_back(patternedBody(40'000 + 1'000 * i).substr(i));
    P2PML_SERVE_OR_SKIP(url, {.body = bodies.back()});
    this->start(base::RequestId{i + 1}, *url);
  }
  ASSERT_TRUE(this->world.runUntil([&] {
    for (std::uint64_t i = 0; i < kCount; ++i) {
      if (!this->story(base::RequestId{i + 1}).ended()) return false;
    }
    return true;
  }));
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const HttpStory story = this->story(base::RequestId{i + 1});
    EXPECT_TRUE(story.inOrder);
    EXPECT_TRUE(story.body == bodies[i]) << i;
    EXPECT_EQ(story.dones, 1);
  }
}

TYPED_TEST_P(HttpPortContract, AHandlerMayStartTheNext) {
  P2PML_SERVE_OR_SKIP(url, {.body = "one after the other"});
  bool inside = false;
  bool nested = false;
  this->world.onEvent = [&](const engine::Input& event) {
    nested = nested || inside;
    inside = true;
    if (const auto* done = std::get_if<engine::input::HttpDone>(&event); done && done->request == this->kFirst) {
      this->start(this->kSecond, *url);
    }
    inside = false;
  };
  this->start(this->kFirst, *url);
  ASSERT_TRUE(this->runToEnd(this->kSecond));
  EXPECT_FALSE(nested);
  EXPECT_EQ(this->story(this->kSecond).dones, 1);
}

TYPED_TEST_P(HttpPortContract, DestroyedWithRequestsOpen) {
  P2PML_SERVE_OR_SKIP(stalled, {.body = patternedBody(50'000), .stallAfter = 20'000});
  P2PML_SERVE_OR_SKIP(url, {.body = patternedBody(50'000)});
  this->start(this->kFirst, *stalled);
  ASSERT_TRUE(this->world.runUntil([this] { return !this->story(this->kFirst).heads.empty(); }));
  this->start(this->kSecond, *url);
  const std::size_t before = this->world.events.size();
  this->world.destroyPort();
  this->world.settle();
  EXPECT_EQ(this->world.events.size(), before);
}

TYPED_TEST_P(HttpPortContract, DestroyedFromInsideAHandler) {
  P2PML_SERVE_OR_SKIP(url, {.body = patternedBody(50'000)});
  this->world.onEvent = [this](const engine::Input&) { this->world.destroyPort(); };
  this->start(this->kFirst, *url);
  this->start(this->kSecond, *url);
  ASSERT_TRUE(this->world.runUntil([this] { return !this->world.events.empty(); }));
  this->world.settle();
  EXPECT_EQ(this->world.events.size(), 1u);
}

REGISTER_TYPED_TEST_SUITE_P(HttpPortContract, HeadThenBodyThenDoneAllLaterThanTheCall, LengthIsNoneWhereItIsNotTold,
                            EncodedBodyHasNoLength, EmptyBody, StatusIsNoFailure, PartialContentTellsItsPlace,
                            RedirectGivesOnlyTheLastHead, TruncatedBodyCannotPassForAWholeOne, RefusedConnectionFails,
                            NonsenseUrlFailsLater, NothingAfterCancelAtOnce, NothingAfterCancelOfAFailure,
                            NothingAfterCancelInTheHeadsHandler, StalledBodyComesAsFarAsItGoesAndCanBeCancelled,
                            CancelOfUnknownAndFinishedIsHarmless, SeveralAtOnceDoNotMix, AHandlerMayStartTheNext,
                            DestroyedWithRequestsOpen, DestroyedFromInsideAHandler);

#undef P2PML_SERVE_OR_SKIP

}  // namespace p2pml::contract
