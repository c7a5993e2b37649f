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

#include "base/assert.hpp"
#include "engine/scheduling/policy.hpp"

namespace p2pml::engine {

/// What a peer says of one segment.
struct Said {
  Availability state = Availability::none;
  std::uint8_t depth = 0;  ///< relaying: PeerSession::relayDepth()
  friend bool operator==(const Said&, const Said&) = default;
};

class AvailabilityTable {
 public:
  /// Segments at the head of the queue that are remembered: what is behind them is seldom asked for.
  static constexpr std::size_t kMaxRows = 64;

  /// Nothing is known any more, of so many peers and so many queued segments.
  void reset(std::size_t seats, std::size_t queued) {
    rows_ = std::min(queued, kMaxRows);
    seats_ = seats;
    cells_.assign(seats * rows_, kUnknown);
  }
  /// The peer at that seat may say something else now.
  void forget(std::size_t seat) {
    for (std::size_t row = 0; row < rows_; ++row) cells_[row * seats_ + seat] = kUnknown;
  }
  /// What that peer says of that place of the queue; `ask` asks it.
  template <class Ask>
  Said get(std::size_t seat, std::size_t row, Ask ask) {
    if (row >= rows_) return ask();
    std::uint8_t& cell = cells_[row * seats_ + seat];
    if (cell == kUnknown) cell = packed(ask());
    return {static_cast<Availability>(cell & kStateMask), static_cast<std::uint8_t>(cell >> kStateBits)};
  }

 private:
  static constexpr std::uint8_t kUnknown = 255;
  static constexpr int kStateBits = 2;
  static constexpr std::uint8_t kStateMask = 3;

  static std::uint8_t packed(Said said) {
    P2PML_ASSERT(said.depth < kUnknown >> kStateBits);
    return static_cast<std::uint8_t>(static_cast<std::uint8_t>(said.state) | said.depth << kStateBits);
  }

  std::size_t rows_ = 0;
  std::size_t seats_ = 0;
  std::vector<std::uint8_t> cells_;  // row by row: what all say of one segment lies together
};

}  // namespace p2pml::engine
