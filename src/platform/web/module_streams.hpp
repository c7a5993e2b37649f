// A WebAssembly module put together from streams of its bytes, one for each kind: what is alike lies together, and LZMA
// makes a twentieth less of it. js/pack.mjs takes a module apart; the order of the kinds is here and there.
//
// What always holds: nothing is read or written outside of the buffers, whatever the streams hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace p2pml::web {

class ModuleStreams {
 public:
  /// Of functions: their sizes and the types of their locals (frame). Of instructions: what they do (opcodes, globals,
  /// alignments); types of blocks; labels; locals; offsets in memory; functions called; constants of 32 and of 64 bits.
  /// All else, sections other than the code too.
  enum Kind : std::uint8_t { other, frame, operation, block, label, local, offset, function, constant, longConstant };
  static constexpr std::size_t kKinds = 10;

  /// `streams` starts with the length of each, as 32 bits, little-endian. Fills `out`. False if they do not end with
  /// it.
  bool join(std::span<const std::uint8_t> streams, std::span<std::uint8_t> out) {
    if (streams.size() < 4 * kKinds) return false;
    std::size_t begin = 4 * kKinds;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      std::size_t length = 0;
      for (std::size_t i = 4; i > 0; --i) length = length << 8 | streams[4 * kind + i - 1];
      if (length > streams.size() - begin) return false;
      streams_[kind] = streams.subspan(begin, length);
      begin += length;
    }
    out_ = out;
    at_ = 0;
    copy(8, other);  // magic number and version
    while (at_ < out_.size() && good_) {
      const std::uint8_t section = byte(other);
      const std::uint32_t length = number(other);
      if (section == kCodeSection) {
        for (std::uint32_t functions = number(other); functions > 0 && good_; --functions) body();
      } else {
        copy(length, other);
      }
    }
    return good_;
  }

 private:
  static constexpr std::uint8_t kCodeSection = 10;

  std::uint8_t byte(Kind kind) {
    std::span<const std::uint8_t>& stream = streams_[kind];
    if (stream.empty() || at_ == out_.size()) {
      good_ = false;
      return 0;
    }
    const std::uint8_t next = stream.front();
    stream = stream.subspan(1);
    out_[at_++] = next;
    return next;
  }

  void copy(std::size_t count, Kind kind) {
    for (; count > 0 && good_; --count) byte(kind);
  }

  /// LEB128; of longer ones the lowest 32 bits.
  std::uint32_t number(Kind kind) {
    std::uint32_t value = 0;
    for (std::uint32_t shift = 0;; shift += 7) {
      const std::uint8_t next = byte(kind);
      if (shift < 32) value |= std::uint32_t{next & 0x7fU} << shift;
      if (next < 0x80) return value;
    }
  }

  void numbers(std::size_t count, Kind kind) {
    for (; count > 0 && good_; --count) number(kind);
  }

  void body() {
    const std::uint32_t size = number(frame);
    const std::size_t end = size > out_.size() - at_ ? out_.size() : at_ + size;
    for (std::uint32_t groups = number(frame); groups > 0 && good_; --groups) {
      number(frame);
      byte(frame);
    }
    while (at_ < end && good_) instruction(byte(operation));
  }

  /// What follows the opcode (WebAssembly core specification 5.4).
  void instruction(std::uint8_t opcode) {
    if (opcode >= 0x02 && opcode <= 0x04) return numbers(1, block);             // block, loop, if
    if (opcode == 0x0c || opcode == 0x0d) return numbers(1, label);             // br, br_if
    if (opcode == 0x23 || opcode == 0x24) return numbers(1, operation);         // global.get, global.set
    if (opcode == 0x0e) return numbers(std::size_t{number(other)} + 1, other);  // br_table
    if (opcode == 0x10) return numbers(1, function);
    if (opcode == 0x11) return numbers(2, other);  // call_indirect
    if (opcode == 0x1c) return numbers(number(other), other);
    if (opcode >= 0x20 && opcode <= 0x22) return numbers(1, local);
    if (opcode >= 0x28 && opcode <= 0x3e) {
      number(operation);
      return numbers(1, offset);
    }
    if (opcode == 0x41) return numbers(1, constant);
    if (opcode == 0x42) return numbers(1, longConstant);
    if (opcode == 0x43) return copy(4, other);
    if (opcode == 0x44) return copy(8, other);
    if (opcode == 0xfc) {
      const std::uint32_t which = number(other);
      // memory.init, data.drop, memory.copy, memory.fill; below them conversions of numbers.
      return numbers(which == 8 || which == 10 ? 2 : which == 9 || which == 11 ? 1 : 0, other);
    }
    // memory.size, memory.grow, ref.null
    if (opcode == 0x3f || opcode == 0x40 || opcode == 0xd0) return numbers(1, other);
  }

  std::span<const std::uint8_t> streams_[kKinds];
  std::span<std::uint8_t> out_;
  std::size_t at_ = 0;
  bool good_ = true;
};

}  // namespace p2pml::web
