// Our own generator and distributions: the standard library's differ between implementations, and every draw must be
// the same under g++, clang and WebAssembly. One draw per statement: argument evaluation order differs too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace p2pml::base {

/// xoshiro256** (Blackman, Vigna 2018), seeded through splitmix64. Not for secrets.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  std::uint64_t next();
  /// Uniform in [0, bound). bound must not be 0. Unbiased (rejection).
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1), 53 bits.
  double unit();
  /// Uniform in [from, to], both included.
  std::int64_t between(std::int64_t from, std::int64_t to);
  std::array<std::uint8_t, 20> bytes20();
  /// Characters of [A-Za-z0-9].
  std::string alphanumeric(std::size_t length);

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      const auto j = static_cast<std::size_t>(below(i));
      std::swap(items[i - 1], items[j]);
    }
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace p2pml::base
