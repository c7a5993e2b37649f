#include "engine/peers/json_peer_session.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/sort.hpp"

namespace p2pml::engine {

using base::Error;
using base::ErrorCode;

namespace {

/// Bytes that look like a command would be taken for one (5a.2): cut elsewhere.
std::size_t chunkLength(const base::Bytes& remaining, std::size_t maxMessageSize) {
  std::size_t length = std::min(remaining.size(), maxMessageSize);
  while (length > 1 && wire::looksLikePeerCommand(remaining.slice(0, length))) --length;
  return length;
}

/// Of a segment's id, without its lowest bit, which is the status. Eight bytes at a time; not for keeping anything that
/// a remote could harm others with by equal hashes.
std::uint64_t hashOf(std::string_view id) {
  constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15ULL;
  std::uint64_t hash = id.size();
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kFactor;
    hash ^= hash >> 29;
  };
  static_assert(std::endian::native == std::endian::little);
  for (; id.size() >= 8; id.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, id.data(), 8);
    mix(word);
  }
  if (!id.empty()) {
    std::uint64_t word = 0;
    for (std::size_t i = id.size(); i-- > 0;) word = word << 8 | static_cast<unsigned char>(id[i]);
    mix(word);
  }
  mix(0);
  return hash << 1;
}

const base::SegmentId& idOf(const PeerRequest& request) { return std::get<base::SegmentId>(request.segment); }

}  // namespace

JsonPeerSession::JsonPeerSession(RemotePeer remote, const Settings& settings, Timers& timers, TransferMeter& meter)
    : SwarmPeerSession(
          std::move(remote),
          Outbox(static_cast<std::size_t>(settings.webRtcMaxMessageSize), Outbox::Order::atomicBodies, &chunkLength),
          settings, timers, meter) {}

Availability JsonPeerSession::availability(const WireName& name) const {
  const std::uint64_t hash = hashOf(name.id.value);
  const auto found = std::lower_bound(segments_.begin(), segments_.end(), hash);
  if (found == segments_.end() || (*found | 1) != (hash | 1)) return Availability::none;
  return *found == hash ? Availability::loaded : Availability::loadingByHttp;
}

base::Duration JsonPeerSession::answerTimeout() const {
  return base::milliseconds(settings_.p2pSegmentDownloadTimeout);
}

void JsonPeerSession::sendRequest(StepIo& io) {
  sendCommand(io, {wire::encode(wire::SegmentRequest{download_->name.id})});
}

void JsonPeerSession::sendCancel(StepIo& io) {
  sendCommand(io, {wire::encode(wire::CancelSegmentRequest{download_->name.id})});
}

void JsonPeerSession::sendSegment(StepIo& io, const PeerRequest& request, const base::Bytes& data) {
  // A G0 receiver never completes an empty body (5a.4 clause 9).
  if (data.empty()) {
    sendAbsent(io, request);
    return;
  }
  if (!outbox_.addBody(request, {wire::encode(wire::SegmentData{idOf(request), data.size()})}, data)) {
    fault(askedTooMuch());
    return;
  }
  flush(io);
}

void JsonPeerSession::sendAbsent(StepIo& io, const PeerRequest& request) {
  sendCommand(io, {wire::encode(wire::SegmentAbsent{idOf(request)})});
}

void JsonPeerSession::onMessage(StepIo& io, const base::Bytes& message) {
  wire::PeerMessage decoded = wire::decodePeerMessage(message);
  if (std::holds_alternative<wire::SegmentBytes>(decoded)) {
    onBytes(io, message);
  } else {
    onCommand(io, decoded);
  }
}

void JsonPeerSession::onCommand(StepIo& io, wire::PeerMessage& message) {
  // 5a.4 clause 5: the sender has given the body up. Unlike 0.6.2 we do not lose the command itself.
  if (download_ && download_->receiving) {
    failDownload(io, {ErrorCode::malformed, "segment download is interrupted by a command"});
  }
  if (const auto* data = std::get_if<wire::SegmentData>(&message)) {
    onSegmentData(io, *data);
  } else if (const auto* absent = std::get_if<wire::SegmentAbsent>(&message)) {
    onAbsent(io, absent->id);
  } else if (const auto* map = std::get_if<wire::SegmentsMap>(&message)) {
    onMap(io, *map);
  } else if (const auto* wanted = std::get_if<wire::SegmentRequest>(&message)) {
    io.events.push_back(event::SegmentRequested{connection(), generation(), {wanted->id, std::nullopt, 0}});
  } else if (const auto* cancelled = std::get_if<wire::CancelSegmentRequest>(&message)) {
    const PeerRequest unwanted{cancelled->id, std::nullopt, 0};
    if (!outbox_.cancelBody(unwanted)) io.events.push_back(event::RequestCancelled{connection(), unwanted});
    flush(io);
  } else if (auto* malformed = std::get_if<wire::MalformedCommand>(&message)) {
    fault(malformed->error);
    // It may have been the header we wait for (s = 0 is one, 5a.4 clause 9): do not sit the whole timeout out.
    if (download_) rejectDownload(io, std::move(malformed->error));
  }
}

void JsonPeerSession::onSegmentData(StepIo& io, const wire::SegmentData& data) {
  // Not what we asked for, or asked for no longer: its bytes will be ignored (5a.4 clauses 6, 7).
  if (!download_ || download_->name.id != data.id) return;
  if (data.size == 0 || data.size > kMaxSegmentBytes) {
    Error error = wrongSize(data.size);
    fault(error);
    rejectDownload(io, std::move(error));
    return;
  }
  beginBody(io, data.size);
}

void JsonPeerSession::onBytes(StepIo& io, const base::Bytes& bytes) {
  if (!download_ || !download_->receiving) return;  // the tail of a body we gave up
  if (bytes.empty() || !takeBytes(io, bytes)) return;
  if (wholeBody()) completeDownload(io);
}

void JsonPeerSession::onAbsent(StepIo& io, const base::SegmentId& id) {
  saysOtherwise();
  std::erase_if(segments_, [hash = hashOf(id.value)](std::uint64_t segment) { return (segment | 1) == (hash | 1); });
  if (download_ && download_->name.id == id) {
    failDownload(io, {ErrorCode::notFound, "peer does not have the segment any more"});
  } else {
    io.events.push_back(event::PeersChanged{});
  }
}

void JsonPeerSession::onMap(StepIo& io, const wire::SegmentsMap& map) {
  if (!std::exchange(heardMap_, true)) repeatAvailability(io);
  saysOtherwise();
  segments_.clear();
  std::string id;
  for (const wire::StreamAvailability& stream : map.streams) {
    id = stream.stream.value + "+";
    const std::size_t prefix = id.size();
    for (const auto& [entry, status] : stream.segments) {
      id.resize(prefix);
      id += entry;
      segments_.push_back(hashOf(id) | static_cast<std::uint64_t>(status != wire::SegmentStatus::loaded));
    }
  }
  // Of an id that is there twice the last counts.
  const auto sameId = [](std::uint64_t a, std::uint64_t b) { return (a | 1) == (b | 1); };
  base::stableSort(segments_, [](std::uint64_t a, std::uint64_t b) { return (a | 1) < (b | 1); });
  segments_.erase(segments_.begin(), std::unique(segments_.rbegin(), segments_.rend(), sameId).base());
  if (segments_.capacity() > 2 * segments_.size() + 16) segments_.shrink_to_fit();
  io.events.push_back(event::PeersChanged{});
}

}  // namespace p2pml::engine
