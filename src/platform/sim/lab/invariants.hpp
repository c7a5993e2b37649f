// What must hold in every run, whatever the scenario does. Fed with facts while a world runs; what is broken becomes a
// Violation that says which viewer, when, what. docs/simulator.md lists them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "platform/sim/lab/records.hpp"
#include "platform/sim/lab/scenario.hpp"

namespace p2pml::sim::lab {

// Their names.
inline constexpr const char* kSegmentsOnce = "segments-once";
inline constexpr const char* kSegmentsCorrect = "segments-correct";
inline constexpr const char* kNoStorm = "no-request-storm";
inline constexpr const char* kMaxPeers = "max-peers";
inline constexpr const char* kStoreBounded = "store-bounded";
inline constexpr const char* kSilentAfterEnd = "silent-after-end";
inline constexpr const char* kNoSpinning = "no-spinning";
inline constexpr const char* kNoMoreStalls = "no-more-stalls-than-http";
inline constexpr const char* kNothingMissing = "nothing-missing";
inline constexpr const char* kNoMoreOrigin = "no-more-origin-than-http";

struct InvariantInfo {
  const char* name;
  const char* meaning;
};
/// All of them, in the order in which reports list them.
const std::vector<InvariantInfo>& invariantInfos();

/// Keeps the first of each kind; counts all.
class Violations {
 public:
  static constexpr std::size_t kKept = 20;  ///< of each check
  void add(Violation violation);
  [[nodiscard]] const std::vector<Violation>& list() const { return list_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::vector<Violation> list_;
  std::uint64_t count_ = 0;
};

/// The checks of one run. Viewers are numbers from 0; segments a quality and a number.
class Invariants {
 public:
  Invariants(const Limits& limits, Violations& violations) : limits_(limits), violations_(violations) {}

  void arrived(std::uint32_t viewer);
  /// The loader said that it has a segment.
  void loaded(std::uint32_t viewer, base::TimePoint at, std::size_t quality, std::int64_t segment);
  /// The player was given a segment.
  void delivered(std::uint32_t viewer, base::TimePoint at, std::int64_t segment, bool correct);
  /// From now on segments may come once more: the viewer sought, paused or changed the quality.
  void restarted(std::uint32_t viewer);
  /// A GET at the origin.
  void asked(std::uint32_t viewer, base::TimePoint at, std::size_t quality, std::int64_t segment);
  void peers(std::uint32_t viewer, base::TimePoint at, std::int64_t connected, std::int64_t most);
  void stored(std::uint32_t viewer, base::TimePoint at, std::uint64_t segments, std::uint64_t most);
  /// The loader did something after its end.
  void spoke(std::uint32_t viewer, base::TimePoint at, std::string_view what);
  void spun(std::uint32_t viewer, base::TimePoint at, std::uint64_t longestHotRun);
  /// Nothing more is to be expected of the viewer: frees what was kept for it.
  void gone(std::uint32_t viewer);

 private:
  struct Gets {
    std::size_t quality;
    std::int64_t segment;
    std::uint64_t total;
    std::uint64_t inSecond;
    base::TimePoint second;
  };
  struct State {
    std::vector<std::pair<std::size_t, std::int64_t>> loaded;  ///< the latest
    std::vector<Gets> gets;
    bool stormTold = false;
  };
  /// What is remembered of each viewer: more than lie in any list of segments.
  static constexpr std::size_t kRemembered = 64;
  void add(const char* check, std::uint32_t viewer, base::TimePoint at, std::string what);

  Limits limits_;
  Violations& violations_;
  std::vector<State> states_;
};

/// What a run must not do worse than its HTTP-only twin, viewer by viewer. Precondition: both had the same audience.
void compareWithTwin(const Records& records, const Records& twin, const Limits& limits, Violations& violations);

}  // namespace p2pml::sim::lab
