// All WebTorrent trackers of one loader (docs/protocol/tracker-websocket.md 5c): announces, offers, answers,
// reconnects.
//
// Owned by HybridLoader, which hands it inputs and carries out its outputs; it knows no WebRTC: offers are asked of the
// owner (OffersWanted -> offersReady) and received ones told to it. One socket per tracker URL, shared by all swarms;
// one peer id per infohash (the peer-id policy of 5c.4). Always holds: a message is only sent on an open socket; on one
// connection a swarm's first announce is `started` and what was announced is `stopped` before the connection is closed
// by leave or shutdown; per tracker and infohash no more announces leave than the strictest known server takes (limits
// below).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "engine/io.hpp"
#include "engine/trackers/rate_limits.hpp"
#include "wire/tracker_message.hpp"

namespace p2pml::engine {

/// Which tracker: position among the different URLs of the configuration.
enum class TrackerIndex : std::uint32_t {};

namespace tracker_event {

/// Make `count` connections and answer once, with offersReady(batch), when each has its offer or has failed.
/// After 6 s the announce goes out without them.
struct OffersWanted {
  TrackerIndex tracker{};
  base::InfoHash infoHash;
  std::size_t count = 0;
  std::uint64_t batch = 0;
};
/// Somebody offers us a connection: answer with sendAnswer, on the same tracker.
struct OfferReceived {
  TrackerIndex tracker{};
  base::InfoHash infoHash;
  base::PeerId from;
  base::OfferId offerId;
  std::string sdp;
};
/// The answer to an offer, ours if the owner knows the offer id.
struct AnswerReceived {
  TrackerIndex tracker{};
  base::InfoHash infoHash;
  base::PeerId from;
  base::OfferId offerId;
  std::string sdp;
};
/// The tracker told its counts. We ourselves are among them.
struct Update {
  TrackerIndex tracker{};
  base::InfoHash infoHash;
  std::int64_t complete = 0;
  std::optional<std::int64_t> incomplete;
};

}  // namespace tracker_event

/// What the client tells its owner.
using TrackerEvent = std::variant<tracker_event::OffersWanted, tracker_event::OfferReceived,
                                  tracker_event::AnswerReceived, tracker_event::Update>;

class TrackerClient {
 public:
  struct Config {
    std::vector<std::string> urls;  ///< a trailing slash is removed; equal ones are one tracker
    std::int64_t peerRequestsPerAnnounce = 10;
    bool recount = false;  ///< one more announce kRecount after a swarm's first response, for new counts alone
  };
  using Events = std::vector<TrackerEvent>;

  // Times of the protocol and of its clients (5c.3).
  static constexpr base::Duration kOffersTimeout = base::seconds(6);       ///< an announce waits so long for its offers
  static constexpr base::Duration kOffersUsable = base::seconds(40);       ///< older ones are not sent: they live 50 s
  static constexpr base::Duration kRetryInterval = base::seconds(30);      ///< until a first response
  static constexpr base::Duration kMaxRetryInterval = base::seconds(300);  ///< doubled so far by "failure reason"
  static constexpr base::Duration kFallbackInterval = base::seconds(120);  ///< of a response that tells none
  static constexpr base::Duration kMinInterval = base::seconds(10);
  static constexpr base::Duration kMaxInterval = base::seconds(3600);
  static constexpr base::Duration kFirstBackoff = base::seconds(1);  ///< doubled by every failure, +-20 %
  static constexpr base::Duration kMaxBackoff = base::seconds(30);
  static constexpr base::Duration kLasted =
      base::seconds(10);  ///< a connection so old (or a valid message) ends the backoff
  // Our own.
  static constexpr base::Duration kOpenTimeout = base::seconds(30);
  static constexpr base::Duration kSilence = base::seconds(90);  ///< announces unanswered for so long: reconnect
  /// Who comes early into a crowd is told of a swarm that is another one soon after; or the tracker's min interval.
  static constexpr base::Duration kRecount = base::seconds(30);
  static constexpr base::Duration kIdle = base::seconds(30);  ///< a socket without swarms is closed after it
  static constexpr base::Duration kLinger =
      base::seconds(1);  ///< `stopped` waits so long for the swarm to be joined again

