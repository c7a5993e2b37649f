// p2pml settings: what HybridLoader can be told, as a Markdown table (docs/settings.md is its output) or as JSON.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "base/json.hpp"
#include "engine/settings.hpp"
#include "p2pml/commands/commands.hpp"

namespace p2pml::app {

namespace {

int printSettings(bool json) {
  const base::Json defaults = engine::toJson(engine::Settings{});
  if (json) {
    std::cout << base::toJsonText(defaults) << std::endl;
    return kExitOk;
  }
  std::cout << "| name | type | default | accepted | meaning |\n|---|---|---|---|---|\n";
  for (const engine::SettingInfo& info : engine::settingInfos()) {
    const base::Json* value = defaults.find(info.name);
    std::cout << "| `" << info.name << "` | " << info.type << " | `"
              << (value == nullptr ? std::string() : base::toJsonText(*value)) << "` | " << info.range << " | "
              << info.description << " |\n";
  }
  std::cout << std::flush;
  return kExitOk;
}

}  // namespace

void addSettings(CLI::App& app, Action& action) {
  CLI::App* sub = app.add_subcommand("settings", "List the HybridLoader settings: type, default, range, meaning");
  const auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "The defaults as a JSON object that --settings takes");
  sub->callback([json, &action] { action = [json] { return printSettings(*json); }; });
}

}  // namespace p2pml::app
