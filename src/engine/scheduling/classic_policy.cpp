#include "engine/scheduling/classic_policy.hpp"

#include <algorithm>

namespace p2pml::engine {

namespace {

/// One pass over the queue: keeps count of what the pass itself has started and stopped.
class QueuePass {
 public:
  QueuePass(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions, bool httpAllowed)
      : view_(view),
        rng_(rng),
        actions_(actions),
        httpAllowed_(httpAllowed),
        queue_(view.queue),
        httpCount_(static_cast<std::int64_t>(view.httpCount)),
        p2pCount_(static_cast<std::int64_t>(view.p2pCount)) {}

  void run() {
    for (std::size_t index = 0; index < queue_.size(); ++index) decide(index);
  }

 private:
  void decide(std::size_t index) {
    const QueueItem& item = queue_[index];
    if (item.stored || item.http) return;
    const bool required = item.priority <= view_.settings.requiredSegmentsPriority;
    if (required && httpAllowed_ && !item.httpFailed && takeHttpSlot(index)) {
      if (item.p2p) stopP2p(index);
      startHttp(index);
      return;
    }
    if (item.p2p) return;
    if (required) {
      if (view_.peers.availability(index) != Availability::loaded) return;
      if (!p2pSlotFree()) displaceLastAfter(index, &QueueItem::p2p);
      if (p2pSlotFree()) startP2p(index);
      return;
    }
    if (p2pSlotFree() && item.priority <= view_.settings.p2pDownloadMaxPriority) startP2p(index);
  }

  /// A free HTTP slot, made by giving up the last download in the queue behind `index` if need be.
  bool takeHttpSlot(std::size_t index) {
    if (!httpSlotFree()) displaceLastAfter(index, &QueueItem::http);
    return httpSlotFree();
  }

  void displaceLastAfter(std::size_t index, bool QueueItem::*kind) {
    for (std::size_t i = queue_.size(); i-- > index + 1;) {
      if (!(queue_[i].*kind)) continue;
      if (kind == &QueueItem::http) {
        queue_[i].http = false;
        --httpCount_;
        actions_.push_back({Action::Kind::abortHttp, i, {}});
      } else {
        stopP2p(i);
      }
      return;
    }
  }

  void startHttp(std::size_t index) {
    queue_[index].http = true;
    ++httpCount_;
    actions_.push_back({Action::Kind::startHttp, index, {}});
  }

  void stopP2p(std::size_t index) {
    queue_[index].p2p = false;
    --p2pCount_;
    actions_.push_back({Action::Kind::abortP2p, index, {}});
    // Its peer is idle from now on, for the rest of this pass too.
    if (const base::ConnectionId source = view_.peers.source(index)) freed_.push_back(source);
  }

  /// Asks a random idle holder, if there is one that this pass has not taken already.
  void startP2p(std::size_t index) {
    holders_.clear();
    view_.peers.idleHolders(index, holders_);
    for (const base::ConnectionId freed : freed_) {
      if (view_.peers.holds(freed, index)) holders_.push_back(freed);
    }
    std::erase_if(holders_,
                  [this](base::ConnectionId c) { return std::find(taken_.begin(), taken_.end(), c) != taken_.end(); });
    if (holders_.empty()) return;
    const base::ConnectionId chosen = holders_[static_cast<std::size_t>(rng_.below(holders_.size()))];
    taken_.push_back(chosen);
    queue_[index].p2p = true;
    ++p2pCount_;
    actions_.push_back({Action::Kind::startP2p, index, chosen});
  }

  [[nodiscard]] bool httpSlotFree() const { return httpCount_ < view_.settings.simultaneousHttpDownloads; }
  [[nodiscard]] bool p2pSlotFree() const { return p2pCount_ < view_.settings.simultaneousP2PDownloads; }

  const SchedulerView& view_;
  base::Rng& rng_;
  std::vector<Action>& actions_;
  const bool httpAllowed_;
  std::vector<QueueItem> queue_;
  std::int64_t httpCount_;
  std::int64_t p2pCount_;
  std::vector<base::ConnectionId> holders_;
  std::vector<base::ConnectionId> taken_;
  std::vector<base::ConnectionId> freed_;
};

}  // namespace

void ClassicPolicy::start(base::TimePoint now) {
  if (settings_.httpDownloadInitialTimeout > 0 && settings_.httpDownloadInitialTimeoutPerSegment > 0) heldSince_ = now;
}

void ClassicPolicy::endHoldIfDue(const SchedulerView& view) {
  if (!heldSince_) return;
  const auto missing = std::find_if(view.queue.begin(), view.queue.end(), [](const QueueItem& i) { return !i.stored; });
  const base::Duration held = view.now - *heldSince_;
  const bool firstIsLate = missing != view.queue.end() && missing->priority <= 0 &&
                           held > base::milliseconds(settings_.httpDownloadInitialTimeoutPerSegment);
  if (held >= base::milliseconds(settings_.httpDownloadInitialTimeout) || firstIsLate) heldSince_.reset();
}

void ClassicPolicy::processQueue(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) {
  endHoldIfDue(view);
  QueuePass(view, rng, actions, !holdingHttp()).run();
}

void ClassicPolicy::randomHttp(const SchedulerView& view, base::Rng& rng, std::vector<Action>& actions) {
  if (holdingHttp() || settings_.consumeOnly) return;
  if (static_cast<std::int64_t>(view.httpCount) >= settings_.simultaneousHttpDownloads) return;
  if (settings_.httpDownloadProbabilitySkipIfNoPeers && view.peers.peerCount() == 0) return;
  std::vector<std::size_t> candidates;
  for (std::size_t index = 0; index < view.queue.size(); ++index) {
    const QueueItem& item = view.queue[index];
    if (item.stored || item.http || item.p2p || item.httpFailed) continue;
    if (item.priority > settings_.httpDownloadMaxPriority) continue;
    if (view.peers.availability(index) != Availability::none) continue;
    candidates.push_back(index);
  }
  if (candidates.empty()) return;
  const double draw = rng.unit();
  if (draw >= settings_.httpDownloadProbability * static_cast<double>(candidates.size())) return;
  const std::size_t chosen = candidates[static_cast<std::size_t>(rng.below(candidates.size()))];
  actions.push_back({Action::Kind::startHttp, chosen, {}});
}

bool ClassicPolicy::swarmSize(std::int64_t incomplete) {
  if (!heldSince_ || incomplete > 1) return false;
  heldSince_.reset();
  return true;
}

}  // namespace p2pml::engine
