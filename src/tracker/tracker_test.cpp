#include "tracker/tracker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/testing/files.hpp"

namespace p2pml::tracker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

base::TimePoint at(std::int64_t seconds) { return base::TimePoint(base::seconds(seconds)); }
base::SocketId socketId(std::uint64_t number) { return base::SocketId(number); }

template <class Id>
Id id20(const std::string& name) {
  std::string raw = name;
  raw.resize(20, '.');
  return Id::fromRaw(raw);
}
base::PeerId peer(const std::string& name) { return id20<base::PeerId>(name); }
base::PeerId peer(int number) { return peer("peer" + std::to_string(number)); }
base::InfoHash hash(const std::string& name) { return id20<base::InfoHash>(name); }

std::vector<wire::TrackerOffer> offers(int count) {
  std::vector<wire::TrackerOffer> result;
  for (int i = 0; i < count; ++i) {
    const std::string name = "offer" + std::to_string(i);
    result.push_back({id20<base::OfferId>(name), "v=0\r\ns=" + name + "\r\n"});
  }
  return result;
}

/// Speaks to a tracker as clients do, in JSON, and reads its answers.
struct TrackerTest : ::testing::Test {
  Options options;
  std::unique_ptr<Tracker> made;
  Outputs raw;

  Tracker& tracker() {
    if (!made) made = std::make_unique<Tracker>(options);
    return *made;
  }

  void open(std::uint64_t socket, base::TimePoint now = at(0)) {
    ASSERT_EQ(tracker().onOpen(now, socketId(socket), "127.0.0.1", ""), Admission::admitted);
  }

  struct Said {
    std::uint64_t socket = 0;
    wire::TrackerResponse what;
  };

  std::vector<Said> read() {
    std::vector<Said> result;
    for (const Output& output : raw) {
      const auto* sent = std::get_if<SendText>(&output);
      if (sent == nullptr) continue;
      auto decoded = wire::decodeTrackerResponse(sent->text);
      EXPECT_TRUE(decoded.has_value()) << sent->text;
      if (decoded) result.push_back({sent->socket.value, std::move(*decoded)});
    }
    return result;
  }

  std::vector<CloseSocket> closed() const {
    std::vector<CloseSocket> result;
    for (const Output& output : raw) {
      if (const auto* close = std::get_if<CloseSocket>(&output)) result.push_back(*close);
    }
    return result;
  }

  std::vector<Said> say(std::uint64_t socket, const std::string& text, base::TimePoint now = at(0)) {
    raw.clear();
    tracker().onMessage(now, socketId(socket), text, raw);
    return read();
  }

  struct Announce {
    base::InfoHash infoHash = hash("movie");
    wire::AnnounceEvent event = wire::AnnounceEvent::started;
    int offers = 0;
    std::int64_t numwant = 50;
    std::optional<std::int64_t> left;
  };

  std::vector<Said> announce(std::uint64_t socket, const base::PeerId& who, const Announce& what,
                             base::TimePoint now = at(0)) {
    wire::AnnounceRequest request;
    request.infoHash = what.infoHash;
    request.peerId = who;
    request.event = what.event;
    request.numwant = what.numwant;
    request.left = what.left;
    request.offers = offers(what.offers);
    return say(socket, wire::encode(request), now);
  }
  std::vector<Said> announce(std::uint64_t socket, const base::PeerId& who) { return announce(socket, who, {}); }

  std::vector<Said> answer(std::uint64_t socket, const base::PeerId& from, const base::PeerId& to,
                           base::TimePoint now = at(0), const base::InfoHash& infoHash = hash("movie")) {
    return say(socket, wire::encode(wire::AnswerRequest{infoHash, from, to, id20<base::OfferId>("offer0"), "v=0\r\n"}),
               now);
  }

