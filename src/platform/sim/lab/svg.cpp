#include "platform/sim/lab/svg.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace p2pml::sim::lab {

namespace {

constexpr double kWidth = 760;
constexpr double kHeight = 420;
constexpr double kLeft = 70;
constexpr double kRight = 24;
constexpr double kTop = 92;
constexpr double kBottom = 58;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kPlotHeight = kHeight - kTop - kBottom;
constexpr double kLegendTop = 70;
constexpr double kLegendRow = 18;
constexpr double kLegendGap = 24;
/// More points than pixels say nothing more.
constexpr std::size_t kMaxPoints = 1500;

/// Okabe and Ito's colours, which people with any kind of colour vision tell apart; the second set for dark ground.
constexpr const char* kStyle = R"(<style>
  svg { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
  .ground { fill: #ffffff; } .text { fill: #24292f; } .soft { fill: #57606a; }
  .grid { stroke: #d8dee4; stroke-width: 1; } .axis { stroke: #57606a; stroke-width: 1; }
  .curve { fill: none; stroke-width: 2; stroke-linejoin: round; } .faint { stroke-dasharray: 5 4; stroke-width: 1.5; }
  .c0 { stroke: #0072b2; } .c1 { stroke: #d55e00; } .c2 { stroke: #009e73; } .c3 { stroke: #cc79a7; }
  .c4 { stroke: #b8860b; } .c5 { stroke: #56b4e9; } .c6 { stroke: #6e40c9; } .c7 { stroke: #57606a; }
  .title { font-size: 17px; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } .text { fill: #e6edf3; } .soft { fill: #9da7b3; }
    .grid { stroke: #2b3138; } .axis { stroke: #9da7b3; }
    .c0 { stroke: #4fb3ef; } .c1 { stroke: #ff8c42; } .c2 { stroke: #2fd6a3; } .c3 { stroke: #e6a3c8; }
    .c4 { stroke: #e8c547; } .c5 { stroke: #8fd3ff; } .c6 { stroke: #b392f0; } .c7 { stroke: #9da7b3; }
  }
</style>
)";
constexpr std::size_t kColours = 8;

std::string number(double value, int digits = 1) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  std::string result = text;
  if (result.find('.') != std::string::npos) {
    result.erase(result.find_last_not_of('0') + 1);
    if (result.back() == '.') result.pop_back();
  }
  return result == "-0" ? "0" : result;
}

std::string tickText(double value, bool percent) {
  if (percent) return number(value * 100, 1) + " %";
  if (std::abs(value) >= 1e6) return number(value / 1e6, 2) + " M";
  if (std::abs(value) >= 1e4) return number(value / 1e3, 1) + " k";
  return number(value, 4);
}

std::string text(double x, double y, const char* classes, const char* anchor, const std::string& content,
                 const std::string& more = "") {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" class=\"" + classes + "\" text-anchor=\"" + anchor +
         "\"" + more + ">" + escapeXml(content) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& classes) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
         "\" class=\"" + classes + "\"/>\n";
}

std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>>& points) {
  if (points.size() <= kMaxPoints) return points;
  std::vector<std::pair<double, double>> few;
  for (std::size_t i = 0; i < kMaxPoints; ++i) few.push_back(points[i * (points.size() - 1) / (kMaxPoints - 1)]);
  return few;
}

/// With its line; letters are taken for wide ones.
double legendWidth(const Curve& curve) { return 28 + 7.2 * static_cast<double>(curve.name.size()); }

std::size_t legendRows(const std::vector<Curve>& curves) {
  std::size_t rows = 1;
  double legend = kLeft;
  for (const Curve& curve : curves) {
    if (legend > kLeft && legend + legendWidth(curve) > kWidth - kLegendGap) {
      ++rows;
      legend = kLeft;
    }
    legend += legendWidth(curve) + kLegendGap;
  }
  return rows;
}

}  // namespace

std::string escapeXml(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default:
        // Controls are not allowed in XML at all.
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return result;
}

std::vector<double> ticks(double from, double to, int wanted) {
  if (!(to > from)) return {from};
  const double raw = (to - from) / std::max(1, wanted);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power >= raw * 0.999) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> result;
  for (double i = std::ceil(from / step - 1e-9); i * step <= to + step * 1e-9; ++i) result.push_back(i * step);
  return result;
}

std::string chartSvg(const Chart& chart) {
  double xMin = 0;
  double xMax = chart.xMax.value_or(0);
  double yMax = chart.yMax.value_or(0);
  for (const Curve& curve : chart.curves) {
    for (const auto& [x, y] : curve.points) {
      if (!chart.xMax) xMax = std::max(xMax, x);
      if (!chart.yMax) yMax = std::max(yMax, y);
    }
  }
  if (xMax <= xMin) xMax = xMin + 1;
  if (yMax <= chart.yMin) yMax = chart.yMin + 1;
  const std::vector<double> yTicks = ticks(chart.yMin, yMax * (chart.yMax ? 1 : 1.05), 5);
  const std::vector<double> xTicks = ticks(xMin, xMax, 8);
  if (!chart.yMax) yMax = std::max(yMax * 1.05, yTicks.back());
  // A longer legend makes the picture higher.
  const double more = kLegendRow * static_cast<double>(legendRows(chart.curves) - 1);
  const double height = kHeight + more;
  const double top = kTop + more;
  const auto toX = [&](double x) { return kLeft + (std::clamp(x, xMin, xMax) - xMin) / (xMax - xMin) * kPlotWidth; };
  const auto toY = [&](double y) {
    return top + kPlotHeight - (std::clamp(y, chart.yMin, yMax) - chart.yMin) / (yMax - chart.yMin) * kPlotHeight;
  };

  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth) + " " + number(height) +
                    "\" width=\"" + number(kWidth) + "\" height=\"" + number(height) + "\" role=\"img\">\n<title>" +
                    escapeXml(chart.title) + "</title>\n" + kStyle +
                    "<rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n";
  svg += text(kLeft - 46, 28, "text title", "start", chart.title);
  svg += text(kLeft - 46, 48, "soft", "start", chart.subtitle);

  for (const double y : yTicks) {
    svg += line(kLeft, toY(y), kLeft + kPlotWidth, toY(y), "grid");
    svg += text(kLeft - 8, toY(y) + 4, "soft", "end", tickText(y, chart.percent));
  }
  for (const double x : xTicks) {
    svg += line(toX(x), top + kPlotHeight, toX(x), top + kPlotHeight + 5, "axis");
    svg += text(toX(x), top + kPlotHeight + 20, "soft", "middle", tickText(x, false));
  }
  svg += line(kLeft, top + kPlotHeight, kLeft + kPlotWidth, top + kPlotHeight, "axis");
  svg += text(kLeft + kPlotWidth / 2, height - 14, "text", "middle", chart.xLabel);
  svg += text(0, 0, "text", "middle", chart.yLabel,
              " transform=\"translate(18 " + number(top + kPlotHeight / 2) + ") rotate(-90)\"");

  std::size_t row = 0;
  double legend = kLeft;
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    const Curve& curve = chart.curves[i];
    const std::string classes =
        "curve c" + std::to_string(curve.colour.value_or(i) % kColours) + (curve.faint ? " faint" : "");
    if (legend > kLeft && legend + legendWidth(curve) > kWidth - kLegendGap) {
      ++row;
      legend = kLeft;
    }
    const double legendY = kLegendTop + kLegendRow * static_cast<double>(row);
    svg += line(legend, legendY, legend + 22, legendY, classes);
    svg += text(legend + 28, legendY + 4, "text", "start", curve.name);
    legend += legendWidth(curve) + kLegendGap;
    const auto points = thinned(curve.points);
    if (points.empty()) continue;
    std::string path = "M";
    for (std::size_t p = 0; p < points.size(); ++p) {
      const double x = toX(points[p].first);
      const double y = toY(points[p].second);
      if (p > 0) path += curve.steps ? "H" + number(x) + "V" : "L" + number(x) + " ";
      if (p == 0) path += number(x) + " ";
      path += number(y);
    }
    // A single point is a short line, so that it is seen.
    if (points.size() == 1) path += "h4";
    svg += "<path d=\"" + path + "\" class=\"" + classes + "\"/>\n";
  }
  return svg + "</svg>\n";
}

}  // namespace p2pml::sim::lab
