// Segments whose bytes the application wants as they come (input::Follow), before all of them are there.
//
// Owned by the loader, which shows it after each step how far the downloads have come. What always holds: what was told
// of a segment are its first bytes, in order, without a gap; if another source turns out to have other bytes, they are
// told anew from offset 0.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "engine/internal_events.hpp"

namespace p2pml::engine {

class Following {
 public:
  /// More than any player asks for at a time; later ones are not followed.
  static constexpr std::size_t kMaxFollowed = 64;

  void follow(const std::vector<std::string>& ids);
  /// By id, with what was told so far.
  [[nodiscard]] const std::map<std::string, base::Bytes>& all() const { return told_; }

  /// This much of a followed segment is there. `total` is 0 if it is not known.
  void tell(StepIo& io, const std::string& id, const PartialBody& received);
  /// The segment is whole; output::SegmentLoaded comes next. Told only if it is not what was told of it.
  void complete(StepIo& io, const std::string& id, const base::Bytes& data);

 private:
  std::map<std::string, base::Bytes> told_;
};

}  // namespace p2pml::engine