  static wire::AnnounceResponse response(const std::vector<Said>& said) {
    if (said.empty()) return {};
    const auto* result = std::get_if<wire::AnnounceResponse>(&said.front().what);
    EXPECT_NE(result, nullptr);
    return result == nullptr ? wire::AnnounceResponse{} : *result;
  }
  static std::string failure(const std::vector<Said>& said) {
    if (said.size() != 1) return "not one message";
    const auto* result = std::get_if<wire::TrackerFailure>(&said.front().what);
    return result == nullptr ? "not a failure" : result->reason;
  }
};

TEST_F(TrackerTest, StartedIsAnsweredWithCountsAndInterval) {
  open(1);
  const auto said = announce(1, peer(1));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].socket, 1U);
  wire::AnnounceResponse expected;
  expected.infoHash = hash("movie");
  expected.complete = 0;
  expected.incomplete = 1;
  expected.interval = 120;
  EXPECT_EQ(response(said), expected);
}

TEST_F(TrackerTest, IntervalIsAnOption) {
  options.interval = base::seconds(20);
  open(1);
  EXPECT_EQ(response(announce(1, peer(1))).interval, 20);
}

TEST_F(TrackerTest, LeftZeroAndCompletedMakeComplete) {
  open(1);
  EXPECT_EQ(response(announce(1, peer(1), {.left = 0})).complete, 1);
  EXPECT_EQ(response(announce(1, peer(2), {.left = 5})).complete, 1);
  const auto both = response(announce(1, peer(2), {.event = wire::AnnounceEvent::completed}));
  EXPECT_EQ(both.complete, 2);
  EXPECT_EQ(both.incomplete, 0);
}

TEST_F(TrackerTest, APeriodicAnnounceWithoutLeftKeepsWhatWasKnown) {
  open(1);
  announce(1, peer(1), {.event = wire::AnnounceEvent::completed});
  EXPECT_EQ(response(announce(1, peer(1), {.event = wire::AnnounceEvent::none})).complete, 1);
  EXPECT_EQ(response(announce(1, peer(1), {.event = wire::AnnounceEvent::none, .left = 3})).complete, 0);
}

TEST_F(TrackerTest, CompletedIsCountedOnceAPeer) {
  open(1);
  announce(1, peer(1), {.event = wire::AnnounceEvent::completed});
  announce(1, peer(1), {.event = wire::AnnounceEvent::completed});
  ASSERT_EQ(tracker().swarms(10).size(), 1U);
  EXPECT_EQ(tracker().swarms(10)[0].downloaded, 1U);
}

TEST_F(TrackerTest, StoppedIsAnsweredAndForgets) {
  open(1);
  open(2);
  announce(1, peer(1));
  announce(2, peer(2));
  const auto said = response(announce(1, peer(1), {.event = wire::AnnounceEvent::stopped}));
  EXPECT_EQ(said.incomplete, 1);
  EXPECT_EQ(tracker().statistics().peers, 1U);
}

TEST_F(TrackerTest, StoppedByTheLastOrByAStrangerIsAnsweredWithZero) {
  open(1);
  announce(1, peer(1));
  EXPECT_EQ(response(announce(1, peer(1), {.event = wire::AnnounceEvent::stopped})).incomplete, 0);
  EXPECT_EQ(response(announce(1, peer(1), {.event = wire::AnnounceEvent::stopped})).incomplete, 0);
  EXPECT_EQ(tracker().statistics().swarms, 0U);
}

