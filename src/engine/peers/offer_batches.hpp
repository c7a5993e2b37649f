// The offers that are made for one announce: they go out together, when each is there or has failed.
//
// Owned by PeerManager. What always holds: a batch is here until the last of its offers is done, or its swarm was left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "engine/generation.hpp"
#include "wire/tracker_message.hpp"

namespace p2pml::engine {

class OfferBatches {
 public:
  struct Batch {
    Generation generation{};
    std::size_t waiting = 0;  ///< connections that neither have their offer nor have failed
    std::vector<wire::TrackerOffer> offers;
    std::vector<base::ConnectionId> connections;  ///< all that were to make one
  };

  /// These connections make offers for that announce. `id`: of tracker_event::OffersWanted.
  void begin(std::uint64_t id, Generation generation, std::vector<base::ConnectionId> connections);
  /// One of them has its offer, or has failed. The batch, if that was the last one, or if there was none to wait for.
  std::optional<Batch> done(std::uint64_t id, std::optional<wire::TrackerOffer> offer);
  /// That offer is not to go out with it.
  void withdraw(std::uint64_t id, const base::OfferId& offer);
  /// The swarm was left.
  void forget(Generation generation);

 private:
  std::map<std::uint64_t, Batch> batches_;
};

}  // namespace p2pml::engine
