#include "p2pml/commands/settings_file.hpp"

#include <fstream>
#include <iterator>

namespace p2pml::app {

Result<SettingsFile> readSettingsFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return base::fail(ErrorCode::unavailable, path + ": cannot be read");
  const auto json = base::parseJson(text);
  if (!json) return base::fail(json.error().code, path + ": " + json.error().detail);
  auto values = engine::settingsFromJson(*json);
  if (!values) return base::fail(values.error().code, path + ": " + values.error().detail);
  SettingsFile result{Settings(std::move(*values)), {}};
  if (const auto* members = json->object()) {
    for (const auto& [name, value] : *members) result.names.insert(name);
  }
  return result;
}

}  // namespace p2pml::app
