#include "wire/tracker_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "wire/captures_testing.hpp"

namespace p2pml::wire {
namespace {

using base::ErrorCode;
using base::InfoHash;
using base::OfferId;
using base::PeerId;

const InfoHash kHash = InfoHash::fromRaw("hhhhhhhhhhhhhhhhhhhh");
const PeerId kPeer = PeerId::fromRaw("-WW0006-aaaaaaaaaaaa");
const PeerId kOther = PeerId::fromRaw("-WW0006-bbbbbbbbbbbb");
const OfferId kOffer = OfferId::fromRaw("oooooooooooooooooooo");

/// A valid announce; tests swap parts of it.
constexpr std::string_view kAnnounce =
    R"({"numwant":5,"uploaded":0,"downloaded":0,"event":"started","action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhhh",)"
    R"("peer_id":"-WW0006-aaaaaaaaaaaa","offers":[{"offer":{"type":"offer","sdp":"v=0\r\n"},"offer_id":"oooooooooooooooooooo"}]})";
constexpr std::string_view kAnswer =
    R"({"action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhhh","peer_id":"-WW0006-aaaaaaaaaaaa","to_peer_id":"-WW0006-bbbbbbbbbbbb",)"
    R"("answer":{"type":"answer","sdp":"v=0\r\n"},"offer_id":"oooooooooooooooooooo"})";

std::string swapped(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  const std::size_t at = result.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return result.replace(at, from.size(), to);
}

template <class Request>
Request request(std::string_view text) {
  const auto decoded = decodeTrackerRequest(text);
  EXPECT_TRUE(decoded) << text << ": " << (decoded ? "" : decoded.error().detail);
  if (!decoded || !std::holds_alternative<Request>(*decoded)) {
    ADD_FAILURE() << "another kind of request: " << text;
    return {};
  }
  return std::get<Request>(*decoded);
}

template <class Response>
Response response(std::string_view text) {
  const auto decoded = decodeTrackerResponse(text);
  EXPECT_TRUE(decoded) << text << ": " << (decoded ? "" : decoded.error().detail);
  if (!decoded || !std::holds_alternative<Response>(*decoded)) {
    ADD_FAILURE() << "another kind of response: " << text;
    return {};
  }
  return std::get<Response>(*decoded);
}

std::string refusal(std::string_view text, ErrorCode code = ErrorCode::malformed) {
  const auto decoded = decodeTrackerRequest(text);
  EXPECT_FALSE(decoded) << text;
  if (decoded) return "";
  EXPECT_EQ(decoded.error().code, code) << decoded.error().detail;
  return decoded.error().detail;
}

ErrorCode responseError(std::string_view text) {
  const auto decoded = decodeTrackerResponse(text);
  EXPECT_FALSE(decoded) << text;
  return decoded ? ErrorCode::internal : decoded.error().code;
}

std::string encodeAny(const auto& message) {
  return std::visit([](const auto& m) { return encode(m); }, message);
}

// ----------------------------------------------------------------------------------------------------------------
// golden

// Every frame of real sessions of 0.6.2 and 2.3.1 browsers with npm bittorrent-tracker. All of them decode, and as no
// captured frame has a key that we do not send, all of them come out as the same bytes.
TEST(TrackerMessageGolden, CapturedSessions) {
  std::array<int, std::variant_size_v<TrackerRequest>> requests{};
  std::array<int, std::variant_size_v<TrackerResponse>> responses{};
  for (const char* name : {"06-tracker.jsonl", "23-tracker.jsonl"}) {
    for (const CapturedLine& line : readCapture(name)) {
      const std::string text = line.text("text");
      if (line.text("dir") == "out") {
        const auto decoded = decodeTrackerRequest(text);
        ASSERT_TRUE(decoded) << line.where << ": " << decoded.error().detail;
        EXPECT_EQ(encodeAny(*decoded), text) << line.where;
        ++requests[decoded->index()];
      } else if (line.text("dir") == "in") {
        const auto decoded = decodeTrackerResponse(text);
        ASSERT_TRUE(decoded) << line.where << ": " << decoded.error().detail;
        EXPECT_EQ(encodeAny(*decoded), text) << line.where;
        ++responses[decoded->index()];
      } else {
        EXPECT_EQ(line.text("dir"), "open") << line.where;
      }
    }
  }
  EXPECT_EQ(requests, (std::array<int, 3>{5, 6, 0}));
  EXPECT_EQ(responses, (std::array<int, 5>{5, 6, 2, 0, 0}));
}

TEST(TrackerMessageGolden, CapturedAnnounce) {
  for (const auto& [name, offers, peer] :
       {std::tuple("06-tracker.jsonl", 10, "-WW0006-"), std::tuple("23-tracker.jsonl", 5, "-PM0203-")}) {
    const auto lines = readCapture(name);
    const auto announce = request<AnnounceRequest>(lines.at(1).text("text"));
    EXPECT_EQ(announce.event, AnnounceEvent::started);
    EXPECT_EQ(announce.numwant, offers);
    ASSERT_EQ(announce.offers.size(), static_cast<std::size_t>(offers));
    EXPECT_TRUE(announce.offers[0].sdp.starts_with("v=0\r\no=- "));
    EXPECT_TRUE(announce.peerId.view().starts_with(peer));
    EXPECT_FALSE(announce.left);
  }
}

// 5c.1: the infohash as JavaScript sends it.
TEST(TrackerMessageGolden, BinaryString) {
  const std::string hex = "ae9cd6bf657a583a6f33711f1cae11fa25c19b43";
  const std::string wire =
      *base::fromHex("22c2aec29cc396c2bf657a583a6f33715c75303031665c7530303163c2ae5c7530303131c3ba25c381c29b4322");
  const std::string text = swapped(kAnnounce, "\"hhhhhhhhhhhhhhhhhhhh\"", wire);
  const auto announce = request<AnnounceRequest>(text);
  EXPECT_EQ(base::toHex(announce.infoHash.view()), hex);
  EXPECT_EQ(encode(announce), text);
}

// --------------------------------------------------------------------------------------------------------------
// requests

TEST(TrackerRequestTest, Announce) {
  AnnounceRequest expected{.infoHash = kHash, .peerId = kPeer, .event = AnnounceEvent::started, .numwant = 5};
  expected.offers.push_back({kOffer, "v=0\r\n"});
  EXPECT_EQ(request<AnnounceRequest>(kAnnounce), expected);
  EXPECT_EQ(encode(expected), kAnnounce);
}

TEST(TrackerRequestTest, AnnounceWithAllKeys) {
  const AnnounceRequest all{kHash, kPeer, AnnounceEvent::completed, 0, 7, 8, 9, "t\"1", {}};
  const std::string text = encode(all);
  EXPECT_EQ(text, R"({"numwant":0,"uploaded":7,"downloaded":8,"left":9,"event":"completed","action":"announce",)"
                  R"("info_hash":"hhhhhhhhhhhhhhhhhhhh","peer_id":"-WW0006-aaaaaaaaaaaa","trackerid":"t\"1"})");
  EXPECT_EQ(request<AnnounceRequest>(text), all);
}

TEST(TrackerRequestTest, PeriodicAnnounceHasNoEvent) {
  const AnnounceRequest update{.infoHash = kHash, .peerId = kPeer};
  EXPECT_EQ(encode(update).find("event"), std::string::npos);
  EXPECT_EQ(request<AnnounceRequest>(encode(update)), update);
}

TEST(TrackerRequestTest, Answer) {
  const AnswerRequest expected{kHash, kPeer, kOther, kOffer, "v=0\r\n"};
  EXPECT_EQ(request<AnswerRequest>(kAnswer), expected);
  EXPECT_EQ(encode(expected), kAnswer);
  // Trap (ii) of 5c.4: an answer that carries an event is an answer nevertheless.
  EXPECT_EQ(request<AnswerRequest>(swapped(kAnswer, "{\"action\"", "{\"event\":\"foo\",\"action\"")), expected);
  EXPECT_EQ(request<AnnounceRequest>(swapped(kAnnounce, "{", "{\"answer\":null,")).offers.size(), 1U);
}

TEST(TrackerRequestTest, Scrape) {
  const std::string one = R"({"action":"scrape","info_hash":"hhhhhhhhhhhhhhhhhhhh"})";
  const std::string two = R"({"action":"scrape","info_hash":["hhhhhhhhhhhhhhhhhhhh","hhhhhhhhhhhhhhhhhhhh"]})";
  const std::string all = R"({"action":"scrape"})";
  EXPECT_EQ(request<ScrapeRequest>(one), ScrapeRequest{{kHash}});
  EXPECT_EQ(request<ScrapeRequest>(two), (ScrapeRequest{{kHash, kHash}}));
  EXPECT_EQ(request<ScrapeRequest>(all), ScrapeRequest{});
  EXPECT_EQ(request<ScrapeRequest>(R"({"action":"scrape","info_hash":null})"), ScrapeRequest{});
  EXPECT_EQ(request<ScrapeRequest>(R"({"action":"scrape","info_hash":["hhhhhhhhhhhhhhhhhhhh"]})"),
            ScrapeRequest{{kHash}});
  EXPECT_EQ(encode(ScrapeRequest{{kHash}}), one);
  EXPECT_EQ(encode(ScrapeRequest{{kHash, kHash}}), two);
  EXPECT_EQ(encode(ScrapeRequest{}), all);
  for (const std::string_view wrong :
       {"[]", "[1]", "[\"short\"]", "\"short\"", "7", "{}", "[[\"hhhhhhhhhhhhhhhhhhhh\"]]"}) {
    EXPECT_EQ(refusal(R"({"action":"scrape","info_hash":)" + std::string(wrong) + "}"), "invalid info_hash") << wrong;
  }
}

TEST(TrackerRequestTest, Events) {
  const auto eventOf = [](std::string_view json) {
    return request<AnnounceRequest>(swapped(kAnnounce, "\"started\"", json)).event;
  };
  EXPECT_EQ(eventOf("\"stopped\""), AnnounceEvent::stopped);
  EXPECT_EQ(eventOf("\"completed\""), AnnounceEvent::completed);
  for (const std::string_view none : {"\"update\"", "\"paused\"", "\"\"", "null"}) {
    EXPECT_EQ(eventOf(none), AnnounceEvent::none) << none;
  }
  for (const std::string_view wrong : {"\"foo\"", "\"Started\"", "7", "{}"}) {
    EXPECT_EQ(refusal(swapped(kAnnounce, "\"started\"", wrong)), "invalid event") << wrong;
  }
}

TEST(TrackerRequestTest, CountsAreTakenLeniently) {
  const auto wanted = [](std::string_view json) {
    return request<AnnounceRequest>(swapped(kAnnounce, "\"numwant\":5", json)).numwant;
  };
  EXPECT_EQ(wanted("\"numwant\":50"), 50);
  EXPECT_EQ(wanted("\"numwant\":2.9"), 2);
  // As many as offers where none is told.
  for (const std::string_view none :
       {"\"numwant\":null", "\"numwant\":\"9\"", "\"numwant\":-1", "\"numwant\":1e300", "\"x\":0"}) {
    EXPECT_EQ(wanted(none), 1) << none;
  }
  EXPECT_EQ(request<AnnounceRequest>(swapped(kAnnounce, "\"uploaded\":0", "\"uploaded\":null")).uploaded, 0);
  // JSON.stringify(Infinity) is null: a client that does not know what is left.
  EXPECT_EQ(request<AnnounceRequest>(swapped(kAnnounce, "{", "{\"left\":null,")).left, std::nullopt);
  EXPECT_EQ(request<AnnounceRequest>(swapped(kAnnounce, "{", "{\"left\":0,")).left, 0);
}

TEST(TrackerRequestTest, UnknownKeysAreIgnored) {
  // libtorrent's and wt-tracker's extras.
  EXPECT_EQ(
      encode(request<AnnounceRequest>(swapped(kAnnounce, "{", R"({"corrupt":0,"key":"AB","compression":1,"x":[{}],)"))),
      kAnnounce);
}

// bittorrent-tracker's words for these (5c.4).
TEST(TrackerRequestTest, Refusals) {
  EXPECT_EQ(refusal(swapped(kAnnounce, "hhhhhhhhhhhhhhhhhhhh", "hhhhhhhhhhhhhhhhhhh")), "invalid info_hash");
  EXPECT_EQ(refusal(swapped(kAnnounce, "hhhhhhhhhhhhhhhhhhhh", "hhhhhhhhhhhhhhhhhhhhh")), "invalid info_hash");
  EXPECT_EQ(refusal(swapped(kAnnounce, "hhhhhhhhhhhhhhhhhhhh", "hhhhhhhhhhhhhhhhhhh\\u0100")), "invalid info_hash");
  EXPECT_EQ(refusal(swapped(kAnnounce, "\"hhhhhhhhhhhhhhhhhhhh\"", "7")), "invalid info_hash");
  EXPECT_EQ(refusal(swapped(kAnnounce, "info_hash", "info_hast")), "invalid info_hash");
  EXPECT_EQ(refusal(swapped(kAnnounce, "-WW0006-", "-WW006-")), "invalid peer_id");
  EXPECT_EQ(refusal(swapped(kAnnounce, "\"announce\"", "\"foo\"")), "invalid action in WS request: foo");
  EXPECT_EQ(refusal(swapped(kAnnounce, "\"announce\"", "7")), "invalid action in WS request: number");
  EXPECT_EQ(refusal("{}"), "invalid action in WS request: undefined");
  EXPECT_EQ(refusal("[]"), "invalid action in WS request: undefined");
  EXPECT_EQ(refusal("null"), "invalid action in WS request: undefined");
  EXPECT_EQ(refusal("hello"), "JSON: expected a value at byte 0");
  EXPECT_EQ(refusal(swapped(kAnswer, "to_peer_id", "to_peer")), "invalid `to_peer_id` (required with `answer`)");
  EXPECT_EQ(refusal(swapped(kAnswer, "\"oooo", "\"ooo")), "invalid offer_id");
  EXPECT_EQ(refusal(swapped(kAnswer, "\"sdp\"", "\"spd\"")), "invalid answer");
  EXPECT_EQ(refusal(swapped(kAnswer, "\"type\":\"answer\"", "\"type\":\"offer\"")), "invalid answer");
  EXPECT_EQ(refusal(swapped(kAnswer, R"({"type":"answer","sdp":"v=0\r\n"})", "7")), "invalid answer");
  EXPECT_EQ(refusal(swapped(kAnnounce, "\"oooo", "\"ooo")), "invalid offer_id");
  EXPECT_EQ(refusal(swapped(kAnnounce, "\"type\":\"offer\"", "\"type\":\"answer\"")), "invalid offer");
  EXPECT_EQ(refusal(swapped(kAnnounce, "\"offer\":{", "\"off\":{")), "invalid offers");
  EXPECT_EQ(refusal(swapped(kAnnounce, "\"offers\":[", "\"offers\":[7,")), "invalid offers");
  EXPECT_EQ(refusal(swapped(kAnnounce, "\"offers\":[", "\"offers\":7,\"x\":[")), "invalid offers");
}

TEST(TrackerRequestTest, LongActionsAreQuotedShort) {
  const std::string action(63, 'a');
  EXPECT_EQ(refusal(R"({"action":")" + action + "bc\"}"), "invalid action in WS request: " + action + "b...");
  // Cut before a character that does not fit, not inside it.
  EXPECT_EQ(refusal(R"({"action":")" + action + "\xe2\x82\xac\"}"), "invalid action in WS request: " + action + "...");
}

