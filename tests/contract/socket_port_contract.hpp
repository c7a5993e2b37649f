// What every SocketPort keeps to (driver/ports.hpp), as tests that each platform's adapter passes in its own world.
//
// A platform writes a class `MyWorld : SocketWorld` that can be default-constructed, and in its *_test.cpp:
//   INSTANTIATE_TYPED_TEST_SUITE_P(Native, SocketPortContract, MyWorld);
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

/// What the server does with every socket to one URL.
struct SocketBehaviour {
  std::vector<std::string> greetings;     ///< sent as soon as the socket is open
  bool echo = true;                       ///< every message comes back
  bool refuseHandshake = false;           ///< an HTTP error instead of a WebSocket
  bool silent = false;                    ///< takes the connection and never answers
  std::optional<std::size_t> closeAfter;  ///< closes politely after so many received messages (0: after the greetings)
  bool dropInsteadOfClose = false;        ///< `closeAfter` breaks the connection without a close frame
};

class SocketWorld {
 public:
  virtual ~SocketWorld() = default;
  /// Made at the first call, and anew at the first call after destroyPort().
  virtual driver::SocketPort& port() = 0;
  virtual void destroyPort() = 0;
  /// None if this world has no such behaviour (the test is skipped).
  virtual std::optional<std::string> serve(SocketBehaviour behaviour) = 0;
  /// A URL of a host that does not take connections.
  virtual std::string refusingUrl() = 0;
  virtual bool runUntil(const std::function<bool()>& done) = 0;
  /// Runs until everything that is under way has had its chance to be delivered. Works without the port.
  virtual void settle() = 0;
  /// All messages that the server received, from all sockets, in order.
  [[nodiscard]] virtual const std::vector<std::string>& received() const = 0;
  /// How many open WebSockets the server has seen end, in whatever way.
  [[nodiscard]] virtual std::size_t endedSockets() const = 0;

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

struct SocketStory {
  int opens = 0;
  std::vector<std::string> messages;
  std::vector<base::Error> closes;
  bool inOrder = true;  ///< one open, then messages, then one close, then nothing; or one close alone
};

inline SocketStory storyOf(const std::vector<engine::Input>& events, base::SocketId socket) {
  SocketStory story;
  for (const engine::Input& event : events) {
    if (const auto* opened = std::get_if<engine::input::SocketOpened>(&event); opened && opened->socket == socket) {
      story.inOrder = story.inOrder && story.opens == 0 && story.closes.empty();
      ++story.opens;
    } else if (const auto* message = std::get_if<engine::input::SocketMessage>(&event);
               message && message->socket == socket) {
      story.inOrder = story.inOrder && story.opens == 1 && story.closes.empty();
      story.messages.push_back(message->text);
    } else if (const auto* closed = std::get_if<engine::input::SocketClosed>(&event);
               closed && closed->socket == socket) {
      story.inOrder = story.inOrder && story.closes.empty();
      story.closes.push_back(closed->reason);
    }
  }
  return story;
}

template <class World>
class SocketPortContract : public testing::Test {
 protected:
  static constexpr base::SocketId kFirst{1};
  static constexpr base::SocketId kSecond{2};

  [[nodiscard]] SocketStory story(base::SocketId socket) const { return storyOf(world.events, socket); }
  bool runToOpen(base::SocketId socket) {
    return world.runUntil([&] { return story(socket).opens > 0 || !story(socket).closes.empty(); }) &&
           story(socket).opens == 1;
  }
  bool runToClose(base::SocketId socket) {
    return world.runUntil([&] { return !story(socket).closes.empty(); });
  }
  /// A socket that works, to show that the port still does.
  void expectUsable(base::SocketId socket) {
    const auto url = world.serve({});
    ASSERT_TRUE(url);
    world.port().open(socket, *url);
    ASSERT_TRUE(runToOpen(socket));
    world.port().send(socket, "still here");
    ASSERT_TRUE(world.runUntil([&] { return !story(socket).messages.empty(); }));
    EXPECT_EQ(story(socket).messages.front(), "still here");
  }

