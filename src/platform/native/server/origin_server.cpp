#include "platform/native/server/origin_server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <limits>
#include <utility>
#include <variant>

#include "platform/native/server/http_range.hpp"
#include "platform/native/server/listener.hpp"

namespace p2pml::native {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
/// Of a body in one write: small enough that a reader who takes nothing is noticed by the timeout of a piece.
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kPacedPieceBytes = 16 * 1024;

std::string_view toView(beast::string_view text) { return {text.data(), text.size()}; }

std::chrono::microseconds toChrono(base::Duration duration) { return std::chrono::microseconds(duration.count()); }

std::string reasonOf(unsigned status) {
  return std::string(toView(http::obsolete_reason(http::int_to_status(status))));
}

OriginRequest toRequest(const http::request<http::string_body>& from, std::uint64_t connection) {
  OriginRequest request;
  request.connection = connection;
  request.method = toView(from.method_string());
  std::string_view target = toView(from.target());
  if (const std::size_t mark = target.find('?'); mark != std::string_view::npos) {
    request.query = target.substr(mark + 1);
    target = target.substr(0, mark);
  }
  constexpr std::string_view kClientPrefix = "/t/";
  if (target.starts_with(kClientPrefix)) {
    const std::size_t end = target.find('/', kClientPrefix.size());
    if (end != std::string_view::npos) {
      request.clientId = target.substr(kClientPrefix.size(), end - kClientPrefix.size());
      target = target.substr(end);
    }
  }
  request.path = target;
  for (const auto& field : from) request.headers.emplace_back(toView(field.name_string()), toView(field.value()));
  return request;
}

}  // namespace

std::string_view OriginRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (beast::iequals(beast::string_view(key), beast::string_view(name.data(), name.size()))) return value;
  }
  return {};
}

std::optional<std::string_view> OriginRequest::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view item = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const std::size_t equals = item.find('=');
    if (equals != std::string_view::npos && item.substr(0, equals) == name) return item.substr(equals + 1);
  }
  return std::nullopt;
}

OriginResponse statusResponse(unsigned status) {
  OriginResponse response;
  response.status = status;
  response.contentType = "text/plain";
  response.body = base::Bytes::adopt(std::to_string(status) + " " + reasonOf(status) + "\n");
  return response;
}

OriginResponse redirectResponse(unsigned status, std::string location) {
  OriginResponse response = statusResponse(status);
  response.headers.emplace_back("Location", std::move(location));
  return response;
}

// ------------------------------------------------------------------------------------------------------------- server

class OriginConnection;

class OriginServer::Impl final : public std::enable_shared_from_this<Impl> {
 public:
  Impl(OriginServerOptions options, OriginHandler handler)
      : options_(std::move(options)), handler_(std::move(handler)) {}

  base::Result<void> start(asio::io_context& loop);
  void onSocket(asio::ip::tcp::socket socket);
  void gone(std::uint64_t id) { connections_.erase(id); }
  void stop();

  /// The counters this request goes to: all, and those of its path and client while there is room for names.
  std::vector<OriginTraffic*> countersOf(const OriginRequest& request) {
    std::vector<OriginTraffic*> result{&traffic_};
    const auto add = [&](std::map<std::string, OriginTraffic>& by, const std::string& name) {
      const auto found = by.find(name);
      if (found != by.end()) {
        result.push_back(&found->second);
      } else if (by.size() < options_.maxCountedNames) {
        result.push_back(&by[name]);
      }
    };
    add(byPath_, request.path);
    if (!request.clientId.empty()) add(byClient_, request.clientId);
    return result;
  }

