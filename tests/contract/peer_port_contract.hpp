// What every PeerPort keeps to (driver/ports.hpp, docs/protocol/data-channel.md), as tests that each platform's adapter
// passes.
//
// A platform writes a class `MyWorld : PeerWorld` that can be default-constructed, and in its *_test.cpp:
//   INSTANTIATE_TYPED_TEST_SUITE_P(Native, PeerPortContract, MyWorld);
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "driver/ports.hpp"

namespace p2pml::contract {

/// Two ports on one network, A and B, each with events of its own.
class PeerWorld {
 public:
  enum Side : std::size_t { A = 0, B = 1 };

  virtual ~PeerWorld() = default;
  virtual driver::PeerPort& port(Side side) = 0;
  virtual void destroyPort(Side side) = 0;
  /// Runs the world until `done` is true; false after a generous deadline.
  virtual bool runUntil(const std::function<bool()>& done) = 0;
  /// Runs until everything that is under way has had its chance to be delivered. Works without the ports.
  virtual void settle() = 0;
  /// `sdp` with another certificate fingerprint than its maker's, still well-formed.
  virtual std::string withOtherFingerprint(std::string sdp) = 0;

  std::vector<engine::Input> events[2];
  std::function<void(Side, const engine::Input&)> onEvent;  ///< called after the event was noted

 protected:
  driver::EventSink sink(Side side) {
    return [this, side](engine::Input input) {
      events[side].push_back(input);
      if (onEvent) onEvent(side, input);
    };
  }
};

/// What came for one connection, checked for order while it is read.
struct PeerStory {
  std::vector<std::string> descriptions;  ///< OfferCreated and AnswerCreated
  int opens = 0;
  std::string remoteAddress;
  std::vector<base::Bytes> messages;
  std::uint64_t drained = 0;
  std::vector<base::Error> closes;
  bool inOrder = true;  ///< one description, one open, messages and drains (growing), one close, nothing after that

  [[nodiscard]] std::uint64_t receivedBytes() const {
    std::uint64_t total = 0;
    for (const auto& message : messages) total += message.size();
    return total;
  }
};

inline PeerStory storyOf(const std::vector<engine::Input>& events, base::ConnectionId id) {
  PeerStory story;
  for (const engine::Input& event : events) {
    const bool ended = !story.closes.empty();
    if (const auto* offer = std::get_if<engine::input::OfferCreated>(&event); offer && offer->connection == id) {
      story.inOrder = story.inOrder && !ended && story.descriptions.empty();
      story.descriptions.push_back(offer->sdp);
    } else if (const auto* answer = std::get_if<engine::input::AnswerCreated>(&event);
               answer && answer->connection == id) {
      story.inOrder = story.inOrder && !ended && story.descriptions.empty();
      story.descriptions.push_back(answer->sdp);
    } else if (const auto* opened = std::get_if<engine::input::PeerOpened>(&event);
               opened && opened->connection == id) {
      story.inOrder = story.inOrder && !ended && story.descriptions.size() == 1 && story.opens == 0;
      ++story.opens;
      story.remoteAddress = opened->remoteAddress;
    } else if (const auto* message = std::get_if<engine::input::PeerMessage>(&event);
               message && message->connection == id) {
      story.inOrder = story.inOrder && !ended && story.opens == 1;
      story.messages.push_back(message->data);
    } else if (const auto* drained = std::get_if<engine::input::PeerDrained>(&event);
               drained && drained->connection == id) {
      story.inOrder = story.inOrder && !ended && story.opens == 1 && drained->drained > story.drained;
      story.drained = drained->drained;
    } else if (const auto* closed = std::get_if<engine::input::PeerClosed>(&event);
               closed && closed->connection == id) {
      story.inOrder = story.inOrder && !ended;
      story.closes.push_back(closed->reason);
    }
  }
  return story;
}

/// `size` bytes that tell which message of which sender they are.
inline base::Bytes numberedMessage(std::size_t size, std::uint32_t number) {
  std::string text(size, '\0');
  std::uint32_t state = number * 2654435761u + 1;
  for (char& c : text) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return base::Bytes::adopt(std::move(text));
}

template <class World>
class PeerPortContract : public testing::Test {
 protected:
  static constexpr auto A = PeerWorld::A;
  static constexpr auto B = PeerWorld::B;
  static constexpr base::ConnectionId kOffering{1};
  static constexpr base::ConnectionId kAnswering{2};

