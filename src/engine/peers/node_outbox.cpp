#include "engine/peers/node_outbox.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace p2pml::engine {

bool NodeOutbox::addFrame(base::Bytes frame) {
  if (frames_.size() >= kMaxFrames) return false;
  frames_.push_back(std::move(frame));
  return true;
}

void NodeOutbox::open(std::uint64_t request, std::uint64_t from, std::uint64_t to) {
  P2PML_ASSERT(find(request) == nullptr && uploads_.size() < kMaxUploads);
  Upload upload;
  upload.request = request;
  upload.next = upload.given = from;
  upload.to = to;
  uploads_.push_back(std::move(upload));
}

NodeOutbox::Upload* NodeOutbox::find(std::uint64_t request) {
  return const_cast<Upload*>(std::as_const(*this).find(request));
}

const NodeOutbox::Upload* NodeOutbox::find(std::uint64_t request) const {
  const auto at =
      std::find_if(uploads_.begin(), uploads_.end(), [&](const Upload& upload) { return upload.request == request; });
  return at == uploads_.end() ? nullptr : &*at;
}

void NodeOutbox::give(Upload& upload, base::Bytes bytes) {
  if (upload.end) return;
  if (upload.to != 0 && bytes.size() > upload.to - upload.given) {
    bytes = bytes.slice(0, static_cast<std::size_t>(upload.to - upload.given));
  }
  if (!bytes.empty()) {
    upload.given += bytes.size();
    if (!upload.ready.empty() && upload.ready.back().continuesInto(bytes)) {
      upload.ready.back() = upload.ready.back().joinedWith(bytes);
    } else {
      upload.ready.push_back(std::move(bytes));
    }
  }
  if (upload.full()) upload.end = wire::NodeEnd::Status::complete;
}

void NodeOutbox::cancel(std::uint64_t request, std::uint64_t at) {
  Upload* upload = find(request);
  if (upload == nullptr) return;
  if (at == 0) {
    uploads_.erase(uploads_.begin() + (upload - uploads_.data()));
    return;
  }
  at = std::max(at, upload->next);
  if (upload->to != 0 && at >= upload->to) return;
  upload->to = at;
  while (upload->given > at) {
    base::Bytes& last = upload->ready.back();
    const std::uint64_t surplus = std::min<std::uint64_t>(upload->given - at, last.size());
    upload->given -= surplus;
    last = last.slice(0, static_cast<std::size_t>(last.size() - surplus));
    if (last.empty()) upload->ready.pop_back();
  }
  if (!upload->end && upload->full()) upload->end = wire::NodeEnd::Status::complete;
}

std::uint64_t NodeOutbox::onDrained(base::TimePoint now, std::uint64_t total) {
  const std::uint64_t before = std::exchange(drained_, std::clamp(total, drained_, handedOver_));
  room_.onDrained(now, handedOver_, drained_);
  return drained_ - before;
}

std::optional<NodeOutbox::Message> NodeOutbox::take(bool payload) {
  if (handedOver_ - drained_ >= room_.bytes()) return std::nullopt;
  if (turnLeft_ > 0) return takePayload();
  for (std::deque<base::Bytes>* queue : {&announcement_, &frames_}) {
    if (queue->empty()) continue;
    base::Bytes frame = std::move(queue->front());
    queue->pop_front();
    return handOver(std::move(frame), 0);
  }
  const auto ready = std::find_if(uploads_.begin(), uploads_.end(),
                                  [](const Upload& upload) { return upload.end || !upload.ready.empty(); });
  if (ready == uploads_.end()) return std::nullopt;
  if (ready->ready.empty()) {
    const bool complete = ready->end == wire::NodeEnd::Status::complete;
    base::Bytes frame = wire::encode(wire::NodeEnd{ready->request, *ready->end, complete ? ready->total : 0});
    uploads_.erase(ready);
    return handOver(std::move(frame), 0);
  }
  if (!payload) return std::nullopt;
  const std::uint64_t turn = std::min({ready->given - ready->next, kTurn, room_.bytes() / 2});
  const wire::NodeData header{ready->request, ready->next, turn, ready->total};
  for (turnLeft_ = header.length; header.length > ready->next - header.offset;) {
    base::Bytes& first = ready->ready.front();
    base::Bytes piece = first.slice(0, static_cast<std::size_t>(header.length - (ready->next - header.offset)));
    ready->next += piece.size();
    first = first.slice(piece.size());
    if (first.empty()) ready->ready.pop_front();
    turn_.push_back(std::move(piece));
  }
  std::rotate(ready, ready + 1, uploads_.end());
  return handOver(wire::encode(header), 0);
}

NodeOutbox::Message NodeOutbox::takePayload() {
  base::Bytes& first = turn_.front();
  base::Bytes piece = first.slice(0, maxMessageSize_);
  first = first.slice(piece.size());
  if (first.empty()) turn_.pop_front();
  turnLeft_ -= piece.size();
  const std::uint64_t size = piece.size();
  return handOver(std::move(piece), size);
}

NodeOutbox::Message NodeOutbox::handOver(base::Bytes data, std::uint64_t segmentBytes) {
  handedOver_ += data.size();
  return {std::move(data), segmentBytes};
}

}  // namespace p2pml::engine