  [[nodiscard]] const OriginServerOptions& options() const { return options_; }
  [[nodiscard]] OriginResponse handle(const OriginRequest& request) const { return handler_(request); }
  [[nodiscard]] const Endpoint& endpoint() const { return listener_->endpoint(); }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }
  [[nodiscard]] const OriginTraffic& traffic() const { return traffic_; }
  [[nodiscard]] const std::map<std::string, OriginTraffic>& byPath() const { return byPath_; }
  [[nodiscard]] const std::map<std::string, OriginTraffic>& byClient() const { return byClient_; }

 private:
  OriginServerOptions options_;
  OriginHandler handler_;
  std::shared_ptr<Listener> listener_;
  std::map<std::uint64_t, std::shared_ptr<OriginConnection>> connections_;
  std::uint64_t lastConnection_ = 0;
  OriginTraffic traffic_;
  std::map<std::string, OriginTraffic> byPath_;
  std::map<std::string, OriginTraffic> byClient_;
};

/// One TCP connection: reads a request, asks the handler, writes the answer piece by piece, again.
class OriginConnection final : public std::enable_shared_from_this<OriginConnection> {
 public:
  OriginConnection(std::weak_ptr<OriginServer::Impl> server, std::uint64_t id, asio::ip::tcp::socket socket)
      : server_(std::move(server)), id_(id), stream_(std::move(socket)), timer_(stream_.get_executor()) {}

  void start() { readRequest(); }

