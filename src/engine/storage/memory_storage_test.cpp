#include "engine/storage/memory_storage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace p2pml::engine {
namespace {

using base::milliseconds;
using base::TimePoint;
using testing::ElementsAre;
using testing::IsEmpty;

TimePoint at(std::int64_t ms) { return TimePoint(milliseconds(ms)); }

Segment segmentOf(const std::string& id, const std::string& master = "m") {
  Segment segment(id, "http://origin/" + id);
  segment.masterSwarmId = master;
  segment.data = base::Bytes::copyOf(id);
  return segment;
}

Settings settingsOf(std::int64_t expiration, std::int64_t count) {
  Settings settings;
  settings.cachedSegmentExpiration = expiration;
  settings.cachedSegmentsCount = count;
  return settings;
}

std::vector<std::string> ids(const MemoryStorage& storage, const std::string& master = "m") {
  std::vector<std::string> result;
  for (const Segment& segment : storage.map(master)) result.push_back(segment.id);
  return result;
}

TEST(MemoryStorage, GivesBackWhatWasStoredWithoutCopyingThePayload) {
  MemoryStorage storage(settingsOf(1000, 30));
  const Segment stored = segmentOf("a");
  storage.store(at(0), stored);
  const auto got = storage.get(at(1), "a", "m");
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, stored);
  EXPECT_EQ(got->data->data(), stored.data->data());
  EXPECT_FALSE(storage.get(at(1), "b", "m"));
  EXPECT_FALSE(storage.get(at(1), "a", "other"));
}

TEST(MemoryStorage, StoresAgainInPlace) {
  MemoryStorage storage(settingsOf(1000, 30));
  storage.store(at(0), segmentOf("a"));
  storage.store(at(0), segmentOf("b"));
  Segment again = segmentOf("a");
  again.data = base::Bytes::copyOf("new");
  storage.store(at(5), again);
  EXPECT_EQ(storage.size(), 2U);
  EXPECT_EQ(storage.get(at(5), "a", "m")->data->text(), "new");
  EXPECT_THAT(ids(storage), ElementsAre("a", "b"));
}

TEST(MemoryStorage, MapsOneMasterSwarmInTheOrderStored) {
  MemoryStorage storage(settingsOf(1000, 30));
  storage.store(at(0), segmentOf("z"));
  storage.store(at(1), segmentOf("x", "n"));
  storage.store(at(2), segmentOf("a"));
  storage.store(at(3), segmentOf("z", "n"));
  EXPECT_THAT(ids(storage), ElementsAre("z", "a"));
  EXPECT_THAT(ids(storage, "n"), ElementsAre("x", "z"));
  EXPECT_THAT(ids(storage, "mm"), IsEmpty());
}

TEST(MemoryStorage, ExpiresOneMillisecondAfterTheTime) {
  MemoryStorage storage(settingsOf(1000, 30));
  storage.store(at(0), segmentOf("a"));
  EXPECT_THAT(storage.clean(at(1000), "m", {}), IsEmpty());
  EXPECT_THAT(storage.clean(at(1001), "m", {}), ElementsAre("a"));
  EXPECT_EQ(storage.size(), 0U);
}

TEST(MemoryStorage, AccessPutsExpiryOff) {
  MemoryStorage storage(settingsOf(1000, 30));
  storage.store(at(0), segmentOf("got"));
  storage.store(at(0), segmentOf("stored again"));
  storage.store(at(0), segmentOf("left"));
  storage.get(at(500), "got", "m");
  storage.store(at(500), segmentOf("stored again"));
  EXPECT_EQ(ids(storage).size(), 3U);  // no access
  EXPECT_THAT(storage.clean(at(1001), "m", {}), ElementsAre("left"));
  EXPECT_THAT(storage.clean(at(1500), "m", {}), IsEmpty());
  EXPECT_THAT(storage.clean(at(1501), "m", {}), ElementsAre("got", "stored again"));
}

