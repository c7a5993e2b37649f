// HybridLoader, the seed's loader, as a deterministic state machine without I/O.
//
// step() is the only way in and its outputs are the only way out. It owns no socket, thread, clock or random device:
// the same options, seed and inputs give the same outputs, byte for byte, on every compiler.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "engine/io.hpp"
#include "engine/settings.hpp"
#include "engine/stats.hpp"

namespace p2pml::engine {

struct Options {
  Settings settings;
  Capabilities capabilities;
  std::uint64_t seed = 1;  ///< of everything random, peer ids included: give every loader its own
};

/// A connected peer, as getDetails() tells it.
struct PeerDetails {
  base::PeerId id;
  Generation generation{};
  std::string remoteAddress;
  std::uint64_t bytesDownloaded = 0;
  std::uint64_t bytesUploaded = 0;
  std::size_t segments = 0;  ///< that it says it has
  base::ConnectionId connection;
};
/// One swarm this loader announces itself in.
struct SwarmDetails {
  Generation generation{};
  std::string streamSwarmId;  ///< as peers of that generation name it
  base::InfoHash infoHash;
  base::PeerId peerId;    ///< ours in this swarm
  std::size_t peers = 0;  ///< connected
};
/// The seed's loader.getDetails().
struct Details {
  /// 40 hex digits: ours in the current stream's first swarm; before there is one, what it will be in the first stream
  /// of the first of peerProtocols. Empty without P2P.
  std::string peerId;
  std::vector<PeerDetails> peers;
  std::vector<SwarmDetails> swarms;
};

class HybridLoader {
 public:
  /// Error: invalidArgument, from validate(settings).
  static base::Result<std::unique_ptr<HybridLoader>> create(Options options);
  ~HybridLoader();
  HybridLoader(const HybridLoader&) = delete;
  HybridLoader& operator=(const HybridLoader&) = delete;

  /// Takes one input and appends what is to be done to `outputs`. `now` never goes back.
  void step(base::TimePoint now, const Input& input, Outputs& outputs);

  /// When step(Tick) is due at the latest; kNever if nothing is timed. Always later than the last `now`.
  [[nodiscard]] base::TimePoint deadline() const;

  [[nodiscard]] const Settings& getSettings() const;
  [[nodiscard]] Details getDetails() const;
  [[nodiscard]] const Stats& stats() const;
  [[nodiscard]] bool destroyed() const;
  /// Where its state begins in memory: not to be read, but to be brought near by who steps thousands of loaders.
  [[nodiscard]] const void* memory() const;

 private:
  class Impl;
  explicit HybridLoader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace p2pml::engine
