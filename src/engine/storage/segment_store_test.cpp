#include "engine/storage/segment_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/testing/foreign_store.hpp"

namespace p2pml::engine {
namespace {

using base::Bytes;
using base::ConnectionId;
using base::Error;
using base::ErrorCode;
using base::milliseconds;
using base::RequestId;
using base::SegmentId;
using base::TimePoint;
using testing::ElementsAre;
using testing::IsEmpty;

Segment segment(const std::string& number, const std::string& master = "m") {
  Segment result(master + "+" + number, "http://origin/" + number);
  result.masterSwarmId = master;
  result.sequence = number;
  result.data = Bytes::copyOf("data of " + number);
  return result;
}

/// Drives SegmentStore alone. `said()` tells in short what it put out: "map #1 m", "store #2 m+1", "get #3 m+1 m",
/// "clean #4 m", "destroy", "result 7 <text>", "storage error <detail>", and events: "stored m+1[ failed]",
/// "for peer 5 m+1 <text>", "changed".
class SegmentStoreTest : public testing::Test {
 protected:
  void make(bool custom) {
    store.emplace(settings, custom, ids);
    isCustom = custom;
  }
  /// Open on "m" and ready.
  void makeOpen(bool custom) {
    make(custom);
    open("m");
    if (custom) map({});
    said();
  }
  void open(const std::string& master) {
    StepIo step = io();
    store->open(step, master);
  }
  void put(const Segment& s) {
    StepIo step = io();
    store->store(step, s, std::nullopt);
    if (isCustom) stored();
  }
  void stored(std::optional<Error> error = std::nullopt, std::uint64_t request = 0) {
    StepIo step = io();
    EXPECT_TRUE(store->onStored(step, {RequestId(request == 0 ? ids.lastRequest : request), std::move(error)}));
  }
  void map(std::vector<Segment> segments, std::optional<Error> error = std::nullopt, std::uint64_t request = 0) {
    StepIo step = io();
    EXPECT_TRUE(store->onMap(
        step, {RequestId(request == 0 ? ids.lastRequest : request), std::move(segments), std::move(error)}));
  }
  void got(std::optional<Segment> s, std::optional<Error> error = std::nullopt) {
    StepIo step = io();
    EXPECT_TRUE(store->onSegment(step, {RequestId(ids.lastRequest), std::move(s), std::move(error)}));
  }
  void forPeer(const std::string& wireId, ConnectionId connection = ConnectionId(5)) {
    StepIo step = io();
    const PeerRequest request{SegmentId(wireId), std::nullopt, 0};
    store->fetchForPeer(step, connection, request, store->idOf(request.segment, "m", Numbering::externalId));
  }
  void forApplication(const std::string& id) {
    StepIo step = io();
    store->fetchForApplication(step, id, 7);
  }
  void clean(std::set<std::string> locked = {}) {
    StepIo step = io();
    store->clean(step, std::move(locked));
  }
  std::vector<std::string> told() const {
    std::vector<std::string> names;
    store->forEachNewestFirst([&](const WireName& name) {
      names.push_back(name.id.value);
      return true;
    });
    return names;
  }
  std::vector<std::string> said() {
    std::vector<std::string> texts;
    const auto text = [](const std::optional<Segment>& s) {
      return s ? (s->data ? std::string(s->data->text()) : "without data") : "none";
    };
    for (const Output& output : out) {
      if (const auto* m = std::get_if<output::StorageMap>(&output)) {
        texts.push_back("map #" + std::to_string(m->request.value) + " " + m->masterSwarmId);
      } else if (const auto* s = std::get_if<output::StorageStore>(&output)) {
        texts.push_back("store #" + std::to_string(s->request.value) + " " + s->segment.id);
      } else if (const auto* g = std::get_if<output::StorageGet>(&output)) {
        texts.push_back("get #" + std::to_string(g->request.value) + " " + g->id + " " + g->masterSwarmId);
      } else if (const auto* c = std::get_if<output::StorageClean>(&output)) {
        texts.push_back("clean #" + std::to_string(c->request.value) + " " + c->masterSwarmId);
        lastLocked = *c->locked;
      } else if (std::holds_alternative<output::StorageDestroy>(output)) {
        texts.emplace_back("destroy");
      } else if (const auto* r = std::get_if<output::GetSegmentResult>(&output)) {
        texts.push_back("result " + std::to_string(r->token) + " " + text(r->segment));
      } else if (const auto* e = std::get_if<output::StorageError>(&output)) {
        texts.push_back("storage error " + e->error.detail);
      }
    }
    for (const InternalEvent& event : events) {
      if (const auto* s = std::get_if<event::Stored>(&event)) {
        texts.push_back("stored " + s->segment.id + (s->error ? " failed" : ""));
      } else if (const auto* f = std::get_if<event::FetchedForPeer>(&event)) {
        texts.push_back("for peer " + std::to_string(f->connection.value) + " " +
                        std::get<SegmentId>(f->request.segment).value + " " + text(f->segment));
      } else if (std::holds_alternative<event::StoreChanged>(event)) {
        texts.emplace_back("changed");
      }
    }
    out.clear();
    events.clear();
    return texts;
  }
  StepIo io() { return {now, out, events}; }

