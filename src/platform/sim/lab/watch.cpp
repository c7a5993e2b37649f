#include "platform/sim/lab/watch.hpp"

#include <algorithm>
#include <string_view>
#include <variant>

#include "base/encoding.hpp"

namespace p2pml::sim::lab {

namespace {

namespace out = engine::output;

/// The first ones say which program it is.
constexpr std::size_t kNameBytes = 3;

std::string nameOf(const base::PeerId& peer) { return base::toHex(peer.view().substr(20 - kNameBytes)); }

/// " over HTTP", or " from" the peer.
std::string from(const std::optional<base::PeerId>& peer) { return peer ? " from " + nameOf(*peer) : " over HTTP"; }

/// {swarm}+{stream}+{n}: the end of it is enough.
std::string shortOf(std::string_view id) { return std::string(id.substr(std::min(id.find('+') + 1, id.size()))); }

std::string textOf(const engine::Output& output) {
  if (const auto* start = std::get_if<out::SegmentStart>(&output)) {
    if (start->method == engine::Method::http) return {};  // StartHttp tells more
    return "asks for " + shortOf(start->segment.id) + from(start->peerId);
  }
  if (const auto* http = std::get_if<out::StartHttp>(&output)) {
    return "asks for " + shortOf(http->segment.id) + " over HTTP" + (http->range ? ", " + *http->range : "");
  }
  if (std::holds_alternative<out::CancelHttp>(output)) return "stops a request over HTTP";
  if (const auto* loaded = std::get_if<out::SegmentLoaded>(&output)) {
    return "has " + shortOf(loaded->segment.id) + from(loaded->peerId);
  }
  if (const auto* failed = std::get_if<out::SegmentError>(&output)) {
    return "failed with " + shortOf(failed->segment.id) + from(failed->peerId) + ": " + failed->error.detail;
  }
  if (const auto* given = std::get_if<out::SegmentAbort>(&output)) return "gave up " + shortOf(given->segment.id);
  if (const auto* peer = std::get_if<out::PeerConnect>(&output)) return "met " + nameOf(peer->id);
  if (const auto* peer = std::get_if<out::PeerClose>(&output)) return "lost " + nameOf(peer->id);
  if (const auto* error = std::get_if<out::PeerError>(&output)) {
    return (error->id ? nameOf(*error->id) : "a peer") + ": " + error->error.detail;
  }
  return {};
}

}  // namespace

void Watch::onOutput(base::TimePoint at, const engine::Output& output) {
  if (const auto* piece = std::get_if<out::PieceBytesDownloaded>(&output)) {
    (piece->method == engine::Method::http ? httpBytes_ : p2pBytes_) += piece->bytes;
    return;
  }
  const std::string text = textOf(output);
  if (!text.empty()) note(at, text);
}

void Watch::note(base::TimePoint at, const std::string& what) {
  const std::int64_t ms = base::toMilliseconds(at);
  std::string line = std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1) + "  ";
  if (httpBytes_ > 0) line += "+" + std::to_string(httpBytes_) + " over HTTP  ";
  if (p2pBytes_ > 0) line += "+" + std::to_string(p2pBytes_) + " from peers  ";
  httpBytes_ = p2pBytes_ = 0;
  tell_(line + what);
}

}  // namespace p2pml::sim::lab
