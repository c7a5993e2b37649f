// Why peers may not help with a stream, in plain words, from what the checks found.
#pragma once

#include <string>
#include <vector>

#include "p2pml/probe/facts.hpp"

namespace p2pml::app {

struct Finding {
  enum class Weight {
    fault,  ///< nothing can be shared, or nothing can be played
    doubt,  ///< it works less well, or not for everybody
  };
  Weight weight = Weight::doubt;
  std::string text;
};

/// The worst first; empty if nothing was found that speaks against sharing.
std::vector<Finding> verdictOf(const NetworkFacts& facts);

[[nodiscard]] bool hasFault(const std::vector<Finding>& findings);

}  // namespace p2pml::app