TEST(TrackerRequestTest, DescriptionsMayLackTheType) {
  EXPECT_EQ(request<AnswerRequest>(swapped(kAnswer, "\"type\":\"answer\",", "")).sdp, "v=0\r\n");
  EXPECT_EQ(request<AnnounceRequest>(swapped(kAnnounce, "\"type\":\"offer\",", "")).offers.at(0).sdp, "v=0\r\n");
  EXPECT_TRUE(request<AnnounceRequest>(swapped(kAnnounce, "\"offers\":[", "\"offers\":[],\"x\":[")).offers.empty());
  EXPECT_TRUE(request<AnnounceRequest>(swapped(kAnnounce, "\"offers\":[", "\"offers\":null,\"x\":[")).offers.empty());
}

TEST(TrackerRequestTest, LimitOfOffers) {
  AnnounceRequest most{.infoHash = kHash, .peerId = kPeer};
  for (std::size_t i = 0; i < kMaxOffersPerAnnounce; ++i) most.offers.push_back({kOffer, "v=0"});
  most.numwant = static_cast<std::int64_t>(most.offers.size());
  EXPECT_EQ(request<AnnounceRequest>(encode(most)), most);
  most.offers.push_back({kOffer, "v=0"});
  EXPECT_EQ(refusal(encode(most), ErrorCode::limitExceeded), "invalid offers: 21 of them, the limit is 20");
}

