#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

namespace {

/// The finalizer of splitmix64 (Steele, Lea, Flood 2014): every bit of the input moves half the bits of the output.
std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9U;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebU;
  x ^= x >> 31;
  return x;
}

std::uint64_t fnv1a(std::uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325U;

std::uint64_t neverZero(std::uint64_t x) { return x == 0 ? 1 : x; }

}  // namespace

std::uint64_t hashOf(std::string_view bytes) { return neverZero(mixed(fnv1a(kFnvBasis, bytes))); }

std::uint64_t segmentKey(std::string_view stream, std::string_view entry) {
  std::uint64_t hash = fnv1a(kFnvBasis, stream);
  hash = fnv1a(hash, std::string_view("\0", 1));
  return neverZero(mixed(fnv1a(hash, entry)));
}

std::uint64_t rankOf(std::uint64_t viewer, std::uint64_t segmentKey) {
  return mixed(viewer + 0x9e3779b97f4a7c15U * mixed(segmentKey));
}

}  // namespace p2pml::engine
