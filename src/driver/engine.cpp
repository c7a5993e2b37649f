#include "driver/engine.hpp"

#include <utility>

namespace p2pml::driver {

namespace {

class LoaderEngine final : public Engine {
 public:
  explicit LoaderEngine(std::unique_ptr<engine::HybridLoader> loader) : loader_(std::move(loader)) {}

  void step(base::TimePoint now, const engine::Input& input, engine::Outputs& outputs) override {
    loader_->step(now, input, outputs);
  }
  [[nodiscard]] base::TimePoint deadline() const override { return loader_->deadline(); }
  [[nodiscard]] const engine::Settings& getSettings() const override { return loader_->getSettings(); }
  [[nodiscard]] engine::Details getDetails() const override { return loader_->getDetails(); }
  [[nodiscard]] const engine::Stats& stats() const override { return loader_->stats(); }
  [[nodiscard]] const void* memory() const override { return loader_->memory(); }

 private:
  std::unique_ptr<engine::HybridLoader> loader_;
};

}  // namespace

base::Result<std::unique_ptr<Engine>> makeEngine(engine::Options options) {
  auto loader = engine::HybridLoader::create(std::move(options));
  if (!loader) return std::unexpected(loader.error());
  return std::make_unique<LoaderEngine>(std::move(*loader));
}

}  // namespace p2pml::driver