TEST(TrackerRequestTest, LimitOfSdp) {
  AnswerRequest longest{kHash, kPeer, kOther, kOffer, std::string(kMaxSdpBytes, 'x')};
  EXPECT_EQ(request<AnswerRequest>(encode(longest)), longest);
  longest.sdp += 'x';
  EXPECT_EQ(refusal(encode(longest), ErrorCode::limitExceeded),
            "invalid answer: sdp of 16385 bytes, the limit is 16384");
  AnnounceRequest offer{.infoHash = kHash, .peerId = kPeer, .numwant = 1};
  offer.offers.push_back({kOffer, std::string(kMaxSdpBytes, 'x')});
  EXPECT_EQ(request<AnnounceRequest>(encode(offer)), offer);
  offer.offers[0].sdp += 'x';
  refusal(encode(offer), ErrorCode::limitExceeded);
}

TEST(TrackerRequestTest, LimitOfTheMessage) {
  const std::string padding(kMaxTrackerMessageBytes - kAnnounce.size() - 7, 'x');
  const std::string longest = swapped(kAnnounce, "{", "{\"x\":\"" + padding + "\",");
  EXPECT_EQ(longest.size(), kMaxTrackerMessageBytes);
  EXPECT_EQ(encode(request<AnnounceRequest>(longest)), kAnnounce);
  refusal(swapped(longest, "xx", "xxx"), ErrorCode::limitExceeded);
  EXPECT_EQ(responseError(std::string(kMaxTrackerMessageBytes + 1, ' ')), ErrorCode::limitExceeded);
}

