// p2pml probe: what a manifest says, under which names its streams are shared, and what may keep peers from sharing it.
#include <spdlog/spdlog.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/iso8601.hpp"
#include "p2pml/commands/commands.hpp"
#include "p2pml/commands/options.hpp"
#include "p2pml/commands/settings_file.hpp"
#include "p2pml/probe/manifest.hpp"
#include "p2pml/probe/network_probe.hpp"
#include "p2pml/probe/network_report.hpp"
#include "p2pml/probe/report.hpp"
#include "p2pml/probe/verdict.hpp"

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
  // of the network part
  std::string url;
  std::string settingsFile;
  std::vector<std::string> trackers;
  std::vector<std::string> headers;
  std::vector<std::string> localAddresses;
  base::Duration limit = base::seconds(10);
  bool noIce = false;
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

int runNetworkProbe(const ProbeCommand& command) {
  NetworkProbeOptions options;
  options.url = command.url;
  options.swarmId = command.swarmId;
  options.localAddresses = command.localAddresses;
  options.limit = command.limit;
  options.withIce = !command.noIce;
  if (!command.settingsFile.empty()) {
    auto read = readSettingsFile(command.settingsFile);
    if (!read) {
      std::cerr << "p2pml probe: " << read.error().detail << "\n";
      return kExitUsage;
    }
    options.settings = std::move(read->settings);
  }
  if (!command.trackers.empty()) options.settings.trackerAnnounce = command.trackers;
  auto headers = parseHeaders(command.headers);
  if (!headers) {
    std::cerr << "p2pml probe: " << headers.error().detail << "\n";
    return kExitUsage;
  }
  options.headers = *std::move(headers);
  const NetworkProbe probe = probeNetwork(options);
  const auto findings = verdictOf(probe.facts);
  std::cout << (command.json ? networkJson(probe, findings) + "\n" : networkText(probe, findings)) << std::flush;
  return hasFault(findings) ? kExitFailed : kExitOk;
}

std::string checkTime(const std::string& text) {
  return media::parseDateTime(text) ? "" : "\"" + text + "\": expected a time such as 2026-11-22T22:56:17Z";
}

}  // namespace

void addProbe(CLI::App& app, Action& action) {
  CLI::App* sub =
      app.add_subcommand("probe", "Why peers share a stream, or do not: manifest, swarms, trackers, this network");
  const auto command = std::make_shared<ProbeCommand>();
  CLI::Option* url = sub->add_option("URL", command->url, "The stream's manifest")->type_name("URL");
  CLI::Option* file = sub->add_option("--manifest", command->manifest, "HLS playlist or MPD in a file: no network")
                          ->type_name("FILE")
                          ->check(CLI::ExistingFile)
                          ->excludes(url);
  CLI::Option* base = sub->add_option("--base", command->base, "Where the file comes from, after redirects")
                          ->type_name("URL")
                          ->needs(file);
  file->needs(base);
  sub->add_option("--settings", command->settingsFile, "HybridLoader settings (JSON object): trackers, ICE servers")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  sub->add_option("--tracker", command->trackers, "Tracker to ask instead of those of the settings")
      ->type_name("URL")
      ->allow_extra_args(false);
  sub->add_option("--header", command->headers, "Sent to the origin with every request, \"Name: value\"")
      ->type_name("FIELD")
      ->allow_extra_args(false);
  sub->add_option("--local-address", command->localAddresses, "Address for peers; those of all interfaces unless given")
      ->type_name("IP")
      ->allow_extra_args(false);
  sub->add_flag("--no-ice", command->noIce, "Ask no STUN server and open no data channel");
  addSeconds(*sub, "--timeout", command->limit, 0.1, "Longest wait for one answer");
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
  sub->callback([command, &action] {
    if (command->url.empty() && command->manifest.empty()) {
      throw CLI::RequiredError("URL or --manifest");
    }
    action = [command] { return command->url.empty() ? runProbe(*command) : runNetworkProbe(*command); };
  });
}

}  // namespace p2pml::app
