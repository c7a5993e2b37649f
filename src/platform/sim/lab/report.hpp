// What a run says to people and programs: tables, JSON, CSV. Texts only; whoever runs the program writes files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "platform/sim/lab/metrics.hpp"
#include "platform/sim/lab/records.hpp"
#include "platform/sim/lab/scenario.hpp"

namespace p2pml::sim::lab {

/// One column of a table: a run, perhaps with its twin.
struct Variant {
  std::string name;  ///< over its column
  std::uint64_t seed = 0;
  Metrics metrics;
  std::optional<TwinMetrics> twin;
  std::optional<Cost> cost;
  std::string digest;
};

/// Rows of figures, one column for each variant.
std::string table(const Scenario& scenario, const std::vector<Variant>& variants);
/// One line for each violation that was kept, "" if there is none.
std::string violationsText(const Records& records);

/// Everything of the table and the violations, with plain names and units.
base::Json toJson(const Scenario& scenario, const Variant& variant, const Records& records);

struct File {
  std::string name;
  std::string text;
};
/// seconds.csv, segments.csv, viewers.csv, stalls.csv.
std::vector<File> csvFiles(const Records& records, const Scenario& scenario);

/// `value` with so many digits after the point.
std::string fixed(double value, int digits);

}  // namespace p2pml::sim::lab
