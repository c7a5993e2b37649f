// A file with HybridLoader settings: a JSON object with the seed's names.
#pragma once

#include <set>
#include <string>

#include "p2pml/settings.hpp"

namespace p2pml::app {

struct SettingsFile {
  Settings settings;
  std::set<std::string> names;  ///< of the settings that the file has
};

/// Errors name the file, and the setting with what is accepted.
Result<SettingsFile> readSettingsFile(const std::string& path);

}  // namespace p2pml::app
