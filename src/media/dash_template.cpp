#include "media/dash_template.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "media/m3u8_lexer.hpp"

namespace p2pml::media {

base::Result<UrlTemplate> UrlTemplate::parse(std::string_view text) {
  UrlTemplate result;
  const auto addText = [&](std::string_view more) {
    if (more.empty()) return;
    if (result.parts_.empty() || result.parts_.back().field != Field::text) result.parts_.emplace_back();
    result.parts_.back().text += more;
  };
  while (!text.empty()) {
    const std::size_t open = text.find('$');
    addText(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('$', open + 1);
    if (close == std::string_view::npos) {
      addText(text.substr(open));
      break;
    }
    const std::string_view identifier = text.substr(open + 1, close - open - 1);
    const std::size_t percent = std::min(identifier.find('%'), identifier.size());
    const std::string_view name = identifier.substr(0, percent);
    std::optional<Field> field;
    if (name == "RepresentationID") field = Field::representationId;
    if (name == "Bandwidth") field = Field::bandwidth;
    if (name == "Number") field = Field::number;
    if (name == "Time") field = Field::time;
    if (identifier.empty()) {
      addText("$");
    } else if (!field) {
      // No identifier: its closing sign may open one.
      addText(text.substr(open, close - open));
      text.remove_prefix(close);
      continue;
    } else {
      Part part;
      part.field = *field;
      if (percent < identifier.size()) {
        // "%0[width]d"
        std::string_view format = identifier.substr(percent + 1);
        std::optional<std::uint64_t> width;
        if (format.starts_with('0') && format.ends_with('d'))
          width = parseDecimalInteger(format.substr(1, format.size() - 2));
        constexpr std::uint64_t kMaxWidth = 32;
        if (!width || *width > kMaxWidth || *field == Field::representationId) {
          return base::fail(base::ErrorCode::malformed, "template: \"" + std::string(identifier.substr(0, 60)) +
                                                            "\", expected a width such as %05d of at most 32");
        }
        part.width = static_cast<std::size_t>(*width);
      }
      result.parts_.push_back(std::move(part));
    }
    text.remove_prefix(close + 1);
  }
  return result;
}

std::string UrlTemplate::fill(const Values& values) const {
  std::string out;
  for (const Part& part : parts_) {
    std::string number;
    switch (part.field) {
      case Field::text: out += part.text; continue;
      case Field::representationId: out += values.representationId; continue;
      case Field::bandwidth: number = std::to_string(values.bandwidth); break;
      case Field::number: number = std::to_string(values.number); break;
      case Field::time: number = std::to_string(values.time); break;
    }
    if (number.size() < part.width) out.append(part.width - number.size(), '0');
    out += number;
  }
  return out;
}

bool UrlTemplate::varies() const {
  return std::ranges::any_of(parts_,
                             [](const Part& part) { return part.field == Field::number || part.field == Field::time; });
}

}  // namespace p2pml::media
