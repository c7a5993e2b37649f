#include "platform/sim/lab/invariants.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace p2pml::sim::lab {

namespace {

/// Ticks without any output less than a millisecond apart: a few happen, a run of them is a loop that burns the CPU.
constexpr std::uint64_t kMostHotTicks = 100;

std::string millisecondsText(base::Duration d) { return std::to_string(base::toMilliseconds(d)) + " ms"; }

}  // namespace

const std::vector<InvariantInfo>& invariantInfos() {
  static const std::vector<InvariantInfo> kInfos{
      {kSegmentsOnce, "no loader says twice that it has a segment, unless the viewer sought, paused or switched"},
      {kSegmentsCorrect, "every segment given to a player is the origin's, byte for byte"},
      {kNothingMissing, "no segment is given up that plain HTTP would have got (needs the twin)"},
      {kNoMoreStalls, "no viewer stalls more than over plain HTTP (needs the twin)"},
      {kNoStorm, "a viewer asks the origin for one segment only so often"},
      {kNoMoreOrigin, "the origin sends no more bytes than over plain HTTP (needs the twin)"},
      {kMaxPeers, "a viewer has at most maxPeers connected peers"},
      {kStoreBounded, "a viewer stores at most cachedSegmentsCount segments and what its list still holds"},
      {kSilentAfterEnd, "a loader that was destroyed does nothing more"},
      {kNoSpinning, "no loader wakes up again and again for nothing"},
  };
  return kInfos;
}

void Violations::add(Violation violation) {
  ++count_;
  const auto same = std::ranges::count(list_, violation.check, &Violation::check);
  if (static_cast<std::size_t>(same) < kKept) list_.push_back(std::move(violation));
}

void Invariants::add(const char* check, std::uint32_t viewer, base::TimePoint at, std::string what) {
  violations_.add({check, viewer + 1, at, std::move(what)});
}

void Invariants::arrived(std::uint32_t viewer) {
  if (states_.size() <= viewer) states_.resize(viewer + 1);
}

void Invariants::loaded(std::uint32_t viewer, base::TimePoint at, std::size_t quality, std::int64_t segment) {
  auto& known = states_[viewer].loaded;
  const std::pair key(quality, segment);
  if (std::ranges::find(known, key) != known.end()) {
    add(kSegmentsOnce, viewer, at, "segment " + std::to_string(segment) + " was loaded a second time");
    return;
  }
  if (known.size() == kRemembered) known.erase(known.begin());
  known.push_back(key);
}

void Invariants::delivered(std::uint32_t viewer, base::TimePoint at, std::int64_t segment, bool correct) {
  if (correct) return;
  add(kSegmentsCorrect, viewer, at, "segment " + std::to_string(segment) + " has not the origin's bytes");
}

void Invariants::restarted(std::uint32_t viewer) { states_[viewer].loaded.clear(); }

void Invariants::asked(std::uint32_t viewer, base::TimePoint at, std::size_t quality, std::int64_t segment) {
  State& state = states_[viewer];
  auto& gets = state.gets;
  auto found = std::ranges::find_if(gets, [&](const Gets& g) { return g.quality == quality && g.segment == segment; });
  if (found == gets.end()) {
    if (gets.size() == kRemembered) gets.erase(gets.begin());
    gets.push_back({quality, segment, 0, 0, at});
    found = gets.end() - 1;
  }
  if (at - found->second >= base::seconds(1)) {
    found->second = at;
    found->inSecond = 0;
  }
  ++found->total;
  ++found->inSecond;
  if (found->total == limits_.getsPerSegment + 1) {
    add(kNoStorm, viewer, at,
        "asked the origin " + std::to_string(found->total) + " times for segment " + std::to_string(segment));
  }
  if (found->inSecond == limits_.getsPerSecond + 1) {
    add(kNoStorm, viewer, at,
        "asked the origin " + std::to_string(found->inSecond) + " times within a second for segment " +
            std::to_string(segment));
  }
}

void Invariants::peers(std::uint32_t viewer, base::TimePoint at, std::int64_t connected, std::int64_t most) {
  if (connected <= most) return;
  add(kMaxPeers, viewer, at, std::to_string(connected) + " connected peers, at most " + std::to_string(most));
}