  [[nodiscard]] PeerStory story(PeerWorld::Side side, base::ConnectionId id) const {
    return storyOf(world.events[side], id);
  }
  [[nodiscard]] PeerStory offerer() const { return story(A, kOffering); }
  [[nodiscard]] PeerStory answerer() const { return story(B, kAnswering); }

  std::string label() const { return std::string(40, 'a'); }
  /// The offer of a connection at A, or empty.
  std::string offerOf(base::ConnectionId id) {
    world.port(A).createOffer(id, label());
    if (!world.runUntil([&] { return !story(A, id).descriptions.empty(); })) return "";
    return story(A, id).descriptions[0];
  }
  std::string answerOf(base::ConnectionId id, const std::string& offer) {
    world.port(B).createAnswer(id, offer);
    if (!world.runUntil([&] { return !story(B, id).descriptions.empty() || !story(B, id).closes.empty(); })) return "";
    return story(B, id).descriptions.empty() ? "" : story(B, id).descriptions[0];
  }
  [[nodiscard]] bool connect(base::ConnectionId offering, base::ConnectionId answering) {
    const std::string offer = offerOf(offering);
    if (offer.empty()) return false;
    const std::string answer = answerOf(answering, offer);
    if (answer.empty()) return false;
    world.port(A).setAnswer(offering, answer);
    return world.runUntil([&] { return story(A, offering).opens == 1 && story(B, answering).opens == 1; });
  }
  [[nodiscard]] bool connect() { return connect(kOffering, kAnswering); }
  void expectUsable(base::ConnectionId offering, base::ConnectionId answering) {
    ASSERT_TRUE(connect(offering, answering));
    world.port(A).send(offering, base::Bytes::copyOf("still here"));
    ASSERT_TRUE(world.runUntil([&] { return !story(B, answering).messages.empty(); }));
    EXPECT_EQ(story(B, answering).messages[0].text(), "still here");
  }

