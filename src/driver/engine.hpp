// The engine as the driver sees it. HybridLoader is the one that is shipped; the driver's own tests script another.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "base/time.hpp"
#include "engine/hybrid_loader.hpp"
#include "engine/io.hpp"

namespace p2pml::driver {

/// Same meaning and same promises as the functions of engine::HybridLoader.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual void step(base::TimePoint now, const engine::Input& input, engine::Outputs& outputs) = 0;
  [[nodiscard]] virtual base::TimePoint deadline() const = 0;
  [[nodiscard]] virtual const engine::Settings& getSettings() const = 0;
  [[nodiscard]] virtual engine::Details getDetails() const = 0;
  [[nodiscard]] virtual const engine::Stats& stats() const = 0;
  /// Where its state begins in memory, kMemoryLines cache lines of it: who steps thousands of them can have it brought
  /// near in time. Null: not told.
  [[nodiscard]] virtual const void* memory() const { return nullptr; }
  static constexpr int kMemoryLines = 64;
};

/// A HybridLoader. Error: invalidArgument, naming the setting.
base::Result<std::unique_ptr<Engine>> makeEngine(engine::Options options);

}  // namespace p2pml::driver
