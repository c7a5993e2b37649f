// The inside of HybridLoader: the queue, and the parts that work on it. What a step does, in order: timers that are
// due, the input, the events of the parts until there are none, the queue if anything changed, what we have to the
// peers if that changed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/following.hpp"
#include "engine/http/http_downloads.hpp"
#include "engine/hybrid_loader.hpp"
#include "engine/identity.hpp"
#include "engine/internal_events.hpp"
#include "engine/peers/peer_manager.hpp"
#include "engine/peers/upload_slots.hpp"
#include "engine/relays.hpp"
#include "engine/scheduling/deadlines.hpp"
#include "engine/scheduling/policy.hpp"
#include "engine/storage/segment_store.hpp"
#include "engine/timers.hpp"
#include "engine/transfer_meter.hpp"

namespace p2pml::engine {

class LoaderCore {
 public:
  /// Announcements go out at most once in this time, so that a burst of changes is one message for each peer.
  static constexpr base::Duration kAnnounceInterval = base::milliseconds(50);
  /// Segments in one load(): far above any playlist window.
  static constexpr std::size_t kMaxQueue = 100'000;

  explicit LoaderCore(Options options);
  LoaderCore(const LoaderCore&) = delete;
  LoaderCore& operator=(const LoaderCore&) = delete;

  void step(base::TimePoint now, const Input& input, Outputs& outputs);
  [[nodiscard]] base::TimePoint deadline() const;
  [[nodiscard]] const Settings& getSettings() const { return options_.settings; }
  [[nodiscard]] Details getDetails() const;
  [[nodiscard]] const Stats& stats() const { return stats_; }
  [[nodiscard]] bool destroyed() const { return destroyed_; }

 private:
  struct Queued {
    Segment segment;
    std::optional<WireName> name;  // none: not shared
    std::uint64_t key = 0;
    Deadlines::Need need;
    base::TimePoint since{};
  };
  /// Of a queued segment: what a look at the queue begins with, in little memory.
  struct Listed {
    std::int64_t priority = 0;
    std::uint64_t key = 0;
    Deadlines::Need need;
    base::TimePoint since{};
    std::uint8_t mark = 0;  // markOf()
    bool stored = false;    // as of storeSeen_
  };
  struct Validation {
    Segment segment;  // with data
    Method method;
    std::optional<base::PeerId> peerId;
    base::ConnectionId connection;
    bool fromSeveral;
  };
  class QueuePeers;

  // Inputs.
  void on(StepIo& io, const input::Tick&);
  void on(StepIo& io, const input::Load& load);
  void on(StepIo& io, const input::GetSegment& get);
  void on(StepIo& io, const input::Follow& follow);
  void on(StepIo& io, const input::Destroy&);
  void on(StepIo& io, const input::HttpHead& head);
  void on(StepIo& io, const input::HttpData& data);
  void on(StepIo& io, const input::HttpDone& done);
  void on(StepIo& io, const input::HttpFailed& failed);
  void on(StepIo& io, const input::SocketOpened& opened);
  void on(StepIo& io, const input::SocketMessage& message);
  void on(StepIo& io, const input::SocketClosed& closed);
  void on(StepIo& io, const input::OfferCreated& created);
  void on(StepIo& io, const input::AnswerCreated& created);
  void on(StepIo& io, const input::PeerOpened& opened);
  void on(StepIo& io, const input::PeerMessage& message);
  void on(StepIo& io, const input::PeerDrained& drained);
  void on(StepIo& io, const input::PeerClosed& closed);
  void on(StepIo& io, const input::SegmentValidated& validated);
  void on(StepIo& io, const input::StorageStored& stored);
  void on(StepIo& io, const input::StorageMapResult& map);
  void on(StepIo& io, const input::StorageSegmentResult& segment);
  void on(StepIo& io, const input::StorageCleaned& cleaned);

  // Events of the parts.
  void handle(StepIo& io, event::Downloaded& downloaded);
  void handle(StepIo& io, event::DownloadFailed& failed);
  void handle(StepIo& io, event::PeersChanged&);
  void handle(StepIo& io, event::ChannelOpened& opened);
  void handle(StepIo& io, event::PeerConnected& connected);
  void handle(StepIo& io, event::PeerClosed& closed);
  void handle(StepIo& io, event::SegmentRequested& requested);
  void handle(StepIo& io, event::RequestCancelled& cancelled);
  void handle(StepIo& io, event::SwarmUpdate& update);
  void handle(StepIo& io, event::Stored& stored);
  void handle(StepIo& io, event::FetchedForPeer& fetched);
  void handle(StepIo& io, event::StoreChanged&);