// -------------------------------------------------------------------------------------------------------------
// responses

TEST(TrackerResponseTest, Announce) {
  // 5c.3, with this test's infohash.
  const std::string text =
      R"({"complete":0,"incomplete":2,"action":"announce","interval":120,"info_hash":"hhhhhhhhhhhhhhhhhhhh"})";
  const AnnounceResponse expected{.infoHash = kHash, .complete = 0, .incomplete = 2, .interval = 120};
  EXPECT_EQ(response<AnnounceResponse>(text), expected);
  EXPECT_EQ(encode(expected), text);
}

TEST(TrackerResponseTest, AnnounceWithAllKeys) {
  const AnnounceResponse all{kHash, 1, 2, 3, 4, "id", "careful"};
  const std::string text = encode(all);
  EXPECT_EQ(text, R"({"complete":1,"incomplete":2,"action":"announce","interval":3,"min interval":4,"tracker id":"id",)"
                  R"("warning message":"careful","info_hash":"hhhhhhhhhhhhhhhhhhhh"})");
  EXPECT_EQ(response<AnnounceResponse>(text), all);
}

TEST(TrackerResponseTest, AnnounceCountsAreTakenLeniently) {
  const auto read = response<AnnounceResponse>(
      R"({"action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhhh","interval":1.5,"complete":-1,"incomplete":"2","tracker id":7})");
  EXPECT_EQ(read, (AnnounceResponse{.infoHash = kHash, .interval = 1}));
}