TEST(MemoryStorage, RemovesTheLeastRecentlyAccessedDownToTheCount) {
  MemoryStorage storage(settingsOf(100'000, 2));
  storage.store(at(0), segmentOf("a"));
  storage.store(at(1), segmentOf("b"));
  EXPECT_THAT(storage.clean(at(2), "m", {}), IsEmpty());
  storage.store(at(2), segmentOf("c"));
  storage.get(at(3), "a", "m");
  EXPECT_THAT(storage.clean(at(4), "m", {}), ElementsAre("b"));
  EXPECT_THAT(ids(storage), ElementsAre("a", "c"));
}

TEST(MemoryStorage, OfEquallyOldOnesTheFirstStoredGoes) {
  MemoryStorage storage(settingsOf(100'000, 1));
  storage.store(at(0), segmentOf("c"));
  storage.store(at(0), segmentOf("b"));
  storage.store(at(0), segmentOf("a"));
  storage.get(at(7), "a", "m");
  storage.get(at(7), "b", "m");
  storage.get(at(7), "c", "m");
  EXPECT_THAT(storage.clean(at(7), "m", {}), ElementsAre("c", "b"));
}

TEST(MemoryStorage, LockedSegmentsStayWhateverTheirAgeAndNumber) {
  MemoryStorage storage(settingsOf(1000, 1));
  storage.store(at(0), segmentOf("old locked"));
  storage.store(at(0), segmentOf("old"));
  storage.store(at(1500), segmentOf("new locked"));
  storage.store(at(1500), segmentOf("new 1"));
  storage.store(at(1500), segmentOf("new 2"));
  const std::set<std::string> locked{"old locked", "new locked", "not stored"};
  EXPECT_THAT(storage.clean(at(1600), "m", locked), ElementsAre("old", "new 1", "new 2"));
  EXPECT_THAT(ids(storage), ElementsAre("old locked", "new locked"));
  EXPECT_THAT(storage.clean(at(1600), "m", {"new locked"}), ElementsAre("old locked"));
}

TEST(MemoryStorage, LockedSegmentsCountAsStored) {
  MemoryStorage storage(settingsOf(1000, 2));
  storage.store(at(0), segmentOf("locked"));
  storage.store(at(1), segmentOf("a"));
  storage.store(at(2), segmentOf("b"));
  EXPECT_THAT(storage.clean(at(3), "m", {"locked"}), ElementsAre("a"));
}

TEST(MemoryStorage, OneLimitForAllMasterSwarmsOfWhichOnlyTheNamedOneHasLocks) {
  MemoryStorage storage(settingsOf(100'000, 1));
  storage.store(at(0), segmentOf("a", "before"));
  storage.store(at(1), segmentOf("a"));
  storage.store(at(2), segmentOf("b"));
  EXPECT_THAT(storage.clean(at(3), "m", {"a"}), ElementsAre("b"));
  EXPECT_THAT(ids(storage, "before"), IsEmpty());
  EXPECT_THAT(ids(storage), ElementsAre("a"));
}

TEST(MemoryStorage, CountZeroKeepsOnlyWhatIsLocked) {
  MemoryStorage storage(settingsOf(100'000, 0));
  storage.store(at(0), segmentOf("a"));
  storage.store(at(0), segmentOf("b"));
  EXPECT_THAT(storage.clean(at(0), "m", {"b"}), ElementsAre("a"));
  EXPECT_THAT(storage.clean(at(0), "m", {}), ElementsAre("b"));
}

TEST(MemoryStorage, ExpirationZeroKeepsForThePresentMomentOnly) {
  MemoryStorage storage(settingsOf(0, 30));
  storage.store(at(5), segmentOf("a"));
  EXPECT_THAT(storage.clean(at(5), "m", {}), IsEmpty());
  EXPECT_THAT(storage.clean(at(6), "m", {}), ElementsAre("a"));
}

TEST(MemoryStorage, ClearForgetsAll) {
  MemoryStorage storage(settingsOf(1000, 30));
  storage.store(at(0), segmentOf("a"));
  storage.clear();
  EXPECT_EQ(storage.size(), 0U);
  EXPECT_FALSE(storage.get(at(0), "a", "m"));
  EXPECT_THAT(storage.clean(at(5000), "m", {}), IsEmpty());
  storage.store(at(6000), segmentOf("a"));
  EXPECT_THAT(ids(storage), ElementsAre("a"));
}

}  // namespace
}  // namespace p2pml::engine