  /// At once; nothing is called back from inside.
  void cut() {
    if (isCut_) return;
    isCut_ = true;
    error_code ignored;
    stream_.socket().close(ignored);
    timer_.cancel();
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      if (const auto server = self->server_.lock()) server->gone(self->id_);
    });
  }

 private:
  void armTimeout(const OriginServer::Impl& server) { stream_.expires_after(toChrono(server.options().idleTimeout)); }

  void readRequest() {
    const auto server = server_.lock();
    if (!server) return cut();
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(kMaxHeaderBytes);
    armTimeout(*server);
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
    const OriginRequest request = toRequest(from, id_);
    counters_ = server->countersOf(request);
    for (OriginTraffic* counter : counters_) ++counter->requests;
    keepAlive_ = from.keep_alive();
    isHead_ = from.method() == http::verb::head;
    answer(request, from.method(), *server);
  }

  void answer(const OriginRequest& request, http::verb method, OriginServer::Impl& server) {
    if (method == http::verb::options) {
      response_ = OriginResponse{.status = 204, .contentType = ""};
      response_.headers = {{"Access-Control-Allow-Methods", "GET, HEAD"}, {"Access-Control-Allow-Headers", "*"}};
    } else if (method != http::verb::get && method != http::verb::head) {
      response_ = statusResponse(405);
      response_.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    } else {
      response_ = server.handle(request);
    }
    body_ = response_.body;
    position_ = 0;
    stalled_ = false;
    applyRange(request);
    makeHead();
    if (response_.faults.headDelay > base::Duration::zero()) {
      return wait(response_.faults.headDelay, [](OriginConnection& self) { self.writeHead(); });
    }
    writeHead();
  }

  /// RFC 9110 section 14. A conditional range (If-Range) is not one: we give no validators, so its condition is false
  /// (13.1.5).
  void applyRange(const OriginRequest& request) {
    if (response_.status != 200 || !response_.ranges) return;
    response_.headers.emplace_back("Accept-Ranges", "bytes");
    if (isHead_ || !request.header("If-Range").empty()) return;
    const std::string size = std::to_string(body_.size());
    const auto range = parseRange(request.header("Range"), body_.size());
    if (const auto* some = std::get_if<ByteRange>(&range)) {
      response_.status = 206;
      response_.headers.emplace_back(
          "Content-Range", "bytes " + std::to_string(some->first) + "-" + std::to_string(some->last) + "/" + size);
      body_ =
          body_.slice(static_cast<std::size_t>(some->first), static_cast<std::size_t>(some->last - some->first + 1));
    } else if (std::holds_alternative<Unsatisfiable>(range)) {
      const OriginFaults faults = response_.faults;
      response_ = statusResponse(416);
      response_.faults = faults;
      response_.headers.emplace_back("Content-Range", "bytes */" + size);
      body_ = response_.body;
    }
  }

  void makeHead() {
    head_ = "HTTP/1.1 " + std::to_string(response_.status) + " " + reasonOf(response_.status) + "\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
      head_.append(name).append(": ").append(value).append("\r\n");
    };
    for (const auto& [name, value] : response_.headers) add(name, value);
    if (!response_.contentType.empty()) add("Content-Type", response_.contentType);
    const bool hasBody = response_.status != 204 && response_.status != 304;
    isChunked_ = response_.faults.chunked && hasBody && parser_->get().version() >= 11;
    if (isChunked_) {
      add("Transfer-Encoding", "chunked");
    } else if (hasBody) {
      add("Content-Length", std::to_string(body_.size()));
    }
    add("Access-Control-Allow-Origin", "*");
    add("Access-Control-Expose-Headers", "Content-Length, Content-Range");
    add("Connection", keepAlive_ ? "keep-alive" : "close");
    head_ += "\r\n";
    hasBody_ = hasBody && !isHead_;
  }

  void writeHead() {
    const auto server = server_.lock();
    if (!server) return cut();
    if (hasBody_ && !pausesAt(0) && response_.faults.bytesPerSecond == 0) return writePiece(std::move(head_));
    armTimeout(*server);
    asio::async_write(stream_, asio::buffer(head_), [self = shared_from_this()](error_code failed, std::size_t) {
      if (self->isCut_) return;
      if (failed) return self->cut();
      self->hasBody_ ? self->goOn() : self->finish();
    });
  }

  [[nodiscard]] bool pausesAt(std::size_t position) const {
    return response_.faults.closeAfter == position || (response_.faults.stallAfter == position && !stalled_);
  }

  void goOn() {
    const OriginFaults& faults = response_.faults;
    if (faults.closeAfter == position_) return abort();
    if (faults.stallAfter == position_ && !stalled_) {
      stalled_ = true;
      return wait(faults.stallFor, [](OriginConnection& self) { self.goOn(); });
    }
    writePiece({});
  }

  /// Writes `before` and the next piece of the body, up to where something is to happen.
  void writePiece(std::string before) {
    const auto server = server_.lock();
    if (!server) return cut();
    const OriginFaults& faults = response_.faults;
    std::size_t end = body_.size();
    if (faults.closeAfter && *faults.closeAfter > position_) end = std::min(end, *faults.closeAfter);
    if (faults.stallAfter && *faults.stallAfter > position_) end = std::min(end, *faults.stallAfter);
    end = std::min(end, position_ + (faults.bytesPerSecond == 0 ? kPieceBytes : kPacedPieceBytes));
    const base::Bytes piece = body_.slice(position_, end - position_);
    const bool isLast = end == body_.size();

    head_ = std::move(before);
    tail_.clear();
    if (isChunked_) {
      if (!piece.empty()) {
        std::array<char, 24> size{};
        std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
        head_ += size.data();
        tail_ = "\r\n";
      }
      if (isLast && faults.closeAfter != end) tail_ += "0\r\n\r\n";
    }
    const std::array<asio::const_buffer, 3> buffers{asio::buffer(head_), asio::buffer(piece.data(), piece.size()),
                                                    asio::buffer(tail_)};
    armTimeout(*server);
    asio::async_write(stream_, buffers, [self = shared_from_this(), piece](error_code failed, std::size_t written) {
      const std::size_t framing = std::min(written, self->head_.size());
      self->countBody(std::min(written - framing, piece.size()));
      if (self->isCut_) return;
      if (failed) return self->abort();
      self->position_ += piece.size();
      self->afterPiece(piece.size());
    });
  }

  void afterPiece(std::size_t size) {
    const OriginFaults& faults = response_.faults;
    if (faults.closeAfter == position_) return abort();
    if (position_ == body_.size()) return finish();
    if (faults.bytesPerSecond == 0) return goOn();
    const auto pause = static_cast<std::int64_t>(size * 1'000'000 / faults.bytesPerSecond);
    wait(base::Duration(pause), [](OriginConnection& self) { self.goOn(); });
  }

  void countBody(std::size_t bytes) {
    if (server_.expired()) return;
    for (OriginTraffic* counter : counters_) counter->bodyBytes += bytes;
  }

  void abort() {
    if (!server_.expired()) {
      for (OriginTraffic* counter : counters_) ++counter->cutBodies;
    }
    cut();
  }

  void finish() {
    body_ = {};
    response_ = {};
    counters_.clear();
    if (!keepAlive_) {
      error_code ignored;
      stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
      return cut();
    }
    readRequest();
  }

  void wait(base::Duration duration, void (*then)(OriginConnection&)) {
    stream_.expires_never();
    timer_.expires_after(toChrono(duration));
    timer_.async_wait([self = shared_from_this(), then](error_code cancelled) {
      if (!cancelled && !self->isCut_) then(*self);
    });
  }

  std::weak_ptr<OriginServer::Impl> server_;
  std::uint64_t id_;
  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::vector<OriginTraffic*> counters_;  // in the server: touched only while it lives
  OriginResponse response_;
  base::Bytes body_;  // what is to be sent, after Range
  std::string head_;  // the bytes before the piece being written: the head, the size of a chunk
  std::string tail_;  // the bytes after it
  std::size_t position_ = 0;
  bool keepAlive_ = false;
  bool isHead_ = false;
  bool hasBody_ = false;
  bool isChunked_ = false;
  bool stalled_ = false;
  bool isCut_ = false;
};

