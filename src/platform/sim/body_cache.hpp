// Bodies of synthetic segments, shared by the origins that serve them and the viewers that check them. Owned by the
// world, which they must not outlive.
//
// They are real bytes, or only named: a view of such a body says which body, from where and how long (base's foreign
// payload); it is passed on, cut and put together like any other, and who looks into it sees the bytes. So thousands of
// viewers with dozens of segments each cost no payload memory, and comparing costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "base/bytes.hpp"

namespace p2pml::sim {

enum class Bodies : std::uint8_t { real, named };

class BodyCache {
 public:
  /// Real bodies kept at most; the oldest goes first. Who holds a body keeps it anyway.
  static constexpr std::size_t kMaxBodies = 64;

  explicit BodyCache(Bodies kind = Bodies::real) : kind_(kind) {}

  /// The body of segment `number` (media::syntheticBody).
  base::Bytes get(const std::string& name, std::uint64_t number, std::size_t size);
  /// Whether `body` is just that. Costs nothing for a view of the very same buffer or named body.
  [[nodiscard]] bool matches(const base::Bytes& body, const std::string& name, std::uint64_t number, std::size_t size);

 private:
  using Key = std::tuple<std::string, std::uint64_t, std::size_t>;
  base::Bytes make(const Key& key) const;

  Bodies kind_;
  std::map<Key, base::Bytes> bodies_;
  std::deque<Key> order_;  // of real ones
};

}  // namespace p2pml::sim
