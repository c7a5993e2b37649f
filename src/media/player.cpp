#include "media/player.hpp"

#include <algorithm>

namespace p2pml::media {

base::Duration Player::duration(std::int64_t segment) const {
  const std::int64_t offset = segment - skippedFrom_;
  const auto skippedIndex = static_cast<std::size_t>(offset);
  if (offset >= 0 && skippedIndex < skippedSegments_.size() && skippedSegments_[skippedIndex]) return base::Duration(0);
  const auto index = static_cast<std::size_t>(segment);
  return segment >= 0 && index < options_.durations.size() ? options_.durations[index] : options_.segmentDuration;
}

PlayerAction Player::action(PlayerAction::Kind kind) const {
  return {kind, next_, std::min(options_.forward, end_ - next_), playhead_};
}

void Player::setAvailable(base::TimePoint now, std::int64_t end, bool complete, Actions& actions) {
  const bool grown = end > end_;
  end_ = std::max(end, end_);
  complete_ = complete_ || complete;
  if (!started_) {
    started_ = true;
    state_ = State::starting;
    startedAt_ = stalledAt_ = now;
  } else if (grown && pending_) {
    actions.push_back(action(PlayerAction::Kind::reload));
  }
  onTick(now, actions);
}

void Player::onDelivered(base::TimePoint now, std::int64_t segment, Actions& actions) {
  if (!started_ || segment != next_ || state_ == State::done) return;
  arrived(now, actions);
}

void Player::arrived(base::TimePoint now, Actions& actions) {
  // What was to be played before this moment comes first: the playhead may have reached the gap meanwhile.
  advancePlayhead(now, actions);
  ++next_;
  pending_ = false;
  tries_ = 0;
  requestDeadline_ = retryAt_ = base::kNever;
  onTick(now, actions);
}

void Player::onFailed(base::TimePoint now, std::int64_t segment, Actions& actions) {
  if (!pending_ || segment != next_) return;
  failed(now, options_.firstRetry * (std::int64_t{1} << std::min(tries_, 16)), actions);
}

void Player::onAborted(base::TimePoint now, std::int64_t segment, Actions& actions) {
  if (!pending_ || segment != next_) return;
  failed(now, options_.abortRetry, actions);
}

void Player::failed(base::TimePoint now, base::Duration retryAfter, Actions& actions) {
  pending_ = false;
  requestDeadline_ = base::kNever;
  ++failures_;
  if (++tries_ < options_.maxTries) {
    retryAt_ = now + retryAfter;
    return;
  }
  ++skipped_;
  const auto index = static_cast<std::size_t>(next_ - skippedFrom_);
  if (skippedSegments_.size() <= index) skippedSegments_.resize(index + 1);
  skippedSegments_[index] = true;
  arrived(now, actions);
}

void Player::onTick(base::TimePoint now, Actions& actions) {
  if (!started_ || state_ == State::done) return;
  advancePlayhead(now, actions);
  if (pending_ && now >= requestDeadline_)
    failed(now, options_.firstRetry * (std::int64_t{1} << std::min(tries_, 16)), actions);
  if (now >= retryAt_) retryAt_ = base::kNever;
  requestNext(now, actions);
}

void Player::advancePlayhead(base::TimePoint now, Actions& actions) {
  if (waiting()) {
    if (next_ <= playhead_) return;
    if (state_ == State::starting) {
      startup_ = now - startedAt_;
    } else if (state_ == State::seeking) {
      ++seeksWaited_;
      seekWait_ += now - stalledAt_;
    } else {
      stalls_.push_back({stalledAt_, playhead_, now - stalledAt_});
    }
    state_ = State::playing;
    segmentStart_ = pausedAt_ = now;
  }
  while (state_ == State::playing && !paused_ && now >= segmentStart_ + duration(playhead_)) {
    segmentStart_ += duration(playhead_);
    ++playhead_;
    enter(now, actions);
  }
}

void Player::enter(base::TimePoint now, Actions& actions) {
  if (playhead_ >= end_ && complete_) {
    state_ = State::done;
    return;
  }
  if (next_ <= playhead_) {
    state_ = State::stalled;
    stalledAt_ = std::min(segmentStart_, now);
  }
  if (pending_) actions.push_back(action(PlayerAction::Kind::reload));
}

void Player::requestNext(base::TimePoint now, Actions& actions) {
  if (pending_ || retryAt_ != base::kNever || state_ == State::done) return;
  if (next_ >= end_ || next_ > playhead_ + options_.ahead) return;
  pending_ = true;
  requestDeadline_ = now + options_.requestTimeout;
  actions.push_back(action(PlayerAction::Kind::request));
}

base::TimePoint Player::deadline() const {
  if (!started_ || state_ == State::done) return base::kNever;
  base::TimePoint next = std::min(requestDeadline_, retryAt_);
  if (state_ == State::playing && !paused_) next = std::min(next, segmentStart_ + duration(playhead_));
  return next;
}

double Player::position(base::TimePoint now) const {
  const auto whole = static_cast<double>(playhead_);
  if (state_ != State::playing) return whole;
  const base::Duration length = duration(playhead_);
  if (length <= base::Duration(0)) return whole;
  const double part = static_cast<double>(played(now).count()) / static_cast<double>(length.count());
  return whole + std::clamp(part, 0.0, 1.0);
}

base::Duration Player::buffered(base::TimePoint now) const {
  base::Duration sum{};
  for (std::int64_t segment = playhead_; segment < next_; ++segment) sum += duration(segment);
  if (state_ == State::playing) sum -= std::min(played(now), sum);
  return sum;
}

base::Duration Player::neededIn(base::TimePoint now, std::int64_t segment) const {
  base::Duration sum{};
  for (std::int64_t before = playhead_; before < segment; ++before) sum += duration(before);
  if (state_ == State::playing) sum -= std::min(played(now), sum);
  return sum;
}

void Player::pause(base::TimePoint now, Actions& actions) {
  if (paused_ || !started_ || state_ == State::done) return;
  advancePlayhead(now, actions);
  paused_ = true;
  pausedAt_ = now;
}

void Player::resume(base::TimePoint now, Actions& actions) {
  if (!paused_) return;
  if (state_ == State::playing) segmentStart_ += now - pausedAt_;
  paused_ = false;
  onTick(now, actions);
}

void Player::seek(base::TimePoint now, std::int64_t segment, Actions& actions) {
  if (!started_ || segment < 0) return;
  advancePlayhead(now, actions);
  // A stall ends here, whatever comes: the viewer waits for something else from now on.
  if (state_ == State::stalled) stalls_.push_back({stalledAt_, playhead_, now - stalledAt_});
  const bool buffered = state_ != State::starting && segment >= playhead_ && segment < next_;
  if (buffered) {
    state_ = State::playing;
    segmentStart_ = pausedAt_ = now;
  } else {
    if (state_ != State::starting) {
      state_ = State::seeking;
      stalledAt_ = now;
    }
    next_ = skippedFrom_ = segment;
    skippedSegments_.clear();
    pending_ = false;
    tries_ = 0;
    requestDeadline_ = retryAt_ = base::kNever;
  }
  playhead_ = segment;
  if (buffered && pending_) actions.push_back(action(PlayerAction::Kind::reload));
  onTick(now, actions);
}

}  // namespace p2pml::media