TEST(TrackerResponseTest, RelayedOfferAndAnswer) {
  const std::string offer =
      R"({"action":"announce","offer":{"type":"offer","sdp":"v=0"},"offer_id":"oooooooooooooooooooo",)"
      R"("peer_id":"-WW0006-aaaaaaaaaaaa","info_hash":"hhhhhhhhhhhhhhhhhhhh"})";
  const std::string answer = swapped(offer, R"("offer":{"type":"offer")", R"("answer":{"type":"answer")");
  EXPECT_EQ(response<RelayedOffer>(offer), (RelayedOffer{kHash, kPeer, kOffer, "v=0"}));
  EXPECT_EQ(encode(RelayedOffer{kHash, kPeer, kOffer, "v=0"}), offer);
  EXPECT_EQ(response<RelayedAnswer>(answer), (RelayedAnswer{kHash, kPeer, kOffer, "v=0"}));
  EXPECT_EQ(encode(RelayedAnswer{kHash, kPeer, kOffer, "v=0"}), answer);
  for (const std::string& text : {offer, answer}) {
    EXPECT_EQ(responseError(swapped(text, "info_hash", "info_hast")), ErrorCode::malformed);
    EXPECT_EQ(responseError(swapped(text, "\"peer_id", "\"peer_it")), ErrorCode::malformed);
    EXPECT_EQ(responseError(swapped(text, "\"oooo", "\"ooo")), ErrorCode::malformed);
    EXPECT_EQ(responseError(swapped(text, "\"sdp\":\"v=0\"", "\"sdp\":0")), ErrorCode::malformed);
    const std::string longest(kMaxSdpBytes, 'x');
    EXPECT_TRUE(decodeTrackerResponse(swapped(text, "v=0", longest)));
    EXPECT_EQ(responseError(swapped(text, "v=0", longest + "x")), ErrorCode::limitExceeded);
  }
  // wt-tracker relays the answerer's JSON with keys of its own left in (trap vii).
  EXPECT_EQ(response<RelayedAnswer>(swapped(answer, "{", R"({"compression":1,)")).sdp, "v=0");
}

