#include "p2pml/runtime.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "api/testing.hpp"

namespace p2pml::api::testing {
namespace {

TEST(Runtime, RunsWhatIsPostedOnItsOwnThread) {
  const auto runtime = Runtime::create("a runtime");
  EXPECT_FALSE(runtime->isHere());
  EXPECT_TRUE(onLoop(*runtime, [&] { return runtime->isHere(); }));
}

TEST(Runtime, TheSharedOneIsOneWhileSomebodyHasIt) {
  const auto first = Runtime::shared();
  EXPECT_EQ(first, Runtime::shared());
}

TEST(Runtime, MayBeLetGoOnItsOwnThread) {
  auto runtime = Runtime::create("a runtime");
  std::promise<void> returned;
  std::promise<void> done;
  Runtime* raw = runtime.get();
  raw->post([last = std::move(runtime), waiting = returned.get_future().share(), &done]() mutable {
    waiting.wait();  // until nobody is inside post() any more
    last.reset();
    done.set_value();
  });
  returned.set_value();
  EXPECT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
}

// A process that ends in the middle of everything, without a word to its loaders, ends well.
TEST(RuntimeDeathTest, ProcessMayEndWithLoadersAtWork) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        World world;
        static auto* const first = new HybridLoader(world.loader(world.settings()));
        static auto* const second = new HybridLoader(world.loader(world.settings()));
        Watched<Delivered> delivered;
        record(*first, delivered);
        first->load(world.segments(5), "swarm");
        second->load(world.segments(5), "swarm");
        delivered.waitFor([](const Delivered& d) { return d.segments.size() >= 2; });
        std::exit(7);
      },
      ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace p2pml::api::testing
