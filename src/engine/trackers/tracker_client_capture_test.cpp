// The tracker client against frames that a real bittorrent-tracker exchanged with real peers (tests/golden/captures).
#include <algorithm>

#include "base/json.hpp"
#include "base/testing/files.hpp"
#include "engine/trackers/tracker_client.hpp"
#include "engine/trackers/tracker_client_fixture.hpp"

namespace p2pml::engine {
namespace {

using base::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using tracker_event::AnswerReceived;
using tracker_event::OfferReceived;
using tracker_event::Update;

struct Frame {
  std::string peer;
  std::string direction;
  std::string text;
};

std::vector<Frame> capture(const std::string& name) {
  std::vector<Frame> frames;
  for (const std::string& line : base::fileLines(base::goldenPath("captures/" + name))) {
    const auto json = base::parseJson(line);
    EXPECT_TRUE(json) << name;
    if (!json) break;
    const base::Json* text = json->find("text");
    frames.push_back(
        {*json->find("peer")->string(), *json->find("dir")->string(), text == nullptr ? "" : *text->string()});
  }
  return frames;
}

class TrackerCapture : public TrackerClientTest, public testing::WithParamInterface<const char*> {};

// What a real bittorrent-tracker sent to each of the two peers, taken by our client in that peer's place.
TEST_P(TrackerCapture, EveryFrameOfTheTrackerIsUnderstood) {
  const auto frames = capture(GetParam());
  ASSERT_FALSE(frames.empty());
  for (const std::string peer : {"A", "B"}) {
    out_.clear();
    requests_.clear();
    std::optional<wire::AnnounceRequest> theirs;
    std::size_t incoming = 0;
    std::size_t understood = 0;
    std::size_t answers = 0;
    std::size_t answersWere = 0;
    for (const Frame& frame : frames) {
      if (frame.peer != peer) continue;
      if (frame.direction == "out") {
        const auto request = wire::decodeTrackerRequest(frame.text);
        ASSERT_TRUE(request) << request.error().detail;
        if (const auto* answer = std::get_if<wire::AnswerRequest>(&*request)) {
          EXPECT_EQ(answer->peerId, theirs->peerId);
          ++answersWere;
          continue;
        }
        if (theirs) continue;
        theirs = std::get<wire::AnnounceRequest>(*request);
        lastSocketId_ = 0;
        make({"wss://one"}, 10);
        ASSERT_TRUE(client_->join(now_, theirs->infoHash, theirs->peerId, out_, events_));
        opened(kFirst);
        const auto wanted = takeWanted();
        client_->offersReady(now_, wanted.at(0).batch, theirs->offers, out_, events_);
        ASSERT_FALSE(takeSent().empty());
        EXPECT_EQ(std::get<wire::AnnounceRequest>(requests_.front()).event, theirs->event);
        requests_.clear();
      } else if (frame.direction == "in") {
        ++incoming;
        receive(frame.text);
        for (const auto& update : takeEvent<Update>()) {
          ++understood;
          EXPECT_EQ(update.infoHash, theirs->infoHash);
          EXPECT_EQ(client_->deadline(), now_ + seconds(120));
        }
        for (const auto& offer : takeEvent<OfferReceived>()) {
          ++understood;
          EXPECT_THAT(offer.sdp, HasSubstr("m=application"));
          EXPECT_TRUE(client_->sendAnswer(now_, offer.tracker, offer.infoHash, offer.from, offer.offerId, "sdp", out_));
          ++answers;
        }
        for (const auto& answer : takeEvent<AnswerReceived>()) {
          ++understood;
          EXPECT_THAT(answer.sdp, HasSubstr("m=application"));
          const auto ours = std::find_if(theirs->offers.begin(), theirs->offers.end(),
                                         [&](const auto& offer) { return offer.offerId == answer.offerId; });
          EXPECT_NE(ours, theirs->offers.end());
        }
      }
    }
    EXPECT_GT(incoming, 1U);
    EXPECT_EQ(understood, incoming);
    EXPECT_EQ(answers, answersWere);
    EXPECT_THAT(takeWarnings(), IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(Captures, TrackerCapture, testing::Values("06-tracker.jsonl", "23-tracker.jsonl"),
                         [](const auto& instance) { return std::string("of") + std::string(instance.param, 2); });

}  // namespace
}  // namespace p2pml::engine