  // Limits on what we send.
  static constexpr std::size_t kOffersPerMessage = 10;        ///< more are relayed by no tracker (5c.4)
  static constexpr std::size_t kMaxMessageBytes = 16 * 1024;  ///< aquatic_ws takes no larger frame
  /// PeerTube blocks an address after 15 announces of an infohash or 30 of all in 5 minutes. `stopped` is always sent,
  /// so one of the 14 is kept for it. A tracker that tells a shorter interval than that allows is taken at its word.
  static constexpr base::Duration kAnnounceWindow = base::seconds(300);
  static constexpr std::size_t kAnnouncesPerWindow = 14;
  static constexpr std::size_t kTrackerAnnouncesPerWindow =
      28;  ///< beyond it, announces carry at most one message of offers
  /// Offers that one message has no room for leave so many announces of the window unused, or all that the told
  /// interval needs.
  static constexpr std::size_t kAnnounceReserve = 4;

  // Limits on what a tracker sends.
  static constexpr std::int64_t kOffersPerMinute = 100;
  static constexpr std::int64_t kGarbagePerMinute = 10;
  static constexpr std::uint32_t kMaxFailures = 20;  ///< failures in a row without an action; one more: reconnect
  static constexpr std::size_t kMaxSwarms = 256;
  static constexpr std::size_t kMaxTrackerIdBytes = 256;  ///< a longer "tracker id" is not echoed
  static constexpr std::size_t kMaxRemoteText = 512;      ///< bytes of a tracker's text that reach TrackerWarning

  /// `rng` and `lastSocketId` (the last id handed out, 0 at first) are the engine's and outlive the client.
  TrackerClient(Config config, base::Rng& rng, std::uint64_t& lastSocketId);

  /// Announces the swarm on every tracker, from now on. Joined already: nothing happens. The id is ours in that swarm
  /// and should be the same whenever the swarm is joined. Error: limitExceeded above kMaxSwarms.
  base::Result<void> join(base::TimePoint now, const base::InfoHash& infoHash, const base::PeerId& peerId, Outputs& out,
                          Events& events);

  /// `stopped` goes to every tracker that was told of the swarm, kLinger later. Joined again by then, neither `stopped`
  /// nor `started` is sent, only an update with new offers, at least kMinInterval after the last announce.
  void leave(base::TimePoint now, const base::InfoHash& infoHash, Outputs& out);

  /// `stopped` everywhere, then the sockets are closed. After it every call does nothing.
  void shutdown(base::TimePoint now, Outputs& out);

  /// Answers OffersWanted. False: nobody waits for this batch any more; close the connections.
  bool offersReady(base::TimePoint now, std::uint64_t batch, std::vector<wire::TrackerOffer> offers, Outputs& out,
                   Events& events);

  /// Answers OfferReceived. False: it cannot be delivered (swarm left, tracker gone, sdp too long); close the
  /// connection.
  bool sendAnswer(base::TimePoint now, TrackerIndex tracker, const base::InfoHash& infoHash, const base::PeerId& toPeer,
                  const base::OfferId& offerId, std::string sdp, Outputs& out);

  /// Totals in bytes for the next announces of the swarm.
  void setTransfer(const base::InfoHash& infoHash, std::int64_t uploaded, std::int64_t downloaded);

  /// False while the peer set is full: announces then carry numwant 0 and no offers. Relayed offers are still told.
  void wantPeers(bool wanted) { wantPeers_ = wanted; }

