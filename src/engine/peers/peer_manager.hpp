// All peers of one loader: connections from offer to close, the trackers they come from, and who is asked for what.
//
// Owned by the loader. One stream may have a swarm in each of several generations (swarms.hpp); their peers are treated
// alike. What always holds: one usable session per remote peer, also if it is met in several swarms (a second
// connection is kept only until it is clear which one stays); a pending handshake is never ended because another one
// exists; the number of connections in every state is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id_map.hpp"
#include "base/ids.hpp"
#include "base/rng.hpp"
#include "engine/identity.hpp"
#include "engine/internal_events.hpp"
#include "engine/peers/availability_table.hpp"
#include "engine/peers/node_downloads.hpp"
#include "engine/peers/offer_batches.hpp"
#include "engine/peers/peer_session.hpp"
#include "engine/peers/peer_set.hpp"
#include "engine/peers/peer_turnover.hpp"
#include "engine/peers/swarms.hpp"
#include "engine/scheduling/segment_key.hpp"
#include "engine/timers.hpp"
#include "engine/trackers/tracker_client.hpp"

namespace p2pml::engine {

class PeerManager final : private NodeDownloads::Peers {
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

  /// `node` is our name for other p2pml nodes (node_mark.hpp).
  PeerManager(const Settings& settings, Timers& timers, IdCounters& ids, base::Rng& rng, TransferMeter& meter,
              std::string node);

  /// Leaves the swarms it is in, with all their peers, and joins those of this stream. Nothing happens to swarms that
  /// are the same.
  void setStream(StepIo& io, const StreamIdentity& stream);
  void shutdown(StepIo& io);

  // What the scheduler asks.
  [[nodiscard]] std::size_t peerCount() const { return peers_.size(); }
  [[nodiscard]] std::size_t downloadCount() const { return downloads_.size(); }
  // These know a queued segment by its place, too: what peers say of those at the head of the queue is remembered.
  /// The queue is another one, of so many segments.
  void setQueue(std::size_t queued);
  [[nodiscard]] Availability availability(std::size_t place, const WireName& name) const;
  void idleHolders(base::TimePoint now, std::size_t place, const WireName& name,
                   std::vector<base::ConnectionId>& holders) const;
  /// The peer that is being asked for it or sends it; none if nobody does (any more).
  [[nodiscard]] base::ConnectionId downloadSource(const std::string& segmentId) const;
  /// That peer may be asked for that segment.
  [[nodiscard]] bool holds(base::ConnectionId connection, const WireName& name) const;
  /// A request to that peer can go on where another source stopped.
  [[nodiscard]] bool resumes(base::ConnectionId connection) const;
  [[nodiscard]] bool connected(base::ConnectionId connection) const { return connections_.contains(connection); }
  /// Bytes of a segment wait to be sent to it; false if it is gone.
  [[nodiscard]] bool uploading(base::ConnectionId connection) const;
  [[nodiscard]] bool downloading(const std::string& segmentId) const { return downloads_.contains(segmentId); }
  /// visit(segmentId) for all those.
  template <class Visit>
  void forEachDownload(Visit visit) const {
    for (const auto& [id, source] : downloads_) visit(id);
  }
  /// Of a running download; nothing is known of one that is complete.
  [[nodiscard]] Progress progress(base::TimePoint now, const std::string& segmentId) const;
  /// A peer that relays it at a depth of `relayLimit` or more counts as loading it.
  void holders(base::TimePoint now, const std::string& segmentId, std::size_t place, const WireName& name,
               std::uint32_t relayLimit, std::vector<Holder>& holders) const;
  void neighbours(std::vector<Neighbour>& neighbours) const;
  /// Hash of the name that other p2pml nodes know us by.
  [[nodiscard]] std::uint64_t ownId() const { return ownId_; }
  /// In our swarms; none before a tracker has told.
  [[nodiscard]] std::optional<std::int64_t> viewers() const { return swarms_.viewers(); }

  /// No `start` unless resumes(connection).
  void request(StepIo& io, base::ConnectionId connection, const Segment& segment, const WireName& name,
               const PartialBody* start = nullptr);
  std::optional<PartialBody> cancelDownload(StepIo& io, const std::string& segmentId);
  /// The segment's first bytes, as far as a peer has sent them; nothing if that is none.
  [[nodiscard]] std::optional<PartialBody> received(const std::string& segmentId);
  /// Idle p2pml nodes are given parts of what others are sending.
  void shareOut(StepIo& io);
  /// A validator refused what several peers had sent.
  void distrust(const std::string& segmentId) {
    if (extended()) nodes_.distrust(segmentId);
  }
  /// The loader has taken or refused what event::Downloaded brought.
  void release(const std::string& segmentId) { downloads_.erase(segmentId); }

