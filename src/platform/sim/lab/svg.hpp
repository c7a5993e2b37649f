// Charts with axes as SVG text: lines, steps, bars. Colours come from CSS classes that follow the reader's light or
// dark preference. Nothing but numbers, titles and escaped names goes into the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace p2pml::sim::lab {

/// A colour for what is no run: limits and the like.
inline constexpr std::size_t kNeutralColour = 7;

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< x rises
  bool steps = false;                             ///< the value holds until the next x
  bool faint = false;                             ///< a limit or something to compare with
  std::optional<std::size_t> colour = {};         ///< which of the colours; else by its place in the chart
};

struct Chart {
  std::string title;
  std::string subtitle;
  std::string xLabel;
  std::string yLabel;
  std::vector<Curve> curves;
  std::optional<double> xMax;
  double yMin = 0;
  std::optional<double> yMax;
  bool percent = false;  ///< y values are shares of 1
};

std::string chartSvg(const Chart& chart);

/// Text as XML content or attribute value.
std::string escapeXml(std::string_view text);

/// Round steps of an axis that cover from..to with about `wanted` of them.
std::vector<double> ticks(double from, double to, int wanted);

}  // namespace p2pml::sim::lab
