#include "platform/native/server/http_server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <variant>

#include "platform/native/server/listener.hpp"

namespace p2pml::native {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kMaxHeaderBytes = 32 * 1024;
/// In one write: enough to be quick, so little that a reader's progress is noticed.
constexpr std::size_t kMaxWriteBytes = 256 * 1024;
constexpr std::size_t kMaxWriteBuffers = 16;

std::string_view toView(beast::string_view text) { return {text.data(), text.size()}; }
std::chrono::microseconds toChrono(base::Duration duration) { return std::chrono::microseconds(duration.count()); }

}  // namespace

class HttpConnection;

class HttpServer::Impl final : public std::enable_shared_from_this<Impl> {
 public:
  Impl(HttpServerOptions options, HttpServerHandler& handler) : options_(std::move(options)), handler_(&handler) {}

  base::Result<void> start(asio::io_context& loop);
  void onSocket(asio::ip::tcp::socket socket);
  void stop();
  void gone(std::uint64_t connection) { connections_.erase(connection); }

  std::uint64_t open(std::shared_ptr<HttpConnection> connection) {
    exchanges_[++lastExchange_] = std::move(connection);
    return lastExchange_;
  }
  void close(std::uint64_t exchange) { exchanges_.erase(exchange); }
  [[nodiscard]] std::shared_ptr<HttpConnection> find(std::uint64_t exchange) const {
    const auto found = exchanges_.find(exchange);
    return found == exchanges_.end() ? nullptr : found->second;
  }

  [[nodiscard]] HttpServerHandler* handler() const { return handler_; }
  [[nodiscard]] const HttpServerOptions& options() const { return options_; }
  [[nodiscard]] const Endpoint& endpoint() const { return listener_->endpoint(); }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  HttpServerOptions options_;
  HttpServerHandler* handler_;
  std::shared_ptr<Listener> listener_;
  std::map<std::uint64_t, std::shared_ptr<HttpConnection>> connections_;
  std::map<std::uint64_t, std::shared_ptr<HttpConnection>> exchanges_;
  std::uint64_t lastConnection_ = 0;
  std::uint64_t lastExchange_ = 0;
};

