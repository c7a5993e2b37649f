// What the cooperative policy's tests share: peers that say what the test tells them, and a player in the middle of a
// stream.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <vector>

#include "engine/scheduling/cooperative_policy.hpp"
#include "engine/scheduling/election.hpp"
#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

class FakePeers final : public PeerView {
 public:
  std::map<std::size_t, std::vector<Holder>> has;
  std::map<std::size_t, std::uint64_t> sources;
  std::vector<Neighbour> near;

  [[nodiscard]] std::size_t peerCount() const override { return near.size(); }
  [[nodiscard]] Availability availability(std::size_t) const override { return Availability::none; }
  void idleHolders(std::size_t, std::vector<base::ConnectionId>&) const override {}
  [[nodiscard]] base::ConnectionId source(std::size_t index) const override {
    const auto found = sources.find(index);
    return found == sources.end() ? base::ConnectionId() : base::ConnectionId(found->second);
  }
  [[nodiscard]] bool holds(base::ConnectionId, std::size_t) const override { return false; }
  void holders(std::size_t index, std::vector<Holder>& holders) const override {
    if (const auto found = has.find(index); found != has.end()) holders = found->second;
  }
  void neighbours(std::vector<Neighbour>& neighbours) const override { neighbours = near; }
};

/// A player in the middle of a stream: six segments of 4 s and 400,000 bytes, the first is needed in 4 s. The origin
/// gives a megabyte a second: 500 ms for a segment with its latency, so HTTP must start 750 + 1000 ms before the need.
class CooperativePolicyTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kNow = 100'000;

  CooperativePolicyTest() {
    settings.schedulingPolicy = Scheduling::cooperative;
    for (std::int64_t i = 0; i < 6; ++i) {
      QueueItem item;
      item.priority = i + 1;
      item.key = keyOfRank(i);
      item.neededAt = at(kNow + 4000 * (i + 1));
      item.duration = base::seconds(4);
      item.queuedAt = at(kNow);
      queue.push_back(item);
    }
    estimates.httpBytesPerSecond = 1'000'000;
    estimates.httpLatency = base::milliseconds(100);
    estimates.segmentBytes = 400'000;
    estimates.viewers = 4;
    estimates.ownId = 1;
    for (std::uint64_t id = 2; id <= 4; ++id) peers.near.push_back({base::ConnectionId(id), id, true, at(0)});
    policy.start(at(0));
  }
  /// Segments of which we are the last of four to fetch them.
  static std::uint64_t keyOfRank(std::int64_t skip) {
    for (std::uint64_t key = 1;; ++key) {
      const std::uint64_t own = rankOf(1, key);
      if (rankOf(2, key) < own && rankOf(3, key) < own && rankOf(4, key) < own && skip-- == 0) return key;
    }
  }
  static std::uint64_t keyOfFirst() {
    for (std::uint64_t key = 1;; ++key) {
      const std::uint64_t own = rankOf(1, key);
      if (own < rankOf(2, key) && own < rankOf(3, key) && own < rankOf(4, key)) return key;
    }
  }
  static base::TimePoint at(std::int64_t ms) { return base::TimePoint(base::milliseconds(ms)); }
  static Holder holder(std::uint64_t id, Availability state = Availability::loaded, std::uint64_t speed = 0) {
    Holder holder;
    holder.connection = base::ConnectionId(id);
    holder.state = state;
    holder.idle = true;
    holder.bytesPerSecond = speed;
    return holder;
  }
  /// At kNow; most viewers are out of sight.
  void comeIntoACrowd() {
    policy.start(at(kNow));
    estimates.viewers = 1000;
  }
  std::vector<Action> process(std::int64_t ms) {
    std::size_t http = 0;
    std::size_t p2p = 0;
    for (const QueueItem& item : queue) {
      http += item.http ? 1 : 0;
      p2p += item.p2p ? 1 : 0;
    }
    std::vector<Action> actions;
    policy.processQueue({at(ms), settings, queue, peers, http, p2p, estimates, validated}, rng, actions);
    return actions;
  }
  /// Only the segment at `index` stays open.
  void only(std::size_t index) {
    for (std::size_t i = 0; i < queue.size(); ++i) queue[i].stored = i != index;
  }
  /// The latest moment for HTTP of that segment: up to 500 ms earlier than 1750 before the need, by its key.
  std::int64_t latest(std::size_t index) {
    only(index);
    process(kNow);
    return base::toMilliseconds(policy.wakeAt());
  }

  Settings settings;
  std::vector<QueueItem> queue;
  FakePeers peers;
  Estimates estimates;
  bool validated = false;
  base::Rng rng{1};
  CooperativePolicy policy{settings};
};

}  // namespace p2pml::engine
