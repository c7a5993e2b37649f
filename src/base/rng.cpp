#include "base/rng.hpp"

#include <bit>
#include <limits>

#include "base/assert.hpp"

namespace p2pml::base {

namespace {
std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}
}  // namespace

Rng::Rng(std::uint64_t seed) : state_() {
  for (auto& word : state_) word = splitmix64(seed);
}

std::uint64_t Rng::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Rng::below(std::uint64_t bound) {
  P2PML_ASSERT(bound != 0);
  // Values under `threshold` would make the low remainders more likely.
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = next();
    if (value >= threshold) return value % bound;
  }
}

double Rng::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::int64_t Rng::between(std::int64_t from, std::int64_t to) {
  P2PML_ASSERT(from <= to);
  const std::uint64_t width = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
  if (width == std::numeric_limits<std::uint64_t>::max()) return static_cast<std::int64_t>(next());
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) + below(width + 1));
}

std::array<std::uint8_t, 20> Rng::bytes20() {
  std::array<std::uint8_t, 20> result;
  for (auto& byte : result) byte = static_cast<std::uint8_t>(next() >> 56);
  return result;
}

std::string Rng::alphanumeric(std::size_t length) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string result(length, '\0');
  for (auto& c : result) c = kAlphabet[below(sizeof(kAlphabet) - 1)];
  return result;
}

}  // namespace p2pml::base
