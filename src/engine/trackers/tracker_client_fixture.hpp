// What the tests of the tracker client share: a client, a clock that the test moves, and readable forms of what came
// out.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/rng.hpp"
#include "engine/trackers/tracker_client.hpp"

namespace p2pml::engine {

class TrackerClientTest : public testing::Test {
 protected:
  static constexpr base::SocketId kFirst{1};
  static constexpr base::SocketId kSecond{2};
  static constexpr base::SocketId kThird{3};
  const base::InfoHash swarmA_ = base::InfoHash::fromRaw("swarm-A-swarm-A-0020");
  const base::InfoHash swarmB_ = base::InfoHash::fromRaw("swarm-B-swarm-B-0020");
  const base::PeerId us_ = base::PeerId::fromRaw("-WW0006-ourselves-01");
  const base::PeerId them_ = base::PeerId::fromRaw("-WW0006-others----02");
  const base::OfferId someOffer_ = base::OfferId::fromRaw("offer-offer-offer-99");

  void make(std::vector<std::string> urls = {"wss://one"}, std::int64_t peerRequests = 5, bool recount = false) {
    client_.emplace(TrackerClient::Config{std::move(urls), peerRequests, recount}, rng_, lastSocketId_);
  }
  /// In the swarm, connected, and `started` is out with `offers` offers. At 0 ms of the test.
  void announced(std::size_t offers = 1) {
    make();
    join(swarmA_);
    opened(kFirst);
    give(offers);
    takeSent();
    takeEvents();
    out_.clear();
  }
  /// The same, and the tracker has told an interval.
  void answered(std::int64_t interval = 120) {
    announced();
    respond(swarmA_, interval);
    takeEvents();
    out_.clear();
  }

  // ---- inputs
  base::TimePoint at(std::int64_t ms) const { return base::TimePoint(base::milliseconds(ms)); }
  /// Moves the clock; ticks exactly when the client's deadlines come, and they must be in the future after each.
  void runTo(base::TimePoint time) {
    ASSERT_GE(time, now_);
    while (client_->deadline() <= time) {
      ASSERT_GE(client_->deadline(), now_);
      now_ = client_->deadline();
      client_->onTick(now_, out_, events_);
      ASSERT_GT(client_->deadline(), now_);
    }
    now_ = time;
  }
  void runTo(std::int64_t ms) { runTo(at(ms)); }
  void join(const base::InfoHash& swarm) { ASSERT_TRUE(client_->join(now_, swarm, us_, out_, events_)); }
  void leave(const base::InfoHash& swarm) { client_->leave(now_, swarm, out_); }
  void opened(base::SocketId socket) { EXPECT_TRUE(client_->onSocketOpened(now_, socket, out_, events_)); }
  void closed(base::SocketId socket) {
    EXPECT_TRUE(client_->onSocketClosed(now_, socket, {base::ErrorCode::unavailable, "gone"}, out_, events_));
  }
  void receive(const std::string& text, base::SocketId socket = kFirst) {
    EXPECT_TRUE(client_->onSocketMessage(now_, socket, text, out_, events_));
  }
  void respond(const base::InfoHash& swarm, std::optional<std::int64_t> interval, base::SocketId socket = kFirst) {
    wire::AnnounceResponse response;
    response.infoHash = swarm;
    response.complete = 0;
    response.incomplete = 3;
    response.interval = interval;
    receive(wire::encode(response), socket);
  }
  std::vector<wire::TrackerOffer> makeOffers(std::size_t count, std::size_t sdpBytes = 100) {
    std::vector<wire::TrackerOffer> offers;
    for (std::size_t i = 0; i < count; ++i) {
      offers.push_back({base::OfferId{rng_.bytes20()}, std::string(sdpBytes, 'x')});
    }
    return offers;
  }
  /// Answers the only OffersWanted there is.
  void give(std::size_t count, std::size_t sdpBytes = 100) {
    const auto wanted = takeWanted();
    ASSERT_EQ(wanted.size(), 1U);
    EXPECT_TRUE(client_->offersReady(now_, wanted[0].batch, makeOffers(count, sdpBytes), out_, events_));
  }

  // ---- outputs
  /// "started 5" is an announce with that event and number of offers, "none 0" one without event, "answer" an answer.
  /// A message on another socket than the first has its number in front: "2: started 5".
  std::vector<std::string> takeSent() {
    std::vector<std::string> result;
    std::erase_if(out_, [&](const Output& output) {
      const auto* send = std::get_if<output::SendSocket>(&output);
      if (send == nullptr) return false;
      EXPECT_LE(send->text.size(), TrackerClient::kMaxMessageBytes);
      const auto request = wire::decodeTrackerRequest(send->text);
      EXPECT_TRUE(request) << send->text;
      if (!request) return true;
      requests_.push_back(*request);
      const std::string where = send->socket == kFirst ? "" : std::to_string(send->socket.value) + ": ";
      if (const auto* announce = std::get_if<wire::AnnounceRequest>(&*request)) {
        static constexpr const char* kNames[] = {"none", "started", "stopped", "completed"};
        EXPECT_EQ(announce->numwant, static_cast<std::int64_t>(announce->offers.size()));
        result.push_back(where + kNames[static_cast<int>(announce->event)] + " " +
                         std::to_string(announce->offers.size()));
      } else {
        result.push_back(where + "answer");
      }
      return true;
    });
    return result;
  }
  /// The last announce that takeSent() saw.
  wire::AnnounceRequest lastAnnounce() const { return std::get<wire::AnnounceRequest>(requests_.back()); }

  template <class T>
  std::vector<T> takeEvent() {
    std::vector<T> result;
    std::erase_if(events_, [&](const TrackerEvent& event) {
      const T* wanted = std::get_if<T>(&event);
      if (wanted != nullptr) result.push_back(*wanted);
      return wanted != nullptr;
    });
    return result;
  }
  std::vector<tracker_event::OffersWanted> takeWanted() { return takeEvent<tracker_event::OffersWanted>(); }
  std::size_t takeEvents() { return std::exchange(events_, {}).size(); }

  template <class T>
  std::vector<T> takeOut() {
    std::vector<T> result;
    std::erase_if(out_, [&](const Output& output) {
      const T* wanted = std::get_if<T>(&output);
      if (wanted != nullptr) result.push_back(*wanted);
      return wanted != nullptr;
    });
    return result;
  }
  std::vector<std::string> takeWarnings() {
    std::vector<std::string> result;
    for (const auto& warning : takeOut<output::TrackerWarning>()) result.push_back(warning.message);
    return result;
  }
  /// Deadline in milliseconds of the test; -1 if nothing is timed.
  std::int64_t deadline() const {
    return client_->deadline() == base::kNever ? -1 : base::toMilliseconds(client_->deadline());
  }

  base::Rng rng_{42};
  std::uint64_t lastSocketId_ = 0;
  std::optional<TrackerClient> client_;
  base::TimePoint now_{};
  Outputs out_;
  TrackerClient::Events events_;
  std::vector<wire::TrackerRequest> requests_;
};

}  // namespace p2pml::engine
