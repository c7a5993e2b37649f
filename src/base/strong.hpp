// Strong types for everything with a meaning: numbers that name things, strings that name things, 20-byte hashes.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace p2pml::base {

/// A number that names one thing of kind Tag. 0 is never handed out and means "none".
template <class Tag>
struct StrongId {
  std::uint64_t value = 0;

  constexpr StrongId() = default;
  constexpr explicit StrongId(std::uint64_t v) : value(v) {}
  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

/// A string of kind Tag.
template <class Tag>
struct StrongString {
  std::string value;

  StrongString() = default;
  explicit StrongString(std::string v) : value(std::move(v)) {}
  [[nodiscard]] bool empty() const { return value.empty(); }
  friend auto operator<=>(const StrongString&, const StrongString&) = default;
};

/// Twenty bytes of kind Tag: an infohash, a peer id, an offer id (tracker-websocket.md 5c.1).
template <class Tag>
struct StrongBytes20 {
  std::array<std::uint8_t, 20> value{};

  /// The bytes as a string of 20 chars (not text).
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(value.data()), value.size()}; }
  /// Precondition: raw.size() == 20.
  static StrongBytes20 fromRaw(std::string_view raw) {
    StrongBytes20 result;
    for (std::size_t i = 0; i < result.value.size() && i < raw.size(); ++i) {
      result.value[i] = static_cast<std::uint8_t>(raw[i]);
    }
    return result;
  }
  friend constexpr auto operator<=>(const StrongBytes20&, const StrongBytes20&) = default;
};

}  // namespace p2pml::base

template <class Tag>
struct std::hash<p2pml::base::StrongId<Tag>> {
  std::size_t operator()(const p2pml::base::StrongId<Tag>& id) const noexcept {
    return std::hash<std::uint64_t>()(id.value);
  }
};
template <class Tag>
struct std::hash<p2pml::base::StrongString<Tag>> {
  std::size_t operator()(const p2pml::base::StrongString<Tag>& s) const noexcept {
    return std::hash<std::string>()(s.value);
  }
};
template <class Tag>
struct std::hash<p2pml::base::StrongBytes20<Tag>> {
  std::size_t operator()(const p2pml::base::StrongBytes20<Tag>& b) const noexcept {
    return std::hash<std::string_view>()(b.view());
  }
};