base::Result<void> OriginServer::Impl::start(asio::io_context& loop) {
  auto listener = Listener::open(loop, options_.listen, [weak = weak_from_this()](asio::ip::tcp::socket socket) {
    if (const auto self = weak.lock()) self->onSocket(std::move(socket));
  });
  if (!listener) return std::unexpected(std::move(listener.error()));
  listener_ = *std::move(listener);
  return {};
}

void OriginServer::Impl::onSocket(asio::ip::tcp::socket socket) {
  if (connections_.size() >= options_.maxConnections) return;  // the socket closes itself
  const std::uint64_t id = ++lastConnection_;
  const auto connection = std::make_shared<OriginConnection>(weak_from_this(), id, std::move(socket));
  connections_.emplace(id, connection);
  connection->start();
}

void OriginServer::Impl::stop() {
  if (listener_) listener_->close();
  std::vector<std::shared_ptr<OriginConnection>> present;
  for (const auto& [id, connection] : connections_) present.push_back(connection);
  for (const auto& connection : present) connection->cut();
}

base::Result<std::unique_ptr<OriginServer>> OriginServer::start(asio::io_context& loop, OriginServerOptions options,
                                                                OriginHandler handler) {
  auto impl = std::make_shared<Impl>(std::move(options), std::move(handler));
  if (auto started = impl->start(loop); !started) return std::unexpected(std::move(started.error()));
  return std::unique_ptr<OriginServer>(new OriginServer(std::move(impl)));
}

OriginServer::OriginServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
OriginServer::~OriginServer() { impl_->stop(); }

const Endpoint& OriginServer::endpoint() const { return impl_->endpoint(); }
std::string OriginServer::url() const { return "http://" + toString(endpoint()); }
const OriginTraffic& OriginServer::traffic() const { return impl_->traffic(); }
const std::map<std::string, OriginTraffic>& OriginServer::trafficByPath() const { return impl_->byPath(); }
const std::map<std::string, OriginTraffic>& OriginServer::trafficByClient() const { return impl_->byClient(); }
std::size_t OriginServer::connections() const { return impl_->connections(); }
void OriginServer::stop() { impl_->stop(); }

}  // namespace p2pml::native
