// What each peer says of the first segments of the queue, remembered until it may have changed: the scheduler asks all
// peers about all segments after each message of any of them.
//
// Owned by PeerManager, which says when a peer may have changed its mind, when other peers sit at the table, and when
// the queue is another one. Holds nothing that the sessions do not know.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/scheduling/policy.hpp"

namespace p2pml::engine {

class AvailabilityTable {
 public:
  /// Segments at the head of the queue that are remembered: what is behind them is seldom asked for.
  static constexpr std::size_t kMaxRows = 64;

  /// Nothing is known any more, of so many peers and so many queued segments.
  void reset(std::size_t seats, std::size_t queued) {
    rows_ = std::min(queued, kMaxRows);
    cells_.assign(seats * rows_, kUnknown);
  }
  /// The peer at that seat may say something else now.
  void forget(std::size_t seat) {
    std::fill_n(cells_.begin() + static_cast<std::ptrdiff_t>(seat * rows_), rows_, kUnknown);
  }
  /// What that peer says of that place of the queue; `ask` asks it.
  template <class Ask>
  Availability get(std::size_t seat, std::size_t row, Ask ask) {
    if (row >= rows_) return ask();
    std::uint8_t& cell = cells_[seat * rows_ + row];
    if (cell == kUnknown) cell = static_cast<std::uint8_t>(ask());
    return static_cast<Availability>(cell);
  }

 private:
  static constexpr std::uint8_t kUnknown = 255;

  std::size_t rows_ = 0;
  std::vector<std::uint8_t> cells_;  // seat by seat
};

}  // namespace p2pml::engine
