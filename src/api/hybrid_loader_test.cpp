#include "p2pml/hybrid_loader.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "api/testing.hpp"

namespace p2pml::api::testing {
namespace {

TEST(HybridLoaderApi, IsSupportedAndHasAVersion) {
  EXPECT_TRUE(HybridLoader::isSupported());
  EXPECT_FALSE(version().empty());
}

TEST(HybridLoaderApi, CreateRefusesABadSettingByName) {
  Settings settings;
  settings.simultaneousHttpDownloads = -1;
  const auto loader = HybridLoader::create(settings);
  ASSERT_FALSE(loader);
  EXPECT_EQ(loader.error().code, ErrorCode::invalidArgument);
  EXPECT_NE(loader.error().detail.find("simultaneousHttpDownloads"), std::string::npos) << loader.error().detail;
}

TEST(HybridLoaderApi, SettingsFromJson) {
  const auto good = Settings::fromJson(R"({"cachedSegmentsCount": 7})");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->cachedSegmentsCount, 7);
  EXPECT_EQ(good->simultaneousP2PDownloads, 3);
  EXPECT_FALSE(Settings::fromJson(R"({"cachedSegmentsCount": "7"})"));
}

// The seed's usage example, and a second viewer that gets everything from the first.
TEST(HybridLoaderApi, UsageExampleAlsoBetweenTwoLoaders) {
  World world;
  Watched<Delivered> first;
  HybridLoader seeder = world.loader(world.settings());
  record(seeder, first);
  seeder.load(world.segments(3), "swarm-1");
  ASSERT_TRUE(first.waitFor([](const Delivered& d) { return d.segments.size() == 3; }));
  EXPECT_EQ(first.get().segments["segment-2"].data, World::body(2));
  EXPECT_FALSE(first.get().peers["segment-2"]);
  EXPECT_EQ(world.originRequests(), 3U);

  Watched<Delivered> second;
  Watched<std::vector<Peer>> connected;
  HybridLoader leech = world.loader(world.leechSettings());
  record(leech, second);
  leech.on(Events::PeerConnect, [&](const Peer& peer) { connected.change([&](auto& list) { list.push_back(peer); }); });
  leech.load(world.segments(3), "swarm-1");
  ASSERT_TRUE(second.waitFor([](const Delivered& d) { return d.segments.size() == 3; }));
  const Delivered got = second.get();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(got.segments.at("segment-" + std::to_string(i)).data, World::body(i));
  EXPECT_EQ(world.originRequests(), 3U);

  const PeerId seederId = seeder.getDetails().peerId;
  EXPECT_EQ(seederId.size(), 40U);
  EXPECT_EQ(got.peers.at("segment-1"), seederId);
  ASSERT_EQ(connected.get().size(), 1U);
  EXPECT_EQ(connected.get()[0].id, seederId);
  EXPECT_EQ(connected.get()[0].remoteAddress, "127.0.0.1");
  const Details details = leech.getDetails();
  ASSERT_EQ(details.peers.size(), 1U);
  EXPECT_EQ(details.peers[0].id, seederId);
  EXPECT_EQ(details.peers[0].bytesDownloaded, 1U + 1001U + 2001U);
  ASSERT_EQ(details.swarms.size(), 1U);
  EXPECT_EQ(details.swarms[0].streamSwarmId, "swarm-1");
  EXPECT_EQ(details.swarms[0].protocol, "G0");
  EXPECT_EQ(details.swarms[0].peers, 1U);
  EXPECT_EQ(details.peers[0].protocol, "G0");
  EXPECT_EQ(connected.get()[0].protocol, "G0");
  EXPECT_EQ(seeder.getStats().uploadedBytes, 1U + 1001U + 2001U);
}

TEST(HybridLoaderApi, GetSegmentGivesTheCachedOneOrNothing) {
  World world;
  Watched<Delivered> delivered;
  HybridLoader loader = world.loader(world.settings());
  record(loader, delivered);
  loader.load(world.segments(1), "swarm");
  ASSERT_TRUE(delivered.waitFor([](const Delivered& d) { return d.segments.size() == 1; }));
  const auto there = loader.getSegment("segment-0").get();
  ASSERT_TRUE(there);
  EXPECT_EQ(there->data, World::body(0));
  EXPECT_FALSE(loader.getSegment("segment-9").get());
  loader.destroy().wait();
  EXPECT_FALSE(loader.getSegment("segment-0").get());
}

TEST(HybridLoaderApi, ErrorsNameTheSegmentAndTheReason) {
  World world;
  Watched<Delivered> delivered;
  HybridLoader loader = world.loader(world.settings());
  record(loader, delivered);
  loader.load({Segment("lost", world.origin->url() + "/missing")}, "swarm");
  ASSERT_TRUE(delivered.waitFor([](const Delivered& d) { return d.errors.contains("lost"); }));
  EXPECT_NE(delivered.get().errors["lost"].detail.find("404"), std::string::npos);
}

TEST(HybridLoaderApi, XhrSetupAndSegmentUrlBuilderShapeTheRequest) {
  World world;
  Watched<Delivered> delivered;
  Settings settings = world.settings();
  settings.xhrSetup = [](HttpRequest& request, const std::string& url) { request.headers.push_back({"X-Url", url}); };
  settings.segmentUrlBuilder = [](const Segment& segment) {
    return segment.url.substr(0, segment.url.size() - 1) + "5";
  };
  HybridLoader loader = world.loader(settings);
  record(loader, delivered);
  loader.load(world.segments(1), "swarm");
  ASSERT_TRUE(delivered.waitFor([](const Delivered& d) { return d.segments.size() == 1; }));
  EXPECT_EQ(delivered.get().segments["segment-0"].data, World::body(5));
  EXPECT_EQ(delivered.get().segments["segment-0"].requestUrl, world.origin->url() + "/5");
  bool found = false;
  const auto headers = world.headers.get()["/5"];
  for (const auto& [name, value] : headers) found |= name == "X-Url" && value == world.origin->url() + "/5";
  EXPECT_TRUE(found);
}

TEST(HybridLoaderApi, ValidatorMayAnswerLaterFromAnotherThreadAndRefuse) {
  World world;
  Watched<Delivered> delivered;
  std::vector<std::thread> threads;
  Settings settings = world.settings();
  settings.segmentValidator = [&](const Segment& segment, Method method, const OptionalPeerId& peer, auto done) {
    EXPECT_EQ(method, Method::http);
    EXPECT_FALSE(peer);
    threads.emplace_back([id = segment.id, done] {
      if (id == "segment-1") return done(base::fail(ErrorCode::malformed, "not this one"));
      done({});
    });
  };
  HybridLoader loader = world.loader(settings);
  record(loader, delivered);
  loader.load(world.segments(2), "swarm");
  ASSERT_TRUE(delivered.waitFor([](const Delivered& d) { return d.segments.size() == 1 && d.errors.size() == 1; }));
  EXPECT_EQ(delivered.get().errors["segment-1"].detail, "not this one");
  EXPECT_FALSE(loader.getSegment("segment-1").get());
  loader.destroy().wait();
  for (std::thread& thread : threads) thread.join();
}

TEST(HybridLoaderApi, ThrowingCallbacksHarmNobody) {
  World world;
  Watched<Delivered> delivered;
  Settings settings = world.settings();
  settings.xhrSetup = [](HttpRequest&, const std::string&) { throw std::runtime_error("xhrSetup"); };
  HybridLoader loader = world.loader(settings);
  loader.on(Events::SegmentLoaded, [](const Segment&, const OptionalPeerId&) { throw 42; });
  record(loader, delivered);
  loader.load(world.segments(2), "swarm");
  EXPECT_TRUE(delivered.waitFor([](const Delivered& d) { return d.segments.size() == 2; }));
}

TEST(HybridLoaderApi, ListenersCanLoadAndDestroyFromInside) {
  World world;
  Watched<int> loads;
  auto loader = std::make_shared<HybridLoader>(world.loader(world.settings()));
  loader->on(Events::SegmentLoaded, [&, list = world.segments(3)](const Segment&, const OptionalPeerId&) {
    int count = 0;
    loads.change([&](int& n) { count = ++n; });
    if (count == 1) loader->load({list[1], list[2]}, "swarm");
    if (count == 2) {
      EXPECT_EQ(loader->getDetails().swarms.size(), 1U);
      loader->destroy();
    }
  });
  loader->load(world.segments(1), "swarm");
  ASSERT_TRUE(loads.waitFor([](int n) { return n == 2; }));
  loader->destroy().wait();
  EXPECT_EQ(loads.get(), 2);
}

TEST(HybridLoaderApi, NothingIsDeliveredAfterDestroy) {
  World world;
  std::atomic<bool> gone = false;
  std::atomic<int> late = 0;
  HybridLoader loader = world.loader(world.settings());
  loader.on(Events::SegmentLoaded, [&](const Segment&, const OptionalPeerId&) { late += gone ? 1 : 0; });
  loader.load(world.segments(9), "swarm");
  onLoop(*world.runtime, [&] {
    loader.destroy();
    gone = true;
  });
  loader.destroy().wait();
  EXPECT_EQ(late, 0);
}

/// Answers everything from a thread of its own.
class SlowStorage final : public SegmentsStorage {
 public:
  void storeSegment(Segment segment, Done<void> done) override {
    later([this, segment = std::move(segment), done] {
      const std::lock_guard lock(mutex_);
      segments[segment.id] = segment;
      done({});
    });
  }
  void getSegmentsMap(std::string, Done<std::map<std::string, Segment>> done) override {
    later([this, done] {
      const std::lock_guard lock(mutex_);
      done(segments);
    });
  }
  void getSegment(std::string id, std::string, Done<std::optional<Segment>> done) override {
    later([this, id, done] {
      const std::lock_guard lock(mutex_);
      const auto found = segments.find(id);
      done(found == segments.end() ? std::nullopt : std::optional(found->second));
    });
  }
  void clean(std::string masterSwarmId, std::function<bool(const std::string&)> locked, Done<bool> done) override {
    later([this, masterSwarmId, locked, done] {
      const std::lock_guard lock(mutex_);
      cleanedSwarms.push_back(masterSwarmId);
      sawLocked = sawLocked || locked("segment-0");
      done(false);
    });
  }
  void destroy() override { destroyed = true; }

