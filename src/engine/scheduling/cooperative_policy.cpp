#include "engine/scheduling/cooperative_policy.hpp"

#include <algorithm>
#include <utility>

#include "base/sort.hpp"
#include "engine/scheduling/election.hpp"
#include "engine/scheduling/holder_choice.hpp"
#include "engine/scheduling/moments.hpp"
#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

using base::Duration;
using base::milliseconds;
using base::TimePoint;

namespace {

/// A peer that has sent nothing for so long is left for another one. Twice as long after each one that was left, and
/// half as long again after a time without: where every answer is late, as behind a full line of our own, what was
/// given up comes all the same and takes the place of what is asked for instead.
constexpr Duration kPatience = milliseconds(1500);
constexpr int kMostDoublings = 3;
constexpr Duration kForgetLate = base::seconds(15);
constexpr Duration kAnswerTime = milliseconds(200);
/// An urgent download from the origin that brings nothing for so long, or for four times its latency, is asked for
/// again.
constexpr Duration kHttpPatience = milliseconds(1000);
/// How often a download is looked at when time gets short.
constexpr Duration kWatchInterval = milliseconds(200);
/// An HTTP download that two are at is given up by one of them while it has come less far than this share.
constexpr std::uint64_t kCollisionShare = 2;

}  // namespace

/// One look at the queue.
class CooperativePolicy::Pass {
 public:
  Pass(CooperativePolicy& policy, const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions)
      : policy_(policy),
        view_(view),
        rng_(rng),
        actions_(actions),
        queue_(view.queue),
        neighbours_(neighboursOf(view)),
        election_(view.estimates, neighbours_),
        moments_(view, troubleTold()),
        httpCount_(static_cast<std::int64_t>(view.httpCount)),
        p2pCount_(static_cast<std::int64_t>(view.p2pCount)) {}