  void sendAvailability(StepIo& io, base::ConnectionId connection, const OwnAvailability& own);
  void sendAvailabilityToAll(StepIo& io, const OwnAvailability& own);
  void sendSegment(StepIo& io, base::ConnectionId connection, const PeerRequest& request, const base::Bytes& data);
  void sendAbsent(StepIo& io, base::ConnectionId connection, const PeerRequest& request);
  // Answers to p2pml nodes about a segment that is still coming: as those of NodePeerSession.
  [[nodiscard]] std::optional<BodyRange> wanted(base::ConnectionId connection, const PeerRequest& request) const;
  void relay(StepIo& io, base::ConnectionId connection, const PeerRequest& request, std::uint64_t total,
             const base::Bytes& bytes);
  void endAnswer(StepIo& io, base::ConnectionId connection, const PeerRequest& request, wire::NodeEnd::Status status);
  /// What peers are sending us.
  struct Incoming {
    const std::string& segmentId;
    const WireName& name;
    std::uint32_t depth;  ///< relaying nodes between us and a complete source
    std::uint64_t sign;   ///< hashOf(segmentId)
    bool begun;           ///< its first byte is here
  };
  template <class Visit>
  void forEachIncoming(Visit visit) const {
    if (!extended()) return;
    nodes_.forEach([&](const std::string& id, const NodeDownloads::Download& download) {
      visit(Incoming{id, download.name, download.depth, download.sign, download.body->begun()});
    });
    if (downloads_.size() == nodes_.size()) return;  // those of nodes are all here too
    for (const auto& [id, source] : downloads_) {
      if (nodes_.has(id)) continue;
      const PeerSession* session = downloadOf(id, source);
      if (session == nullptr) continue;
      visit(Incoming{id, session->downloadName(), 0, hashOf(id), !session->receivedAt(0).empty()});
    }
  }
  /// Bytes of a segment that peers are sending from `offset` on, as far as they are here in one piece.
  [[nodiscard]] base::Bytes receivedAt(const std::string& segmentId, std::uint64_t offset) const;
  /// Of a segment that peers are sending; 0: not known.
  [[nodiscard]] std::uint64_t incomingTotal(const std::string& segmentId) const;

  /// The p2pml nodes' own protocol is spoken with those who speak it too.
  [[nodiscard]] bool extended() const { return !kOnlyG0 && extension_ > 0; }

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

  /// In the order of peerProtocols.
  [[nodiscard]] const std::vector<Swarm>& swarms() const { return swarms_.joined(); }
  /// Ours in the first of them, also before there is one.
  [[nodiscard]] const base::PeerId& firstId() const { return swarms_.firstId(); }
  [[nodiscard]] const Swarms::Counts& peerCounts() const { return peers_.counts(); }
  /// The usable session of each peer, always in the same order.
  template <class Visit>
  void forEachPeer(Visit visit) const {
    for (const Seat& seat : seats_) visit(std::as_const(*seat.session));
  }

 private:
  enum class State : std::uint8_t {
    creatingOffer,
    offered,  // with the tracker
    creatingAnswer,
    connecting,  // offer and answer are exchanged
    open,
  };
  static constexpr std::size_t kNoSeat = static_cast<std::size_t>(-1);
  struct Connection {
    State state = State::creatingOffer;
    Generation generation{};
    bool offeredByUs = true;
    base::OfferId offerId;
    std::uint64_t batch = 0;  // of an offer
    TrackerIndex tracker{};   // of an answer
    std::optional<base::PeerId> remote;
    std::string remoteNode;       // where the remote is a p2pml node
    std::uint32_t extension = 0;  // version of the nodes' protocol that both speak; 0: none
    bool retiring = false;
    std::size_t seat = kNoSeat;  // where it is the usable one
    std::unique_ptr<PeerSession> session;
  };
  using Connections = base::IdMap<base::ConnectionId, Connection>;
  /// A usable session, without a look at anything else.
  struct Seat {
    base::ConnectionId connection;
    PeerSession* session = nullptr;
    const NodePeerSession* node = nullptr;  // session, if it is one
    bool resumes = false;                   // as the session does
    std::uint64_t id = 0;                   // Neighbour::id
    base::TimePoint since{};
  };