/// One TCP connection: reads a request, hands it over, writes what is said in answer, again.
class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::weak_ptr<HttpServer::Impl> server, std::uint64_t id, asio::ip::tcp::socket socket)
      : server_(std::move(server)), id_(id), stream_(std::move(socket)) {}

  void start() { readRequest(); }

  void head(int status, const HttpFieldList& fields, std::optional<std::uint64_t> length) {
    const auto reason = toView(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status))));
    std::string text = "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason) + "\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
      // What came from elsewhere must not begin a line of its own.
      if (value.find_first_of("\r\n") == std::string_view::npos) {
        text.append(name).append(": ").append(value).append("\r\n");
      }
    };
    for (const auto& [name, value] : fields) add(name, value);
    const bool bodyless = status == 204 || status == 304;
    if (!bodyless) {
      if (length) {
        add("Content-Length", std::to_string(*length));
      } else if (version11_) {
        chunked_ = true;
        add("Transfer-Encoding", "chunked");
      } else {
        keepAlive_ = false;
      }
    }
    add("Connection", keepAlive_ ? "keep-alive" : "close");
    put(text + "\r\n");
  }

  void body(base::Bytes data) {
    if (isHead_ || data.empty()) return;
    if (chunked_) {
      std::array<char, 24> size{};
      std::snprintf(size.data(), size.size(), "%zx\r\n", data.size());
      queue_.emplace_back(std::string(size.data()));
    }
    queue_.emplace_back(std::move(data));
    if (chunked_) queue_.emplace_back(std::string("\r\n"));
    write();
  }

  void end() {
    if (chunked_ && !isHead_) queue_.emplace_back(std::string("0\r\n\r\n"));
    ended_ = true;
    write();
  }

  /// At once; nothing is called back from inside.
  void cut() {
    if (isCut_) return;
    isCut_ = true;
    error_code ignored;
    stream_.socket().close(ignored);
    queue_.clear();
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      const auto server = self->server_.lock();
      if (!server) return;
      server->gone(self->id_);
      self->closeExchange(*server, /*tell=*/!self->ended_);
    });
  }
  /// The server itself wants it so.
  void cutExchange() {
    ended_ = true;
    cut();
  }

 private:
  void put(std::string text) {
    queue_.emplace_back(std::move(text));
    write();
  }

  void closeExchange(HttpServer::Impl& server, bool tell) {
    const std::uint64_t exchange = std::exchange(exchange_, 0);
    if (exchange == 0) return;
    server.close(exchange);
    if (tell && server.handler() != nullptr) server.handler()->onGone(exchange);
  }

  void readRequest() {
    const auto server = server_.lock();
    if (!server) return cut();
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(kMaxHeaderBytes);
    stream_.expires_after(toChrono(server->options().idleTimeout));
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code failed, std::size_t) {
      if (self->isCut_) return;
      if (failed) return self->cut();
      self->onRequest();
    });
  }

  void onRequest() {
    const auto server = server_.lock();
    if (!server) return cut();
    stream_.expires_never();
    const auto& from = parser_->get();
    HttpServerRequest request;
    request.method = toView(from.method_string());
    request.target = toView(from.target());
    for (const auto& field : from) request.headers.emplace_back(toView(field.name_string()), toView(field.value()));
    keepAlive_ = from.keep_alive();
    version11_ = from.version() >= 11;
    isHead_ = from.method() == http::verb::head;
    chunked_ = false;
    ended_ = false;
    bodyDrained_ = 0;
    exchange_ = server->open(shared_from_this());
    request.exchange = exchange_;
    request.connection = id_;
    watchForEnd();
    // What is answered at once leaves in one write, the head with the body.
    corked_ = true;
    server->handler()->onRequest(std::move(request));
    corked_ = false;
    write();
  }

  /// While the answer is on its way the client says nothing; if its end closes, nobody reads any more.
  void watchForEnd() {
    stream_.socket().async_wait(
        asio::socket_base::wait_read, [self = shared_from_this(), exchange = exchange_](error_code failed) {
          if (failed || self->isCut_ || self->exchange_ != exchange) return;
          char byte = 0;
          const auto there = ::recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
          // One that left with bytes unread has reset the connection.
          if (there == 0 || (there < 0 && errno != EAGAIN && errno != EINTR)) self->cut();
        });
  }

  void write() {
    if (writing_ || corked_ || isCut_) return;
    if (queue_.empty()) {
      if (ended_ && exchange_ != 0) finish();
      return;
    }
    const auto server = server_.lock();
    if (!server) return cut();
    writing_ = true;
    inFlight_.clear();
    std::vector<asio::const_buffer> buffers;
    std::size_t total = 0;
    while (!queue_.empty() && buffers.size() < kMaxWriteBuffers && total < kMaxWriteBytes) {
      Piece& next = queue_.front();
      if (auto* bytes = std::get_if<base::Bytes>(&next); bytes != nullptr && bytes->size() > kMaxWriteBytes) {
        inFlight_.emplace_back(bytes->slice(0, kMaxWriteBytes));
        *bytes = bytes->slice(kMaxWriteBytes);
      } else {
        inFlight_.push_back(std::move(next));
        queue_.pop_front();
      }
      total += sizeOf(inFlight_.back());
    }
    for (const Piece& piece : inFlight_) buffers.push_back(bufferOf(piece));
    stream_.expires_after(toChrono(server->options().readerTimeout));
    asio::async_write(stream_, buffers, [self = shared_from_this()](error_code failed, std::size_t written) {
      self->writing_ = false;
      self->stream_.expires_never();
      self->tellDrained(written);
      if (self->isCut_) return;
      if (failed) return self->cut();
      self->write();
    });
  }

  void tellDrained(std::size_t written) {
    for (const Piece& piece : inFlight_) {
      const std::size_t size = std::min(written, sizeOf(piece));
      if (std::holds_alternative<base::Bytes>(piece)) bodyDrained_ += size;
      written -= size;
    }
    inFlight_.clear();
    const auto server = server_.lock();
    if (server && server->handler() != nullptr && !ended_ && exchange_ != 0) {
      server->handler()->onDrained(exchange_, bodyDrained_);
    }
  }

  void finish() {
    const auto server = server_.lock();
    if (!server) return cut();
    closeExchange(*server, false);
    if (!keepAlive_) {
      error_code ignored;
      stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
      return cut();
    }
    ended_ = false;
    // Ends watchForEnd(), which would take the next request for news of this one.
    stream_.socket().cancel();
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      if (!self->isCut_) self->readRequest();
    });
  }

  using Piece = std::variant<std::string, base::Bytes>;
  static std::size_t sizeOf(const Piece& piece) {
    return std::visit([](const auto& it) { return it.size(); }, piece);
  }
  static asio::const_buffer bufferOf(const Piece& piece) {
    if (const auto* text = std::get_if<std::string>(&piece)) return asio::buffer(*text);
    const auto& bytes = std::get<base::Bytes>(piece);
    return {bytes.data(), bytes.size()};
  }

  std::weak_ptr<HttpServer::Impl> server_;
  std::uint64_t id_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::uint64_t exchange_ = 0;
  std::deque<Piece> queue_;
  std::vector<Piece> inFlight_;
  std::uint64_t bodyDrained_ = 0;
  bool keepAlive_ = false;
  bool version11_ = false;
  bool isHead_ = false;
  bool chunked_ = false;
  bool ended_ = false;
  bool writing_ = false;
  bool corked_ = false;  // the handler is being asked
  bool isCut_ = false;
};

