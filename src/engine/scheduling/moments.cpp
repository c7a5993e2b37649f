#include "engine/scheduling/moments.hpp"

#include <algorithm>

#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

using base::Duration;
using base::milliseconds;
using base::TimePoint;

namespace {

/// Of an origin that was never measured: the share of a segment's duration that its download takes.
constexpr std::int64_t kUnknownHttpShare = 4;
constexpr Duration kUnknownLatency = milliseconds(100);
constexpr Duration kMostForTries = base::seconds(8);
/// After so many failures in a row nothing is expected of the origin for so long.
constexpr std::int64_t kDownFailures = 3;
constexpr Duration kDownTime = base::seconds(4);
/// A peer answers one after the other: who asks it anew stands in line again.
constexpr Duration kAnswerPatience = milliseconds(2500);
/// From a failure to the next try.
constexpr Duration kRetryTime = milliseconds(500);
/// As if so much were left at least: one that has stopped sending would be in time for a last byte for ever.
constexpr std::uint64_t kLeastLeft = 32 * 1024;
/// A peer of which nothing has come for so long has stopped: at its speed of before it would be in time for long yet.
constexpr Duration kMostSilence = milliseconds(500);
/// What of the first segment may be left at the end of p2pFirst's hold for the peer to send.
constexpr Duration kStartupRest = milliseconds(20);
/// A peer that is to be in time must be so by that much.
constexpr Duration kPeerReserve = milliseconds(200);

Duration timeFor(std::uint64_t bytes, std::uint64_t bytesPerSecond) {
  constexpr std::uint64_t kMost = 1ULL << 40;
  return Duration(
      static_cast<std::int64_t>(std::min(bytes, kMost) * 1'000'000 / std::max<std::uint64_t>(bytesPerSecond, 1)));
}

}  // namespace

std::uint64_t Moments::bytesLeft(const QueueItem& item) const {
  const std::uint64_t total = item.progress.total > 0 ? item.progress.total : view_.estimates.segmentBytes;
  return total - std::min(total, item.progress.received);
}

std::uint64_t Moments::httpBytesLeft(const QueueItem& item) const {
  if (item.http) return bytesLeft(item);
  // What peers have sent may be refused: then it is all of them.
  return bytesLeft(item) + (view_.validated ? item.progress.received : item.progress.behindHole);
}

Duration Moments::httpTime(const QueueItem& item) const {
  const Estimates& known = view_.estimates;
  if (known.httpBytesPerSecond == 0 || (known.segmentBytes == 0 && item.progress.total == 0)) {
    return kUnknownLatency + item.duration / kUnknownHttpShare;
  }
  return known.httpLatency + timeFor(httpBytesLeft(item), known.httpBytesPerSecond);
}

TimePoint Moments::latest(const QueueItem& item) const {
  const Duration margin = std::clamp(item.duration / 4, milliseconds(300), milliseconds(1000));
  // Not all at once where many have the same need.
  const auto jitter = Duration(static_cast<std::int64_t>(
      (rankOf(view_.estimates.ownId, item.key) >> 40) * static_cast<std::uint64_t>(item.duration.count() / 8) >> 24));
  return item.neededAt - httpTime(item) * 3 / 2 - margin - jitter - timeForTries(item);
}

QueueItem Moments::untouched(QueueItem item) {
  item.progress.received = item.progress.behindHole = 0;
  return item;
}

bool Moments::mayFail() const {
  const TimePoint failed = std::max(view_.estimates.httpFailedAt, view_.estimates.refusedAt);
  return troubleTold_ || (failed != TimePoint::min() && view_.now - failed < kTroubleTime);
}

Duration Moments::timeIfRefused(const QueueItem& item) const {
  return view_.validated ? httpTime(untouched(item)) * 5 / 4 : Duration();
}

Duration Moments::timeForTries(const QueueItem& item) const {
  return mayFail() ? std::min(item.duration * 2, kMostForTries) : timeIfRefused(item);
}

bool Moments::comesInTime(const QueueItem& item) const {
  const Progress& progress = item.progress;
  if (progress.bytesPerSecond == 0 || progress.total == 0 || view_.now - progress.byteAt > kMostSilence) return false;
  return inTime(item, progress.bytesPerSecond, progress.rest);
}

bool Moments::inTime(const QueueItem& item, std::uint64_t bytesPerSecond, Duration atLeast) const {
  // There must be time to do without it.
  if (view_.validated && mayFail()) return false;
  // Of the very first segment nobody knows how long the origin takes: what has not come by the end of the hold is
  // HTTP's, so that the start is later by the hold at most.
  if (view_.settings.startupPolicy == Startup::p2pFirst && view_.estimates.segmentBytes == 0) {
    return timeFor(bytesLeft(item), bytesPerSecond) <= kStartupRest;
  }
  const TimePoint done = view_.now + std::max(timeFor(std::max(bytesLeft(item), kLeastLeft), bytesPerSecond), atLeast);
  const Duration http = httpTime(item);
  if (done <= view_.now + http) return true;
  // While HTTP could still take over if the peer got slower.
  const TimePoint by = item.neededAt - kPeerReserve - timeIfRefused(item);
  return done <= by && view_.now < by - http * 3 / 2;
}

bool Moments::betterThanNothing(const QueueItem& item) const {
  const Estimates& known = view_.estimates;
  if (known.httpFailures < kDownFailures || view_.now - known.httpFailedAt >= kDownTime) return false;
  return view_.now - item.progress.byteAt < kAnswerPatience;
}

bool Moments::peerMayTry(const QueueItem& item) const {
  return !mayFail() && view_.estimates.segmentBytes > 0 &&
         view_.now + kTrialTime < item.neededAt - httpTime(item) * 3 / 2 - kPeerReserve - timeIfRefused(item);
}

bool Moments::atRisk(const QueueItem& item) const {
  if (item.neededAt <= view_.now) return true;
  if (!beganUrgent(item)) return false;
  // What peers have under way comes yet when they are stopped, and on a slow line may be more than a segment. Where the
  // origin's bytes may be refused there must be time to ask again.
  if (item.http && item.neededAt - view_.now < item.duration * (view_.validated ? 2 : 1)) return true;
  const std::uint64_t rate = item.progress.bytesPerSecond;
  Duration left = rate == 0 ? httpTime(item) : timeFor(bytesLeft(item), rate);
  // What peers have under way comes yet when they are stopped, and may take the line for as long again. The time for
  // another try is more than that.
  if (item.http && !mayFail()) left *= 2;
  Duration reserve = std::clamp(item.duration / 8, milliseconds(200), milliseconds(500));
  if (mayFail()) {
    const Duration again = httpTime(untouched(item));
    // With little in store the line is not shared at all: what peers have sent cannot be called back.
    if (item.http && again < item.duration / 2 && item.neededAt - view_.now < item.duration * 2) return true;
    reserve += kRetryTime + again * 3 / 2;
  }
  return view_.now + left > item.neededAt - reserve;
}

bool Moments::needsHelp(const QueueItem& item) const {
  const Progress& progress = item.progress;
  if (progress.bytesPerSecond == 0 || progress.total == 0) return false;
  return view_.now + std::max(timeFor(bytesLeft(item), progress.bytesPerSecond), progress.rest) > latest(item);
}

bool Moments::slow(const QueueItem& item) const {
  const Progress& progress = item.progress;
  if (view_.now - progress.startedAt < item.duration / 2) return false;
  return progress.bytesPerSecond == 0 || timeFor(bytesLeft(item), progress.bytesPerSecond) > item.duration;
}

}  // namespace p2pml::engine
