#include "platform/native/ws/socket_session.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/encoding.hpp"
#include "platform/native/ws/dialer.hpp"
#include "platform/native/ws/name_lookup.hpp"

namespace p2pml::native {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using base::Error;
using base::ErrorCode;

using PlainStream = tcp::socket;
using TlsStream = asio::ssl::stream<tcp::socket>;

enum class Phase { resolving, connecting, securing, upgrading, open, done };

const char* describe(Phase phase) {
  switch (phase) {
    case Phase::resolving: return "looking up its name";
    case Phase::connecting: return "connecting";
    case Phase::securing: return "setting up TLS";
    case Phase::upgrading: return "upgrading to WebSocket";
    case Phase::open: return "open";
    case Phase::done: break;
  }
  return "closed";
}

template <class Transport>
class Session final : public SocketSession, public std::enable_shared_from_this<Session<Transport>> {
 public:
  static constexpr bool kTls = std::is_same_v<Transport, TlsStream>;

  Session(asio::io_context& loop, SessionSetup setup, std::shared_ptr<asio::ssl::context> tls)
      : loop_(loop), setup_(std::move(setup)), tls_(std::move(tls)), deadline_(loop) {}

  void start(NameLookup& names) override {
    setDeadline(setup_.options.connectTimeout);
    names.resolve(setup_.url.host, setup_.url.port, [weak = this->weak_from_this()](base::Result<Endpoints> endpoints) {
      if (const auto self = weak.lock()) self->onResolved(std::move(endpoints));
    });
  }

  void send(std::string text) override {
    if (silent_ || failing_ || phase_ == Phase::done) return;
    queuedBytes_ += text.size();
    if (queuedBytes_ > setup_.options.maxQueuedBytes) {
      failing_ = true;
      asio::post(loop_, [self = this->shared_from_this()] {
        self->finish(ErrorCode::limitExceeded,
                     "more than " + std::to_string(self->setup_.options.maxQueuedBytes) + " bytes wait to be sent");
      });
      return;
    }
    outgoing_.push_back(std::move(text));
    if (phase_ == Phase::open) writeNext();
  }

  void close() override {
    if (std::exchange(silent_, true)) return;
    setup_.listener = Listener{};
    if (phase_ != Phase::open || failing_) {
      abandon();
      return;
    }
    setDeadline(setup_.options.closeTimeout);
    closeWhenFlushed();
  }

 private:
  using Stream = websocket::stream<Transport, false>;  // without permessage-deflate

  void onResolved(base::Result<Endpoints> endpoints) {
    if (phase_ == Phase::done) return;
    if (!endpoints) {
      finish(endpoints.error().code, endpoints.error().detail);
      return;
    }
    phase_ = Phase::connecting;
    dialer_ = Dialer::dial(loop_, std::move(*endpoints),
                           [self = this->shared_from_this()](beast::error_code error, tcp::socket socket) {
                             self->dialer_.reset();
                             self->onConnected(error, std::move(socket));
                           });
  }

  void onConnected(beast::error_code error, tcp::socket socket) {
    if (phase_ == Phase::done) return;
    if (error) {
      finish(ErrorCode::unavailable, "no connection (" + error.message() + ")");
      return;
    }
    beast::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if constexpr (kTls) {
      stream_.emplace(std::move(socket), *tls_);
      secure();
    } else {
      stream_.emplace(std::move(socket));
      upgrade();
    }
  }

  void secure() requires kTls {
    phase_ = Phase::securing;
    TlsStream& stream = stream_->next_layer();
    beast::error_code notAnAddress;
    asio::ip::make_address(setup_.url.host, notAnAddress);
    // RFC 6066 section 3: literal addresses are not permitted in the server name.
    if (notAnAddress) {
      // What the macro SSL_set_tlsext_host_name does, without its C casts.
      SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, setup_.url.host.data());
    }
    if (!setup_.options.insecureTls) stream.set_verify_callback(asio::ssl::host_name_verification(setup_.url.host));
    stream.async_handshake(asio::ssl::stream_base::client, [self = this->shared_from_this()](beast::error_code error) {
      if (self->phase_ == Phase::done) return;
      if (error) {
        std::string why = error.message();
        const long verified = SSL_get_verify_result(self->stream_->next_layer().native_handle());
        if (verified != X509_V_OK) why += std::string("; ") + X509_verify_cert_error_string(verified);
        self->finish(ErrorCode::unavailable, "no TLS connection (" + why + ")");
        return;
      }
      self->upgrade();
    });
  }

  void upgrade() {
    phase_ = Phase::upgrading;
    const NativeSocketOptions& options = setup_.options;
    websocket::stream_base::timeout timeout{};
    // The deadline of ours covers the upgrade; Beast's is for the close handshake.
    timeout.handshake_timeout = options.closeTimeout;
    timeout.idle_timeout = options.idleTimeout;
    timeout.keep_alive_pings = true;
    stream_->set_option(timeout);
    stream_->read_message_max(options.maxMessageBytes);
    const std::string origin = options.origin ? *options.origin : "https://" + setup_.url.bracketedHost();
    stream_->set_option(
        websocket::stream_base::decorator([origin, agent = options.userAgent](websocket::request_type& request) {
          request.set(beast::http::field::user_agent, agent);
          if (!origin.empty()) request.set(beast::http::field::origin, origin);
        }));
    stream_->async_handshake(response_, setup_.url.authority(), setup_.url.target,
                             [self = this->shared_from_this()](beast::error_code error) { self->onUpgraded(error); });
  }

