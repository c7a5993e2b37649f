#include "platform/native/server/tracker_server.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <utility>
#include <variant>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "platform/native/server/listener.hpp"
#include "platform/native/server/tracker_session.hpp"
#include "tracker/tracker.hpp"

namespace p2pml::native {

namespace asio = boost::asio;

namespace {

/// Swarms listed in /stats.json.
constexpr std::size_t kMaxListedSwarms = 1'000;

/// RFC 6455 section 7.4.1.
constexpr std::uint16_t kNormalClosure = 1000;
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kMessageTooBig = 1009;

std::uint16_t closeCodeOf(tracker::CloseReason reason) {
  switch (reason) {
    case tracker::CloseReason::idle: return kNormalClosure;
    case tracker::CloseReason::messageTooBig: return kMessageTooBig;
    case tracker::CloseReason::tooManyMessages: return kPolicyViolation;
  }
  return kNormalClosure;
}

base::TimePoint steadyNow() {
  return base::TimePoint(
      std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

std::chrono::steady_clock::time_point toSteady(base::TimePoint time) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(time.time_since_epoch()));
}

base::Json number(std::uint64_t value) { return {static_cast<std::int64_t>(value)}; }

base::Result<std::shared_ptr<asio::ssl::context>> makeTls(const TrackerServerOptions& options) {
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  boost::system::error_code error;
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                       asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1,
                   error);
  const auto wrong = [&](const char* what, const std::string& file) {
    return base::fail(base::ErrorCode::invalidArgument,
                      std::string(what) + " \"" + file + "\": expected a PEM file: " + error.message());
  };
  tls->use_certificate_chain_file(options.certificateFile, error);
  if (error) return wrong("certificate", options.certificateFile);
  tls->use_private_key_file(options.privateKeyFile, asio::ssl::context::pem, error);
  if (error) return wrong("private key", options.privateKeyFile);
  return tls;
}

}  // namespace

