#include "platform/sim/lab/faults.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "media/synthetic.hpp"
#include "platform/sim/lab/plan.hpp"

namespace p2pml::sim::lab {

namespace {

/// Peer messages from this size on are parts of bodies: commands are shorter, but for big maps, which are JSON.
constexpr std::size_t kBodyBytes = 1000;

bool isBody(const base::Bytes& message) {
  return message.size() >= kBodyBytes && !(message.startsWith("{\"") && message.endsWith("}"));
}

/// The same length, one byte wrong.
base::Bytes spoilt(const base::Bytes& body) {
  if (body.size() == 0) return body;
  std::string copy(body.local().text());
  char& byte = copy[copy.size() / 2];
  byte = static_cast<char>(~static_cast<unsigned char>(byte));
  return base::Bytes::adopt(std::move(copy));
}

}  // namespace

bool Faults::active(const Span& span) const {
  const auto now = base::TimePoint(world_.now() - start_);
  return now >= span.from && now < span.to;
}

void Faults::schedule(base::TimePoint start) {
  start_ = start;
  if (!scenario_.originFaults.empty()) {
    world_.origin().onReply = [this](const HttpAsk& ask, HttpReply& reply) { spoilReply(ask, reply); };
  }
  const auto atEdges = [this](const Span& span, void (Faults::*set)()) {
    for (const base::TimePoint edge : {span.from, span.to}) {
      if (edge == base::kNever) continue;
      world_.queue().at(base::TimePoint(start_ + edge.time_since_epoch()), [this, set] { (this->*set)(); });
    }
  };
  for (const auto& fault : scenario_.originFaults) atEdges(fault.when, &Faults::setOriginUp);
  for (const auto& fault : scenario_.trackerFaults) atEdges(fault.when, &Faults::setTracker);
  for (const auto& partition : scenario_.partitions) atEdges(partition.when, &Faults::setPartition);
}

void Faults::setOriginUp() {
  world_.origin().up = std::ranges::none_of(scenario_.originFaults, [this](const OriginFault& fault) {
    return fault.kind == OriginFault::Kind::outage && active(fault.when);
  });
}

void Faults::spoilReply(const HttpAsk& ask, HttpReply& reply) {
  const std::uint32_t asked = asked_[{ask.client, ask.path}]++;
  const std::uint64_t request = media::fnv1a32(ask.path) + (std::uint64_t{asked} << 32);
  for (std::size_t i = 0; i < scenario_.originFaults.size(); ++i) {
    const OriginFault& fault = scenario_.originFaults[i];
    if (!active(fault.when) || fault.kind == OriginFault::Kind::outage) continue;
    if (fault.share < 1 && !chance(seed_ + 1000 * (i + 1) + ask.client.value, request, ~request, fault.share)) continue;
    switch (fault.kind) {
      case OriginFault::Kind::error:
        reply.status = fault.status;
        reply.body = base::Bytes::copyOf("sorry");
        break;
      case OriginFault::Kind::stall: reply.stallAfter = fault.bytes; break;
      case OriginFault::Kind::truncate: reply.cutAfter = fault.bytes; break;
      case OriginFault::Kind::corrupt: reply.body = spoilt(reply.body); break;
      case OriginFault::Kind::slow: reply.bytesPerSecond = fault.bytesPerSecond; break;
      case OriginFault::Kind::outage: break;
    }
    return;
  }
}

void Faults::setTracker() {
  SimTracker& tracker = world_.tracker();
  bool up = true;
  tracker.mute = false;
  for (const TrackerFault& fault : scenario_.trackerFaults) {
    if (!active(fault.when)) continue;
    if (fault.mute) {
      tracker.mute = true;
    } else {
      up = false;
    }
  }
  if (up != tracker.server().up) tracker.setUp(up);
}

int Faults::sideOf(std::uint32_t viewer) const {
  for (std::size_t i = 0; i < scenario_.partitions.size(); ++i) {
    const Partition& partition = scenario_.partitions[i];
    if (active(partition.when)) return chance(seed_ + i + 1, viewer, ~std::uint64_t{0}, partition.share) ? 2 : 1;
  }
  return 0;
}

void Faults::setPartition() {
  std::vector<std::pair<NodeId, int>> sides;
  sides.reserve(members_.size());
  for (const Member& member : members_) sides.emplace_back(member.node, sideOf(member.viewer));
  world_.network().setSides(sides);
}

void Faults::onArrival(NodeId node, std::uint32_t viewer, Behaviour behaviour) {
  if (behaviour == Behaviour::silent) {
    world_.fabric().tamper(node, [](const base::Bytes& message) { return isBody(message) ? base::Bytes() : message; });
  } else if (behaviour == Behaviour::lying) {
    world_.fabric().tamper(node,
                           [](const base::Bytes& message) { return isBody(message) ? spoilt(message) : message; });
  }
  if (scenario_.partitions.empty()) return;
  members_.push_back({node, viewer});
  if (const int side = sideOf(viewer); side != 0) world_.network().setSides({{node, side}});
}

void Faults::onGone(NodeId node) {
  world_.fabric().tamper(node, {});
  std::erase_if(members_, [node](const Member& member) { return member.node == node; });
}

std::function<std::optional<base::Error>(const engine::output::ValidateSegment&)> Faults::validator(
    const std::vector<Quality>& qualities) {
  return [this, &qualities](const engine::output::ValidateSegment& what) -> std::optional<base::Error> {
    const base::Error wrong{base::ErrorCode::malformed, "not the origin's bytes"};
    if (!what.segment.data || !what.segment.streamId || !what.segment.streamId->starts_with('V')) return wrong;
    const std::string& stream = *what.segment.streamId;
    std::size_t quality = 0;
    std::from_chars(stream.data() + 1, stream.data() + stream.size(), quality);
    std::uint64_t number = 0;
    const std::string& sequence = what.segment.sequence;
    std::from_chars(sequence.data(), sequence.data() + sequence.size(), number);
    if (quality >= qualities.size()) return wrong;
    const bool right = world_.bodies().matches(*what.segment.data, "lab" + std::to_string(quality), number,
                                               qualities[quality].segmentBytes);
    return right ? std::optional<base::Error>() : wrong;
  };
}

}  // namespace p2pml::sim::lab
