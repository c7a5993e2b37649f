#include "gateway/segment_indexes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace p2pml::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

media::IndexSource source(std::uint64_t offset, std::uint64_t length) {
  media::IndexSource index;
  index.url = "https://h.example/v.mp4";
  index.range = media::ByteRange{offset, length};
  return index;
}
/// A box with one reference, to media of 1000 bytes and four seconds.
std::string box() {
  return std::string("\0\0\0\x2csidx\0\0\0\0\0\0\0\x01\0\0\x03\xe8\0\0\0\0\0\0\0\0\0\0\0\x01", 32) +
         std::string("\0\0\x03\xe8\0\0\x0f\xa0\x90\0\0\0", 12);
}

struct SegmentIndexesTest : testing::Test {
  FetchId want(const media::IndexSource& index, const std::string& stream = "m\ns") {
    const std::size_t before = out.size();
    indexes.want(out, stream, index, true, lastFetch);
    return out.size() > before ? std::get<output::Fetch>(out.back()).id : FetchId{};
  }
  void answer(FetchId id, int status, const std::string& body) {
    indexes.on(out, input::FetchHead{id, status, body.size(), 5'000, {}, ""});
    if (!body.empty()) indexes.on(out, input::FetchData{id, base::Bytes::copyOf(body)});
    indexes.on(input::FetchDone{id});
  }

  SegmentIndexes indexes;
  Outputs out;
  std::uint64_t lastFetch = 0;
};

TEST_F(SegmentIndexesTest, OneIsFetchedOnceAndRead) {
  const FetchId id = want(source(100, 44));
  EXPECT_EQ(headerValue(std::get<output::Fetch>(out.back()).headers, "Range"), "bytes=100-143");
  EXPECT_EQ(want(source(100, 44)), FetchId{});
  answer(id, 206, box());
  const auto read = indexes.takeRead();
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_EQ(read[0].stream, "m\ns");
  EXPECT_EQ(read[0].box.references.at(0).range, (media::ByteRange{144, 1'000}));
  EXPECT_THAT(indexes.takeTotals(), ElementsAre(Pair("https://h.example/v.mp4", 5'000)));
  EXPECT_EQ(want(source(100, 44)), FetchId{});
}

TEST_F(SegmentIndexesTest, AServerWithoutRangesGivesTheWholeFileAndIsStoppedInTime) {
  const FetchId id = want(source(10, 44));
  indexes.on(out, input::FetchHead{id, 200, 5'000, {}, {}, ""});
  indexes.on(out, input::FetchData{id, base::Bytes::copyOf("0123456789" + box() + "more")});
  EXPECT_TRUE(std::holds_alternative<output::CancelFetch>(out.back()));
  const auto read = indexes.takeRead();
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_EQ(read[0].box.references.at(0).range, (media::ByteRange{54, 1'000}));
}

TEST_F(SegmentIndexesTest, WhatFailsMayBeAskedForAgainAndWhatCannotBeReadIsNot) {
  const FetchId refused = want(source(100, 44));
  answer(refused, 404, "no");
  const FetchId lost = want(source(100, 44));
  EXPECT_NE(lost, FetchId{});
  indexes.on(input::FetchFailed{lost, {base::ErrorCode::unavailable, "refused"}});
  const FetchId broken = want(source(100, 44));
  EXPECT_NE(broken, FetchId{});
  answer(broken, 206, std::string(44, 'x'));
  EXPECT_THAT(indexes.takeRead(), IsEmpty());
  EXPECT_EQ(want(source(100, 44)), FetchId{});
}

TEST_F(SegmentIndexesTest, IndexesOfIndexesAreLimited) {
  std::size_t fetched = 0;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    const FetchId id = want(source(i, 44));
    fetched += id != FetchId{} ? 1 : 0;
    if (id != FetchId{}) answer(id, 206, box());
  }
  EXPECT_EQ(fetched, SegmentIndexes::kMaxAsked);
  EXPECT_EQ(want(source(0, SegmentIndexes::kMaxBytes + 1), "m\nother"), FetchId{});
  EXPECT_NE(want(source(0, SegmentIndexes::kMaxBytes), "m\nother"), FetchId{});
  for (std::size_t i = 0; i < 100; ++i) want(source(0, 44), "m\n" + std::to_string(i));
  EXPECT_EQ(lastFetch, SegmentIndexes::kMaxAsked + SegmentIndexes::kMaxOpen);
}

TEST_F(SegmentIndexesTest, AForgottenManifestsFetchesEnd) {
  const FetchId id = want(source(100, 44));
  indexes.forget(out, "m\n");
  EXPECT_EQ(std::get<output::CancelFetch>(out.back()).id, id);
  EXPECT_FALSE(indexes.on(input::FetchDone{id}));
  EXPECT_NE(want(source(100, 44)), FetchId{});
}

}  // namespace
}  // namespace p2pml::gateway
