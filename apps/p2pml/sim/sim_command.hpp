// What `p2pml sim` does once its command line is understood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace p2pml::app {

struct SimCommand {
  bool list = false;
  std::vector<std::string> scenarios;
  std::string tag;
  std::optional<std::uint64_t> seed;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> seeds;  ///< both included
  std::size_t viewers = 0;
  std::optional<double> seconds;
  std::vector<std::string> set;      ///< "name=value"
  std::vector<std::string> compare;  ///< "name=a,b,..."
  bool httpOnly = false;
  bool twin = false;
  bool twice = false;
  bool quiet = false;
  unsigned jobs = 1;
  std::uint32_t watched = 0;  ///< number of a viewer; 0: nobody
  std::string trace;
  std::string replay;
  std::string json;
  std::string csv;
  std::string plots;
};

/// Gives the exit status: 0 everything held, 1 an invariant is broken or a replay differs, 2 wrong usage.
int runSimCommand(const SimCommand& command);

}  // namespace p2pml::app
