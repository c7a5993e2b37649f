#include "platform/native/server/origin_server.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <chrono>
#include <utility>
#include <variant>

#include "platform/native/server/http_range.hpp"
#include "platform/native/server/http_server.hpp"

namespace p2pml::native {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

/// Of a body in one write: small enough that a reader who takes nothing is noticed by the timeout of a piece.
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kPacedPieceBytes = 16 * 1024;

std::chrono::microseconds toChrono(base::Duration duration) { return std::chrono::microseconds(duration.count()); }

std::string reasonOf(unsigned status) {
  const auto reason = http::obsolete_reason(http::int_to_status(status));
  return {reason.data(), reason.size()};
}

OriginRequest toRequest(HttpServerRequest&& from) {
  OriginRequest request;
  request.connection = from.connection;
  request.method = std::move(from.method);
  request.headers = std::move(from.headers);
  std::string_view target = from.target;
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

class OriginServer::Impl final : public HttpServerHandler, public std::enable_shared_from_this<Impl> {
 public:
  Impl(OriginServerOptions options, OriginHandler handler)
      : options_(std::move(options)), handler_(std::move(handler)) {}

  base::Result<void> start(asio::io_context& loop);
  void stop();

  void onRequest(HttpServerRequest request) override;
  void onDrained(std::uint64_t exchange, std::uint64_t bytes) override;
  void onGone(std::uint64_t exchange) override;

  [[nodiscard]] const Endpoint& endpoint() const { return server_->endpoint(); }
  [[nodiscard]] std::size_t connections() const { return server_->connections(); }
  [[nodiscard]] const OriginTraffic& traffic() const { return traffic_; }
  [[nodiscard]] const std::map<std::string, OriginTraffic>& byPath() const { return byPath_; }
  [[nodiscard]] const std::map<std::string, OriginTraffic>& byClient() const { return byClient_; }

 private:
  /// An answer on its way.
  struct Answer {
    Answer(std::uint64_t number, asio::io_context& loop) : exchange(number), timer(loop) {}

    std::uint64_t exchange;
    asio::steady_timer timer;
    OriginResponse response;
    base::Bytes body;           ///< what is to be sent, after Range
    std::size_t handed = 0;     ///< of it, to the server
    std::size_t lastPiece = 0;  ///< of that, the newest piece
    std::uint64_t drained = 0;  ///< of it, with the network
    bool isHead = false;
    bool stalled = false;
    std::vector<OriginTraffic*> counters;
  };

  std::vector<OriginTraffic*> countersOf(const OriginRequest& request);
  OriginResponse respond(const OriginRequest& request) const;
  static void applyRange(const OriginRequest& request, Answer& answer);
  void writeHead(Answer& answer);
  void goOn(Answer& answer);
  void writePiece(Answer& answer);
  void afterPiece(Answer& answer);
  void abort(Answer& answer);
  void finish(Answer& answer);
  void wait(Answer& answer, base::Duration duration, void (Impl::*then)(Answer&));

  OriginServerOptions options_;
  OriginHandler handler_;
  asio::io_context* loop_ = nullptr;
  std::unique_ptr<HttpServer> server_;
  std::map<std::uint64_t, Answer> answers_;
  OriginTraffic traffic_;
  std::map<std::string, OriginTraffic> byPath_;
  std::map<std::string, OriginTraffic> byClient_;
};

base::Result<void> OriginServer::Impl::start(asio::io_context& loop) {
  loop_ = &loop;
  auto server = HttpServer::start(loop,
                                  {.listen = options_.listen,
                                   .maxConnections = options_.maxConnections,
                                   .idleTimeout = options_.idleTimeout,
                                   .readerTimeout = options_.idleTimeout},
                                  *this);
  if (!server) return std::unexpected(std::move(server.error()));
  server_ = *std::move(server);
  return {};
}

void OriginServer::Impl::stop() {
  server_->stop();
  answers_.clear();
}

/// All, and those of its path and client while there is room for names.
std::vector<OriginTraffic*> OriginServer::Impl::countersOf(const OriginRequest& request) {
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

void OriginServer::Impl::onRequest(HttpServerRequest from) {
  Answer& answer = answers_.try_emplace(from.exchange, from.exchange, *loop_).first->second;
  const OriginRequest request = toRequest(std::move(from));
  answer.counters = countersOf(request);
  for (OriginTraffic* counter : answer.counters) ++counter->requests;
  answer.isHead = request.method == "HEAD";
  answer.response = respond(request);
  answer.body = answer.response.body;
  applyRange(request, answer);
  if (answer.response.faults.headDelay > base::Duration::zero()) {
    return wait(answer, answer.response.faults.headDelay, &Impl::writeHead);
  }
  writeHead(answer);
}

OriginResponse OriginServer::Impl::respond(const OriginRequest& request) const {
  if (request.method == "GET" || request.method == "HEAD") return handler_(request);
  OriginResponse response;
  if (request.method == "OPTIONS") {
    response = OriginResponse{.status = 204, .contentType = ""};
    response.headers = {{"Access-Control-Allow-Methods", "GET, HEAD"}, {"Access-Control-Allow-Headers", "*"}};
  } else {
    response = statusResponse(405);
    response.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
  }
  return response;
}

/// RFC 9110 section 14. A conditional range (If-Range) is not one: we give no validators, so its condition is false
/// (13.1.5).
void OriginServer::Impl::applyRange(const OriginRequest& request, Answer& answer) {
  OriginResponse& response = answer.response;
  if (response.status != 200 || !response.ranges) return;
  response.headers.emplace_back("Accept-Ranges", "bytes");
  if (answer.isHead || !request.header("If-Range").empty()) return;
  const std::string size = std::to_string(answer.body.size());
  const auto range = parseRange(request.header("Range"), answer.body.size());
  if (const auto* some = std::get_if<ByteRange>(&range)) {
    response.status = 206;
    response.headers.emplace_back(
        "Content-Range", "bytes " + std::to_string(some->first) + "-" + std::to_string(some->last) + "/" + size);
    answer.body = answer.body.slice(static_cast<std::size_t>(some->first),
                                    static_cast<std::size_t>(some->last - some->first + 1));
  } else if (std::holds_alternative<Unsatisfiable>(range)) {
    const OriginFaults faults = response.faults;
    response = statusResponse(416);
    response.faults = faults;
    response.headers.emplace_back("Content-Range", "bytes */" + size);
    answer.body = response.body;
  }
}

void OriginServer::Impl::writeHead(Answer& answer) {
  OriginResponse& response = answer.response;
  if (!response.contentType.empty()) response.headers.emplace_back("Content-Type", response.contentType);
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("Access-Control-Expose-Headers", "Content-Length, Content-Range");
  std::optional<std::uint64_t> length;
  if (!response.faults.chunked) length = answer.body.size();
  server_->head(answer.exchange, static_cast<int>(response.status), response.headers, length);
  if (answer.isHead || response.status == 204 || response.status == 304) return finish(answer);
  // What happens before the first byte happens when the head has left: onDrained().
  const OriginFaults& faults = response.faults;
  if (faults.closeAfter != 0U && faults.stallAfter != 0U) goOn(answer);
}

void OriginServer::Impl::goOn(Answer& answer) {
  const OriginFaults& faults = answer.response.faults;
  if (faults.stallAfter == answer.handed && !answer.stalled) {
    answer.stalled = true;
    return wait(answer, faults.stallFor, &Impl::goOn);
  }
  writePiece(answer);
}

/// The next piece of the body, up to where something is to happen.
void OriginServer::Impl::writePiece(Answer& answer) {
  const OriginFaults& faults = answer.response.faults;
  std::size_t end = answer.body.size();
  if (end == 0) return finish(answer);
  if (faults.closeAfter && *faults.closeAfter > answer.handed) end = std::min(end, *faults.closeAfter);
  if (faults.stallAfter && *faults.stallAfter > answer.handed) end = std::min(end, *faults.stallAfter);
  end = std::min(end, answer.handed + (faults.bytesPerSecond == 0 ? kPieceBytes : kPacedPieceBytes));
  answer.lastPiece = end - answer.handed;
  const base::Bytes piece = answer.body.slice(answer.handed, answer.lastPiece);
  answer.handed = end;
  server_->body(answer.exchange, piece);
}

void OriginServer::Impl::onDrained(std::uint64_t exchange, std::uint64_t bytes) {
  const auto found = answers_.find(exchange);
  if (found == answers_.end()) return;
  Answer& answer = found->second;
  for (OriginTraffic* counter : answer.counters) counter->bodyBytes += bytes - answer.drained;
  answer.drained = bytes;
  if (answer.drained == answer.handed) afterPiece(answer);
}

void OriginServer::Impl::afterPiece(Answer& answer) {
  const OriginFaults& faults = answer.response.faults;
  if (faults.closeAfter == answer.handed) return abort(answer);
  if (answer.handed == answer.body.size()) return finish(answer);
  if (faults.bytesPerSecond == 0) return goOn(answer);
  const auto pause = static_cast<std::int64_t>(answer.lastPiece * 1'000'000 / faults.bytesPerSecond);
  wait(answer, base::Duration(pause), &Impl::goOn);
}

void OriginServer::Impl::abort(Answer& answer) {
  server_->cut(answer.exchange);
  onGone(answer.exchange);
}

void OriginServer::Impl::onGone(std::uint64_t exchange) {
  const auto found = answers_.find(exchange);
  if (found == answers_.end()) return;
  for (OriginTraffic* counter : found->second.counters) ++counter->cutBodies;
  answers_.erase(found);
}

void OriginServer::Impl::finish(Answer& answer) {
  const std::uint64_t exchange = answer.exchange;
  answers_.erase(exchange);
  server_->end(exchange);
}

void OriginServer::Impl::wait(Answer& answer, base::Duration duration, void (Impl::*then)(Answer&)) {
  answer.timer.expires_after(toChrono(duration));
  answer.timer.async_wait(
      [weak = weak_from_this(), exchange = answer.exchange, then](const boost::system::error_code& cancelled) {
        const auto self = weak.lock();
        if (cancelled || !self) return;
        const auto found = self->answers_.find(exchange);
        if (found != self->answers_.end()) (*self.*then)(found->second);
      });
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
