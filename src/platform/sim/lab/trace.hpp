// A trace: all that is needed to run the same run again, and its digest at several moments, so that a run that differs
// says when it began to differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/sim/lab/records.hpp"

namespace p2pml::sim::lab {

struct Trace {
  std::string name;      ///< of the scenario
  std::string scenario;  ///< the text of its file
  std::uint64_t seed = 1;
  std::size_t viewers = 0;  ///< as asked for; 0: the scenario's
  bool httpOnly = false;
  base::Json::Object settings;
  std::vector<Checkpoint> checkpoints;
  std::string digest;
};

std::string toText(const Trace& trace);
/// Error: malformed or invalidArgument, naming what is wrong.
base::Result<Trace> readTrace(std::string_view text);

/// The first moment at which `run` is not what `trace` says; none if they are the same.
std::optional<std::string> firstDifference(const Trace& trace, const Records& run);

}  // namespace p2pml::sim::lab
