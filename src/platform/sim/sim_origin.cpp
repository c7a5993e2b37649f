#include "platform/sim/sim_origin.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace p2pml::sim {

namespace {

std::optional<std::uint64_t> wholeNumber(std::string_view text) {
  std::uint64_t value = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || rest != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

HttpReply notFound() {
  HttpReply reply;
  reply.status = 404;
  reply.body = base::Bytes::copyOf("no such thing");
  return reply;
}

}  // namespace

std::optional<UrlParts> splitUrl(std::string_view url, std::string_view scheme) {
  if (!url.starts_with(scheme) || !url.substr(scheme.size()).starts_with("://")) return std::nullopt;
  url.remove_prefix(scheme.size() + 3);
  const auto slash = url.find('/');
  const std::string_view host = url.substr(0, slash);
  if (host.empty() || host.ends_with(":0")) return std::nullopt;
  return UrlParts{host, slash == std::string_view::npos ? std::string_view("/") : url.substr(slash)};
}

SimOrigin* Web::origin(std::string_view host) const {
  const auto found = origins_.find(host);
  return found == origins_.end() ? nullptr : found->second;
}

SimSocketServer* Web::socketServer(std::string_view host) const {
  const auto found = socketServers_.find(host);
  return found == socketServers_.end() ? nullptr : found->second;
}

void SimOrigin::serve(std::string path, base::Bytes body) {
  handle(path, [path, body = std::move(body)](const HttpAsk& ask) {
    if (ask.path != path) return notFound();
    HttpReply reply;
    reply.body = body;
    return reply;
  });
}

void SimOrigin::serveSegments(std::string prefix, std::string suffix, std::string name, std::size_t size) {
  handle(prefix, [this, prefix, suffix = std::move(suffix), name = std::move(name), size](const HttpAsk& ask) {
    std::string_view rest = std::string_view(ask.path).substr(prefix.size());
    if (!rest.ends_with(suffix)) return notFound();
    const auto number = wholeNumber(rest.substr(0, rest.size() - suffix.size()));
    if (!number) return notFound();
    HttpReply reply;
    reply.body = bodies_.get(name, *number, size);
    return reply;
  });
}

SimOrigin::Count SimOrigin::of(const std::string& url) const {
  const auto found = byUrl_.find(url);
  return found == byUrl_.end() ? Count{} : found->second;
}

SimOrigin::Count SimOrigin::of(NodeId client) const {
  const auto found = byClient_.find(client);
  return found == byClient_.end() ? Count{} : found->second;
}

HttpReply SimOrigin::answer(const HttpAsk& ask) {
  ++total_.gets;
  ++byUrl_[ask.url].gets;
  ++byClient_[ask.client].gets;
  if (onAsk) onAsk(ask);

  HttpReply reply = notFound();
  // The longest prefix that fits is the last of those that fit in the order of strings, going backwards from the path
  // itself.
  for (auto at = handlers_.upper_bound(ask.path); at != handlers_.begin();) {
    --at;
    if (std::string_view(ask.path).starts_with(at->first)) {
      reply = at->second(ask);
      break;
    }
  }
  reply.acceptRanges = reply.acceptRanges || supportsRanges;
  if (ask.range && supportsRanges && reply.status == 200) applyRange(*ask.range, reply);

  for (Fault& fault : faults_) {
    if (fault.times && *fault.times == 0) continue;
    if (ask.url.find(fault.urlContains) == std::string::npos) continue;
    if (fault.client && *fault.client != ask.client) continue;
    if (fault.share < 1 && rng_.unit() >= fault.share) continue;
    if (fault.times) --*fault.times;
    fault.change(reply);
    break;
  }
  if (onReply) onReply(ask, reply);
  return reply;
}

/// RFC 9110 section 14: one range of bytes; anything else is ignored, one that begins behind the end is refused.
void SimOrigin::applyRange(const std::string& range, HttpReply& reply) const {
  std::string_view text = range;
  if (!text.starts_with("bytes=")) return;
  text.remove_prefix(6);
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return;
  const auto from = wholeNumber(text.substr(0, dash));
  if (!from) return;
  const std::uint64_t size = reply.body.size();
  std::uint64_t last = size == 0 ? 0 : size - 1;
  if (dash + 1 < text.size()) {
    const auto to = wholeNumber(text.substr(dash + 1));
    if (!to || *to < *from) return;
    last = std::min(last, *to);
  }
  if (*from >= size) {
    reply.status = 416;
    reply.body = {};
    reply.contentRange = "bytes */" + std::to_string(size);
    return;
  }
  reply.status = 206;
  reply.body = reply.body.slice(*from, last - *from + 1);
  reply.contentRange = "bytes " + std::to_string(*from) + "-" + std::to_string(last) + "/" + std::to_string(size);
}

void SimOrigin::countBytes(const std::string& url, NodeId client, std::uint64_t bytes) {
  total_.bytes += bytes;
  byUrl_[url].bytes += bytes;
  byClient_[client].bytes += bytes;
  if (onBytes && bytes != 0) onBytes(url, client, bytes);
}

}  // namespace p2pml::sim
