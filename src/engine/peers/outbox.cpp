#include "engine/peers/outbox.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "wire/peer_json.hpp"

namespace p2pml::engine {

bool Outbox::addCommand(base::Bytes command) {
  if (commands_ >= kMaxCommands) return false;
  ++commands_;
  items_.emplace_back(Command{std::move(command)});
  return true;
}

void Outbox::setMap(base::Bytes map) {
  if (!map_) items_.emplace_back(Map{});
  map_ = std::move(map);
}

bool Outbox::addBody(const base::SegmentId& id, base::Bytes data) {
  P2PML_ASSERT(!data.empty());
  if (bodies_ >= kMaxBodies) return false;
  ++bodies_;
  items_.emplace_back(Body{id, std::move(data)});
  return true;
}

bool Outbox::cancelBody(const base::SegmentId& id) {
  for (auto at = items_.begin(); at != items_.end(); ++at) {
    const Body* body = std::get_if<Body>(&*at);
    if (body == nullptr || body->id != id) continue;
    items_.erase(at);
    --bodies_;
    return true;
  }
  return false;
}

void Outbox::onDrained(std::uint64_t total) { drained_ = std::clamp(total, drained_, handedOver_); }

bool Outbox::sendingBody() const {
  if (items_.empty()) return false;
  const Body* body = std::get_if<Body>(&items_.front());
  return body != nullptr && body->headerSent;
}

std::optional<Outbox::Message> Outbox::take() {
  if (items_.empty() || !roomInChannel()) return std::nullopt;
  Item& item = items_.front();
  if (Command* command = std::get_if<Command>(&item)) {
    base::Bytes data = std::move(command->data);
    items_.pop_front();
    --commands_;
    return handOver(std::move(data), 0);
  }
  if (std::holds_alternative<Map>(item)) {
    base::Bytes data = std::move(*map_);
    map_.reset();
    items_.pop_front();
    return handOver(std::move(data), 0);
  }
  Body& body = std::get<Body>(item);
  if (!body.headerSent) {
    body.headerSent = true;
    return handOver(wire::encode(wire::SegmentData{body.id, body.data.size()}), 0);
  }
  base::Bytes chunk = nextChunk(body);
  if (body.offset == body.data.size()) {
    items_.pop_front();
    --bodies_;
  }
  const std::uint64_t size = chunk.size();
  return handOver(std::move(chunk), size);
}

base::Bytes Outbox::nextChunk(Body& body) const {
  base::Bytes chunk = body.data.slice(body.offset, maxMessageSize_);
  // Bytes that look like a command would be taken for one (5a.2): cut elsewhere.
  while (chunk.size() > 1 && wire::looksLikePeerCommand(chunk.span())) chunk = chunk.slice(0, chunk.size() - 1);
  body.offset += chunk.size();
  return chunk;
}

Outbox::Message Outbox::handOver(base::Bytes data, std::uint64_t segmentBytes) {
  handedOver_ += data.size();
  return {std::move(data), segmentBytes};
}

}  // namespace p2pml::engine
