// One segment that is put together from parts which may come from several sources and in any order.
//
// What always holds: no byte is kept twice; what was taken does not change. A body whose bytes come in order costs no
// more copies than base::BytesAssembler does.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "engine/internal_events.hpp"

namespace p2pml::engine {

/// Bytes from `from` up to, not including, `to`.
struct BodyRange {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  [[nodiscard]] std::uint64_t size() const { return to - from; }
  friend bool operator==(const BodyRange&, const BodyRange&) = default;
};

class SegmentBody {
 public:
  /// Bytes of the whole segment; 0: not known yet.
  [[nodiscard]] std::uint64_t total() const { return total_; }
  /// False if something else is known, or more than that is here.
  [[nodiscard]] bool setTotal(std::uint64_t total);

  /// Keeps what is not here yet; answers how many bytes that were. Precondition: offset + bytes.size() <= total() where
  /// that is known.
  std::uint64_t add(std::uint64_t offset, const base::Bytes& bytes);

  /// Bytes that are here.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// The first byte is here.
  [[nodiscard]] bool begun() const { return !runs_.empty() && runs_.front().from == 0; }
  /// Those of them that have everything before them too.
  [[nodiscard]] std::uint64_t prefix() const;
  [[nodiscard]] bool complete() const { return total_ != 0 && size_ == total_; }
  /// The first bytes that are missing at or after `from`; none if there are none. With an unknown total the last hole
  /// has no end: `to` is 0.
  [[nodiscard]] std::optional<BodyRange> hole(std::uint64_t from = 0) const;
  /// What is here from `offset` on, as far as it is in one piece. Empty if that byte is not here.
  [[nodiscard]] base::Bytes at(std::uint64_t offset) const;

  /// Everything. Precondition: complete().
  [[nodiscard]] base::Bytes finish();
  /// The beginning, for another source to go on with; none if there is none or the total is not known.
  [[nodiscard]] std::optional<PartialBody> beginning();

 private:
  struct Run {
    std::uint64_t from = 0;
    base::BytesAssembler bytes;
    [[nodiscard]] std::uint64_t to() const { return from + bytes.size(); }
  };
  /// The first run that ends after `offset`.
  [[nodiscard]] std::vector<Run>::const_iterator after(std::uint64_t offset) const;
  void put(std::uint64_t offset, const base::Bytes& bytes);
  base::Bytes joined(std::size_t runs);

  std::uint64_t total_ = 0;
  std::uint64_t size_ = 0;
  std::vector<Run> runs_;  // ascending, disjoint; they may touch
};

}  // namespace p2pml::engine
