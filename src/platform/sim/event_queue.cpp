#include "platform/sim/event_queue.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace p2pml::sim {

EventQueue::Handle EventQueue::at(base::TimePoint when, Action action) {
  std::uint32_t slot = 0;
  if (freeSlots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = freeSlots_.back();
    freeSlots_.pop_back();
  }
  slots_[slot].action = std::move(action);
  const Entry entry{std::max(when, now_), ++lastSequence_, slot, slots_[slot].generation};
  const std::int64_t bucket = bucketOf(entry.when);
  if (bucket <= currentBucket_) {
    current_.insert(std::upper_bound(current_.begin(), current_.end(), entry, Later{}), entry);
  } else if (bucket - currentBucket_ < kBuckets) {
    const auto place = static_cast<std::size_t>(bucket % kBuckets);
    near_[place].push_back(entry);
    filled_[place / kWordBits] |= std::uint64_t{1} << (place % kWordBits);
    ++nearCount_;
  } else {
    far_.push_back(entry);
    std::push_heap(far_.begin(), far_.end(), Later{});
  }
  return {slot, entry.generation};
}

void EventQueue::release(std::uint32_t slot) {
  slots_[slot].action = nullptr;
  free(slot);
}

void EventQueue::free(std::uint32_t slot) {
  ++slots_[slot].generation;
  freeSlots_.push_back(slot);
}

void EventQueue::cancel(Handle handle) {
  if (handle.generation == 0 || slots_[handle.slot].generation != handle.generation) return;
  // The entry stays until its time comes: its generation is over then.
  release(handle.slot);
}

std::int64_t EventQueue::nextNearBucket() const {
  if (nearCount_ == 0) return -1;
  const std::int64_t first = (currentBucket_ + 1) % kBuckets;
  std::int64_t word = first / kWordBits;
  std::uint64_t bits = filled_[static_cast<std::size_t>(word)] & (~std::uint64_t{0} << (first % kWordBits));
  while (bits == 0) {
    word = (word + 1) % (kBuckets / kWordBits);
    bits = filled_[static_cast<std::size_t>(word)];
  }
  const std::int64_t place = word * kWordBits + std::countr_zero(bits);
  return currentBucket_ + 1 + (place - first + kBuckets) % kBuckets;
}

bool EventQueue::findNext() {
  while (true) {
    while (!current_.empty()) {
      const Entry& first = current_.back();
      if (slots_[first.slot].generation == first.generation) return true;
      current_.pop_back();
    }
    const std::int64_t near = nextNearBucket();
    const std::int64_t far = far_.empty() ? -1 : bucketOf(far_.front().when);
    if (near < 0 && far < 0) return false;
    currentBucket_ = near < 0 || (far >= 0 && far < near) ? far : near;
    if (currentBucket_ == near) {
      Entries& entries = placeOf(near);
      nearCount_ -= entries.size();
      current_.swap(entries);
      const auto place = static_cast<std::size_t>(near % kBuckets);
      filled_[place / kWordBits] &= ~(std::uint64_t{1} << (place % kWordBits));
    }
    while (!far_.empty() && bucketOf(far_.front().when) <= currentBucket_) {
      current_.push_back(far_.front());
      std::pop_heap(far_.begin(), far_.end(), Later{});
      far_.pop_back();
    }
    std::sort(current_.begin(), current_.end(), Later{});
  }
}

base::TimePoint EventQueue::nextTime() {
  if (!soon_.empty()) return now_;
  return findNext() ? current_.back().when : base::kNever;
}

bool EventQueue::step() {
  if (!soon_.empty()) {
    Action action = soon_.takeFront();
    ++executed_;
    action();
    return true;
  }
  if (!findNext()) return false;
  const Entry entry = current_.back();
  current_.pop_back();
  announce();
  now_ = entry.when;
  Action action = std::move(slots_[entry.slot].action);
  free(entry.slot);
  ++executed_;
  action();
  return true;
}

void EventQueue::announce() const {
  const std::size_t left = current_.size();
  if (left > kSlotAhead) __builtin_prefetch(&slots_[current_[left - 1 - kSlotAhead].slot]);
  if (left > kActionAhead) slots_[current_[left - 1 - kActionAhead].slot].action.prefetch(0);
  if (left > kDetailsAhead) slots_[current_[left - 1 - kDetailsAhead].slot].action.prefetch(1);
}

void EventQueue::runUntil(base::TimePoint end) {
  while (nextTime() <= end && step()) {
  }
  now_ = std::max(now_, end);
}

}  // namespace p2pml::sim