TEST(TrackerResponseTest, Scrape) {
  const std::string text =
      R"({"action":"scrape","files":{"hhhhhhhhhhhhhhhhhhhh":{"complete":0,"incomplete":2,"downloaded":1}},)"
      R"("flags":{"min_request_interval":600}})";
  const ScrapeResponse expected{{{kHash, 0, 2, 1}}, 600};
  EXPECT_EQ(response<ScrapeResponse>(text), expected);
  EXPECT_EQ(encode(expected), text);
  EXPECT_EQ(response<ScrapeResponse>(R"({"action":"scrape","files":{}})"), ScrapeResponse{});
  EXPECT_EQ(response<ScrapeResponse>(R"({"action":"scrape"})"), ScrapeResponse{});
  EXPECT_EQ(encode(ScrapeResponse{}), R"({"action":"scrape","files":{}})");
  EXPECT_EQ(responseError(swapped(text, "hhhhhhhhhhhhhhhhhhhh", "h")), ErrorCode::malformed);
  EXPECT_EQ(responseError(R"({"action":"scrape","files":[]})"), ErrorCode::malformed);
  EXPECT_EQ(responseError(R"({"action":"scrape","files":{"hhhhhhhhhhhhhhhhhhhh":7}})"), ErrorCode::malformed);
}

// 5c.4: as captured from bittorrent-tracker and as aquatic sends them.
TEST(TrackerResponseTest, Failures) {
  const TrackerFailure bare{"invalid info_hash", std::nullopt, false};
  EXPECT_EQ(response<TrackerFailure>(R"({"failure reason":"invalid info_hash"})"), bare);
  EXPECT_EQ(encode(bare), R"({"failure reason":"invalid info_hash"})");

  const TrackerFailure full{"invalid event", kHash, true};
  const std::string text =
      R"({"action":"announce","failure reason":"invalid event","info_hash":"hhhhhhhhhhhhhhhhhhhh"})";
  EXPECT_EQ(response<TrackerFailure>(text), full);
  EXPECT_EQ(encode(full), text);

  EXPECT_EQ(response<TrackerFailure>(R"({"failure reason":"Full scrapes are not allowed","action":"scrape"})"),
            (TrackerFailure{"Full scrapes are not allowed", std::nullopt, true}));
  // A failure is looked at before everything else.
  EXPECT_EQ(response<TrackerFailure>(R"({"action":"announce","failure reason":"no","offer":7,"info_hash":"x"})"),
            (TrackerFailure{"no", std::nullopt, true}));
  EXPECT_EQ(responseError(R"({"action":"announce","failure reason":7})"), ErrorCode::malformed);
  EXPECT_EQ(responseError(R"({"failure reason":""})"), ErrorCode::malformed);
}

TEST(TrackerResponseTest, WhatIsNoTrackerMessage) {
  for (const std::string_view text :
       {"", "hello", "7", "[]", "{}", R"({"action":"foo"})", R"({"action":7})", R"({"action":"announce"})",
        R"({"complete":1,"info_hash":"hhhhhhhhhhhhhhhhhhhh"})"}) {
    EXPECT_EQ(responseError(text), ErrorCode::malformed) << text;
  }
  EXPECT_EQ(decodeTrackerResponse(R"({"action":"foo"})").error().detail,
            R"(tracker message: action: expected "announce" or "scrape", got "foo")");
}

}  // namespace
}  // namespace p2pml::wire