  World world;
};

TYPED_TEST_SUITE_P(SocketPortContract);

#define P2PML_SERVE_OR_SKIP(url, ...)              \
  const auto url = this->world.serve(__VA_ARGS__); \
  if (!url) GTEST_SKIP() << "this world has no such behaviour"

TYPED_TEST_P(SocketPortContract, OpensLaterThenCarriesMessagesInOrder) {
  P2PML_SERVE_OR_SKIP(url, {});
  this->world.port().open(this->kFirst, *url);
  EXPECT_TRUE(this->world.events.empty());
  ASSERT_TRUE(this->runToOpen(this->kFirst));
  std::vector<std::string> sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back("{\"n\":" + std::to_string(i) + ",\"pad\":\"" + std::string(static_cast<std::size_t>(i * 20), 'x') +
                   "\"}");
    this->world.port().send(this->kFirst, sent.back());
  }
  EXPECT_EQ(this->world.events.size(), 1u);
  ASSERT_TRUE(this->world.runUntil([&] { return this->story(this->kFirst).messages.size() == sent.size(); }));
  EXPECT_EQ(this->story(this->kFirst).messages, sent);
  EXPECT_EQ(this->world.received(), sent);
  EXPECT_TRUE(this->story(this->kFirst).inOrder);
}

TYPED_TEST_P(SocketPortContract, GreetingsComeAfterTheOpen) {
  P2PML_SERVE_OR_SKIP(url, {.greetings = {"a", "b", "c"}});
  this->world.port().open(this->kFirst, *url);
  ASSERT_TRUE(this->world.runUntil([&] { return this->story(this->kFirst).messages.size() == 3; }));
  EXPECT_TRUE(this->story(this->kFirst).inOrder);
  EXPECT_EQ(this->story(this->kFirst).messages, (std::vector<std::string>{"a", "b", "c"}));
}

