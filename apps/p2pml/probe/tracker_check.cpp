#include "p2pml/probe/tracker_check.hpp"

#include <algorithm>
#include <utility>

#include "p2pml/probe/plain.hpp"
#include "p2pml/probe/pump.hpp"
#include "platform/native/ws/native_socket_port.hpp"
#include "wire/tracker_message.hpp"

namespace p2pml::app {

namespace {

namespace input = engine::input;

const base::SocketId kSocket(1);

class TrackerCheck {
 public:
  TrackerCheck(boost::asio::io_context& loop, const std::string& url, const std::vector<SwarmQuestion>& swarms,
               const base::PeerId& self)
      : swarms_(swarms),
        self_(self),
        start_(ProbeClock::now()),
        socket_(loop, [this](const engine::Input& event) { on(event); }) {
    facts_.url = url;
    for (const SwarmQuestion& swarm : swarms) facts_.swarms.push_back(swarm.facts);
    socket_.open(kSocket, url);
  }

  [[nodiscard]] bool done() const {
    return closed_ || (facts_.connected && std::ranges::all_of(facts_.swarms, [](const SwarmFacts& swarm) {
                         return swarm.latency || !swarm.error.empty();
                       }));
  }

  TrackerFacts finish(base::Duration limit) {
    const std::string silence = "no answer within " + std::to_string(base::toMilliseconds(limit)) + " ms";
    if (!facts_.connected && facts_.error.empty()) facts_.error = silence;
    if (facts_.connected) {
      for (std::size_t i = 0; i < swarms_.size(); ++i) {
        SwarmFacts& swarm = facts_.swarms[i];
        if (!swarm.latency && swarm.error.empty()) swarm.error = facts_.error.empty() ? silence : facts_.error;
        if (!closed_) socket_.send(kSocket, announce(swarms_[i].infoHash, wire::AnnounceEvent::stopped));
      }
      if (!closed_) socket_.close(kSocket);
    }
    return std::move(facts_);
  }

 private:
  [[nodiscard]] std::string announce(const base::InfoHash& infoHash, wire::AnnounceEvent event) const {
    wire::AnnounceRequest request;
    request.infoHash = infoHash;
    request.peerId = self_;
    request.event = event;
    request.left = 1;
    return wire::encode(request);
  }

  SwarmFacts* factsOf(const base::InfoHash& infoHash) {
    const auto at = std::ranges::find(swarms_, infoHash, &SwarmQuestion::infoHash);
    return at == swarms_.end() ? nullptr : &facts_.swarms[static_cast<std::size_t>(at - swarms_.begin())];
  }

  void on(const engine::Input& event) {
    if (std::get_if<input::SocketOpened>(&event) != nullptr) {
      facts_.connected = since(start_);
      asked_ = ProbeClock::now();
      for (const SwarmQuestion& swarm : swarms_) {
        socket_.send(kSocket, announce(swarm.infoHash, wire::AnnounceEvent::started));
      }
    } else if (const auto* closed = std::get_if<input::SocketClosed>(&event)) {
      facts_.error = plain(closed->reason.detail);
      closed_ = true;
    } else if (const auto* message = std::get_if<input::SocketMessage>(&event)) {
      auto response = wire::decodeTrackerResponse(message->text);
      if (!response) {
        facts_.error = "what it says is no tracker's answer: " + plain(response.error().detail);
        return;
      }
      if (const auto* answer = std::get_if<wire::AnnounceResponse>(&*response)) {
        told(*answer);
      } else if (const auto* failure = std::get_if<wire::TrackerFailure>(&*response)) {
        refused(*failure);
      }
    }
  }

  void told(const wire::AnnounceResponse& answer) {
    SwarmFacts* swarm = factsOf(answer.infoHash);
    if (swarm == nullptr || swarm->latency) return;
    swarm->latency = since(asked_);
    swarm->seeders = answer.complete;
    // This probe has joined as one who lacks something.
    if (answer.incomplete) swarm->leechers = std::max<std::int64_t>(*answer.incomplete - 1, 0);
    swarm->interval = answer.interval;
    if (answer.warning) swarm->warning = plain(*answer.warning);
  }

  void refused(const wire::TrackerFailure& failure) {
    const std::string reason = "refused: " + plain(failure.reason);
    if (failure.infoHash) {
      if (SwarmFacts* swarm = factsOf(*failure.infoHash)) swarm->error = reason;
      return;
    }
    for (SwarmFacts& swarm : facts_.swarms) {
      if (!swarm.latency) swarm.error = reason;
    }
  }

  const std::vector<SwarmQuestion>& swarms_;
  base::PeerId self_;
  TrackerFacts facts_;
  ProbeClock::time_point start_;
  ProbeClock::time_point asked_;
  bool closed_ = false;
  native::NativeSocketPort socket_;
};

}  // namespace

TrackerFacts checkTracker(boost::asio::io_context& loop, const std::string& url,
                          const std::vector<SwarmQuestion>& swarms, const base::PeerId& self, base::Duration limit) {
  TrackerCheck check(loop, url, swarms, self);
  pump(loop, limit, [&] { return check.done(); });
  TrackerFacts facts = check.finish(limit);
  // What was said at last leaves before the socket goes.
  pump(loop, base::milliseconds(100), [] { return false; });
  return facts;
}

}  // namespace p2pml::app
