#include "platform/sim/sim_http_port.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace p2pml::sim {

namespace {

/// What comes back through the pipe.
enum Tag : std::uint32_t { kHead, kBody, kEnd, kCut };

/// Bodies arrive in pieces of this size, as they do from real sockets; with a coarser grain of sharing in pieces of
/// that, and over a slow line as they come.
constexpr std::size_t kPieceBytes = 32 * 1024;
constexpr int kMaxRedirects = 10;

/// "bytes 90-99/100" or "bytes 90-99/*"; fields stay empty where the header does not tell.
void parseContentRange(std::string_view text, engine::input::HttpHead& head) {
  if (!text.starts_with("bytes ")) return;
  text.remove_prefix(6);
  const auto dash = text.find('-');
  const auto slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return;
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + dash, value).ptr == text.data() + dash) head.rangeStart = value;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data() + slash + 1, end, value).ptr == end) head.rangeTotal = value;
}

}  // namespace

struct SimHttpPort::Exchange {
  base::RequestId id;
  driver::HttpRequest what;
  std::string url;  ///< asked now: the request's, or where it was redirected to
  int redirects = 0;
  HttpReply reply;
  std::shared_ptr<Pipe> pipe;
  std::uint64_t counted = 0;  ///< body bytes, at the origin
  EventQueue::Handle timer;
  EventQueue::Handle timeout;
  bool over = false;
};

SimHttpPort::SimHttpPort(Network& network, Web& web, NodeId node, driver::EventSink sink)
    : network_(network), web_(web), node_(node), sink_(std::make_shared<driver::EventSink>(std::move(sink))) {}

SimHttpPort::~SimHttpPort() {
  while (!exchanges_.empty()) cancel(exchanges_.begin()->first);
}

void SimHttpPort::start(base::RequestId request, driver::HttpRequest what) {
  auto exchange = std::make_shared<Exchange>();
  exchange->id = request;
  exchange->what = std::move(what);
  exchanges_[request] = exchange;
  if (exchange->what.timeout) {
    exchange->timeout = network_.events().after(*exchange->what.timeout, [this, exchange] {
      failLater(exchange, base::Duration(0), {base::ErrorCode::timeout, exchange->what.url + ": timed out"});
    });
  }
  ask(exchange, exchange->what.url);
}

void SimHttpPort::cancel(base::RequestId request) {
  const auto found = exchanges_.find(request);
  if (found == exchanges_.end()) return;
  const auto exchange = found->second;
  exchanges_.erase(found);
  exchange->over = true;
  network_.events().cancel(exchange->timer);
  network_.events().cancel(exchange->timeout);
  if (exchange->pipe) exchange->pipe->close();
}

/// Ends the exchange with its last event.
void SimHttpPort::finish(const std::shared_ptr<Exchange>& exchange, engine::Input last) {
  if (exchange->over) return;
  cancel(exchange->id);
  deliver(std::move(last));
}

void SimHttpPort::failLater(const std::shared_ptr<Exchange>& exchange, base::Duration delay, base::Error error) {
  network_.events().cancel(exchange->timer);
  exchange->timer = network_.events().after(delay, [this, exchange, error = std::move(error)] {
    finish(exchange, engine::input::HttpFailed{exchange->id, error});
  });
}

