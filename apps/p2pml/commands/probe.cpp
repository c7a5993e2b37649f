// p2pml probe: what a manifest says, and under which names its streams are shared.
#include <spdlog/spdlog.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "media/iso8601.hpp"
#include "p2pml/commands/commands.hpp"
#include "p2pml/probe/manifest.hpp"
#include "p2pml/probe/report.hpp"

namespace p2pml::app {

namespace {

struct ProbeCommand {
  std::string manifest;
  std::string base;
  std::string requestUrl;
  std::string master;
  std::string masterBase;
  std::string swarmId;
  std::string now;
  bool json = false;
};

base::Result<std::string> readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return base::fail(base::ErrorCode::unavailable, path + ": cannot be read");
  return text;
}

media::WallTime wallTimeOf(const std::string& text) {
  if (const auto time = media::parseDateTime(text)) return *time;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return media::WallTime(std::chrono::duration_cast<base::Duration>(now));
}

int runProbe(const ProbeCommand& command) {
  auto text = readFile(command.manifest);
  std::optional<ManifestSource> master;
  if (text && !command.master.empty()) {
    auto masterText = readFile(command.master);
    if (masterText) {
      master = ManifestSource{std::move(*masterText), command.masterBase, command.masterBase};
    } else {
      text = std::unexpected(masterText.error());
    }
  }
  if (!text) {
    spdlog::error("probe: {}", text.error().detail);
    return kExitFailed;
  }
  const std::string& requestUrl = command.requestUrl.empty() ? command.base : command.requestUrl;
  const auto probed =
      probeManifest({std::move(*text), command.base, requestUrl}, master, wallTimeOf(command.now), command.swarmId);
  if (!probed) {
    spdlog::error("probe: {}: {}", command.manifest, probed.error().detail);
    return kExitFailed;
  }
  std::cout << (command.json ? probeJson(*probed) + "\n" : probeText(*probed)) << std::flush;
  return kExitOk;
}

std::string checkTime(const std::string& text) {
  return media::parseDateTime(text) ? "" : "\"" + text + "\": expected a time such as 2026-11-22T22:56:17Z";
}

}  // namespace

void addProbe(CLI::App& app, Action& action) {
  CLI::App* sub = app.add_subcommand("probe", "Show what a manifest says: streams, their swarms, segments");
  const auto command = std::make_shared<ProbeCommand>();
  sub->add_option("--manifest", command->manifest, "HLS playlist or MPD in a file")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->required();
  sub->add_option("--base", command->base, "Where the manifest comes from, after redirects")
      ->type_name("URL")
      ->required();
  sub->add_option("--request-url", command->requestUrl, "As it was asked for, if it was redirected; names some swarms")
      ->type_name("URL");
  CLI::Option* master =
      sub->add_option("--master", command->master, "Multivariant playlist that names this one, in a file")
          ->type_name("FILE")
          ->check(CLI::ExistingFile);
  CLI::Option* masterBase =
      sub->add_option("--master-base", command->masterBase, "Where the multivariant playlist comes from")
          ->type_name("URL");
  master->needs(masterBase);
  masterBase->needs(master);
  sub->add_option("--swarm-id", command->swarmId, "Name of the stream in place of its URL")->type_name("ID");
  sub->add_option("--now", command->now, "The server's time, for a live MPD; the present unless given")
      ->type_name("TIME")
      ->check(checkTime);
  sub->add_flag("--json", command->json, "As a JSON object, all that was read");
  sub->callback([command, &action] { action = [command] { return runProbe(*command); }; });
}

}  // namespace p2pml::app
