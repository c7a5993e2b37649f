#include "engine/peers/offer_batches.hpp"

#include <gtest/gtest.h>

#include <string>

namespace p2pml::engine {
namespace {

using base::ConnectionId;

wire::TrackerOffer offer(char name) { return {base::OfferId::fromRaw(std::string(20, name)), std::string(1, name)}; }

TEST(OfferBatches, GoOutWhenEachOfferIsThereOrHasFailed) {
  OfferBatches batches;
  batches.begin(7, Generation::g3, {ConnectionId(1), ConnectionId(2), ConnectionId(3)});
  EXPECT_FALSE(batches.done(7, offer('a')));
  EXPECT_FALSE(batches.done(7, std::nullopt));
  EXPECT_FALSE(batches.done(8, offer('x'))) << "there is no such batch";
  const auto whole = batches.done(7, offer('b'));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->generation, Generation::g3);
  EXPECT_EQ(whole->connections.size(), 3U);
  ASSERT_EQ(whole->offers.size(), 2U);
  EXPECT_EQ(whole->offers[1].sdp, "b");
  EXPECT_FALSE(batches.done(7, offer('c'))) << "it is gone";
}

TEST(OfferBatches, OneWithoutOffersIsDoneAtOnce) {
  OfferBatches batches;
  batches.begin(1, Generation::g0, {});
  const auto whole = batches.done(1, std::nullopt);
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->offers.empty());
}

TEST(OfferBatches, AWithdrawnOfferDoesNotGoOut) {
  OfferBatches batches;
  batches.begin(1, Generation::g0, {ConnectionId(1), ConnectionId(2)});
  batches.done(1, offer('a'));
  batches.withdraw(1, offer('a').offerId);
  batches.withdraw(2, offer('a').offerId);
  const auto whole = batches.done(1, offer('b'));
  ASSERT_TRUE(whole);
  ASSERT_EQ(whole->offers.size(), 1U);
  EXPECT_EQ(whole->offers[0].sdp, "b");
}

TEST(OfferBatches, ThoseOfASwarmThatWasLeftAreForgotten) {
  OfferBatches batches;
  batches.begin(1, Generation::g0, {ConnectionId(1)});
  batches.begin(2, Generation::g3, {ConnectionId(2)});
  batches.forget(Generation::g0);
  EXPECT_FALSE(batches.done(1, offer('a')));
  EXPECT_TRUE(batches.done(2, offer('a')));
}

}  // namespace
}  // namespace p2pml::engine
