// The default SegmentsStorage: whole segments in memory, forgotten by age and by number (the rules of
// p2p-media-loader-core 0.6.2).
//
// Owned by SegmentStore. Keeps the segments of all master swarms this loader was in, under one limit. Nothing goes away
// but in clean() and clear(): what clean() may not touch (locked) can exceed the limit. Payload is shared, never
// copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "engine/segment.hpp"
#include "engine/settings.hpp"

namespace p2pml::engine {

class MemoryStorage {
 public:
  /// Takes cachedSegmentExpiration (ms) and cachedSegmentsCount.
  explicit MemoryStorage(const Settings& settings);

  /// Keeps the segment under its master swarm and id, in place of one that is there. An access. O(log n).
  void store(base::TimePoint now, Segment segment);

  /// The segment, if stored. An access. O(log n).
  std::optional<Segment> get(base::TimePoint now, const std::string& id, const std::string& masterSwarmId);

  /// All segments of the master swarm, in the order in which their ids came first. No access. O(k log k).
  [[nodiscard]] std::vector<Segment> map(const std::string& masterSwarmId) const;

  /// Removes, the least recently accessed first and of equals the first stored:
  ///  1. what was accessed longer than cachedSegmentExpiration ago;
  ///  2. then, while more than cachedSegmentsCount are left, whatever is next.
  /// `locked` ids of `masterSwarmId` stay in both; other master swarms have none locked. Returns the ids removed from
  /// `masterSwarmId`, in that order. O((removed + locked) log n).
  std::vector<std::string> clean(base::TimePoint now, const std::string& masterSwarmId,
                                 const std::set<std::string>& locked);

  /// Ids of those whose data cannot be read any more (a page's player has taken the buffer). No access. O(n), or
  /// O(1) where no segment ever had data that could be lost.
  [[nodiscard]] std::vector<std::string> lost(const std::string& masterSwarmId) const;
  /// True if it was there.
  bool remove(const std::string& id, const std::string& masterSwarmId);

  void clear();
  [[nodiscard]] std::size_t size() const { return segments_.size(); }

 private:
  using Key = std::pair<std::string, std::string>;  // master swarm id, segment id
  using AccessKey = std::pair<base::TimePoint, std::uint64_t>;
  struct Stored {
    Segment segment;
    base::TimePoint lastAccess;
    std::uint64_t number = 0;  // in the order in which ids came first
  };
  using Segments = std::map<Key, Stored>;

  void touch(Segments::iterator at, base::TimePoint now);

  base::Duration expiration_;
  std::size_t count_;
  std::uint64_t nextNumber_ = 0;
  bool losable_ = false;
  Segments segments_;
  std::map<AccessKey, Segments::iterator> byAccess_;
};

}  // namespace p2pml::engine