TEST_F(TrackerTest, OffersAreRelayedToDifferentOtherPeers) {
  for (int i = 1; i <= 8; ++i) {
    open(static_cast<std::uint64_t>(i));
    announce(static_cast<std::uint64_t>(i), peer(i));
  }
  const auto said = announce(1, peer(1), {.event = wire::AnnounceEvent::none, .offers = 5});
  ASSERT_EQ(said.size(), 6U);
  EXPECT_TRUE(std::holds_alternative<wire::AnnounceResponse>(said[0].what));
  std::set<std::uint64_t> receivers;
  const auto sent = offers(5);
  for (std::size_t i = 0; i < 5; ++i) {
    receivers.insert(said[i + 1].socket);
    const wire::RelayedOffer expected{hash("movie"), peer(1), sent[i].offerId, sent[i].sdp};
    EXPECT_EQ(std::get<wire::RelayedOffer>(said[i + 1].what), expected);
  }
  EXPECT_EQ(receivers.size(), 5U);
  EXPECT_EQ(receivers.count(1), 0U);
  EXPECT_EQ(tracker().statistics().offersRelayed, 5U);
  EXPECT_EQ(tracker().statistics().offersUnplaced, 0U);
}

TEST_F(TrackerTest, RelaysTheLeastOfOffersNumwantAndOthers) {
  for (int i = 1; i <= 4; ++i) {
    open(static_cast<std::uint64_t>(i));
    announce(static_cast<std::uint64_t>(i), peer(i));
  }
  EXPECT_EQ(announce(1, peer(1), {.offers = 2}).size(), 1U + 2U);
  EXPECT_EQ(announce(1, peer(1), {.offers = 5, .numwant = 1}).size(), 1U + 1U);
  EXPECT_EQ(announce(1, peer(1), {.offers = 5}).size(), 1U + 3U);
  EXPECT_EQ(announce(1, peer(1), {.offers = 5, .numwant = 0}).size(), 1U);
  EXPECT_EQ(tracker().statistics().offersUnplaced, 4U + 2U + 5U);
}

TEST_F(TrackerTest, OffersAboveTheLimitAreNotRelayedAndTheAnnounceStands) {
  options.maxOffersPerAnnounce = 2;
  for (int i = 1; i <= 5; ++i) {
    open(static_cast<std::uint64_t>(i));
    announce(static_cast<std::uint64_t>(i), peer(i));
  }
  EXPECT_EQ(announce(1, peer(1), {.offers = 3}).size(), 1U + 2U);
}

TEST_F(TrackerTest, OffersStayWithinTheirInfoHash) {
  open(1);
  open(2);
  announce(1, peer(1), {.infoHash = hash("movie")});
  announce(2, peer(2), {.infoHash = hash("other")});
  EXPECT_EQ(announce(1, peer(1), {.offers = 5}).size(), 1U);
}

TEST_F(TrackerTest, StoppedRelaysNoOffers) {
  open(1);
  open(2);
  announce(2, peer(2));
  announce(1, peer(1));
  EXPECT_EQ(announce(1, peer(1), {.event = wire::AnnounceEvent::stopped, .offers = 1}).size(), 1U);
}

TEST_F(TrackerTest, TheSameSeedPicksTheSamePeers) {
  const auto receivers = [](std::uint64_t seed) {
    Options with;
    with.seed = seed;
    Tracker one(with);
    Outputs outputs;
    for (int i = 1; i <= 30; ++i) {
      EXPECT_EQ(one.onOpen(at(0), socketId(static_cast<std::uint64_t>(i)), "", ""), Admission::admitted);
      wire::AnnounceRequest request;
      request.infoHash = hash("movie");
      request.peerId = peer(i);
      request.numwant = 5;
      request.offers = offers(5);
      one.onMessage(at(0), socketId(static_cast<std::uint64_t>(i)), wire::encode(request), outputs);
    }
    return outputs;
  };
  EXPECT_EQ(receivers(1), receivers(1));
  EXPECT_NE(receivers(1), receivers(2));
}

TEST_F(TrackerTest, AnswersGoToTheirOffererOnly) {
  open(1);
  open(2);
  open(3);
  announce(1, peer(1));
  announce(2, peer(2));
  announce(3, peer(3));
  const auto said = answer(2, peer(2), peer(1));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].socket, 1U);
  const wire::RelayedAnswer expected{hash("movie"), peer(2), id20<base::OfferId>("offer0"), "v=0\r\n"};
  EXPECT_EQ(std::get<wire::RelayedAnswer>(said[0].what), expected);
  EXPECT_EQ(tracker().statistics().answersRelayed, 1U);
}

