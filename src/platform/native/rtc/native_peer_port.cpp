#include "platform/native/rtc/native_peer_port.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <mutex>
#include <utility>
#include <variant>

#include "platform/native/rtc/ice_config.hpp"
#include "platform/native/rtc/peer_connection.hpp"
#include "platform/native/rtc/rtc_context.hpp"

namespace p2pml::native {
namespace {

using base::ConnectionId;
namespace input = engine::input;

std::atomic<PeerHandle> lastHandle{0};

/// The way back from the RtcThread to one port's loop: a queue, and one wake-up for all that is in it.
///
/// The loop may go away before the thread's last word: then the port has closed the link, and nothing is posted any
/// more.
class Link {
 public:
  using Drain = std::function<void()>;

  Link(boost::asio::io_context& loop, std::size_t maxUndelivered) : loop_(&loop), maxUndelivered_(maxUndelivered) {}

  /// On the loop, before anything can come.
  void setDrain(Drain drain) { drain_ = std::move(drain); }

  /// On the loop; afterwards nothing is posted.
  void cut() {
    const std::scoped_lock lock(mutex_);
    loop_ = nullptr;
    events_.clear();
    undelivered_.clear();
  }

  /// Any thread.
  void push(engine::Input event) {
    const std::scoped_lock lock(mutex_);
    pushLocked(std::move(event));
  }

  /// Any thread. False: as much waits as may; call again only after takeResumable() has named the connection.
  bool pushMessage(ConnectionId connection, base::Bytes message) {
    const std::scoped_lock lock(mutex_);
    if (loop_ == nullptr) return true;
    Waiting& waiting = undelivered_[connection];
    // An empty message costs memory too.
    waiting.bytes += message.size() + kMessageOverhead;
    pushLocked(input::PeerMessage{connection, std::move(message)});
    if (waiting.bytes <= maxUndelivered_) return true;
    waiting.paused = true;
    return false;
  }

  /// Any thread. Only the newest figure matters: one that still waits is replaced.
  void pushDrained(ConnectionId connection, std::uint64_t drained) {
    const std::scoped_lock lock(mutex_);
    if (!events_.empty()) {
      auto* last = std::get_if<input::PeerDrained>(&events_.back());
      if (last != nullptr && last->connection == connection) {
        last->drained = drained;
        return;
      }
    }
    pushLocked(input::PeerDrained{connection, drained});
  }

  /// On the loop.
  std::vector<engine::Input> take() {
    const std::scoped_lock lock(mutex_);
    posted_ = false;
    return std::exchange(events_, {});
  }

  /// On the loop, when a message was delivered. True: the connection was paused and may go on.
  bool delivered(ConnectionId connection, std::size_t size) {
    const std::scoped_lock lock(mutex_);
    const auto found = undelivered_.find(connection);
    if (found == undelivered_.end()) return false;
    Waiting& waiting = found->second;
    waiting.bytes -= std::min(waiting.bytes, size + kMessageOverhead);
    const bool resume = waiting.paused && waiting.bytes <= maxUndelivered_ / 2;
    if (resume) waiting.paused = false;
    if (waiting.bytes == 0) undelivered_.erase(found);
    return resume;
  }

  void forget(ConnectionId connection) {
    const std::scoped_lock lock(mutex_);
    undelivered_.erase(connection);
  }

  [[nodiscard]] std::uint64_t undeliveredBytes() {
    const std::scoped_lock lock(mutex_);
    std::uint64_t sum = 0;
    for (const auto& [connection, waiting] : undelivered_) sum += waiting.bytes;
    return sum;
  }

 private:
  struct Waiting {
    std::size_t bytes = 0;
    bool paused = false;
  };
  static constexpr std::size_t kMessageOverhead = 64;

  void pushLocked(engine::Input event) {
    if (loop_ == nullptr) return;
    events_.push_back(std::move(event));
    if (std::exchange(posted_, true)) return;
    boost::asio::post(*loop_, [drain = drain_] { drain(); });
  }

