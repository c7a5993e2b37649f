// The streams of all opened manifests, the lanes (engines) of those that are played or kept, and the players who wait
// for segments.
//
// A lane belongs to one stream: a player who changes quality gets another lane, and the old one goes on serving peers
// for a while, its store kept for the way back. All players of a stream share its lane. Owned by the Gateway. What
// always holds: a waiting player's segment is in its lane's queue; no answer waits longer than kPatience for an engine
// that brings nothing: it is handed back to be fetched as a plain URL would be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "gateway/segment_answer.hpp"
#include "gateway/stream.hpp"

namespace p2pml::gateway {

struct StreamsOptions {
  PlanLimits plan;
  std::size_t maxLanes = 16;
  base::Duration linger = base::seconds(60);  ///< a lane without players
  std::size_t seedSegments = 30;              ///< what a seed keeps of each stream
};

/// A request that no engine will answer: fetch the URL.
struct Fallback {
  ExchangeId exchange;
  std::string reason;
};

class Streams {
 public:
  /// Without any byte from the engine an answer waits so long; then the origin is asked directly.
  static constexpr base::Duration kPatience = base::seconds(8);
  /// An answer that has begun is cut after so long without a byte.
  static constexpr base::Duration kStallPatience = base::seconds(30);
  /// Of a segment that an engine has not brought lately, the next answer waits so long. If the origin has said that
  /// there is nothing, and nobody else had it, the one after that does not wait at all.
  static constexpr base::Duration kShortPatience = base::seconds(1);
  static constexpr base::Duration kLately = base::seconds(20);
  static constexpr std::size_t kMaxTroubled = 1'000;
  static constexpr std::size_t kMaxWaiting = 1'000;
  static constexpr std::size_t kMaxFinishing = 8;

  struct Place {
    std::string stream;
    std::int64_t position = 0;
  };
  struct Lane {
    LaneId id;
    std::vector<QueuedSegment> queue;  // as last told
    std::vector<std::string> followed;
    /// Players have every byte of these, but the source has not said yet that it was all: without its word nothing is
    /// stored, and peers would get nothing of what was loaded. Oldest first, at most kMaxFinishing.
    std::vector<media::StreamSegment> finishing;
    base::TimePoint more = base::kNever;  // when to plan anew
    bool outdated = false;  // what it has is of before the stream began anew: it ends with its last answer
    bool idle = false;      // nobody uses it, since:
    base::TimePoint unusedSince{};
    input::LaneReport report;
  };
  /// Of a segment that the engine could not bring.
  struct Trouble {
    base::TimePoint at{};
    bool refused = false;     // the origin says that there is nothing
    bool passedOver = false;  // a player has waited for the engine in vain
  };
  struct Entry {
    Stream stream;
    std::string openedUrl;
    bool publicOnly = true;
    bool seeded = false;
    std::optional<Lane> lane;
    std::set<std::string> loaded;             // ids that the lane has delivered
    std::map<std::string, Trouble> troubled;  // by segment id
    std::uint64_t delivered = 0;              // bytes, to players
    std::uint64_t failures = 0;
    std::string lastError;
  };

  explicit Streams(StreamsOptions options) : options_(options) {}

  /// A manifest that was opened as `openedUrl` told of a stream.
  void tell(base::TimePoint now, Outputs& out, const std::string& openedUrl, bool publicOnly, ManifestStream&& told);
  void seed(base::TimePoint now, Outputs& out, const std::string& openedUrl);
  /// An index of a stream (Entry::stream.indexes()) has been read.
  void applyIndex(base::TimePoint now, Outputs& out, const std::string& stream, const media::IndexSource& index,
                  const media::SegmentIndexBox& box);
  /// Streams of the manifest whose segments are known once an index is read that lies in the resource at `url`
  /// (canonical); in any resource if that is empty.
  [[nodiscard]] std::vector<std::pair<std::string, media::IndexSource>> indexesIn(const std::string& openedUrl,
                                                                                  std::string_view url) const;
  /// The resource has so many bytes: needed to answer for parts of it.
  void learnTotal(const std::string& url, std::uint64_t total);

