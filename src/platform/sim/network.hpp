// The simulated network: nodes on access lines, and pipes that carry messages between them.
//
// A node's line has a rate up and a rate down, shared by all its pipes in turn (chunk by chunk, so fairly), and a
// latency to the middle of the network. A message passes the sender's line, the latency of both lines, then the
// receiver's line. Messages of one pipe keep their order and are never lost while the pipe is open: the transports
// above the real wire are reliable, so loss shows as a lower rate (Mathis et al. 1997: 1.2 MSS / (RTT sqrt(p)), which
// is what SCTP and TCP do under it) and a broken path as silence.
//
// The cost of an event does not depend on how many nodes there are. Owned by the world; pipes by those who send.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/strong.hpp"
#include "base/time.hpp"
#include "platform/sim/event_queue.hpp"
#include "platform/sim/ring.hpp"

namespace p2pml::sim {

struct NodeIdTag;
/// One place in the network: a viewer, an origin, a tracker. From 1, in the order of making.
using NodeId = base::StrongId<NodeIdTag>;

struct Line {
  std::uint64_t upBytesPerSecond = 0;              ///< 0: no limit
  std::uint64_t downBytesPerSecond = 0;            ///< 0: no limit
  base::Duration latency = base::milliseconds(5);  ///< one way, to the middle of the network
  double loss = 0;                                 ///< share of packets lost, 0 to 1
};

class Network;

/// Where the first cache lines of something lie; it need not be there any more.
struct NearMemory {
  const void* at = nullptr;
  int lines = 0;
};
using Near = std::array<NearMemory, 4>;

/// One direction of a reliable, ordered transport. Kept alive by what is under way; close() ends it at once.
class Pipe : public std::enable_shared_from_this<Pipe> {
 public:
  struct Message {
    std::uint32_t tag = 0;  ///< of the user
    base::Bytes data;
  };
  struct Handlers {
    std::function<void(Message)> onMessage;           ///< a whole message has arrived
    std::function<void(std::uint64_t total)> onLeft;  ///< so many bytes in all have left the sender's line
  };

  /// Made by Network::openPipe.
  Pipe(Network& network, NodeId from, NodeId to, Handlers handlers);

  void send(Message message);
  void close();
  /// Bytes per second that this pipe may use at most, besides the lines' rates; 0: no limit.
  void limitRate(std::uint64_t bytesPerSecond) { ownRate_ = bytesPerSecond; }

 private:
  friend class Network;
  friend class Link;

  /// A part of a message that passes the lines as a whole.
  struct Chunk {
    std::uint32_t bytes = 0;
    bool last = false;  ///< of its message
  };
  /// On its way to the other line.
  struct Arrival {
    std::shared_ptr<Pipe> pipe;
    Chunk chunk;
    void operator()() { pipe->arrive(chunk); }
    void prefetch(int stage) const;
  };

  template <class Call>
  void call(Call handler);
  void offerToUpLink();
  void offerToDownLink();
  std::optional<Chunk> takeAtUpLink();
  std::optional<Chunk> takeAtDownLink();
  void left(Chunk chunk);
  void arrive(Chunk chunk);
  void deliver(Chunk chunk);

  Network& network_;
  NodeId from_;
  NodeId to_;
  Near near_{};  // at the receiver
  Handlers handlers_;
  std::uint64_t ownRate_ = 0;
  std::uint64_t lossRate_ = 0;
  base::TimePoint nextEntry_{};

  Ring<Message> messages_;     ///< sent, not yet delivered
  std::size_t entering_ = 0;   ///< index in messages_ of the one whose chunks enter the up link next
  std::uint64_t entered_ = 0;  ///< bytes of it that have entered
  bool inUpRing_ = false;
  bool inDownRing_ = false;
  bool passingUp_ = false;  ///< a chunk is on the link: the next stands in line after it
  bool passingDown_ = false;
  bool waiting_ = false;  ///< for its rate or window
  bool leftPending_ = false;
  std::uint64_t leftTotal_ = 0;
  std::uint64_t unacknowledged_ = 0;
  Ring<std::pair<base::TimePoint, std::uint32_t>> acknowledgements_;
  Ring<Chunk> atDownLink_;
  Ring<Chunk> held_;      ///< arrived while the path was broken
  bool calling_ = false;  ///< a handler is running
  bool closed_ = false;
};

/// One direction of one access line.
class Link {
 public:
  Link(Network& network, bool up, std::uint64_t bytesPerSecond)
      : network_(network), up_(up), bytesPerSecond_(bytesPerSecond) {}

  void add(std::shared_ptr<Pipe> pipe);
  void setRate(std::uint64_t bytesPerSecond) { bytesPerSecond_ = bytesPerSecond; }
  /// Bytes of the next chunk at most.
  [[nodiscard]] std::uint64_t grain() const;