  std::mutex mutex_;
  std::map<std::string, Segment> segments;
  std::vector<std::string> cleanedSwarms;
  bool sawLocked = false;
  std::atomic<bool> destroyed = false;
  std::vector<std::thread> threads;

 private:
  void later(std::function<void()> work) { threads.emplace_back(std::move(work)); }
};

TEST(HybridLoaderApi, CustomStorageAnswersFromOtherThreads) {
  World world;
  const auto storage = std::make_shared<SlowStorage>();
  storage->segments["segment-0"] = world.segments(1)[0];
  storage->segments["segment-0"].data = World::body(7);
  Watched<Delivered> delivered;
  Settings settings = world.settings();
  settings.segmentsStorage = storage;
  HybridLoader loader = world.loader(settings);
  record(loader, delivered);
  loader.load(world.segments(2), "swarm");
  ASSERT_TRUE(delivered.waitFor([](const Delivered& d) { return d.segments.contains("segment-1"); }));
  EXPECT_FALSE(delivered.get().segments.contains("segment-0"));  // it was there already
  EXPECT_EQ(loader.getSegment("segment-0").get()->data, World::body(7));
  EXPECT_EQ(loader.getSegment("segment-1").get()->data, World::body(1));
  loader.destroy().wait();
  for (std::thread& thread : storage->threads) thread.join();
  EXPECT_TRUE(storage->destroyed);
  EXPECT_TRUE(storage->sawLocked);
  EXPECT_EQ(storage->cleanedSwarms.at(0), "swarm");
}

}  // namespace
}  // namespace p2pml::api::testing