void SimHttpPort::ask(const std::shared_ptr<Exchange>& exchange, std::string url) {
  exchange->url = std::move(url);
  exchange->counted = 0;
  const auto parts = splitUrl(exchange->url, "http");
  const auto secure = splitUrl(exchange->url, "https");
  if (!parts && !secure) {
    failLater(exchange, base::Duration(0),
              {base::ErrorCode::unavailable, "'" + exchange->url + "': not an http or https URL"});
    return;
  }
  const UrlParts& at = parts ? *parts : *secure;
  SimOrigin* origin = web_.origin(at.host);
  if (origin == nullptr) {
    failLater(exchange, base::Duration(0), {base::ErrorCode::unavailable, exchange->url + ": no such host"});
    return;
  }
  HttpAsk what{exchange->url, std::string(at.path), std::nullopt, exchange->what.headers, node_, {}};
  for (const auto& header : what.headers) {
    if (header.name == "Range") what.range = header.value;
  }
  network_.signal(node_, origin->node(), [this, exchange, origin, what = std::move(what)]() mutable {
    if (exchange->over) return;
    what.now = network_.events().now();
    const base::Duration back = network_.latency(origin->node(), node_);
    HttpReply reply;
    reply.refuse = !origin->up;
    if (origin->up) reply = origin->answer(what);
    if (reply.refuse) {
      failLater(exchange, back, {base::ErrorCode::unavailable, exchange->url + ": connection refused"});
      return;
    }
    if (reply.silent) return;
    exchange->reply = std::move(reply);
    exchange->pipe =
        network_.openPipe(origin->node(), node_,
                          {[this, exchange](Pipe::Message message) { onArrived(exchange, std::move(message)); },
                           [exchange, origin, client = node_](std::uint64_t total) {
                             origin->countBytes(exchange->url, client, total - exchange->counted);
                             exchange->counted = total;
                           }});
    exchange->pipe->limitRate(exchange->reply.bytesPerSecond);
    exchange->timer = network_.events().after(exchange->reply.thinking, [exchange, piece = pieceBytes(origin->node())] {
      const HttpReply& told = exchange->reply;
      exchange->pipe->send({kHead, {}});
      std::uint64_t length = told.body.size();
      if (told.cutAfter) length = std::min(length, *told.cutAfter);
      if (told.stallAfter) length = std::min(length, *told.stallAfter);
      for (std::uint64_t offset = 0; offset < length; offset += piece) {
        exchange->pipe->send({kBody, told.body.slice(offset, std::min(piece, length - offset))});
      }
      if (told.stallAfter) return;
      exchange->pipe->send({told.cutAfter ? kCut : kEnd, {}});
    });
  });
}

std::uint64_t SimHttpPort::pieceBytes(NodeId origin) const {
  const std::uint64_t grain = network_.grain(origin, node_);
  return grain < network_.chunkBytes() ? grain : std::max<std::uint64_t>(kPieceBytes, grain);
}

void SimHttpPort::onHead(const std::shared_ptr<Exchange>& exchange) {
  const HttpReply& reply = exchange->reply;
  if (!reply.redirectTo.empty() && exchange->what.followRedirects && reply.status >= 300 && reply.status < 400) {
    if (++exchange->redirects > kMaxRedirects) {
      finish(exchange, engine::input::HttpFailed{
                           exchange->id, {base::ErrorCode::unavailable, exchange->what.url + ": too many redirects"}});
      return;
    }
    const auto old = std::move(exchange->pipe);
    old->close();
    ask(exchange, reply.redirectTo);
    return;
  }
  engine::input::HttpHead head;
  head.request = exchange->id;
  head.status = reply.status;
  if (reply.tellLength && !reply.contentEncoded) head.contentLength = reply.body.size();
  head.acceptsRanges = reply.acceptRanges;
  if (reply.status == 206) parseContentRange(reply.contentRange, head);
  head.requestUrl = exchange->what.url;
  head.responseUrl = exchange->url;
  deliver(std::move(head));
}

void SimHttpPort::onArrived(const std::shared_ptr<Exchange>& exchange, Pipe::Message message) {
  switch (message.tag) {
    case kHead: onHead(exchange); return;
    case kBody: deliver(engine::input::HttpData{exchange->id, std::move(message.data)}); return;
    case kEnd: finish(exchange, engine::input::HttpDone{exchange->id}); return;
    default:
      finish(exchange, engine::input::HttpFailed{exchange->id,
                                                 {base::ErrorCode::unavailable, exchange->url + ": connection reset"}});
  }
}

}  // namespace p2pml::sim
