// Segments that come from p2pml nodes: one body each, which one or several of them fill (docs/protocol/node.md).
//
// Owned by PeerManager. What always holds: no two sources are asked for the same bytes; a segment that was refused by a
// validator and had more than one source is then taken whole from one that has all of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "engine/internal_events.hpp"
#include "engine/peers/node_peer_session.hpp"
#include "engine/peers/segment_body.hpp"
#include "engine/transfer_rate.hpp"

namespace p2pml::engine {

class NodeDownloads {
 public:
  /// A part is not shared out if it is smaller than two of these.
  static constexpr std::uint64_t kLeastPart = 64 * 1024;
  /// Nor if it will have come so soon anyway.
  static constexpr base::Duration kSoon = base::milliseconds(250);
  /// Nodes that send parts of one segment at a time.
  static constexpr std::size_t kMaxSources = 4;
  /// Refused segments that are remembered.
  static constexpr std::size_t kMaxDistrusted = 256;

  /// Who can be asked.
  class Peers {
   public:
    virtual ~Peers() = default;
    /// Null if it is gone or no p2pml node.
    [[nodiscard]] virtual NodePeerSession* nodeAt(base::ConnectionId connection) = 0;
    [[nodiscard]] virtual const NodePeerSession* nodeAt(base::ConnectionId connection) const = 0;
    /// Idle ones that have loaded the segment, in order of their connections.
    virtual void idleNodes(base::TimePoint now, const WireName& name, std::vector<base::ConnectionId>& nodes) const = 0;
  };

  explicit NodeDownloads(Peers& peers) : peers_(peers) {}

  struct Download {
    Segment segment;
    WireName name;
    std::uint64_t sign = 0;  ///< hashOf(segment.id)
    std::shared_ptr<SegmentBody> body;
    std::vector<base::ConnectionId> sources;
    std::uint32_t depth = 0;  ///< relaying nodes between us and a complete source
    bool several = false;     ///< nobody is to blame alone for what is in it
  };

  /// Takes the segment from that node, and goes on after `start`. Preconditions: !has(segment.id); the node is idle and
  /// relays or has loaded it.
  void start(StepIo& io, NodePeerSession& from, const Segment& segment, const WireName& name, const PartialBody* start);
  [[nodiscard]] bool has(const std::string& segmentId) const { return downloads_.contains(segmentId); }
  /// Precondition: has(segmentId).
  std::optional<PartialBody> cancel(StepIo& io, const std::string& segmentId);
  /// What a node was asked for has come to its end; the node is idle again, or gone.
  void onRangeEnd(StepIo& io, base::ConnectionId from, const base::PeerId& who, RangeEnd end);
  /// Gives idle nodes parts of what others are sending.
  void shareOut(StepIo& io);
  /// A validator refused what several had sent.
  void distrust(const std::string& segmentId);
  /// It must come whole, from one that has loaded it.
  [[nodiscard]] bool distrusted(const std::string& segmentId) const { return distrusted_.contains(segmentId); }

  /// As SegmentBody::beginning(). Precondition: has(segmentId).
  [[nodiscard]] std::optional<PartialBody> beginning(const std::string& segmentId) {
    return downloads_.find(segmentId)->second.body->beginning();
  }
  /// None: no such download.
  [[nodiscard]] const SegmentBody* body(const std::string& segmentId) const;
  /// Relaying nodes between us and a complete source. Precondition: has(segmentId).
  [[nodiscard]] std::uint32_t depth(const std::string& segmentId) const;
  /// The node that was asked first of those that are sending. Precondition: has(segmentId).
  [[nodiscard]] base::ConnectionId source(const std::string& segmentId) const;
  /// Precondition: has(segmentId).
  [[nodiscard]] Progress progress(base::TimePoint now, const std::string& segmentId) const;
  [[nodiscard]] std::size_t size() const { return downloads_.size(); }
  /// visit(segmentId, Download), in the order of ids.
  template <class Visit>
  void forEach(Visit visit) const {
    for (const auto& [id, download] : downloads_) visit(id, download);
  }

 private:
  using Downloads = std::map<std::string, Download>;

  void ask(StepIo& io, Download& download, NodePeerSession& node, BodyRange range);
  void complete(StepIo& io, Downloads::iterator at, base::ConnectionId from, const base::PeerId& who);
  /// Bytes that nobody has been asked for; none if there are none.
  [[nodiscard]] std::optional<BodyRange> unasked(const Download& download) const;
  /// The sender that would take longest for its rest, where a part of that is worth another sender.
  struct Slowest {
    base::ConnectionId connection;
    BodyRange open;
    std::uint64_t bytesPerSecond = 0;
  };
  [[nodiscard]] std::optional<Slowest> slowest(base::TimePoint now, const Download& download) const;
  /// `helper` gets a part of what it is sending.
  void split(StepIo& io, Download& download, const Slowest& slowest, base::ConnectionId helper);
  /// To be looked at and no more; null if it is not sending.
  [[nodiscard]] const NodePeerSession* sender(base::ConnectionId connection) const;

  Peers& peers_;
  Downloads downloads_;
  std::set<std::string> distrusted_;
};

}  // namespace p2pml::engine