  void keepPartial(const std::string& id, std::optional<PartialBody> partial);
  /// A connected peer says that it has that segment of the queue, or is being sent it.
  [[nodiscard]] bool peerHas(base::TimePoint now, const std::string& id) const;
  void startOnce(StepIo& io);
  std::vector<Queued> acceptQueue(StepIo& io, const input::Load& load);
  /// The stream that load() means.
  const StreamIdentity& identify(const input::Load& load, const std::vector<Queued>& queue);
  /// When each is needed, and since when it is queued.
  void setTimes(base::TimePoint now, std::vector<Queued>& next);
  /// The player has waited for that segment: it needs what comes after it so much later than was told.
  void shiftTimes(base::TimePoint now, const std::string& id);
  void abortMissing(StepIo& io, const std::vector<Queued>& next);
  void fireTimers(StepIo& io);
  void fire(StepIo& io, TimerKey key);
  void settle(StepIo& io);
  void processQueue(StepIo& io);
  void drawRandomHttp(StepIo& io);
  void answer(StepIo& io, const event::SegmentRequested& requested);
  void answerNode(StepIo& io, const event::SegmentRequested& requested);
  void serveWaiting(StepIo& io);
  template <class Decide>
  void schedule(StepIo& io, Decide decide);
  /// After each change of queue_: what of it stays the same until the next one.
  void listQueue();
  void noteStored();
  /// A bit for the marks of all ids of which there is more to tell than whether they are stored.
  [[nodiscard]] std::uint64_t busyMarks() const;
  /// Place of an id's bit: equal ids have equal ones, and different ones mostly do not.
  static std::uint8_t markOf(const std::string& id);
  /// What may be different each time.
  void fillIn(base::TimePoint now, const Queued& queued, bool validating, QueueItem& item) const;
  [[nodiscard]] Estimates estimates() const;
  void carryOut(StepIo& io, const Action& action);
  void accept(StepIo& io, Segment segment, std::optional<base::PeerId> peerId, Method method);
  void refuse(StepIo& io, Validation validation, base::Error error);
  /// Stops whatever works on the segment.
  void abortDownloads(StepIo& io, const std::string& id);
  void clean(StepIo& io);
  void broadcastAvailability(StepIo& io);
  void flushAvailability(StepIo& io);
  void tellFollowed(StepIo& io);
  [[nodiscard]] OwnAvailability ownAvailability(base::TimePoint now);

  // Relaying (loader_relaying.cpp).
  /// What is still coming may be passed on: with a validator nothing is known to be right before the end.
  [[nodiscard]] bool relaying() const {
    return peers_.extended() && sharing() && !options_.capabilities.segmentValidator;
  }
  /// What p2pml nodes are told of segments that are still coming.
  std::vector<Receiving> receiving();
  /// After each step: passes on what has come.
  void relay(StepIo& io);
  /// Those who wait for a segment of which all bytes are here.
  void finishRelays(StepIo& io, const std::string& segmentId, const base::Bytes& data);
  /// One more answer to a p2pml node would not make all of them too slow.
  [[nodiscard]] bool uploadSlot() const;
  /// The segment that is coming and that a node calls so.
  [[nodiscard]] std::optional<std::string> comingAs(const event::SegmentRequested& requested) const;
  [[nodiscard]] base::Bytes comingAt(const std::string& segmentId, std::uint64_t offset) const;
  [[nodiscard]] bool p2pOn() const { return options_.settings.useP2P && options_.capabilities.webRtc; }
  [[nodiscard]] bool sharing() const { return p2pOn() && !options_.settings.consumeOnly && store_.ready(); }

  const Options options_;
  base::Rng rng_;
  IdCounters ids_;
  Timers timers_;
  Stats stats_;
  TransferMeter meter_;
  SegmentStore store_;
  HttpDownloads http_;
  PeerManager peers_;
  UploadSlots uploads_;
  std::unique_ptr<SchedulingPolicy> policy_;
  Deadlines deadlines_;
  SmoothedValue segmentBytes_;

  Following following_;
  Relays relays_;
  std::uint64_t receivingSign_ = 0;  // changes with what receiving() says

  std::vector<InternalEvent> events_;
  std::vector<Queued> queue_;
  std::vector<Listed> listed_;  // of queue_
  std::uint64_t storeSeen_ = 0;
  std::map<base::RequestId, Validation> validations_;
  /// Starts of segments from peers that another peer may go on with, or HTTP (resumesOverHttp).
  std::map<std::string, PartialBody> partials_;
  /// Queued segments that were delivered, but that the storage did not take.
  std::set<std::string> deliveredOnly_;
  base::TimePoint now_ = base::TimePoint::min();
  base::TimePoint announcedAt_ = base::TimePoint::min();
  std::optional<OwnAvailability> announced_;
  std::string stream_;  // the current one's WireName::stream
  StreamIdentity identity_;
  bool started_ = false;
  bool destroyed_ = false;
  bool queueChanged_ = false;
  bool availabilityChanged_ = false;
  base::TimePoint refusedAt_ = base::TimePoint::min();  // a validator refused what a peer had sent
};

}  // namespace p2pml::engine
