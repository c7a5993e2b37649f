// The peers that a loader is connected with: one usable connection each, whatever swarms they were met in, and who may
// come when there is no place left.
//
// Owned by PeerManager, which opens and closes connections as this says. What always holds: a remote is here once; the
// counts by generation are those of the usable connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "engine/peers/swarms.hpp"

namespace p2pml::engine {

/// Who a remote is, whatever swarm it was met in.
struct RemoteKey {
  std::string node;  ///< of a p2pml node; then nothing else counts
  Generation generation{};
  base::PeerId id;

  friend auto operator<=>(const RemoteKey&, const RemoteKey&) = default;
};

class PeerSet {
 public:
  struct Member {
    base::ConnectionId connection;  ///< the usable one
    Generation generation{};        ///< of that connection
    base::PeerId told;              ///< the id that PeerConnected told, and PeerClosed will
    base::TimePoint since{};
  };
  using Members = std::map<RemoteKey, Member>;

  explicit PeerSet(const Swarms& swarms) : swarms_(swarms) {}

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  /// Always in the same order.
  [[nodiscard]] const Members& members() const { return members_; }
  [[nodiscard]] bool contains(const RemoteKey& who) const { return members_.contains(who); }
  /// Null if it is not here.
  [[nodiscard]] const Member* find(const RemoteKey& who) const;
  [[nodiscard]] const Swarms::Counts& counts() const { return counts_; }

  /// Precondition: it is not here.
  void add(const RemoteKey& who, const Member& member);
  /// Another connection is the usable one now. Precondition: it is here.
  void use(const RemoteKey& who, base::ConnectionId connection, Generation generation);
  /// Precondition: it is here.
  void remove(const RemoteKey& who);

  /// Peers of that generation that may still connect, also in place of others (swarms.hpp).
  [[nodiscard]] std::int64_t room(Generation generation) const;
  [[nodiscard]] bool full(Generation generation) const { return room(generation) <= 0; }
  /// There is a place that nobody has to leave for it.
  [[nodiscard]] bool hasPlace(Generation generation) const { return swarms_.room(generation, counts_) > 0; }
  /// Who goes for a peer of that generation, which has less than its share: one of a generation that has more; the
  /// youngest, as it has shown the least. `busy(who)`: it is not to be disturbed. Null if there is none.
  template <class Busy>
  [[nodiscard]] const Member* aboveShare(Generation generation, Busy busy) const {
    if (!swarms_.belowShare(generation, counts_)) return nullptr;
    const Member* youngest = nullptr;
    for (const auto& [who, member] : members_) {
      if (!swarms_.aboveShare(member.generation, counts_) || busy(who)) continue;
      if (youngest == nullptr || youngest->connection < member.connection) youngest = &member;
    }
    return youngest;
  }

 private:
  [[nodiscard]] std::size_t& countOf(Generation generation) { return counts_[static_cast<std::size_t>(generation)]; }

  const Swarms& swarms_;
  Members members_;
  Swarms::Counts counts_{};
};

}  // namespace p2pml::engine
