// When a peer makes room for a newcomer although it has done nothing wrong: the set is full, somebody else asks to
// come, and nothing has gone to this one or come from it for a while. Field clients do alike: Transmission closes who
// has been idle the sooner the fuller its set is, libtorrent some of the peers every few minutes near its limit.
//
// Owned by PeerManager, which asks only when the set is full. A full set gives out no offers, so only who has places
// left gets in like this, and two full sets never exchange their peers. What always holds: one peer at a time, and none
// for the interval after it; nobody who is sending to us or being sent to; who went is not let in for another for a
// while.
#pragma once

#include <cstddef>
#include <vector>

#include "base/time.hpp"
#include "engine/peers/peer_set.hpp"

namespace p2pml::engine {

class PeerTurnover {
 public:
  /// For so long no bytes of a segment came or went, nor has it just been met.
  static constexpr base::Duration kIdle = base::seconds(30);
  /// The same of a failing peer: what we sent it may still be on its way.
  static constexpr base::Duration kFailingIdle = base::seconds(5);
  /// Who went comes back only where there is a place.
  static constexpr base::Duration kMemory = base::seconds(300);
  static constexpr std::size_t kMaxRemembered = 64;

  /// What a peer is good for.
  struct Use {
    base::TimePoint since{};   ///< connected
    base::TimePoint usedAt{};  ///< bytes of a segment came or went; long ago if never
    bool busy = false;         ///< it is asked for something, or being sent to
    bool failing = false;      ///< it did not do what it promised
  };

  /// From one peer that goes to the next; 0: nobody ever goes.
  explicit PeerTurnover(base::Duration interval) : interval_(interval) {}

  /// One may go now, for that one.
  [[nodiscard]] bool due(base::TimePoint now, const RemoteKey& newcomer) const;
  /// Of that generation's peers the one of the least use, if it may go. `useOf(member)` says what each is good for.
  template <class UseOf>
  [[nodiscard]] const PeerSet::Members::value_type* leaver(base::TimePoint now, const PeerSet& peers,
                                                           Generation generation, UseOf useOf) const {
    const PeerSet::Members::value_type* least = nullptr;
    Use leastUse;
    for (const auto& member : peers.members()) {
      if (member.second.generation != generation) continue;
      const Use use = useOf(member);
      if (!mayGo(now, use) || (least != nullptr && !goesBefore(use, leastUse))) continue;
      least = &member;
      leastUse = use;
    }
    return least;
  }
  /// It went.
  void left(base::TimePoint now, const RemoteKey& who);

 private:
  struct Gone {
    RemoteKey who;
    base::TimePoint at{};
  };

  [[nodiscard]] static bool mayGo(base::TimePoint now, const Use& use);
  [[nodiscard]] static bool goesBefore(const Use& a, const Use& b);

  const base::Duration interval_;
  base::TimePoint dueAt_{};
  std::vector<Gone> gone_;  // in the order in which they went
};

}  // namespace p2pml::engine