  // Inputs of sockets; ids of sockets that are not ours (any more) are ignored, with false.
  bool onSocketOpened(base::TimePoint now, base::SocketId socket, Outputs& out, Events& events);
  bool onSocketMessage(base::TimePoint now, base::SocketId socket, std::string_view text, Outputs& out, Events& events);
  bool onSocketClosed(base::TimePoint now, base::SocketId socket, const base::Error& reason, Outputs& out,
                      Events& events);

  /// Call when deadline() has come, or at any other time. Afterwards deadline() > now.
  void onTick(base::TimePoint now, Outputs& out, Events& events);
  [[nodiscard]] base::TimePoint deadline() const;

  [[nodiscard]] std::size_t trackerCount() const { return trackers_.size(); }
  [[nodiscard]] const std::string& url(TrackerIndex tracker) const;

 private:
  /// Does the tracker know us in the swarm?
  enum class Known : std::uint8_t {
    no,
    yes,   ///< `started` was sent on the present connection
    lost,  ///< `started` was sent on an earlier one that broke: the tracker may still hold the dead socket
  };
  enum class Phase : std::uint8_t {
    idle,        ///< until `due`
    collecting,  ///< waits for `batch`
    ready,       ///< has `offers`, waits for the socket
  };

  /// One swarm on one tracker. Kept for a while after it was left: its log limits what a new join may send.
  struct Swarm {
    base::PeerId peerId;
    bool joined = false;
    base::TimePoint keptUntil{};  ///< its entry in Tracker::left, once it was left
    Known known = Known::no;
    Phase phase = Phase::idle;
    base::TimePoint due{};                     ///< of the next announce; counts in idle
    base::TimePoint stopAt = base::kNever;     ///< of the `stopped` of a swarm that was left
    std::uint64_t batch = 0;                   ///< counts in collecting
    base::TimePoint batchDeadline{};           ///< counts in collecting
    std::vector<wire::TrackerOffer> offers;    ///< counts in ready
    base::TimePoint offersSince{};             ///< counts in ready
    base::TimePoint recountAt = base::kNever;  ///< for new counts alone
    bool recounting = false;                   ///< that announce is not answered yet
    bool responded = false;                    ///< on the present connection
    std::optional<base::Duration> interval;    ///< as the tracker told it, bounded
    std::uint32_t failures = 0;                ///< "failure reason"s for this swarm since its last response
    std::optional<std::string> trackerId;
    std::int64_t uploaded = 0;
    std::int64_t downloaded = 0;
    RecentLog announces{kAnnounceWindow};  ///< `stopped` included
    base::TimePoint lastAnnounce{};
    base::TimePoint timer = base::kNever;  ///< its entry in Tracker::timers, if not kNever
  };

  enum class Link : std::uint8_t {
    closed,   ///< until a swarm is joined, and not before `linkTimer` if that is set
    waiting,  ///< reconnects at linkTimer
    opening,  ///< gives up at linkTimer
    open,     ///< closed at linkTimer if no swarm is joined by then
  };

  struct Tracker {
    TrackerIndex index{};
    std::string url;
    Link link = Link::closed;
    base::TimePoint linkTimer = base::kNever;
    base::SocketId socket;
    std::uint32_t backoff = 0;  ///< connections that failed in a row
    base::TimePoint openedAt{};
    bool heardValid = false;                         ///< a valid message came on the present connection
    base::TimePoint unansweredSince = base::kNever;  ///< the first announce after the last message
    std::uint32_t bareFailures = 0;                  ///< in a row
    bool offersLimited = false;                      ///< the warning about it is out
    RateLimit offerLimit{kOffersPerMinute, base::seconds(60)};
    RateLimit garbageLimit{kGarbagePerMinute, base::seconds(60)};
    RecentLog announces{kAnnounceWindow};
    std::size_t active = 0;  ///< swarms joined or lingering
    std::map<base::InfoHash, Swarm> swarms;
    std::set<std::pair<base::TimePoint, base::InfoHash>> timers;
    std::set<std::pair<base::TimePoint, base::InfoHash>> left;  ///< swarms kept for their log, by the end of its use
  };

