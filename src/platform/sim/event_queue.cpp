#include "platform/sim/event_queue.hpp"

#include <algorithm>
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
  const std::uint32_t generation = slots_[slot].generation;
  heap_.push_back({std::max(when, now_), ++lastSequence_, slot, generation});
  std::push_heap(heap_.begin(), heap_.end(), later);
  return {slot, generation};
}

void EventQueue::release(std::uint32_t slot) {
  slots_[slot].action = nullptr;
  ++slots_[slot].generation;
  freeSlots_.push_back(slot);
}

void EventQueue::cancel(Handle handle) {
  if (handle.generation == 0 || slots_[handle.slot].generation != handle.generation) return;
  // The heap's entry stays until its time comes: its generation is over then.
  release(handle.slot);
}

void EventQueue::dropCancelled() {
  while (!heap_.empty() && slots_[heap_.front().slot].generation != heap_.front().generation) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
}

base::TimePoint EventQueue::nextTime() {
  if (!soon_.empty()) return now_;
  dropCancelled();
  return heap_.empty() ? base::kNever : heap_.front().when;
}

bool EventQueue::step() {
  if (!soon_.empty()) {
    const Action action = std::move(soon_.front());
    soon_.pop_front();
    ++executed_;
    action();
    return true;
  }
  dropCancelled();
  if (heap_.empty()) return false;
  const Entry entry = heap_.front();
  std::pop_heap(heap_.begin(), heap_.end(), later);
  heap_.pop_back();
  now_ = entry.when;
  const Action action = std::move(slots_[entry.slot].action);
  release(entry.slot);
  ++executed_;
  action();
  return true;
}

void EventQueue::runUntil(base::TimePoint end) {
  while (nextTime() <= end && step()) {
  }
  now_ = std::max(now_, end);
}

}  // namespace p2pml::sim
