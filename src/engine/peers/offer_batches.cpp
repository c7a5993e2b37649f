#include "engine/peers/offer_batches.hpp"

#include <utility>

namespace p2pml::engine {

void OfferBatches::begin(std::uint64_t id, Generation generation, std::vector<base::ConnectionId> connections) {
  Batch& batch = batches_[id];
  batch.generation = generation;
  batch.waiting = connections.size();
  batch.connections = std::move(connections);
}

std::optional<OfferBatches::Batch> OfferBatches::done(std::uint64_t id, std::optional<wire::TrackerOffer> offer) {
  const auto found = batches_.find(id);
  if (found == batches_.end()) return std::nullopt;
  Batch& batch = found->second;
  if (offer) batch.offers.push_back(std::move(*offer));
  if (batch.waiting > 0) --batch.waiting;
  if (batch.waiting > 0) return std::nullopt;
  std::optional<Batch> whole(std::move(batch));
  batches_.erase(found);
  return whole;
}

void OfferBatches::withdraw(std::uint64_t id, const base::OfferId& offer) {
  const auto batch = batches_.find(id);
  if (batch == batches_.end()) return;
  std::erase_if(batch->second.offers, [&](const wire::TrackerOffer& made) { return made.offerId == offer; });
}

void OfferBatches::forget(Generation generation) {
  std::erase_if(batches_, [&](const auto& entry) { return entry.second.generation == generation; });
}

}  // namespace p2pml::engine