  struct Batch {
    TrackerIndex tracker{};
    base::InfoHash infoHash;
  };

  /// Where one call appends to, so that the steps below need not hand three things around.
  struct Step {
    base::TimePoint now;
    Outputs& out;
    Events& events;
  };

  Tracker& at(TrackerIndex index);
  Tracker* bySocket(base::SocketId socket);

  void joinOn(Tracker& tracker, const base::InfoHash& infoHash, const base::PeerId& peerId, Step& step);
  void leaveOn(Tracker& tracker, const base::InfoHash& infoHash, base::TimePoint now);

  void openLink(Tracker& tracker, base::TimePoint now, Outputs& out);
  /// The connection ended or is ended here (`close`): what to do next.
  void linkLost(Tracker& tracker, const base::Error& reason, bool close, Step& step);
  void onLinkTimer(Tracker& tracker, Step& step);

  /// Moves the swarm on as far as it gets now and sets its timer.
  void advance(Tracker& tracker, const base::InfoHash& infoHash, Swarm& swarm, Step& step);
  /// Asks for offers or, where none are wanted, announces at once.
  void beginAnnounce(Tracker& tracker, const base::InfoHash& infoHash, Swarm& swarm, Step& step);
  void sendAnnounce(Tracker& tracker, const base::InfoHash& infoHash, Swarm& swarm,
                    std::vector<wire::TrackerOffer> offers, base::TimePoint now, Outputs& out);
  void sendStopped(Tracker& tracker, const base::InfoHash& infoHash, Swarm& swarm, base::TimePoint now, Outputs& out);
  void sendCounted(Tracker& tracker, Swarm& swarm, std::string text, base::TimePoint now, Outputs& out);
  static wire::AnnounceRequest makeRequest(const base::InfoHash& infoHash, const Swarm& swarm);

  void onResponse(Tracker& tracker, wire::AnnounceResponse& response, Step& step);
  void onOffer(Tracker& tracker, wire::RelayedOffer& offer, Step& step);
  void onAnswer(Tracker& tracker, wire::RelayedAnswer& answer, Step& step);
  void onFailure(Tracker& tracker, const wire::TrackerFailure& failure, Step& step);

  static Swarm* joinedSwarm(Tracker& tracker, const base::InfoHash& infoHash);
  /// Announces in kAnnounceWindow, the one kept for `stopped` included.
  static std::size_t announceLimit(const Swarm& swarm);
  /// Announces in kAnnounceWindow that the told interval brings about.
  static std::size_t announcesTold(const Swarm& swarm);
  /// Messages one announce may take: one, and as many more as the limits leave for further offers.
  static std::size_t messagesAllowed(Tracker& tracker, Swarm& swarm, base::TimePoint now);
  /// Of the next announce, if the last one or its answer is of now.
  base::TimePoint dueAfter(const Tracker& tracker, const Swarm& swarm, base::TimePoint now) const;
  static base::Duration nextInterval(const Tracker& tracker, const Swarm& swarm);
  static void setTimer(Tracker& tracker, const base::InfoHash& infoHash, Swarm& swarm, base::TimePoint time);
  void dropBatch(Swarm& swarm);
  /// The swarm is out on this tracker; its log stays.
  void forget(Tracker& tracker, const base::InfoHash& infoHash, Swarm& swarm, base::TimePoint now);

  std::size_t peerRequests_;
  bool recount_;
  base::Rng& rng_;
  std::uint64_t& lastSocketId_;
  std::vector<Tracker> trackers_;
  std::map<base::SocketId, TrackerIndex> sockets_;
  std::set<base::InfoHash> joined_;
  std::map<std::uint64_t, Batch> batches_;
  std::uint64_t nextBatch_ = 1;
  /// None: to be found anew. It is asked for after every step, and hardly any changes it.
  mutable std::optional<base::TimePoint> deadline_;
  bool wantPeers_ = true;
  bool shutDown_ = false;
};

}  // namespace p2pml::engine