TEST_F(TrackerTest, AnswerToUnknownOrToAnotherSwarmSaysNothingAndKeepsTheSocket) {
  open(1);
  open(2);
  announce(1, peer(1), {.infoHash = hash("other")});
  announce(2, peer(2));
  EXPECT_THAT(answer(2, peer(2), peer(9)), IsEmpty());
  EXPECT_THAT(closed(), IsEmpty());
  EXPECT_THAT(answer(2, peer(2), peer(1)), IsEmpty());
  EXPECT_EQ(tracker().statistics().answersToUnknown, 2U);
  EXPECT_EQ(announce(2, peer(2)).size(), 1U);
}

TEST_F(TrackerTest, NobodyAnswersInAnothersName) {
  open(1);
  open(2);
  open(3);
  announce(1, peer(1));
  announce(2, peer(2));
  EXPECT_THAT(answer(3, peer(2), peer(1)), IsEmpty());
  EXPECT_EQ(tracker().statistics().answersFromUnknown, 1U);
}

TEST_F(TrackerTest, SeveralInfoHashesAndPeerIdsLiveOnOneSocketAndDieWithIt) {
  open(1);
  open(2);
  announce(1, peer(1), {.infoHash = hash("a")});
  announce(1, peer(1), {.infoHash = hash("b")});
  announce(1, peer(2), {.infoHash = hash("b")});
  announce(2, peer(3), {.infoHash = hash("b")});
  EXPECT_EQ(tracker().statistics().peers, 4U);
  EXPECT_EQ(tracker().statistics().swarms, 2U);
  tracker().onClose(at(1), socketId(1));
  EXPECT_EQ(tracker().statistics().peers, 1U);
  EXPECT_EQ(tracker().statistics().swarms, 1U);
  EXPECT_EQ(response(announce(2, peer(3), {.infoHash = hash("b")})).incomplete, 1);
}

TEST_F(TrackerTest, ANewSocketTakesThePeerOver) {
  open(1);
  open(2);
  open(3);
  announce(1, peer(1));
  announce(3, peer(3));
  EXPECT_EQ(response(announce(2, peer(1))).incomplete, 2);
  EXPECT_EQ(tracker().statistics().replacedPeers, 1U);
  auto said = announce(3, peer(3), {.offers = 1});
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[1].socket, 2U);
  // The old socket lives, but its end no longer takes the peer with it.
  tracker().onClose(at(1), socketId(1));
  EXPECT_EQ(tracker().statistics().peers, 2U);
  EXPECT_EQ(answer(3, peer(3), peer(1)).size(), 1U);
  tracker().onClose(at(1), socketId(2));
  EXPECT_EQ(tracker().statistics().peers, 1U);
}

TEST_F(TrackerTest, StoppedOnANewSocketRemovesTheDeadRegistration) {
  open(1);
  open(2);
  announce(1, peer(1));
  EXPECT_EQ(response(announce(2, peer(1), {.event = wire::AnnounceEvent::stopped})).incomplete, 0);
  EXPECT_EQ(response(announce(2, peer(1))).incomplete, 1);
}

