// What the gateway tells about itself: /api/stats, /api/events and /metrics (docs/gateway.md has the form).
//
// Pure: a Report is made from the gateway's state and turned into text here. No query of a URL is in it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "gateway/io.hpp"

namespace p2pml::gateway {

struct LoggedEvent {
  std::uint64_t number = 0;
  base::TimePoint at{};
  std::string text;
  bool trouble = false;
};

/// The last events, numbered.
class EventLog {
 public:
  static constexpr std::size_t kKept = 200;
  static constexpr std::size_t kLongest = 500;

  void add(base::TimePoint at, std::string text, bool trouble);
  [[nodiscard]] const std::deque<LoggedEvent>& all() const { return events_; }

 private:
  std::deque<LoggedEvent> events_;
  std::uint64_t last_ = 0;
};

struct PlayerRow {
  std::int64_t segment = 0;
  bool waiting = false;
  bool active = false;
  base::Duration buffer{};
};

struct StreamRow {
  std::string manifest;  ///< redacted
  std::string label;
  std::string type;  ///< "main" or "secondary"
  bool live = false;
  bool seeded = false;
  std::size_t segments = 0;
  base::Duration targetDuration{};
  std::optional<base::Duration> stuckFor;
  std::uint64_t delivered = 0;
  std::uint64_t failures = 0;
  std::string lastError;
  std::vector<PlayerRow> players;
  std::optional<input::LaneReport> lane;
};

/// Segment bytes of all engines there have been, also of those that are gone.
struct Traffic {
  std::uint64_t http = 0;
  std::uint64_t p2p = 0;
  std::uint64_t upload = 0;
  /// What one engine has moved from one report to its next.
  void add(const input::LaneReport& before, const input::LaneReport& after);
};

struct Report {
  std::string version;
  base::TimePoint now{};
  base::Duration uptime{};
  std::size_t sessions = 0;
  std::size_t openRequests = 0;
  std::uint64_t passedThrough = 0;
  Traffic total;
  std::vector<StreamRow> streams;
};

std::string statsJson(const Report& report, const EventLog& events);
/// Prometheus text exposition format 0.0.4.
std::string metricsText(const Report& report);
/// One event of /api/events (HTML standard, server-sent events).
std::string serverSentEvent(std::string_view name, std::string_view json);
std::string eventJson(const LoggedEvent& event);

}  // namespace p2pml::gateway