void Invariants::stored(std::uint32_t viewer, base::TimePoint at, std::uint64_t segments, std::uint64_t most) {
  if (segments <= most) return;
  add(kStoreBounded, viewer, at, std::to_string(segments) + " stored segments, at most " + std::to_string(most));
}

void Invariants::spoke(std::uint32_t viewer, base::TimePoint at, std::string_view what) {
  add(kSilentAfterEnd, viewer, at, std::string(what) + " after the loader was destroyed");
}

void Invariants::spun(std::uint32_t viewer, base::TimePoint at, std::uint64_t longestHotRun) {
  if (longestHotRun <= kMostHotTicks) return;
  add(kNoSpinning, viewer, at, std::to_string(longestHotRun) + " ticks in a row without any output");
}

void Invariants::gone(std::uint32_t viewer) { states_[viewer] = {}; }

namespace {

/// Of the time that a viewer stalled, what counts: whoever started sooner than over plain HTTP has waited so much less.
base::Duration countedStall(const ViewerRecord& mine, const ViewerRecord& plain) {
  const base::Duration stalled = mine.stallTime - mine.ruledStall;
  if (mine.startup < base::Duration(0) || plain.startup < mine.startup) return stalled;
  return std::max(stalled - (plain.startup - mine.startup), base::Duration(0));
}

void compareStalls(const Records& records, const Records& twin, const Limits& limits, Violations& violations) {
  base::Duration all{};
  base::Duration plainAll{};
  for (std::size_t i = 0; i < records.viewers.size(); ++i) {
    const ViewerRecord& mine = records.viewers[i];
    const ViewerRecord& plain = twin.viewers[i];
    const base::Duration counted = countedStall(mine, plain);
    all += counted;
    plainAll += plain.stallTime;
    if (limits.stallsInAll) continue;
    const auto number = static_cast<std::uint32_t>(i + 1);
    const auto first = std::ranges::find_if(records.stalls, [&](const StallRecord& s) { return s.viewer == i; });
    const base::TimePoint at = first == records.stalls.end() ? mine.plan.arrive : first->at;
    if (counted > plain.stallTime + limits.extraStall + mine.ruledLate) {
      violations.add({kNoMoreStalls, number, at,
                      "stalled for " + millisecondsText(mine.stallTime) + ", over plain HTTP for " +
                          millisecondsText(plain.stallTime)});
    } else if (mine.longStalls > plain.longStalls + static_cast<std::uint64_t>(limits.extraStalls)) {
      violations.add({kNoMoreStalls, number, at,
                      "stalled " + std::to_string(mine.longStalls) + " times, over plain HTTP " +
                          std::to_string(plain.longStalls) + " times"});
    }
  }
  if (limits.stallsInAll && all > plainAll + limits.extraStall) {
    violations.add(
        {kNoMoreStalls, 0, base::TimePoint(records.ran),
         "all viewers stalled for " + millisecondsText(all) + ", over plain HTTP for " + millisecondsText(plainAll)});
  }
}

}  // namespace

void compareWithTwin(const Records& records, const Records& twin, const Limits& limits, Violations& violations) {
  P2PML_ASSERT(records.viewers.size() == twin.viewers.size());
  compareStalls(records, twin, limits, violations);
  for (std::size_t i = 0; i < records.viewers.size(); ++i) {
    const ViewerRecord& mine = records.viewers[i];
    const ViewerRecord& plain = twin.viewers[i];
    if (mine.skipped > plain.skipped + static_cast<std::uint64_t>(limits.extraSkipped)) {
      violations.add(
          {kNothingMissing, static_cast<std::uint32_t>(i + 1), mine.plan.arrive,
           "gave up " + std::to_string(mine.skipped) + " segments, over plain HTTP " + std::to_string(plain.skipped)});
    }
  }
  // A joiner's first segments may overlap with what others send, so a little more is no fault.
  const auto most = static_cast<std::uint64_t>(static_cast<double>(twin.originBytes) * limits.originBytes);
  if (records.originBytes > most) {
    violations.add({kNoMoreOrigin, 0, base::TimePoint(records.ran),
                    "the origin sent " + std::to_string(records.originBytes) + " bytes, over plain HTTP " +
                        std::to_string(twin.originBytes)});
  }
}

}  // namespace p2pml::sim::lab