  void run() {
    std::map<std::uint64_t, TimePoint> missingBefore = std::exchange(policy_.missingSince_, {});
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      if (const auto known = missingBefore.find(queue_[i].key); known != missingBefore.end() && !queue_[i].stored) {
        policy_.missingSince_.insert(*known);
      }
    }
    std::erase_if(policy_.gaveWay_, [&](std::uint64_t key) {
      return std::none_of(queue_.begin(), queue_.end(), [key](const QueueItem& item) { return item.key == key; });
    });
    for (std::size_t i = 0; i < queue_.size(); ++i) watch(i);
    keepLineFree();
    keepHelpers();
    for (const QueueItem& item : queue_) noteOnItsWay(item);
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      if (!queue_[i].stored && !queue_[i].http && !queue_[i].p2p) open.push_back(i);
    }
    std::vector<std::pair<std::size_t, std::size_t>> later;  // number of holders, place
    for (const std::size_t i : open) {
      if (urgent(i)) {
        takeInTime(i);
      } else if (moments_.near(queue_[i])) {
        if (!askPeer(i)) leaveToOthers(i);
      } else {
        later.emplace_back(holdersOf(i).size(), i);
      }
    }
    // Rarest first: what few have is soon had by more.
    base::sort(later);
    for (const auto& [count, i] : later) {
      if (!askPeer(i)) leaveToOthers(i);
    }
  }

 private:
  static std::vector<Neighbour> neighboursOf(const SchedulerView& view) {
    std::vector<Neighbour> all;
    view.peers.neighbours(all);
    return all;
  }

  /// An eighth of the p2pml nodes near has lately had trouble.
  [[nodiscard]] bool troubleTold() const {
    std::size_t nodes = 0;
    std::size_t troubled = 0;
    for (const Neighbour& neighbour : neighbours_) {
      if (neighbour.id == 0) continue;
      ++nodes;
      const TimePoint told = neighbour.troubleAt;
      if (told != TimePoint::min() && view_.now - told < Moments::kTroubleTime) ++troubled;
    }
    return troubled > 0 && troubled * 8 >= nodes;
  }

  // ------------------------------------------------------------------------------------------------------------- times

  [[nodiscard]] TimePoint latest(std::size_t i) const { return moments_.latest(queue_[i]); }
  [[nodiscard]] bool urgent(std::size_t i) const { return moments_.urgent(queue_[i]); }
  void wake(TimePoint when) {
    policy_.wakeAt_ = std::min(policy_.wakeAt_, std::max(when, view_.now + milliseconds(1)));
  }

  [[nodiscard]] bool atStartup(TimePoint when) const {
    return policy_.settings_.startupPolicy == Startup::p2pFirst && !policy_.alone_ &&
           when < policy_.startedAt_ + kStartupHold;
  }
  /// HTTP waits for a peer at the start.
  [[nodiscard]] bool startupHold() {
    if (!atStartup(view_.now)) return false;
    wake(policy_.startedAt_ + kStartupHold);
    return true;
  }
  /// We know whom we can know: what nobody near seems to have, nobody has.
  [[nodiscard]] bool met() {
    if (policy_.alone_) return true;
    const std::int64_t viewers = view_.estimates.viewers.value_or(0);
    const bool all = viewers > 0 && static_cast<std::int64_t>(neighbours_.size()) + 1 >= viewers;
    TimePoint ready = all ? view_.now : policy_.startedAt_ + kMeetingTime;
    for (const Neighbour& neighbour : neighbours_) ready = std::max(ready, neighbour.since + kMapTime);
    // Where peers come and go all the time there is no end of that.
    ready = std::min(ready, policy_.startedAt_ + 2 * kMeetingTime);
    if (view_.now >= ready) return true;
    wake(ready);
    return false;
  }

  // ------------------------------------------------------------------------------------------------------------- peers

  std::vector<Holder> holdersOf(std::size_t i) const {
    std::vector<Holder> holders;
    view_.peers.holders(i, holders);
    return holders;
  }
  static bool serves(const Holder& holder) { return holder.state >= Availability::relaying; }
  /// Those that can be asked now.
  void keepIdle(std::vector<Holder>& holders) const {
    std::erase_if(holders, [&](const Holder& holder) {
      return !serves(holder) || !holder.idle ||
             std::find(taken_.begin(), taken_.end(), holder.connection) != taken_.end();
    });
  }
  /// Fewer at a time while answers are late: what was called off has the line to get through first.
  [[nodiscard]] bool p2pSlot() const {
    const std::int64_t most = policy_.settings_.simultaneousP2PDownloads;
    return p2pCount_ < (most > 0 ? std::max<std::int64_t>(most >> policy_.late_, 1) : most);
  }
  [[nodiscard]] bool httpSlot() const { return httpCount_ < policy_.settings_.simultaneousHttpDownloads; }
  [[nodiscard]] bool p2pAllowed(std::size_t i) const {
    return queue_[i].priority <= policy_.settings_.p2pDownloadMaxPriority;
  }
  /// By the settings.
  [[nodiscard]] bool isForHttp(const QueueItem& item) const {
    return item.priority <= policy_.settings_.httpDownloadMaxPriority &&
           policy_.settings_.simultaneousHttpDownloads > 0;
  }
  [[nodiscard]] bool httpAllowed(std::size_t i) {
    const QueueItem& item = queue_[i];
    if (!isForHttp(item)) return false;
    if (!item.httpFailed) return true;
    // What is needed now cannot wait as long as what others may yet have.
    if (!urgent(i)) return false;
    if (view_.now >= item.httpRetryAt) return true;
    wake(item.httpRetryAt);
    return false;
  }

  void startP2p(std::size_t i, base::ConnectionId from) {
    taken_.push_back(from);
    queue_[i].p2p = true;
    queue_[i].progress.startedAt = view_.now;
    noteOnItsWay(queue_[i]);
    ++p2pCount_;
    actions_.push_back({Action::Kind::startP2p, i, from});
    wake(view_.now + patience());
  }
  [[nodiscard]] Duration patience() const { return kPatience * (1 << policy_.late_); }
  /// A peer was asked and has sent nothing.
  void noteLate() {
    policy_.late_ = std::min(policy_.late_ + 1, kMostDoublings);
    policy_.lateAt_ = view_.now;
  }
  void stopP2p(std::size_t i) {
    queue_[i].p2p = false;
    --p2pCount_;
    actions_.push_back({Action::Kind::abortP2p, i, {}});
  }
  void startHttp(std::size_t i) {
    queue_[i].http = true;
    ++httpCount_;
    actions_.push_back({Action::Kind::startHttp, i, {}});
  }
  void stopHttp(std::size_t i) {
    queue_[i].http = false;
    --httpCount_;
    actions_.push_back({Action::Kind::pauseHttp, i, {}});
  }

  // ----------------------------------------------------------------------------------------------- running downloads

  void watch(std::size_t i) {
    if (queue_[i].stored) return;
    if (queue_[i].http) {
      watchHttp(i);
    } else if (queue_[i].p2p) {
      watchP2p(i);
    }
  }

  /// Two are at the same segment, or somebody has it already: one copy from the origin is enough.
  void watchHttp(std::size_t i) {
    const QueueItem& item = queue_[i];
    if (moments_.beganUrgent(item)) {
      askAgainIfSilent(i);
      if (httpCount_ + p2pCount_ > 1) wake(view_.now + kWatchInterval);
      return;
    }
    // Once for each segment: two that give way to each other would ask the origin again and again.
    if (policy_.gaveWay_.contains(item.key)) return;
    if (item.progress.total == 0 || item.progress.received * kCollisionShare > item.progress.total) return;
    std::vector<Holder> holders = holdersOf(i);
    const std::uint64_t own = rankOf(view_.estimates.ownId, item.key);
    const bool better = std::any_of(holders.begin(), holders.end(), [&](const Holder& holder) {
      if (holder.state != Availability::loadingByHttp) return false;
      const auto who = std::find_if(neighbours_.begin(), neighbours_.end(),
                                    [&](const Neighbour& n) { return n.connection == holder.connection; });
      return who != neighbours_.end() && who->cooperative && rankOf(who->id, item.key) < own;
    });
    keepIdle(holders);
    if (!better && (holders.empty() || !p2pSlot() || !p2pAllowed(i))) return;
    policy_.gaveWay_.insert(item.key);
    stopHttp(i);
    wake(latest(i));
    if (!holders.empty() && p2pSlot() && p2pAllowed(i)) startP2p(i, holders[*chooseHolder(holders, rng_)].connection);
  }

  /// The player would wait for the end of a patience that is meant for downloads with time to spare.
  void askAgainIfSilent(std::size_t i) {
    const QueueItem& item = queue_[i];
    if (view_.estimates.httpLatency == Duration() || item.progress.total == 0) return;
    const bool whole = item.progress.received == item.progress.total;  // only the end of the answer is missing
    const TimePoint until =
        item.progress.byteAt + (whole ? kWatchInterval : std::max(kHttpPatience, view_.estimates.httpLatency * 4));
    // Once it is late, each request has to bring something before there is another.
    if (item.neededAt <= view_.now && !whole && item.progress.byteAt <= item.progress.startedAt) return;
    if (view_.now < until) {
      wake(until);
      return;
    }
    actions_.push_back({Action::Kind::askAgainHttp, i, {}});
  }

  void watchP2p(std::size_t i) {
    const base::ConnectionId source = view_.peers.source(i);
    if (!source) return;  // it is here and only waits for its validation
    const QueueItem& item = queue_[i];
    const Progress& progress = item.progress;
    const bool silent = progress.bytesPerSecond == 0;
    if (urgent(i)) {
      wake(view_.now + kWatchInterval);
      if (moments_.comesInTime(item) || moments_.betterThanNothing(item)) return;
      // One that was asked at the end of the wait gets the time that an answer takes.
      const bool answering = view_.now - progress.startedAt < kAnswerTime && atStartup(progress.startedAt);
      const bool asked = !silent || view_.now - progress.startedAt < Moments::kTrialTime;
      if (startupHold() || (silent && answering) || (asked && peerMayTry(item))) return;
      if (silent && peerMayTry(item) && askAnother(i, source, /*late=*/false)) return;
      if (!httpAllowed(i) || !takeHttpSlot(i)) {
        if (silent) tryAnother(i, source);
        return;
      }
      if (silent && view_.now - progress.startedAt >= kPatience / 2) noteLate();
      stopP2p(i);
      startHttp(i);
      return;
    }
    wake(latest(i));
    if (!silent) return;
    if (view_.now - progress.startedAt < patience()) {
      wake(progress.startedAt + patience());
    } else {
      tryAnother(i, source);
    }
  }

  /// The peer does not send: another one may.
  void tryAnother(std::size_t i, base::ConnectionId source) {
    if (view_.now - queue_[i].progress.startedAt < patience()) return;
    if (!askAnother(i, source, /*late=*/true)) wake(view_.now + kPatience);
  }
  bool askAnother(std::size_t i, base::ConnectionId source, bool late) {
    std::vector<Holder> holders = holdersOf(i);
    keepIdle(holders);
    std::erase_if(holders, [&](const Holder& holder) { return holder.connection == source; });
    const auto chosen = chooseHolder(holders, rng_);
    if (!chosen) return false;
    if (late) noteLate();
    stopP2p(i);
    startP2p(i, holders[*chosen].connection);
    return true;
  }

  /// While what the player needs next may come too late, nothing that is needed after it takes a part of the line.
  void keepLineFree() {
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      const QueueItem& item = queue_[i];
      if (item.stored || (!item.http && !item.p2p) || item.neededAt >= keptFor_) continue;
      const bool kept = item.key != 0 && item.key == policy_.keptFor_;
      if (!kept && !moments_.atRisk(item)) continue;
      // A peer that sends nothing does not need the line.
      if (item.p2p && (!view_.peers.source(i) || item.progress.bytesPerSecond == 0)) continue;
      keptFor_ = item.neededAt;
      kept_ = item.key;
      overHttp_ = item.http;
    }
    policy_.keptFor_ = kept_;
    if (keptFor_ == TimePoint::max()) return;
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      if (queue_[i].stored || queue_[i].neededAt <= keptFor_) continue;
      if (queue_[i].http && (overHttp_ || !moments_.beganUrgent(queue_[i]))) stopHttp(i);
      if (queue_[i].p2p && view_.peers.source(i)) stopP2p(i);
    }
    wake(view_.now + kWatchInterval);
  }
  /// What the player needs next and what comes too slowly can have parts from all who have it
  /// (NodeDownloads::shareOut): they are asked for nothing later.
  void keepHelpers() {
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      const QueueItem& item = queue_[i];
      if (item.stored) continue;
      if (!item.p2p || !moments_.near(item) || !moments_.needsHelp(item)) return;
      for (const Holder& holder : holdersOf(i)) {
        if (serves(holder) && holder.idle && holder.resumes) taken_.push_back(holder.connection);
      }
    }
  }
  [[nodiscard]] bool lineKeptFrom(std::size_t i) const { return queue_[i].neededAt > keptFor_; }

  /// While peers are asked for what the player needs within a duration, nothing later is asked for: those that are idle
  /// are to help, and on a slow line it comes sooner alone. Also while they are silent: what they do not send the
  /// origin will have to, and what was asked for meanwhile would be in its way.
  void noteOnItsWay(const QueueItem& item) {
    if (item.stored || !item.p2p || item.neededAt - view_.now > item.duration) return;
    if (item.progress.bytesPerSecond == 0 && !isForHttp(item)) {
      const TimePoint tried = item.progress.startedAt + Moments::kTrialTime;
      if (view_.now >= tried) return;
      wake(tried);
    }
    onItsWay_ = std::min(onItsWay_, item.neededAt);
  }
  [[nodiscard]] bool laterThanWhatIsOnItsWay(std::size_t i) const {
    return policy_.settings_.peerExtension && queue_[i].neededAt > onItsWay_;
  }

  // ------------------------------------------------------------------------------------------------------ what is open

  /// A free HTTP slot, made by giving up the download that is needed last if need be.
  bool takeHttpSlot(std::size_t i) {
    if (httpSlot()) return true;
    std::optional<std::size_t> victim;
    for (std::size_t other = 0; other < queue_.size(); ++other) {
      if (!queue_[other].http || queue_[other].neededAt <= queue_[i].neededAt) continue;
      if (!victim || queue_[other].neededAt > queue_[*victim].neededAt) victim = other;
    }
    if (victim) stopHttp(*victim);
    return httpSlot();
  }

  bool takeP2pSlot(std::size_t i) {
    if (p2pSlot()) return true;
    std::optional<std::size_t> victim;
    for (std::size_t other = 0; other < queue_.size(); ++other) {
      if (!queue_[other].p2p || queue_[other].neededAt <= queue_[i].neededAt) continue;
      if (!victim || queue_[other].neededAt > queue_[*victim].neededAt) victim = other;
    }
    if (victim) stopP2p(*victim);
    return p2pSlot();
  }

  /// It is time for HTTP, unless a peer is known to be as fast.
  void takeInTime(std::size_t i) {
    policy_.missingSince_.erase(queue_[i].key);
    const QueueItem& item = queue_[i];
    const bool hold = startupHold();
    if (lineKeptFrom(i)) return;
    const bool http = !hold && httpAllowed(i);
    std::vector<Holder> holders = holdersOf(i);
    if (!p2pAllowed(i)) holders.clear();
    const bool served = std::any_of(holders.begin(), holders.end(), serves);
    keepIdle(holders);
    if (http) {
      const auto fastest = fastestHolder(holders);
      const bool asFast =
          fastest && view_.estimates.segmentBytes > 0 && moments_.inTime(item, holders[*fastest].bytesPerSecond);
      if (asFast && takeP2pSlot(i)) {
        startP2p(i, holders[*fastest].connection);
        wake(view_.now + kWatchInterval);
        return;
      }
      const bool first = peerMayTry(item) && p2pSlot();
      const auto tried = first ? chooseHolder(holders, rng_) : std::nullopt;
      if (tried) {
        startP2p(i, holders[*tried].connection);
        wake(view_.now + kWatchInterval);
        return;
      }
      if (served && holders.empty() && peerMayTry(item)) {
        // One of them will be free in a moment.
        wake(view_.now + kWatchInterval);
        return;
      }
      if (takeHttpSlot(i)) {
        startHttp(i);
        if (!moments_.atRisk(item)) return;
        keptFor_ = std::min(keptFor_, item.neededAt);
        wake(view_.now);  // what runs is looked at first
        return;
      }
    }
    const auto chosen = chooseHolder(holders, rng_);
    if (!chosen || !takeP2pSlot(i)) return;
    startP2p(i, holders[*chosen].connection);
    wake(view_.now + kWatchInterval);
  }

  /// A free slot for what is needed soon, made by leaving what is needed last of the later ones that take long.
  bool takeSlowSlot() {
    if (p2pSlot()) return true;
    std::optional<std::size_t> victim;
    for (std::size_t other = 0; other < queue_.size(); ++other) {
      const QueueItem& item = queue_[other];
      if (!item.p2p || moments_.near(item) || !moments_.slow(item) || !view_.peers.source(other)) continue;
      if (!victim || item.neededAt > queue_[*victim].neededAt) victim = other;
    }
    if (victim) stopP2p(*victim);
    return p2pSlot();
  }

  /// Into a swarm where many come all the time.
  [[nodiscard]] bool hasJustCome() const {
    return !election_.mesh() && view_.now - policy_.startedAt_ < CooperativePolicy::kArrivalTime;
  }
  [[nodiscard]] bool peerMayTry(const QueueItem& item) const { return hasJustCome() && moments_.peerMayTry(item); }

  bool askPeer(std::size_t i) {
    if (!p2pAllowed(i) || lineKeptFrom(i) || laterThanWhatIsOnItsWay(i)) return false;
    const bool soon = moments_.near(queue_[i]);
    if (!soon && !p2pSlot()) return false;
    std::vector<Holder> holders = holdersOf(i);
    keepIdle(holders);
    const auto chosen = chooseHolder(holders, rng_);
    if (!chosen || (soon && !takeSlowSlot())) return false;
    policy_.missingSince_.erase(queue_[i].key);
    startP2p(i, holders[*chosen].connection);
    wake(latest(i));
    return true;
  }

  /// Nobody can be asked now: somebody near has it or is fetching it, or it must be fetched.
  void leaveToOthers(std::size_t i) {
    const QueueItem& item = queue_[i];
    wake(latest(i));
    if (moments_.near(item) && moments_.nearlyHere(item) && httpAllowed(i) && httpSlot() && !lineKeptFrom(i)) {
      startHttp(i);
      return;
    }
    if (!holdersOf(i).empty()) {
      policy_.missingSince_.erase(item.key);
      return;
    }
    if (policy_.settings_.consumeOnly || !httpAllowed(i) || !met()) return;
    const TimePoint windowOpens = item.neededAt - milliseconds(policy_.settings_.httpPrefetchTime);
    if (view_.now < windowOpens) {
      wake(windowOpens);
      return;
    }
    const TimePoint since = policy_.missingSince_.try_emplace(item.key, view_.now).first->second;
    const Duration delay = item.key == 0 ? Duration() : election_.delay(item.key, latest(i) - since);
    if (view_.now < since + delay) {
      wake(since + delay);
      return;
    }
    if (httpSlot() && !lineKeptFrom(i)) startHttp(i);
  }

  CooperativePolicy& policy_;
  const SchedulerView& view_;
  base::Rng& rng_;
  std::vector<Action>& actions_;
  std::vector<QueueItem> queue_;
  const std::vector<Neighbour> neighbours_;
  const Election election_;
  const Moments moments_;
  std::int64_t httpCount_;
  std::int64_t p2pCount_;
  std::vector<base::ConnectionId> taken_;
  TimePoint keptFor_ = TimePoint::max();   // the line is for what is needed by then
  TimePoint onItsWay_ = TimePoint::max();  // needed first of what peers are sending
  std::uint64_t kept_ = 0;
  bool overHttp_ = false;
};

void CooperativePolicy::start(TimePoint now) { startedAt_ = now; }

void CooperativePolicy::processQueue(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) {
  wakeAt_ = base::kNever;
  while (late_ > 0 && view.now - lateAt_ >= kForgetLate) {
    --late_;
    lateAt_ += kForgetLate;
  }
  Pass(*this, view, rng, actions).run();
}

void CooperativePolicy::randomHttp(const SchedulerView&, base::Rng&, std::vector<Action>&) {}

bool CooperativePolicy::swarmSize(std::int64_t incomplete) {
  alone_ = incomplete <= 1;
  return true;
}

}  // namespace p2pml::engine
