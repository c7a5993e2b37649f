// Numbers that all cooperating viewers compute alike, so that they agree on who does what without a word.
//
// A rank is one number out of a viewer's id and a segment's key (rendezvous hashing, Thaler and Ravishankar 1998):
// among any viewers the order of their ranks for a segment is the same to all of them, and is another one for every
// segment.
#pragma once

#include <cstdint>
#include <string_view>

namespace p2pml::engine {

/// Of any bytes: FNV-1a of 64 bits, mixed. Never 0.
std::uint64_t hashOf(std::string_view bytes);

/// Names a segment for all generations: by what JSON peers call its stream and the segment in it. Never 0.
std::uint64_t segmentKey(std::string_view stream, std::string_view entry);

/// The lowest fetches first.
std::uint64_t rankOf(std::uint64_t viewer, std::uint64_t segmentKey);

}  // namespace p2pml::engine