  World world;
};

TYPED_TEST_SUITE_P(PeerPortContract);

TYPED_TEST_P(PeerPortContract, OpensAtBothEndsAllLaterThanTheCalls) {
  this->world.port(this->A).createOffer(this->kOffering, this->label());
  EXPECT_TRUE(this->world.events[0].empty());
  ASSERT_TRUE(this->world.runUntil([&] { return this->offerer().descriptions.size() == 1; }));
  this->world.port(this->B).createAnswer(this->kAnswering, this->offerer().descriptions[0]);
  EXPECT_TRUE(this->world.events[1].empty());
  ASSERT_TRUE(this->world.runUntil([&] { return this->answerer().descriptions.size() == 1; }));
  const std::size_t before = this->world.events[0].size();
  this->world.port(this->A).setAnswer(this->kOffering, this->answerer().descriptions[0]);
  EXPECT_EQ(this->world.events[0].size(), before);
  ASSERT_TRUE(this->world.runUntil([&] { return this->offerer().opens == 1 && this->answerer().opens == 1; }));
  this->world.settle();
  EXPECT_TRUE(this->offerer().inOrder);
  EXPECT_TRUE(this->answerer().inOrder);
  EXPECT_TRUE(this->offerer().closes.empty());
  EXPECT_TRUE(this->answerer().closes.empty());
}

TYPED_TEST_P(PeerPortContract, MessagesKeepOrderAndBordersBothWays) {
  ASSERT_TRUE(this->connect());
  // One byte, the longest of the JavaScript library, one of exactly 64 KiB, the longest that browsers take, and the
  // like.
  const std::vector<std::size_t> sizes{1, 65'535, 65'536, 2, 262'144, 1'200, 16'384, 3};
  std::uint32_t number = 0;
  for (const std::size_t size : sizes) {
    this->world.port(this->A).send(this->kOffering, numberedMessage(size, number));
    this->world.port(this->B).send(this->kAnswering, numberedMessage(size, 1000 + number));
    ++number;
  }
  ASSERT_TRUE(this->world.runUntil([&] {
    return this->offerer().messages.size() == sizes.size() && this->answerer().messages.size() == sizes.size();
  }));
  for (std::uint32_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(this->answerer().messages[i] == numberedMessage(sizes[i], i)) << i;
    EXPECT_TRUE(this->offerer().messages[i] == numberedMessage(sizes[i], 1000 + i)) << i;
  }
  EXPECT_TRUE(this->offerer().inOrder);
  EXPECT_TRUE(this->answerer().inOrder);
}

TYPED_TEST_P(PeerPortContract, EmptyMessagesArrive) {
  ASSERT_TRUE(this->connect());
  this->world.port(this->A).send(this->kOffering, {});
  this->world.port(this->A).send(this->kOffering, base::Bytes::copyOf("after"));
  ASSERT_TRUE(this->world.runUntil([&] { return this->answerer().messages.size() == 2; }));
  EXPECT_TRUE(this->answerer().messages[0].empty());
  EXPECT_EQ(this->answerer().messages[1].text(), "after");
}

TYPED_TEST_P(PeerPortContract, DrainedComesWithin64KiBOfWhatWasHandedOver) {
  ASSERT_TRUE(this->connect());
  std::uint64_t total = 0;
  for (const int count : {1, 3, 60}) {
    for (int i = 0; i < count; ++i) {
      this->world.port(this->A).send(this->kOffering, numberedMessage(65'535, static_cast<std::uint32_t>(i)));
      total += 65'535;
    }
    ASSERT_TRUE(this->world.runUntil([&] { return this->offerer().drained + 65'536 >= total; })) << total;
  }
  ASSERT_TRUE(this->world.runUntil([&] { return this->answerer().receivedBytes() == total; }));
  this->world.settle();
  EXPECT_LE(this->offerer().drained, total);
  EXPECT_TRUE(this->offerer().inOrder);
  EXPECT_EQ(this->answerer().drained, 0U);
}

TYPED_TEST_P(PeerPortContract, ASegmentCanBeHandedOverAtOnce) {
  ASSERT_TRUE(this->connect());
  // JavaScript peers write a whole segment of several MB without waiting (data-channel.md).
  constexpr std::uint32_t kMessages = 128;
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    this->world.port(this->A).send(this->kOffering, numberedMessage(65'535, i));
  }
  ASSERT_TRUE(this->world.runUntil([&] { return this->answerer().messages.size() == kMessages; }));
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(this->answerer().messages[i] == numberedMessage(65'535, i)) << i;
  }
}

TYPED_TEST_P(PeerPortContract, AHandlerMaySendAtOnce) {
  // From inside the very event that tells of the open channel, at both ends; nothing of it is lost.
  this->world.onEvent = [this](PeerWorld::Side side, const engine::Input& event) {
    if (!std::holds_alternative<engine::input::PeerOpened>(event)) return;
    const auto id = side == PeerWorld::A ? this->kOffering : this->kAnswering;
    this->world.port(side).send(id, base::Bytes::copyOf("map"));
  };
  ASSERT_TRUE(this->connect());
  ASSERT_TRUE(this->world.runUntil(
      [&] { return this->offerer().messages.size() == 1 && this->answerer().messages.size() == 1; }));
  EXPECT_TRUE(this->offerer().inOrder);
  EXPECT_TRUE(this->answerer().inOrder);
}

TYPED_TEST_P(PeerPortContract, CloseIsSilentHereAndNoticedThere) {
  ASSERT_TRUE(this->connect());
  this->world.port(this->B).send(this->kAnswering, numberedMessage(1'000, 1));
  this->world.port(this->A).close(this->kOffering);
  const std::size_t before = this->world.events[0].size();
  ASSERT_TRUE(this->world.runUntil([&] { return this->answerer().closes.size() == 1; }));
  EXPECT_FALSE(this->answerer().closes[0].detail.empty());
  this->world.port(this->B).send(this->kAnswering, numberedMessage(1'000, 2));
  this->world.port(this->B).close(this->kAnswering);
  this->world.port(this->A).send(this->kOffering, numberedMessage(1'000, 3));
  this->world.settle();
  EXPECT_EQ(this->world.events[0].size(), before);
  EXPECT_EQ(this->answerer().closes.size(), 1U);
  EXPECT_TRUE(this->answerer().inOrder);
  this->expectUsable(base::ConnectionId{3}, base::ConnectionId{4});
}

TYPED_TEST_P(PeerPortContract, TheAnswererMayCloseToo) {
  ASSERT_TRUE(this->connect());
  this->world.port(this->B).close(this->kAnswering);
  ASSERT_TRUE(this->world.runUntil([&] { return this->offerer().closes.size() == 1; }));
  EXPECT_TRUE(this->answerer().closes.empty());
}

TYPED_TEST_P(PeerPortContract, NothingAfterCloseInAHandler) {
  ASSERT_TRUE(this->connect());
  this->world.onEvent = [this](PeerWorld::Side side, const engine::Input& event) {
    if (side == PeerWorld::B && std::holds_alternative<engine::input::PeerMessage>(event)) {
      this->world.port(side).close(this->kAnswering);
    }
  };
  for (std::uint32_t i = 0; i < 10; ++i) this->world.port(this->A).send(this->kOffering, numberedMessage(100, i));
  ASSERT_TRUE(this->world.runUntil([&] { return this->offerer().closes.size() == 1; }));
  this->world.settle();
  EXPECT_EQ(this->answerer().messages.size(), 1U);
  EXPECT_TRUE(this->answerer().closes.empty());
}

TYPED_TEST_P(PeerPortContract, ClosedAtAnyPointOfTheHandshakeIsSilent) {
  this->world.port(this->A).createOffer(this->kOffering, this->label());
  this->world.port(this->A).close(this->kOffering);
  this->world.settle();
  EXPECT_TRUE(this->world.events[0].empty());

  const base::ConnectionId three{3};
  const base::ConnectionId four{4};
  const std::string offer = this->offerOf(three);
  ASSERT_FALSE(offer.empty());
  this->world.port(this->B).createAnswer(four, offer);
  this->world.port(this->B).close(four);
  this->world.settle();
  EXPECT_TRUE(this->world.events[1].empty());

  const base::ConnectionId five{5};
  const std::string answer = this->answerOf(five, offer);
  ASSERT_FALSE(answer.empty());
  this->world.port(this->A).setAnswer(three, answer);
  this->world.port(this->A).close(three);
  this->world.port(this->B).close(five);
  const std::size_t atA = this->world.events[0].size();
  const std::size_t atB = this->world.events[1].size();
  this->world.settle();
  EXPECT_EQ(this->world.events[0].size(), atA);
  EXPECT_EQ(this->world.events[1].size(), atB);
  this->expectUsable(base::ConnectionId{6}, base::ConnectionId{7});
}

TYPED_TEST_P(PeerPortContract, NonsenseOfferIsClosedLater) {
  std::uint64_t next = 10;
  for (const char* offer : {"", "nonsense", "v=0\r\n", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"}) {
    const base::ConnectionId id{next++};
    const std::size_t before = this->world.events[1].size();
    this->world.port(this->B).createAnswer(id, offer);
    EXPECT_EQ(this->world.events[1].size(), before);
    ASSERT_TRUE(this->world.runUntil([&] { return this->story(this->B, id).closes.size() == 1; })) << offer;
    EXPECT_TRUE(this->story(this->B, id).descriptions.empty());
    EXPECT_FALSE(this->story(this->B, id).closes[0].detail.empty());
  }
  this->expectUsable(this->kOffering, this->kAnswering);
}

TYPED_TEST_P(PeerPortContract, NonsenseAnswerIsClosedLater) {
  ASSERT_FALSE(this->offerOf(this->kOffering).empty());
  const std::size_t before = this->world.events[0].size();
  this->world.port(this->A).setAnswer(this->kOffering, "nonsense");
  EXPECT_EQ(this->world.events[0].size(), before);
  ASSERT_TRUE(this->world.runUntil([&] { return this->offerer().closes.size() == 1; }));
  this->expectUsable(base::ConnectionId{3}, base::ConnectionId{4});
}

TYPED_TEST_P(PeerPortContract, AWrongFingerprintNeverOpens) {
  const std::string offer = this->offerOf(this->kOffering);
  ASSERT_FALSE(offer.empty());
  const std::string answer = this->answerOf(this->kAnswering, offer);
  ASSERT_FALSE(answer.empty());
  this->world.port(this->A).setAnswer(this->kOffering, this->world.withOtherFingerprint(answer));
  ASSERT_TRUE(this->world.runUntil([&] { return this->offerer().closes.size() == 1; }));
  EXPECT_EQ(this->offerer().opens, 0);
  EXPECT_TRUE(this->offerer().messages.empty());
}

TYPED_TEST_P(PeerPortContract, CallsForUnknownConnectionsAreHarmless) {
  const base::ConnectionId unknown{77};
  this->world.port(this->A).send(unknown, base::Bytes::copyOf("nobody"));
  this->world.port(this->A).setAnswer(unknown, "nobody");
  this->world.port(this->A).close(unknown);
  this->world.settle();
  EXPECT_TRUE(this->world.events[0].empty());
  this->expectUsable(this->kOffering, this->kAnswering);
}

TYPED_TEST_P(PeerPortContract, ConnectionsDoNotMix) {
  constexpr std::uint64_t kCount = 5;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(this->connect(base::ConnectionId{10 + i}, base::ConnectionId{20 + i}));
  }
  for (std::uint64_t i = 0; i < kCount; ++i) {
    this->world.port(this->A).send(base::ConnectionId{10 + i}, numberedMessage(70'000, static_cast<std::uint32_t>(i)));
  }
  this->world.port(this->A).close(base::ConnectionId{10});
  ASSERT_TRUE(this->world.runUntil([&] {
    for (std::uint64_t i = 1; i < kCount; ++i) {
      if (this->story(this->B, base::ConnectionId{20 + i}).messages.size() != 1) return false;
    }
    return this->story(this->B, base::ConnectionId{20}).closes.size() == 1;
  }));
  for (std::uint64_t i = 1; i < kCount; ++i) {
    const auto got = this->story(this->B, base::ConnectionId{20 + i});
    EXPECT_TRUE(got.messages[0] == numberedMessage(70'000, static_cast<std::uint32_t>(i)));
    EXPECT_TRUE(got.closes.empty());
  }
}

TYPED_TEST_P(PeerPortContract, DestroyedWithConnectionsInEveryState) {
  ASSERT_TRUE(this->connect());
  const std::string half = this->offerOf(base::ConnectionId{3});
  this->world.port(this->A).createOffer(base::ConnectionId{4}, this->label());
  for (std::uint32_t i = 0; i < 32; ++i) this->world.port(this->A).send(this->kOffering, numberedMessage(65'535, i));
  const std::size_t before = this->world.events[0].size();
  this->world.destroyPort(this->A);
  ASSERT_TRUE(this->world.runUntil([&] { return this->answerer().closes.size() == 1; }));
  this->world.settle();
  EXPECT_EQ(this->world.events[0].size(), before);
}

TYPED_TEST_P(PeerPortContract, DestroyedFromInsideAHandler) {
  ASSERT_TRUE(this->connect());
  this->world.onEvent = [this](PeerWorld::Side side, const engine::Input& event) {
    if (side == PeerWorld::B && std::holds_alternative<engine::input::PeerMessage>(event)) {
      this->world.destroyPort(side);
    }
  };
  for (std::uint32_t i = 0; i < 10; ++i) this->world.port(this->A).send(this->kOffering, numberedMessage(100, i));
  ASSERT_TRUE(this->world.runUntil([&] { return this->offerer().closes.size() == 1; }));
  this->world.settle();
  EXPECT_EQ(this->answerer().messages.size(), 1U);
}

REGISTER_TYPED_TEST_SUITE_P(PeerPortContract, OpensAtBothEndsAllLaterThanTheCalls, MessagesKeepOrderAndBordersBothWays,
                            EmptyMessagesArrive, DrainedComesWithin64KiBOfWhatWasHandedOver,
                            ASegmentCanBeHandedOverAtOnce, AHandlerMaySendAtOnce, CloseIsSilentHereAndNoticedThere,
                            TheAnswererMayCloseToo, NothingAfterCloseInAHandler, ClosedAtAnyPointOfTheHandshakeIsSilent,
                            NonsenseOfferIsClosedLater, NonsenseAnswerIsClosedLater, AWrongFingerprintNeverOpens,
                            CallsForUnknownConnectionsAreHarmless, ConnectionsDoNotMix,
                            DestroyedWithConnectionsInEveryState, DestroyedFromInsideAHandler);

}  // namespace p2pml::contract