class TrackerServer::Impl final : public TrackerHub, public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, TrackerServerOptions options)
      : options_(std::move(options)), tracker_(options_.tracker), tick_(loop), grace_(loop) {}

  base::Result<void> start(asio::io_context& loop) {
    if (options_.certificateFile.empty() != options_.privateKeyFile.empty()) {
      return base::fail(base::ErrorCode::invalidArgument, "a certificate and its private key are given together");
    }
    if (!options_.certificateFile.empty()) {
      auto tls = makeTls(options_);
      if (!tls) return std::unexpected(std::move(tls.error()));
      tls_ = *std::move(tls);
    }
    auto listener = Listener::open(loop, options_.listen, [weak = weak_from_this()](asio::ip::tcp::socket socket) {
      if (const auto self = weak.lock()) self->onSocket(std::move(socket));
    });
    if (!listener) return std::unexpected(std::move(listener.error()));
    listener_ = *std::move(listener);
    return {};
  }

  [[nodiscard]] const Endpoint& endpoint() const { return listener_->endpoint(); }
  [[nodiscard]] std::string url() const { return (tls_ ? "wss://" : "ws://") + toString(endpoint()); }

  [[nodiscard]] TrackerServerStatistics statistics() const {
    TrackerServerStatistics result = counts_;
    const std::uint64_t oversized = counts_.tracker.oversizedMessages;  // those the WebSocket layer has refused already
    result.tracker = tracker_.statistics();
    result.tracker.oversizedMessages += oversized;
    result.connections = sessions_.size();
    return result;
  }

  void stop() {
    if (isStopping_) return;
    isStopping_ = true;
    listener_->close();
    tick_.cancel();
    for (const auto& session : presentSessions()) session->close(kGoingAway, "going away");
    if (sessions_.empty()) return;
    grace_.expires_after(std::chrono::microseconds(options_.stopGrace.count()));
    grace_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
      if (!cancelled) self->cutAll();
    });
  }

  void cutAll() {
    if (listener_) listener_->close();
    tick_.cancel();
    grace_.cancel();
    for (const auto& session : presentSessions()) session->cut();
  }

  // TrackerHub

  const TrackerServerOptions& options() const override { return options_; }
  TrackerServerStatistics& counts() override { return counts_; }

  tracker::Admission admit(base::SocketId id, std::string_view remoteAddress, std::string_view origin) override {
    const auto admission = tracker_.onOpen(steadyNow(), id, remoteAddress, origin);
    armTick();
    return admission;
  }

  void message(base::SocketId id, std::string_view text) override {
    P2PML_ASSERT(outputs_.empty());
    tracker_.onMessage(steadyNow(), id, text, outputs_);
    carryOut();
  }

  void gone(base::SocketId id) override {
    tracker_.onClose(steadyNow(), id);
    sessions_.erase(id);
    if (isStopping_ && sessions_.empty()) grace_.cancel();
  }

  std::string statisticsJson() override {
    const TrackerServerStatistics all = statistics();
    const tracker::Statistics& of = all.tracker;
    base::Json::Array swarms;
    for (const tracker::SwarmStatistics& swarm : tracker_.swarms(kMaxListedSwarms)) {
      swarms.emplace_back(base::Json::Object{{"infoHash", base::toHex(swarm.infoHash.view())},
                                             {"complete", number(swarm.complete)},
                                             {"incomplete", number(swarm.incomplete)},
                                             {"downloaded", number(swarm.downloaded)},
                                             {"announces", number(swarm.announces)},
                                             {"offersRelayed", number(swarm.offersRelayed)},
                                             {"answersRelayed", number(swarm.answersRelayed)}});
    }
    return base::toJsonText(base::Json::Object{{"connections", number(all.connections)},
                                               {"sockets", number(of.sockets)},
                                               {"swarms", number(of.swarms)},
                                               {"peers", number(of.peers)},
                                               {"complete", number(of.complete)},
                                               {"messages", number(of.messages)},
                                               {"announces", number(of.announces)},
                                               {"scrapes", number(of.scrapes)},
                                               {"failures", number(of.failures)},
                                               {"offersRelayed", number(of.offersRelayed)},
                                               {"offersUnplaced", number(of.offersUnplaced)},
                                               {"answersRelayed", number(of.answersRelayed)},
                                               {"answersToUnknown", number(of.answersToUnknown)},
                                               {"answersFromUnknown", number(of.answersFromUnknown)},
                                               {"replacedPeers", number(of.replacedPeers)},
                                               {"expiredPeers", number(of.expiredPeers)},
                                               {"expiredSockets", number(of.expiredSockets)},
                                               {"overRateSockets", number(of.overRateSockets)},
                                               {"oversizedMessages", number(of.oversizedMessages)},
                                               {"refusedSockets", number(of.refusedSockets)},
                                               {"refusedConnections", number(all.refusedConnections)},
                                               {"failedHandshakes", number(all.failedHandshakes)},
                                               {"slowReadersCut", number(all.slowReadersCut)},
                                               {"bytesReceived", number(all.bytesReceived)},
                                               {"bytesSent", number(all.bytesSent)},
                                               {"swarmsListed", std::move(swarms)}});
  }

 private:
  void onSocket(asio::ip::tcp::socket socket) {
    if (sessions_.size() >= options_.tracker.maxSockets + options_.maxOtherConnections) {
      ++counts_.refusedConnections;
      return;  // the socket closes itself
    }
    const base::SocketId id(++lastId_);
    const auto session = tls_ ? makeTrackerSession(weak_from_this(), id, std::move(socket), tls_)
                              : makeTrackerSession(weak_from_this(), id, std::move(socket));
    sessions_.emplace(id, session);
    session->start();
  }

  [[nodiscard]] std::vector<std::shared_ptr<TrackerSession>> presentSessions() const {
    std::vector<std::shared_ptr<TrackerSession>> result;
    result.reserve(sessions_.size());
    for (const auto& [id, session] : sessions_) result.push_back(session);
    return result;
  }

  void carryOut() {
    for (tracker::Output& output : outputs_) {
      if (auto* sending = std::get_if<tracker::SendText>(&output)) {
        const auto found = sessions_.find(sending->socket);
        if (found != sessions_.end()) found->second->send(std::move(sending->text));
      } else {
        const auto& closing = std::get<tracker::CloseSocket>(output);
        const auto found = sessions_.find(closing.socket);
        if (found != sessions_.end()) found->second->close(closeCodeOf(closing.reason), toString(closing.reason));
      }
    }
    outputs_.clear();
    armTick();
  }

  /// Deadlines mostly move away from us, so a timer that comes too early is left alone: it then finds nothing to do.
  void armTick() {
    const base::TimePoint deadline = tracker_.deadline();
    if (isStopping_ || deadline >= tickAt_) return;
    tickAt_ = deadline;
    tick_.expires_at(toSteady(deadline));
    tick_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
      const auto self = weak.lock();
      if (cancelled || !self) return;
      self->tickAt_ = base::kNever;
      P2PML_ASSERT(self->outputs_.empty());
      self->tracker_.onTick(steadyNow(), self->outputs_);
      self->carryOut();
    });
  }

  TrackerServerOptions options_;
  tracker::Tracker tracker_;
  asio::steady_timer tick_;
  base::TimePoint tickAt_ = base::kNever;
  asio::steady_timer grace_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::shared_ptr<Listener> listener_;
  std::map<base::SocketId, std::shared_ptr<TrackerSession>> sessions_;
  tracker::Outputs outputs_;
  TrackerServerStatistics counts_;
  std::uint64_t lastId_ = 0;
  bool isStopping_ = false;
};

base::Result<std::unique_ptr<TrackerServer>> TrackerServer::start(asio::io_context& loop,
                                                                  TrackerServerOptions options) {
  auto impl = std::make_shared<Impl>(loop, std::move(options));
  if (auto started = impl->start(loop); !started) return std::unexpected(std::move(started.error()));
  return std::unique_ptr<TrackerServer>(new TrackerServer(std::move(impl)));
}

TrackerServer::TrackerServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrackerServer::~TrackerServer() { impl_->cutAll(); }

const Endpoint& TrackerServer::endpoint() const { return impl_->endpoint(); }
std::string TrackerServer::url() const { return impl_->url(); }
TrackerServerStatistics TrackerServer::statistics() const { return impl_->statistics(); }
void TrackerServer::stop() { impl_->stop(); }

}  // namespace p2pml::native
