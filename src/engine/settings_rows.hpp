// The table of settings that reading, checking, writing and describing them share. For settings.cpp and
// settings_info.cpp only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/settings.hpp"

namespace p2pml::engine {

enum class SettingKind : std::uint8_t {
  integer,
  boolean,
  probability,
  trackers,
  rtc,
  generations,
  scheduling,
  startup
};

struct SettingRow {
  std::string_view name;
  SettingKind kind;
  std::int64_t Settings::*integer;  ///< of kind integer
  bool Settings::*boolean;          ///< of kind boolean
  std::int32_t from;                ///< accepted integers
  std::int32_t to;
};

/// In the order of the seed's table, then ours.
std::span<const SettingRow> settingRows();
/// What a row of kind integer accepts, e.g. "0 .. 2^31-1".
std::string rangeText(const SettingRow& row);

}  // namespace p2pml::engine
