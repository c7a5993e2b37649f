// The swarms that one loader is in: for one stream, one of each generation in the setting peerProtocols; and how the
// places for peers are shared among them.
//
// Owned by PeerManager, which does the joining. What always holds: at most one swarm of a generation; a swarm that is
// joined again has the peer id it had before (tracker-websocket.md 5c.4, peer-id policy). The first id is there before
// its swarm: applications ask for it when they have made the loader.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/rng.hpp"
#include "engine/identity.hpp"
#include "engine/settings.hpp"

namespace p2pml::engine {

struct Swarm {
  Generation generation{};
  std::string swarmId;  ///< what is hashed
  base::InfoHash infoHash;
  base::PeerId ownId;
  /// How many the trackers count in it, ourselves included; none until one has told.
  std::optional<std::int64_t> incomplete;
  std::int64_t complete = 0;  ///< those that say they have everything
};

/// What names a stream, in all generations.
struct StreamIdentity {
  std::string streamSwarmId;
  std::string masterSwarmId;
  std::optional<std::string> streamId;  ///< names a G2 stream where nothing better is known
  std::optional<media::StreamProperties> properties;

  friend bool operator==(const StreamIdentity&, const StreamIdentity&) = default;
};

class Swarms {
 public:
  /// Connected peers, by generation.
  using Counts = std::array<std::size_t, kGenerations>;

  Swarms(const Settings& settings, base::Rng& rng);

  /// Ours in the first swarm that is joined now, or that will be: of the first of peerProtocols.
  [[nodiscard]] const base::PeerId& firstId() const { return joined_.empty() ? firstId_ : joined_.front().ownId; }

  /// The swarms of that stream, in the order of peerProtocols. A generation that names streams by properties which are
  /// not known is left out and added to `missing`.
  std::vector<Swarm> of(const StreamIdentity& stream, std::vector<Generation>& missing);

  void set(std::vector<Swarm> joined) { joined_ = std::move(joined); }
  [[nodiscard]] const std::vector<Swarm>& joined() const { return joined_; }
  [[nodiscard]] const Swarm* find(Generation generation) const;
  [[nodiscard]] const Swarm* find(const base::InfoHash& infoHash) const;

  /// A tracker told how many are in the swarm.
  void setIncomplete(const base::InfoHash& infoHash, std::int64_t incomplete);
  void setComplete(const base::InfoHash& infoHash, std::int64_t complete);
  /// How many can be p2pml nodes with the same settings, we included: such a node is in all these swarms, so there are
  /// no more than are in the smallest. None before a tracker has told.
  [[nodiscard]] std::optional<std::int64_t> viewers() const;
  /// How many others are in all swarms together, and we. None while a swarm's trackers have not told and nobody else is
  /// known.
  [[nodiscard]] std::optional<std::int64_t> incomplete() const;

  /// Places that peers of this generation may take now: free ones. Each generation has an equal share of maxPeers; of
  /// what others leave unused beyond it any may be taken, except for as many as their trackers know of.
  [[nodiscard]] std::int64_t room(Generation generation, const Counts& connected) const;
  /// It has less than its share.
  [[nodiscard]] bool belowShare(Generation generation, const Counts& connected) const;
  /// It has more than its share: it must make room for one that is below.
  [[nodiscard]] bool aboveShare(Generation generation, const Counts& connected) const;

 private:
  [[nodiscard]] std::int64_t share() const;
  base::PeerId newId(Generation generation);

  const Settings& settings_;
  base::Rng& rng_;
  const base::PeerId firstId_;  ///< of the first of peerProtocols
  bool firstIdTaken_ = false;
  std::vector<Swarm> joined_;
  std::map<base::InfoHash, base::PeerId> ownIds_;
};

}  // namespace p2pml::engine