  void onUpgraded(beast::error_code error) {
    if (phase_ == Phase::done) return;
    if (error == websocket::error::upgrade_declined) {
      finish(ErrorCode::unavailable,
             "the upgrade was refused with HTTP status " + std::to_string(response_.result_int()));
      return;
    }
    if (error) {
      finishBy(error);
      return;
    }
    phase_ = Phase::open;
    deadline_.cancel();
    ++deadlineGeneration_;
    response_ = {};
    readNext();
    writeNext();
    if (setup_.listener.onOpened) std::exchange(setup_.listener.onOpened, nullptr)();
  }

  void readNext() {
    stream_->async_read(
        incoming_, [self = this->shared_from_this()](beast::error_code error, std::size_t) { self->onRead(error); });
  }

  void onRead(beast::error_code error) {
    if (phase_ == Phase::done) return;
    if (error) {
      finishBy(error);
      return;
    }
    std::string text(static_cast<const char*>(incoming_.data().data()), incoming_.size());
    const bool binary = stream_->got_binary();
    incoming_.clear();
    if (binary && !base::isUtf8(text)) {
      finish(ErrorCode::malformed, "a binary message that is not UTF-8, expected text");
      return;
    }
    if (!silent_ && !failing_) {
      // A copy: the call may close this socket, which drops the listener.
      const auto onMessage = setup_.listener.onMessage;
      onMessage(std::move(text));
    }
    // While the close handshake runs, it reads for itself.
    if (phase_ == Phase::open && !closeStarted_) readNext();
  }

  void writeNext() {
    if (writing_ || outgoing_.empty()) return;
    writing_ = true;
    stream_->text(true);
    stream_->async_write(asio::buffer(outgoing_.front()),
                         [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                           self->writing_ = false;
                           if (self->phase_ == Phase::done) return;
                           if (error) {
                             self->finishBy(error);
                             return;
                           }
                           self->queuedBytes_ -= self->outgoing_.front().size();
                           self->outgoing_.pop_front();
                           self->writeNext();
                           if (self->silent_) self->closeWhenFlushed();
                         });
  }

  void closeWhenFlushed() {
    if (writing_ || closeStarted_ || phase_ != Phase::open) return;
    closeStarted_ = true;
    stream_->async_close(websocket::close_code::normal,
                         [self = this->shared_from_this()](beast::error_code) { self->abandon(); });
  }

  void setDeadline(base::Duration after) {
    const std::uint64_t generation = ++deadlineGeneration_;
    deadline_.expires_after(after);
    deadline_.async_wait([weak = this->weak_from_this(), generation](beast::error_code error) {
      const auto self = weak.lock();
      if (!self || error || generation != self->deadlineGeneration_) return;
      self->finish(ErrorCode::timeout, std::string("timed out while ") + describe(self->phase_));
    });
  }

  void finishBy(beast::error_code error) {
    if (error == websocket::error::closed) {
      const auto& reason = stream_->reason();
      std::string detail = "closed by the remote with code " + std::to_string(reason.code);
      if (!reason.reason.empty()) detail += " (" + std::string(reason.reason.data(), reason.reason.size()) + ")";
      finish(ErrorCode::unavailable, std::move(detail));
    } else if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow) {
      finish(ErrorCode::limitExceeded,
             "a message of more than " + std::to_string(setup_.options.maxMessageBytes) + " bytes");
    } else if (error == beast::error::timeout) {
      finish(ErrorCode::timeout,
             "nothing was heard for " + std::to_string(base::toMilliseconds(setup_.options.idleTimeout)) + " ms");
    } else if (error == websocket::condition::protocol_violation) {
      finish(ErrorCode::malformed, "the remote does not keep to RFC 6455 (" + error.message() + ")");
    } else if (error == websocket::condition::handshake_failed || phase_ == Phase::upgrading) {
      finish(ErrorCode::unavailable, "no WebSocket (" + error.message() + ")");
    } else {
      finish(ErrorCode::unavailable, "the connection broke (" + error.message() + ")");
    }
  }

  void finish(ErrorCode code, std::string what) {
    if (phase_ == Phase::done) return;
    const auto onClosed = std::move(setup_.listener.onClosed);
    abandon();
    if (!silent_ && onClosed) onClosed(Error{code, "tracker " + setup_.name + ": " + std::move(what)});
  }

  /// Ends all that is under way; the handlers that still come find that it is done.
  void abandon() {
    phase_ = Phase::done;
    ++deadlineGeneration_;
    deadline_.cancel();
    if (dialer_) std::exchange(dialer_, nullptr)->cancel();
    if (!stream_) return;
    beast::error_code ignored;
    beast::get_lowest_layer(*stream_).close(ignored);
  }

  asio::io_context& loop_;
  SessionSetup setup_;
  std::shared_ptr<asio::ssl::context> tls_;
  asio::steady_timer deadline_;
  std::uint64_t deadlineGeneration_ = 0;
  std::shared_ptr<Dialer> dialer_;
  std::optional<Stream> stream_;
  websocket::response_type response_;
  beast::flat_buffer incoming_;
  std::deque<std::string> outgoing_;  // its front is on its way while writing_
  std::size_t queuedBytes_ = 0;
  Phase phase_ = Phase::resolving;
  bool writing_ = false;
  bool closeStarted_ = false;
  bool silent_ = false;   // close() was called
  bool failing_ = false;  // our own refusal is on its way
};

}  // namespace

std::shared_ptr<SocketSession> makeSocketSession(asio::io_context& loop, SessionSetup setup,
                                                 std::shared_ptr<asio::ssl::context> tls) {
  if (setup.url.tls) return std::make_shared<Session<TlsStream>>(loop, std::move(setup), std::move(tls));
  return std::make_shared<Session<PlainStream>>(loop, std::move(setup), nullptr);
}

}  // namespace p2pml::native
