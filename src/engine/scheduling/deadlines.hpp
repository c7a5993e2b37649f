// When the player needs a segment, where the application does not say so (Segment.neededIn).
//
// Players that count priorities from the playhead (the segment being played has 0) tell the time by changing them: when
// a segment's priority falls, the playhead has just entered the next segment. From then on segment p of the list is
// needed p durations later, whatever else is asked meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "engine/segment.hpp"

namespace p2pml::engine {

class Deadlines {
 public:
  /// Of a segment whose duration nobody tells, before the playhead's pace is known.
  static constexpr base::Duration kUnknownDuration = base::seconds(4);

  struct Need {
    base::TimePoint at;
    base::Duration duration{};
  };
  /// A load(): what was known of the list before is replaced. One answer for each segment, in order.
  std::vector<Need> update(base::TimePoint now, const std::vector<const Segment*>& list);

 private:
  [[nodiscard]] base::Duration defaultDuration() const { return pace_ == base::Duration() ? kUnknownDuration : pace_; }

  std::map<std::string, std::int64_t> priorities_;    // of the last list
  base::TimePoint entered_ = base::TimePoint::min();  // when the playhead entered the segment of priority 0
  base::Duration pace_{};                             // between the last two such moments
};

}  // namespace p2pml::engine
