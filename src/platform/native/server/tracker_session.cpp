#include "platform/native/server/tracker_session.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>

namespace p2pml::native {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;

constexpr std::size_t kMaxHeaderBytes = 8 * 1024;
/// A read buffer that grew above it for an announce with offers is given back: most connections are silent most of the
/// time.
constexpr std::size_t kKeptReadBuffer = 2 * 1024;

using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

/// Keeps the context of a TLS stream alive as long as the stream.
struct NoContext {};

template <class Stream>
class Session final : public TrackerSession, public std::enable_shared_from_this<Session<Stream>> {
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;
  using Context = std::conditional_t<kIsTls, std::shared_ptr<asio::ssl::context>, NoContext>;

 public:
  Session(std::weak_ptr<TrackerHub> hub, base::SocketId id, Context context, Stream stream)
      : hub_(std::move(hub)), id_(id), context_(std::move(context)), ws_(std::move(stream)) {}

  void start() override {
    error_code error;
    const auto remote = tcpStream().socket().remote_endpoint(error);
    if (!error) remoteAddress_ = remote.address().to_string();
    if constexpr (kIsTls) {
      armHandshakeTimeout();
      ws_.next_layer().async_handshake(asio::ssl::stream_base::server, [self = self()](error_code failed) {
        if (failed) return self->handshakeFailed();
        self->readRequest();
      });
    } else {
      readRequest();
    }
  }

  void send(std::string text) override {
    const auto hub = hub_.lock();
    if (!hub || state_ != State::open) return;
    if (queuedBytes_ + text.size() > hub->options().maxQueuedBytes) {
      ++hub->counts().slowReadersCut;
      cut();
      return;
    }
    queuedBytes_ += text.size();
    queue_.push_back(std::move(text));
    if (queue_.size() == 1) writeNext();
  }

  void close(std::uint16_t code, std::string_view reason) override {
    if (state_ != State::open) return cut();
    state_ = State::closing;
    ws_.async_close(
        websocket::close_reason(websocket::close_code(code), beast::string_view(reason.data(), reason.size())),
        [self = self()](error_code) { self->cut(); });
  }

  void cut() override {
    if (state_ == State::cut) return;
    state_ = State::cut;
    error_code ignored;
    tcpStream().socket().close(ignored);
    // Some operation is pending in every state but between two of them; gone() must not be called from inside this
    // call.
    asio::post(ws_.get_executor(), [self = self()] { self->gone(); });
  }

 private:
  enum class State : std::uint8_t { http, open, closing, cut };

  std::shared_ptr<Session> self() { return this->shared_from_this(); }
  beast::tcp_stream& tcpStream() { return beast::get_lowest_layer(ws_); }

  void gone() {
    if (isGone_) return;
    isGone_ = true;
    if (const auto hub = hub_.lock()) hub->gone(id_);
  }

  void handshakeFailed() {
    if (const auto hub = hub_.lock()) ++hub->counts().failedHandshakes;
    cut();
  }

  void armHandshakeTimeout() {
    if (const auto hub = hub_.lock()) tcpStream().expires_after(hub->options().handshakeTimeout);
  }

  // ---------------------------------------------------------------------------------------------------------- HTTP

  void readRequest() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    armHandshakeTimeout();
    http::async_read(ws_.next_layer(), buffer_, *parser_, [self = self()](error_code failed, std::size_t) {
      if (self->state_ == State::cut) return;
      if (failed == http::error::end_of_stream) return self->cut();
      if (failed) return self->handshakeFailed();
      self->onRequest();
    });
  }

  void onRequest() {
    const auto hub = hub_.lock();
    if (!hub) return cut();
    const auto& request = parser_->get();
    if (websocket::is_upgrade(request)) {
      const auto origin = request[http::field::origin];
      const auto admission = hub->admit(id_, remoteAddress_, std::string_view(origin.data(), origin.size()));
      if (admission == tracker::Admission::admitted) return upgrade(*hub);
      const bool forbidden = admission == tracker::Admission::originNotAllowed;
      return respond(forbidden ? http::status::forbidden : http::status::service_unavailable, "text/plain",
                     std::string(toString(admission)) + "\n", false);
    }
    ++hub->counts().httpRequests;
    const auto target = request.target();
    const bool isRead = request.method() == http::verb::get || request.method() == http::verb::head;
    if (!isRead) return respond(http::status::method_not_allowed, "text/plain", "only GET and HEAD\n", false);
    if (target == "/stats.json" && hub->options().serveStatistics) {
      return respond(http::status::ok, "application/json", hub->statisticsJson(), true);
    }
    if (target == "/") {
      return respond(http::status::ok, "text/plain", "p2pml tracker: connect with WebSocket\n", true);
    }
    respond(http::status::not_found, "text/plain", "not found\n", true);
  }

