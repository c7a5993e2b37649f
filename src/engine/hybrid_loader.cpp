#include "engine/hybrid_loader.hpp"

#include <utility>

#include "engine/loader_core.hpp"

namespace p2pml::engine {

class HybridLoader::Impl final : public LoaderCore {
 public:
  using LoaderCore::LoaderCore;
};

HybridLoader::HybridLoader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HybridLoader::~HybridLoader() = default;

base::Result<std::unique_ptr<HybridLoader>> HybridLoader::create(Options options) {
  if (const auto valid = validate(options.settings); !valid) return std::unexpected(valid.error());
  return std::unique_ptr<HybridLoader>(new HybridLoader(std::make_unique<Impl>(std::move(options))));
}

void HybridLoader::step(base::TimePoint now, const Input& input, Outputs& outputs) { impl_->step(now, input, outputs); }
base::TimePoint HybridLoader::deadline() const { return impl_->deadline(); }
const Settings& HybridLoader::getSettings() const { return impl_->getSettings(); }
Details HybridLoader::getDetails() const { return impl_->getDetails(); }
const Stats& HybridLoader::stats() const { return impl_->stats(); }
bool HybridLoader::destroyed() const { return impl_->destroyed(); }
const void* HybridLoader::memory() const { return impl_.get(); }

}  // namespace p2pml::engine
