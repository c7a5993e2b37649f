#include "platform/native/server/http_range.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace p2pml::native {

namespace {

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::variant<WholeBody, ByteRange, Unsatisfiable> parseRange(std::string_view header, std::uint64_t bodySize) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return WholeBody{};
  header.remove_prefix(kUnit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return WholeBody{};
  const std::string_view from = header.substr(0, dash);
  const std::string_view to = header.substr(dash + 1);

  if (from.empty()) {
    // "-N": the last N bytes, or all if there are fewer.
    const auto suffix = digits(to);
    if (!suffix) return WholeBody{};
    if (*suffix == 0 || bodySize == 0) return Unsatisfiable{};
    return ByteRange{bodySize - std::min(*suffix, bodySize), bodySize - 1};
  }
  const auto first = digits(from);
  const auto last = to.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : digits(to);
  if (!first || !last || *last < *first) return WholeBody{};
  if (*first >= bodySize) return Unsatisfiable{};
  return ByteRange{*first, std::min(*last, bodySize - 1)};
}

}  // namespace p2pml::native