  void respond(http::status status, beast::string_view type, std::string body, bool mayKeepAlive) {
    const auto& request = parser_->get();
    auto response = std::make_shared<http::response<http::string_body>>(status, request.version());
    response->set(http::field::content_type, type);
    response->set(http::field::access_control_allow_origin, "*");
    response->set(http::field::cache_control, "no-store");
    response->keep_alive(mayKeepAlive && request.keep_alive());
    if (request.method() == http::verb::head) {
      response->content_length(body.size());
    } else {
      response->body() = std::move(body);
      response->prepare_payload();
    }
    armHandshakeTimeout();
    http::async_write(ws_.next_layer(), *response, [self = self(), response](error_code failed, std::size_t) {
      if (self->state_ == State::cut) return;
      if (failed || !response->keep_alive()) return self->cut();
      self->readRequest();
    });
  }

  // ----------------------------------------------------------------------------------------------------- WebSocket

  void upgrade(TrackerHub& hub) {
    tcpStream().expires_never();
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = hub.options().handshakeTimeout;
    timeout.idle_timeout = hub.options().silenceTimeout;
    timeout.keep_alive_pings = true;
    ws_.set_option(timeout);
    ws_.read_message_max(hub.options().tracker.maxMessageBytes);
    ws_.text(true);
    ws_.auto_fragment(false);
    ws_.async_accept(parser_->get(), [self = self()](error_code failed) {
      if (self->state_ == State::cut) return;
      if (failed) return self->handshakeFailed();
      self->parser_.reset();
      self->state_ = State::open;
      self->readMessage();
    });
  }

  void readMessage() {
    ws_.async_read(buffer_, [self = self()](error_code failed, std::size_t) { self->onRead(failed); });
  }

  void onRead(error_code failed) {
    if (state_ == State::cut) return;
    const auto hub = hub_.lock();
    if (failed || !hub) {
      if (hub && failed == websocket::error::message_too_big) ++hub->counts().tracker.oversizedMessages;
      return cut();
    }
    hub->counts().bytesReceived += buffer_.size();
    if (state_ == State::open) {
      const auto data = buffer_.cdata();
      hub->message(id_, std::string_view(static_cast<const char*>(data.data()), data.size()));
    }
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > kKeptReadBuffer) buffer_.shrink_to_fit();
    if (state_ != State::cut) readMessage();
  }

  void writeNext() {
    ws_.async_write(asio::buffer(queue_.front()), [self = self()](error_code failed, std::size_t) {
      if (self->state_ == State::cut) return;
      if (failed) return self->cut();
      const std::size_t size = self->queue_.front().size();
      if (const auto hub = self->hub_.lock()) hub->counts().bytesSent += size;
      self->queuedBytes_ -= size;
      self->queue_.pop_front();
      if (!self->queue_.empty() && self->state_ == State::open) self->writeNext();
    });
  }

  std::weak_ptr<TrackerHub> hub_;
  base::SocketId id_;
  Context context_;
  websocket::stream<Stream, false> ws_;  // without deflate: SDP compresses well, but a server has better things to do
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::string remoteAddress_;
  std::deque<std::string> queue_;  // the first is being written
  std::size_t queuedBytes_ = 0;
  State state_ = State::http;
  bool isGone_ = false;
};

}  // namespace

std::shared_ptr<TrackerSession> makeTrackerSession(std::weak_ptr<TrackerHub> hub, base::SocketId id,
                                                   asio::ip::tcp::socket socket) {
  return std::make_shared<Session<PlainStream>>(std::move(hub), id, NoContext{}, PlainStream(std::move(socket)));
}

std::shared_ptr<TrackerSession> makeTrackerSession(std::weak_ptr<TrackerHub> hub, base::SocketId id,
                                                   asio::ip::tcp::socket socket,
                                                   std::shared_ptr<asio::ssl::context> tls) {
  TlsStream stream(PlainStream(std::move(socket)), *tls);
  return std::make_shared<Session<TlsStream>>(std::move(hub), id, std::move(tls), std::move(stream));
}

}  // namespace p2pml::native
