#include "media/sidx.hpp"

#include <gtest/gtest.h>

#include <string>

namespace p2pml::media {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& out, std::uint64_t value, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

struct Reference {
  std::uint32_t typeAndSize;
  std::uint32_t duration;
  std::uint32_t sap = 0x9000'0000;
};

Bytes sidx(int version, std::uint64_t earliest, std::uint64_t firstOffset, const std::vector<Reference>& references) {
  const int width = version == 0 ? 4 : 8;
  Bytes out;
  put(out, 24 + 2 * static_cast<std::uint64_t>(width) + 12 * references.size(), 4);
  put(out, 0x73696478, 4);
  put(out, static_cast<std::uint64_t>(version) << 24, 4);
  put(out, 1, 4);
  put(out, 90'000, 4);
  put(out, earliest, width);
  put(out, firstOffset, width);
  put(out, 0, 2);
  put(out, references.size(), 2);
  for (const Reference& reference : references) {
    put(out, reference.typeAndSize, 4);
    put(out, reference.duration, 4);
    put(out, reference.sap, 4);
  }
  return out;
}

TEST(Sidx, ReferencesFollowEachOtherAfterTheBox) {
  const Bytes bytes = sidx(0, 900, 10, {{1000, 180'000}, {2000, 90'000, 0}, {0x8000'0000 | 64, 45'000}});
  const auto index = parseSidx(bytes, 800);
  ASSERT_TRUE(index) << index.error().detail;
  EXPECT_EQ(index->timescale, 90'000u);
  EXPECT_EQ(index->referenceId, 1u);
  const std::uint64_t first = 800 + bytes.size() + 10;
  ASSERT_EQ(index->references.size(), 3u);
  EXPECT_EQ(index->references[0], (SidxReference{{first, 1000}, 900, 180'000, false, true}));
  EXPECT_EQ(index->references[1], (SidxReference{{first + 1000, 2000}, 180'900, 90'000, false, false}));
  EXPECT_EQ(index->references[2], (SidxReference{{first + 3000, 64}, 270'900, 45'000, true, true}));
}

TEST(Sidx, VersionOneAndBoxesBeforeIt) {
  Bytes bytes;
  put(bytes, 12, 4);
  put(bytes, 0x73747970, 4);  // styp
  put(bytes, 0, 4);
  put(bytes, 1, 4);
  put(bytes, 0x66726565, 4);  // free, with a size of 64 bits
  put(bytes, 18, 8);
  put(bytes, 0, 2);
  const std::size_t before = bytes.size();
  const Bytes box = sidx(1, std::uint64_t{1} << 40, 0, {{7, 1}});
  bytes.insert(bytes.end(), box.begin(), box.end());
  const auto index = parseSidx(bytes, 0);
  ASSERT_TRUE(index) << index.error().detail;
  ASSERT_EQ(index->references.size(), 1u);
  EXPECT_EQ(index->references[0].range, (ByteRange{before + box.size(), 7}));
  EXPECT_EQ(index->references[0].start, std::uint64_t{1} << 40);
}

TEST(Sidx, WhatCannotBe) {
  const Bytes good = sidx(0, 0, 0, {{1, 1}, {1, 1}});
  ASSERT_TRUE(parseSidx(good, 0));
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto cut = parseSidx(std::span(good).first(size), 0);
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, base::ErrorCode::malformed);
  }
  EXPECT_FALSE(parseSidx(sidx(0, 0, 0, {{0, 1}}), 0)) << "no bytes";
  EXPECT_FALSE(parseSidx(sidx(1, ~std::uint64_t{0}, 0, {{1, 1}}), 0));
  EXPECT_FALSE(parseSidx(sidx(1, 0, ~std::uint64_t{0} >> 1, {{1, 1}}), 0));
  EXPECT_FALSE(parseSidx(sidx(0, 0, 0, {{1, 1}}), ~std::uint64_t{0} >> 1));
  Bytes version = good;
  version[8] = 2;
  EXPECT_EQ(parseSidx(version, 0).error().detail, "segment index: version 2, expected 0 or 1");
  Bytes timescale = good;
  timescale[16] = timescale[17] = timescale[18] = timescale[19] = 0;
  EXPECT_EQ(parseSidx(timescale, 0).error().detail, "segment index: timescale 0, expected at least 1");
  Bytes tiny = good;
  tiny[3] = 7;
  EXPECT_FALSE(parseSidx(tiny, 0)) << "a box smaller than its header";
}

}  // namespace
}  // namespace p2pml::media
