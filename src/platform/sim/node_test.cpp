#include "platform/sim/node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "platform/sim/world.hpp"

namespace p2pml::sim {
namespace {

using base::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NodeTest : public ::testing::Test {
 protected:
  NodeTest() { world.origin().serveSegments("/s/", ".ts", "demo", 1000); }
  NodeOptions options() {
    NodeOptions result{.settings = world.settings()};
    result.settings.useP2P = false;
    result.settings.httpDownloadProbability = 0;
    return result;
  }
  void load(Node& node) { node.load(World::segments("s", 0, 1), World::streamSwarmId("s")); }

  World world{1};
};

TEST_F(NodeTest, KeepsWhatWasLoadedAndWhen) {
  Node& node = world.addNode(options());
  load(node);
  world.run(seconds(1));
  ASSERT_THAT(node.loaded(), SizeIs(2));
  const Node::Loaded& first = node.loaded().at("s+V0+0");
  EXPECT_EQ(base::toMilliseconds(first.at), 20);
  EXPECT_EQ(first.method, engine::Method::http);
  EXPECT_EQ(first.bytes, 1000U);
  EXPECT_THAT(node.eventsWith("loaded"), ElementsAre("0.020 loaded s+V0+0 http", "0.020 loaded s+V0+1 http"));
}

TEST_F(NodeTest, EventsNeedNotBeKept) {
  NodeOptions silent = options();
  silent.keepEvents = false;
  Node& node = world.addNode(std::move(silent));
  load(node);
  world.run(seconds(1));
  EXPECT_THAT(node.events(), IsEmpty());
  EXPECT_THAT(node.loaded(), IsEmpty());
  EXPECT_EQ(node.stats().segmentsOverHttp, 2U);
}

TEST_F(NodeTest, GetSegmentGivesTheDataFromTheCache) {
  Node& node = world.addNode(options());
  load(node);
  world.run(seconds(1));
  std::vector<std::size_t> sizes;
  node.getSegment("s+V0+1", [&](auto segment) { sizes.push_back(segment ? segment->data->size() : 0); });
  node.getSegment("s+V0+9", [&](auto segment) { sizes.push_back(segment ? segment->data->size() : 0); });
  world.run(seconds(1));
  EXPECT_THAT(sizes, ElementsAre(1000, 0));
}

TEST_F(NodeTest, TheUrlBuilderDecidesWhatIsAskedFor) {
  Node& node = world.addNode(options());
  node.urlBuilder = [](const engine::Segment& segment) { return segment.url + "?token=1"; };
  load(node);
  world.run(seconds(1));
  EXPECT_EQ(world.origin().of("http://origin/s/0.ts?token=1").gets, 1U);
  EXPECT_EQ(world.origin().of("http://origin/s/0.ts").gets, 0U);
}

TEST_F(NodeTest, AValidatorThatRefusesMakesAnError) {
  NodeOptions validating = options();
  validating.capabilities.segmentValidator = true;
  Node& node = world.addNode(std::move(validating));
  node.validator = [](const engine::output::ValidateSegment& what) -> std::optional<base::Error> {
    if (what.segment.id == "s+V0+0") return base::Error{base::ErrorCode::malformed, "no"};
    return std::nullopt;
  };
  load(node);
  world.run(seconds(1));
  EXPECT_THAT(node.eventsWith("error s+V0+0"), SizeIs(1));
  EXPECT_TRUE(node.hasLoaded("s+V0+1"));
  EXPECT_FALSE(node.hasLoaded("s+V0+0"));
}

TEST_F(NodeTest, AfterDestroyAndAfterCrashNothingIsTold) {
  Node& destroyed = world.addNode(options());
  Node& crashed = world.addNode(options());
  load(destroyed);
  load(crashed);
  world.run(base::milliseconds(5));
  destroyed.destroy();
  crashed.crash();
  crashed.crash();
  load(crashed);
  world.run(seconds(5));
  EXPECT_THAT(destroyed.eventsWith("loaded"), IsEmpty());
  EXPECT_THAT(crashed.eventsWith("loaded"), IsEmpty());
  EXPECT_TRUE(destroyed.running());
  EXPECT_FALSE(crashed.running());
}

TEST_F(NodeTest, TapsSeeEverything) {
  Node& node = world.addNode(options());
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  node.inputTap = [&](auto, const auto&) { ++inputs; };
  node.outputTap = [&](auto, const auto& batch) { outputs += batch.size(); };
  load(node);
  world.run(seconds(1));
  EXPECT_EQ(inputs, node.driverStats().steps);
  EXPECT_EQ(outputs, node.driverStats().outputs);
  EXPECT_GT(outputs, 0U);
}

}  // namespace
}  // namespace p2pml::sim
