// What one viewer's loader did, as lines of text for people: which segment it asked whom for, what came of it, who came
// and went. For finding out why a seed breaks an invariant.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "engine/io.hpp"

namespace p2pml::sim::lab {

class Watch {
 public:
  explicit Watch(std::function<void(const std::string& line)> tell) : tell_(std::move(tell)) {}

  /// What an engine has put out at that moment of the scenario.
  void onOutput(base::TimePoint at, const engine::Output& output);
  /// Of the player: "takes segment 3", "waits for segment 4".
  void note(base::TimePoint at, const std::string& what);

 private:
  std::function<void(const std::string& line)> tell_;
  std::uint64_t httpBytes_ = 0;  // since the last line
  std::uint64_t p2pBytes_ = 0;
};

}  // namespace p2pml::sim::lab
