#include "p2pml/peer/stream.hpp"

#include "p2pml/peer/manifest_stream.hpp"
#include "p2pml/peer/synthetic_stream.hpp"

namespace p2pml::app {

std::unique_ptr<PeerStream> PeerStream::create(boost::asio::io_context& loop, const PeerConfig& config) {
  if (!config.manifest.empty()) return std::make_unique<ManifestStream>(loop, config);
  return std::make_unique<SyntheticStream>(loop, config);
}

}  // namespace p2pml::app
