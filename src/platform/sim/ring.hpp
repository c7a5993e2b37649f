// A queue in one piece of memory that costs none while it is empty: there are hundreds of them for each of thousands of
// nodes, and nearly all are empty nearly always. One that is always in use may keep its memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/assert.hpp"

namespace p2pml::sim {

template <class T, bool kKeepsMemory = false>
class Ring {
 public:
  Ring() = default;
  Ring(Ring&& other) noexcept { swap(other); }
  Ring& operator=(Ring&& other) noexcept {
    Ring moved(std::move(other));
    swap(moved);
    return *this;
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() = default;

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Counted from the front. Precondition: i < size().
  [[nodiscard]] T& operator[](std::size_t i) { return places_[(front_ + i) & (capacity_ - 1)]; }
  // Precondition of these: not empty.
  [[nodiscard]] T& front() { return places_[front_]; }
  T takeFront() {
    P2PML_ASSERT(size_ > 0);
    T taken = std::move(places_[front_]);
    front_ = (front_ + 1) & (capacity_ - 1);
    if (--size_ == 0 && !kKeepsMemory) clear();
    return taken;
  }

  void push(T value) {
    if (size_ == capacity_) grow();
    places_[(front_ + size_) & (capacity_ - 1)] = std::move(value);
    ++size_;
  }
  /// Gives the memory back, too.
  void clear() {
    places_.reset();
    front_ = size_ = capacity_ = 0;
  }
  void swap(Ring& other) noexcept {
    places_.swap(other.places_);
    std::swap(front_, other.front_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void grow() {
    const std::uint32_t capacity = capacity_ == 0 ? 2 : capacity_ * 2;
    auto places = std::make_unique<T[]>(capacity);
    for (std::uint32_t i = 0; i < size_; ++i) places[i] = std::move((*this)[i]);
    places_ = std::move(places);
    front_ = 0;
    capacity_ = capacity;
  }

  std::unique_ptr<T[]> places_;
  std::uint32_t front_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;  // a power of two, or 0
};

}  // namespace p2pml::sim