TEST_F(TrackerTest, ASilentPeerExpiresAfterTwiceTheInterval) {
  options.socketTimeout = base::seconds(10'000);
  open(1);
  announce(1, peer(1), {}, at(100));
  announce(1, peer(2), {}, at(150));
  EXPECT_EQ(tracker().deadline(), at(340));
  raw.clear();
  tracker().onTick(at(340) - base::Duration(1), raw);
  EXPECT_EQ(tracker().statistics().peers, 2U);
  tracker().onTick(at(340), raw);
  EXPECT_EQ(tracker().statistics().peers, 1U);
  EXPECT_EQ(tracker().statistics().expiredPeers, 1U);
  EXPECT_EQ(tracker().deadline(), at(390));
  EXPECT_THAT(raw, IsEmpty());
}

TEST_F(TrackerTest, AnnouncesAndAnswersKeepAPeer) {
  options.socketTimeout = base::seconds(10'000);
  open(1);
  announce(1, peer(1), {}, at(0));
  announce(1, peer(2), {}, at(0));
  announce(1, peer(1), {.event = wire::AnnounceEvent::none}, at(120));
  answer(1, peer(2), peer(1), at(130));
  EXPECT_EQ(tracker().deadline(), at(360));
  tracker().onTick(at(360), raw);
  EXPECT_EQ(tracker().statistics().peers, 1U);
  EXPECT_EQ(tracker().deadline(), at(370));
}

TEST_F(TrackerTest, ASocketWithoutValidRequestsIsClosed) {
  options.socketTimeout = base::seconds(60);
  open(1, at(0));
  open(2, at(1));
  say(1, "garbage", at(59));
  EXPECT_EQ(tracker().deadline(), at(60));
  raw.clear();
  tracker().onTick(at(60), raw);
  EXPECT_THAT(closed(), ElementsAre(CloseSocket{socketId(1), CloseReason::idle}));
  EXPECT_EQ(tracker().statistics().sockets, 1U);
  announce(2, peer(2), {}, at(60));
  EXPECT_EQ(tracker().deadline(), at(120));
}

TEST_F(TrackerTest, AnIdleSocketTakesItsPeersWithIt) {
  options.socketTimeout = base::seconds(10);
  open(1);
  announce(1, peer(1));
  raw.clear();
  tracker().onTick(at(10), raw);
  EXPECT_EQ(tracker().statistics().peers, 0U);
  EXPECT_EQ(tracker().deadline(), base::kNever);
  tracker().onClose(at(11), socketId(1));
  EXPECT_THAT(say(1, "late", at(11)), IsEmpty());
}

TEST_F(TrackerTest, ScrapesOneSeveralAndAll) {
  open(1);
  announce(1, peer(1), {.infoHash = hash("b"), .left = 0});
  announce(1, peer(1), {.infoHash = hash("a")});
  announce(1, peer(2), {.infoHash = hash("a"), .event = wire::AnnounceEvent::completed});
  const auto scrape = [&](std::vector<base::InfoHash> which) {
    const auto said = say(1, wire::encode(wire::ScrapeRequest{std::move(which)}));
    EXPECT_EQ(said.size(), 1U);
    return std::get<wire::ScrapeResponse>(said.at(0).what);
  };
  const wire::ScrapeEntry a{hash("a"), 1, 1, 1};
  const wire::ScrapeEntry b{hash("b"), 1, 0, 0};
  EXPECT_THAT(scrape({hash("a")}).files, ElementsAre(a));
  EXPECT_THAT(scrape({hash("b"), hash("nobody")}).files, ElementsAre(b, wire::ScrapeEntry{hash("nobody")}));
  EXPECT_THAT(scrape({}).files, ElementsAre(a, b));
  EXPECT_EQ(scrape({}).minRequestInterval, 120);
}

TEST_F(TrackerTest, FullScrapesCanBeSwitchedOffAndAreBounded) {
  options.allowFullScrape = false;
  open(1);
  const auto said = say(1, R"({"action":"scrape"})");
  EXPECT_EQ(failure(said), "Full scrapes are not allowed");
  EXPECT_TRUE(std::get<wire::TrackerFailure>(said[0].what).withAction);

  made.reset();
  options.allowFullScrape = true;
  options.maxScrapeEntries = 2;
  open(1);
  for (const char* name : {"a", "b", "c"}) announce(1, peer(1), {.infoHash = hash(name)});
  const auto some = say(1, R"({"action":"scrape"})");
  EXPECT_EQ(std::get<wire::ScrapeResponse>(some.at(0).what).files.size(), 2U);
  EXPECT_THAT(failure(say(1, wire::encode(wire::ScrapeRequest{{hash("a"), hash("b"), hash("c")}}))),
              HasSubstr("at most 2"));
}

TEST_F(TrackerTest, FailuresHaveTheTextsOfBittorrentTracker) {
  open(1);
  // docs/protocol/tracker-websocket.md 5c.4, captured failures.
  EXPECT_EQ(failure(say(1, R"({"action":"announce","info_hash":"short","peer_id":"aaaaaaaaaaaaaaaaaaaa"})")),
            "invalid info_hash");
  EXPECT_EQ(failure(say(1, R"({"action":"foo"})")), "invalid action in WS request: foo");
  const auto said = say(1, R"({"action":"announce","event":"bad","info_hash":"aaaaaaaaaaaaaaaaaaaa",)"
                           R"("peer_id":"bbbbbbbbbbbbbbbbbbbb","numwant":5})");
  EXPECT_EQ(failure(said), "invalid event");
  const auto& reason = std::get<wire::TrackerFailure>(said[0].what);
  EXPECT_TRUE(reason.withAction);
  EXPECT_EQ(reason.infoHash, base::InfoHash::fromRaw("aaaaaaaaaaaaaaaaaaaa"));
  const auto garbage = say(1, "hello");
  EXPECT_NE(failure(garbage), "");
  EXPECT_FALSE(std::get<wire::TrackerFailure>(garbage.at(0).what).withAction);
  EXPECT_EQ(tracker().statistics().failures, 4U);
  EXPECT_EQ(tracker().statistics().sockets, 1U);
}

TEST_F(TrackerTest, OnlyListedInfoHashesAreServed) {
  options.allowedInfoHashes = {hash("movie")};
  open(1);
  EXPECT_EQ(announce(1, peer(1)).size(), 1U);
  const auto said = announce(1, peer(1), {.infoHash = hash("other")});
  EXPECT_EQ(failure(said), "disallowed info_hash");
  EXPECT_EQ(std::get<wire::TrackerFailure>(said[0].what).infoHash, hash("other"));
  EXPECT_EQ(tracker().statistics().swarms, 1U);
}

TEST_F(TrackerTest, OriginsAreChecked) {
  options.allowedOrigins = {"https://one.example", "https://two.example"};
  EXPECT_EQ(tracker().onOpen(at(0), socketId(1), "", "https://two.example"), Admission::admitted);
  EXPECT_EQ(tracker().onOpen(at(0), socketId(2), "", "https://three.example"), Admission::originNotAllowed);
  EXPECT_EQ(tracker().onOpen(at(0), socketId(3), "", ""), Admission::admitted);
  EXPECT_EQ(tracker().statistics().refusedSockets, 1U);

  made.reset();
  options.allowedOrigins = {};
  options.denyEmptyOrigin = true;
  EXPECT_EQ(tracker().onOpen(at(0), socketId(1), "", "https://any.example"), Admission::admitted);
  EXPECT_EQ(tracker().onOpen(at(0), socketId(2), "", ""), Admission::originNotAllowed);
}

TEST_F(TrackerTest, SocketsAreLimitedInAllAndByAddress) {
  options.maxSockets = 3;
  options.maxSocketsPerAddress = 2;
  EXPECT_EQ(tracker().onOpen(at(0), socketId(1), "10.0.0.1", ""), Admission::admitted);
  EXPECT_EQ(tracker().onOpen(at(0), socketId(2), "10.0.0.1", ""), Admission::admitted);
  EXPECT_EQ(tracker().onOpen(at(0), socketId(3), "10.0.0.1", ""), Admission::tooManySocketsFromAddress);
  EXPECT_EQ(tracker().onOpen(at(0), socketId(4), "10.0.0.2", ""), Admission::admitted);
  EXPECT_EQ(tracker().onOpen(at(0), socketId(5), "10.0.0.3", ""), Admission::tooManySockets);
  tracker().onClose(at(1), socketId(1));
  EXPECT_EQ(tracker().onOpen(at(1), socketId(6), "10.0.0.1", ""), Admission::admitted);
}

TEST_F(TrackerTest, RegistrationsOfASocketAreLimited) {
  options.maxRegistrationsPerSocket = 2;
  open(1);
  open(2);
  announce(1, peer(1), {.infoHash = hash("a")});
  announce(1, peer(1), {.infoHash = hash("b")});
  EXPECT_THAT(failure(announce(1, peer(1), {.infoHash = hash("c")})), HasSubstr("at most 2"));
  // Nor by taking over what another socket has.
  announce(2, peer(2), {.infoHash = hash("c")});
  EXPECT_THAT(failure(announce(1, peer(2), {.infoHash = hash("c")})), HasSubstr("at most 2"));
  // What it has, it may go on using, and a place given up is free.
  EXPECT_EQ(response(announce(1, peer(1), {.infoHash = hash("b")})).incomplete, 1);
  announce(1, peer(1), {.infoHash = hash("a"), .event = wire::AnnounceEvent::stopped});
  EXPECT_EQ(response(announce(1, peer(1), {.infoHash = hash("c")})).incomplete, 2);
}

TEST_F(TrackerTest, PeersOfASwarmAndSwarmsAreLimited) {
  options.maxPeersPerSwarm = 2;
  options.maxSwarms = 1;
  open(1);
  announce(1, peer(1));
  announce(1, peer(2));
  EXPECT_THAT(failure(announce(1, peer(3))), HasSubstr("too many peers"));
  EXPECT_EQ(response(announce(1, peer(2))).incomplete, 2);
  EXPECT_THAT(failure(announce(1, peer(1), {.infoHash = hash("second")})), HasSubstr("too many swarms"));
}

TEST_F(TrackerTest, AMessageAtTheLimitPassesAndOneAboveClosesTheSocket) {
  open(1);
  announce(1, peer(1));
  std::string text = R"({"action":"scrape"})";
  text.append(options.maxMessageBytes - text.size(), ' ');
  EXPECT_EQ(say(1, text).size(), 1U);
  text.push_back(' ');
  EXPECT_THAT(say(1, text), IsEmpty());
  EXPECT_THAT(closed(), ElementsAre(CloseSocket{socketId(1), CloseReason::messageTooBig}));
  EXPECT_EQ(tracker().statistics().peers, 0U);
}

TEST_F(TrackerTest, LongDescriptionsAreRefused) {
  options.maxSdpBytes = 100;
  open(1);
  open(2);
  announce(1, peer(1));
  announce(2, peer(2));
  wire::AnnounceRequest request;
  request.infoHash = hash("movie");
  request.peerId = peer(1);
  request.numwant = 1;
  request.offers = {{id20<base::OfferId>("o"), std::string(100, 'x')}};
  EXPECT_EQ(say(1, wire::encode(request)).size(), 2U);
  request.offers[0].sdp.push_back('x');
  EXPECT_EQ(failure(say(1, wire::encode(request))), "offer too long: 101 bytes, at most 100");
  const wire::AnswerRequest reply{hash("movie"), peer(2), peer(1), id20<base::OfferId>("o"), std::string(101, 'x')};
  EXPECT_EQ(failure(say(2, wire::encode(reply))), "answer too long: 101 bytes, at most 100");
}

TEST_F(TrackerTest, ASocketAboveItsRateIsClosed) {
  options.messageRate = MessageRate{.perSecond = 2, .burst = 3};
  open(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(announce(1, peer(1)).size(), 1U);
  EXPECT_EQ(announce(1, peer(1), {}, at(0) + base::milliseconds(500)).size(), 1U);
  EXPECT_THAT(announce(1, peer(1), {}, at(1) - base::Duration(1)), IsEmpty());
  EXPECT_THAT(closed(), ElementsAre(CloseSocket{socketId(1), CloseReason::tooManyMessages}));
  EXPECT_EQ(tracker().statistics().overRateSockets, 1U);
}

TEST_F(TrackerTest, AnnouncingAndExpiringCostWhatTheyChangeNotWhatIsThere) {
  constexpr int kPeers = 100'000;
  options.messageRate = std::nullopt;
  options.maxRegistrationsPerSocket = kPeers;
  options.socketTimeout = base::seconds(100'000);
  open(1);
  for (int i = 0; i < kPeers; ++i) announce(1, peer(i), {}, at(i / 10'000));
  ASSERT_EQ(tracker().statistics().peers, static_cast<std::uint64_t>(kPeers));

  std::uint64_t before = tracker().statistics().peersVisited;
  EXPECT_EQ(announce(1, peer(7), {.offers = 5}, at(9)).size(), 1U + 5U);
  EXPECT_EQ(tracker().statistics().peersVisited - before, 5U);

  before = tracker().statistics().peersVisited;
  raw.clear();
  tracker().onTick(at(239), raw);
  EXPECT_EQ(tracker().statistics().peersVisited - before, 1U);

  // The 10,000 of the first second, but for the one that announced again.
  before = tracker().statistics().peersVisited;
  tracker().onTick(at(240), raw);
  EXPECT_EQ(tracker().statistics().expiredPeers, 9'999U);
  EXPECT_EQ(tracker().statistics().peersVisited - before, 10'000U);
}

/// What Chromium peers and npm bittorrent-tracker said to each other: our tracker must say the same, byte for byte.
class CapturedSession : public ::testing::TestWithParam<const char*> {};

TEST_P(CapturedSession, IsReproduced) {
  struct Frames {
    std::vector<std::string> out;
    std::vector<std::string> in;
  };
  std::map<std::string, Frames> peers;
  const std::string capture = std::string("captures/") + GetParam() + "-tracker.jsonl";
  for (const std::string& line : base::fileLines(base::goldenPath(capture))) {
    const auto json = base::parseJson(line);
    ASSERT_TRUE(json.has_value());
    const base::Json* text = json->find("text");
    if (text == nullptr) continue;
    Frames& frames = peers[*json->find("peer")->string()];
    (*json->find("dir")->string() == "out" ? frames.out : frames.in).push_back(*text->string());
  }
  const Frames& a = peers["A"];
  const Frames& b = peers["B"];
  ASSERT_GE(a.out.size(), 2U);
  ASSERT_GE(b.in.size(), 2U);

  Tracker tracker({});
  ASSERT_EQ(tracker.onOpen(at(0), socketId(1), "", ""), Admission::admitted);
  ASSERT_EQ(tracker.onOpen(at(0), socketId(2), "", ""), Admission::admitted);
  const auto said = [&](std::uint64_t socket, const std::string& text) {
    Outputs outputs;
    tracker.onMessage(at(0), socketId(socket), text, outputs);
    return outputs;
  };
  EXPECT_EQ(said(1, a.out[0]), (Outputs{SendText{socketId(1), a.in[0]}}));
  EXPECT_EQ(said(2, b.out[0]), (Outputs{SendText{socketId(2), b.in[0]}, SendText{socketId(1), a.in[1]}}));
  EXPECT_EQ(said(1, a.out[1]), (Outputs{SendText{socketId(2), b.in[1]}}));
  const std::string& last = b.out.back();
  if (last.find("\"stopped\"") != std::string::npos) {
    EXPECT_EQ(said(2, last), (Outputs{SendText{socketId(2), b.in.back()}}));
  }
}

INSTANTIATE_TEST_SUITE_P(Generations, CapturedSession, ::testing::Values("06", "23"),
                         [](const auto& generation) { return std::string("G") + generation.param; });

}  // namespace
}  // namespace p2pml::tracker
