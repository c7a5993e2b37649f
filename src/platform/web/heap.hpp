// The memory of the module: blocks of few sizes, each size with a list of those that are free.
//
// The module has one (wasm/memory.cpp), behind operator new. It is a tenth of the C library's code. What
// always holds: blocks are never joined or cut, so that all that was ever taken is at most the sum of the most that
// each size once needed at a time, a quarter more for the rounding: a loader that runs for days takes no more than in
// its busiest minutes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace p2pml::web {

/// Memory must offer `char* grow(std::size_t bytes)`: as much anew, 8 bytes before a multiple of 16, or null. `bytes`
/// is a multiple of 16.
template <class Memory>
class Heap {
 public:
  static constexpr std::size_t kAlignment = 16;

  constexpr explicit Heap(Memory memory = {}) : memory_(memory) {}

  /// Null if there is no more.
  void* allocate(std::size_t size) {
    if (size > kMost) return nullptr;
    const SizeClass wanted = classOf(size + kHeader);
    Free*& list = free_[wanted.index];
    char* block = nullptr;
    if (list != nullptr) {
      block = reinterpret_cast<char*>(list) - kHeader;
      list = list->next;
    } else {
      block = memory_.grow(wanted.bytes);
      if (block == nullptr) return nullptr;
      new (block) std::size_t(wanted.index);
    }
    return block + kHeader;
  }

  /// `place` is null or what allocate() has given.
  void release(void* place) {
    if (place == nullptr) return;
    const std::size_t index = *std::launder(reinterpret_cast<std::size_t*>(static_cast<char*>(place) - kHeader));
    free_[index] = new (place) Free{free_[index]};
  }

 private:
  struct Free {
    Free* next;
  };
  struct SizeClass {
    std::size_t index;
    std::size_t bytes;
  };
  /// Its class' number, in front of each block.
  static constexpr std::size_t kHeader = 8;
  static constexpr std::size_t kMost = std::size_t{1} << 30;

  /// 16, 32, 48, 64, then four sizes from each power of two to the next.
  static SizeClass classOf(std::size_t size) {
    std::size_t shift = 4;
    while (size > std::size_t{8} << shift) ++shift;
    const std::size_t quarters = ((size - 1) >> shift) + 1;  // 5 .. 8 above the smallest
    return {4 * shift + quarters, quarters << shift};
  }

  Memory memory_;
  Free* free_[4 * 32] = {};
};

}  // namespace p2pml::web
