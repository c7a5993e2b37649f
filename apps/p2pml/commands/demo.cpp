// p2pml demo: the main job. Viewers of one stream in one process share its segments.
#include "p2pml/demo/demo.hpp"

#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "p2pml/commands/commands.hpp"
#include "p2pml/commands/on_runtime.hpp"
#include "p2pml/commands/options.hpp"
#include "p2pml/commands/settings_file.hpp"
#include "p2pml/commands/signals.hpp"

namespace p2pml::app {

namespace {

struct DemoCommand {
  DemoOptions demo;
  std::string settingsFile;
  bool json = false;
};

/// What the runtime's thread tells the main one.
class Ending {
 public:
  void finish(base::Result<void> result) {
    const std::lock_guard lock(mutex_);
    if (result_) return;
    result_ = std::move(result);
    changed_.notify_all();
  }
  /// The user wants no more; if it was not over, it is now.
  void stop() {
    finish(base::fail(ErrorCode::aborted, "stopped before the end"));
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  void waitForStop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_; });
  }
  /// Nothing if it is not over within that time.
  std::optional<base::Result<void>> waitFor(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [this] { return result_.has_value(); });
    return result_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<base::Result<void>> result_;
  bool stopped_ = false;
};

/// Redraws in place on a terminal; elsewhere a line now and then.
class Progress {
 public:
  explicit Progress(bool json) : terminal_(!json && isatty(STDOUT_FILENO) == 1), silent_(json) {}
  void show(const DemoReport& report) {
    if (silent_ || report.segmentCount == 0) return;
    if (terminal_) {
      if (lines_ > 0) std::cout << "\033[" << lines_ << "A";
      const std::string text = progressText(report, true);
      lines_ = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
      std::cout << text << std::flush;
    } else if (++calls_ % 20 == 1) {
      std::cout << progressText(report, false) << std::endl;
    }
  }

 private:
  bool terminal_;
  bool silent_;
  std::size_t lines_ = 0;
  std::size_t calls_ = 0;
};

int runDemo(DemoCommand command) {
  if (!command.settingsFile.empty()) {
    auto read = readSettingsFile(command.settingsFile);
    if (!read) {
      std::cerr << "p2pml demo: " << read.error().detail << "\n";
      return kExitUsage;
    }
    command.demo.settings = std::move(read->settings);
    command.demo.trackerGiven = read->names.contains("trackerAnnounce");
    // All viewers are on this machine: without a word about it, nobody outside needs to be asked for addresses.
    if (!read->names.contains("rtcConfig")) command.demo.settings.rtcConfig.iceServers.clear();
  } else {
    command.demo.settings.rtcConfig.iceServers.clear();
  }

  const std::shared_ptr<Runtime> runtime = Runtime::create("p2pml demo");
  Ending ending;
  std::shared_ptr<Demo> demo;
  std::unique_ptr<StopSignals> signals;
  onRuntime(*runtime, [&] {
    demo = std::make_shared<Demo>(runtime, command.demo, [&](base::Result<void> result) { ending.finish(result); });
    signals = std::make_unique<StopSignals>(runtime->loop(), [&] { ending.stop(); });
    demo->start();
  });
  const std::string page = onRuntime(*runtime, [&] { return demo->pageUrl(); });
  if (!page.empty()) std::cout << "the page: " << page << std::endl;
  Progress progress(command.json);
  std::optional<base::Result<void>> result;
  while (!(result = ending.waitFor(std::chrono::milliseconds(250)))) {
    progress.show(onRuntime(*runtime, [&] { return demo->report(); }));
  }
  const DemoReport report = onRuntime(*runtime, [&] { return demo->report(); });
  progress.show(report);
  if (!page.empty() && *result) {
    std::cout << summaryText(report) << "\nthe page: " << page << "\nThe viewers stay and share until Ctrl-C."
              << std::endl;
    ending.waitForStop();
  }
  const auto leaving =
      onRuntime(*runtime, [&] { return std::make_shared<std::vector<std::future<void>>>(demo->leave()); });
  for (const std::future<void>& left : *leaving) {
    left.wait();
  }
  onRuntime(*runtime, [&] {
    demo.reset();
    signals.reset();
  });
  if (!*result) {
    std::cerr << "p2pml demo: " << result->error().detail << "\n";
    if (report.deliveredBytes() == 0) return kExitFailed;
  }
  if (command.json) {
    std::cout << summaryJson(report) << std::endl;
  } else if (page.empty() || !*result) {
    std::cout << summaryText(report);
    if (page.empty()) {
      std::cout << "\np2pml demo --keep (make run ARGS=--keep) stays, with a page that shows all of this." << std::endl;
    }
  }
  return *result && report.complete() ? kExitOk : kExitFailed;
}

}  // namespace

void addDemo(CLI::App& app, Action& action) {
  CLI::App* sub = app.add_subcommand("demo", "Viewers of one stream share its segments: origin, tracker, peers in one");
  const auto command = std::make_shared<DemoCommand>();
  sub->add_option("--viewers", command->demo.viewers, "How many, each with an engine of its own")
      ->check(CLI::Range(1, 64));
  addSeconds(*sub, "--apart", command->demo.apart, 0, "Time between one viewer's start and the next");
  sub->add_option("--url", command->demo.url, "HLS VOD playlist; the sample stream unless given")->type_name("URL");
  sub->add_option("--rendition", command->demo.rendition, "Place of the rendition in the master playlist");
  sub->add_option("--settings", command->settingsFile, "HybridLoader settings (JSON object)")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  CLI::Option* json = sub->add_flag("--json", command->json, "Print the summary as JSON and nothing else");
  sub->add_flag("--keep", command->demo.keep,
                "Stay until Ctrl-C, with a page that plays the stream and shows the swarm")
      ->excludes(json);
  sub->callback([command, &action] { action = [command] { return runDemo(std::move(*command)); }; });
}

}  // namespace p2pml::app
