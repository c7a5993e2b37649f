// What always holds, whatever the owner, the sockets and the trackers do: random runs, checked at every step.
#include <map>
#include <set>

#include "engine/trackers/tracker_client.hpp"
#include "engine/trackers/tracker_client_fixture.hpp"

namespace p2pml::engine {
namespace {

using base::milliseconds;

class TrackerProperty : public TrackerClientTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  struct Socket {
    std::string url;
    bool open = false;
    std::map<base::InfoHash, bool> started;
  };

  /// Checks and forgets the outputs. The log is all of them in words.
  void check() {
    for (const Output& output : std::exchange(out_, {})) {
      if (const auto* open = std::get_if<output::OpenSocket>(&output)) {
        for (const auto& [id, socket] : sockets_) ASSERT_NE(socket.url, open->url) << "a second socket";
        ASSERT_TRUE(sockets_.emplace(open->socket, Socket{open->url}).second);
        log_ += "open " + std::to_string(open->socket.value) + "\n";
      } else if (const auto* close = std::get_if<output::CloseSocket>(&output)) {
        const auto socket = sockets_.find(close->socket);
        ASSERT_NE(socket, sockets_.end());
        for (const auto& [swarm, started] : socket->second.started) ASSERT_FALSE(ending_ && started) << "no `stopped`";
        sockets_.erase(socket);
        log_ += "close " + std::to_string(close->socket.value) + "\n";
      } else if (const auto* send = std::get_if<output::SendSocket>(&output)) {
        log_ += send->text + "\n";
        const auto socket = sockets_.find(send->socket);
        ASSERT_NE(socket, sockets_.end());
        ASSERT_TRUE(socket->second.open);
        ASSERT_LE(send->text.size(), TrackerClient::kMaxMessageBytes);
        const auto request = wire::decodeTrackerRequest(send->text);
        ASSERT_TRUE(request);
        if (const auto* announce = std::get_if<wire::AnnounceRequest>(&*request))
          checkAnnounce(socket->second, *announce);
      }
    }
    for (const TrackerEvent& event : std::exchange(events_, {})) {
      if (const auto* wanted = std::get_if<tracker_event::OffersWanted>(&event)) {
        ASSERT_GT(wanted->count, 0U);
        ASSERT_LE(wanted->count, 10U);
        ASSERT_TRUE(swarms_.contains(wanted->infoHash));
        wanted_.push_back(*wanted);
      } else if (const auto* offer = std::get_if<tracker_event::OfferReceived>(&event)) {
        ASSERT_TRUE(swarms_.contains(offer->infoHash));
      }
    }
  }

  void checkAnnounce(Socket& socket, const wire::AnnounceRequest& announce) {
    bool& started = socket.started[announce.infoHash];
    ASSERT_LE(announce.offers.size(), TrackerClient::kOffersPerMessage);
    switch (announce.event) {
      case wire::AnnounceEvent::started:
        ASSERT_FALSE(started);
        started = true;
        break;
      case wire::AnnounceEvent::stopped:
        ASSERT_TRUE(announce.offers.empty());
        started = false;
        break;
      case wire::AnnounceEvent::none: ASSERT_TRUE(started); break;
      case wire::AnnounceEvent::completed: FAIL();
    }
    std::vector<base::TimePoint>& times = sent_[{socket.url, announce.infoHash}];
    times.push_back(now_);
    const std::size_t most = TrackerClient::kAnnouncesPerWindow;
    if (times.size() > most) {
      ASSERT_GE(now_ - times[times.size() - 1 - most], TrackerClient::kAnnounceWindow);
    }
  }

  void tick() {
    client_->onTick(now_, out_, events_);
    ASSERT_GT(client_->deadline(), now_);
  }

  std::optional<base::SocketId> anySocket(base::Rng& rng) {
    if (sockets_.empty()) return std::nullopt;
    return std::next(sockets_.begin(), static_cast<std::ptrdiff_t>(rng.below(sockets_.size())))->first;
  }

  void act(base::Rng& rng) {
    const base::InfoHash swarm = base::InfoHash::fromRaw("swarm-" + std::to_string(rng.below(4)) + "-0123456789ab");
    const auto socket = anySocket(rng);
    switch (rng.below(10)) {
      case 0:
        swarms_.insert(swarm);
        join(swarm);
        break;
      case 1:
        swarms_.erase(swarm);
        leave(swarm);
        break;
      case 2:
        if (socket && !sockets_[*socket].open) {
          sockets_[*socket].open = true;
          opened(*socket);
        }
        break;
      case 3:
        if (socket && rng.below(8) == 0) {
          sockets_.erase(*socket);
          closed(*socket);
        }
        break;
      case 4:
      case 5:
      case 6:
        if (!wanted_.empty()) {
          const auto offers = makeOffers(static_cast<std::size_t>(rng.below(wanted_[0].count + 1)), 2000);
          client_->offersReady(now_, wanted_[0].batch, offers, out_, events_);
          wanted_.erase(wanted_.begin());
        }
        break;
      case 7:
        if (socket && sockets_[*socket].open) respond(swarm, 60, *socket);
        break;
      case 8:
        if (socket && sockets_[*socket].open) {
          const std::vector<std::string> texts{"garbage", R"({"failure reason":"no"})",
                                               wire::encode(wire::TrackerFailure{"no", swarm, true}),
                                               wire::encode(wire::RelayedOffer{swarm, them_, someOffer_, "sdp"}),
                                               wire::encode(wire::RelayedAnswer{swarm, them_, someOffer_, "sdp"})};
          const std::uint64_t which = rng.below(texts.size());
          receive(texts[which], *socket);
        }
        break;
      default: client_->wantPeers(rng.below(3) != 0); break;
    }
  }

  std::string run(std::uint64_t seed) {
    rng_ = base::Rng(seed);
    base::Rng rng(seed + 1000);
    lastSocketId_ = 0;
    now_ = {};
    log_.clear();
    sockets_.clear();
    sent_.clear();
    swarms_.clear();
    wanted_.clear();
    make({"wss://one", "wss://two", "wss://three"}, 10);
    for (int i = 0; i < 4000 && !HasFatalFailure(); ++i) {
      act(rng);
      check();
      const base::TimePoint until =
          now_ + milliseconds(rng.between(0, 20) == 0 ? rng.between(0, 60'000) : rng.between(0, 700));
      while (!HasFatalFailure() && client_->deadline() <= until) {
        now_ = std::max(now_, client_->deadline());
        tick();
        check();
      }
      now_ = until;
      tick();
      check();
    }
    ending_ = true;
    client_->shutdown(now_, out_);
    check();
    ending_ = false;
    EXPECT_TRUE(sockets_.empty());
    EXPECT_EQ(client_->deadline(), base::kNever);
    return log_;
  }

  std::map<base::SocketId, Socket> sockets_;
  std::map<std::pair<std::string, base::InfoHash>, std::vector<base::TimePoint>> sent_;
  std::set<base::InfoHash> swarms_;
  std::vector<tracker_event::OffersWanted> wanted_;
  std::string log_;
  bool ending_ = false;
};

TEST_P(TrackerProperty, HoldsInARandomRunThatRepeatsExactly) {
  const std::string first = run(GetParam());
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_GT(first.size(), 10'000U);
  EXPECT_TRUE(run(GetParam()) == first);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TrackerProperty, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace p2pml::engine