  std::mutex mutex_;
  boost::asio::io_context* loop_;                // guarded; null once cut
  std::vector<engine::Input> events_;            // guarded
  std::map<ConnectionId, Waiting> undelivered_;  // guarded
  bool posted_ = false;                          // guarded
  const std::size_t maxUndelivered_;
  Drain drain_;
};

/// One connection's end of the link, on the RtcThread.
class LinkedObserver final : public PeerObserver {
 public:
  LinkedObserver(std::shared_ptr<Link> link, ConnectionId connection, bool offering)
      : link_(std::move(link)), connection_(connection), offering_(offering) {}

  void onPeerDescription(std::string sdp) override {
    if (offering_) {
      link_->push(input::OfferCreated{connection_, std::move(sdp)});
    } else {
      link_->push(input::AnswerCreated{connection_, std::move(sdp)});
    }
  }
  void onPeerOpen(std::string remoteAddress) override {
    link_->push(input::PeerOpened{connection_, std::move(remoteAddress)});
  }
  bool onPeerMessage(base::Bytes message) override { return link_->pushMessage(connection_, std::move(message)); }
  void onPeerDrained(std::uint64_t bytes) override { link_->pushDrained(connection_, bytes); }
  void onPeerClosed(base::Error reason) override { link_->push(input::PeerClosed{connection_, std::move(reason)}); }

 private:
  std::shared_ptr<Link> link_;
  ConnectionId connection_;
  bool offering_;
};

}  // namespace

/// The loop's side. Outlives the port for as long as a posted call still holds it.
struct NativePeerPort::Core : std::enable_shared_from_this<Core> {
  struct Connection {
    PeerHandle handle = 0;
    std::uint64_t handed = 0;   // payload bytes given to send()
    std::uint64_t drained = 0;  // of those, left the queue
    bool failing = false;       // its end is on the way
    /// Microseconds, written by the RtcThread; negative: not known.
    std::shared_ptr<std::atomic<std::int64_t>> roundTrip = std::make_shared<std::atomic<std::int64_t>>(-1);
  };

  Core(RtcThread& rtc, boost::asio::io_context& loop, engine::RtcConfig config, RtcOptions given,
       driver::EventSink deliver)
      : thread(rtc),
        iceConfig(std::make_shared<const IceConfig>(iceConfigOf(config, given))),
        options(std::make_shared<const RtcOptions>(std::move(given))),
        sink(std::move(deliver)),
        link(std::make_shared<Link>(loop, options->maxUndeliveredBytes)) {}

  template <class Call>
  void onPeer(const Connection& connection, Call call) {
    thread.post([handle = connection.handle, call = std::move(call)](RtcContext& context) mutable {
      if (PeerConnection* peer = context.find(handle)) call(*peer);
    });
  }

  template <class Begin>
  void create(ConnectionId id, bool offering, Begin begin) {
    const auto [at, isNew] = connections.try_emplace(id);
    if (!isNew) {
      ++droppedCalls;
      return;
    }
    at->second.handle = ++lastHandle;
    thread.post([handle = at->second.handle, ice = iceConfig, rtc = options,
                 observer = std::make_shared<std::unique_ptr<PeerObserver>>(
                     std::make_unique<LinkedObserver>(link, id, offering)),
                 begin = std::move(begin)](RtcContext& context) mutable {
      context.add(handle, std::make_unique<PeerConnection>(context, handle, ice, rtc, std::move(*observer)));
      begin(*context.find(handle));
    });
  }

  Connection* find(ConnectionId id) {
    const auto found = connections.find(id);
    if (found != connections.end() && !found->second.failing) return &found->second;
    ++droppedCalls;
    return nullptr;
  }

  /// Delivers what has come. The sink may do anything, destroying the port included.
  void drain() {
    for (engine::Input& event : link->take()) {
      if (!alive) return;
      if (accept(event)) sink(std::move(event));
    }
  }

  /// Keeps the books; false: not to be delivered.
  bool accept(const engine::Input& event) {
    return std::visit(
        [this](const auto& happened) {
          using Event = std::decay_t<decltype(happened)>;
          if constexpr (requires { requires std::is_same_v<decltype(happened.connection), ConnectionId>; }) {
            const auto found = connections.find(happened.connection);
            if constexpr (std::is_same_v<Event, input::PeerMessage>) {
              const bool resume = link->delivered(happened.connection, happened.data.size());
              if (resume && found != connections.end()) {
                onPeer(found->second, [](PeerConnection& peer) { peer.resumeReading(); });
              }
            }
            if (found == connections.end()) return false;
            if constexpr (std::is_same_v<Event, input::PeerDrained>) {
              found->second.drained = happened.drained;
            } else if constexpr (std::is_same_v<Event, input::PeerClosed>) {
              link->forget(happened.connection);
              connections.erase(found);
            }
            return true;
          } else {
            return false;
          }
        },
        event);
  }

