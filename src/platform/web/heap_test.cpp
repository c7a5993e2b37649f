#include "platform/web/heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/rng.hpp"

namespace p2pml::web {
namespace {

struct Arena {
  std::vector<std::unique_ptr<std::uint64_t[]>> pieces;
  std::size_t taken = 0;
  std::size_t limit = std::size_t{1} << 30;

  char* grow(std::size_t bytes) {
    if (taken + bytes > limit) return nullptr;
    EXPECT_EQ(bytes % 16, 0U);
    taken += bytes;
    pieces.push_back(std::make_unique<std::uint64_t[]>(bytes / 8 + 2));
    char* const place = reinterpret_cast<char*>(pieces.back().get());
    return place + (reinterpret_cast<std::uintptr_t>(place) % 16 == 8 ? 0 : 8);
  }
};

struct ArenaRef {
  Arena* arena;
  char* grow(std::size_t bytes) { return arena->grow(bytes); }
};

TEST(Heap, EveryBlockIsAlignedAndAsLargeAsAskedFor) {
  Arena arena;
  Heap<ArenaRef> heap({&arena});
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (std::size_t size = 0; size < 5000; size += size / 50 + 1) {
    auto* const place = static_cast<unsigned char*>(heap.allocate(size));
    ASSERT_NE(place, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(place) % Heap<ArenaRef>::kAlignment, 0U);
    std::memset(place, static_cast<int>(blocks.size() % 256), size);
    blocks.emplace_back(place, size);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto [place, size] = blocks[i];
    EXPECT_TRUE(std::all_of(place, place + size, [&](unsigned char c) { return c == i % 256; })) << size;
    heap.release(place);
  }
}

TEST(Heap, RoundsUpByAQuarterAtMost) {
  for (std::size_t size = 64; size < (std::size_t{1} << 24); size += size / 7) {
    Arena arena;
    Heap<ArenaRef> heap({&arena});
    ASSERT_NE(heap.allocate(size), nullptr);
    EXPECT_GE(arena.taken, size + 8);
    EXPECT_LE(arena.taken, (size + 8) * 5 / 4 + 16);
  }
}

TEST(Heap, ReleasedBlocksAreUsedAgain) {
  Arena arena;
  Heap<ArenaRef> heap({&arena});
  void* const first = heap.allocate(1000);
  const std::size_t taken = arena.taken;
  heap.release(first);
  EXPECT_EQ(heap.allocate(980), first);
  EXPECT_EQ(arena.taken, taken);
  heap.release(nullptr);
}

TEST(Heap, AMillionChangingBlocksTakeNoMoreThanTheFirstThousands) {
  Arena arena;
  Heap<ArenaRef> heap({&arena});
  base::Rng rng(3);
  std::vector<void*> live(500, nullptr);
  const auto churn = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      void*& place = live[static_cast<std::size_t>(rng.below(live.size()))];
      heap.release(place);
      place = heap.allocate(static_cast<std::size_t>(rng.below(std::uint64_t{1} << rng.below(17))));
    }
  };
  churn(100'000);
  const std::size_t taken = arena.taken;
  churn(1'000'000);
  EXPECT_LE(arena.taken, taken * 5 / 4);
}

TEST(Heap, SaysSoWhenThereIsNoMore) {
  Arena arena;
  arena.limit = 1000;
  Heap<ArenaRef> heap({&arena});
  EXPECT_EQ(heap.allocate(2000), nullptr);
  EXPECT_EQ(heap.allocate(SIZE_MAX), nullptr);
  EXPECT_NE(heap.allocate(500), nullptr);
}

}  // namespace
}  // namespace p2pml::web
