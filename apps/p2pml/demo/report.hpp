// What a demo tells: while it runs and at its end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace p2pml::app {

struct ViewerReport {
  std::string name;
  bool started = false;
  bool done = false;
  double position = 0;  ///< in segments
  double bufferedMs = 0;
  std::size_t peers = 0;
  std::size_t peersMax = 0;
  std::uint64_t http = 0;
  std::uint64_t p2p = 0;
  std::uint64_t uploaded = 0;
  std::uint64_t delivered = 0;
  std::size_t segments = 0;  ///< delivered to the player
  double startupMs = 0;
  std::size_t stalls = 0;
  double stalledMs = 0;
  std::uint64_t bad = 0;
  std::int64_t skipped = 0;
  std::uint64_t errors = 0;
};

struct DemoReport {
  std::string stream;
  std::size_t segmentCount = 0;
  double durationMs = 0;
  std::uint64_t segmentBytes = 0;  ///< all segments once, as far as they are known
  std::vector<ViewerReport> viewers;

  [[nodiscard]] std::uint64_t originBytes() const;
  [[nodiscard]] std::uint64_t deliveredBytes() const;
  /// 1 - origin / delivered.
  [[nodiscard]] double offload() const;
  /// Every byte once from the origin: (n - 1) / n for n viewers that see the same.
  [[nodiscard]] double bestOffload() const;
  /// What the seed's rules allow at best: each viewer takes its first two segments (priorities 0 and
  /// requiredSegmentsPriority = 1) over HTTP.
  [[nodiscard]] double rulesOffload() const;
  /// Everybody played everything, and every byte was right.
  [[nodiscard]] bool complete() const;
};

/// One line a viewer, for a terminal.
std::string progressText(const DemoReport& report, bool color);
std::string summaryText(const DemoReport& report);
std::string summaryJson(const DemoReport& report);

}  // namespace p2pml::app