  const Error broken{ErrorCode::unavailable, "disk full"};
  Settings settings;
  IdCounters ids;
  std::optional<SegmentStore> store;
  bool isCustom = false;
  TimePoint now{};
  Outputs out;
  std::vector<InternalEvent> events;
  std::set<std::string> lastLocked;
};

// ------------------------------------------------------------------------------------------------------ memory

TEST_F(SegmentStoreTest, MemoryIsReadyAtOnce) {
  make(false);
  EXPECT_FALSE(store->ready());
  forApplication("m+1");
  EXPECT_THAT(said(), ElementsAre("result 7 none"));
  open("m");
  EXPECT_TRUE(store->ready());
  EXPECT_EQ(store->masterSwarmId(), "m");
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(SegmentStoreTest, MemoryStoresAndGives) {
  makeOpen(false);
  put(segment("1"));
  put(segment("2"));
  EXPECT_THAT(said(), ElementsAre("stored m+1", "stored m+2"));
  EXPECT_TRUE(store->has("m+1"));
  EXPECT_EQ(store->count(), 2U);
  EXPECT_THAT(told(), ElementsAre("m+2", "m+1"));
  forPeer("m+1");
  forPeer("m+9");
  forApplication("m+2");
  forApplication("m+9");
  EXPECT_THAT(said(),
              ElementsAre("result 7 data of 2", "result 7 none", "for peer 5 m+1 data of 1", "for peer 5 m+9 none"));
}

TEST_F(SegmentStoreTest, MemoryCleansByCountButLockedOnesStay) {
  settings.cachedSegmentsCount = 2;
  makeOpen(false);
  for (const char* number : {"1", "2", "3", "4"}) put(segment(number));
  said();
  clean({"m+1"});
  EXPECT_THAT(said(), ElementsAre("changed"));
  EXPECT_THAT(told(), ElementsAre("m+4", "m+1"));
  clean({"m+1"});
  EXPECT_THAT(said(), IsEmpty());  // nothing went: nothing is told
}

TEST_F(SegmentStoreTest, MemoryCleansByLastAccess) {
  makeOpen(false);
  put(segment("1"));
  put(segment("2"));
  now = TimePoint(milliseconds(200'000));
  forPeer("m+1");
  said();
  now = TimePoint(milliseconds(300'000));
  clean();
  EXPECT_THAT(said(), IsEmpty());  // exactly cachedSegmentExpiration old: stays
  now = TimePoint(milliseconds(300'001));
  clean();
  EXPECT_THAT(said(), ElementsAre("changed"));
  EXPECT_FALSE(store->has("m+2"));
  EXPECT_TRUE(store->has("m+1"));
}

TEST_F(SegmentStoreTest, MasterSwarmSwitchShowsTheOthersSegments) {
  makeOpen(false);
  put(segment("1"));
  open("n");
  EXPECT_FALSE(store->has("m+1"));
  EXPECT_THAT(told(), IsEmpty());
  put(segment("1", "n"));
  put(segment("2"));  // a late one of the earlier swarm: kept, but not told of
  EXPECT_THAT(told(), ElementsAre("n+1"));
  EXPECT_FALSE(store->has("m+2"));
  said();
  forPeer("m+1");
  forApplication("m+1");
  EXPECT_THAT(said(), ElementsAre("result 7 none", "for peer 5 m+1 none"));
  open("m");
  EXPECT_THAT(told(), ElementsAre("m+2", "m+1"));
}

TEST_F(SegmentStoreTest, TwoIdsUnderOneWireName) {
  makeOpen(false);
  Segment other = segment("1");
  other.id = "http://origin/1?token=2";
  other.data = Bytes::copyOf("newer");
  put(segment("1"));
  put(other);
  EXPECT_THAT(told(), ElementsAre("m+1"));
  settings.cachedSegmentsCount = 0;
  said();
  forPeer("m+1");
  EXPECT_THAT(said(), ElementsAre("for peer 5 m+1 newer"));
}

TEST_F(SegmentStoreTest, RemovingAnIdLeavesItsNamesakeReachable) {
  settings.cachedSegmentsCount = 1;
  makeOpen(false);
  Segment other = segment("1");
  other.id = "http://origin/1?token=2";
  other.data = Bytes::copyOf("newer");
  put(segment("1"));
  put(other);
  clean();
  said();
  EXPECT_THAT(told(), ElementsAre("m+1"));
  forPeer("m+1");
  EXPECT_THAT(said(), ElementsAre("for peer 5 m+1 newer"));
}

TEST_F(SegmentStoreTest, WhatCannotBeNamedIsStoredButNotTold) {
  makeOpen(false);
  Segment odd = segment("1|2");
  put(odd);
  EXPECT_TRUE(store->has("m+1|2"));
  EXPECT_THAT(told(), IsEmpty());
  said();
  forPeer("m+1|2");
  forApplication("m+1|2");
  EXPECT_THAT(said(), ElementsAre("result 7 data of 1|2", "for peer 5 m+1|2 none"));
}

TEST_F(SegmentStoreTest, MemoryDestroyForgets) {
  makeOpen(false);
  put(segment("1"));
  said();
  StepIo step = io();
  store->destroy(step);
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_FALSE(store->ready());
  EXPECT_FALSE(store->has("m+1"));
}

TEST_F(SegmentStoreTest, MemoryKnowsNoAnswers) {
  makeOpen(false);
  StepIo step = io();
  EXPECT_FALSE(store->onStored(step, {RequestId(1), {}}));
  EXPECT_FALSE(store->onMap(step, {RequestId(1), {}, {}}));
  EXPECT_FALSE(store->onSegment(step, {RequestId(1), {}, {}}));
  EXPECT_FALSE(store->onCleaned(step, {RequestId(1), true, {}}));
}

// ------------------------------------------------------------------------------------------------------ custom

TEST_F(SegmentStoreTest, CustomIsReadyWithItsMap) {
  make(true);
  open("m");
  EXPECT_THAT(said(), ElementsAre("map #1 m"));
  EXPECT_FALSE(store->ready());
  open("m");  // asked already
  EXPECT_THAT(said(), IsEmpty());
  map({segment("1"), segment("2")});
  EXPECT_TRUE(store->ready());
  EXPECT_THAT(said(), ElementsAre("changed"));
  EXPECT_THAT(told(), ElementsAre("m+2", "m+1"));
}

TEST_F(SegmentStoreTest, CustomWhoseMapFailsIsEmptyAndUsable) {
  make(true);
  open("m");
  said();
  map({}, broken);
  EXPECT_THAT(said(), ElementsAre("storage error disk full", "changed"));
  EXPECT_TRUE(store->ready());
}

TEST_F(SegmentStoreTest, CustomIsToldOfPeersOnlyWhenItHasTheSegment) {
  makeOpen(true);
  StepIo step = io();
  store->store(step, segment("1"), std::nullopt);
  EXPECT_THAT(said(), ElementsAre("store #2 m+1"));
  EXPECT_TRUE(store->has("m+1"));  // on its way: not to be loaded again
  EXPECT_THAT(told(), IsEmpty());
  stored();
  EXPECT_THAT(said(), ElementsAre("stored m+1"));
  EXPECT_THAT(told(), ElementsAre("m+1"));
}

TEST_F(SegmentStoreTest, CustomThatRefusesASegment) {
  makeOpen(true);
  StepIo step = io();
  store->store(step, segment("1"), std::nullopt);
  said();
  stored(broken);
  EXPECT_THAT(said(), ElementsAre("storage error disk full", "stored m+1 failed"));
  EXPECT_FALSE(store->has("m+1"));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(SegmentStoreTest, CustomGivesToPeersAndApplication) {
  makeOpen(true);
  put(segment("1"));
  said();
  forPeer("m+1");
  EXPECT_THAT(said(), ElementsAre("get #3 m+1 m"));
  got(segment("1"));
  EXPECT_THAT(said(), ElementsAre("for peer 5 m+1 data of 1"));
  forPeer("m+9");  // not in the index: no need to ask
  EXPECT_THAT(said(), ElementsAre("for peer 5 m+9 none"));
  forApplication("m+9");  // the application may know better
  EXPECT_THAT(said(), ElementsAre("get #4 m+9 m"));
  got(std::nullopt);
  EXPECT_THAT(said(), ElementsAre("result 7 none"));
  forApplication("m+1");
  said();
  got(std::nullopt, broken);
  EXPECT_THAT(said(), ElementsAre("storage error disk full", "result 7 none"));
}

TEST_F(SegmentStoreTest, CustomThatLostASegmentIsNotToldOfAnyLonger) {
  for (int how = 0; how < 4; ++how) {
    SCOPED_TRACE(how);
    makeOpen(true);
    put(segment("1"));
    forPeer("m+1");
    said();
    Segment without = segment("1");
    without.data.reset();
    Segment empty = segment("1");
    empty.data = Bytes();
    if (how == 0) got(std::nullopt);
    if (how == 1) got(without);
    if (how == 2) got(empty);
    if (how == 3) got(std::nullopt, broken);
    std::vector<std::string> expected{"changed", "for peer 5 m+1 none"};
    if (how == 3) expected.insert(expected.begin(), "storage error disk full");
    EXPECT_EQ(said(), expected);
    EXPECT_FALSE(store->has("m+1"));
    EXPECT_THAT(told(), IsEmpty());
  }
}

TEST_F(SegmentStoreTest, CustomCleanTellsLockedOnesAndAsksForTheMapIfSomethingWent) {
  makeOpen(true);
  put(segment("1"));
  put(segment("2"));
  said();
  clean({"m+2"});
  EXPECT_THAT(said(), ElementsAre("clean #4 m"));
  EXPECT_EQ(lastLocked, std::set<std::string>{"m+2"});
  StepIo step = io();
  EXPECT_TRUE(store->onCleaned(step, {RequestId(4), false, {}}));
  EXPECT_THAT(said(), IsEmpty());
  clean({"m+2"});
  said();
  EXPECT_TRUE(store->onCleaned(step, {RequestId(5), true, {}}));
  EXPECT_THAT(said(), ElementsAre("map #6 m"));
  EXPECT_TRUE(store->ready());  // goes on with what it knows meanwhile
  map({segment("2")});
  EXPECT_THAT(said(), ElementsAre("changed"));
  EXPECT_THAT(told(), ElementsAre("m+2"));
  clean();
  said();
  EXPECT_TRUE(store->onCleaned(step, {RequestId(7), false, broken}));
  EXPECT_THAT(said(), ElementsAre("storage error disk full"));
}

TEST_F(SegmentStoreTest, WhatIsStoredWhileTheMapIsAskedForStays) {
  makeOpen(true);
  clean();
  StepIo step = io();
  EXPECT_TRUE(store->onCleaned(step, {RequestId(2), true, {}}));  // map #3
  store->store(step, segment("1"), std::nullopt);                 // store #4, under way
  store->store(step, segment("2"), std::nullopt);                 // store #5
  stored(std::nullopt, 5);                                        // done
  map({}, std::nullopt, 3);                                       // made before both
  EXPECT_TRUE(store->has("m+1"));
  EXPECT_TRUE(store->has("m+2"));
  EXPECT_THAT(told(), ElementsAre("m+2"));
}

TEST_F(SegmentStoreTest, CustomMasterSwarmSwitch) {
  makeOpen(true);
  put(segment("1"));
  said();
  StepIo step = io();
  store->store(step, segment("2"), std::nullopt);  // #3, answered after the switch
  open("n");
  EXPECT_THAT(said(), ElementsAre("store #3 m+2", "map #4 n"));
  EXPECT_FALSE(store->ready());
  EXPECT_FALSE(store->has("m+1"));
  stored(std::nullopt, 3);
  EXPECT_THAT(said(), ElementsAre("stored m+2"));
  EXPECT_FALSE(store->has("m+2"));
  open("m");  // and back, before the answer for n
  EXPECT_THAT(said(), ElementsAre("map #5 m"));
  map({segment("7", "n")}, std::nullopt, 4);  // too late
  EXPECT_FALSE(store->ready());
  EXPECT_THAT(told(), IsEmpty());
  map({segment("1"), segment("2")}, std::nullopt, 5);
  EXPECT_TRUE(store->ready());
  EXPECT_THAT(told(), ElementsAre("m+2", "m+1"));
}

TEST_F(SegmentStoreTest, OnePeersReadsAreBounded) {
  makeOpen(true);
  put(segment("1"));
  said();
  for (std::size_t i = 0; i < SegmentStore::kMaxFetchesPerPeer; ++i) forPeer("m+1");
  EXPECT_EQ(said().size(), SegmentStore::kMaxFetchesPerPeer);
  forPeer("m+1");
  EXPECT_THAT(said(), ElementsAre("for peer 5 m+1 none"));
  forPeer("m+1", ConnectionId(6));  // another peer's are its own
  EXPECT_THAT(said(), ElementsAre("get #7 m+1 m"));
}

TEST_F(SegmentStoreTest, CustomDestroyAnswersWhoStillWaits) {
  makeOpen(true);
  forApplication("m+1");
  said();
  StepIo step = io();
  store->destroy(step);
  EXPECT_THAT(said(), ElementsAre("result 7 none", "destroy"));
  EXPECT_FALSE(store->onSegment(step, {RequestId(2), segment("1"), {}}));
}

// ------------------------------------------------------------------------------- data that a page's player takes away

class SegmentStoreLostDataTest : public SegmentStoreTest {
 protected:
  void SetUp() override {
    makeOpen(false);
    for (const std::string number : {"1", "2", "3"}) {
      Segment s = segment(number);
      s.data = kept[number] = pages.add("data of " + number);
      put(s);
    }
    said();
  }
  void TearDown() override {
    store.reset();
    out.clear();
    events.clear();
  }

  base::ForeignStore pages;
  std::map<std::string, Bytes> kept;
};

TEST_F(SegmentStoreLostDataTest, IsNotAnnouncedAndNotLoadedAnew) {
  store->unshareLost();
  EXPECT_THAT(told(), ElementsAre("m+3", "m+2", "m+1"));
  pages.detach(kept["2"]);
  store->unshareLost();
  EXPECT_THAT(told(), ElementsAre("m+3", "m+1"));
  EXPECT_TRUE(store->has("m+2"));
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(SegmentStoreLostDataTest, IsNotUploaded) {
  pages.detach(kept["2"]);
  forPeer("m+2");
  EXPECT_THAT(said(), ElementsAre("changed", "for peer 5 m+2 none"));
  EXPECT_THAT(told(), ElementsAre("m+3", "m+1"));
  EXPECT_TRUE(store->has("m+2"));
  forPeer("m+2");
  EXPECT_THAT(said(), ElementsAre("for peer 5 m+2 none"));
}

TEST_F(SegmentStoreLostDataTest, AnApplicationThatAsksForItGetsItLoadedAnew) {
  pages.detach(kept["2"]);
  forApplication("m+2");
  EXPECT_THAT(said(), ElementsAre("result 7 none", "changed"));
  EXPECT_FALSE(store->has("m+2"));
  put(segment("2"));
  EXPECT_THAT(told(), ElementsAre("m+2", "m+3", "m+1"));
  forApplication("m+2");
  EXPECT_THAT(said(), ElementsAre("result 7 data of 2", "stored m+2"));
}

TEST_F(SegmentStoreLostDataTest, LeavesNoTraceInTheMemoryStorage) {
  pages.detach(kept["2"]);
  forApplication("m+2");
  EXPECT_EQ(pages.payloads(), 3U);
  kept.erase("2");
  EXPECT_EQ(pages.payloads(), 2U);
  now += base::seconds(400);
  clean();
  EXPECT_EQ(store->count(), 0U);
}

}  // namespace
}  // namespace p2pml::engine