 private:
  /// A chunk on the line.
  struct Passage {
    Link* link;
    std::shared_ptr<Pipe> pipe;
    Pipe::Chunk chunk;
    void operator()() {
      link->pass(*pipe, chunk);
      link->serve();
    }
    void prefetch(int stage) const;
  };

  void serve();
  void pass(Pipe& pipe, Pipe::Chunk chunk);
  [[nodiscard]] base::Duration timeFor(std::uint32_t bytes);

  Network& network_;
  bool up_;
  std::uint64_t bytesPerSecond_;
  std::uint64_t remainder_ = 0;  ///< of the division bytes / rate, so that the rate is exact over time
  bool busy_ = false;
  Ring<std::shared_ptr<Pipe>, /*kKeepsMemory=*/true> ring_;
};

class Network {
 public:
  /// `chunkBytes`: the grain of sharing. Smaller is truer and slower.
  explicit Network(EventQueue& events, std::uint32_t chunkBytes = 16 * 1024);

  NodeId addNode(Line line);
  void setLine(NodeId node, Line line);
  [[nodiscard]] std::uint32_t chunkBytes() const { return chunkBytes_; }
  /// How much passes at a time from the one to the other: less than chunkBytes() where one of the lines is slow.
  [[nodiscard]] std::uint64_t grain(NodeId from, NodeId to) const;
  [[nodiscard]] std::size_t nodeCount() const { return nodes_.size(); }

  /// One way, from a to b.
  [[nodiscard]] base::Duration latency(NodeId a, NodeId b) const;
  [[nodiscard]] base::Duration roundTrip(NodeId a, NodeId b) const { return 2 * latency(a, b); }

  std::shared_ptr<Pipe> openPipe(NodeId from, NodeId to, Pipe::Handlers handlers);
  /// A few bytes that need no rate: runs `action` one latency later, if the path works then.
  void signal(NodeId from, NodeId to, EventQueue::Action action);

  // Faults. Everything under way when a path breaks waits until it works again, or for ever.
  /// The node is gone without a goodbye: nothing leaves or reaches it any more.
  void kill(NodeId node);
  [[nodiscard]] bool alive(NodeId node) const { return placeOf(node).alive; }
  /// Nodes of different groups do not reach each other. All start in group 0.
  void setGroup(NodeId node, int group);
  /// Nodes of different sides do not reach each other, but all reach those of side 0, where all start: a network that
  /// falls apart between viewers while servers stay reachable.
  void setSides(const std::vector<std::pair<NodeId, int>>& sides);
  /// These two do not reach each other directly (NATs that no hole can be punched through).
  void forbid(NodeId a, NodeId b);
  void allow(NodeId a, NodeId b);
  [[nodiscard]] bool reaches(NodeId a, NodeId b) const;
  /// Called after every change of who reaches whom, with a node whose paths have changed: all of them, or only those to
  /// `other`. Nobody else's have.
  std::vector<std::function<void(NodeId node, std::optional<NodeId> other)>> onPathsChanged;

  [[nodiscard]] EventQueue& events() { return events_; }
  /// Bytes a transport keeps under way before it waits for acknowledgements; buffer / RTT is its rate at most.
  std::uint64_t window = 1 << 20;
  /// What a node will need when a message reaches it: brought by the memory in time. Of pipes opened from now on.
  void setNear(NodeId node, const Near& near) { at(node).near = near; }
  [[nodiscard]] std::uint64_t bytesDelivered() const { return bytesDelivered_; }

 private:
  friend class Pipe;
  friend class Link;
  struct Node {
    Node(Network& network, const Line& line)
        : loss(line.loss), up(network, true, line.upBytesPerSecond), down(network, false, line.downBytesPerSecond) {}
    double loss;
    Link up;
    Link down;
    Near near{};
  };
  /// What each chunk asks of both its ends: kept close together.
  struct Place {
    base::Duration latency{};
    int group = 0;
    int side = 0;
    bool alive = true;
  };
  [[nodiscard]] const Node& at(NodeId node) const { return nodes_[node.value - 1]; }
  [[nodiscard]] Node& at(NodeId node) { return nodes_[node.value - 1]; }
  [[nodiscard]] const Place& placeOf(NodeId node) const { return places_[node.value - 1]; }
  [[nodiscard]] Place& placeOf(NodeId node) { return places_[node.value - 1]; }
  [[nodiscard]] std::uint64_t rateUnderLoss(NodeId a, NodeId b) const;
  void pathsChanged(NodeId node, std::optional<NodeId> other = std::nullopt);

  EventQueue& events_;
  std::uint32_t chunkBytes_;
  std::deque<Node> nodes_;  // links are known by their addresses
  std::vector<Place> places_;
  std::set<std::pair<NodeId, NodeId>> forbidden_;
  std::vector<std::weak_ptr<Pipe>> holding_;
  std::uint64_t bytesDelivered_ = 0;
};

}  // namespace p2pml::sim