  void close(std::map<ConnectionId, Connection>::iterator at) {
    link->forget(at->first);
    onPeer(at->second, [](PeerConnection& peer) { peer.close(); });
  }

  RtcThread& thread;
  const std::shared_ptr<const IceConfig> iceConfig;
  const std::shared_ptr<const RtcOptions> options;
  driver::EventSink sink;
  const std::shared_ptr<Link> link;
  std::map<ConnectionId, Connection> connections;
  std::uint64_t droppedCalls = 0;
  bool alive = true;
};

NativePeerPort::NativePeerPort(RtcThread& thread, boost::asio::io_context& loop, engine::RtcConfig config,
                               RtcOptions options, driver::EventSink sink)
    : core_(std::make_shared<Core>(thread, loop, std::move(config), std::move(options), std::move(sink))) {
  core_->link->setDrain([weak = std::weak_ptr(core_)] {
    if (const auto core = weak.lock()) core->drain();
  });
}

NativePeerPort::~NativePeerPort() {
  core_->alive = false;
  core_->link->cut();
  for (auto at = core_->connections.begin(); at != core_->connections.end(); ++at) core_->close(at);
  core_->connections.clear();
}

void NativePeerPort::createOffer(ConnectionId connection, std::string label) {
  core_->create(connection, true,
                [label = std::move(label)](PeerConnection& peer) mutable { peer.createOffer(std::move(label)); });
}

void NativePeerPort::createAnswer(ConnectionId connection, std::string offerSdp) {
  core_->create(connection, false, [sdp = std::move(offerSdp)](PeerConnection& peer) { peer.createAnswer(sdp); });
}

void NativePeerPort::setAnswer(ConnectionId connection, std::string sdp) {
  if (const auto* found = core_->find(connection)) {
    core_->onPeer(*found, [sdp = std::move(sdp)](PeerConnection& peer) { peer.setAnswer(sdp); });
  }
}

void NativePeerPort::send(ConnectionId connection, base::Bytes data) {
  auto* found = core_->find(connection);
  if (found == nullptr) return;
  found->handed += data.size();
  const std::uint64_t queued = found->handed - found->drained;
  if (queued > core_->options->maxQueuedBytes) {
    found->failing = true;
    core_->link->push(input::PeerClosed{
        connection,
        {base::ErrorCode::limitExceeded,
         "data channel: more than " + std::to_string(core_->options->maxQueuedBytes) + " bytes wait to be sent"}});
    core_->onPeer(*found, [](PeerConnection& peer) { peer.close(); });
    return;
  }
  core_->onPeer(*found, [data = std::move(data)](PeerConnection& peer) mutable { peer.send(std::move(data)); });
}

void NativePeerPort::close(ConnectionId connection) {
  const auto found = core_->connections.find(connection);
  if (found == core_->connections.end()) {
    ++core_->droppedCalls;
    return;
  }
  core_->close(found);
  core_->connections.erase(found);
}

void NativePeerPort::measureRoundTrips() {
  for (const auto& [id, connection] : core_->connections) {
    core_->onPeer(connection, [result = connection.roundTrip](PeerConnection& peer) {
      if (const auto measured = peer.roundTrip()) result->store(measured->count());
    });
  }
}

std::optional<base::Duration> NativePeerPort::roundTrip(ConnectionId connection) const {
  const auto found = core_->connections.find(connection);
  const std::int64_t known = found == core_->connections.end() ? -1 : found->second.roundTrip->load();
  return known < 0 ? std::nullopt : std::optional(base::Duration(known));
}

NativePeerPort::Stats NativePeerPort::stats() const {
  Stats out;
  out.connections = core_->connections.size();
  out.undeliveredBytes = core_->link->undeliveredBytes();
  for (const auto& [id, connection] : core_->connections) out.queuedBytes += connection.handed - connection.drained;
  out.droppedCalls = core_->droppedCalls;
  return out;
}

}  // namespace p2pml::native
