// All peers of one loader: connections from offer to close, the trackers they come from, and who is asked for what.
//
// Owned by the loader. What always holds: one usable session per remote peer (a second connection is kept only until it
// is clear which one stays); a pending handshake is never ended because another one exists; the number of connections
// in every state is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/rng.hpp"
#include "engine/identity.hpp"
#include "engine/internal_events.hpp"
#include "engine/peers/peer_session.hpp"
#include "engine/timers.hpp"
#include "engine/trackers/tracker_client.hpp"

namespace p2pml::engine {

class PeerManager {
 public:
  static constexpr base::Duration kOfferLifetime =
      base::seconds(50);  ///< 5c.2: offers are destroyed after 50 s without an answer
  static constexpr base::Duration kGatherTimeout =
      base::milliseconds(5500);  ///< the port answers within 5 s; the announce waits 6 s
  static constexpr base::Duration kConnectTimeout = base::seconds(15);  ///< from the answer to the open channel
  static constexpr base::Duration kRetireTime =
      base::seconds(5);  ///< how long the losing one of two connections lives on
  static constexpr std::size_t kMaxHandshakesPerPeer = 4;
  static constexpr std::size_t kMaxIncomingHandshakes = 50;

  PeerManager(const Settings& settings, Timers& timers, IdCounters& ids, base::Rng& rng, TransferMeter& meter);

  /// Leaves the swarm it is in, with all its peers, and joins this one. Nothing happens if it is the same.
  void setStream(StepIo& io, const std::string& streamSwarmId);
  void shutdown(StepIo& io);

  // What the scheduler asks.
  [[nodiscard]] std::size_t peerCount() const { return usable_.size(); }
  [[nodiscard]] std::size_t downloadCount() const { return downloads_.size(); }
  [[nodiscard]] Availability availability(const base::SegmentId& wireId) const;
  void idleHolders(base::TimePoint now, const base::SegmentId& wireId, std::vector<base::ConnectionId>& holders) const;
  /// The peer that is being asked for it or sends it; none if nobody does (any more).
  [[nodiscard]] base::ConnectionId downloadSource(const std::string& segmentId) const;
  /// That peer may be asked for that segment.
  [[nodiscard]] bool holds(base::ConnectionId connection, const base::SegmentId& wireId) const;
  [[nodiscard]] bool connected(base::ConnectionId connection) const { return connections_.contains(connection); }
  [[nodiscard]] bool downloading(const std::string& segmentId) const { return downloads_.contains(segmentId); }

  void request(StepIo& io, base::ConnectionId connection, const Segment& segment, const base::SegmentId& wireId);
  std::optional<PartialBody> cancelDownload(StepIo& io, const std::string& segmentId);
  /// The loader has taken or refused what event::Downloaded brought.
  void release(const std::string& segmentId) { downloads_.erase(segmentId); }

  void sendMap(StepIo& io, base::ConnectionId connection, const base::Bytes& map);
  void sendMapToAll(StepIo& io, const base::Bytes& map);
  void sendSegment(StepIo& io, base::ConnectionId connection, const base::SegmentId& id, const base::Bytes& data);
  void sendAbsent(StepIo& io, base::ConnectionId connection, const base::SegmentId& id);
  /// The peer has done something that a peer must not do.
  void expel(StepIo& io, base::ConnectionId connection, base::Error why);

  // Inputs. False for ids that are not open.
  bool onOfferCreated(StepIo& io, const input::OfferCreated& created);
  bool onAnswerCreated(StepIo& io, const input::AnswerCreated& created);
  bool onOpened(StepIo& io, const input::PeerOpened& opened);
  bool onMessage(StepIo& io, const input::PeerMessage& message);
  bool onDrained(StepIo& io, const input::PeerDrained& drained);
  bool onClosed(StepIo& io, const input::PeerClosed& closed);
  bool onSocketOpened(StepIo& io, base::SocketId socket);
  bool onSocketMessage(StepIo& io, base::SocketId socket, std::string_view text);
  bool onSocketClosed(StepIo& io, base::SocketId socket, const base::Error& reason);
  void onTimer(StepIo& io, TimerKey key);
  void onTick(StepIo& io);
  [[nodiscard]] base::TimePoint deadline() const { return trackers_.deadline(); }

