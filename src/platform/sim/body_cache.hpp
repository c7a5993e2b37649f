// Bodies of synthetic segments, made once and shared by the origins that serve them and the viewers that check them.
// Bounded; owned by the world.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>

#include "base/bytes.hpp"

namespace p2pml::sim {

class BodyCache {
 public:
  /// Bodies kept at most; the oldest goes first. Who holds a body keeps it anyway.
  static constexpr std::size_t kMaxBodies = 64;

  /// The body of segment `number` (media::syntheticBody).
  base::Bytes get(const std::string& name, std::uint64_t number, std::size_t size);
  /// Whether `body` is just that. Costs nothing for a view of the very same buffer.
  [[nodiscard]] bool matches(const base::Bytes& body, const std::string& name, std::uint64_t number, std::size_t size);

 private:
  using Key = std::tuple<std::string, std::uint64_t, std::size_t>;
  std::map<Key, base::Bytes> bodies_;
  std::deque<Key> order_;
};

}  // namespace p2pml::sim