  [[nodiscard]] bool electing() const;
  /// Other p2pml nodes may know us again by our name.
  [[nodiscard]] bool named() const { return !kOnlyG0 && !node_.empty(); }
  static RemoteKey keyOf(const Connection& connection);
  [[nodiscard]] std::string marked(const std::string& sdp) const;
  void leave(StepIo& io, const Swarm& swarm);
  void work(StepIo& io, TrackerClient::Events& events);
  void onTrackerEvent(StepIo& io, const tracker_event::OffersWanted& wanted);
  void onTrackerEvent(StepIo& io, const tracker_event::OfferReceived& offer);
  void onTrackerEvent(StepIo& io, const tracker_event::AnswerReceived& answer);
  void onTrackerEvent(StepIo& io, const tracker_event::Update& update);
  void offerDone(StepIo& io, std::uint64_t batch, std::optional<wire::TrackerOffer> offer);
  void settleDuplicate(StepIo& io, Connections::Entry* fresh, Connections::Entry* old);
  void retire(StepIo& io, Connections::Entry* at);
  /// Closes the connection unless the rule says that it is the other one that must go.
  void onRetireTimer(StepIo& io, Connections::Entry* at);
  /// Who of that generation would go for a newcomer; null: nobody.
  [[nodiscard]] const PeerSet::Members::value_type* leaver(base::TimePoint now, Generation generation) const;
  /// That one may come, if need be in the place of another.
  [[nodiscard]] bool mayCome(base::TimePoint now, const RemoteKey& who, Generation generation) const;
  /// There is a place for it; another may have had to go for that.
  bool makeRoom(StepIo& io, const RemoteKey& who, Generation generation);
  /// Of two connections with one peer both ends keep the one of the later generation; of one generation the one offered
  /// by the lower peer id; of two offers of one side, that with the lower offer id.
  [[nodiscard]] bool preferred(const Connection& a, const Connection& b) const;
  /// Closes and forgets; what it carried is reported.
  void drop(StepIo& io, Connections::Entry* at, bool tellPort);
  /// The same for all connections that are open to that one's remote.
  void dropRemote(StepIo& io, Connections::Entry* at);
  /// On any connection to it.
  [[nodiscard]] bool transferring(const RemoteKey& who) const;
  /// Ends the session if it wants that.
  void settle(StepIo& io, Connections::Entry* at);
  /// A build for G0 alone has no such downloads, and nothing of what they need.
  [[nodiscard]] bool fromNodes(const std::string& segmentId) const { return !kOnlyG0 && nodes_.has(segmentId); }
  /// What a call of a session may have left to do.
  void settleNodes(StepIo& io);
  [[nodiscard]] NodePeerSession* nodeAt(base::ConnectionId connection) override;
  [[nodiscard]] const NodePeerSession* nodeAt(base::ConnectionId connection) const override;
  void idleNodes(base::TimePoint now, const WireName& name, std::vector<base::ConnectionId>& nodes) const override;
  /// The session if it is getting that segment.
  [[nodiscard]] const PeerSession* downloadOf(const std::string& segmentId, base::ConnectionId connection) const;
  void readMarks(Connection& connection, std::string_view sdp) const;
  PeerSession* sessionOf(base::ConnectionId connection);
  Connections::Entry* findOffer(const base::OfferId& id);
  void peerSetChanged();
  /// Gives each usable session its seat.
  void seatPeers();
  /// A connection that is no longer in connections_ leaves its seat.
  void unseat(const Connection& gone);
  /// What the peer there says of a queued segment; ask() asks it.
  [[nodiscard]] Said ask(std::size_t seat, const WireName& name) const;
  [[nodiscard]] Said saysOf(std::size_t seat, std::size_t place, const WireName& name) const;
  void setHandshakeTimer(StepIo& io, base::ConnectionId connection, base::Duration after);
  void handshakeEnded(const Connection& connection);

  const Settings& settings_;
  Timers& timers_;
  IdCounters& ids_;
  base::Rng& rng_;
  TransferMeter& meter_;
  const std::string node_;         // empty where nobody needs to know us again: one swarm, and no elections
  const std::uint64_t ownId_;      // of node_
  const std::uint32_t extension_;  // newest version of the nodes' protocol that we speak; 0: none
  TrackerClient trackers_;
  Swarms swarms_;
  std::optional<StreamIdentity> stream_;
  Connections connections_;
  std::map<base::OfferId, base::ConnectionId> offers_;
  PeerSet peers_{swarms_};
  PeerTurnover turnover_;
  std::vector<Seat> seats_;  // of peers_, in its order
  mutable AvailabilityTable says_;
  std::size_t queued_ = 0;
  std::map<std::string, base::ConnectionId> downloads_;  // by segment id, until the loader releases it
  NodeDownloads nodes_{*this};
  std::vector<base::ConnectionId> touched_;  // sessions that nodes_ has worked with
  OfferBatches batches_;
  std::map<RemoteKey, std::size_t> handshakes_;
  std::size_t incomingHandshakes_ = 0;
};

}  // namespace p2pml::engine
