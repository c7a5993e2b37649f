// input::Follow and output::SegmentBytes: a segment's bytes before all of them are there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/following.hpp"
#include "engine/testing/loader_harness.hpp"

namespace p2pml::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "m+1 0 abc/6": id, offset, bytes, total.
std::vector<std::string> told(LoaderHarness& world) {
  std::vector<std::string> texts;
  for (const auto& bytes : world.take<output::SegmentBytes>()) {
    texts.push_back(bytes.id + " " + std::to_string(bytes.offset) + " " + std::string(bytes.data.text()) + "/" +
                    std::to_string(bytes.total));
  }
  return texts;
}

TEST(Following, TellsHttpBytesAsTheyCome) {
  LoaderHarness world;
  world.input(input::Follow{{"m+1"}});
  world.load({1, 2});
  world.head("m+1", 6);
  EXPECT_THAT(told(world), IsEmpty());
  world.data("m+1", "abc");
  EXPECT_THAT(told(world), ElementsAre("m+1 0 abc/6"));
  world.head("m+2", 2);
  world.data("m+2", "x");
  EXPECT_THAT(told(world), IsEmpty());
  world.data("m+1", "de");
  EXPECT_THAT(told(world), ElementsAre("m+1 3 de/6"));
  world.data("m+1", "f");
  EXPECT_THAT(told(world), ElementsAre("m+1 5 f/6"));
  world.done("m+1");
  EXPECT_THAT(told(world), IsEmpty());
  EXPECT_EQ(world.take<output::SegmentLoaded>().at(0).segment.data->text(), "abcdef");
}

TEST(Following, BeginsInTheMiddleOfADownload) {
  LoaderHarness world;
  world.load({1});
  world.head("m+1", std::nullopt);
  world.data("m+1", "abc");
  EXPECT_THAT(told(world), IsEmpty());
  world.input(input::Follow{{"m+1"}});
  EXPECT_THAT(told(world), ElementsAre("m+1 0 abc/0"));
  world.input(input::Follow{{"m+1", "m+2"}});
  EXPECT_THAT(told(world), IsEmpty());
  world.input(input::Follow{{}});
  world.data("m+1", "d");
  EXPECT_THAT(told(world), IsEmpty());
}

TEST(Following, TellsBytesOfPeers) {
  LoaderHarness world;
  world.input(input::Follow{{"m+1"}});
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.announces(1, 5);
  EXPECT_THAT(told(world), IsEmpty());
  alice.sendsRaw("abc");
  EXPECT_THAT(told(world), ElementsAre("m+1 0 abc/5"));
  alice.sendsRaw("de");
  EXPECT_THAT(told(world), IsEmpty());
  EXPECT_EQ(world.take<output::SegmentLoaded>().size(), 1U);
}

/// A peer stops in the middle and HTTP begins anew: what it brings of the start is not told twice.
TEST(Following, AnotherSourceGoesOnWhereTheFirstStopped) {
  LoaderHarness world;
  world.input(input::Follow{{"m+1"}});
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.announces(1, 6);
  alice.sendsRaw("abc");
  EXPECT_THAT(told(world), ElementsAre("m+1 0 abc/6"));
  alice.close();
  world.load({1});
  world.head("m+1", 6);
  world.data("m+1", "ab");
  EXPECT_THAT(told(world), IsEmpty());
  world.data("m+1", "cd");
  EXPECT_THAT(told(world), ElementsAre("m+1 3 d/6"));
}

TEST(Following, OtherBytesFromAnotherSourceAreToldFromTheStart) {
  LoaderHarness world;
  world.input(input::Follow{{"m+1", "m+2"}});
  world.load({1, 2}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.announces(1, 6);
  alice.sendsRaw("abX");
  EXPECT_THAT(told(world), ElementsAre("m+1 0 abX/6"));
  alice.close();
  world.load({1, 2});
  world.head("m+1", 6);
  world.data("m+1", "abcd");
  EXPECT_THAT(told(world), ElementsAre("m+1 0 abcd/6"));
}

TEST(Following, AWholeSegmentThatBeginsOtherwiseIsToldFromTheStart) {
  LoaderHarness world;
  world.input(input::Follow{{"m+1"}});
  world.load({1}, 5);
  FakePeer alice = world.connectPeer("alice");
  alice.has({1});
  alice.announces(1, 6);
  alice.sendsRaw("abX");
  told(world);
  alice.close();
  world.load({1});
  world.respond("m+1", "abc");
  EXPECT_THAT(told(world), ElementsAre("m+1 0 abc/3"));
}

TEST(Following, NothingIsToldBeforeAValidatorHasSpoken) {
  LoaderHarness world(LoaderHarness::quietSettings(), {.segmentValidator = true});
  world.input(input::Follow{{"m+1"}});
  world.load({1});
  world.head("m+1", 6);
  world.data("m+1", "abc");
  EXPECT_THAT(told(world), IsEmpty());
}

/// The body of a 200 to a range request begins elsewhere than the segment.
TEST(Following, NothingIsToldOfAFullBodyInsteadOfARange) {
  LoaderHarness world;
  world.input(input::Follow{{"m+1"}});
  Segment segment = LoaderHarness::segment(1);
  segment.range = "bytes=2-3";
  world.loadSegments({segment});
  world.head("m+1", 6);
  world.data("m+1", "abc");
  EXPECT_THAT(told(world), IsEmpty());
}

TEST(Following, CountIsBounded) {
  Following following;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i <= Following::kMaxFollowed; ++i) ids.push_back(std::to_string(i));
  following.follow(ids);
  EXPECT_EQ(following.all().size(), Following::kMaxFollowed);
}

}  // namespace
}  // namespace p2pml::engine
