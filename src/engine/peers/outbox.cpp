#include "engine/peers/outbox.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace p2pml::engine {

bool Outbox::addCommand(Messages command) {
  P2PML_ASSERT(!command.empty());
  if (commands_ >= kMaxCommands) return false;
  ++commands_;
  items_.emplace_back(Command{std::move(command)});
  return true;
}

void Outbox::setAnnouncement(Messages announcement) {
  P2PML_ASSERT(!announcement.empty());
  if (!announcement_) items_.emplace_back(Announcement{});
  announcement_ = std::move(announcement);
}

bool Outbox::addBody(const PeerRequest& answerTo, Messages header, base::Bytes data, Messages trailer) {
  P2PML_ASSERT(!header.empty());
  P2PML_ASSERT(!data.empty() || !trailer.empty());
  if (bodies_ >= kMaxBodies) return false;
  ++bodies_;
  Body body;
  body.request = answerTo;
  body.header = std::move(header);
  body.data = std::move(data);
  body.trailer = std::move(trailer);
  items_.emplace_back(std::move(body));
  return true;
}

bool Outbox::cancelBody(const PeerRequest& request) {
  for (auto at = items_.begin(); at != items_.end(); ++at) {
    const Body* body = std::get_if<Body>(&*at);
    if (body == nullptr || body->request != request) continue;
    items_.erase(at);
    --bodies_;
    return true;
  }
  return false;
}

void Outbox::cancelBodies() {
  std::erase_if(items_, [](const Item& item) { return std::holds_alternative<Body>(item); });
  bodies_ = 0;
}

void Outbox::onDrained(std::uint64_t total) { drained_ = std::clamp(total, drained_, handedOver_); }

Outbox::Items::iterator Outbox::nextItem() {
  if (order_ == Order::atomicBodies) return items_.begin();
  // A command in several messages is not interrupted either: it is found again until its last one is out.
  const auto command =
      std::find_if(items_.begin(), items_.end(), [](const Item& item) { return !std::holds_alternative<Body>(item); });
  if (command == items_.end()) return items_.begin();
  const Body* first = std::get_if<Body>(&items_.front());
  // A header or trailer in several messages is one command, too.
  const bool inHeader = first != nullptr && first->headerNext > 0 && first->headerNext < first->header.size();
  const bool inTrailer = first != nullptr && first->trailerNext > 0;
  return inHeader || inTrailer ? items_.begin() : command;
}

std::optional<Outbox::Message> Outbox::take(bool bodies) {
  if (items_.empty() || !roomInChannel()) return std::nullopt;
  const auto at = nextItem();
  if (std::holds_alternative<Announcement>(*at)) {
    *at = Command{std::move(*announcement_)};
    announcement_.reset();
    ++commands_;
  }
  if (Command* command = std::get_if<Command>(&*at)) return takeFrom(at, *command);
  if (!bodies) return std::nullopt;
  return takeFrom(at, std::get<Body>(*at));
}

Outbox::Message Outbox::takeFrom(Items::iterator at, Command& command) {
  base::Bytes data = std::move(command.messages[command.next++]);
  if (command.next == command.messages.size()) {
    items_.erase(at);
    --commands_;
  }
  return handOver(std::move(data), 0);
}

Outbox::Message Outbox::takeFrom(Items::iterator at, Body& body) {
  base::Bytes data;
  std::uint64_t segmentBytes = 0;
  if (body.headerNext < body.header.size()) {
    data = std::move(body.header[body.headerNext++]);
  } else if (body.offset < body.data.size()) {
    const std::size_t length = cut_(body.data.slice(body.offset), maxMessageSize_);
    data = body.data.slice(body.offset, length);
    body.offset += data.size();
    segmentBytes = data.size();
  } else {
    data = std::move(body.trailer[body.trailerNext++]);
  }
  if (body.headerNext == body.header.size() && body.finished()) {
    items_.erase(at);
    --bodies_;
  }
  return handOver(std::move(data), segmentBytes);
}

Outbox::Message Outbox::handOver(base::Bytes data, std::uint64_t segmentBytes) {
  handedOver_ += data.size();
  return {std::move(data), segmentBytes};
}

}  // namespace p2pml::engine
