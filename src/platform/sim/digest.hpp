// A running hash over everything that goes into and comes out of the engines of a world: two runs that differ anywhere
// differ here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "engine/io.hpp"

namespace p2pml::sim {

/// FNV-1a, 64 bits, over whole words (texts byte by byte).
class Digest {
 public:
  void add(std::uint64_t word) {
    hash_ ^= word;
    hash_ *= kPrime;
  }
  void add(std::string_view text) {
    add(text.size());
    for (const char c : text) add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  }
  /// Time, kind, ids, sizes and short texts; not the payload bytes.
  void add(base::TimePoint now, const engine::Input& input);
  void add(base::TimePoint now, const engine::Output& output);

  [[nodiscard]] std::uint64_t value() const { return hash_; }
  /// 16 lower-case hex digits.
  [[nodiscard]] std::string text() const;

 private:
  static constexpr std::uint64_t kPrime = 0x100000001b3ULL;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace p2pml::sim
