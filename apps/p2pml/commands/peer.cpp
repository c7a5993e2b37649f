// p2pml peer: one headless viewer for measurements, driven by a harness (docs/measurement-peer.md).
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "p2pml/commands/commands.hpp"
#include "p2pml/commands/on_runtime.hpp"
#include "p2pml/commands/signals.hpp"
#include "p2pml/peer/measurement_peer.hpp"

namespace p2pml::app {

namespace {

int runPeer(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto config = parsePeerConfig(text);
  if (!config) {
    std::cerr << "p2pml peer: " << path << ": " << config.error().detail << "\n";
    return kExitUsage;
  }
  const bool stay = config->stay || config->role == PeerConfig::Role::seed;

  const std::shared_ptr<Runtime> runtime = Runtime::create("p2pml peer");
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;
  std::unique_ptr<MeasurementPeer> peer;
  std::unique_ptr<StopSignals> signals;
  const Result<void> started = onRuntime(*runtime, [&] {
    signals = std::make_unique<StopSignals>(runtime->loop(), [&] {
      const std::lock_guard lock(mutex);
      stopped = true;
      changed.notify_all();
    });
    peer = std::make_unique<MeasurementPeer>(runtime, std::move(*config));
    return peer->start();
  });
  int status = kExitOk;
  if (started) {
    std::cout << R"({"ready":true})" << std::endl;
    for (;;) {
      std::unique_lock lock(mutex);
      if (changed.wait_for(lock, std::chrono::seconds(1), [&] { return stopped; })) break;
      lock.unlock();
      const auto [line, done, failure] =
          onRuntime(*runtime, [&] { return std::tuple(peer->progressLine(), peer->done(), peer->failure()); });
      if (failure) {
        std::cerr << "p2pml peer: " << path << ": " << failure->detail << "\n";
        status = kExitUsage;
        break;
      }
      std::cout << line << std::endl;
      if (done && !stay) break;
    }
    if (status == kExitOk) std::cout << onRuntime(*runtime, [&] { return peer->resultLine(); }) << std::endl;
    onRuntime(*runtime, [&] { return std::make_shared<std::future<void>>(peer->leave()); })->wait();
  } else {
    std::cerr << "p2pml peer: " << started.error().detail << "\n";
    status = kExitUsage;
  }
  onRuntime(*runtime, [&] {
    peer.reset();
    signals.reset();
  });
  return status;
}

}  // namespace

void addPeer(CLI::App& app, Action& action) {
  CLI::App* sub = app.add_subcommand("peer", "One headless viewer for measurements, told what to do by a JSON file");
  const auto path = std::make_shared<std::string>();
  sub->add_option("--config", *path, "What to play, from where, as which peer")
      ->type_name("FILE")
      ->required()
      ->check(CLI::ExistingFile);
  sub->callback([path, &action] { action = [path] { return runPeer(*path); }; });
}

}  // namespace p2pml::app
