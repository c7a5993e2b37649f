#include "engine/http/byte_range.hpp"

#include <charconv>

namespace p2pml::engine {

namespace {
std::optional<std::uint64_t> parseNumber(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}
}  // namespace

std::optional<std::uint64_t> ByteRange::length() const {
  if (!last) return std::nullopt;
  return *last - first + 1;
}

std::string ByteRange::text() const {
  std::string result = "bytes=" + std::to_string(first) + "-";
  if (last) result += std::to_string(*last);
  return result;
}

std::optional<ByteRange> parseByteRange(std::string_view text) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parseNumber(text.substr(0, dash));
  if (!first) return std::nullopt;
  ByteRange range{*first, std::nullopt};
  const std::string_view tail = text.substr(dash + 1);
  if (tail.empty()) return range;
  range.last = parseNumber(tail);
  if (!range.last || *range.last < range.first) return std::nullopt;
  if (*range.last == UINT64_MAX && range.first == 0) return std::nullopt;  // its length would not fit
  return range;
}

bool isSaneRangeHeader(std::string_view text) {
  if (text.empty() || text.size() > 256 || text.find('=') == std::string_view::npos) return false;
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace p2pml::engine
