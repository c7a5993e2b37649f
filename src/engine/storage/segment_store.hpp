// What the loader has stored, and the way to it: one face for the built-in memory storage and for an application's own.
//
// Owned by the loader. Keeps an index of the current master swarm, so that no step has to ask the storage what there
// is. What always holds: the index names only segments that the storage took; a segment is offered to peers only after
// that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "engine/identity.hpp"
#include "engine/internal_events.hpp"
#include "engine/storage/memory_storage.hpp"

namespace p2pml::engine {

class SegmentStore {
 public:
  /// Reads that one peer may have open at a custom storage: as many as it may have bodies queued. More are answered
  /// as absent.
  static constexpr std::size_t kMaxFetchesPerPeer = 4;

  SegmentStore(const Settings& settings, bool custom, IdCounters& ids);

  /// From now on `masterSwarmId` is the current one. With a custom storage, ready() follows its answer
  /// (event::StoreChanged).
  void open(StepIo& io, const std::string& masterSwarmId);
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const std::string& masterSwarmId() const { return master_; }

  /// Stored, or on its way into the storage.
  [[nodiscard]] bool has(const std::string& id) const { return entries_.contains(id); }
  [[nodiscard]] std::size_t count() const { return entries_.size(); }
  /// Another number than before whenever has() may answer otherwise.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

  /// Takes a whole segment (data, masterSwarmId set). Answered by event::Stored.
  void store(StepIo& io, Segment segment, std::optional<base::PeerId> peerId);
  /// The id of what a peer calls so: JSON peers by a text of the whole master swarm, binary ones by a number of
  /// `stream`. None if nothing of that name is stored.
  [[nodiscard]] std::optional<std::string> idOf(const PeerSegmentName& name, const std::string& stream,
                                                Numbering numbering) const;
  /// Answered by event::FetchedForPeer; `id` is what idOf() said.
  void fetchForPeer(StepIo& io, base::ConnectionId connection, const PeerRequest& peerRequest,
                    const std::optional<std::string>& id);
  /// Answered by output::GetSegmentResult.
  void fetchForApplication(StepIo& io, const std::string& id, std::uint64_t token);
  /// Peers are told no longer of what cannot be read any more: a page's player may have taken the buffer that it was
  /// given. The scheduler still counts it as stored, as the player has it; an application that asks for it gets none
  /// and it is loaded anew. To be called before anything is announced. (A custom storage knows itself what it has.)
  void unshareLost();
  /// Lets go of what is too old or too much, but for the locked ones. event::StoreChanged follows if anything went.
  void clean(StepIo& io, std::set<std::string> locked);
  /// Whoever still waits for fetchForApplication() gets none.
  void destroy(StepIo& io);

  /// What peers may be told of, newest first; visit returns false to stop.
  template <class Visit>
  void forEachNewestFirst(Visit visit) const {
    for (auto at = order_.rbegin(); at != order_.rend(); ++at) {
      if (!visit(at->second->name)) return;
    }
  }

  // Each answers false for a request that is not open.
  bool onStored(StepIo& io, const input::StorageStored& answer);
  bool onMap(StepIo& io, const input::StorageMapResult& answer);
  bool onSegment(StepIo& io, const input::StorageSegmentResult& answer);
  bool onCleaned(StepIo& io, const input::StorageCleaned& answer);

 private:
  struct Entry {
    bool storing = false;
    std::uint64_t order = 0;     // 0: not shared
    std::uint64_t storedAt = 0;  // the last request id handed out when a custom storage had taken it
    WireName name;               // where shared
  };
  using NumberKey = std::tuple<std::string_view, Numbering, std::int64_t>;  // of a stream
  struct Storing {
    Segment segment;
    std::optional<base::PeerId> peerId;
  };
  struct Mapping {
    std::string masterSwarmId;
  };
  struct ForPeer {
    base::ConnectionId connection;
    PeerRequest request;
    std::string id;
  };
  struct ForApplication {
    std::uint64_t token;
  };
  struct Cleaning {};
  using Pending = std::variant<Storing, Mapping, ForPeer, ForApplication, Cleaning>;

  template <class T>
  std::optional<T> take(base::RequestId request);
  void report(StepIo& io, const base::Error& error);
  void add(const Segment& segment);
  /// Peers are told of the entry no longer.
  void unshare(Entry& entry);
  template <class Visit>
  static void forEachNumber(const WireName& name, Visit visit);
  void remove(const std::string& id);
  void askForMap(StepIo& io);

  const bool custom_;
  IdCounters& ids_;
  MemoryStorage memory_;
  std::string master_;
  bool opened_ = false;
  bool ready_ = false;
  std::uint64_t lastOrder_ = 0;
  std::uint64_t changes_ = 1;
  using Entries = std::map<std::string, Entry>;
  Entries entries_;  // by id
  // Of the shared ones. Their texts are those of the entries' names.
  std::map<std::string_view, Entries::iterator> byWireId_;
  std::map<NumberKey, Entries::iterator> byNumber_;
  std::map<std::uint64_t, const Entry*> order_;
  std::map<base::RequestId, Pending> pending_;
};

}  // namespace p2pml::engine