TYPED_TEST_P(SocketPortContract, TextIsNotChanged) {
  P2PML_SERVE_OR_SKIP(url, {});
  this->world.port().open(this->kFirst, *url);
  ASSERT_TRUE(this->runToOpen(this->kFirst));
  // Two-, three- and four-byte characters, a NUL, and as long as the longest announce (64 KiB is the least that
  // trackers take).
  const std::string text = std::string("\xc3\xbf \xe2\x82\xac \xf0\x9f\x98\x80 \0 end", 17) + std::string(60'000, 'y');
  this->world.port().send(this->kFirst, text);
  this->world.port().send(this->kFirst, "");
  ASSERT_TRUE(this->world.runUntil([&] { return this->story(this->kFirst).messages.size() == 2; }));
  EXPECT_TRUE(this->story(this->kFirst).messages[0] == text);
  EXPECT_EQ(this->story(this->kFirst).messages[1], "");
}

TYPED_TEST_P(SocketPortContract, RefusedConnectionIsClosedOnce) {
  this->world.port().open(this->kFirst, this->world.refusingUrl());
  EXPECT_TRUE(this->world.events.empty());
  ASSERT_TRUE(this->runToClose(this->kFirst));
  this->world.settle();
  EXPECT_EQ(this->world.events.size(), 1u);
  EXPECT_EQ(this->story(this->kFirst).closes[0].code, base::ErrorCode::unavailable);
  EXPECT_FALSE(this->story(this->kFirst).closes[0].detail.empty());
}

TYPED_TEST_P(SocketPortContract, RefusedHandshakeIsClosedOnce) {
  P2PML_SERVE_OR_SKIP(url, {.refuseHandshake = true});
  this->world.port().open(this->kFirst, *url);
  ASSERT_TRUE(this->runToClose(this->kFirst));
  this->world.settle();
  EXPECT_EQ(this->world.events.size(), 1u);
}

TYPED_TEST_P(SocketPortContract, NonsenseUrlIsClosedLater) {
  std::uint64_t next = 1;
  for (const char* url : {"", "nonsense", "http://127.0.0.1/", "ws://", "wss://host:0/"}) {
    const base::SocketId socket{next++};
    this->world.events.clear();
    this->world.port().open(socket, url);
    EXPECT_TRUE(this->world.events.empty()) << url;
    ASSERT_TRUE(this->runToClose(socket)) << url;
    EXPECT_EQ(this->world.events.size(), 1u) << url;
  }
  this->expectUsable(base::SocketId{100});
}

TYPED_TEST_P(SocketPortContract, CloseFlushesWhatWasSentAndDeliversNothingMore) {
  P2PML_SERVE_OR_SKIP(url, {});
  this->world.port().open(this->kFirst, *url);
  ASSERT_TRUE(this->runToOpen(this->kFirst));
  std::vector<std::string> sent;
  for (int i = 0; i < 100; ++i) {
    sent.push_back(std::to_string(i) + std::string(1'000, 'z'));
    this->world.port().send(this->kFirst, sent.back());
  }
  this->world.port().close(this->kFirst);
  ASSERT_TRUE(this->world.runUntil([&] { return this->world.endedSockets() == 1; }));
  this->world.settle();
  EXPECT_EQ(this->world.received(), sent);
  EXPECT_EQ(this->world.events.size(), 1u);  // the open
  this->expectUsable(this->kSecond);
}

TYPED_TEST_P(SocketPortContract, ClosedBeforeOpenDeliversNothing) {
  P2PML_SERVE_OR_SKIP(url, {.greetings = {"hello"}});
  this->world.port().open(this->kFirst, *url);
  this->world.port().close(this->kFirst);
  this->world.port().open(this->kSecond, "nonsense");
  this->world.port().close(this->kSecond);
  this->world.settle();
  EXPECT_TRUE(this->world.events.empty());
  this->expectUsable(base::SocketId{3});
}

TYPED_TEST_P(SocketPortContract, SilentServerCanBeClosed) {
  P2PML_SERVE_OR_SKIP(url, {.silent = true});
  this->world.port().open(this->kFirst, *url);
  this->world.settle();
  EXPECT_TRUE(this->world.events.empty());
  this->world.port().close(this->kFirst);
  this->world.settle();
  EXPECT_TRUE(this->world.events.empty());
}

TYPED_TEST_P(SocketPortContract, RemoteCloseIsFinal) {
  P2PML_SERVE_OR_SKIP(url, {.greetings = {"last words"}, .closeAfter = 0});
  this->world.port().open(this->kFirst, *url);
  ASSERT_TRUE(this->runToClose(this->kFirst));
  const SocketStory story = this->story(this->kFirst);
  EXPECT_TRUE(story.inOrder);
  EXPECT_EQ(story.opens, 1);
  EXPECT_EQ(story.messages, std::vector<std::string>{"last words"});
  this->world.port().send(this->kFirst, "too late");
  this->world.port().close(this->kFirst);
  this->world.settle();
  EXPECT_EQ(this->world.events.size(), 3u);
  this->expectUsable(this->kSecond);
}

TYPED_TEST_P(SocketPortContract, BrokenConnectionIsClosedOnce) {
  P2PML_SERVE_OR_SKIP(url, {.closeAfter = 1, .dropInsteadOfClose = true});
  this->world.port().open(this->kFirst, *url);
  ASSERT_TRUE(this->runToOpen(this->kFirst));
  this->world.port().send(this->kFirst, "break");
  ASSERT_TRUE(this->runToClose(this->kFirst));
  this->world.settle();
  EXPECT_EQ(this->story(this->kFirst).closes.size(), 1u);
  EXPECT_TRUE(this->story(this->kFirst).inOrder);
}

TYPED_TEST_P(SocketPortContract, SendAndCloseOfUnknownAreHarmless) {
  this->world.port().send(base::SocketId{77}, "nobody");
  this->world.port().close(base::SocketId{77});
  this->expectUsable(this->kFirst);
}

TYPED_TEST_P(SocketPortContract, NothingAfterCloseInAHandler) {
  P2PML_SERVE_OR_SKIP(url, {.greetings = {"a", "b", "c"}});
  this->world.onEvent = [this](const engine::Input& event) {
    if (std::holds_alternative<engine::input::SocketMessage>(event)) this->world.port().close(this->kFirst);
  };
  this->world.port().open(this->kFirst, *url);
  ASSERT_TRUE(this->world.runUntil([&] { return this->world.endedSockets() == 1; }));
  this->world.settle();
  EXPECT_EQ(this->story(this->kFirst).messages, std::vector<std::string>{"a"});
  EXPECT_EQ(this->world.events.size(), 2u);
}

TYPED_TEST_P(SocketPortContract, TwoSocketsDoNotMix) {
  P2PML_SERVE_OR_SKIP(one, {.greetings = {"one"}});
  P2PML_SERVE_OR_SKIP(two, {.greetings = {"two"}});
  this->world.port().open(this->kFirst, *one);
  this->world.port().open(this->kSecond, *two);
  ASSERT_TRUE(this->world.runUntil([&] {
    return this->story(this->kFirst).messages.size() == 1 && this->story(this->kSecond).messages.size() == 1;
  }));
  EXPECT_EQ(this->story(this->kFirst).messages[0], "one");
  EXPECT_EQ(this->story(this->kSecond).messages[0], "two");
  this->world.port().close(this->kFirst);
  this->world.port().send(this->kSecond, "more");
  ASSERT_TRUE(this->world.runUntil([&] { return this->story(this->kSecond).messages.size() == 2; }));
  EXPECT_EQ(this->story(this->kSecond).messages[1], "more");
}

TYPED_TEST_P(SocketPortContract, DestroyedWithSocketsOpen) {
  P2PML_SERVE_OR_SKIP(url, {});
  P2PML_SERVE_OR_SKIP(silent, {.silent = true});
  this->world.port().open(this->kFirst, *url);
  ASSERT_TRUE(this->runToOpen(this->kFirst));
  this->world.port().open(this->kSecond, *url);
  this->world.port().open(base::SocketId{3}, *silent);
  this->world.port().send(this->kFirst, "unanswered");
  const std::size_t before = this->world.events.size();
  this->world.destroyPort();
  // The first socket was open, so the server sees it end.
  ASSERT_TRUE(this->world.runUntil([&] { return this->world.endedSockets() >= 1; }));
  this->world.settle();
  EXPECT_EQ(this->world.events.size(), before);
}

TYPED_TEST_P(SocketPortContract, DestroyedFromInsideAHandler) {
  P2PML_SERVE_OR_SKIP(url, {.greetings = {"a", "b"}});
  for (const bool atOpen : {true, false}) {
    this->world.events.clear();
    this->world.onEvent = [this, atOpen](const engine::Input& event) {
      if (atOpen || std::holds_alternative<engine::input::SocketMessage>(event)) this->world.destroyPort();
    };
    this->world.port().open(this->kFirst, *url);
    const std::size_t expected = atOpen ? 1 : 2;
    ASSERT_TRUE(this->world.runUntil([&] { return this->world.events.size() == expected; }));
    this->world.settle();
    EXPECT_EQ(this->world.events.size(), expected);
  }
}

REGISTER_TYPED_TEST_SUITE_P(SocketPortContract, OpensLaterThenCarriesMessagesInOrder, GreetingsComeAfterTheOpen,
                            TextIsNotChanged, RefusedConnectionIsClosedOnce, RefusedHandshakeIsClosedOnce,
                            NonsenseUrlIsClosedLater, CloseFlushesWhatWasSentAndDeliversNothingMore,
                            ClosedBeforeOpenDeliversNothing, SilentServerCanBeClosed, RemoteCloseIsFinal,
                            BrokenConnectionIsClosedOnce, SendAndCloseOfUnknownAreHarmless, NothingAfterCloseInAHandler,
                            TwoSocketsDoNotMix, DestroyedWithSocketsOpen, DestroyedFromInsideAHandler);

#undef P2PML_SERVE_OR_SKIP

}  // namespace p2pml::contract