  /// The segment that this URL (canonical) and Range header mean; nothing if it is none, or if it cannot be answered
  /// from here.
  [[nodiscard]] std::optional<Place> find(const std::string& openedUrl, const std::string& url,
                                          std::string_view range) const;
  /// False if there is no room for it. `question.part` is filled here.
  bool ask(base::TimePoint now, Outputs& out, const Place& place, const std::string& player, SegmentQuestion question);
  /// False if that exchange does not wait here.
  bool gone(base::TimePoint now, Outputs& out, ExchangeId exchange);

  void on(base::TimePoint now, Outputs& out, const input::SegmentFound& found);
  void on(base::TimePoint now, Outputs& out, const input::SegmentBytes& bytes);
  void on(base::TimePoint now, Outputs& out, const input::SegmentLoaded& loaded);
  void on(base::TimePoint now, Outputs& out, const input::SegmentFailed& failed);
  void on(const input::LaneReport& report);
  void on(base::TimePoint now, const input::LaneEvent& event);
  void tick(base::TimePoint now, Outputs& out);
  /// Lanes of streams that began anew end with their last answer. To be called after every input.
  void renewLanes(base::TimePoint now, Outputs& out);
  [[nodiscard]] base::TimePoint deadline() const;

  [[nodiscard]] std::vector<Fallback> takeFallbacks() { return std::exchange(fallbacks_, {}); }
  /// Labels of streams that began anew since the last call.
  [[nodiscard]] std::vector<std::string> takeBegun() { return std::exchange(begun_, {}); }
  [[nodiscard]] const std::map<std::string, Entry>& all() const { return entries_; }
  [[nodiscard]] const Entry* byLane(LaneId lane) const;
  [[nodiscard]] std::size_t waiting() const { return waiters_.size(); }
  /// Forgets streams of that manifest. Precondition: nobody plays it.
  void forget(Outputs& out, const std::string& openedUrl);

 private:
  struct Waiter {
    SegmentAnswer answer;
    std::string stream;
    std::string segment;
    std::int64_t position = 0;
    base::Duration duration{};
    std::string player;
    base::TimePoint lastByte{};
    base::Duration patience = kPatience;
    [[nodiscard]] base::TimePoint until() const { return lastByte + (answer.begun() ? kStallPatience : patience); }
  };
  /// Of a followed segment: what has come.
  struct Incoming {
    base::BytesAssembler body;
    std::uint64_t total = 0;
  };
  using Entries = std::map<std::string, Entry>;

  Entries::iterator entryOf(LaneId lane);
  void enter(const std::string& key, const Entry& entry);
  bool openLane(base::TimePoint now, Outputs& out, const std::string& key, Entry& entry);
  void closeLane(Outputs& out, Entry& entry);
  void replan(base::TimePoint now, Outputs& out, const std::string& key, Entry& entry);
  void deliver(base::TimePoint now, Outputs& out, Entries::iterator entry, const std::string& segment,
               const base::Bytes& known, std::uint64_t total, bool whole);
  /// The lane has loaded the segment or given it up.
  static void finish(Entry& entry, const std::string& segment);
  static void noteTrouble(base::TimePoint now, Entry& entry, const std::string& segment, bool refused);
  void fallBack(base::TimePoint now, Outputs& out, std::map<ExchangeId, Waiter>::iterator waiter,
                const std::string& reason);
  [[nodiscard]] bool inUse(base::TimePoint now, const std::string& key, const Entry& entry) const;

  StreamsOptions options_;
  Entries entries_;
  std::map<LaneId, std::string> lanes_;
  std::map<std::string, std::map<std::string, Place>> index_;  // by opened URL, by URL and range
  std::map<std::string, std::uint64_t> totals_;
  std::map<ExchangeId, Waiter> waiters_;
  std::map<std::pair<LaneId, std::string>, Incoming> incoming_;
  std::vector<Fallback> fallbacks_;
  std::vector<std::string> begun_;
  std::size_t outdated_ = 0;  // lanes
  std::uint64_t lastLane_ = 0;
};

}  // namespace p2pml::gateway
