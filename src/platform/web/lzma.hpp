// Reads LZMA (the raw stream of a .lzma file, as `xz --format=raw --lzma1` writes it; Igor Pavlov's "LZMA
// specification", 2015): the module travels so within the JavaScript file, for that is a sixth less than what gzip
// makes of it.
//
// Whoever unpacks owns the buffers. What always holds: nothing is read or written outside of them, whatever the stream
// holds; what is wrong with it gives wrong bytes or the answer false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace p2pml::web {

/// The stream's parameters, as xz calls them: literal context bits, position bits. The defaults suit WebAssembly best;
/// js/build.mjs packs with them.
struct LzmaParameters {
  std::uint32_t lc = 1;  ///< at most 4
  std::uint32_t pb = 0;  ///< at most 4
};

/// A large object: about 30 KB.
class LzmaReader {
 public:
  /// Fills `out`. False if the stream refers to what is before the beginning.
  bool read(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, LzmaParameters parameters) {
    for (Probability& p : everyProbability()) p = kEven;
    in_ = in;
    code_ = 0;
    range_ = 0xffffffff;
    position_ = 0;
    for (int i = 0; i < 5; ++i) code_ = code_ << 8 | nextByte();
    const std::uint32_t mask = (1U << parameters.pb) - 1;
    std::uint32_t state = 0;
    std::uint32_t distances[4] = {};  // of the last matches, less one
    for (std::size_t at = 0; at < out.size();) {
      const std::uint32_t place = at & mask;
      if (bit(tables_.isMatch[state][place]) == 0) {
        out[at] = literal(out, at, state, distances[0], parameters.lc);
        ++at;
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
        continue;
      }
      std::uint32_t length = 1;
      if (bit(tables_.isRepeated[state]) == 0) {
        for (int i = 3; i > 0; --i) distances[i] = distances[i - 1];
        length = matchLength(tables_.lengths[0], place);
        distances[0] = distance(length);
        state = state < 7 ? 7 : 10;
      } else {
        std::uint32_t which = bit(tables_.isNotLast[state]);
        const bool one = which == 0 && bit(tables_.isLong[state][place]) == 0;
        if (which != 0 && bit(tables_.isNotSecond[state]) != 0) which = 2 + bit(tables_.isFourth[state]);
        const std::uint32_t chosen = distances[which];
        for (; which > 0; --which) distances[which] = distances[which - 1];
        distances[0] = chosen;
        if (!one) length = matchLength(tables_.lengths[1], place);
        state = state >= 7 ? 11 : one ? 9 : 8;
      }
      if (distances[0] >= at) return false;
      for (; length > 0 && at < out.size(); --length, ++at) out[at] = out[at - distances[0] - 1];
    }
    return true;
  }

 private:
  using Probability = std::uint16_t;  // of a 0, in 2048ths
  static constexpr Probability kEven = 1024;
  static constexpr std::uint32_t kMinMatch = 2;

  struct Lengths {
    Probability beyondLow;
    Probability beyondMiddle;
    Probability low[16][8];
    Probability middle[16][8];
    Probability high[256];
  };
  /// Nothing but probabilities, so that they can be set as one array.
  struct Tables {
    Probability isMatch[12][16];
    Probability isRepeated[12];
    Probability isNotLast[12];
    Probability isLong[12][16];
    Probability isNotSecond[12];
    Probability isFourth[12];
    Probability slots[4][64];
    Probability lowBits[128];
    Probability align[16];
    Lengths lengths[2];
    Probability literals[16][0x300];
  };

  std::span<Probability> everyProbability() {
    return {reinterpret_cast<Probability*>(&tables_), sizeof(Tables) / sizeof(Probability)};
  }

  std::uint8_t nextByte() { return position_ < in_.size() ? in_[position_++] : 0; }

  void normalize() {
    if (range_ >= 1U << 24) return;
    range_ <<= 8;
    code_ = code_ << 8 | nextByte();
  }

  std::uint32_t bit(Probability& zero) {
    const std::uint32_t bound = (range_ >> 11) * zero;
    if (code_ < bound) {
      range_ = bound;
      zero = static_cast<Probability>(zero + ((2048 - zero) >> 5));
      normalize();
      return 0;
    }
    range_ -= bound;
    code_ -= bound;
    zero = static_cast<Probability>(zero - (zero >> 5));
    normalize();
    return 1;
  }

  /// `count` bits, the highest first.
  std::uint32_t bits(Probability* tree, int count) {
    std::uint32_t node = 1;
    for (int i = 0; i < count; ++i) node = node << 1 | bit(tree[node]);
    return node - (1U << count);
  }
  /// The lowest first.
  std::uint32_t reversedBits(Probability* tree, int count) {
    std::uint32_t node = 1;
    std::uint32_t result = 0;
    for (int i = 0; i < count; ++i) {
      const std::uint32_t next = bit(tree[node]);
      node = node << 1 | next;
      result |= next << i;
    }
    return result;
  }
  std::uint32_t evenBits(int count) {
    std::uint32_t result = 0;
    for (; count > 0; --count) {
      range_ >>= 1;
      const std::uint32_t next = code_ >= range_ ? 1 : 0;
      if (next != 0) code_ -= range_;
      result = result << 1 | next;
      normalize();
    }
    return result;
  }

  std::uint8_t literal(std::span<const std::uint8_t> out, std::size_t at, std::uint32_t state, std::uint32_t distance,
                       std::uint32_t lc) {
    const std::uint32_t before = at > 0 ? out[at - 1] : 0;
    Probability* const tree = tables_.literals[before >> (8 - lc)];
    std::uint32_t node = 1;
    if (state >= 7 && distance < at) {
      // After a match it is not the byte that would have gone on with it: that one is a context, as far as it is alike.
      std::uint32_t expected = out[at - distance - 1];
      while (node < 0x100) {
        const std::uint32_t likely = expected >> 7 & 1;
        expected <<= 1;
        const std::uint32_t next = bit(tree[((1 + likely) << 8) + node]);
        node = node << 1 | next;
        if (next != likely) break;
      }
    }
    while (node < 0x100) node = node << 1 | bit(tree[node]);
    return static_cast<std::uint8_t>(node);
  }

  std::uint32_t matchLength(Lengths& lengths, std::uint32_t place) {
    if (bit(lengths.beyondLow) == 0) return kMinMatch + bits(lengths.low[place], 3);
    if (bit(lengths.beyondMiddle) == 0) return kMinMatch + 8 + bits(lengths.middle[place], 3);
    return kMinMatch + 16 + bits(lengths.high, 8);
  }

  /// Of a new match, less one.
  std::uint32_t distance(std::uint32_t length) {
    const std::uint32_t kind = length < 6 ? length - kMinMatch : 3;
    const std::uint32_t slot = bits(tables_.slots[kind], 6);
    if (slot < 4) return slot;
    const int count = static_cast<int>(slot >> 1) - 1;
    const std::uint32_t first = (2 | (slot & 1)) << count;
    if (slot < 14) return first + reversedBits(tables_.lowBits + (first - slot), count);
    const std::uint32_t high = evenBits(count - 4) << 4;
    return first + high + reversedBits(tables_.align, 4);
  }

  Tables tables_;
  std::span<const std::uint8_t> in_;
  std::size_t position_ = 0;
  std::uint32_t code_ = 0;
  std::uint32_t range_ = 0;
};

}  // namespace p2pml::web