  /// Ours in the current swarm, if there is one.
  [[nodiscard]] const base::PeerId* ownId() const { return joined_ ? &swarm_.ownId : nullptr; }
  [[nodiscard]] const base::InfoHash* infoHash() const { return joined_ ? &swarm_.infoHash : nullptr; }
  [[nodiscard]] const std::string& streamSwarmId() const { return swarm_.streamSwarmId; }
  /// The usable session of each peer, in order of peer ids.
  template <class Visit>
  void forEachPeer(Visit visit) const {
    for (const auto& [id, connection] : usable_) visit(*connections_.find(connection)->second.session);
  }

 private:
  enum class State : std::uint8_t {
    creatingOffer,
    offered,  // with the tracker
    creatingAnswer,
    connecting,  // offer and answer are exchanged
    open,
  };
  struct Connection {
    State state = State::creatingOffer;
    bool offeredByUs = true;
    base::OfferId offerId;
    std::uint64_t batch = 0;  // of an offer
    TrackerIndex tracker{};   // of an answer
    std::optional<base::PeerId> remote;
    bool retiring = false;
    std::unique_ptr<PeerSession> session;
  };
  using Connections = std::map<base::ConnectionId, Connection>;
  struct Batch {
    std::size_t waiting = 0;
    std::vector<wire::TrackerOffer> offers;
    std::vector<base::ConnectionId> connections;
  };
  struct Swarm {
    std::string streamSwarmId;
    base::InfoHash infoHash;
    base::PeerId ownId;
  };

  void leave(StepIo& io);
  void work(StepIo& io, TrackerClient::Events& events);
  void onTrackerEvent(StepIo& io, const tracker_event::OffersWanted& wanted);
  void onTrackerEvent(StepIo& io, const tracker_event::OfferReceived& offer);
  void onTrackerEvent(StepIo& io, const tracker_event::AnswerReceived& answer);
  void onTrackerEvent(StepIo& io, const tracker_event::Update& update);
  void offerDone(StepIo& io, std::uint64_t batch, std::optional<wire::TrackerOffer> offer);
  void settleDuplicate(StepIo& io, Connections::iterator fresh, Connections::iterator old);
  void retire(StepIo& io, Connections::iterator at);
  /// Closes the connection unless the rule says that it is the other one that must go.
  void onRetireTimer(StepIo& io, Connections::iterator at);
  /// Takes the offer of a connection that is gone out of an announce that is not out yet.
  void withdrawOffer(const Connection& connection);
  [[nodiscard]] bool full() const;
  /// Of two connections with one peer both ends keep the one offered by the lower peer id; of two offers of one side,
  /// that with the lower offer id.
  [[nodiscard]] bool preferred(const Connection& a, const Connection& b) const;
  /// Closes and forgets; what it carried is reported.
  void drop(StepIo& io, Connections::iterator at, bool tellPort);
  /// Ends the session if it wants that.
  void settle(StepIo& io, Connections::iterator at);
  PeerSession* sessionOf(base::ConnectionId connection);
  Connections::iterator findOffer(const base::OfferId& id);
  void peerSetChanged();
  void setHandshakeTimer(StepIo& io, base::ConnectionId connection, base::Duration after);
  void handshakeEnded(const Connection& connection);

  const Settings& settings_;
  Timers& timers_;
  IdCounters& ids_;
  base::Rng& rng_;
  TransferMeter& meter_;
  TrackerClient trackers_;
  bool joined_ = false;
  Swarm swarm_;
  std::map<base::InfoHash, base::PeerId> ownIds_;  // one stable id per infohash (5c.4, peer-id policy)
  Connections connections_;
  std::map<base::OfferId, base::ConnectionId> offers_;
  std::map<base::PeerId, base::ConnectionId> usable_;
  std::map<std::string, base::ConnectionId> downloads_;  // by segment id, until the loader releases it
  std::map<std::uint64_t, Batch> batches_;
  std::map<base::PeerId, std::size_t> handshakes_;  // by remote peer
  std::size_t incomingHandshakes_ = 0;
};

}  // namespace p2pml::engine
