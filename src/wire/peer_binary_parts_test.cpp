// Messages, parts and chunks (docs/protocol/peer-binary.md 5b.3); the bodies of commands are in peer_binary_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/rng.hpp"
#include "base/testing/foreign_store.hpp"
#include "wire/peer_binary.hpp"

namespace p2pml::wire {
namespace {

using base::Bytes;
using base::ErrorCode;

Bytes filler(std::size_t size) { return Bytes::adopt(std::string(size, '\x05')); }

std::span<const std::byte> bytesOf(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

TEST(PeerBinary, IsCommandPart) {
  for (const std::string_view text : {"cstrcend", "cstrdend", "dstrcend", "dstrdend", "cstr..cend", "dstr\ndend"}) {
    EXPECT_TRUE(isCommandPart(bytesOf(text))) << text;
  }
  for (const std::string_view text : {"", "c", "cstr", "cend", "cstrend", "strcend", "cstr.cen", "cendcstr",
                                      "xstr.cend", "cstr.xend", " cstr.cend", "cstr.cend ", "{\"c\":1}"}) {
    EXPECT_FALSE(isCommandPart(bytesOf(text))) << text;
  }
}

TEST(PeerBinary, FrameAtTheMaximum) {
  EXPECT_EQ(frame(filler(kDefaultMaxMessageSize - 8)).size(), 1U);
  EXPECT_EQ(frame(filler(kDefaultMaxMessageSize - 7)).size(), 2U);
  EXPECT_EQ(frame(filler(1), kMinMaxMessageSize).size(), 1U);
  // The library looks only once whether the parts fit (5b.3) and would send messages of 18 bytes here.
  for (const Bytes& message : frame(filler(100), 10)) EXPECT_EQ(message.size(), 10U);
  EXPECT_EQ(frame(filler(100), kMinMaxMessageSize).size(), 100U);
}

void expectAdded(CommandAssembler& assembler, std::string_view message, std::optional<BinaryCommand> expected) {
  const auto result = assembler.add(bytesOf(message));
  ASSERT_TRUE(result) << message << " " << result.error().detail;
  EXPECT_EQ(*result, expected) << message;
}

void expectDropped(CommandAssembler& assembler, std::string_view message, std::string_view detail,
                   ErrorCode code = ErrorCode::malformed) {
  const auto result = assembler.add(bytesOf(message));
  ASSERT_FALSE(result) << message.substr(0, 100);
  EXPECT_EQ(result.error().code, code);
  EXPECT_NE(result.error().detail.find(detail), std::string::npos) << result.error().detail;
  EXPECT_EQ(assembler.pendingBytes(), 0U);
}

constexpr std::string_view kAbsent5 =
    "cstr\x04i\x01\x05"
    "cend";

TEST(CommandAssembler, ARestWithoutABeginningIsDropped) {
  CommandAssembler assembler;
  expectDropped(assembler,
                "dstr\x04i\x01\x05"
                "cend",
                "beginning");
  expectDropped(assembler,
                "dstr\x04i\x01\x05"
                "dend",
                "beginning");
  expectDropped(assembler, "dstrcend", "beginning");
  expectAdded(assembler, kAbsent5, BinarySegmentAbsent{5, std::nullopt});
}

TEST(CommandAssembler, ABeginningWhilePendingDropsBoth) {
  CommandAssembler assembler;
  expectAdded(assembler,
              "cstr\x04"
              "dend",
              std::nullopt);
  EXPECT_EQ(assembler.pendingBytes(), 1U);
  expectDropped(assembler, kAbsent5, "another one begins");
  // Nothing is left of the first.
  expectDropped(assembler,
                "dstri\x01\x05"
                "cend",
                "beginning");
  expectAdded(assembler, kAbsent5, BinarySegmentAbsent{5, std::nullopt});

  expectAdded(assembler,
              "cstr\x04"
              "dend",
              std::nullopt);
  expectDropped(assembler,
                "cstr\x04"
                "dend",
                "another one begins");
}

TEST(CommandAssembler, PartsMayBeEmpty) {
  CommandAssembler assembler;
  expectAdded(assembler, "cstrdend", std::nullopt);
  expectAdded(assembler, "dstrdend", std::nullopt);
  expectAdded(assembler,
              "dstr\x04i\x01\x05"
              "dend",
              std::nullopt);
  expectAdded(assembler, "dstrcend", BinarySegmentAbsent{5, std::nullopt});
  expectDropped(assembler, "cstrcend", "empty");
}

TEST(CommandAssembler, AMalformedCommandIsDropped) {
  CommandAssembler assembler;
  expectDropped(assembler,
                "cstr\x04i\x01"
                "cend",
                "SegmentAbsent: i: ");
  expectAdded(assembler,
              "cstr\x04i\x01"
              "dend",
              std::nullopt);
  expectDropped(assembler, "dstrcend", "SegmentAbsent: i: ");
  expectAdded(assembler, kAbsent5, BinarySegmentAbsent{5, std::nullopt});
  expectAdded(assembler,
              "cstr\x7f"
              "cend",
              std::nullopt);
}

TEST(CommandAssembler, Limit) {
  const auto message = [](std::string_view start, std::size_t size, std::string_view end) {
    return std::string(start) + std::string(size, '\x7f') + std::string(end);
  };
  CommandAssembler assembler;
  expectAdded(assembler, message("cstr", kMaxBinaryCommandBytes, "cend"), std::nullopt);
  expectDropped(assembler, message("cstr", kMaxBinaryCommandBytes + 1, "cend"), "limit", ErrorCode::limitExceeded);

  expectAdded(assembler, message("cstr", kMaxBinaryCommandBytes - 10, "dend"), std::nullopt);
  expectAdded(assembler, message("dstr", 10, "cend"), std::nullopt);
  EXPECT_EQ(assembler.pendingBytes(), 0U);

  expectAdded(assembler, message("cstr", kMaxBinaryCommandBytes - 10, "dend"), std::nullopt);
  expectAdded(assembler, message("dstr", 10, "dend"), std::nullopt);
  EXPECT_EQ(assembler.pendingBytes(), kMaxBinaryCommandBytes);
  expectDropped(assembler, message("dstr", 1, "cend"), "limit", ErrorCode::limitExceeded);
  expectDropped(assembler, message("dstr", 1, "cend"), "beginning");
  expectAdded(assembler, kAbsent5, BinarySegmentAbsent{5, std::nullopt});
}

// ------------------------------------------------------------------ 5b.7: data that looks like parts

TEST(PeerBinary, SafeChunkLength) {
  EXPECT_EQ(safeChunkLength({}), 0U);
  EXPECT_EQ(safeChunkLength(bytesOf("abc")), 3U);
  EXPECT_EQ(safeChunkLength(bytesOf("abc"), 2), 2U);
  EXPECT_EQ(safeChunkLength(bytesOf("cstr.cend")), 8U);
  EXPECT_EQ(safeChunkLength(bytesOf("cstr.cend"), 9), 8U);
  EXPECT_EQ(safeChunkLength(bytesOf("cstr.cend"), 8), 8U);
  EXPECT_EQ(safeChunkLength(bytesOf("cstr.cend..."), 9), 8U);
  EXPECT_EQ(safeChunkLength(bytesOf("cstr.cend..."), 10), 10U);
  EXPECT_EQ(safeChunkLength(bytesOf("cstrcend"), 1), 1U);
  EXPECT_EQ(safeChunkLength(filler(70'000).span()), kDefaultMaxMessageSize);
}

TEST(PeerBinary, SegmentsOfNothingButMarksComeAsData) {
  base::Rng rng(5);
  int avoided = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::string segment;
    const auto pieces = rng.between(1, 30);
    for (std::int64_t i = 0; i < pieces; ++i) {
      constexpr std::array<std::string_view, 5> kPieces{"cstr", "dstr", "cend", "dend", "x"};
      segment += kPieces[rng.below(kPieces.size())];
    }
    const auto maxMessageSize = static_cast<std::size_t>(rng.between(1, 40));
    for (auto rest = bytesOf(segment); !rest.empty();) {
      const std::size_t length = safeChunkLength(rest, maxMessageSize);
      const std::size_t longest = std::min(rest.size(), maxMessageSize);
      ASSERT_GT(length, 0U);
      ASSERT_LE(length, longest);
      ASSERT_FALSE(isCommandPart(rest.first(length)));
      if (length < longest) ++avoided;
      rest = rest.subspan(length);
    }
  }
  EXPECT_GT(avoided, 50);
}

TEST(PeerBinaryParts, OfForeignMessagesOnlyTheMarksAreRead) {
  base::ForeignStore page;
  for (const std::string text :
       {"cstr.cend", "dstr.cend", "cstr.dend", "cstrcend", "cstr.cen", "cend.cstr", "cst", ""}) {
    EXPECT_EQ(isCommandPart(page.add(text)), isCommandPart(bytesOf(text))) << text;
    EXPECT_EQ(isCommandPart(base::Bytes::copyOf(text)), isCommandPart(bytesOf(text))) << text;
    for (std::size_t most = 1; most < 12; ++most) {
      EXPECT_EQ(safeChunkLength(page.add(text), most), safeChunkLength(bytesOf(text), most)) << text << " " << most;
    }
  }
  const std::size_t peeked = page.peekedBytes();
  EXPECT_EQ(safeChunkLength(page.add("cstr" + std::string(70'000, 'x')), kDefaultMaxMessageSize),
            kDefaultMaxMessageSize);
  EXPECT_LE(page.peekedBytes() - peeked, 12U);
}

}  // namespace
}  // namespace p2pml::wire