base::Result<void> HttpServer::Impl::start(asio::io_context& loop) {
  auto listener = Listener::open(loop, options_.listen, [weak = weak_from_this()](asio::ip::tcp::socket socket) {
    if (const auto self = weak.lock()) self->onSocket(std::move(socket));
  });
  if (!listener) return std::unexpected(listener.error());
  listener_ = *std::move(listener);
  return {};
}

void HttpServer::Impl::onSocket(asio::ip::tcp::socket socket) {
  if (connections_.size() >= options_.maxConnections) return;
  const std::uint64_t id = ++lastConnection_;
  const auto connection = std::make_shared<HttpConnection>(weak_from_this(), id, std::move(socket));
  connections_[id] = connection;
  connection->start();
}

void HttpServer::Impl::stop() {
  handler_ = nullptr;
  listener_->close();
  exchanges_.clear();
  for (const auto& [id, connection] : std::exchange(connections_, {})) connection->cutExchange();
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { impl_->stop(); }

base::Result<std::unique_ptr<HttpServer>> HttpServer::start(asio::io_context& loop, HttpServerOptions options,
                                                            HttpServerHandler& handler) {
  auto impl = std::make_shared<Impl>(std::move(options), handler);
  if (const auto started = impl->start(loop); !started) return std::unexpected(started.error());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

const Endpoint& HttpServer::endpoint() const { return impl_->endpoint(); }
std::size_t HttpServer::connections() const { return impl_->connections(); }
void HttpServer::stop() { impl_->stop(); }

void HttpServer::head(std::uint64_t exchange, int status, const HttpFieldList& fields,
                      std::optional<std::uint64_t> length) {
  if (const auto connection = impl_->find(exchange)) connection->head(status, fields, length);
}
void HttpServer::body(std::uint64_t exchange, base::Bytes data) {
  if (const auto connection = impl_->find(exchange)) connection->body(std::move(data));
}
void HttpServer::end(std::uint64_t exchange) {
  if (const auto connection = impl_->find(exchange)) connection->end();
}
void HttpServer::cut(std::uint64_t exchange) {
  if (const auto connection = impl_->find(exchange)) connection->cutExchange();
}

}  // namespace p2pml::native
