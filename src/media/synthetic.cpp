#include "media/synthetic.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace p2pml::media {

namespace {

constexpr std::uint32_t stepped(std::uint32_t state) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/// A step is linear over the field of two elements, and so are many at once: what becomes of each bit of the state.
using Jump = std::array<std::uint32_t, 32>;

constexpr std::uint32_t jumped(const Jump& jump, std::uint32_t state) {
  std::uint32_t result = 0;
  for (std::size_t bit = 0; bit < jump.size(); ++bit) {
    if ((state >> bit & 1) != 0) result ^= jump[bit];
  }
  return result;
}

/// By 1, 2, 4, 8, ... steps.
constexpr std::array<Jump, 40> makeJumps() {
  std::array<Jump, 40> jumps{};
  for (std::size_t bit = 0; bit < 32; ++bit) jumps[0][bit] = stepped(std::uint32_t{1} << bit);
  for (std::size_t i = 1; i < jumps.size(); ++i) {
    for (std::size_t bit = 0; bit < 32; ++bit) jumps[i][bit] = jumped(jumps[i - 1], jumps[i - 1][bit]);
  }
  return jumps;
}
constexpr auto kJumps = makeJumps();

class Words {
 public:
  Words(std::string_view name, std::uint64_t number)
      : state_(fnv1a32(name) ^ (static_cast<std::uint32_t>(number + 1) * 0x9e3779b1U)) {
    if (state_ == 0) state_ = 1;
  }

  /// Precondition: count < 2^40.
  void skip(std::uint64_t count) {
    for (std::size_t i = 0; count != 0; ++i, count >>= 1) {
      if ((count & 1) != 0) state_ = jumped(kJumps[i], state_);
    }
  }

  std::array<std::byte, 4> next() {
    state_ = stepped(state_);
    return {static_cast<std::byte>(state_), static_cast<std::byte>(state_ >> 8), static_cast<std::byte>(state_ >> 16),
            static_cast<std::byte>(state_ >> 24)};
  }

 private:
  std::uint32_t state_;
};

}  // namespace

std::uint32_t fnv1a32(std::string_view text) {
  std::uint32_t hash = 0x811c9dc5U;
  for (const char c : text) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 0x01000193U;
  }
  return hash;
}

base::Bytes syntheticBody(std::string_view name, std::uint64_t number, std::size_t size) {
  base::Buffer buffer(size);
  std::byte* out = buffer.tail().data();
  Words words(name, number);
  std::size_t done = 0;
  for (; done + 4 <= size; done += 4) {
    const auto word = words.next();
    std::memcpy(out + done, word.data(), 4);
  }
  if (done < size) {
    const auto word = words.next();
    std::memcpy(out + done, word.data(), size - done);
  }
  return buffer.commit(size);
}

void syntheticPart(std::string_view name, std::uint64_t number, std::size_t offset, std::span<std::byte> target) {
  Words words(name, number);
  words.skip(offset / 4);
  std::size_t within = offset % 4;
  while (!target.empty()) {
    const auto word = words.next();
    const std::size_t length = std::min(word.size() - within, target.size());
    std::memcpy(target.data(), word.data() + within, length);
    target = target.subspan(length);
    within = 0;
  }
}

bool isSyntheticBody(const base::Bytes& body, std::string_view name, std::uint64_t number, std::size_t size) {
  if (body.size() != size) return false;
  Words words(name, number);
  std::size_t done = 0;
  for (; done + 4 <= size; done += 4) {
    const auto word = words.next();
    if (std::memcmp(body.data() + done, word.data(), 4) != 0) return false;
  }
  if (done == size) return true;
  const auto word = words.next();
  return std::memcmp(body.data() + done, word.data(), size - done) == 0;
}

}  // namespace p2pml::media
